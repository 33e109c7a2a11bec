"""How a run may end: with which exit code, and what people can do about one that came to no valid answer."""

from __future__ import annotations

from agent.events import Status

UNFINISHED: Status = "interrupted"
NO_END = "the process ended without sealing the log"

EXIT_CODES: dict[str, int] = {
    "ok": 0,
    "invalid": 1,
    "unsupported": 1,
    "refused": 1,
    "failed": 1,
    "budget": 6,
    "needs_decision": 7,
    "interrupted": 130,
}

HINTS: dict[str, str] = {
    "invalid": "the best attempt is in the run's log; a larger budget.repairs or another model may help",
    "unsupported": "the model called no tool; another model may, or set policy.require_calls: false",
    "refused": "ask it another way, or ask another model",
    "budget": "raise the limit with --max-… or under `budget` in the agent file, or ask for less",
    "running": "advisor runs show {run} tells its answer once it has ended",
    "needs_decision": "advisor ask --resume {run} --in-flight repeat makes the call again; --in-flight skip goes on "
    "without it",
}
"""What to do about a run that came to no valid answer."""
PLANNER_REFUSED = "docs/planner.md says what the offline planner needs; or ask a model"
"""The same where the rules refused, which no other words change."""
ALL_FAILED = "every call failed, the newest with: {said}; advisor runs show {run} has what each said"
NOT_COVERED = "; if the data do not cover {as_of}, ask as of another day"
GO_ON = "advisor ask --resume {run} goes on with it, and pays for nothing twice"
