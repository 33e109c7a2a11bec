from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.events import PAGE_URL, AnswerChecked, Event, RunFinished
from tests.scoring.sampling import NOTHING, advise, answered_from, calls, changed, judged, sample_of, score, value
from tests.scripted import ANSWER, LOOK, answer, market, said

ALIASES = {"Banks": ["Ngân hàng"], "Energy": ["Oil & Gas"]}
BAD = answer({"sector_recommendations": [{"sector_name": "Banks", "action": "buy"}], "heatmap_url": ""})
CHART = "https://charts.example/today.png"


async def failed(**options: Any) -> Any:
    return await sample_of(said(stop_reason="refusal"), **options)


async def test_outcome_is_right_when_the_run_ends_as_expected() -> None:
    sample = await sample_of()
    assert value("outcome", sample) == 1
    refused = score("outcome", judged(sample, status="refused"))
    assert (refused.value, refused.explanation) == (0, "ended as ok, expected refused")
    assert value("outcome", judged(await failed(), status="refused")) == 1
    assert value("outcome", NOTHING) is None


async def test_a_first_answer_that_meets_the_schema_needs_no_repair() -> None:
    sample = await sample_of()
    names = ("schema_first_pass", "schema_final", "repairs", "repair_tokens")
    assert [value(name, sample) for name in names] == [1, 1, 0, 0]


async def test_a_repaired_answer_fails_first_and_costs_the_turns_after_it() -> None:
    sample = await sample_of(said(LOOK), BAD, said(LOOK), answer("no JSON"), answer())
    assert [value(name, sample) for name in ("schema_first_pass", "schema_final", "repairs")] == [0, 1, 2]
    assert value("repair_tokens", sample) == 3 * 110
    errors = score("schema_first_pass", sample).details["errors"]
    assert errors["/sector_recommendations/0/action"] == ["enum"]
    assert errors["/sector_recommendations/0"] == ["required", "required"]


async def test_an_answer_that_never_meets_the_schema_fails_in_the_end() -> None:
    sample = await sample_of(said(LOOK), BAD, answer("no JSON"), keys={"budget": {"repairs": 1}})
    last = score("schema_final", sample)
    assert (last.value, last.details) == (0, {"errors": {"": ["not_json"]}})
    assert value("repairs", sample) == 1


async def test_an_answer_without_a_tool_call_is_no_attempt_at_the_schema() -> None:
    sample = await sample_of(answer("I know."), said(LOOK), answer())
    assert [value(name, sample) for name in ("schema_first_pass", "repair_tokens")] == [1, 0]
    assert score("repairs", sample).details == {"no_tool_call": 1, "schema": 0}
    unsupported = await sample_of(answer(), answer())
    assert [value(name, unsupported) for name in ("schema_first_pass", "schema_final", "repair_tokens")] == [None] * 3
    assert value("repairs", unsupported) == 1


@pytest.mark.parametrize(
    "name", ["schema_first_pass", "schema_final", "repairs", "repair_tokens", "taxonomy", "duplicates",
             "heatmap_provenance"]
)  # fmt: skip
async def test_a_run_without_an_answer_has_no_score_of_it(name: str) -> None:
    for sample in (NOTHING, await failed()):
        assert value(name, sample) is None


async def test_sectors_that_no_tool_named_are_unknown() -> None:
    sample = await sample_of(said(LOOK), advise(("banks", "neutral"), ("Space", "overweight")))
    unknown = score("taxonomy", sample)
    assert (unknown.value, unknown.details) == (0.5, {"unknown": ["Space"]})


async def test_the_cases_taxonomy_and_its_aliases_win_over_the_tools() -> None:
    sample = await sample_of(said(LOOK), advise(("NGÂN HÀNG", "neutral"), ("Oil & Gas", "neutral")))
    assert value("taxonomy", sample) == 0
    assert value("taxonomy", judged(sample, taxonomy=ALIASES)) == 1
    assert value("taxonomy", judged(sample, taxonomy={"Banks": ["Ngân hàng"]})) == 0.5


async def test_sectors_are_not_judged_where_nobody_names_any() -> None:
    sample = await sample_of(
        calls("talk"), advise(("Banks", "neutral")), servers={"market": market(talk=lambda: "All is well.")}
    )
    assert score("taxonomy", sample).explanation == "neither the case nor a tool names any sector"
    assert value("taxonomy", judged(sample, taxonomy=ALIASES)) == 1


async def test_an_answer_of_no_sector_is_not_judged_by_its_sectors_but_covers_none() -> None:
    lenient = {"strict": False}
    empty = await sample_of(
        said(LOOK), answer({"sector_recommendations": []}), expect={"cover": ["Banks"]}, keys=lenient
    )
    assert [value(name, empty) for name in ("taxonomy", "coverage", "duplicates")] == [None, 0, 0]
    other = await sample_of(said(LOOK), answer({"view": "up"}), expect={"cover": ["Banks"]}, keys=lenient)
    assert [value(name, other) for name in ("taxonomy", "coverage", "duplicates")] == [None, None, None]


async def test_a_recommendation_without_a_name_is_of_an_unknown_sector() -> None:
    listed = [{"sector_name": "Banks"}, {"action": "neutral"}]
    sample = await sample_of(said(LOOK), answer({"sector_recommendations": listed}), keys={"strict": False})
    assert (value("taxonomy", sample), score("taxonomy", sample).details) == (0.5, {"unknown": [""]})


