"""Pack `vn-sim`: a SIMULATED stock market in the shape of Vietnam's; no number is a fact about any market."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from agent.market import vn_parameters as parameters
from agent.market.pack import Pack, Sampling

if TYPE_CHECKING:
    from agent.market.vn_world import World


def pack(difficulty: str = parameters.Setting().difficulty) -> Pack:
    """The pack in which momentum and flows tell as much as the difficulty says.

    Raises ValueError: no such difficulty.
    """
    if difficulty not in parameters.DIFFICULTIES:
        known = ", ".join(parameters.DIFFICULTIES)
        raise ValueError(f"unknown difficulty {difficulty!r}; there are {known}")
    setting = parameters.Setting(difficulty)
    return Pack(
        name="vn-sim",
        kind="simulated",
        summary="SIMULATED data in the shape of Vietnam's market, daily, 2016 to 2025; no fact about any market.",
        taxonomy="19 generic sectors, close to ICB supersectors",
        benchmark="Simulated market, constant weights",
        first=parameters.FIRST,
        last=parameters.LAST,
        sectors=tuple(parameters.SECTORS),
        regions=tuple(parameters.MACRO),
        region_aliases={"vn": "Vietnam", "viet nam": "Vietnam", "world": "Global"},
        periods={"D": 1, "W": 5, "M": 21, "Y": 252},
        sampling={"daily": Sampling(1, 63), "weekly": Sampling(5, 260), "monthly": Sampling(21, 504)},
        known_at_kind="simulated-lag",
        vintage=None,
        source=(
            f"SIMULATED by the pack vn-sim, version {parameters.VERSION}, seed {setting.seed}, difficulty "
            f"{difficulty}; nothing was observed anywhere."
        ),
        notes=("SIMULATED: every number here is made by a generator and is no fact about any real market.",),
        panel=lambda: _world(setting).panel,
        macro=lambda region: _world(setting).macro[region],
        trading=lambda: _world(setting).trading,
        statements=lambda: _world(setting).statements,
        resources={"sim://truth": partial(_truth, setting), "sim://tickers": partial(_tickers, setting)},
    )


def _world(setting: parameters.Setting) -> World:
    from agent.market.vn_world import world

    return world(setting)


def _truth(setting: parameters.Setting) -> str:
    from agent.market.vn_truth import truth

    return truth(_world(setting))


def _tickers(setting: parameters.Setting) -> str:
    from agent.market.vn_truth import tickers

    return tickers(_world(setting))


PACK = pack()
"""At the usual difficulty."""
