"""advisor chat: a question, and questions on its answer; each is a run of its own."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.cli import failure, failures, is_terminal, load, printing, tell, warn
from agent.cli.ask import FORMATS
from agent.cli.asking import person_for
from agent.cli.options import (
    CHOSEN,
    config_option,
    format_option,
    quiet_option,
    require_one_model,
    run_options,
    trust_option,
    typed,
    verbose_option,
)
from agent.cli.stopping import Ask, RunsInTurn
from agent.errors import DEBUG, AdvisorError, Interrupted, LogError, UsageError, defect, gravest
from agent.foreign import json_text
from agent.report import result_view, terminal
from agent.runs import store
from agent.tracing import exporting

if TYPE_CHECKING:
    from agent.journal import Listener
    from agent.result import RunResult
    from agent.tools.pool import ServerPool

HISTORY = "chat_history"
PROMPT = "> "
COMMANDS = {
    "/tools": "the tools that are offered, with the calls that were made",
    "/cost": "what the newest question took, and the whole chat",
    "/show": "the newest answer again, in full, with its page",
    "/save FILE": "its envelope in a .json, or its page in an .html",
    "/help": "this list",
    "/quit": "the end; Ctrl-D, or Ctrl-C on an empty line, too",
}

Begin = Callable[[str, "ServerPool"], Ask]


@click.command()
@click.argument("run", required=False)
@config_option
@run_options
@format_option(*FORMATS, help="auto: a table on a terminal, else one line of the answer's JSON for each question.")
@trust_option
@quiet_option
@verbose_option
@click.pass_context
def command(context: click.Context, /, run: str | None, form: str, quiet: bool, verbose: bool, **options: Any) -> None:
    """Ask questions, each on the answer before it; with RUN, on that run's answer.

    What was seen stays, and each answer is checked like the first. Without a terminal, each line of standard input is a
    question.
    """
    with failures(as_json=form != "table"):
        context.with_resource(exporting(warn))
        chat = _new(options, form) if run is None else _on(run, options, typed(context), form)
        chat.quiet, chat.verbose = quiet, verbose
        asks_here = is_terminal(sys.stdin, sys.stdout)
        with RunsInTurn(quiet=quiet) as chat.runs, printing():
            code = (chat.hold if asks_here else chat.read)()
    sys.exit(code)


def _new(options: dict[str, Any], form: str) -> Chat:
    """Raises at once what would keep every question from being asked."""
    from agent.as_of_date import as_of_day
    from agent.run import choose_model

    require_one_model(offline=options["offline"], model=options["model"])
    file = load(options["config"], trust=options["trust"])
    as_of_day(options["as_of"])
    choose_model(file, options["model"], options["offline"])
    chosen = {name: options[name] for name in CHOSEN}

    def begin(question: str, pool: ServerPool) -> Ask:
        async def ask(listen: Listener) -> RunResult:
            from agent.run import run

            return await run(file, question, listen=listen, pool=pool, person=person_for(file.spec), **chosen)

        return ask

    return Chat(form, begin=begin, agent=file, objective=(file.spec.objective or "").strip())


def _on(run: str, options: dict[str, Any], given: set[str], form: str) -> Chat:
    """Raises UsageError, or LogBusy, for a run that nothing can be asked about."""
    from agent.follow import require_answer
    from agent.gathering import result_of
    from agent.runs import log

    if misplaced := [f"--{name.replace('_', '-')}" for name in sorted(given & {*CHOSEN})]:
        what = " and ".join(misplaced)
        raise UsageError(
            f"a chat on a run keeps what that began with: {what} cannot be given beside RUN",
            hint=f"leave out {what}, or leave out RUN to begin anew",
        )
    folder = store.find(run)
    agent = load(options["config"], trust=options["trust"]) if "config" in given else None
    events = [line.event for line in log.read(folder / log.FILE)]
    require_answer(events, folder)
    return Chat(form, agent=agent, trusted=options["trust"], answered=result_of(events, folder))


@dataclass
class Chat:
    """`begin`: how the first question is asked, where there is no run yet; `answered`: the newest run with a valid
    answer, which the next question follows; `newest`: the newest one, however it ended."""

    form: str
    begin: Begin | None = None
    agent: Any = None
    objective: str = ""
    trusted: bool = False
    quiet: bool = False
    verbose: bool = False
    runs: RunsInTurn = field(init=False)
    answered: RunResult | None = None
    newest: RunResult | None = None
    exit_codes: list[int] = field(default_factory=list)
    """Of the questions."""
    in_vain: list[RunResult] = field(default_factory=list)
    """Runs of this chat that came to no valid answer."""

    def __post_init__(self) -> None:
        self.newest = self.answered

    def hold(self) -> int:
        """With whoever sits at the terminal, until that is enough; the exit code: 0 once there is an answer."""
        from agent.cli.prompt import Prompt
        from agent.report.conversation import show_in_short

        prompt = Prompt(store.home() / HISTORY)
        if self.answered:
            show_in_short(terminal.PlainConsole(), self.answered)
        elif self.objective:
            self._say(f"Enter alone asks: {terminal.one_line(self.objective)}")
        self._say("Ask a question; /help lists the commands, /quit ends.")
        while (line := prompt.read(PROMPT)) is not None:
            if line.startswith("/"):
                if not self._obey(line):
                    break
            elif question := line or ("" if self.answered else self.objective):
                self._ask(question)
        return 0 if self.answered else gravest(self.exit_codes)

    def read(self) -> int:
        """Each line of standard input; the exit code, of the gravest question. Raises UsageError when there is none."""
        nothing = True
        for line in filter(None, map(str.strip, sys.stdin or ())):
            nothing = False
            if not (self._obey(line) if line.startswith("/") else self._ask(line)):
                break
        if nothing:
            raise UsageError("no question came on standard input", hint="one on each line; or chat on a terminal")
        return gravest(self.exit_codes)

    def _ask(self, question: str) -> bool:
        """Whether the chat can go on without a terminal: a question that fails ends nothing, an interruption does."""
        from agent.report import live

        try:
            with live.progress(quiet=self.quiet, verbose=self.verbose) as listen:
                self.newest = self.runs.run(self._next(question), listen)
        except Exception as error:
            self._failed(error)
            return not isinstance(error, Interrupted)
        if self.newest.ok:
            self.answered = self.newest
        else:
            self.in_vain.append(self.newest)
        self.exit_codes.append(self.newest.exit_code)
        with self._going_on():
            self._show(self.newest)
        return True

    def _next(self, question: str) -> Ask:
        answered = self.answered
        if answered is None:
            assert self.begin, "a chat on a run has an answer"
            return self.begin(question, self.runs.pool)

        async def ask(listen: Listener) -> RunResult:
            from agent.follow import follow_up

            return await follow_up(
                answered,
                question,
                agent=self.agent,
                pool=self.runs.pool,
                person_for=person_for,
                trusted=self.trusted,
                listen=listen,
            )

        return ask

    @contextmanager
    def _going_on(self) -> Iterator[None]:
        """A fault while something is shown or saved costs no more than that; a chat that can show nothing ends."""
        try:
            yield
        except OSError:
            raise
        except Exception as error:
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        from agent.gathering import read_run

        if os.environ.get(DEBUG):
            raise error
        known = error if isinstance(error, AdvisorError) else defect(error)
        self.exit_codes.append(known.exit_code)
        if self.form != "table":
            _echo(failure(known))
        tell(known)
        if known.run_id and (folder := store.folder(known.run_id)).is_dir():
            with suppress(LogError):
                self.newest = read_run(folder)
                self.in_vain.append(self.newest)

    def _show(self, result: RunResult, *, calls: bool = False) -> None:
        if self.form == "table":
            result_view.show_result(result, calls=calls)
            return
        _echo(result.to_json(self.form))
        if not self.quiet:
            result_view.tell_warnings(result)
        if not result.ok:
            result_view.tell_failure(result)

    def _obey(self, line: str) -> bool:
        """Whether the chat goes on after a command, as it does after one that fails."""
        with self._going_on():
            return self._carry_out(line)
        return True

    def _carry_out(self, line: str) -> bool:
        name, _, rest = line.partition(" ")
        name = name.lower()
        if name in ("/quit", "/help"):
            return self._told(COMMANDS if name == "/help" else {})
        if not any(name == each.split()[0] for each in COMMANDS):
            tell(UsageError(f"{name} is no command", hint=f"there are {', '.join(COMMANDS)}"))
        elif self.newest is None:
            self._say("nothing has been asked yet")
        elif name == "/show":
            self._show(self.answered or self.newest, calls=True)
        elif name == "/save":
            self._save(self.answered or self.newest, rest.strip())
        else:
            self._tell_of(self.newest, tools=name == "/tools")
        return True

    def _told(self, commands: dict[str, str]) -> bool:
        for name, what in commands.items():
            self._say(f"  {name:12} {what}")
        return bool(commands)

    def _tell_of(self, newest: RunResult, *, tools: bool) -> None:
        from agent.report.conversation import show_cost, show_tools

        console = terminal.PlainConsole(err=self.form != "table")
        if tools:
            show_tools(console, newest)
        else:
            show_cost(console, newest.spend(), list(self._spends()))

    def _spends(self) -> Iterator[dict[str, Any]]:
        """Of every question of the conversation, and of those that were asked in vain."""
        if self.answered:
            yield from (each.spend for each in self.answered.earlier)
            yield self.answered.spend()
        yield from (each.spend() for each in self.in_vain)

    def _save(self, result: RunResult, name: str) -> None:
        try:
            content = _content(result, Path(name).suffix)
            path = Path(name).expanduser()
            with path.open("xb") as file:
                file.write(content)
        except UsageError as error:
            tell(error)
        except FileExistsError:
            tell(UsageError(f"{name} is there already", hint="name another file"))
        except (OSError, RuntimeError, ValueError) as error:  # of a file; a home that nobody has; a name with a zero
            why = error.strerror if isinstance(error, OSError) else error
            tell(UsageError(f"{name} cannot be written: {why}", hint="name another file"))
        else:
            self._say(f"written to {path.absolute()}")

    def _say(self, text: str) -> None:
        """Beside what a script reads."""
        click.echo(text, err=self.form != "table")


def _content(result: RunResult, suffix: str) -> bytes:
    """What is saved in a file of that kind. Raises UsageError."""
    from agent.place import page_of

    if suffix == ".json":
        return json.dumps(result.envelope(), ensure_ascii=False, indent=2).encode() + b"\n"
    if suffix == ".html":
        return page_of(replace(result, folder=None))
    hint = "such as /save answer.html"
    raise UsageError("/save takes a file whose name ends in .json or .html", hint=hint)


def _echo(value: Any) -> None:
    """One line."""
    click.echo(json_text(value))
