"""Who trades in the simulated market: turnover, foreign investors, and the large trades that a rule finds.

Amounts are whole VND million a session, (T, N) by ticker and (T, S) by sector.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agent.market import flows
from agent.market import vn_parameters as p
from agent.market.pack import Trading
from agent.market.vn_random import normals, places, uniforms
from agent.market.vn_regimes import Latent, by_regime, column, drawn_to
from agent.market.vn_tickers import Tickers

if TYPE_CHECKING:
    from agent.market.pack import Floats, Integers

Arrays = Mapping[str, NDArray[Any]]


def planted_whales(seed: int, hidden: Latent, listed: Tickers) -> NDArray[np.int8]:
    """+1 where a large trade buys, -1 where one sells, else 0, (T, N): Poisson arrivals, leaning on the drift."""
    planted = np.zeros((len(hidden.days), len(listed.names)), dtype=np.int8)
    where, first, second = uniforms(seed, "whales", 3, int(p.WHALE_RATE * planted.size))
    spots = places(where, planted.size)
    session, ticker = np.divmod(spots, planted.shape[1])
    noise = (first + second - 1) * np.sqrt(6.0)  # triangular, variance 1
    buys = p.WHALE_LEAN * hidden.lean[session, listed.sector[ticker]] + noise > 0
    planted.reshape(-1)[spots] = np.where(buys, 1, -1)
    return planted


def usual_turnover(hidden: Latent, listed: Tickers) -> Floats:
    """What a ticker turns over in a calm session, (T, N)."""
    first, last = p.TURNOVER
    market = first + (last - first) * (np.arange(len(hidden.days)) / len(hidden.days))
    return 1000 * market[:, None] * (listed.market_weight() / 10_000_000)


def turnover(seed: int, hidden: Latent, listed: Tickers, whales: NDArray[np.int8]) -> NDArray[np.int32]:
    """Matched orders; four times the usual where a large trade is planted."""
    usual = usual_turnover(hidden, listed)
    bustle = drawn_to(by_regime("turbulence")[hidden.regime], p.TURNOVER_INERTIA)
    noise = np.clip(1 + p.TURNOVER_NOISE * normals(seed, "turnover", *usual.shape), 0.3, None)
    spike = np.where(whales != 0, float(p.WHALE_SPIKE), 1.0)
    return np.maximum(np.rint(usual * bustle[:, None] * noise * spike), 1).astype(np.int32)


def foreign(
    seed: int, hidden: Latent, listed: Tickers, moves: NDArray[np.int16], matched: NDArray[np.int32]
) -> dict[str, NDArray[np.int32]]:
    """What foreign investors do: they lean towards planted drift and past winners, with noise of their own.

    Matched orders bought and sold, and what was put through: bought if positive, sold if negative, (T, N).
    """
    on_drift, on_return = p.FOREIGN_LEAN
    of_sector, of_ticker = p.FOREIGN_NOISE
    common = on_drift * hidden.lean + of_sector * normals(seed, "foreign sectors", *hidden.lean.shape)
    lean = common[:, listed.sector] + of_ticker * normals(seed, "foreign tickers", *moves.shape)
    lean += on_return * (flows.sums(moves, 5) / 400)  # the past week's return in units of 4 %
    share = column("foreign")[listed.sector]
    gross = matched * (share / 2)
    tilt = 0.2 * np.clip(lean, -3, 3)
    return {
        "foreign_buy": np.rint(gross * (1 + tilt)).astype(np.int32),
        "foreign_sell": np.rint(gross * (1 - tilt)).astype(np.int32),
        "put_through": _put_through(seed, hidden, listed),
    }


def _put_through(seed: int, hidden: Latent, listed: Tickers) -> NDArray[np.int32]:
    usual = usual_turnover(hidden, listed)
    where, size, sign = uniforms(seed, "put-through", 3, int(p.PUT_THROUGH_RATE * usual.size))
    spots = places(where, usual.size)
    low, high = p.PUT_THROUGH_SIZE
    amount = usual.reshape(-1)[spots] * (low + (high - low) * size)
    deals = np.zeros(usual.shape, dtype=np.int32)
    deals.reshape(-1)[spots] = np.rint(np.where(sign < 0.5, -amount, amount)).astype(np.int32)
    return deals


def room_used(seed: int, listed: Tickers, net: Integers) -> Floats:
    """Foreign holdings in percent of what foreigners may hold, by sector, (T, S), at a constant market value.

    net: what foreigners bought less what they sold, by ticker, (T, N).
    """
    sectors = list(p.SECTORS)
    limits = np.array([p.FOREIGN_LIMIT.get(sector, p.USUAL_FOREIGN_LIMIT) for sector in sectors])
    value = 1000.0 * p.MARKET_VALUE * (listed.market_weight() / 10_000_000)
    limit = np.rint(value * limits[listed.sector]).astype(np.int64)
    low, high = p.ROOM_USED_AT_FIRST
    first = np.rint(limit * (low + (high - low) * uniforms(seed, "room", len(limit)))).astype(np.int64)
    held = np.clip(first + np.cumsum(net, axis=0, dtype=np.int64), 0, limit)
    return 100 * (listed.by_sector(held) / listed.by_sector(limit))


def by_sector(seed: int, listed: Tickers, ticker: Arrays) -> dict[str, NDArray[Any]]:
    """The fields of Trading, but for its dates, from the arrays by ticker."""
    deals = ticker["put_through"].astype(np.int64)
    bought, sold = np.maximum(deals, 0), np.maximum(-deals, 0)
    deals_bought, deals_sold = listed.by_sector(bought), listed.by_sector(sold)
    whale_buy, whale_sell, whale_trades = flows.large_trades(
        ticker["turnover"], ticker["close_location"], p.WHALE_WINDOW, p.WHALE_RULE
    )
    return {
        "turnover": listed.by_sector(ticker["turnover"]) + deals_bought + deals_sold,
        "foreign_buy": listed.by_sector(ticker["foreign_buy"]) + deals_bought,
        "foreign_sell": listed.by_sector(ticker["foreign_sell"]) + deals_sold,
        "whale_buy": listed.by_sector(whale_buy),
        "whale_sell": listed.by_sector(whale_sell),
        "whale_trades": listed.by_sector(whale_trades),
        "put_through_buy": deals_bought,
        "put_through_sell": deals_sold,
        "room_used": room_used(seed, listed, ticker["foreign_buy"] + deals - ticker["foreign_sell"]),
    }


def trading(hidden: Latent, totals: Arrays) -> Trading:
    rule = (
        f"A large trade is a session of a company with at least {p.WHALE_RULE} times its mean turnover of the "
        f"{p.WHALE_WINDOW} sessions before; its value is what exceeds that mean, and counts as bought if the close "
        "lies in the upper half of the day's range."
    )
    return Trading(dates=hidden.days, **totals, whale_rule=rule)
