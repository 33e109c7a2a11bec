"""What would change a call: arithmetic on the columns that its rationale rests on."""

from __future__ import annotations

from typing import Any

import pytest

from agent.evidence import examine
from agent.model.scorecard import ranked
from agent.report.heatmap import heatmap_of
from agent.report.turning import direction, turning_points, turning_text
from agent.report.words import words
from tests.report.runs_and_pages import advice, figure, result

SAY = words("en")
SECTORS = ("Banks", "Retail", "Media", "Energy", "Steel")


def column(metric: str, *values: float, **other: Any) -> list[Any]:
    return [
        figure(name, value, metric, pointer=f"/{name}/{metric}", **other)
        for name, value in zip(SECTORS, values, strict=True)
    ]


def told(action: str, why: str, figures: list[Any], sector: str = "Banks") -> list[str]:
    run = result(answer={"sector_recommendations": [advice(sector, action, why=why)]}, figures=figures)
    run.evidence = [number.to_json() for number in examine(run.answer, run.figures)]
    (found,) = turning_points(run, heatmap_of(figures), run.answer["sector_recommendations"])
    return [turning_text(each, SAY) for each in found]


RETURNS = column("performance", 9.7, 1.2, -3.0, 4.0, 0.5)


@pytest.mark.parametrize(
    ("action", "text"),
    [
        ("overweight", ["Performance 3M +9.7 %: below +2.5 % (−7.2)"]),
        ("underweight", ["Performance 3M +9.7 %, above +2.5 %"]),
        ("neutral", []),
        ("hold", []),
    ],
)
def test_the_other_side_of_the_mean_speaks_against_a_call(action: str, text: list[str]) -> None:
    assert told(action, "Performance of +9.7 % (3M).", RETURNS) == text


def test_all_numbers_of_a_measure_have_the_decimals_of_its_column() -> None:
    returns = column("return", 33.0, 10.5, 8.0, -3.2, -12.5, unit=None)
    assert told("overweight", "Return of 33 (3M).", returns) == ["Return 3M +33.0: below +7.2 (−25.8)"]
    assert told("underweight", "Return of −3.2 (3M).", returns, "Energy") == ["Return 3M −3.2: above +7.2 (+10.4)"]


def test_the_way_there_is_that_between_the_numbers_as_they_are_printed() -> None:
    returns = column("performance", -8.51, -17.96, -18.0, -17.96, -30.0)
    assert told("overweight", "Performance of −8.5 % (3M).", returns) == [
        "Performance 3M −8.5 %: below −18.5 % (−10.0)"
    ]


def test_less_volatility_is_better() -> None:
    figures = column("volatility", 10.0, 12.0, 14.0, 16.0, 30.0)
    assert told("overweight", "Volatility of 10.0 % (3M).", figures) == ["Volatility 3M 10.0 %: above 16.4 % (+6.4)"]
    assert told("underweight", "Volatility of 10.0 % (3M).", figures) == ["Volatility 3M 10.0 %, below 16.4 %"]


def test_drawdown_below_0_is_better_the_higher_it_is_and_one_written_as_a_size_the_lower() -> None:
    below = column("max_drawdown", -35.0, -20.0, -15.0, -10.0, -5.0)
    assert told("underweight", "Max drawdown of −35.0 % (3M).", below) == [
        "Max drawdown 3M −35.0 %: above −17.0 % (+18.0)"
    ]
    size = column("max_drawdown", 35.0, 20.0, 15.0, 10.0, 5.0)
    assert told("underweight", "Max drawdown of 35.0 % (3M).", size) == ["Max drawdown 3M 35.0 %: below 17.0 % (−18.0)"]


@pytest.mark.parametrize("metric", ["risk-adjusted return", "volatility_adjusted_momentum", "return_to_risk"])
def test_gain_that_is_set_against_a_risk_is_better_the_higher_it_is(metric: str) -> None:
    run = result(figures=column(metric, 9.0, 1.0, -3.0, 4.0, 0.5))
    assert direction(heatmap_of(run.figures).columns[0]) == 1


