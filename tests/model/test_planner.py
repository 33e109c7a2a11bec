from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from agent import data
from agent.agentfile import load
from agent.answer import compile_strict
from agent.figures import FigureReader
from agent.model.base import Request, Turn
from agent.model.calibration import calibration
from agent.model.planner import Planner
from agent.spec import AgentSpec

SCHEMA = compile_strict(load("dynamic_sector_advisor").spec)
TEXTS = {"type": "object", "properties": {"lookback_period": {"type": "string"}, "sector": {"type": "string"}}}
HEATMAP = {"name": "get_sector_heatmap", "description": "", "input_schema": TEXTS}
FLOW = {"name": "get_foreign_flow", "description": "", "input_schema": {"type": "object", "properties": {}}}
MACRO = {"name": "get_macro_indicators", "description": "", "input_schema": {"type": "object", "properties": {}}}


def table(metric: str, /, *, over: str = "3M", **values: float | None) -> dict[str, Any]:
    rows = [{"sector": sector, metric: value} for sector, value in values.items()]
    return {"columns": {metric: {"unit": "percent", "lookback": over}}, "rows": rows}


def growth(change: float, unemployment: float) -> dict[str, Any]:
    rows = [("gdp_growth", change), ("unemployment_rate", unemployment)]
    return {"rows": [{"indicator": name, "value": 2.0, "change": change} for name, change in rows]}


def request(
    *results: Any, question: str = "Which sectors?", form: str = "", tools: list[Any] | None = None, **more: Any
) -> Request:
    """After one turn whose calls had these results; a text is an error."""
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": [{"type": "text", "text": t} for t in (question, form)]}
    ]
    if results:
        calls = [{"type": "tool_use", "id": f"c{at}", "name": f"t{at}", "input": {}} for at in range(len(results))]
        answers = [
            {
                "type": "tool_result",
                "tool_use_id": f"c{at}",
                "content": each if isinstance(each, str) else json.dumps(each),
                "is_error": isinstance(each, str),
            }
            for at, each in enumerate(results)
        ]
        messages += [{"role": "assistant", "content": calls}, {"role": "user", "content": answers}]
    return Request("", tools or [], messages, more.get("schema", SCHEMA), {})


async def ask(*results: Any, **more: Any) -> Turn:
    return await Planner().answer(request(*results, **more))


async def advice(*results: Any, **more: Any) -> dict[str, dict[str, Any]]:
    answer = json.loads((await ask(*results, **more)).text)
    return {each["sector_name"]: each for each in answer["sector_recommendations"]}


def of_universe(*sectors: str) -> dict[str, Any]:
    items = SCHEMA["properties"]["sector_recommendations"]["items"]
    named = {**items["properties"], "sector_name": {"type": "string", "enum": [*sectors]}}
    rows = {"type": "array", "items": {**items, "properties": named}}
    return {**SCHEMA, "properties": {"sector_recommendations": rows}}


async def test_tickers_count_by_their_sector_and_names_by_the_taxonomy() -> None:
    sectors = {"Banks": {"names": {"vi": "Ngân hàng"}, "tickers": ["VCB", "BID"]}, "Oil": {"tickers": ["PLX"]}}
    spec = load("dynamic_sector_advisor").spec
    named = AgentSpec.model_validate(spec.model_dump(exclude_unset=True) | {"sectors": sectors})
    flow = {"data": [{"symbol": name, "net_value": value} for name, value in (("VCB", 3), ("BID", 4), ("PLX", -5))]}
    heatmap = {"data": [{"name": "ngan hang", "momentum": 2.0}, {"name": "Oil", "momentum": 1.0}]}
    turn = await Planner(FigureReader(named)).answer(request(flow, heatmap))
    advised = {each["sector_name"]: each["rationale"] for each in json.loads(turn.text)["sector_recommendations"]}
    assert set(advised) == {"Banks", "Oil"}
    assert "net value +7.0" in advised["Banks"] and "of 2 on the scorecard" in advised["Banks"]


