"""Every error a person may see, with its exit code and what to do about it.

AdvisorError                    1   the run ended without a valid answer
├── UsageError                  2   a flag, an argument, a question that is missing
│   ├── SpecError               2   an agent file, with file:line:column
│   ├── SimulatedDataError      2   simulated data would have met a paid model, or a batch
│   └── LiveOnlyError           2   a past date is asked about, and tools take no date
├── CredentialsError            4   no key, or a key that was rejected
├── ServerError                 5   a required server is down
├── DriftError                  5   a declared tool that no server offers
├── ModelError                  1   the model's service failed; knows whether a retry can help
├── PutOff                      6   a batch's cap or a service's limit: the run goes on another time
│   └── Stale                   6   the session that a run is about has passed, and its tools know later ones only
├── DecisionError               7   a run cannot go on by itself: what it began with has changed
│   ├── ToolsChanged            7   tools are not what `advisor.lock` says
│   └── TrustNeeded             7   an agent file from elsewhere would start programs
├── Diverged                    1   a run that is replayed does not do what it did when it was recorded
├── LogError                    1   a run's log cannot be written
│   ├── LogDamaged              1   a line in the middle of a log is not what was written
│   └── LogBusy                75   another process holds the run
└── Interrupted               130   Ctrl-C or SIGTERM; the log is sealed
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agent.events import ServerFailed

DEBUG = "ADVISOR_DEBUG"
"""Environment variable that shows tracebacks."""
UNSENT = {"ConnectError", "ConnectTimeout", "PoolTimeout", "LocalProtocolError"}
"""Kinds of failure before a request has left."""


GRAVITY = (130, 4, 5, 75, 2, 1, 3, 7, 6)
"""Exit codes, the gravest first: stopped; without what every run needs; failed; left to a person; put off."""


class AdvisorError(Exception):
    """What happened, where (file:line:column, server, tool) and what to do about it."""

    code = "failed"
    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None, where: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where
        self.run_id: str | None = None

    def to_json(self) -> dict[str, str | None]:
        return {"code": self.code, "message": self.message, "hint": self.hint, "where": self.where}


class UsageError(AdvisorError):
    code = "usage"
    exit_code = 2


class SpecError(UsageError):
    """An agent file that cannot be used. `problems` holds one text per finding, each with its position."""

    code = "agent_file"

    def __init__(self, problems: list[str], *, where: str | None = None, hint: str | None = None) -> None:
        hint = hint or "`advisor check --schema` says what may stand where"
        super().__init__("\n".join(problems), where=where, hint=hint)
        self.problems = problems


class SimulatedDataError(UsageError):
    """Simulated data would meet, or met, a paid model or a batch, and nobody said that this is wanted."""

    code = "simulated_data"

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what}, which a paid model or a batch gets only when that is wanted",
            hint="add --simulated (or `simulated: true` in the agent file) to pay for fiction, or file it, knowingly; "
            "or name a server with real data under mcpServers",
        )


class LiveOnlyError(UsageError):
    """A run is about a past date, and tools that take no date would tell of a later one."""

    code = "live_only"

    def __init__(self, as_of: str, tools: str) -> None:
        super().__init__(
            f"{as_of} has passed, and these tools take no date, so they would tell of a later one: {tools}",
            hint="name under `tools` only those that take a date, or use a server whose tools do; --allow-live asks "
            "them all the same, and withholds what they date later",
            where=tools,
        )


class CredentialsError(AdvisorError):
    code = "credentials"
    exit_code = 4


class ServerError(AdvisorError):
    """A server that did not start, or died: its name, command, exit status and last words.

    `stderr`: more of what it printed than the message tells.
    """

    code = "server"
    exit_code = 5

    def __init__(self, failure: ServerFailed, *, hint: str | None = None, stderr: str = "") -> None:
        ended = f"   (exited with {failure.exit})" if failure.exit is not None else ""
        place = "url:    " if failure.command.startswith("http") else "command:"
        lines = [f"server {failure.server!r}: {failure.reason}", f"  {place} {failure.command}{ended}"]
        if failure.stderr:
            lines.append("  stderr:  " + failure.stderr.replace("\n", "\n           "))
        super().__init__("\n".join(lines), hint=hint, where=failure.server)
        self.failure = failure
        self.stderr = stderr


class DriftError(AdvisorError):
    code = "drift"
    exit_code = 5


class ModelError(AdvisorError):
    """A request that got no usable answer.

    `retryable` says whether the same request may succeed later, `retry_after` how many seconds the
    service asked to wait, `status` what HTTP status it answered with, if any; `usage` what it said to have used
    before its answer broke off.
    """

    code = "model"

    def __init__(
        self,
        message: str,
        *,
        kind: str,
        retryable: bool = False,
        retry_after: float | None = None,
        status: int | None = None,
        usage: Mapping[str, int] | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, where=kind)
        self.kind = kind
        self.retryable = retryable
        self.retry_after = retry_after
        self.status = status
        self.usage = dict(usage or {})

    @property
    def may_have_cost(self) -> bool:
        """Whether the service may have worked on the request: it did not refuse it, and it may have got it."""
        return (self.status or 0) < 400 and self.kind not in UNSENT


class PutOff(AdvisorError):
    """No fault of the run: it goes on from its log when it is asked to again."""

    code = "deferred"
    exit_code = 6


class Stale(PutOff):
    """Whatever its tools would tell now is later than what the run is about."""

    code = "stale"


class DecisionError(AdvisorError):
    """What a run began with is not what it would go on with; a person has to say what is wanted."""

    code = "needs_decision"
    exit_code = 7


class ToolsChanged(DecisionError):
    """A server, or one of its tools, is not what it was when somebody last looked."""

    code = "tools_changed"


class TrustNeeded(DecisionError):
    """An agent file from outside the current folder and the user's own would start programs."""

    code = "trust_needed"


class Diverged(AdvisorError):
    """A run that is replayed does something else than was recorded.

    `what`: prompt, tools, parameters, schema, a message, a call, the answer, the page; `recorded` and `now`: excerpts.
    """

    code = "diverged"

    def __init__(self, message: str, *, what: str, recorded: str = "", now: str = "") -> None:
        hint = f"recorded: {recorded}\n       now:      {now}" if recorded or now else None
        super().__init__(message, where=what, hint=hint)
        self.what, self.recorded, self.now = what, recorded, now

    def to_json(self) -> dict[str, str | None]:
        return super().to_json() | {"recorded": self.recorded, "now": self.now}


class LogError(AdvisorError):
    code = "log"


class LogDamaged(LogError):
    code = "log_damaged"


class LogBusy(LogError):
    code = "log_busy"
    exit_code = 75


class Interrupted(AdvisorError):
    code = "interrupted"
    exit_code = 130


def gravest(codes: Iterable[int]) -> int:
    """The exit code of several runs, each of which has one."""
    return min(filter(None, codes), key=GRAVITY.index, default=0)


def defect(error: Exception) -> AdvisorError:
    """An error that nobody foresaw."""
    known = AdvisorError(
        f"{type(error).__name__}: {error}", hint=f"this is a defect of the program; {DEBUG}=1 shows where it happened"
    )
    known.run_id = getattr(error, "run_id", None)
    return known
