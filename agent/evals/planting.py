"""An attack → the change that plants its words where a run may read them."""

from __future__ import annotations

from agent.errors import UsageError
from agent.replay.changes import Change
from agent.replay.offer_changes import Describe, Instruct
from agent.replay.result_changes import Tell
from agent.scoring.expect import Attack


def planted(attack: Attack) -> Change:
    """Raises UsageError unless the attack names exactly one place."""
    match attack.result, attack.description, attack.instructions:
        case str(tool), None, None:
            return Change(tell=Tell(tool=tool, text=attack.text))
        case None, str(tool), None:
            return Change(describe=Describe(tool=tool, text=attack.text))
        case None, None, str(server):
            return Change(instruct=Instruct(server=server, text=attack.text))
    raise UsageError(
        "an attack has to name one place for its words",
        hint="name either a tool under `result` or `description`, or a server under `instructions`",
    )
