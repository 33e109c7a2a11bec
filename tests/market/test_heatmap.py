from __future__ import annotations

import csv
import math
import statistics
from dataclasses import replace
from datetime import date

import pytest

from agent.market import tools, us_real, vn_parameters
from agent.market.heatmap import heatmap
from agent.market.vn_world import world
from tests.market.asking import ask


def compounded(returns: list[float]) -> float:
    return math.prod(1 + r for r in returns) - 1


def us_history(code: str, month: str) -> tuple[list[float], list[float]]:
    """Returns of an industry and of the market up to a month, read from the file by other means."""
    with (us_real.DATA / "us_industries_monthly.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["month"] <= month]
    return [float(row[code]) for row in rows], [float(row["MktRF"]) + float(row["RF"]) for row in rows]


@pytest.mark.parametrize(
    ("as_of", "month", "lookback", "months"),
    [
        ("2008-09-30", "2008-09", "3M", 3),
        ("2008-09-29", "2008-08", "1Y", 12),
        ("1973-11-15", "1973-10", "YTD", 10),
        ("1999-12-31", "1999-12", "3Y", 36),
    ],
)
async def test_us_figures_equal_a_plain_recomputation_from_the_file(as_of, month, lookback, months):
    answer = await ask("us-real", "get_sector_heatmap", lookback_period=lookback, as_of=as_of)

    assert answer["observed_at"] == us_real._month_end(month).isoformat()
    assert [row["sector"] for row in answer["rows"]] == list(us_real.INDUSTRIES.values())
    for code, row in zip(us_real.INDUSTRIES, answer["rows"], strict=True):
        sector, market = us_history(code, month)
        logs = [math.log(1 + r) for r in sector[-max(24, months) :]]
        performance, benchmark = compounded(sector[-months:]), compounded(market[-months:])
        expected = {
            "performance": performance,
            "momentum": compounded(sector[-12:-1]),
            "volatility": statistics.stdev(logs) * math.sqrt(12),
            "relative_strength": (1 + performance) / (1 + benchmark) - 1,
        }
        for metric, value in expected.items():
            assert row[metric] == pytest.approx(100 * value, abs=0.00501), (code, metric)


async def test_september_2008_is_known_on_its_last_day_and_not_the_day_before():
    on = await ask("us-real", "get_sector_heatmap", lookback_period="1M", as_of="2008-09-30")
    before = await ask("us-real", "get_sector_heatmap", lookback_period="1M", as_of="2008-09-29")
    assert (on["observed_at"], on["known_at"]) == ("2008-09-30", "2008-09-30")
    assert (before["observed_at"], before["known_at"]) == ("2008-08-31", "2008-08-31")
    assert on["rows"] != before["rows"]


@pytest.mark.parametrize(
    ("lookback", "sessions"), [("1D", 1), ("1w", 5), ("3M", 63), ("1Y", 252), ("40D", 40), ("ytd", 164)]
)
async def test_simulated_figures_count_trading_days(lookback, sessions):
    as_of = "2020-08-28"
    answer = await ask("vn-sim", "get_sector_heatmap", lookback_period=lookback, as_of=as_of)

    panel = world(vn_parameters.Setting()).panel
    end = sum(day <= date.fromisoformat(as_of) for day in panel.dates)
    market = [float(r) for r in panel.benchmark[:end]]
    for i, row in enumerate(answer["rows"]):
        sector = [float(r) for r in panel.sectors[:end, i]]
        index = [1.0]
        for r in sector:
            index.append(index[-1] * (1 + r))
        logs = [math.log(1 + r) for r in sector[-max(63, sessions) :]]
        benchmark = compounded(market[-sessions:])
        expected = {
            "performance": index[-1] / index[-1 - sessions] - 1,
            "momentum": index[-1 - 21] / index[-1 - 252] - 1,
            "volatility": statistics.stdev(logs) * math.sqrt(252),
            "relative_strength": index[-1] / index[-1 - sessions] / (1 + benchmark) - 1,
        }
        for metric, value in expected.items():
            assert row[metric] == pytest.approx(100 * value, abs=0.00501), (row["sector"], metric)


@pytest.mark.parametrize(
    ("granularity", "step", "window"), [("daily", 1, 63), ("weekly", 5, 260), ("monthly", 21, 504)]
)
async def test_granularity_sets_the_sampling_of_volatility_only(granularity, step, window):
    answer = await ask("vn-sim", "get_sector_heatmap", granularity=granularity)
    daily = await ask("vn-sim", "get_sector_heatmap")

    returns = world(vn_parameters.Setting()).panel.sectors[-window:]
    for i, row in enumerate(answer["rows"]):
        blocks = [compounded(list(returns[at : at + step, i])) for at in range(0, window, step)]
        logs = [math.log(1 + r) for r in blocks]
        assert row["volatility"] == pytest.approx(100 * statistics.stdev(logs) * math.sqrt(252 / step), abs=0.00501)
        assert row["performance"] == daily["rows"][i]["performance"]
    column = answer["columns"]["volatility"]
    assert (column["lookback"], column["samples"], column["minimum_samples"]) == (
        f"{window}D",
        window // step,
        20,
    )
    assert column["method_id"] == f"vol({window}D,{granularity})"


async def test_answer_says_what_it_is():
    answer = await ask("us-real", "get_sector_heatmap", as_of="1987-10-31", metrics=["performance"])
    assert list(answer) == [
        "kind",
        "pack",
        "as_of",
        "observed_at",
        "known_at",
        "taxonomy",
        "benchmark",
        "lookback_period",
        "granularity",
        "metrics",
        "columns",
        "rows",
        "notes",
        "source",
    ]
    assert answer["kind"] == "real"
    assert answer["lookback_period"] == "3M"
    assert answer["granularity"] == "monthly"
    assert answer["columns"] == {"performance": {"unit": "percent", "lookback": "3M", "method_id": "perf(3M)"}}
    assert "Kenneth R. French" in answer["source"]
    assert not any("SIMULATED" in note for note in answer["notes"])


async def test_simulated_answers_say_so():
    answer = await ask("vn-sim", "get_sector_heatmap")
    assert answer["kind"] == "simulated"
    assert answer["notes"][0].startswith("SIMULATED")
    assert answer["source"].startswith("SIMULATED")
    assert len(answer["rows"]) == 19


async def test_a_metric_asked_twice_is_one_column():
    answer = await ask("vn-sim", "get_sector_heatmap", metrics=["volatility", "performance", "volatility"])
    assert list(answer["columns"]) == ["volatility", "performance"]
    assert all(list(row) == ["sector", "volatility", "performance"] for row in answer["rows"])


@pytest.mark.parametrize(("as_of", "months"), [("1949-01-31", 1), ("1949-11-30", 11)])
async def test_figures_without_enough_history_are_null_and_a_note_says_why(as_of, months):
    answer = await ask("us-real", "get_sector_heatmap", lookback_period="1M", as_of=as_of)
    assert all(row["momentum"] is None and row["volatility"] is None for row in answer["rows"])
    assert all(isinstance(row["performance"], float) for row in answer["rows"])
    assert answer["notes"] == [
        f"momentum is null: it needs 12 observations and has {months}.",
        f"volatility is null: it needs 20 samples (monthly) and has {months}.",
    ]


async def test_volatility_uses_what_there_is_from_twenty_samples_on():
    answer = await ask("us-real", "get_sector_heatmap", as_of="1950-08-31", metrics=["volatility"])
    assert answer["columns"]["volatility"]["lookback"] == "20M"
    assert all(row["volatility"] > 0 for row in answer["rows"])
    assert answer["notes"] == []


async def test_metrics_asked_by_name_are_the_methods_their_columns_name():
    metrics = [*tools.METRICS]
    answer = await ask("us-real", "get_sector_heatmap", lookback_period="6M", as_of="2008-09-30", metrics=metrics)
    assert list(answer["columns"]) == metrics and answer["notes"] == []
    names = {metric: column["method_id"] for metric, column in answer["columns"].items()}
    assert names == {
        "performance": "perf(6M)",
        "momentum": "mom_12_1",
        "volatility": "vol(24M,monthly)",
        "relative_strength": "rs(6M)",
        "momentum_1_0": "mom_1_0",
        "momentum_6_0": "mom_6_0",
        "momentum_12_0": "mom_12_0",
        "downside_deviation": "downside(24M,monthly)",
        "max_drawdown": "mdd(6M)",
        "beta": "beta(24M,monthly)",
        "mansfield_rs": "mansfield(1Y)",
        "seasonality": "seasonality(3M,20Y)",
        "scorecard": "scorecard(6M,monthly)",
    }
    for code, row in zip(us_real.INDUSTRIES, answer["rows"], strict=True):
        sector, market = us_history(code, "2008-09")
        log, logs = ([math.log(1 + r) for r in returns[-24:]] for returns in (market, sector))
        levels = [compounded(sector[-6 : len(sector) - 6 + end]) + 1 for end in range(7)]
        levels[0] = 1.0
        strength = [(compounded(sector[:t]) + 1) / (compounded(market[:t]) + 1) for t in range(len(market) - 11, 718)]
        expected = {
            "momentum_1_0": 100 * sector[-1],
            "momentum_6_0": 100 * compounded(sector[-6:]),
            "momentum_12_0": 100 * compounded(sector[-12:]),
            "downside_deviation": 100 * math.sqrt(12 * sum(min(x, 0) ** 2 for x in logs) / 24),
            "max_drawdown": 100 * min(level / max(levels[: i + 1]) - 1 for i, level in enumerate(levels)),
            "beta": statistics.linear_regression(log, logs).slope,
            "mansfield_rs": 100 * (strength[-1] / statistics.fmean(strength) - 1),
        }
        for metric, value in expected.items():
            assert row[metric] == pytest.approx(value, abs=0.00501), (code, metric)


async def test_the_scorecard_adds_the_z_scores_it_names_with_the_weights_it_states():
    metrics = ["momentum", "relative_strength", "volatility", "scorecard"]
    answer = await ask("us-real", "get_sector_heatmap", as_of="1999-12-31", metrics=metrics)
    column = answer["columns"]["scorecard"]
    assert column["weights"] == {"momentum": 1.0, "relative_strength": 1.0, "volatility": -0.5}
    assert column["parts"] == {
        "momentum": "mom_12_1",
        "relative_strength": "rs(3M)",
        "volatility": "vol(24M,monthly)",
    }
    scores = {}
    for metric in column["weights"]:
        values = [row[metric] for row in answer["rows"]]
        mean, deviation = statistics.fmean(values), statistics.pstdev(values)
        scores[metric] = [max(-3, min(3, (value - mean) / deviation)) for value in values]
    for i, row in enumerate(answer["rows"]):
        total = sum(weight * scores[metric][i] for metric, weight in column["weights"].items())
        assert row["scorecard"] == pytest.approx(total / 2.5, abs=0.006)


async def test_every_metric_below_its_minimum_is_null_and_named():
    answer = await ask(
        "us-real", "get_sector_heatmap", lookback_period="1M", as_of="1949-05-31", metrics=[*tools.METRICS]
    )
    null = {metric for metric in tools.METRICS if all(row[metric] is None for row in answer["rows"])}
    assert null == {*tools.METRICS} - {"performance", "relative_strength", "max_drawdown", "momentum_1_0"}
    assert {note.split(" is null: ")[0] for note in answer["notes"]} == null
    assert "momentum_6_0 is null: it needs 6 observations and has 5." in answer["notes"]
    short = "momentum: it needs 12 observations and has 5. volatility: it needs 20 samples (monthly) and has 5."
    assert f"scorecard is null: {short}" in answer["notes"]


def test_a_sector_without_a_value_is_null_and_a_note_names_it():
    whole = us_real.panel()
    sectors = whole.sectors.copy()
    sectors[-1, 3] = math.nan
    pack = replace(us_real.PACK, panel=lambda: replace(whole, sectors=sectors))
    arguments = tools.checked(
        tools.offered(pack)["get_sector_heatmap"], pack, {"metrics": ["performance", "scorecard"]}
    )
    answer = heatmap(pack, arguments)
    assert [row["sector"] for row in answer["rows"] if row["performance"] is None] == ["Energy"]
    assert [row["sector"] for row in answer["rows"] if row["scorecard"] is None] == ["Energy"]
    assert answer["notes"] == [
        "performance is null for Energy: the data give no value there.",
        "scorecard is null for Energy: the data give no value there.",
    ]


def test_beta_against_a_benchmark_that_did_not_move_is_null():
    whole = us_real.panel()
    pack = replace(us_real.PACK, panel=lambda: replace(whole, benchmark=0 * whole.benchmark))
    answer = heatmap(pack, tools.checked(tools.offered(pack)["get_sector_heatmap"], pack, {"metrics": ["beta"]}))
    assert all(row["beta"] is None for row in answer["rows"])
    assert answer["notes"] == ["beta is null: the benchmark did not move."]
