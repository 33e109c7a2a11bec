from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.figures import FigureReader
from agent.market import regime, rotation, tools, us_real, vn_sim
from agent.market.relative_rotation import relative_rotation
from tests.market.asking import ask

ROTATION = ["rotation_ratio", "rotation_momentum", "rotation_heading", "rotation_length", "quadrant"]
PACKS = {pack.name: pack for pack in (us_real.PACK, vn_sim.PACK)}


def answered(pack, **arguments):
    return rotation.relative_rotation(
        pack, tools.checked(tools.offered(pack)["get_relative_rotation"], pack, arguments)
    )


@pytest.mark.parametrize(("pack", "sampling", "step"), [(us_real.PACK, "monthly", 1), (vn_sim.PACK, "weekly", 5)])
async def test_each_sector_has_a_place_and_a_way_with_the_parameters_that_were_asked_for(pack, sampling, step):
    parameters = {"window": 10, "smoothing": 3, "lag": 2}
    answer = await ask(pack.name, "get_relative_rotation", **parameters)
    assert {name: answer[name] for name in parameters} == parameters
    assert (answer["sampling"], answer["observations_a_sample"]) == (sampling, step)
    assert [list(row) for row in answer["rows"]] == [["sector", *ROTATION, "tail"]] * len(pack.sectors)
    assert answer["columns"]["rotation_ratio"]["method_id"] == f"rotation_ratio(10,3,2,{sampling})"
    panel = pack.panel()
    found = relative_rotation(panel.sectors, panel.benchmark, step, **parameters)
    assert [row["rotation_ratio"] for row in answer["rows"]] == pytest.approx(list(found.ratio), abs=0.00501)
    assert tuple(row["quadrant"] for row in answer["rows"]) == found.quadrant


@pytest.mark.parametrize("name", PACKS)
def test_each_point_of_a_tail_is_the_answer_as_of_its_date(name):
    pack = PACKS[name]
    counts = {"window": st.integers(3, 30), "smoothing": st.integers(1, 9), "lag": st.integers(1, 5)}

    @settings(max_examples=25, deadline=None)
    @given(st.dates(pack.first, pack.last), st.integers(0, 12), st.fixed_dictionaries(counts))
    def check(as_of, tail, parameters):
        whole = answered(pack, as_of=as_of.isoformat(), tail=tail, **parameters)
        days = sorted({day for row in whole["rows"] for day, *_ in row["tail"]})
        assert len(days) == min(tail, max(whole["samples"] - whole["minimum_samples"], 0))
        assert [*days, whole["observed_at"]] == sorted({*days, whole["observed_at"]})
        for at, day in enumerate(days):
            then = answered(pack, as_of=day, tail=0, **parameters)
            assert then["observed_at"] == day
            places = [[day, row["rotation_ratio"], row["rotation_momentum"]] for row in then["rows"]]
            assert [row["tail"][at] for row in whole["rows"]] == places

    check()


async def test_a_tail_is_four_samples_and_as_many_as_are_asked_for():
    usual = await ask("us-real", "get_relative_rotation", as_of="2008-09-30")
    days = ["2008-05-31", "2008-06-30", "2008-07-31", "2008-08-31"]
    assert [[day for day, *_ in row["tail"]] for row in usual["rows"]] == [days] * 12
    assert usual["tail"] == 4
    assert usual["columns"]["tail"]["fields"] == ["observed_at", "rotation_ratio", "rotation_momentum"]
    longer = await ask("us-real", "get_relative_rotation", as_of="2008-09-30", tail=12)
    assert [row["tail"][-4:] for row in longer["rows"]] == [row["tail"] for row in usual["rows"]]
    none = await ask("us-real", "get_relative_rotation", as_of="2008-09-30", tail=0)
    assert [row | {"tail": []} for row in longer["rows"]] == none["rows"]


async def test_a_tail_for_which_history_is_too_short_has_fewer_points_and_says_so():
    answer = await ask("us-real", "get_relative_rotation", as_of="1951-07-31")
    assert [[day for day, *_ in row["tail"]] for row in answer["rows"]] == [["1951-05-31", "1951-06-30"]] * 12
    needed = "earlier ones have fewer than the 29 that each needs."
    assert answer["notes"][-1] == f"tail has 2 of 4 samples: {needed}"


def test_a_point_that_the_data_do_not_give_is_left_out_and_said():
    whole = us_real.panel()
    sectors = whole.sectors.copy()
    same_until = whole.dates.index(date(2008, 7, 31)) + 1
    sectors[:same_until, 0] = whole.benchmark[:same_until]
    pack = replace(us_real.PACK, panel=lambda: replace(whole, sectors=sectors))
    answer = answered(pack, as_of="2008-12-31", window=3)
    assert [day for day, *_ in answer["rows"][0]["tail"]] == ["2008-11-30"]
    assert [len(row["tail"]) for row in answer["rows"][1:]] == [4] * 11
    assert answer["notes"][-1] == "tail has fewer samples for Consumer Non-Durables: the data give no place there."


async def test_a_short_ratio_is_warned_of():
    answer = await ask("us-real", "get_relative_rotation", as_of="2008-09-30")
    assert any("can contradict relative strength" in note for note in answer["notes"])
    assert (answer["window"], answer["smoothing"], answer["lag"]) == (14, 4, 1)


async def test_too_little_history_for_rotation_is_null_and_the_next_month_is_not():
    short = await ask("us-real", "get_relative_rotation", as_of="1951-04-30")
    enough = await ask("us-real", "get_relative_rotation", as_of="1951-05-31")
    assert all(row[name] is None for row in short["rows"] for name in ROTATION)
    assert all(row["tail"] == [] for row in short["rows"])
    assert short["notes"] == ["All is null: it needs 29 samples (monthly) and has 28."]
    assert all(row[name] is not None for row in enough["rows"] for name in ROTATION)


