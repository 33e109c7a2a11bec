from __future__ import annotations

import pytest

from agent.figures import Figure
from agent.model.scorecard import Scored, ranked, return_days


def figures(metric: str, lookback: str | None, tool: str = "t", **values: float | None) -> list[Figure]:
    return [
        Figure(
            sector=sector,
            metric=metric,
            value=value,
            unit="percent",
            lookback=lookback,
            observed_at=None,
            tool=tool,
            call="c",
            pointer="",
        )
        for sector, value in values.items()
    ]


def on(day: str | None, given: list[Figure], unit: str | None = "percent") -> list[Figure]:
    return [figure._replace(observed_at=day, unit=unit) for figure in given]


def used(scored: list[Scored]) -> set[tuple[str, str | None]]:
    return {(each.figure.metric, each.figure.lookback) for sector in scored for each in sector.evidence}


def test_returns_over_a_year_and_a_month_and_seasonality_weigh_the_same() -> None:
    given = ranked(
        figures("performance", "1Y", A=3.0, B=0.0, C=-3.0)
        + figures("performance", "1M", A=1.0, B=-1.0, C=0.0)
        + figures("seasonality", "20Y", A=-2.0, B=2.0, C=0.0)
    )
    assert [(each.sector, round(each.score, 6)) for each in given] == [
        ("A", round(1.5**0.5 / 3, 6)),
        ("B", 0.0),
        ("C", round(-(1.5**0.5) / 3, 6)),
    ]
    assert {abs(round(each.part, 6)) for sector in given for each in sector.evidence} == {0.0, round(1.5**0.5, 6)}


@pytest.mark.parametrize(
    ("offered", "taken"),
    [
        ([("performance", "1Y"), ("relative_strength", "1Y"), ("momentum", "12-1M")], {("performance", "1Y")}),
        ([("relative_strength", "1Y"), ("momentum", "12-1M")], {("relative_strength", "1Y")}),
        ([("momentum", "12-1M"), ("performance", "6M")], {("momentum", "12-1M")}),
        ([("performance", "3M"), ("performance", "1M"), ("performance", "1W")], {("performance", "1M")}),
        ([("perf_1d", None), ("perf_1m", None), ("perf_1y", None)], {("perf_1m", None), ("perf_1y", None)}),
        ([("change_pct", None), ("perf_1w", None)], {("perf_1w", None)}),
        ([("momentum_12_0", None), ("momentum_1_0", None)], {("momentum_12_0", None), ("momentum_1_0", None)}),
        ([("oneYearReturn", None), ("oneMonthReturn", None)], {("oneYearReturn", None), ("oneMonthReturn", None)}),
        ([("ytdReturn", None), ("changesPercentage", None)], {("ytdReturn", None), ("changesPercentage", None)}),
        (
            [("performance", "trailing 12 months"), ("return_pct_1m", None)],
            {("performance", "trailing 12 months"), ("return_pct_1m", None)},
        ),
        (
            [("performance", "last 30 sessions"), ("performance", "12 tháng")],
            {("performance", "last 30 sessions"), ("performance", "12 tháng")},
        ),
        ([("return", "63 sessions"), ("volume_change", "1M"), ("volatility", "1Y")], {("return", "63 sessions")}),
    ],
)
def test_each_measure_is_taken_from_the_figure_nearest_to_it(
    offered: list[tuple[str, str | None]], taken: set[tuple[str, str | None]]
) -> None:
    given = [figure for metric, lookback in offered for figure in figures(metric, lookback, A=1.0, B=-1.0)]
    assert used(ranked(given)) == taken == used(ranked(given[::-1]))


def test_returns_over_days_say_less_than_other_measures() -> None:
    given = ranked(figures("perf_1d", None, A=1.0, B=-1.0) + figures("share_of_turnover", "1M", A=-1.0, B=1.0))
    assert [each.sector for each in given] == ["B", "A"]


