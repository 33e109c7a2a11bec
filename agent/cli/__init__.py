"""The command line: one short file a command, imported only when it is called; errors become exit codes."""

from __future__ import annotations

import gc
import importlib
import io
import os
import shutil
import signal
import sys
import textwrap
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from agent import __version__
from agent.cli.options import place_of, wants_json
from agent.errors import DEBUG, AdvisorError, Interrupted, UsageError, defect
from agent.foreign import json_text, printable

if TYPE_CHECKING:
    from agent.agentfile import AgentFile

COMMANDS = {
    "ask": "Ask one question: progress on stderr, the answer on stdout.",
    "batch": "Run many jobs into a folder; the same command again goes on.",
    "chat": "Ask a question, and questions on its answer.",
    "check": "Check an agent file alone, without any network.",
    "doctor": "Look at everything a run needs; each finding with a fix.",
    "eval": "Score runs against what is expected of them; replay suites.",
    "init": "Write an agent file from servers that are configured on this machine.",
    "market": "Serve the embedded market server over MCP.",
    "runs": "List what ran, and show a run again.",
    "serve": "Serve agent files as tools of a chat client, over MCP.",
    "tools": "Show what the servers offer, and how it differs from the agent file.",
}
RARELY = (100_000, 50, 100)
"""How often garbage is looked for: what is imported makes half a million objects, and all of them stay."""

T = TypeVar("T")


def load(config: str, *, trust: bool) -> AgentFile:
    """The agent file of a command that opens servers. Raises SpecError, TrustNeeded."""
    from agent import agentfile
    from agent.tools import trust as trusting

    file = agentfile.load(config)
    trusting.require(file.spec, file.path, trusted=trust)
    return file


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"agent.cli.{cmd_name}").command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="advisor")
def cli() -> None:
    """Sector Advisor: asks sector-rotation questions over MCP tools and returns checked answers.

    Research, not investment advice.
    """


class OutputError(OSError):
    """What goes to standard output cannot be written there."""


@contextmanager
def printing() -> Iterator[None]:
    """For what prints among `failures`: that it cannot is no defect. Raises OutputError, BrokenPipeError."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(error.errno, error.strerror) from None


@contextmanager
def failures(*, as_json: bool) -> Iterator[None]:
    """Tell an error on stderr, and on stdout where a script reads JSON; then exit with its code."""
    try:
        yield
    except (BrokenPipeError, OutputError):
        raise
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        known = error if isinstance(error, AdvisorError) else defect(error)
        tell(known)
        if as_json:
            echo_json(failure(known))
        sys.exit(known.exit_code)


def failure(error: AdvisorError) -> dict[str, Any]:
    """What a script reads of an error."""
    return {"ok": False, "error": error.to_json(), "run": error.run_id}


def tell(error: AdvisorError, severity: str = "error") -> None:
    _say(f"{severity}: {printable(error.message)}")
    if error.hint:
        _say(f"hint:  {printable(error.hint)}")
    if error.run_id:
        click.echo(f"log:   advisor runs show {error.run_id}", err=True)


def warn(text: str) -> None:
    click.echo(f"warning: {' '.join(printable(text).split())}", err=True)


def _say(text: str) -> None:
    """On stderr; on a terminal without lines that break within a word."""
    if sys.stderr.isatty():
        columns = shutil.get_terminal_size().columns
        fill = textwrap.TextWrapper(
            columns, subsequent_indent="       ", break_long_words=False, break_on_hyphens=False
        )
        text = "\n".join("\n".join(fill.wrap(line)) or line for line in text.splitlines())
    click.echo(text, err=True)


def is_terminal(*streams: TextIO | None) -> bool:
    """Whether each is one; a stream that was closed before the program began is None."""
    return all(stream is not None and stream.isatty() for stream in streams)


def cancel_on_signals(tell: Callable[[], None]) -> Callable[[], None]:
    """The first signal cancels this task, so that what is written is finished; another one ends the process at once.

    Returns what hands the signals back to whoever had them, for an event loop that goes on after the task.
    """
    import asyncio

    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task

    before = {number: signal.getsignal(number) for number in stopping_signals()}

    def stop() -> None:
        tell()
        task.cancel()
        for number in before:
            loop.remove_signal_handler(number)

    def hand_back() -> None:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)

    for number in before:
        loop.add_signal_handler(number, stop)
    return hand_back


def stopping_signals() -> list[signal.Signals]:
    """Those that end a command in order; a terminal that closes, unless it was started so that it outlives that."""
    ending = [signal.SIGINT, signal.SIGTERM]
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        ending.append(signal.SIGHUP)
    return ending


def interruptible(work: Coroutine[Any, Any, T]) -> T:
    """In an event loop of its own, so that servers end with it. Raises Interrupted after SIGINT or SIGTERM."""
    import asyncio

    async def run() -> T:
        cancel_on_signals(lambda: click.echo("\nstopping the servers…", err=True))
        return await work

    try:
        return asyncio.run(run())
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise Interrupted("interrupted") from None


def echo_json(value: Any) -> None:
    echo(json_text(value, indent=2))


def echo(text: str, *, nl: bool = True) -> None:
    """On stdout, among `failures`."""
    with printing():
        click.echo(text, nl=nl)


def main() -> None:
    """Run a command. A user's mistake and an interruption end without a traceback."""
    gc.set_threshold(*RARELY)
    _fill_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without UTF-8 shows a ? for what it does not have
    try:
        sys.exit(_exit_code())
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(Interrupted.exit_code)
    except BrokenPipeError:
        _let_go(sys.stdout)
        sys.exit(1)
    except OSError as error:
        _let_go(sys.stdout)
        click.echo(f"error: standard output cannot be written: {error.strerror}", err=True)
        sys.exit(1)
    except Exception as error:  # what a command shows, it shows when `failures` is over
        if os.environ.get(DEBUG):
            raise
        tell(defect(error))
        sys.exit(AdvisorError.exit_code)
    finally:
        gc.freeze()  # nothing is to be collected that ends with the process
        try:
            sys.stderr.flush()
        except OSError:
            _let_go(sys.stderr)


def _fill_closed_streams() -> None:
    """Each standard stream that the process began without gets its descriptor back, so that no file takes its place:
    nothing is read, what goes to stdout fails as it does where that is full, and nobody misses stderr.
    """
    for name, mode, access in (("stdin", "r", os.O_RDONLY), ("stdout", "w", os.O_RDONLY), ("stderr", "w", os.O_WRONLY)):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, access), mode, encoding="utf-8"))


def _exit_code() -> int:
    """Of the command that the command line asks for, after it has run."""
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        _refuse(error)
        return error.exit_code
    return code if isinstance(code, int) else 0


def _refuse(error: click.ClickException) -> None:
    """Tell what click finds wrong with a command line: to people in its words, to a script as any other error."""
    error.show()
    if isinstance(error, click.UsageError) and wants_json(error, sys.argv[1:]):
        hint = f"{error.ctx.command_path if error.ctx else 'advisor'} --help says what it takes"
        echo_json(failure(UsageError(error.format_message(), hint=hint, where=place_of(error))))


def _let_go(stream: TextIO) -> None:
    """What is still buffered would fail again when the interpreter ends, and change the exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
