from __future__ import annotations

import hashlib
import re
from datetime import date

import numpy as np
import pytest

from agent.market import vn_economy, vn_regimes
from agent.market import vn_parameters as p
from agent.market.vn_calendar import holidays, sessions
from agent.market.vn_world import World, world

SETTING = p.Setting()


def digest_of(simulated: World) -> str:
    """SHA-256 over every number of a world: what was cached, what was planted, macro, accounts."""
    macro = [v for region in simulated.macro.values() for series in region.values() for v in series.values]
    arrays = [*(simulated.arrays[name] for name in sorted(simulated.arrays))]
    arrays += [simulated.hidden.planted, simulated.panel.sectors, simulated.panel.benchmark, np.array(macro)]
    for filed in simulated.statements.filings.values():
        days = [(each - np.datetime64("2000-01-01")).astype(np.int64) for each in (filed.period, filed.known)]
        arrays += [*days, filed.company, filed.revenue, filed.profit]
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()


def test_the_simulated_market_is_the_same_to_the_bit_everywhere_and_its_version_says_which_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert digest_of(World(SETTING)).startswith(p.VERSION)


def test_what_comes_from_the_cache_is_what_was_generated(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    made, read = World(SETTING), World(SETTING)
    assert digest_of(made) == digest_of(read)
    assert isinstance(read.arrays["ticker_returns"], np.memmap)
    assert [folder.name for folder in (tmp_path / "sector-advisor" / "vn-sim").iterdir()] == [
        f"{p.VERSION}-seed2016-teaching-400"
    ]


def test_another_seed_is_another_market_of_the_same_kind():
    other = World(p.Setting(seed=7))
    arrays = other._generate()
    assert arrays["ticker_returns"].shape == world(SETTING).arrays["ticker_returns"].shape
    assert (arrays["ticker_returns"] != world(SETTING).arrays["ticker_returns"]).any()
    assert other.tickers.names == world(SETTING).tickers.names


def test_the_simulated_market_has_the_planned_shape():
    simulated = world(SETTING)
    returns, panel = simulated.arrays["ticker_returns"], simulated.panel
    assert returns.shape == (len(panel.dates), 400)
    assert returns.dtype == np.int16
    assert panel.sectors.shape == (len(panel.dates), 19)
    assert sum(sector.weight for sector in p.SECTORS.values()) == 1000
    logs = np.log1p(panel.sectors)
    correlation = np.corrcoef(logs.T)[np.triu_indices(19, 1)].mean()
    assert 0.4 < correlation < 0.65
    assert 0.15 < logs.std(axis=0).mean() * np.sqrt(252) < 0.35


def test_no_ticker_could_be_taken_for_a_real_one():
    names = world(SETTING).tickers.names
    assert len(set(names)) == 400
    assert all(re.fullmatch(r"S[0-9]{4}", name) for name in names)
    assert not any(re.fullmatch(r"[A-Z]{3}", name) for name in names)


def test_no_ticker_moves_beyond_its_exchange_or_outweighs_its_sector():
    simulated = world(SETTING)
    listed, moves = simulated.tickers, np.abs(simulated.arrays["ticker_returns"])
    for name, exchange in p.EXCHANGES.items():
        on_it = np.array(listed.exchange) == name
        assert moves[:, on_it].max() == 100 * exchange.limit
        assert 50 < on_it.sum() < 250
    assert (listed.by_sector(listed.weight) == 10_000).all()
    assert listed.weight.min() > 0
    assert listed.weight.max() <= 10_000 * p.NAME_CAP
    low, high = p.OWN_VOLATILITY
    assert low <= listed.volatility.min() and listed.volatility.max() <= high


def test_sectors_and_the_market_are_their_tickers_by_weight():
    simulated = world(SETTING)
    listed, day = simulated.tickers, 1234
    moves = [int(move) for move in simulated.arrays["ticker_returns"][day]]
    market = 0.0
    for i, sector in enumerate(p.SECTORS.values()):
        members = [n for n in range(400) if listed.sector[n] == i]
        assert len(members) == sector.listed
        mean = sum(moves[n] * int(listed.weight[n]) for n in members) / 1e8
        assert simulated.panel.sectors[day, i] == pytest.approx(mean, abs=1e-12)
        market += mean * sector.weight / 1000
    assert simulated.panel.benchmark[day] == pytest.approx(market, abs=1e-12)


def test_every_regime_lasts_its_time_and_follows_the_cycle():
    for region in p.MACRO:
        found = vn_regimes.phases(p.SEED, region)
        lengths = [(phase.last - phase.first).days + 1 for phase in found]
        assert all(p.SHORTEST_PHASE <= length <= p.LONGEST_PHASE for length in lengths[:-1])
        assert sum(lengths) == (p.LAST - date(p.HISTORY, 1, 1)).days + 1
        assert [phase.regime for phase in found[:5]] == [*p.REGIMES, "recovery"]


def test_interest_rates_rise_with_the_hike_and_the_sectors_that_answer_to_it_fall_behind():
    rates = world(SETTING).macro["Vietnam"]["interest_rates"]
    by_month = dict(zip(rates.observed, rates.values, strict=True))
    assert by_month[date(2019, 9, 30)] - by_month[date(2019, 3, 31)] > 2
    assert abs(by_month[date(2020, 12, 31)] - by_month[date(2019, 3, 31)]) < 1
    panel = world(SETTING).panel
    hiked = np.array([p.RATE_HIKE.first <= day <= p.RATE_HIKE.last for day in panel.dates])
    earned = np.log1p(panel.sectors[hiked]).sum(axis=0)
    falls = np.array([p.RATE_HIKE.drift.get(sector, 0) < 0 for sector in p.SECTORS])
    assert {"Banks", "Real Estate", "Utilities", "Financial Services"} <= set(p.RATE_HIKE.drift)
    assert earned[falls].mean() < earned[~falls].mean() - 0.1


def test_what_is_revised_appears_twice_and_what_is_published_comes_late():
    for region, indicators in p.MACRO.items():
        for name, about in indicators.items():
            series = world(SETTING).macro[region][name]
            assert list(series.known) == sorted(series.known)
            times = {day: series.observed.count(day) for day in series.observed}
            assert set(times.values()) == ({2} if about.revised else {1})
            lags = {(known - day).days for day, known in zip(series.observed, series.known, strict=True)}
            assert lags == {about.delay} | ({about.revised} if about.revised else set())
            assert len(times) == (52 if name == "gdp_growth" else 156)
    assert vn_economy.month_ends()[:2] == (date(2013, 1, 31), date(2013, 2, 28))
    assert vn_economy.month_ends()[-1] == p.LAST


def test_trades_are_part_of_the_turnover():
    trading = world(SETTING).trading
    assert (trading.turnover > 0).all()
    assert (trading.foreign_buy > 0).all() and (trading.foreign_sell > 0).all()
    assert (trading.foreign_buy + trading.foreign_sell < trading.turnover).all()
    assert (trading.put_through_buy <= trading.foreign_buy).all()
    assert (trading.put_through_sell <= trading.foreign_sell).all()
    assert 0 < (trading.put_through_buy > 0).mean() < 0.1
    assert (trading.whale_buy + trading.whale_sell < trading.turnover).all()
    assert ((trading.whale_buy + trading.whale_sell > 0) == (trading.whale_trades > 0)).all()
    assert trading.room_used.min() > 5 and trading.room_used.max() < 95


def test_large_trades_are_found_in_the_turnover_and_not_read_from_what_was_planted():
    simulated = world(SETTING)
    turnover, close = simulated.arrays["ticker_turnover"], simulated.arrays["ticker_close_location"]
    trading, sector = simulated.trading, simulated.tickers.sector
    for day in (19, 20, 21, 700, 2400):
        bought, sold, count = [0] * 19, [0] * 19, [0] * 19
        for n in range(400):
            before = [int(amount) for amount in turnover[max(0, day - 20) : day, n]]
            amount = int(turnover[day, n])
            if len(before) == 20 and amount >= 2 * sum(before) / 20:
                count[sector[n]] += 1
                (bought if close[day, n] >= 0 else sold)[sector[n]] += amount - sum(before) // 20
        assert (trading.whale_buy[day].tolist(), trading.whale_sell[day].tolist()) == (bought, sold)
        assert trading.whale_trades[day].tolist() == count
    assert trading.whale_trades[:20].sum() == 0
    per_session = trading.whale_trades.sum() / len(turnover)
    assert p.WHALE_RATE * 400 * 0.7 < per_session < p.WHALE_RATE * 400 * 1.5


def test_filings_come_within_the_days_that_the_rules_allow_and_some_are_restated():
    statements = world(SETTING).statements
    consolidated = world(SETTING).tickers.rank < p.CONSOLIDATED
    for period, filed in statements.filings.items():
        assert (np.diff(filed.known.astype(np.int64)) >= 0).all()
        place = filed.period.astype(np.int64) * 1000 + filed.company
        _, first = np.unique(place, return_index=True)
        lag = (filed.known - filed.period).astype(np.int64)
        assert lag.min() > 0
        longest = {"annually": 90, "quarterly": np.where(consolidated, 30, 20)[filed.company[first]]}[period]
        assert (lag[first] <= longest).all()
        again = len(place) - len(first)
        assert 0.02 < again / len(first) < 0.04
        assert len(first) == 400 * {"annually": 13, "quarterly": 52}[period]


def test_sessions_are_weekdays_without_public_holidays():
    days = sessions(p.FIRST, p.LAST)
    assert days[0] == date(2016, 1, 4) and days[-1] == date(2025, 12, 31)
    assert all(day.weekday() < 5 for day in days)
    assert list(days) == sorted(set(days))
    per_year = {year: sum(day.year == year for day in days) for year in range(2016, 2026)}
    assert all(247 <= count <= 252 for count in per_year.values())


@pytest.mark.parametrize(
    "closed",
    [
        date(2016, 2, 8),  # Lunar New Year's Day
        date(2019, 2, 8),
        date(2024, 2, 14),
        date(2016, 4, 18),  # the Hung Kings' day fell on a Saturday
        date(2017, 1, 2),  # New Year's Day fell on a Sunday
        date(2022, 5, 3),  # both 30 April and 1 May fell on a weekend
        date(2023, 5, 3),  # and here the Hung Kings' day as well
        date(2023, 9, 1),  # the second National Day
        date(2023, 9, 4),  # the first fell on a Saturday
        date(2020, 9, 2),
    ],
)
def test_the_market_is_closed_on_public_holidays(closed):
    assert closed in holidays(closed.year)
    assert closed not in sessions(p.FIRST, p.LAST)


@pytest.mark.parametrize("opened", [date(2020, 9, 3), date(2019, 2, 11), date(2024, 2, 7), date(2025, 2, 3)])
def test_the_market_is_open_on_the_days_beside_them(opened):
    assert opened in sessions(p.FIRST, p.LAST)
