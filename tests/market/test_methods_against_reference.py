"""Every measure against the same formula in plain Python, over made-up and over real data.

The references share no code with the package and none with each other: loops, `math` and `statistics` only.
"""

from __future__ import annotations

import csv
import math
import statistics
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.market import flows, methods, regime, us_real
from agent.market.pack import Series
from agent.market.relative_rotation import relative_rotation

CLOSE = {"rel": 1e-7, "abs": 1e-7}


def real_history() -> tuple[list[list[float]], list[float]]:
    """Monthly returns of the industries and of the market, read from the file by other means."""
    with (us_real.DATA / "us_industries_monthly.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    sectors = [[float(row[code]) for code in us_real.INDUSTRIES] for row in rows]
    return sectors, [float(row["MktRF"]) + float(row["RF"]) for row in rows]


REAL = [(sectors[:end], market[:end]) for sectors, market in [real_history()] for end in (30, 300, 819)]

moves = st.integers(-4000, 6000).map(lambda n: n / 10_000)


@st.composite
def made_up(draw, least=1, most=70, sectors=3):
    """Returns of some sectors and of a benchmark, in whole basis points."""
    length = draw(st.integers(least, most))
    rows = st.lists(moves, min_size=sectors + 1, max_size=sectors + 1)
    table = draw(st.lists(rows, min_size=length, max_size=length))
    return [row[1:] for row in table], [row[0] for row in table]


def over_both(check, least=1, most=70):
    """Runs a check of (sectors, market) on the real history at several dates, and on made-up ones."""
    for sectors, market in REAL:
        check(sectors, market)

    @settings(max_examples=60, deadline=None)
    @given(made_up(least, most))
    def on_made_up(data):
        check(*data)

    on_made_up()


def column(rows, i):
    return [row[i] for row in rows]


def grown(returns):
    level = 1.0
    for r in returns:
        level *= 1 + r
    return level


def blocks(returns, n, step):
    """Log returns of whole blocks, counted back from the newest."""
    logs, end = [], len(returns)
    used = min(n, len(returns))
    while used >= step:
        logs.insert(0, sum(math.log(1 + r) for r in returns[end - step : end]))
        end, used = end - step, used - step
    return logs


def agrees(found, reference, sectors):
    """Number by number; NaN where the reference has None."""
    expected = [reference(column(sectors, i)) for i in range(len(sectors[0]))]
    if found is None:
        assert expected == [None] * len(expected)
    else:
        assert list(found) == pytest.approx([math.nan if e is None else e for e in expected], nan_ok=True, **CLOSE)


@pytest.mark.parametrize("n", [1, 3, 12])
def test_performance_and_relative_strength(n):
    def check(sectors, market):
        returns, benchmark = np.array(sectors), np.array(market)
        enough = len(market) >= n
        agrees(methods.performance(returns, n), lambda s: 100 * (grown(s[-n:]) - 1) if enough else None, sectors)
        agrees(
            methods.relative_strength(returns, benchmark, n),
            lambda s: 100 * (grown(s[-n:]) / grown(market[-n:]) - 1) if enough else None,
            sectors,
        )

    over_both(check)


@pytest.mark.parametrize(("far", "near"), [(1, 0), (6, 0), (12, 1), (12, 0)])
def test_momentum(far, near):
    def reference(s):
        return 100 * (grown(s[len(s) - far : len(s) - near]) - 1) if len(s) >= far else None

    over_both(lambda sectors, _: agrees(methods.momentum(np.array(sectors), far, near), reference, sectors))


@pytest.mark.parametrize(("n", "step"), [(24, 1), (60, 1), (60, 3), (61, 2)])
def test_volatility_and_downside_deviation(n, step):
    def volatility(s):
        logs = blocks(s, n, step)
        return 100 * statistics.stdev(logs) * math.sqrt(12 / step) if len(logs) >= 20 else None

    def downside(s):
        logs = blocks(s, n, step)
        if len(logs) < 20:
            return None
        return 100 * math.sqrt(sum(x * x for x in logs if x < 0) / len(logs)) * math.sqrt(12 / step)

    def check(sectors, _):
        returns = np.array(sectors)
        agrees(methods.volatility(returns, n, step, 12), volatility, sectors)
        agrees(methods.downside_deviation(returns, n, step, 12), downside, sectors)

    over_both(check)


@pytest.mark.parametrize("n", [1, 5, 36])
def test_drawdown(n):
    def reference(s):
        if len(s) < n:
            return None
        window = s[-n:]
        levels = [grown(window[:end]) for end in range(len(window) + 1)]
        return 100 * min(levels[u] / max(levels[: u + 1]) - 1 for u in range(len(levels)))

    over_both(lambda sectors, _: agrees(methods.max_drawdown(np.array(sectors), n), reference, sectors))


@pytest.mark.parametrize(("n", "step"), [(24, 1), (60, 3)])
def test_beta(n, step):
    def check(sectors, market):
        logs = blocks(market, n, step)

        def reference(s):
            if len(logs) < 20 or max(logs) - min(logs) < 1e-12:
                return None
            return statistics.linear_regression(logs, blocks(s, n, step)).slope

        agrees(methods.beta(np.array(sectors), np.array(market), n, step), reference, sectors)

    over_both(check)


def test_mansfield():
    def check(sectors, market):
        def reference(s):
            if len(s) < 12:
                return None
            ratios = [grown(s[:end]) / grown(market[:end]) for end in range(len(s) - 11, len(s) + 1)]
            return 100 * (ratios[-1] / statistics.fmean(ratios) - 1)

        agrees(methods.mansfield(np.array(sectors), np.array(market), 12), reference, sectors)

    over_both(check)


def plain_z(values):
    deviation = statistics.pstdev(values)
    return [max(-3.0, min(3.0, (v - statistics.fmean(values)) / deviation)) if deviation else 0.0 for v in values]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-500, 500), min_size=3, max_size=40), st.lists(st.integers(-500, 500), min_size=40))
