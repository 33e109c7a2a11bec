"""The simulated market put together: what is generated, kept in a cache, and handed to the tools.

Made once a process, and each part when it is first asked for. 400 tickers over ten years are generated from
the parameters alone, bit for bit the same on every machine.

Signal and what it earns, as the mean rank correlation (information coefficient) over the sectors with the
return of the 21 sessions that follow, every 21 sessions; measured by tests/market/test_difficulty.py:

                               realistic   teaching       easy
    12-1 momentum                   0.02       0.08       0.13
    3-month return                  0.05       0.17       0.28
    foreign net, 20 days            0.09       0.21       0.31
    large trades net, 20 days       0.05       0.10       0.14
    planted drift (oracle)          0.22       0.39       0.53
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING

from agent.market import vn_accounts, vn_cache, vn_economy, vn_flows, vn_prices, vn_regimes, vn_tickers
from agent.market import vn_parameters as p

if TYPE_CHECKING:
    from agent.market.pack import Panel, Series, Statements, Trading

TICKER = "ticker_"
"""Begins the names of arrays by ticker; the others are by sector."""


class World:
    """Everything simulated under one setting."""

    def __init__(self, setting: p.Setting) -> None:
        self.setting = setting
        self.tickers = vn_tickers.tickers(setting.seed)

    @cached_property
    def hidden(self) -> vn_regimes.Latent:
        return vn_regimes.latent(self.setting)

    @cached_property
    def arrays(self) -> vn_cache.Arrays:
        """By ticker, (T, N): `ticker_returns` in basis points, `ticker_close_location` in percent, and VND million.

        By sector, (T, S): the fields of Trading.
        """
        about = self.setting
        key = f"{p.VERSION}-seed{about.seed}-{about.difficulty}-{len(self.tickers.names)}"
        return vn_cache.cached(key, self._generate)

    @cached_property
    def panel(self) -> Panel:
        return vn_prices.panel(self.arrays[f"{TICKER}returns"], self.hidden, self.tickers)

    @cached_property
    def trading(self) -> Trading:
        totals = {name: array for name, array in self.arrays.items() if not name.startswith(TICKER)}
        return vn_flows.trading(self.hidden, totals)

    @cached_property
    def macro(self) -> Mapping[str, Mapping[str, Series]]:
        return vn_economy.macro(self.setting.seed)

    @cached_property
    def statements(self) -> Statements:
        return vn_accounts.statements(self.setting.seed, self.tickers)

    def _generate(self) -> vn_cache.Arrays:
        seed, hidden, listed = self.setting.seed, self.hidden, self.tickers
        whales = vn_flows.planted_whales(seed, hidden, listed)
        returns = vn_prices.returns(seed, hidden, listed)
        turnover = vn_flows.turnover(seed, hidden, listed, whales)
        ticker: vn_cache.Arrays = {
            "returns": returns,
            "close_location": vn_prices.close_location(seed, returns, hidden, listed, whales),
            "turnover": turnover,
            **vn_flows.foreign(seed, hidden, listed, returns, turnover),
        }
        by_sector = vn_flows.by_sector(seed, listed, ticker)
        return {f"{TICKER}{name}": array for name, array in ticker.items()} | by_sector


@cache
def world(setting: p.Setting) -> World:
    """The simulated market of a setting, one object a process."""
    return World(setting)
