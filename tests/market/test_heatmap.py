from __future__ import annotations

import csv
import math
import statistics
from datetime import date

import pytest

from agent.market import us_real, vn_parameters
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
