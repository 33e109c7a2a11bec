"""on_finish: [python3, docs/recipes/webhook.py] posts one line about a batch to WEBHOOK_URL, as {"text": …}."""

import json
import os
import sys
import urllib.request

batch = json.load(sys.stdin)
states = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in batch["states"].items())
labels = f" [{' / '.join(batch['labels'])}]" if batch["labels"] else ""
session = f" for {batch['schedule']['session']}" if batch["schedule"] else ""
lines = [f"{batch['batch']}{session}{labels}: {states}. {batch['notice']}"]
lines += [f"{job['id']}: {job['state'].replace('_', ' ')}: {job['reason']}" for job in batch["not_done"][:10]]

request = urllib.request.Request(
    os.environ["WEBHOOK_URL"],
    data=json.dumps({"text": "\n".join(lines)}).encode(),
    headers={"content-type": "application/json"},
)
with urllib.request.urlopen(request, timeout=30) as answer:
    answer.read()