def test_what_no_rationale_cites_or_has_no_direction_or_no_spread_is_left_out() -> None:
    assert told("overweight", "It does well.", RETURNS) == []
    assert told("overweight", "It has 12 trades.", column("trades", 12.0, 3.0, 4.0, 5.0, 6.0, unit=None)) == []
    assert told("overweight", "Performance of +9.7 % (3M).", RETURNS[:2]) == []
    assert told("overweight", "Performance of −1.0 % (3M).", column("performance", *[-1.0] * 5)) == []
    assert told("overweight", "Performance of +9.7 % (3M).", RETURNS, "Telecoms") == []


def test_number_too_large_for_a_measure_has_no_part_in_the_mean() -> None:
    huge = figure("Telecoms", 1e300, "performance", pointer="/Telecoms")
    assert told("overweight", "Performance of +9.7 % (3M).", [*RETURNS, huge]) == [
        "Performance 3M +10 %: below +2 % (−8)"
    ]
    assert told("overweight", "Performance of 1e300 % (3M).", [*RETURNS, huge], "Telecoms") == []


@pytest.mark.parametrize("sector", ["Banks", "Energy", "Steel"])
def test_panel_and_scorecard_measure_from_the_same_mean(sector: str) -> None:
    """One sector is far above all others, so that the median is far from the mean."""
    figures = column("performance", 2.0, -1.0, 1.0, 3.0, 90.0, lookback="1Y")
    [scored] = [each for each in ranked(figures) if each.sector == sector]
    why = f"Performance of {next(each.value for each in figures if each.sector == sector)} % (1Y)."
    run = result(answer={"sector_recommendations": [advice(sector, "overweight", why=why)]}, figures=figures)
    run.evidence = [number.to_json() for number in examine(run.answer, run.figures)]
    [[found]] = turning_points(run, heatmap_of(figures), run.answer["sector_recommendations"])
    assert found.margin == pytest.approx(scored.evidence[0].z)


def test_sector_that_is_the_middle_itself_has_nowhere_to_turn() -> None:
    middling = column("performance", 9.7, 1.2, -3.0, 4.0, -5.9)
    for action in ("overweight", "underweight"):
        assert told(action, "Performance of +1.2 % (3M).", middling, "Retail") == []
        assert told(action, "Performance of +1.24 % (3M).", column("performance", 1.24, 1.18, -3.0, 6.0, 0.6)) == []


def test_three_are_told_and_what_speaks_against_the_call_comes_first() -> None:
    lookbacks = {"1M": 2.0, "3M": 9.0, "6M": -4.0, "1Y": 5.0}
    figures = [
        each
        for lookback, own in lookbacks.items()
        for each in column("performance", own, 1.0, -3.0, 4.0, 0.5, lookback=lookback)
    ]
    figures = [each._replace(pointer=f"{each.pointer}/{each.lookback}") for each in figures]
    why = "Performance of +2.0 % (1M), +9.0 % (3M), −4.0 % (6M) and +5.0 % (1Y)."
    assert told("overweight", why, figures) == [
        "Performance 6M −4.0 %, below −0.3 %",
        "Performance 1M +2.0 %: below +0.9 % (−1.1)",
        "Performance 1Y +5.0 %: below +1.5 % (−3.5)",
    ]


def test_figures_of_a_sector_speak_for_its_call_by_whichever_of_its_names_the_answer_has_it() -> None:
    run = result(
        answer={"sector_recommendations": [advice("Banking", why="Performance of +9.7 % (3M).")]},
        figures=RETURNS,
        spec={"sectors": {"Banks": {"aliases": ["Banking"]}}},
    )
    aliases = run.taxonomy.aliases
    run.evidence = [number.to_json() for number in examine(run.answer, run.figures, aliases=aliases)]
    (found,) = turning_points(run, heatmap_of(run.figures, run.taxonomy.key), run.answer["sector_recommendations"])
    assert [turning_text(each, SAY) for each in found] == told("overweight", "Performance of +9.7 % (3M).", RETURNS)
    assert len(found) == 1