def test_z_scores_and_scorecard(first, second):
    second = second[: len(first)]
    assert list(methods.z_scores(np.array(first, float))) == pytest.approx(plain_z(first), **CLOSE)
    found = methods.scorecard({"a": np.array(first, float), "b": np.array(second, float)}, {"a": 1, "b": -0.5})
    mixed = [(a - 0.5 * b) / 1.5 for a, b in zip(plain_z(first), plain_z(second), strict=True)]
    assert list(found) == pytest.approx(mixed, **CLOSE)


@pytest.mark.parametrize(("step", "window", "smoothing", "lag"), [(1, 14, 4, 1), (1, 5, 1, 3), (2, 4, 3, 2)])
def test_relative_rotation(step, window, smoothing, lag):
    def z(values):
        spread = statistics.stdev(values)
        if spread < 1e-9 * values[-1]:
            raise ZeroDivisionError  # rounding, not movement
        return 100 + (values[-1] - statistics.fmean(values)) / spread

    def smooth(values):
        out = [values[0]]
        for value in values[1:]:
            out.append(out[-1] + 2 / (smoothing + 1) * (value - out[-1]))
        return out

    def rolled(values):
        return smooth([z(values[end - window : end]) for end in range(window, len(values) + 1)])

    def reference(sector, market):
        skipped = len(sector) % step
        ends = range(skipped + step, len(sector) + 1, step)
        strength = [grown(sector[skipped:end]) / grown(market[skipped:end]) for end in ends]
        ratio = rolled(strength)
        momentum = rolled([ratio[t] / ratio[t - lag] - 1 for t in range(lag, len(ratio))])
        dx, dy = ratio[-1] - ratio[-2], momentum[-1] - momentum[-2]
        words = {(1, 1): "leading", (1, 0): "weakening", (0, 0): "lagging", (0, 1): "improving"}
        quadrant = words[int(ratio[-1] >= 100), int(momentum[-1] >= 100)]
        return ratio[-1], momentum[-1], math.hypot(dx, dy), math.degrees(math.atan2(dy, dx)), quadrant

    def check(sectors, market):
        found = relative_rotation(np.array(sectors), np.array(market), step, window, smoothing, lag)
        if len(market) // step < 2 * window + lag:
            assert found is None
            return
        for i in range(len(sectors[0])):
            sector = column(sectors, i)
            try:
                *numbers, heading, quadrant = reference(sector, market)
            except ZeroDivisionError:
                continue  # a sector that went with the benchmark for a whole window
            same = (found.ratio[i], found.momentum[i], found.length[i])
            assert same == pytest.approx(numbers, rel=1e-6, abs=1e-5)
            turned = (found.heading[i] - heading + 180) % 360 - 180
            assert numbers[2] * math.radians(abs(turned)) < 1e-4
            if min(abs(numbers[0] - 100), abs(numbers[1] - 100)) > 1e-4:
                assert found.quadrant[i] == quadrant

    over_both(check, most=90)


