from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from agent.endings import EXIT_CODES, HINTS, NO_END
from agent.events import (
    PAGE_URL,
    AnswerChecked,
    ArtifactWritten,
    ContentStored,
    Event,
    ModelAnswered,
    ModelAsked,
    ModelFailed,
    RunFinished,
    RunStarted,
    ServerFailed,
    ServerOpened,
    Status,
    ToolAnswered,
    ToolAsked,
    ToolsOffered,
)
from agent.gathering import result_of
from agent.model.base import Usage
from agent.result import ADVICE, RunResult

SPEC = ContentStored.of({"agent_name": "A"})
PUBLISHED = ContentStored.of({"agent_name": "A", "pages_url": "https://pages.example/runs"})
TABLE = {"as_of": "2020-03-31", "rows": [{"sector": "Banks", "performance": 2.5}]}
SENT: dict[str, Any] = {"content": [{"type": "text", "text": json.dumps(TABLE)}]}
BIG = ContentStored.of(SENT)
ANSWER = {"sector_recommendations": [], "heatmap_url": PAGE_URL}


def started(spec: ContentStored = SPEC) -> list[Event]:
    return [
        spec,
        RunStarted(
            "r1", "Which?", "2020-03-31", "agent.yaml", spec.hash, "p", "o", "s", {"name": "m"}, {}, {}, ["PLANNER"]
        ),
    ]


def answered(call: str, result: Any, *, is_error: bool = False, kind: str | None = None) -> ToolAnswered:
    return ToolAnswered(1, call, result, "shown", is_error, kind, {"as_of": "2020-03-31"}, "now", 0.5)


def asked(call: str) -> ToolAsked:
    return ToolAsked(1, call, "heat", "s", "heatmap", {"a": 1}, "k")


def turn(number: int, text: str) -> list[Event]:
    content = [{"type": "text", "text": text}] if text else []
    usage = {"input": 1, "cache_write": 2, "cache_read": 3, "output": 4}
    return [ModelAsked(number, 1, "h"), ModelAnswered(number, content, "end_turn", None, usage, None, "m")]


def finished(status: Status = "ok", answer: Any = None) -> RunFinished:
    return RunFinished(status, "end_turn", {}, answer, ["careful"], "root")


def checked(*, valid: bool, answer: Any = None, reply: str | None = None) -> AnswerChecked:
    errors = [] if valid else [{"pointer": "/x", "code": "required", "message": "'x' is missing"}]
    return AnswerChecked(1, valid, answer, errors, reply)


PAGE = ArtifactWritten("page", "page.html", "0", "text/html")


def test_nothing_at_all_is_an_interrupted_run() -> None:
    result = result_of([])
    assert result == RunResult()
    assert (result.status, result.stop_reason, result.exit_code) == ("interrupted", NO_END, 130)
    assert (result.page, result.answer, result.folder) == (None, None, None)


def test_every_status_has_an_exit_code_and_only_ok_has_0() -> None:
    assert set(EXIT_CODES) == set(get_args(Status))
    assert [status for status, code in EXIT_CODES.items() if code == 0] == ["ok"]
    assert (EXIT_CODES["budget"], EXIT_CODES["needs_decision"], EXIT_CODES["invalid"]) == (6, 7, 1)


def test_a_whole_run_is_gathered(tmp_path: Path) -> None:
    opened, offered = ServerOpened("s", "stdio", "1", None, None), ToolsOffered(tools=[{"name": "heat"}])
    failed = ServerFailed("b", "x", 1, "", "it died", False)
    result = result_of(
        [
            *started(), opened, failed, offered, *turn(1, ""), asked("c1"), answered("c1", SENT, kind="real"),
            *turn(2, "{}"), checked(valid=False, reply="Again."),
            ModelAsked(3, 1, "h"), ModelFailed(3, 1, "overloaded", "later", 1.0),
            *turn(3, "{1}"), checked(valid=True, answer=ANSWER), PAGE, finished(answer=ANSWER),
        ],
        tmp_path,
    )  # fmt: skip
    assert (result.run_id, result.question, result.as_of, result.model) == ("r1", "Which?", "2020-03-31", "m")
    assert (result.servers, result.failed_servers, result.offered) == ([opened], [failed], offered)
    assert (result.ok, result.exit_code, result.errors, result.best_attempt) == (True, 0, [], None)
    assert result.usage == Usage(3, 6, 9, 12)
    assert result.spend() == {
        "turns": 3, "requests": 4, "tool_calls": 1, "repairs": 1,
        "tokens": {"input": 3, "cache_write": 6, "cache_read": 9, "output": 12},
        "usd": None, "possibly_paid_twice": 0,
    }  # fmt: skip
    (call,) = result.calls
    assert (call.turn, call.server, call.tool, call.data, call.shown) == (1, "s", "heatmap", TABLE, "shown")
    assert [(figure.sector, figure.value, figure.call) for figure in result.figures] == [("Banks", 2.5, "c1")]
    assert (result.labels, result.warnings) == (["PLANNER"], ["careful"])
    assert result.answer == ANSWER | {"heatmap_url": (tmp_path / "page.html").as_uri()}


