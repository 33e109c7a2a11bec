from __future__ import annotations

from typing import Any

import pytest

from agent.events import ModelAnswered
from agent.scoring.sample import Sample
from tests.messages_api import call
from tests.scoring.sampling import HEAT, NOTHING, answered_from, calls, judged, sample_of, score, value
from tests.scripted import answer, market, said

TOOLS = ("tool_precision", "tool_recall", "tool_f1")


def macro(topic: str = "rates", as_of: str = "2020-01-31") -> str:
    """Rates."""
    return "4.5"


def flow(sector: str = "all", days: float = 5, metrics: list[str] | None = None, as_of: str = "") -> str:
    """Flows."""
    if sector == "?":
        raise ValueError
    return "12"


async def made(*turns: Any, **options: Any) -> Sample:
    """A run that makes these calls, each a turn of its own or a list that is one turn."""
    steps = [calls(*(each if isinstance(each, list) else [each])) for each in turns]
    return await sample_of(*steps, answer(), servers={"market": market(macro=macro, flow=flow)}, **options)


def expected(*sets: list[Any]) -> dict[str, Any]:
    """Sets of tools, or of tools with their arguments."""
    named = [[(each, {}) if isinstance(each, str) else each for each in one] for one in sets]
    return {"calls": [[{"tool": tool, "arguments": arguments} for tool, arguments in one] for one in named]}


async def test_the_right_calls_fit_their_set() -> None:
    sample = await made([HEAT, "macro"])
    assert [value(name, judged(sample, **expected(["macro", HEAT]))) for name in TOOLS] == [1, 1, 1]


async def test_calls_that_are_not_allowed_cost_precision_and_missing_ones_recall() -> None:
    sample = judged(await made([HEAT, HEAT, "flow"]), **expected([HEAT, "macro"]), allowed=[])
    assert [value(name, sample) for name in TOOLS] == [1 / 3, 1 / 2, 2 / 5]
    assert score("tool_f1", sample).details == {"extra": {HEAT: 1, "flow": 1}, "missing": {"macro": 1}}


async def test_calls_that_may_be_made_are_not_extra() -> None:
    sample = await made([HEAT, HEAT, "flow"])
    for more, precision in (({}, 1), ({"allowed": ["flow"]}, 1 / 2), ({"forbidden": ["flow"]}, 1 / 2)):
        assert value("tool_precision", judged(sample, **expected([HEAT]), **more)) == precision
    both = judged(sample, **expected([HEAT]), allowed=["flow", HEAT], forbidden=["flow"])
    assert value("tool_precision", both) == 1 / 2


async def test_the_set_that_fits_best_counts_and_the_first_of_two() -> None:
    sample = await made([HEAT, "flow"])
    assert value("tool_recall", judged(sample, **expected(["macro"], [HEAT, "flow"]))) == 1
    assert score("tool_f1", judged(sample, **expected([HEAT, "a"], ["flow", "b"]))).details["missing"] == {"a": 1}


async def test_precision_of_no_counting_call_is_unknown_but_its_f1_is_not() -> None:
    sample = judged(await made("flow"), **expected([HEAT]))
    assert [value(name, sample) for name in TOOLS] == [None, 0, 0]


async def test_no_call_where_none_is_right_fits() -> None:
    sample = await sample_of(answer(), keys={"policy": {"require_calls": False}}, expect=expected([]))
    assert [value(name, sample) for name in (*TOOLS, "arguments", "trajectory")] == [None, None, 1, None, 1]
    either = judged(sample, **expected([("flow", {"days": [5]})], []))
    assert [value(name, either) for name in ("tool_f1", "arguments")] == [1, None]
    called = judged(await made("flow"), **expected([]), allowed=[])
    assert [value(name, called) for name in ("tool_f1", "arguments", "trajectory")] == [0, None, 1]


@pytest.mark.parametrize("name", [*TOOLS, "arguments", "trajectory"])
async def test_calls_are_not_judged_without_an_expectation_or_an_answer_of_the_model(name: str) -> None:
    assert score(name, await made(HEAT)).explanation == "the case expects no calls"
    assert score(name, judged(NOTHING, **expected([HEAT]))).explanation == "the model never answered"


async def judge_arguments(given: dict[str, Any], acceptable: dict[str, list[Any]]) -> tuple[float | None, list[Any]]:
    said = score("arguments", judged(await made(("flow", given)), **expected([("flow", acceptable)])))
    return said.value, [(error["code"], error["argument"]) for error in said.details["calls"][0]["errors"]]