async def test_macro_and_heatmaps_come_first_and_the_rest_second() -> None:
    tools = [FLOW, HEATMAP, MACRO]
    first = await ask(tools=tools)
    assert [(call.name, call.arguments.get("lookback_period")) for call in first.calls] == [
        ("get_macro_indicators", None),
        ("get_sector_heatmap", "1M"),
        ("get_sector_heatmap", "3M"),
        ("get_sector_heatmap", "1Y"),
    ]
    told = request(tools=tools)
    told.messages.append({"role": "assistant", "content": first.content})
    second = await Planner().answer(told)
    assert [call.name for call in second.calls] == ["get_foreign_flow"]
    assert not {call.id for call in first.calls} & {call.id for call in second.calls}


@pytest.mark.parametrize(
    "properties",
    [
        {"metrics": {"items": True}},
        {"metrics": {"type": "array", "items": []}},
        {"x": True},
        {"period": {"enum": ["9W"]}},
    ],
)
async def test_odd_parameters_stop_nothing(properties: dict[str, Any]) -> None:
    tool = {"name": "get_macro", "description": "", "input_schema": {"type": "object", "properties": properties}}
    assert [call.name for call in (await ask(tools=[tool])).calls] == ["get_macro"]


@pytest.mark.parametrize(
    ("offered", "default", "asked"),
    [
        (["performance", "momentum", "beta"], ["performance", "momentum"], ["performance", "momentum"]),
        (["performance", "beta"], ["performance", "momentum"], ["performance"]),
        (["performance", "momentum"], None, ["performance", "momentum"]),
        (["performance", "momentum"], [], ["performance", "momentum"]),
    ],
)
async def test_of_a_list_what_the_scorecard_knows_is_asked_for(
    offered: list[str], default: Any, asked: list[str]
) -> None:
    metrics = {"type": "array", "items": {"type": "string", "enum": offered}, "default": default}
    schema = {"type": "object", "properties": {"metrics": metrics}}
    turn = await ask(tools=[HEATMAP | {"input_schema": schema}])
    assert [block["input"] for block in turn.content] == [{"metrics": asked}]


async def test_tool_that_needs_what_the_rules_cannot_fill_is_not_called() -> None:
    needs = {"type": "object", "properties": {"symbol": {"type": "string"}}, "required": ["symbol"]}
    turn = await ask(tools=[{"name": "get_financials", "description": "", "input_schema": needs}])
    assert (turn.calls, turn.stop_reason) == ([], "refusal")


async def test_best_are_overweight_and_worst_underweight_with_the_same_confidence_at_the_same_distance() -> None:
    given = await advice(table("momentum", over="12-1M", A=9.0, B=1.0, C=0.0, D=-1.0, E=-9.0))
    assert (given["A"]["action"], given["E"]["action"]) == ("overweight", "underweight")
    assert 0.5 < given["A"]["confidence_score"] == given["E"]["confidence_score"] <= 0.65
    assert "momentum +9.0 % (12-1M, highest of 5)" in given["A"]["rationale"]
    assert "momentum \u22129.0 % (12-1M, lowest of 5)" in given["E"]["rationale"]


async def test_figure_of_zero_counts() -> None:
    given = await advice(table("momentum", A=5.0, B=-5.0, C=0.0))
    assert "of 3 on the scorecard" in given["A"]["rationale"]


async def test_fewer_measures_make_a_sector_less_extreme_and_are_told() -> None:
    full = [
        table(metric, A=5.0, B=1.0, C=-1.0, D=None if metric != "momentum" else -9.0)
        for metric in ("momentum", "seasonality")
    ]
    given = await advice(*full)
    assert "Only 1 of 2 measures have figures for it." in given["D"]["rationale"]
    assert "Only" not in given["A"]["rationale"]
    assert given["D"]["confidence_score"] < calibration(None, 91).confidence("underweight", -1.7)


