"""What the sentences say of two runs: what is the same, what differs, and which figures may explain it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mcp.server.mcpserver.exceptions import ToolError

from agent.diff.whole import Comparison, Side, compare
from agent.report.diff_text import call_lines, change_rows, verdict
from agent.report.words import words
from agent.result import RunResult
from tests.following import NEXT, follow
from tests.messages_api import call
from tests.moving import HEATMAP, JUNE, SEPTEMBER, advised, moving_market, moving_run
from tests.scripted import SECTOR_FORM, Scripted, answer, said

SAY = words("en")
OTHER = advised("underweight", 0.7)
YEAR = call("get_sector_heatmap", {"lookback_period": "1Y"}, id="toolu_2")
FORM = SECTOR_FORM | {"properties": SECTOR_FORM["properties"] | {"view": {"type": "string"}}}


def compared(before: RunResult, after: RunResult) -> Comparison:
    assert before.folder and after.folder
    return compare(Side.read(before.folder), Side.read(after.folder))


def told(before: RunResult, after: RunResult) -> list[str]:
    return verdict(compared(before, after), SAY)


async def asked_on(first: RunResult, given: Any) -> RunResult:
    """A question on its answer, for which the market is looked at over a year, too."""
    return await follow(first, Scripted(said(YEAR), answer(json.dumps(given))), servers={"market": moving_market()})


async def test_question_on_a_run_that_looked_further_has_the_same_figures_and_more() -> None:
    first = await moving_run()
    second = await asked_on(first, OTHER)
    assert second.question == NEXT and told(first, second) == [
        "Same as-of date, agent and model; another question; the later run is a question on the earlier one.",
        "Of 2 sectors: 1 flipped, 1 same.",
        "The figures that both had are the same: 3. "
        "What differs, and may explain it: 3 figures of the later run alone; another question.",
    ]
    assert told(second, first)[-1].endswith("it: 3 figures of the earlier run alone; another question.")


async def test_a_question_is_on_the_run_before_it_and_not_on_the_first_of_a_conversation() -> None:
    first = await moving_run()
    second = await asked_on(first, OTHER)
    third = await follow(second, Scripted(answer(json.dumps(OTHER))), servers={"market": moving_market()})
    on_it = "the later run is a question on the earlier one"
    assert [on_it in told(before, third)[0] for before in (first, second)] == [False, True]


async def test_further_figures_explain_nothing_where_the_answer_is_the_same() -> None:
    first = await moving_run()
    assert told(first, await asked_on(first, advised()))[1:] == [
        "Recommendations and confidences are the same, 2 of 2.",
        "The figures that both had are the same: 3. What differs: 3 figures of the later run alone; another question.",
    ]


async def test_runs_that_looked_elsewhere_had_no_figure_in_common() -> None:
    assert told(await moving_run(), await moving_run(given=OTHER, looks=(YEAR,)))[-1] == (
        "They had no figure in common. "
        "What differs, and may explain it: 3 figures of the earlier run alone; 3 figures of the later run alone."
    )


async def test_equal_figures_of_other_days_have_not_moved() -> None:
    assert told(await moving_run(), await moving_run("2020-07-31", OTHER))[-1] == (
        "The figures that both had are the same: 3. What differs, and may explain it: "
        "figures have another day, or older ones beside them; as of 2020-07-31 instead of 2020-06-30."
    )


async def test_date_that_both_have_is_the_same_whatever_else_differs() -> None:
    first, other = await moving_run(), await moving_run(model_name="another", keys={"horizon": "21 sessions"})
    assert told(first, other)[0].startswith("Same question and as-of date; ")


async def test_runs_without_a_date_share_none() -> None:
    assert told(await moving_run(None), await moving_run(None))[0] == "Same question, agent and model."


@pytest.mark.parametrize(
    ("given", "whose"),
    [
        (OTHER, "with another action: Banks: Performance 3M +4.2 → −6.0 % (−0.9 σ)."),
        (
            advised() | {"sector_recommendations": advised()["sector_recommendations"][1:]},
            "that are new or gone: Banks: ",
        ),
        (advised(confidence=0.5), "with another confidence: Banks: Performance 3M +4.2 → −6.0 % (−0.9 σ)."),
        (advised() | {"view": "down"}, "with the same advice: Banks: Performance 3M +4.2 → −6.0 % (−0.9 σ)."),
    ],
)
async def test_figures_are_named_for_the_sectors_that_changed_the_most(given: Any, whose: str) -> None:
    """Energy, whose recommendation stays, fell by more than Banks, and is as far below the mean as it was."""
    market = {"market": moving_market(figures={JUNE: (4.2, -3.1, 0.5), SEPTEMBER: (-6.0, -30.0, 5.0)})}
    shared: dict[str, Any] = {"servers": market, "keys": {"response_format": FORM}}
    before = await moving_run(given=advised() | {"view": "up"}, **shared)
    last = told(before, await moving_run(SEPTEMBER, {"view": "up"} | given, **shared))[-1]
    head = "Figures moved, which may explain it and proves nothing; among them, of sectors "
    assert last.startswith(head + whose)


async def test_figure_that_speaks_against_the_change_is_no_reason_for_it() -> None:
    surer = compared(await moving_run(), await moving_run(SEPTEMBER, advised(confidence=0.7)))
    assert verdict(surer, SAY)[-1] == (
        "They had other figures, but those of named sectors that moved notably speak against the change."
    )
    [banks, _] = change_rows(surer, SAY)
    assert banks.figures == ["Performance 3M +4.2 → −6.0 % (−2.2 σ, against the change)"]


async def test_of_a_call_that_failed_in_one_run_that_is_told() -> None:
    """Of what failed in both, only that the texts differ."""

    def flow(as_of: str = JUNE) -> str:
        """Foreign flow."""
        if as_of == JUNE:
            raise ToolError("no data as of that day")
        return "1"

    def news(as_of: str = JUNE) -> str:
        """Headlines."""
        raise ToolError(f"no news as of {as_of}")

    market = {"market": moving_market(flow=flow, news=news)}
    looks = (HEATMAP, call("flow", {}, id="toolu_2"), call("news", {}, id="toolu_3"))
    june, september = [await moving_run(day, OTHER, looks=looks, servers=market) for day in (JUNE, SEPTEMBER)]
    outcomes = {(each.tool, each.outcome) for each in compared(june, september).calls}
    assert outcomes == {
        ("get_sector_heatmap", "other figures"),
        ("flow", "failed before"),
        ("news", "other result"),
    }
    back = compared(september, june)
    assert ("flow", "failed after") in {(each.tool, each.outcome) for each in back.calls}
    assert "failed after: flow()" in call_lines(back.calls, 100, SAY)
    assert {each["outcome"] for each in back.to_json()["calls"]} == {"other figures", "failed after", "other result"}


async def test_of_answers_without_sectors_no_figure_is_named() -> None:
    keys = {"response_format": {"type": "object", "properties": {"view": {"type": "string"}}}}
    before, after = await moving_run(given={"view": "up"}, keys=keys), {"view": "down"}
    assert told(before, await moving_run(SEPTEMBER, after, keys=keys))[-1] == "They had other figures."


async def test_sectors_have_their_names_in_the_language_of_the_sentences() -> None:
    keys = {"language": "vi", "sectors": {"Banks": {"names": {"vi": "Ngân hàng"}}, "Energy": {}, "Media": {}}}
    found = compared(await moving_run(keys=keys), await moving_run(SEPTEMBER, OTHER, keys=keys))
    assert ": Ngân hàng: Hiệu suất 3M" in verdict(found, words("vi"))[-1]
    assert ": Banks: Performance 3M" in verdict(found, SAY)[-1]