@pytest.mark.parametrize(
    ("given", "acceptable"),
    [
        ({"sector": "Banks", "days": 5.0}, {"sector": ["all", "Banks"], "days": [5]}),
        ({"sector": "Banks"}, {"sector": ["Banks"], "days": [None, 5]}),
        ({"sector": "Banks", "metrics": None}, {"sector": ["Banks"]}),
        ({"metrics": ["a", "b"]}, {"metrics": [["b", "a"], ["a", "b"]]}),
        ({"sector": "whatever"}, {}),
        ({"sector": "Banks", "as_of": "2020-01-02"}, {"sector": ["Banks"]}),
        ({}, {"days": [None]}),
    ],
)
async def test_acceptable_arguments_are_right(given: dict[str, Any], acceptable: dict[str, list[Any]]) -> None:
    assert await judge_arguments(given, acceptable) == (1, [])


@pytest.mark.parametrize(
    ("given", "acceptable", "worth", "errors"),
    [
        ({"sector": "banks"}, {"sector": ["Banks"]}, 0, [("value_error", "sector")]),
        ({"metrics": ["b", "a"]}, {"metrics": [["a", "b"]]}, 0, [("value_error", "metrics")]),
        ({"sector": "Banks"}, {"sector": ["Banks"], "days": [5]}, 1 / 2, [("missing_required", "days")]),
        ({"sector": "Banks", "metrics": None}, {"metrics": [["a"]]}, 0, [
            ("missing_required", "metrics"), ("unexpected_param", "sector")]),
        ({"sector": "Banks", "days": 5}, {"sector": ["Banks"]}, 1 / 2, [("unexpected_param", "days")]),
        ({"sector": "all", "days": 5, "metrics": []}, {"sector": ["all"], "days": [6], "as_of": ["x"]}, 1 / 4, [
            ("value_error", "days"), ("missing_required", "as_of"), ("unexpected_param", "metrics")]),
    ],
)  # fmt: skip
async def test_wrong_missing_and_unexpected_arguments_count_the_same(
    given: dict[str, Any], acceptable: dict[str, list[Any]], worth: float, errors: list[Any]
) -> None:
    assert await judge_arguments(given, acceptable) == (worth, errors)


async def test_the_as_of_argument_is_the_agent_files() -> None:
    sample = await made(
        ("flow", {"sector": "all"}), as_of="2020-01-31", allow_live=True, keys={"as_of_argument": "sector"}
    )
    assert sample.result.calls[0].arguments == {"sector": "2020-01-31"}
    assert value("arguments", judged(sample, **expected([("flow", {"days": [None]})]))) == 1
    assert value("arguments", judged(sample, **expected([("flow", {"sector": ["all"]})]))) == 0


async def test_calls_are_assigned_so_that_the_most_is_right() -> None:
    sample = await made([("flow", {"sector": "Banks", "days": 5}), ("flow", {"sector": "Banks"}), "macro"])
    first, second = ("flow", {"sector": ["Banks"], "days": [None, 5]}), ("flow", {"sector": ["Banks"], "days": [5]})
    assert value("arguments", judged(sample, **expected([first, second]))) == 1
    assert value("arguments", judged(sample, **expected([second, first]))) == 1


async def test_an_expected_call_without_a_partner_counts_nothing() -> None:
    sample = judged(await made("macro"), **expected(["macro", "macro", ("flow", {"days": [1]})]))
    said = score("arguments", sample)
    assert said.value == 1 / 3
    assert [each["value"] for each in said.details["calls"]] == [1, 0, 0]
    assert said.details["calls"][2]["errors"] == [{"code": "missing_call", "argument": ""}]


async def test_arguments_are_judged_by_the_set_that_they_fit_best() -> None:
    sets = expected([], [("macro", {"topic": ["inflation"]})], [("macro", {"topic": ["rates"]})])
    assert value("arguments", judged(await made(("macro", {"topic": "rates"})), **sets)) == 1


@pytest.mark.parametrize(
    ("mode", "fitting", "other"),
    [
        ("strict", [HEAT, "macro", HEAT], ["macro", HEAT, HEAT]),
        ("unordered", ["macro", HEAT, HEAT], [HEAT, "macro"]),
        ("subset", [HEAT, HEAT, "macro", "flow"], [HEAT, "macro", "flow"]),
        ("superset", ["macro", HEAT], ["macro", "macro"]),
    ],
)
async def test_a_trajectory_relates_to_its_set_or_not(mode: str, fitting: list[str], other: list[str]) -> None:
    sample = await made([HEAT, "macro"], HEAT)
    assert value("trajectory", judged(sample, **expected(fitting), trajectory=mode)) == 1
    assert value("trajectory", judged(sample, **expected(other), trajectory=mode)) == 0
    assert value("trajectory", judged(sample, **expected(other, fitting), trajectory=mode)) == 1


