from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from agent.figures import FigureReader
from agent.market import regime, rotation, tools, us_real, vn_sim
from agent.market.relative_rotation import relative_rotation
from tests.market.asking import ask

ROTATION = ["rotation_ratio", "rotation_momentum", "rotation_heading", "rotation_length", "quadrant"]


@pytest.mark.parametrize(("pack", "sampling", "step"), [(us_real.PACK, "monthly", 1), (vn_sim.PACK, "weekly", 5)])
async def test_each_sector_has_a_place_and_a_way_with_the_parameters_that_were_asked_for(pack, sampling, step):
    parameters = {"window": 10, "smoothing": 3, "lag": 2}
    answer = await ask(pack.name, "get_relative_rotation", **parameters)
    assert {name: answer[name] for name in parameters} == parameters
    assert (answer["sampling"], answer["observations_a_sample"]) == (sampling, step)
    assert [list(row) for row in answer["rows"]] == [["sector", *ROTATION]] * len(pack.sectors)
    assert answer["columns"]["rotation_ratio"]["method_id"] == f"rotation_ratio(10,3,2,{sampling})"
    panel = pack.panel()
    found = relative_rotation(panel.sectors, panel.benchmark, step, **parameters)
    assert [row["rotation_ratio"] for row in answer["rows"]] == pytest.approx(list(found.ratio), abs=0.00501)
    assert tuple(row["quadrant"] for row in answer["rows"]) == found.quadrant


async def test_a_short_ratio_is_warned_of():
    answer = await ask("us-real", "get_relative_rotation", as_of="2008-09-30")
    assert any("can contradict relative strength" in note for note in answer["notes"])
    assert (answer["window"], answer["smoothing"], answer["lag"]) == (14, 4, 1)


async def test_too_little_history_for_rotation_is_null_and_the_next_month_is_not():
    short = await ask("us-real", "get_relative_rotation", as_of="1951-04-30")
    enough = await ask("us-real", "get_relative_rotation", as_of="1951-05-31")
    assert all(row[name] is None for row in short["rows"] for name in ROTATION)
    assert short["notes"] == ["All is null: it needs 29 samples (monthly) and has 28."]
    assert all(row[name] is not None for row in enough["rows"] for name in ROTATION)


def test_a_sector_that_equals_the_benchmark_is_named_in_a_note():
    whole = us_real.panel()
    sectors = whole.sectors.copy()
    sectors[:, 0] = whole.benchmark
    pack = replace(us_real.PACK, panel=lambda: replace(whole, sectors=sectors))
    tool = tools.offered(pack)["get_relative_rotation"]
    answer = rotation.relative_rotation(pack, tools.checked(tool, pack, {}))
    assert answer["rows"][0]["quadrant"] is None
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