def test_the_page_is_addressed_where_it_is_published(tmp_path: Path) -> None:
    events = [*started(PUBLISHED), PAGE, finished(answer=ANSWER)]
    assert result_of(events, tmp_path / "r1").answer["heatmap_url"] == "https://pages.example/runs/r1/page.html"


def test_an_address_of_a_folder_that_was_named_relatively_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("with space")
    url = result_of([*started(), PAGE, finished(answer=ANSWER)], folder).answer["heatmap_url"]
    assert url == f"{tmp_path.as_uri()}/with%20space/page.html"


@pytest.mark.parametrize(
    "answer", [{"heatmap_url": "https://tool.example/x"}, {"text": "no heatmap"}, [PAGE_URL], None]
)
def test_an_answer_without_our_page_is_left_alone(answer: Any, tmp_path: Path) -> None:
    assert result_of([*started(), PAGE, finished(answer=answer)], tmp_path).answer == answer


def test_without_a_folder_or_a_page_the_stand_in_stays(tmp_path: Path) -> None:
    assert result_of([*started(), PAGE, finished(answer=ANSWER)]).answer == ANSWER
    assert result_of([*started(), finished(answer=ANSWER)], tmp_path).answer == ANSWER


def test_the_recorded_answer_itself_is_not_changed(tmp_path: Path) -> None:
    event = finished(answer=dict(ANSWER))
    result_of([*started(), PAGE, event], tmp_path)
    assert event.answer == ANSWER


@pytest.mark.parametrize(
    ("events", "best"),
    [
        ([*turn(1, "words")], "words"),
        ([*turn(1, "words"), checked(valid=False)], "words"),
        ([*turn(1, "{}"), checked(valid=False, answer={"a": 1})], {"a": 1}),
        ([*turn(1, "{}"), checked(valid=False, answer={"a": 1}), *turn(2, "")], {"a": 1}),
        ([*turn(1, "{}"), checked(valid=False, answer={"a": 1}), *turn(2, "newer")], "newer"),
        ([], None),
    ],
)
def test_a_run_without_an_answer_keeps_its_best_attempt(events: list[Event], best: Any) -> None:
    result = result_of([*started(), *events, finished("invalid")])
    assert (result.best_attempt, result.answer, result.ok) == (best, None, False)


def test_a_large_result_is_found_where_it_is_stored() -> None:
    result = result_of([*started(), asked("c"), BIG, answered("c", {"stored": BIG.hash})])
    assert result.calls[0].data == TABLE
    assert len(result.figures) == 1


def test_an_error_and_an_unanswered_call_have_no_data() -> None:
    result = result_of([*started(), asked("a"), asked("b"), answered("b", SENT, is_error=True, kind="simulated")])
    assert [(call.data, call.is_error, call.seconds) for call in result.calls] == [
        (None, False, None),
        (None, True, 0.5),
    ]
    assert (result.figures, result.labels) == ([], ["PLANNER"])


def test_results_that_came_out_of_order_belong_to_their_calls() -> None:
    other = {"content": [{"type": "text", "text": "[]"}]}
    result = result_of([*started(), asked("a"), asked("b"), answered("b", other), answered("a", SENT)])
    assert [(call.id, call.data) for call in result.calls] == [("a", TABLE), ("b", [])]


