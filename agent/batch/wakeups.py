"""Timers that wake a scheduled batch up: texts for cron and for systemd. What is due is the command's own business."""

from __future__ import annotations

import re
import shlex
from datetime import datetime
from pathlib import Path

from agent.batch.schedule import Calendar, ScheduleSpec, next_slot
from agent.errors import LogBusy, UsageError

_UNIT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def cron(spec: ScheduleSpec, command: list[str], folder: Path, now: datetime) -> str:
    """Lines for `crontab -e`. `now`: in the machine's zone, of which the slot's minute is taken.

    Raises UsageError for what a crontab cannot say, ValueError for a time without a zone.
    """
    minute = next_slot(Calendar(spec), now).time.astimezone(now.tzinfo).minute
    line = f"cd {_cron_word(str(folder.absolute()))} && {' '.join(map(_cron_word, command))} >> batch.log 2>&1"
    return f"""\
# Wakes up every hour, because many crons know no time zone: the command computes what is due ({spec.at} {spec.zone}),
# and exits 0 at once when nothing is. Cron passes on none of your shell's variables: set a key above this line.
{minute} * * * * {line}
"""


def systemd(spec: ScheduleSpec, command: list[str], folder: Path, name: str) -> str:
    """The texts of NAME.service and NAME.timer. Raises UsageError for a name or text that units cannot have."""
    if not _UNIT_NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot name a unit", hint="use at most 100 letters, digits, '_', '-' and '.'")
    return f"""\
# ~/.config/systemd/user/{name}.service
[Unit]
Description=Batch {name}

[Service]
Type=oneshot
WorkingDirectory={_one_line(str(folder.absolute())).replace("%", "%%")}
ExecStart={" ".join(map(_unit_word, command))}
# A stop is for the command, which lets requests under way come to their answers, and not for its servers.
KillMode=mixed
# Another process is at it already.
SuccessExitStatus={LogBusy.exit_code}

# ~/.config/systemd/user/{name}.timer
[Unit]
Description=Wakes up batch {name}

[Timer]
OnCalendar={_on_calendar(spec)}
# What was put off then is taken up within the hour; when nothing is due, the command ends at once.
OnCalendar=hourly
Persistent=true

[Install]
WantedBy=timers.target

# To enable it, also while you are not logged in:
#   systemctl --user daemon-reload
#   systemctl --user enable --now {name}.timer
#   loginctl enable-linger
# The service gets none of your shell's variables; set a key with: systemctl --user edit {name}.service
"""


def _on_calendar(spec: ScheduleSpec) -> str:
    match spec.days:
        case "weekdays":
            days = "Mon..Fri "
        case "daily":
            days = ""
        case names:
            days = ",".join(name.title() for name in names) + " "
    return f"{days}{spec.at} {spec.zone}"


def _cron_word(text: str) -> str:
    r"""Quoted for the shell, and then for cron, to which % is a line break and \% a %.

    A backslash right before a % would take that escape for itself; the quotes are closed between the two.
    """
    return shlex.quote(_one_line(text)).replace("%", r"\%").replace(r"\\%", r"\'\%'")


def _unit_word(text: str) -> str:
    for mark, escaped in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("$", "$$")):
        text = text.replace(mark, escaped)
    return f'"{_one_line(text)}"'


def _one_line(text: str) -> str:
    if _CONTROL.search(text):
        raise UsageError(f"{text!r} holds a line break or control character, which no timer can pass on")
    return text