@pytest.mark.parametrize("question", ["Which sectors hold up in a downturn?", "Ngành nào phòng thủ tốt?"])
async def test_question_that_asks_for_shelter_counts_low_volatility_more(question: str) -> None:
    tables = table("momentum", A=5.0, B=-5.0), table("volatility", A=40.0, B=10.0)
    assert (await advice(*tables))["A"]["action"] == "overweight"
    sought = await advice(*tables, question=question)
    assert sought["B"]["action"] == "overweight"
    assert "The question asks for shelter" in sought["B"]["rationale"]


async def test_words_of_the_form_are_no_question() -> None:
    tables = table("momentum", A=5.0, B=-5.0), table("volatility", A=40.0, B=10.0)
    given = await advice(*tables, form="Benchmark: defensive. Sectors: Consumer Defensive")
    assert given["A"]["action"] == "overweight" and "shelter" not in given["A"]["rationale"]


async def test_slowing_growth_with_rising_unemployment_is_told_and_changes_no_call() -> None:
    tables = table("momentum", A=5.0, B=-5.0), table("volatility", A=40.0, B=10.0)
    slowing, growing = await advice(growth(-0.4, 0.3), *tables), await advice(growth(0.4, 0.3), *tables)
    assert "Growth slows while unemployment rises" in slowing["A"]["rationale"]
    assert "Growth slows" not in str(growing)
    assert [each["action"] for each in slowing.values()] == [each["action"] for each in growing.values()]


async def test_heatmap_is_asked_for_what_is_weighed_and_what_the_article_shows() -> None:
    def asked(*allowed: str, **more: Any) -> Any:
        metrics = {"type": "array", "items": {"type": "string", "enum": list(allowed)}, **more}
        return {"name": "get_sector_heatmap", "description": "", "input_schema": {"properties": {"metrics": metrics}}}

    async def chosen(tool: Any) -> Any:
        return (await ask(tools=[tool])).calls[0].arguments["metrics"]

    assert await chosen(asked("performance", "beta", "seasonality")) == ["performance", "seasonality"]
    assert await chosen(asked("perf_1d", "turnover", default=["perf_1d"])) == ["perf_1d"]
    assert await chosen(asked("perf_1d", "turnover")) == ["perf_1d", "turnover"]


async def test_first_rationale_states_the_scorecard_and_no_other_does() -> None:
    given = await advice(table("performance", A=9.0, B=-9.0), table("share_of_turnover", A=1.0, B=-1.0))
    stated = "The scorecard counts performance (3M) in full; share of turnover (3M) by half."
    assert stated in given["A"]["rationale"] and "The scorecard counts" not in given["B"]["rationale"]


@pytest.mark.parametrize(
    ("form", "says", "confidence"),
    [
        ("As-of date: 1955-06-30\nHorizon: 63 sessions", "not calibrated", 0.5),
        ("As-of date: 2008-09-30\nHorizon: 63 sessions", "from 1950 to 2007", calibration(date(2007, 12, 31), 91)),
        ("As-of date: 2008-09-30\nHorizon: 2 weeks", "from 1950 to 2007", calibration(date(2007, 12, 31), 30)),
        ("Horizon: 1 month", "from 1950 to 2016", calibration(None, 30)),
    ],
)
async def test_confidence_is_by_the_record_before_the_as_of_date_for_the_nearest_horizon(
    form: str, says: str, confidence: Any
) -> None:
    given = (await advice(table("performance", over="1Y", A=9.0, B=0.0, C=0.0, D=0.0, E=-9.0), form=form))["A"]
    score = 2.5**0.5
    wanted = confidence if isinstance(confidence, float) else confidence.confidence("overweight", score)
    assert given["confidence_score"] == wanted and says in given["rationale"]


