"""What a file, a terminal and a quiet caller see of a run while it runs."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from threading import Thread
from typing import Any

import pytest
from rich.cells import cell_len

from agent.events import (
    AnswerChecked,
    AnswerDue,
    Event,
    ModelAnswered,
    ModelAsked,
    ModelFailed,
    RunResumed,
    RunStarted,
    ServerFailed,
    ServerOpened,
    ToolAnswered,
    ToolAsked,
    ToolsOffered,
    Warned,
)
from agent.report import terminal as shown_on
from agent.report.live import MARGIN, ROWS, progress
from agent.underway import Streamed, Underway
from tests.messages_api import call, text
from tests.report.test_batch_progress import Clock
from tests.scripted import ANSWER

Said = pytest.CaptureFixture[str]
PRICE = {"input": 5.0, "cache_write": 6.25, "cache_read": 0.5, "output": 25.0}
FREE = dict.fromkeys(PRICE, 0.0)
EVIL = "\x1b[2J\x1b]0;owned\x07\u202e[bold]板块\u200b 📈\r\nx\x85y\u2028z\x1b[2J\x9b2J"
OPENED = ServerOpened("market", "stdio", "2025-06-18", "m", "1.0", 0.421)
_PART = re.compile(r"\x1b\[(\??[\d;]*)([AKmhl])|([\r\n])|([^\x00-\x1f\x7f]+)")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}.items():
        monkeypatch.setenv(name, value)


class Screen:
    """What a terminal shows of a text, at its end and each time before something of it is erased.

    Fails on a control sequence that moves anything else, and on a line that is wider than the terminal.
    """

    def __init__(self, said: str, width: int = 80) -> None:
        self._lines, self._row, self._fresh = [""], 0, True
        self.frames: list[list[str]] = []
        at = 0
        while at < len(said):
            part = _PART.match(said, at)
            assert part, f"neither a text nor a known control sequence: {said[at : at + 20]!r}"
            at = part.end()
            self._take(*part.groups())
            assert cell_len(self._lines[self._row]) <= width
        self.lines = self._now()

    def _take(self, number: str | None, sequence: str | None, moved: str | None, written: str | None) -> None:
        if written is not None:
            self._lines[self._row] = ("" if self._fresh else self._lines[self._row]) + written
            self._fresh = False
        elif moved == "\n":
            self._row += 1
            self._lines += [""] * (self._row - len(self._lines) + 1)
        elif sequence == "A":
            self._row -= int(number or 1)
            assert self._row >= 0
        elif sequence == "K":
            self.frames.append(self._now())
            self._lines[self._row] = ""
        self._fresh = self._fresh or moved is not None

    def _now(self) -> list[str]:
        return [line.rstrip() for line in self._lines if line.strip()]

    def last(self) -> list[str]:
        """Before its last lines were erased, from below, one after the other; a spinner is a star."""
        at = len(self.frames) - 1
        while at and len(self.frames[at - 1]) == len(self.frames[at]) + 1:
            at -= 1
        return [re.sub("^[⠀-⣿] ", "* ", line) for line in self.frames[at]]


def drawn(capsys: Said, *happened: Event | float, width: int = 80, verbose: bool = False) -> list[str]:
    """The lines of a terminal after events, and after seconds between them."""
    clock = Clock()
    with progress(quiet=False, verbose=verbose, clock=clock) as tell:
        assert tell
        for each in happened:
            if isinstance(each, Event):
                tell(each)
            else:
                clock.now += each
    seen = screen(capsys, width)
    assert seen.last()[: len(seen.lines)] == seen.lines, "what was under way is gone, and the steps are left"
    return seen.last()[len(seen.lines) :]


def screen(capsys: Said, width: int = 80) -> Screen:
    return Screen(capsys.readouterr().err, width)


def started(price: dict[str, float] | None = PRICE) -> RunStarted:
    texts = dict.fromkeys(("agent", "spec", "prompt", "opening", "schema"), "x")
    return RunStarted(
        run_id="run-1", question="Q", as_of=None, model={"name": "m-1"}, versions={}, budget={}, labels=[],
        price=price, **texts,
    )  # fmt: skip


def asked(turn: int = 1, attempt: int = 1) -> ModelAsked:
    return ModelAsked(turn, attempt, "1a2b3c4d5e6f")


def answered(*content: dict[str, Any], turn: int = 1, seconds: float = 4.13, stop: str = "", **usage: int) -> Event:
    stop = stop or ("tool_use" if content and content[0]["type"] == "tool_use" else "end_turn")
    return ModelAnswered(turn, list(content), stop, None, usage, "req_1", "m-1-of-today", seconds)


def tool_asked(id: str, name: str = "look", arguments: Any = None, turn: int = 1) -> ToolAsked:
    return ToolAsked(turn, id, name, "market", name, arguments or {}, "key")


def tool_answered(id: str, shown: str = "x" * 3412, is_error: bool = False, turn: int = 1, **more: Any) -> ToolAnswered:
    return ToolAnswered(turn, id, None, shown, is_error, "real", {}, "", 0.521, **more)


def failed(wait: float | None = 3.2, **more: Any) -> ModelFailed:
    return ModelFailed(1, 1, "overloaded_error", "the API answered 529", wait, **more)


def checked(valid: bool, *errors: tuple[str, str], reply: str | None = None) -> AnswerChecked:
    return AnswerChecked(1, valid, None, [{"pointer": at, "code": "x", "message": says} for at, says in errors], reply)


RUN: list[Event] = [
    started(),
    Underway("opening the servers: waiting for market, vimo"),
    OPENED,
    ServerFailed("vimo", "npx", 1, "", "exited with 1:\nno key", False),
    ToolsOffered([{}] * 7, [{}], []),
    asked(),
    Streamed(1, "thinking", "Hm."),
    failed(may_have_cost=True, usage={"input": 300}),
    asked(attempt=2),
    Streamed(1, "text", "Let me look."),
    answered(call("look", {}), call("far", {}), input=80, cache_write=300, cache_read=3000, output=120),
    tool_asked("a", "look", {"lookback": "3M", "n": 2}),
    tool_asked("b", "far"),
    tool_answered("b", "no such\nplace", True, source="replayed"),
    tool_answered("a"),
    AnswerDue("tool_calls: the limit of 2 is reached", "budget", "Answer now."),
    Warned("old data"),
    asked(turn=2),
    answered(text("{}"), turn=2),
    checked(False, ("/a/0", "is no\nnumber"), ("", "too short"), reply="again"),
    answered(text("{}"), turn=3),
    checked(True),
]
STEPS = [
    "server market: open (stdio, 2025-06-18), 0.42 s",
    "server vimo: down: exited with 1: no key",
    "turn 1: the API answered 529; again in 3.2 s",
    "turn 1: 2 calls, 4.1 s, 3,380 tokens in (3,000 cached), 120 out, 0.0068 USD",
    "tool far: error: no such place, 0.52 s  ()",
    'tool look: 3,412 characters, 0.52 s  (lookback="3M", n=2)',
    "no more calls: tool_calls: the limit of 2 is reached; the answer is asked for",
    "turn 2: answer, 4.1 s",
    "answer 1: /a/0: is no number; sent back",
    "turn 3: answer, 4.1 s",
]


def test_without_a_terminal_each_step_is_a_line_and_what_is_streamed_is_none(capsys: Said) -> None:
    with progress(quiet=False) as tell:
        assert tell
        for event in RUN:
            tell(event)
    assert capsys.readouterr() == ("", "\n".join([*STEPS, ""]))


def test_verbose_tells_requests_attempts_waits_and_the_cache_too(capsys: Said) -> None:
    with progress(quiet=False, verbose=True) as tell:
        assert tell
        for event in RUN:
            tell(event)
    said = capsys.readouterr().err.splitlines()
    replayed = "tool far: error: no such place, 0.52 s, replayed  ()"
    assert [line for line in said if line in STEPS or line == replayed] == [*STEPS[:4], replayed, *STEPS[5:]]
    assert [line for line in said if line not in STEPS and line != replayed] == [
        "run run-1: asked of m-1",
        "7 tools offered, 1 difference",
        "turn 1, attempt 1: asked (request 1a2b3c4d)",
        "turn 1, attempt 1: failed (overloaded_error, and may have to be paid for)",
        "waiting 3.2 s before attempt 2",
        "turn 1, attempt 2: asked (request 1a2b3c4d)",
        "turn 1: answered by m-1-of-today, stop tool_use, request id req_1",
        "cache: 3,000 read, 300 written, 80 uncached",
        "turn 2, attempt 1: asked (request 1a2b3c4d)",
        "turn 2: answered by m-1-of-today, stop end_turn, request id req_1",
        "answer 1: whole: too short",
        "turn 3: answered by m-1-of-today, stop end_turn, request id req_1",
        "answer 1: valid",
    ]


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (answered(text(" "), seconds=0.04), "turn 1: nothing said"),
        (answered(text("a"), stop="max_tokens"), "turn 1: stopped: max_tokens, 4.1 s"),
        (answered(call("look", {}), input=999_999), "turn 1: 1 call, 4.1 s, 999,999 tokens in, 0 out, 5.00 USD"),
        (failed(None), "turn 1: the API answered 529; giving up"),
        (checked(False, ("", "no JSON")), "answer 1: whole: no JSON; given up"),
        (tool_answered("of before"), "tool of call of before: 3,412 characters, 0.52 s"),
    ],
)  # fmt: skip
def test_step_says_what_came_of_it(event: Event, line: str, capsys: Said) -> None:
    with progress(quiet=False) as tell:
        assert tell
        tell(started())
        tell(event)
    assert capsys.readouterr().err == f"{line}\n"


def test_verbose_tells_what_is_not_offered_and_a_last_attempt_and_no_id_where_there_is_none(capsys: Said) -> None:
    with progress(quiet=False, verbose=True) as tell:
        assert tell
        tell(ToolsOffered([{}], [], [{}, {}]))
        tell(failed(None))
        tell(ModelAnswered(1, [text("a")], "end_turn", None, {}, None, "planner"))
    assert capsys.readouterr().err.splitlines() == [
        "1 tool offered, 2 set aside",
        "turn 1: the API answered 529; giving up",
        "turn 1, attempt 1: failed (overloaded_error)",
        "turn 1: answer",
        "turn 1: answered by planner, stop end_turn",
    ]


def test_call_whose_id_comes_again_in_a_later_turn_is_another_call(capsys: Said) -> None:
    with progress(quiet=False) as tell:
        assert tell
        for event in (
            tool_asked("a", "one"),
            tool_asked("a", "two", turn=2),
            tool_answered("a"),
            tool_answered("a", turn=2),
        ):
            tell(event)
    assert re.findall(r"tool (\w+):", capsys.readouterr().err) == ["one", "two"]


@pytest.mark.usefixtures("terminal")
def test_quiet_says_nothing(capsys: Said) -> None:
    with progress(quiet=True, verbose=True) as tell:
        assert tell is None
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("terminal")
def test_dumb_terminal_gets_plain_lines(capsys: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    with progress(quiet=False) as tell:
        assert tell
        for event in (*RUN, tool_asked("c", "x" * 90), tool_answered("c")):
            tell(event)
    assert capsys.readouterr().err == "\n".join([*STEPS, f"tool {'x' * 90}: 3,412 characters, 0.52 s  ()", ""])


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("plain", [True, False])
def test_no_colour_is_obeyed(plain: bool, capsys: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    if plain:
        monkeypatch.setenv("NO_COLOR", "1")
    with progress(quiet=False) as tell:
        assert tell
        for event in RUN[:4]:
            tell(event)
        tell(Streamed(1, "text", json.dumps(ANSWER)))
    colours = re.findall(r"\x1b\[(?:\d+;)*[34][0-8][;\dm]", capsys.readouterr().err)
    assert bool(colours) is not plain


@pytest.mark.usefixtures("terminal")
def test_nothing_but_the_steps_is_left_on_a_terminal_and_stdout_keeps_its_own(capsys: Said) -> None:
    with progress(quiet=False, clock=Clock()) as tell:
        assert tell
        for event in RUN:
            tell(event)
        sys.stdout.write("a result")
    out, err = capsys.readouterr()
    assert out == "a result" and Screen(err).lines == STEPS
    assert err.count("\x1b[?25l") == err.count("\x1b[?25h") == 1, "the cursor is shown again"


@pytest.mark.usefixtures("terminal")
def test_another_thread_may_write_to_stderr_while_the_display_moves(capsys: Said) -> None:
    times = 300

    def warn() -> None:
        for _ in range(times):
            sys.stderr.write("a warning\n")

    def show() -> None:
        other = Thread(target=warn, daemon=True)
        with progress(quiet=False, clock=Clock()) as tell:
            assert tell
            other.start()
            for _ in range(times):
                tell(OPENED)
            other.join()

    shown = Thread(target=show, daemon=True)
    shown.start()
    shown.join(60)
    assert not shown.is_alive(), "each waits for the other"
    assert Counter(screen(capsys).lines) == {"a warning": times, STEPS[0]: times}


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("happened", "status"),
    [
        ([started()], "opening the servers"),
        ([Underway("opening the servers: waiting for\x07 vimo"), 9.0], "opening the servers: waiting for vimo"),
        ([asked(2)], "turn 2 · asking the model"),
        ([asked(2), 2.9], "turn 2 · asking the model · 2 s"),
        ([asked(2), 5.0, Streamed(2, "thinking", "\n"), 7.2], "turn 2 · thinking · 12 s"),
        ([asked(2), Streamed(2, "thinking", "\n"), Streamed(2, "text", " ")], "turn 2 · writing"),
        ([asked(2), Streamed(2, "text", " "), Streamed(2, "call", " ")], "turn 2 · asking for tools"),
        ([failed(3.2), 0.5], "turn 1 · waiting 3 s, then attempt 2"),
        ([failed(3.2), 9.0], "turn 1 · waiting 0 s, then attempt 2"),
        ([failed(3.2), asked(1, 2)], "turn 1, attempt 2 · asking the model"),
        ([failed(None)], "turn 1 · giving up"),
        ([asked(), answered(text("a")), 9.0], "turn 1 · reading the answer"),
        ([asked(), tool_asked("a"), tool_answered("a")], "asking the model"),
        ([asked(), checked(False, ("", "no"), reply="again")], "asking the model"),
        ([asked(), checked(True)], "writing the page"),
    ],
)
def test_status_line_says_what_is_waited_for_and_since_when(
    happened: list[Event | float], status: str, capsys: Said
) -> None:
    assert drawn(capsys, *happened) == [f"* {status}"]


@pytest.mark.usefixtures("terminal")
def test_each_call_under_way_has_a_line_with_its_time_until_it_is_answered(capsys: Said) -> None:
    calls = [tool_asked("a", "look", {"n": 2}), 3.0, tool_asked("b", "look_far"), 10.0]
    assert drawn(capsys, *calls) == ["* turn 1 · calling 2 tools", "  look       13 s  (n=2)", "  look_far   10 s"]
    assert drawn(capsys, *calls, tool_answered("a")) == ["* turn 1 · calling look_far", "  look_far   10 s"]
    stopped = drawn(capsys, *calls, Underway("stopping"))
    assert stopped[0] == "* stopping" and len(stopped) == 3


@pytest.mark.usefixtures("terminal")
def test_more_calls_or_recommendations_than_have_room_are_counted(
    capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    def region() -> tuple[list[str], list[str]]:
        calls = drawn(capsys, *(tool_asked(f"c{at}", f"tool_{at}") for at in range(12)))
        return calls, drawn(capsys, Streamed(1, "text", json.dumps(rows)))

    rows = {"sector_recommendations": [{"sector_name": f"Sector {at}"} for at in range(12)]}
    calls, answer = region()
    assert len(calls) == len(answer) == 1 + ROWS
    assert [line.split()[0] for line in calls[1:]] == [*(f"tool_{at}" for at in range(9)), "and"]
    assert calls[-1] == "  and 3 more" and answer[1] == "  3 before these"
    assert [line.split()[-1] for line in answer[2:]] == [str(at) for at in range(3, 12)]
    monkeypatch.setenv("LINES", "6")
    calls, answer = region()
    assert [line.split()[0] for line in calls[1:]] == ["tool_0", "tool_1", "and"]
    assert [line.split()[0] for line in answer[1:]] == ["10", "Sector", "Sector"]


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("before", "cut", "after", "newest"),
    [
        ("", 0, "", "it was. Flat, as it was. Flat, as it was."),
        ("", 8, "", "it was. Flat, as it was. Flat, as it w"),
        ("So {this} is it:\n```json\n", 0, "\n```\nDone.", "it was. Flat, as it was. Flat, as it was."),
    ],
)
def test_recommendations_are_shown_as_they_are_written(
    before: str, cut: int, after: str, newest: str, capsys: Said
) -> None:
    rows = [
        {
            "sector_name": "Banks",
            "action": "overweight",
            "rationale": "Rose 4.2 percent. " * 9,
            "confidence_score": 0.6,
        },
        {"sector_name": "板块 " * 12, "action": "underweight", "rationale": "Fell.", "confidence_score": "high"},
        {"sector_name": "Energy", "action": "neutral", "confidence_score": -1, "rationale": "Flat, as it was. " * 5},
    ]
    whole = json.dumps({"of": {"a": 1}, "sector_recommendations": rows}, ensure_ascii=False)
    written = before + whole[: len(whole) - cut] + after
    lines = drawn(capsys, asked(), *(Streamed(1, "text", piece) for piece in re.findall("(?s).{1,7}", written)))
    assert lines == [
        "* turn 1 · writing the answer",
        "  ▲ Banks                   0.60  Rose 4.2 percent. Rose 4.2 percent. Rose 4.…",
        "  ▼ 板块 板块 板块 板块…          Fell.",
        f"  ● Energy                        {newest}",
    ]


@pytest.mark.usefixtures("terminal")
def test_every_beginning_of_an_answer_can_be_shown(capsys: Said) -> None:
    whole = "```json\n" + json.dumps(ANSWER, indent=1)
    with progress(quiet=False, clock=Clock()) as tell:
        assert tell
        for at, character in enumerate(whole):
            tell(Streamed(1, "text", character))
            tell(failed() if at == len(whole) - 1 else RunResumed())
    seen = screen(capsys)
    shown = {line for frame in seen.frames for line in frame}
    assert "  ▲ Banks                         It rose the mo" in shown
    assert "  ▼ Energy                  0.55  It fell the most." in shown
    assert "▲" not in "".join(seen.last()), "a failed attempt makes what it wrote void"


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("kind", "written", "lines"),
    [
        ("text", "one\n\ntwo\nthree\nfour", ["  two", "  three", "  four"]),
        ("text", '{"sector_recommendations": [{"a" "b"', ['  {"sector_recommendations": [{"a" "b"']),
        ("text", '{"sector_recommendations": ' + "[" * 228, ["  " + "[" * 76] * 3),
        ("text", '{"sector_recommendations": [3, "x"], "a": 1}', ['  {"sector_recommendations": [3, "x"], "a": 1}']),
        ("text", "word " * 40, ["  word" + " word" * 14, "  word" + " word" * 14, "  word" + " word" * 9]),
        ("thinking", "First this.\n\n" + "Then that. " * 8 + "\n", ["  Then that."]),
        ("call", 'look{"lookback": "3M', ['  look{"lookback": "3M']),
    ],
)  # fmt: skip
def test_other_texts_are_shown_by_their_last_lines(kind: Any, written: str, lines: list[str], capsys: Said) -> None:
    pieces = re.findall("(?s).{1,70}", written)
    assert drawn(capsys, asked(), *(Streamed(1, kind, piece) for piece in pieces))[1:] == lines


@pytest.mark.usefixtures("terminal")
def test_words_of_a_long_paragraph_stay_where_they_were_written(capsys: Said) -> None:
    words = " ".join(f"word{at}" for at in range(900))
    one = drawn(capsys, asked(), Streamed(1, "text", words))
    two = drawn(capsys, asked(), Streamed(1, "text", words + " and on"))
    assert two[1:3] == one[1:3] and two[3].startswith(one[3]) and two[3] != one[3]


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("start", "spent"),
    [
        ([started()], "4,012 tokens · 0.0096 USD"),
        ([started(None)], "4,012 tokens · unpriced"),
        ([started(FREE)], "4,012 tokens"),
        ([RunResumed()], "4,012 tokens"),
    ],
)
def test_tokens_and_money_run_at_the_right_end(start: list[Event], spent: str, capsys: Said) -> None:
    paid = answered(call("look", {}), input=80, cache_write=300, cache_read=3000, output=120)
    happened = [*start, failed(usage={"input": 500}), paid]
    happened += [tool_asked("a"), tool_answered("a", sampled={"output": 12, "of_later": 3}), asked(2)]
    [line] = drawn(capsys, *happened)
    assert line == "* turn 2 · asking the model".ljust(80 - MARGIN - len(spent)) + spent
    assert drawn(capsys, *start, answered(text("a")), asked(2)) == ["* turn 2 · asking the model"]


@pytest.mark.usefixtures("terminal")
def test_narrow_terminal_has_the_spend_on_a_line_of_its_own(capsys: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    happened = [started(), answered(text("a"), input=100), Underway("opening the servers: waiting for vimo, market")]
    assert drawn(capsys, *happened, width=40) == [
        "* opening the servers: waiting for vi…",
        "  100 tokens · 0.0005 USD",
    ]


@pytest.mark.usefixtures("terminal")
def test_strangers_texts_neither_steer_the_terminal_nor_leave_its_width(
    capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = EVIL * 30
    row = {"sector_name": evil, "action": "overweight", "rationale": evil, "confidence_score": 10**400}
    happened: list[Event | float] = [
        started(), Underway(evil), ServerFailed("v", "npx", 1, "", evil, False), asked(),
        Streamed(1, "thinking", evil), RunResumed(), Streamed(1, "call", evil), RunResumed(),
        Streamed(1, "text", evil), RunResumed(), asked(),
        Streamed(1, "text", json.dumps({"sector_recommendations": [row, row]})), RunResumed(),
        ModelFailed(1, 1, evil, evil, 1.0), answered(call(evil, {}), input=10**9, stop=evil),
        tool_asked("a", evil, {evil: evil}), tool_asked("b", evil, [evil]), RunResumed(),
        tool_answered("a", evil, True), AnswerDue(evil, "budget", evil), checked(False, (evil, evil)),
    ]  # fmt: skip
    for width in (4, 7, 30, 59, 60, 80):
        for name, value in {"COLUMNS": str(width), "LINES": "60"}.items():
            monkeypatch.setenv(name, value)
        lines = drawn(capsys, *happened, width=width, verbose=True)
        assert len(lines) <= ROWS + 2 and all(cell_len(line) <= max(width - MARGIN, 1) for line in lines)


@pytest.mark.usefixtures("terminal")
def test_nothing_moves_while_somebody_is_asked_and_steps_wait_until_then(capsys: Said) -> None:
    with progress(quiet=False, clock=Clock()) as tell:
        assert tell
        for event in (OPENED, asked(), tool_asked("a"), tool_asked("b"), tool_asked("c")):
            tell(event)
        with shown_on.paused():
            before = screen(capsys)
            tell(tool_answered("b"))
            silent = capsys.readouterr().err
    after = screen(capsys)
    assert before.lines == STEPS[:1] and silent == ""
    assert after.lines == ["tool look: 3,412 characters, 0.52 s  ()"]
    assert after.last() == [*after.lines, "* turn 1 · calling 2 tools", "  look    0 s", "  look    0 s"]


@pytest.mark.usefixtures("terminal")
def test_interrupted_run_leaves_its_steps_and_the_cursor(capsys: Said) -> None:
    with pytest.raises(KeyboardInterrupt), progress(quiet=False, clock=Clock()) as tell:
        assert tell
        tell(OPENED)
        tell(tool_asked("a"))
        raise KeyboardInterrupt
    said = capsys.readouterr().err
    assert Screen(said).lines == STEPS[:1] and said.rstrip().endswith("\x1b[2K") and "\x1b[?25h" in said


@pytest.mark.usefixtures("terminal")
def test_long_step_is_cut_unless_something_went_wrong_or_all_is_to_be_told(capsys: Said) -> None:
    long = [tool_asked("a", "look", {"of": "x" * 100}), tool_answered("a")]
    bad = tool_answered("b", "no such place " * 9, True)
    with progress(quiet=False, clock=Clock()) as tell:
        assert tell
        for event in (*long, bad):
            tell(event)
    cut, *whole = screen(capsys).lines
    assert cut.endswith("xxx…") and cell_len(cut) == 80
    assert " ".join(map(str.strip, whole)).count("no such place") == 9 and whole[-1].endswith("0.52 s")
    assert [line.startswith("  ") for line in whole] == [False, True]
    with progress(quiet=False, verbose=True, clock=Clock()) as tell:
        assert tell
        for event in long:
            tell(event)
    assert "".join(screen(capsys).lines).count("x") == 100