async def test_coverage_counts_the_sectors_that_the_case_or_the_agent_file_wants() -> None:
    sample = await sample_of(keys={"universe": ["Banks", "Energy"]})
    assert value("coverage", sample) == 1
    fewer = score("coverage", judged(sample, cover=["Banks", "banks", "Oil & Gas", "Space"], taxonomy=ALIASES))
    assert (fewer.value, fewer.details) == (2 / 3, {"missing": ["Space"]})
    assert value("coverage", await sample_of()) is None
    assert value("coverage", await failed(expect={"cover": ["Banks"]})) is None


async def test_a_sector_under_two_names_is_a_duplicate() -> None:
    twice = advise(("Banks", "neutral"), ("Ngân hàng", "neutral"), ("Energy", "neutral"))
    sample = await sample_of(said(LOOK), twice, expect={"taxonomy": ALIASES})
    assert (value("duplicates", sample), score("duplicates", sample).details) == (1, {"repeated": {"Banks": 2}})
    assert value("duplicates", judged(sample)) == 0


async def test_stances_are_right_where_their_action_is_acceptable() -> None:
    sample = await sample_of()
    expected = {"banks": ["overweight", "neutral"], "Oil & Gas": ["neutral"]}
    stances = score("stances", judged(sample, stances=expected, taxonomy=ALIASES))
    assert (stances.value, stances.details) == (0.5, {"wrong": {"Oil & Gas": ["underweight"]}})
    assert value("stances", judged(sample, stances={"Banks": ["overweight"]})) == 1
    assert value("stances", sample) is None
    assert value("stances", await failed(expect={"stances": expected})) is None


async def test_a_sector_left_out_counts_as_neutral() -> None:
    sample = await sample_of()
    assert value("stances", judged(sample, stances={"Space": ["neutral", "underweight"]})) == 1
    assert value("stances", judged(sample, stances={"Space": ["underweight"]})) == 0


async def test_each_action_of_a_sector_recommended_twice_has_to_be_acceptable() -> None:
    twice = advise(("Banks", "overweight"), ("Ngân hàng", "underweight"))
    sample = await sample_of(said(LOOK), twice, expect={"stances": {"Banks": ["overweight"]}, "taxonomy": ALIASES})
    assert value("stances", sample) == 0


def handed_out(sample: Any, url: Any) -> Any:
    """As if the run had let this address pass."""

    def change(event: Event) -> Event:
        good = isinstance(event, RunFinished) or (isinstance(event, AnswerChecked) and event.valid)
        return replace(event, answer=event.answer | {"heatmap_url": url}) if good else event  # type: ignore[attr-defined,call-arg]

    return changed(sample, change)


async def test_the_heatmap_of_the_runs_own_page_is_rendered() -> None:
    sample = await sample_of()
    assert sample.result.answer["heatmap_url"] == PAGE_URL
    heatmap = score("heatmap_provenance", sample)
    assert (heatmap.value, heatmap.details["source"]) == (1, "rendered")


async def test_the_own_page_is_known_by_the_address_that_was_handed_out() -> None:
    sample = await sample_of()
    where = sample.result.answer | {"heatmap_url": "file:///elsewhere/page.html"}
    assert value("heatmap_provenance", replace(sample, result=replace(sample.result, answer=where))) == 1


@pytest.mark.parametrize(("url", "passes"), [(CHART, 1), (CHART.replace("https", "http"), 0)])
async def test_an_address_that_a_tool_returned_is_its_own_and_has_to_be_https(url: str, passes: int) -> None:
    servers = {"market": market(chart=lambda: {"heatmap": url})}
    sample = await sample_of(calls("chart"), advise(("Banks", "neutral"), url=url), servers=servers)
    heatmap = score("heatmap_provenance", sample)
    assert (heatmap.value, heatmap.details["source"]) == (passes, "tool")
    assert score("heatmap_provenance", answered_from(sample, ["miss"])).details["source"] == "foreign"


async def test_an_address_that_a_tool_only_echoes_is_foreign() -> None:
    def echo(url: str) -> str:
        return url

    sample = await sample_of(calls(("echo", {"url": CHART})), answer(ANSWER), servers={"market": market(echo=echo)})
    foreign = score("heatmap_provenance", handed_out(sample, CHART))
    assert (foreign.value, foreign.details) == (0, {"source": "foreign", "scheme": "https"})


async def test_an_address_in_a_tools_sentence_or_on_a_host_that_the_file_does_not_name_is_foreign() -> None:
    told = await sample_of(calls("chart"), answer(), servers={"market": market(chart=lambda: f"see {CHART}")})
    assert score("heatmap_provenance", handed_out(told, CHART)).details["source"] == "foreign"
    servers = {"market": market(chart=lambda: {"heatmap": CHART})}
    for host, source in (("maps.example", "foreign"), ("charts.example", "tool")):
        sample = await sample_of(calls("chart"), answer(), servers=servers, keys={"policy": {"links": [host]}})
        assert score("heatmap_provenance", handed_out(sample, CHART)).details["source"] == source


@pytest.mark.parametrize("url", ["", None, 3])
async def test_an_answer_without_an_address_has_no_heatmap(url: Any) -> None:
    assert score("heatmap_provenance", handed_out(await sample_of(), url)).details == {"source": "none"}


async def test_no_heatmap_is_asked_of_a_schema_without_one() -> None:
    form = {"type": "object", "properties": {"view": {"type": "string"}}}
    sample = await sample_of(said(LOOK), answer({"view": "up"}), keys={"response_format": form})
    assert "no heatmap_url" in score("heatmap_provenance", sample).explanation