async def test_small_loss_is_told_as_one() -> None:
    assert "performance −0.04 % (3M" in (await advice(table("performance", A=-0.04, B=-9.0)))["A"]["rationale"]


async def test_shelter_is_not_claimed_where_no_volatility_was_seen() -> None:
    given = await advice(table("momentum", A=5.0, B=-5.0), question="What is safe in a recession?")
    assert "asks for shelter" not in given["A"]["rationale"]
    assert "No tool gave return over a year, seasonality or volatility." in given["A"]["rationale"]


async def test_sector_of_the_universe_is_found_however_the_tools_write_it() -> None:
    figures = table("performance", over="1Y", **{"Oil & Gas": 9.0, "Banks": -9.0})
    given = await advice(figures, schema=of_universe("Oil and Gas"))
    assert "Ranks 1 of 2 on the scorecard" in given["Oil and Gas"]["rationale"]


async def test_sector_of_the_universe_without_figures_is_neutral_and_says_so() -> None:
    given = await advice(table("momentum", over="1Y", A=5.0, B=-5.0, C=1.0, D=2.0, E=3.0), schema=of_universe("A", "Z"))
    assert list(given) == ["A", "Z"]
    assert (given["Z"]["action"], given["Z"]["confidence_score"]) == (
        "neutral",
        calibration(None, 91).confidence("neutral", 0.0),
    )
    assert "No tool returned figures" in given["Z"]["rationale"]


async def test_absurd_numbers_and_equal_figures_are_survived() -> None:
    given = await advice(table("momentum", A=1.7e308, B=1.0, C=1.0))
    assert {each["action"] for each in given.values()} == {"neutral"}


@pytest.mark.parametrize(
    ("results", "says"),
    [
        (("as_of is outside 1949-2017",), "the last error was: as_of is outside 1949-2017"),
        (({"rows": []},), "no tool returned figures by sector"),
        (
            (table("beta", A=1.0, B=2.0), table("trades", A=1.0, C=2.0, D=3.0)),
            "tools returned figures by sector (beta, trades; of A, B, C and 1 more), and none is one that",
        ),
        ((table("momentum_rank", A=1.0, B=2.0),), "(momentum_rank; of A, B), and none is one"),
    ],
)
async def test_without_figures_the_planner_refuses_and_says_why(results: tuple[Any, ...], says: str) -> None:
    turn = await ask(*results)
    assert turn.stop_reason == "refusal" and says in turn.stop_details["explanation"]


async def test_question_of_another_form_is_refused() -> None:
    turn = await ask(schema={"type": "object", "properties": {"verdict": {"type": "string"}}})
    assert turn.stop_reason == "refusal"


async def test_every_number_of_a_rationale_stands_in_a_result_or_is_a_rank() -> None:
    momentum = {"A": 9.04, "B": 1.26, "C": -3.33}
    given = await advice(table("momentum", **momentum))
    for sector, each in given.items():
        bare = re.sub(r"Ranks \d+ of \d+|\(3M, .*?\)", "", each["rationale"]).replace("\N{MINUS SIGN}", "-")
        assert [float(found) for found in re.findall(r"[+-]?\d+\.\d+", bare)] == [round(momentum[sector], 1)]


SECTORS = {
    "Banks": {"names": {"vi": "Ngân hàng"}, "aliases": ["Lenders"]},
    "Real Estate": {"aliases": ["Property"]},
    "Technology": {"aliases": ["IT"]},
    "Oil and Gas": {},
    "Other Industries": {"aliases": ["Other", "Others"]},
}


def reader(**more: Any) -> FigureReader:
    content = load("dynamic_sector_advisor").spec.model_dump(exclude_unset=True) | {"sectors": SECTORS} | more
    return FigureReader(AgentSpec.model_validate(content))