def test_simulated_data_label_the_run_once_and_first() -> None:
    calls = [asked("a"), answered("a", SENT, kind="simulated"), asked("b"), answered("b", SENT, kind="simulated")]
    assert result_of([*started(), *calls]).labels == ["SIMULATED DATA", "PLANNER"]


def test_labels_of_a_result_are_not_those_of_its_event() -> None:
    events = [*started(), asked("a"), answered("a", SENT, kind="simulated")]
    assert result_of(events).labels == result_of(events).labels == ["SIMULATED DATA", "PLANNER"]


def test_a_failure_is_told_with_its_first_place() -> None:
    result = result_of([*started(), *turn(1, "x"), checked(valid=False), finished("invalid")])
    assert result.failure() == {
        "ok": False,
        "error": {"code": "invalid", "message": "end_turn", "hint": HINTS["invalid"], "where": "/x"},
        "run": "r1",
    }
    assert RunResult().failure()["error"]["where"] is None


def failed_calls(count: int, reason: str) -> list[Event]:
    shown = f"<untrusted_data server=s>\n{reason}\n</untrusted_data>"
    answers = [replace(answered(f"c{at}", SENT, is_error=True), shown=shown) for at in range(count)]
    return [event for at, each in enumerate(answers) for event in (asked(f"c{at}"), each)]


def test_a_run_whose_calls_failed_hints_at_what_the_newest_said() -> None:
    reason = "as_of 2015-02-28 is outside {run} of the pack: it covers \x1b[1m2016-01-04 to 2025-12-31."
    result = result_of([*started(), *failed_calls(2, reason), finished("failed")])
    said = "as_of 2015-02-28 is outside {run} of the pack: it covers [1m2016-01-04 to 2025-12-31"
    assert result.hint == (
        f"every call failed, the newest with: {said}; advisor runs show r1 has what each said; "
        "if the data do not cover 2020-03-31, ask as of another day"
    )
    told = str(result_of([*started(), *failed_calls(1, "no " * 200), finished("failed")]).hint)
    assert told.startswith("every call failed, the newest with: no no") and len(told.partition(" …; ")[0]) < 240


def test_a_run_that_failed_after_a_call_that_went_well_blames_no_call() -> None:
    result = result_of([*started(), *failed_calls(1, "no"), asked("a"), answered("a", SENT), finished("failed")])
    assert result.hint is None


def test_the_envelope_says_what_the_data_lack() -> None:
    rows = [{"sector": "Banks", "performance": 2.5, "flow": None}, {"sector": "Retail", "performance": 1.0, "flow": 3}]
    sent = {"content": [{"type": "text", "text": json.dumps({"rows": rows})}]}
    result = result_of([*started(), asked("a"), answered("a", sent), *failed_calls(1, "no"), finished(answer=ANSWER)])
    assert result.envelope()["data_gaps"] == ["1 of 4 cells are empty: Flow", "1 of 2 calls brought nothing: heat"]
    assert RunResult().envelope()["data_gaps"] == []


def test_the_envelope_is_json_and_says_where_everything_is(tmp_path: Path) -> None:
    result = result_of([*started(), asked("a"), answered("a", SENT), PAGE, finished(answer=ANSWER)], tmp_path)
    envelope = json.loads(json.dumps(result.envelope()))
    assert envelope["paths"] == {"folder": str(tmp_path), "page": str(tmp_path / "page.html")}
    assert envelope["answer"] == result.answer
    assert (envelope["ok"], envelope["run"], envelope["notice"]) == (True, "r1", ADVICE)
    assert envelope["calls"] == [
        {"id": "a", "turn": 1, "offered_as": "heat", "server": "s", "tool": "heatmap", "arguments": {"a": 1},
         "is_error": False, "kind": None, "dates": {"as_of": "2020-03-31"}, "retrieved_at": "now", "withheld": {},
         "seconds": 0.5, "source": "live"}
    ]  # fmt: skip
    assert RunResult().envelope()["paths"] == {"folder": None, "page": None}


def test_a_kind_of_token_that_a_later_version_counts_is_no_crash() -> None:
    later = ModelAnswered(1, [], "end_turn", None, {"input": 1, "output": 2, "imagined": 3}, None, "m")
    assert result_of([*started(), later]).usage.output == 2