@pytest.mark.parametrize(
    ("lookbacks", "taken"),
    [(("1M", "1Y"), "1Y"), (("504D", "1Y", "60M"), "504D"), (("60M", "24M"), "24M"), (("5Y", "10Y"), "5Y")],
)
def test_volatility_nearest_to_two_years_counts_against_a_sector_when_shelter_is_sought(
    lookbacks: tuple[str, ...], taken: str
) -> None:
    given = [
        figure
        for lookback in lookbacks
        for figure in figures("volatility", lookback, A=8.0 if lookback == taken else 9.0, B=8.5)
    ]
    assert ranked(given) == []
    assert [each.sector for each in ranked(given, shelter=True)] == ["A", "B"]
    assert used(ranked(given, shelter=True)) == {("volatility", taken)}


@pytest.mark.parametrize(
    ("metric", "lookback", "days"),
    [
        ("performance", "6M", 182),
        ("perf_6m", None, 182),
        ("oneYearReturn", None, 365),
        ("performance", "24M", 730),
        ("momentum", "12-1M", None),
        ("volatility", "24M", None),
    ],
)
def test_days_that_a_return_spans_are_read_from_its_lookback_or_its_name(
    metric: str, lookback: str | None, days: int | None
) -> None:
    assert return_days(figures(metric, lookback, A=1.0)[0]) == days


def test_sectors_of_two_tools_are_measured_each_against_its_own() -> None:
    given = ranked(figures("performance", "1Y", A=90.0, B=80.0) + figures("performance", "1Y", "u", C=2.0, D=1.0))
    assert [(each.sector, each.score) for each in given] == [("A", 1.0), ("C", 1.0), ("B", -1.0), ("D", -1.0)]
    assert {each.measures for each in given} == {(1, 1)}


def test_sector_that_two_tools_measure_has_the_mean_of_both() -> None:
    both = figures("performance", "1Y", A=2.0, B=1.0) + figures("performance", "1Y", "u", A=1.0, B=2.0)
    assert [each.score for each in ranked(both)] == [0.0, 0.0]


def test_rows_of_several_days_are_weighed_by_the_last_in_whatever_order_they_stand() -> None:
    older = on("2024-06-30", figures("performance", "1Y", A=-10.0, B=0.0, C=10.0))
    newer = on("2025-06-30", figures("performance", "1Y", A=10.0, B=0.0, C=-10.0))
    for given in (newer + older, older + newer, newer + on(None, older)):
        assert [(each.sector, each.action) for each in ranked(given)] == [
            ("A", "overweight"),
            ("B", "neutral"),
            ("C", "underweight"),
        ]


@pytest.mark.parametrize(
    ("metric", "unit"), [("relative_strength", None), ("rs_1y", None), ("momentum_rank", None), ("performance", "rank")]
)
def test_ranks_of_which_the_best_may_be_the_least_are_not_weighed(metric: str, unit: str | None) -> None:
    ranks = on(None, figures(metric, "1Y", A=1.0, B=11.0, C=7.0), unit)
    assert ranked(ranks) == []
    assert used(ranked(ranks + figures("momentum", "1Y", A=1.0, B=2.0))) == {("momentum", "1Y")}


@pytest.mark.parametrize("values", [{"A": 1.5, "B": 3.0}, {"A": -1.0, "B": 2.0}, {"A": 2.0, "B": 2.0}])
def test_relative_strength_that_is_no_rank_is_weighed(values: dict[str, float]) -> None:
    assert used(ranked(on(None, figures("relative_strength", "1Y", **values), None))) == {("relative_strength", "1Y")}


def test_a_sector_that_two_tools_write_differently_is_one_under_the_name_that_came_first() -> None:
    flow = figures("share_of_turnover", "1M", "flow", **{"OIL AND GAS": 2.0, "Banks": -1.0, "Retail": 0.5})
    given = ranked(figures("performance", "1Y", **{"Oil & Gas": 5.0, "Banks": 1.0, "Retail": -2.0}) + flow)
    assert [(each.sector, each.of, each.measures) for each in given] == [
        ("Oil & Gas", 3, (2, 2)),
        ("Banks", 3, (2, 2)),
        ("Retail", 3, (2, 2)),
    ]
