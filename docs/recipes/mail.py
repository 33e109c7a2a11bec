"""on_finish: [python3, docs/recipes/mail.py] mails the page and the table of a batch.

Reads MAIL_TO, MAIL_FROM, SMTP_HOST and, where the server wants them, SMTP_PORT, SMTP_USER and SMTP_PASSWORD.
"""

import json
import os
import smtplib
import sys
from email.message import EmailMessage
from pathlib import Path

batch = json.load(sys.stdin)
states = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in batch["states"].items())
session = f" for {batch['schedule']['session']}" if batch["schedule"] else ""

mail = EmailMessage()
mail["Subject"] = f"{batch['batch']}{session}: {states}"
mail["From"], mail["To"] = os.environ["MAIL_FROM"], os.environ["MAIL_TO"]
lines = [" / ".join(batch["labels"]), f"{batch['spend']['usd']:.2f} USD", f"Files: {batch['paths']['folder']}", ""]
lines += [f"{job['id']}: {job['state'].replace('_', ' ')}: {job['reason']}" for job in batch["not_done"]]
mail.set_content("\n".join([line for line in lines if line] + ["", batch["notice"]]))
for kind, subtype in (("page", "html"), ("csv", "csv")):
    path = Path(batch["paths"][kind])
    mail.add_attachment(path.read_text(encoding="utf-8"), subtype=subtype, filename=path.name)

with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ.get("SMTP_PORT", "587")), timeout=30) as server:
    if "SMTP_USER" in os.environ:
        server.starttls()
        server.login(os.environ["SMTP_USER"], os.environ["SMTP_PASSWORD"])
    server.send_message(mail)