def test_a_sector_that_equals_the_benchmark_is_named_in_a_note():
    whole = us_real.panel()
    sectors = whole.sectors.copy()
    sectors[:, 0] = whole.benchmark
    pack = replace(us_real.PACK, panel=lambda: replace(whole, sectors=sectors))
    answer = answered(pack)
    assert answer["rows"][0]["quadrant"] is None and answer["rows"][0]["tail"] == []
    assert "quadrant is null for Consumer Non-Durables: the data give no value there." in answer["notes"]


async def test_rotation_reads_as_figures_of_sectors_and_the_regime_as_figures_of_the_market():
    bearings = await ask("us-real", "get_relative_rotation", as_of="2008-09-30")
    figures = FigureReader().read(bearings, offered_as="get_relative_rotation", call="c1")
    assert {figure.sector for figure in figures} == set(us_real.PACK.sectors)
    assert {(figure.metric, figure.unit) for figure in figures} == {
        ("rotation_ratio", "points"),
        ("rotation_momentum", "points"),
        ("rotation_heading", "degrees"),
        ("rotation_length", "points"),
    }
    [ratio] = [
        figure
        for figure in figures
        if (figure.sector, figure.observed_at, figure.metric) == ("Energy", "2008-06-30", "rotation_ratio")
    ]
    energy = next(row for row in bearings["rows"] if row["sector"] == "Energy")
    assert (ratio.value, ratio.lookback, ratio.pointer) == (energy["tail"][1][1], "14M", "/rows/3/tail/1/1")
    regime = await ask("us-real", "get_market_regime", as_of="2008-09-30")
    figures = FigureReader().read(regime, offered_as="get_market_regime", call="c2")
    assert {figure.sector for figure in figures} == {None}
    units = {figure.metric: figure.unit for figure in figures}
    assert units["average_pair_correlation"] == units["average_pair_correlation change"] == "correlation"
    assert units["benchmark_volatility"] == "percent"
    assert units["inflation_trend"] == "percentage points"


async def test_the_crisis_of_2008_is_a_regime_of_fear():
    answer = await ask("us-real", "get_market_regime", as_of="2008-10-31")
    rows = {row["indicator"]: row for row in answer["rows"]}
    assert list(rows) == [
        "average_pair_correlation",
        "benchmark_trend",
        "benchmark_volatility",
        "industrial_production_growth_trend",
        "inflation_trend",
    ]
    panel = us_real.panel()
    end = panel.dates.index(next(day for day in panel.dates if day.isoformat() == "2008-10-31")) + 1
    both = [np.corrcoef(panel.sectors[stop - 24 : stop], rowvar=False) for stop in (end, end - 24)]
    now, before = ((pairs.sum() - 12) / 132 for pairs in both)
    assert rows["average_pair_correlation"]["value"] == pytest.approx(now, abs=0.00501)
    assert rows["average_pair_correlation"]["change"] == pytest.approx(now - before, abs=0.00501)
    assert rows["benchmark_trend"]["value"] < -20
    assert rows["benchmark_volatility"]["change"] > 5
    assert answer["macro_quadrant"] == "growth down, inflation up"
    assert any("could not be told from chance" in note for note in answer["notes"])
    assert (answer["known_at_kind"], answer["vintage"]) == ("assumed-lag", "2022-10 latest")


async def test_the_quadrant_is_that_of_the_numbers_before_they_are_rounded():
    answer = await ask("us-real", "get_market_regime", as_of="1962-08-31")
    trends = {row["indicator"]: row["value"] for row in answer["rows"][3:]}
    assert trends["inflation_trend"] == 0.0
    series = us_real.macro("United States")["inflation"]
    assert regime.macro_trend(series, date(1962, 8, 31)).distance < 0
    assert answer["macro_quadrant"].endswith("inflation down")


async def test_a_regime_without_history_is_null_and_says_what_it_needs():
    answer = await ask("us-real", "get_market_regime", as_of="1949-12-31")
    rows = {row["indicator"]: row for row in answer["rows"]}
    assert rows["average_pair_correlation"]["value"] is rows["benchmark_volatility"]["value"] is None
    assert isinstance(rows["benchmark_trend"]["value"], float) and rows["benchmark_trend"]["change"] is None
    needs = "value needs 10 observations, change 24 more, and there are 12."
    assert f"benchmark_trend: change is null: {needs}" in answer["notes"]
    needs = "value needs 24 observations, change 24 more, and there are 12."
    assert f"average_pair_correlation: value and change are null: {needs}" in answer["notes"]


def regime_of(pack):
    return rotation.market_regime(pack, tools.checked(tools.offered(pack)["get_market_regime"], pack, {}))


def test_a_market_without_macro_data_has_a_regime_of_prices_only():
    answer = regime_of(replace(us_real.PACK, macro=None))
    assert len(answer["rows"]) == 3
    assert "macro_quadrant" not in answer


def test_an_economy_without_inflation_has_no_quadrant():
    growth = {"gdp_growth": us_real.macro("United States")["gdp_growth"]}
    answer = regime_of(replace(us_real.PACK, macro=lambda region: growth, indicators=("gdp_growth",)))
    rows = {row["indicator"]: row for row in answer["rows"]}
    assert isinstance(rows["gdp_growth_trend"]["value"], float)
    assert rows["inflation_trend"]["value"] is None
    assert answer["macro_quadrant"] is None
    assert any(note.startswith("inflation_trend is null: it needs readings in 4 quarters") for note in answer["notes"])
