"""`advisor` commands that start within milliseconds and die where they are told to.

Run as a script this is the process that has imported everything: it forks for each order that it reads. `start` and
`run` give it orders, from the tests' side.
"""

from __future__ import annotations

import atexit
import errno
import importlib
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

LONGEST = 60
"""Seconds after which a command that hangs is ended by SIGALRM."""
QUICK = {"agent.gate.LONGEST_WAIT": 0.05}
"""Waits between attempts are no part of these tests."""
IMPORTED = (
    "agent.cli.batch", "agent.batch.door", "agent.model.claude", "agent.model.planner", "agent.model.service",
    "agent.report.page", "agent.report.batch_progress", "agent.tools.admission", "agent.tools.pool",
    "agent.tools.toolbox", "anthropic.resources.messages", "rich.progress", "rich.table",
)  # fmt: skip


@dataclass(frozen=True)
class Point:
    """A moment in a command: before or after the `nth` call of `call` that is about `name`.

    `call`: append (an event, `name` being its kind), write or fdatasync (of a log), replace (`name` ends the file's
    name). `when` may be "within" for a write: half of it is done. With `error`, this call and all later ones fail with
    that errno; without, the process is killed.
    """

    call: str
    name: str = ""
    when: str = "before"
    nth: int = 1
    error: int | None = None

    def __str__(self) -> str:
        return f"{self.when} {self.call} {self.nth} {self.name}".strip()


@dataclass(frozen=True)
class Ended:
    """`code`: the exit status, negative for the signal that killed it."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Command:
    """A command under way."""

    def __init__(self, zygote: Zygote, order: dict[str, Any]) -> None:
        self._zygote, self._files = zygote, [Path(order["out"]), Path(order["err"])]
        for file in self._files:
            file.touch()  # a command may be killed before it has opened them
        self.pid: int = zygote.ask(order)

    def wait_for_word(self, word: str) -> None:
        """Until it has said so on stderr."""
        deadline = time.monotonic() + LONGEST
        while word not in self._files[1].read_text(encoding="utf-8"):
            assert time.monotonic() < deadline, f"{word!r} was never said"

    def end(self, kill_after: float | None = None) -> Ended:
        """Wait for its end; SIGKILL it when it still runs after that many seconds."""
        code = self._zygote.ask({"wait": self.pid, "kill_after": kill_after})
        out, err = (file.read_text(encoding="utf-8") for file in self._files)
        assert "Traceback" not in out + err, err
        return Ended(code, out, err)


class Zygote:
    def __init__(self) -> None:
        command = [sys.executable, "-P", __file__]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.folder = tempfile.TemporaryDirectory(prefix="advisor-tests-")
        self.number = itertools.count()

    def ask(self, order: dict[str, Any]) -> int:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()
        self.folder.cleanup()


@cache
def _zygote() -> Zygote:
    zygote = Zygote()
    atexit.register(zygote.close)
    return zygote


def start(
    *arguments: str,
    cwd: Path,
    env: dict[str, str] | None = None,
    point: Point | None = None,
    settings: dict[str, Any] | None = None,
) -> Command:
    """Begin `advisor ARGUMENTS`. `env` is added to the test's own; `settings` are values of our modules by name."""
    zygote = _zygote()
    number = next(zygote.number)
    order = {
        "arguments": arguments,
        "cwd": str(cwd),
        "env": os.environ | (env or {}),
        "point": asdict(point) if point else None,
        "settings": QUICK | (settings or {}),
    }
    return Command(zygote, order | {name: f"{zygote.folder.name}/{number}.{name}" for name in ("out", "err")})


def _serve() -> None:
    """Fork for each order and tell the child's pid; wait for each that is to be waited for, and tell how it ended."""
    for name in IMPORTED:
        importlib.import_module(name)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    for line in sys.stdin:
        order = json.loads(line)
        told = _status(order["wait"], order["kill_after"]) if "wait" in order else os.fork()
        if told == 0 and "wait" not in order:
            _become(order)
        sys.stdout.write(f"{told}\n")
        sys.stdout.flush()


def _status(pid: int, kill_after: float | None) -> int:
    deadline = None if kill_after is None else time.monotonic() + kill_after
    while deadline is not None and (left := deadline - time.monotonic()) > 0:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        signal.sigtimedwait([signal.SIGCHLD], left)
    if deadline is not None:
        os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _become(order: dict[str, Any]) -> None:
    """What the child is from now on: the command."""
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    signal.alarm(LONGEST)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(order[name], os.O_WRONLY | os.O_APPEND), number)
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    sys.argv = ["advisor", *order["arguments"]]
    measured = _measurement()
    for name, value in order["settings"].items():
        module, _, attribute = name.rpartition(".")
        setattr(importlib.import_module(module), attribute, value)
    if order["point"]:
        _install(Point(**order["point"]))
    code = 1
    try:
        importlib.import_module("agent.cli").main()
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):
                stream.flush()
        if measured:
            measured.stop()
            measured.save()
        os._exit(code)


def _measurement() -> Any:
    """The child's own part of a coverage measurement, if there is one."""
    if "COVERAGE_PROCESS_CONFIG" not in os.environ:
        return None
    return importlib.import_module("coverage").process_startup(force=True)


def _install(point: Point) -> None:
    log = importlib.import_module("agent.runs.log")
    match point.call:
        case "append":
            _wrap(log.RunLog, "append", point, lambda _, event: event.name.startswith(point.name))
        case "write" | "fdatasync":
            _wrap(os, point.call, point, lambda file, *_: os.readlink(f"/proc/self/fd/{file}").endswith(log.FILE))
        case "replace":
            _wrap(os, "replace", point, lambda _, target: str(target).endswith(point.name))


def _wrap(owner: Any, name: str, point: Point, is_about: Callable[..., bool]) -> None:
    original, count = getattr(owner, name), itertools.count(1)

    def wrapped(*arguments: Any) -> Any:
        reached = is_about(*arguments) and next(count) >= point.nth
        if reached and point.when == "before":
            _fail(point)
        if reached and point.when == "within":
            original(arguments[0], arguments[1][: len(arguments[1]) // 2])
            _fail(point)
        result = original(*arguments)
        if reached and point.when == "after":
            _fail(point)
        return result

    setattr(owner, name, wrapped)


def _fail(point: Point) -> None:
    if point.error is None:
        os.kill(os.getpid(), signal.SIGKILL)
    else:
        raise OSError(point.error, os.strerror(point.error))


FULL, BROKEN = errno.ENOSPC, errno.EIO

if __name__ == "__main__":
    _serve()