async def test_sectors_that_the_taxonomy_lacks_are_left_out_and_do_not_count_in_ranks() -> None:
    heatmap = table("momentum", Banks=1.0, Property=-1.0, Strangers=9.0)
    turn = await Planner(reader()).answer(request(heatmap))
    advised = {each["sector_name"]: each["rationale"] for each in json.loads(turn.text)["sector_recommendations"]}
    assert list(advised) == ["Banks", "Real Estate"] and "Ranks 1 of 2" in advised["Banks"]


async def test_figures_of_strangers_only_are_refused_by_their_names() -> None:
    turn = await Planner(reader()).answer(request(table("momentum", Zinc=1.0, Tin=-1.0)))
    assert "in no entry of `sectors`: Zinc, Tin" in turn.stop_details["explanation"]


async def test_universe_may_call_a_sector_by_any_of_its_names() -> None:
    items = SCHEMA["properties"]["sector_recommendations"]["items"]
    named = {**items["properties"], "sector_name": {"type": "string", "enum": ["Ngân hàng"]}}
    recommendations = {"type": "array", "items": {**items, "properties": named}}
    schema = {**SCHEMA, "properties": {"sector_recommendations": recommendations}}
    turn = await Planner(reader()).answer(request(table("momentum", Banks=1.0, Property=-1.0), schema=schema))
    [only] = json.loads(turn.text)["sector_recommendations"]
    assert only["sector_name"] == "Ngân hàng" and "Ranks 1 of 2" in only["rationale"]


async def test_lookbacks_of_a_follow_up_are_told_of_a_sector_whatever_the_universe_calls_it() -> None:
    items = SCHEMA["properties"]["sector_recommendations"]["items"]
    named = {**items["properties"], "sector_name": {"type": "string", "enum": ["Ngân hàng"]}}
    recommendations = {"type": "array", "items": {**items, "properties": named}}
    schema = {**SCHEMA, "properties": {"sector_recommendations": recommendations}}
    asked = request(table("performance", over="6M", Banks=1.0, Property=-1.0), schema=schema)
    follow = ["And over six months, and six weeks?", data.prompt("followup")]
    asked.messages.append({"role": "user", "content": [{"type": "text", "text": text} for text in follow]})
    [only] = json.loads((await Planner(reader()).answer(asked)).text)["sector_recommendations"]
    assert only["rationale"].startswith("As asked: performance +1.0 % (6M); no performance came for 6W. Ranks 1 of 2")


@pytest.mark.parametrize(
    ("name", "lookbacks"),
    [
        ("get_whale_flow", [None]),
        ("relative_rotation_heatmap", ["1M", "3M", "1Y"]),
        ("macro_heatmap", ["3M", "1M", "1Y"]),
    ],
)
async def test_tool_of_two_roles_is_asked_everything_once(name: str, lookbacks: list[str | None]) -> None:
    schema = TEXTS if lookbacks != [None] else {"type": "object", "properties": {}}
    turn = await ask(tools=[{"name": name, "description": "", "input_schema": schema}])
    assert [call.arguments.get("lookback_period") for call in turn.calls] == lookbacks


async def test_heatmap_is_asked_for_the_lookbacks_of_a_follow_up_that_its_schema_takes() -> None:
    asked = request()
    follow = ["And over two years, or six weeks?", data.prompt("followup")]
    asked.messages.append({"role": "user", "content": [{"type": "text", "text": text} for text in follow]})
    lookbacks = {"type": "string", "enum": ["1M", "3M", "1Y", "2Y"]}
    limited = {"type": "object", "properties": {"lookback_period": lookbacks}}
    for schema, more in ((TEXTS, ["2Y", "6W"]), (limited, ["2Y"])):
        turn = await Planner().answer(replace(asked, tools=[HEATMAP | {"input_schema": schema}]))
        assert [call.arguments["lookback_period"] for call in turn.calls] == ["1M", "3M", "1Y", *more]


def tool(name: str, *required: str) -> dict[str, Any]:
    properties = {each: {"type": "string"} for each in required}
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return {"name": name, "description": "", "input_schema": schema}