amounts = st.integers(1, 90).flatmap(lambda n: st.lists(st.integers(-1000, 1000), min_size=n, max_size=n))


@settings(max_examples=100, deadline=None)
@given(amounts)
def test_unusualness_and_streak_of_a_flow(net):
    given_net = np.array(net, float)
    unusual, before = flows.unusualness(given_net), net[-61:-1]
    if len(net) < 61:
        assert unusual is None
    elif len(set(before)) > 1:
        assert unusual == pytest.approx((net[-1] - statistics.fmean(before)) / statistics.stdev(before), **CLOSE)

    run = 0
    for amount in reversed(net):
        if (amount > 0) != (net[-1] > 0) or (amount < 0) != (net[-1] < 0):
            break
        run += 1
    assert flows.streak(given_net) == run * ((net[-1] > 0) - (net[-1] < 0))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 1000)] * 3), min_size=1, max_size=40), st.integers(1, 30))
def test_net_share_of_turnover(days, n):
    bought, sold, turnover = (np.array(amounts, float) for amounts in zip(*days, strict=True))
    found = flows.net_shares(bought - sold, turnover, n)
    if len(days) < n:
        assert found is None
        return
    assert len(found) == len(days) - n + 1
    for end, share in enumerate(found, n):
        spell = days[end - n : end]
        if (traded := sum(day[2] for day in spell)) == 0:
            assert math.isnan(share)
        else:
            assert share == pytest.approx(100 * sum(day[0] - day[1] for day in spell) / traded, **CLOSE)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(-100, 100)), min_size=1, max_size=40), st.integers(1, 25))
def test_the_whale_rule(sessions, n):
    turnover, close = (np.array(column)[:, None] for column in zip(*sessions, strict=True))
    bought, sold, trades = flows.large_trades(turnover, close, n, 2)
    for at, (amount, location) in enumerate(sessions):
        before = [each for each, _ in sessions[at - n : at]] if at >= n else None
        is_large = before is not None and amount > 0 and amount >= 2 * statistics.fmean(before)
        above = amount - sum(before) // n if is_large else 0
        told = (int(bought[at, 0]), int(sold[at, 0]), int(trades[at, 0]))
        assert told == ((above, 0) if location >= 0 else (0, above)) + (int(is_large),)


@pytest.mark.parametrize("n", [20, 24])
def test_average_pair_correlation(n):
    def check(sectors, _):
        found = regime.pair_correlation(np.array(sectors), n)
        if len(sectors) < n:
            assert found is None
            return
        series = [column(sectors[-n:], i) for i in range(len(sectors[0]))]
        series = [each for each in series if len(set(each)) > 1]
        pairs = [
            statistics.correlation(series[i], series[j]) for i in range(len(series)) for j in range(i + 1, len(series))
        ]
        if pairs:
            assert found == pytest.approx(statistics.fmean(pairs), **CLOSE)
        else:
            assert found is None

    over_both(check)


def test_the_trend_of_the_benchmark():
    def check(_, market):
        found = regime.trend(np.array(market), 1)
        levels = [grown(market[:end]) for end in range(len(market) - 9, len(market) + 1)]
        if len(market) < 10:
            assert found is None
        else:
            assert found == pytest.approx(100 * (levels[-1] / statistics.fmean(levels) - 1), **CLOSE)

    over_both(check)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-50, 50), min_size=1, max_size=40), st.integers(-10, 1400))
def test_the_trend_of_the_economy(values, days):
    ends = [date(2010 + m // 12, m % 12 + 1, 1) - timedelta(1) for m in range(1, len(values) + 1)]
    known = [day + timedelta(15) for day in ends]
    series = Series(tuple(ends), tuple(known), tuple(map(float, values)))
    as_of = date(2010, 2, 1) + timedelta(days)
    found = regime.macro_trend(series, as_of)
    read = [value for value, day in zip(values, known, strict=True) if day <= as_of][-12:]
    if len(read) < 10:
        assert found is None, "October is the first month of a fourth quarter"
    else:
        assert found.distance == pytest.approx(read[-1] - statistics.fmean(read), **CLOSE)
