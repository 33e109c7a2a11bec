from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.market import vn_sim
from agent.market.folder import load
from agent.market.pack import Pack, Panel, Refusal
from tests.market.folders import answer, write

WEEKDAYS = [day for n in range(900) if (day := date(2021, 1, 4) + timedelta(n)).weekday() < 5]
MONTH_ENDS = [date(2000 + n // 12, n % 12 + 1, 1) - timedelta(1) for n in range(1, 200)]


@st.composite
def panels(draw) -> Panel:
    calendar = draw(st.sampled_from([WEEKDAYS, MONTH_ENDS]))
    days = calendar[: draw(st.integers(30, 190))]
    numbers = np.random.default_rng(draw(st.integers(0, 2**32)))
    sectors = numbers.normal(0, 0.02, (len(days), draw(st.integers(1, 6)))).clip(-0.5, 0.5)
    return Panel(tuple(days), sectors, numbers.normal(0, 0.02, len(days)).clip(-0.5, 0.5))


def names(panel: Panel) -> list[str]:
    return [f"Sector {n}" for n in range(panel.sectors.shape[1])]


def written(panel: Panel, folder: Path, kind: str, upto: date | None = None) -> Path:
    """The panel as files; closes begin at 100, on a date before the first return."""
    days = panel.dates
    values, index = panel.sectors, panel.benchmark
    if kind == "close":
        before = (days[0].replace(day=1) if days[0].day > 27 else days[0]) - timedelta(1)
        days = (before, *days)
        values = 100 * np.vstack([np.ones_like(values[:1]), np.cumprod(1 + values, axis=0)])
        index = 1000 * np.concatenate([[1.0], np.cumprod(1 + index)])
    seen = [t for t, day in enumerate(days) if upto is None or day <= upto]
    prices = [f"{days[t]},{name},{float(values[t, n])!r}" for n, name in enumerate(names(panel)) for t in seen]
    rows = [f"{days[t]},{float(index[t])!r}" for t in seen]
    files = {"prices.csv": [f"date,sector,{kind}", *prices], "benchmark.csv": [f"date,{kind}", *rows]}
    return write(folder, {"market.yaml": "kind: real\n"} | {name: "\n".join(text) for name, text in files.items()})


def itself(panel: Panel, pack: Pack) -> Pack:
    """The pack with the panel as it was before it was written."""
    return replace(pack, panel=lambda: panel)


@settings(max_examples=40, deadline=None)
@given(panels(), st.sampled_from(["return", "close"]), st.data())
def test_a_panel_that_was_written_and_read_gives_the_same_heatmap(panel, kind, data):
    with tempfile.TemporaryDirectory() as folder:
        pack = load(written(panel, Path(folder), kind)).pack
    asked = {
        "lookback_period": data.draw(st.sampled_from(["1M", "2M", "6M", "1Y", "YTD"])),
        "as_of": data.draw(st.sampled_from(panel.dates)).isoformat(),
    }
    try:
        expected = answer(itself(panel, pack), "get_sector_heatmap", **asked)
    except Refusal as refusal:
        with pytest.raises(Refusal, match=r".*") as caught:
            answer(pack, "get_sector_heatmap", **asked)
        assert str(caught.value) == str(refusal)
        return
    read = answer(pack, "get_sector_heatmap", **asked)
    if kind == "return":
        assert read == expected
    for one, other in zip(read["rows"], expected["rows"], strict=True):
        assert one == pytest.approx(other, abs=0.011)


@settings(max_examples=25, deadline=None)
@given(panels(), st.sampled_from(["return", "close"]), st.data())
def test_rows_after_the_as_of_date_change_nothing(panel, kind, data):
    as_of = data.draw(st.sampled_from(panel.dates[25:]))
    asked = {"lookback_period": "1M", "as_of": as_of.isoformat()}
    with tempfile.TemporaryDirectory() as folder:
        whole = load(written(panel, Path(folder), kind)).pack
        known = load(written(panel, Path(folder), kind, as_of)).pack
    assert known.last == as_of
    assert answer(known, "get_sector_heatmap", **asked) == answer(whole, "get_sector_heatmap", **asked)


def copied(pack: Pack, folder: Path, upto: date) -> Pack:
    """What of a shipped pack was known on a day, as files."""
    panel, trading, macro = pack.panel(), pack.trading(), pack.macro("Vietnam")
    seen = [(t, day) for t, day in enumerate(panel.dates) if day <= upto]
    columns = trading.turnover, trading.foreign_buy, trading.foreign_sell, trading.whale_buy, trading.whale_sell
    prices = ["date,sector,return"]
    flows = ["date,sector,turnover,foreign_buy,foreign_sell,whale_buy,whale_sell,whale_trades"]
    for n, sector in enumerate(pack.sectors):
        for t, day in seen:
            prices.append(f"{day},{sector},{float(panel.sectors[t, n])!r}")
            amounts = ",".join(str(column[t, n] / 1000) for column in columns)
            flows.append(f"{day},{sector},{amounts},{trading.whale_trades[t, n]}")
    rows = [
        f"Vietnam,{name},{observed},{known},{value!r}"
        for name, series in macro.items()
        for observed, known, value in zip(series.observed, series.known, series.values, strict=True)
        if known <= upto
    ]
    files = {
        "market.yaml": ["kind: simulated", "returns: total", "money: VND bn", "name: copy"],
        "prices.csv": prices,
        "benchmark.csv": ["date,return", *(f"{day},{float(panel.benchmark[t])!r}" for t, day in seen)],
        "macro.csv": ["region,indicator,observed_at,known_at,value", *rows],
        "flows.csv": flows,
    }
    return load(write(folder, {name: "\n".join(text) for name, text in files.items()})).pack


def test_a_shipped_market_answers_alike_when_it_is_written_to_files_and_whatever_they_say_of_later_days(tmp_path):
    pack, as_of = vn_sim.PACK, date(2019, 3, 29)
    whole, known = copied(pack, tmp_path / "whole", pack.last), copied(pack, tmp_path / "known", as_of)
    assert (whole.last, known.last) == (pack.last, as_of)
    for tool in ("get_sector_heatmap", "get_macro_indicators", "get_foreign_flow", "get_whale_activity"):
        one, other, shipped = (answer(each, tool, as_of=as_of.isoformat()) for each in (whole, known, pack))
        assert one == other, tool
        for part in ("observed_at", "known_at"):
            assert one[part] == shipped[part], tool
        assert {name: shipped["columns"][name] for name in one["columns"]} == one["columns"], tool
        assert [{name: row[name] for name in one["rows"][0]} for row in shipped["rows"]] == one["rows"], tool