async def test_tool_of_any_name_is_called_where_the_file_has_its_figures_and_it_needs_no_argument() -> None:
    mapping = {"rows": "$.rows[*]", "sector": "name", "metrics": {"performance": {"at": "up"}}}
    mapped = [{"tool_name": name, "figures": mapping} for name in ("bien_dong_nganh", "get_flow", "of_a_ticker")]
    planner = Planner(reader(tools=mapped))
    tools = [tool("bien_dong_nganh"), tool("get_flow"), tool("of_a_ticker", "symbol"), tool("place_order")]
    turn = await planner.answer(request(tools=tools))
    assert [call.name for call in turn.calls] == ["get_flow", "bien_dong_nganh"]


async def test_refusal_without_any_call_says_which_tools_the_planner_calls() -> None:
    told = (await ask(tools=[tool("bien_dong_nganh")])).stop_details["explanation"]
    assert "no offered tool is one that the offline planner calls: tools with `figures`" in told


async def confidence(*results: Any, **more: Any) -> tuple[float, str]:
    best = next(iter((await advice(*results, **more)).values()))
    return best["confidence_score"], best["rationale"]


async def test_confidence_is_one_half_where_the_evidence_is_thin() -> None:
    five = {"A": 9.0, "B": 1.0, "C": 0.0, "D": -1.0, "E": -9.0}
    for thin in ([table("performance", over="1M", **five)], [table("performance", over="1Y", A=9.0, B=-9.0)]):
        stated, told = await confidence(*thin)
        assert stated == 0.5 and "Confidence is not calibrated: that takes five sectors" in told
    _, told = await confidence(table("performance", over="1M", **five))
    assert "No tool gave return over a year or seasonality." in told
    for enough in (
        [table("performance", over="1Y", **five)],
        [table("performance", over="1M", **five), table("seasonality", **five)],
    ):
        stated, told = await confidence(*enough)
        assert stated > 0.5 and "Confidence is how often" in told


async def test_question_about_rates_is_told_the_rate_and_that_it_is_not_weighed() -> None:
    figures = table("momentum", A=5.0, B=-5.0)
    rows = [{"indicator": "interest_rates", "value": 4.69, "change": -0.49, "unit": "percent"}]
    _, told = await confidence({"rows": rows}, figures, question="What does the rate hike mean?")
    assert "Interest rates: 4.7 % after a change of \u22120.5" in told and "does not weigh" in told
    _, told = await confidence(figures, question="Lãi suất tăng thì sao?")
    assert "about interest rates, which no tool gave" in told
    _, told = await confidence({"rows": rows}, figures, question="How do analysts rate the sectors?")
    assert "nterest rates" not in told


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("Lenders, or property?", ["Banks", "Real Estate"]),
        ("Ngân hàng thế nào?", ["Banks"]),
        ("How do oil & gas and IT compare?", ["Oil and Gas", "Technology"]),
        ("Is it time to buy?", []),
        ("Which other sectors lead?", []),
        ("How do the Others do?", []),
        ("Nga\u0302n ha\u0300ng?", ["Banks"]),
    ],
)
async def test_sectors_that_the_question_names_are_answered_too(question: str, named: list[str]) -> None:
    heatmap = table("momentum", Utilities=0.0, Retail=5.0, Media=-5.0, Banks=0.1, Property=0.2, Technology=0.3)
    sectors = SECTORS | {"Utilities": {}, "Retail": {}, "Media": {}}
    turn = await Planner(reader(sectors=sectors)).answer(request(heatmap, question=question))
    advised = {each["sector_name"]: each for each in json.loads(turn.text)["sector_recommendations"]}
    assert list(advised) == ["Retail", "Media", *named]
    assert "Oil and Gas" not in named or "No tool returned figures" in advised["Oil and Gas"]["rationale"]