async def test_a_trajectory_in_order_is_as_good_as_its_longest_common_subsequence() -> None:
    sample = await made([HEAT, "macro"], "flow")
    assert value("trajectory", judged(sample, **expected([HEAT, "flow"]), trajectory="in_order")) == 4 / 5
    assert value("trajectory", judged(sample, **expected(["flow", HEAT]), trajectory="in_order")) == 2 / 5
    nothing = await sample_of(answer(), keys={"policy": {"require_calls": False}})
    assert value("trajectory", judged(nothing, **expected([]), trajectory="in_order")) == 1


async def test_forbidden_tools_count_when_they_are_asked_for() -> None:
    sample = await made(["place_order", "macro", "place_order"], expect={"forbidden": ["place_order"]})
    said = score("forbidden", sample)
    assert (said.value, said.details) == (2, {"asked": ["place_order"] * 2, "carried_out": []})
    ran = score("forbidden", judged(sample, forbidden=["macro"]))
    assert (ran.value, ran.details["carried_out"]) == (1, ["macro"])
    missed = score("forbidden", judged(answered_from(sample, ["refused", "miss", "refused"]), forbidden=["macro"]))
    assert (missed.value, missed.details["carried_out"]) == (1, [])
    assert value("forbidden", judged(sample, forbidden=["flow"])) == 0
    assert [value("forbidden", each) for each in (judged(sample), judged(NOTHING, forbidden=["flow"]))] == [None, None]


async def test_a_forbidden_call_in_a_turn_that_ended_the_run_was_asked_for() -> None:
    cut = said(call("place_order", {}), stop_reason="max_tokens")
    assert value("forbidden", await sample_of(cut, expect={"forbidden": ["place_order"]})) == 1


async def test_a_forbidden_tool_is_known_by_its_servers_name_for_it() -> None:
    servers = {"one": market(macro=macro), "two": market(macro=macro)}
    sample = await sample_of(calls("one__macro"), answer(), servers=servers, expect={"forbidden": ["macro"]})
    assert score("forbidden", sample).details["carried_out"] == ["one__macro"]


async def test_the_same_call_again_is_waste() -> None:
    sample = await made([("flow", {"days": 1}), ("flow", {"days": 2})], ("flow", {"days": 1}), ("flow", {"days": 1}))
    assert (value("waste", sample), score("waste", sample).details) == (1 / 2, {"tools": ["flow"]})
    assert value("waste", await made(["flow", "macro"])) == 0
    assert value("waste", NOTHING) is None


async def test_an_error_is_recovered_by_the_same_tool_in_a_later_turn() -> None:
    failing = ("flow", {"sector": "?"})
    assert value("error_recovery", await made(failing, "flow")) == 1
    assert value("error_recovery", await made("flow", failing)) == 0
    assert value("error_recovery", await made([failing, "flow"])) == 0
    assert value("error_recovery", await made(failing, "macro", failing)) == 0
    half = await made([failing, "nope"], "flow")
    assert (value("error_recovery", half), score("error_recovery", half).details) == (0.5, {"not_recovered": ["nope"]})


async def test_nothing_is_recovered_where_nothing_failed() -> None:
    sample = await made(("flow", {"sector": "all"}))
    assert value("error_recovery", sample) is None
    assert value("error_recovery", answered_from(sample, ["miss"])) is None
    unanswered = (await made(("flow", {"sector": "?"}), "flow")).events
    last = max(at for at, event in enumerate(unanswered) if event.name == "tool.asked")
    assert value("error_recovery", Sample.of(unanswered[: last + 1], sample.expect)) == 0


async def test_fidelity_counts_what_a_recording_could_not_answer() -> None:
    sample = await made(["flow", "macro", "macro", "nope"])
    assert value("fidelity", sample) == 1
    missed = score("fidelity", answered_from(sample, ["replayed", "miss", "injected", "refused"]))
    assert (missed.value, missed.details) == (2 / 3, {"misses": [{"tool": "macro", "arguments": {}}]})
    assert value("fidelity", answered_from(sample, ["refused"] * 4)) is None


async def test_a_run_cut_before_its_calls_were_answered_sent_none_for_sure() -> None:
    sample = await made("flow")
    cut = next(at for at, event in enumerate(sample.events) if isinstance(event, ModelAnswered)) + 2
    asked = Sample.of(sample.events[:cut], sample.expect)
    assert [call.source for call in asked.result.calls] == [None]
    assert [value(name, asked) for name in ("fidelity", "error_recovery", "waste")] == [None, None, 0]
