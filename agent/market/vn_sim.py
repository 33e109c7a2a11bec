"""Pack `vn-sim`: a SIMULATED stock market in the shape of Vietnam's; no number is a fact about any market."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.market import vn_parameters as parameters
from agent.market.pack import Pack, Sampling

if TYPE_CHECKING:
    from agent.market.vn_generator import World


def _world() -> World:
    from agent.market.vn_generator import generate

    return generate()


PACK = Pack(
    name="vn-sim",
    kind="simulated",
    summary="SIMULATED data in the shape of Vietnam's market, daily, 2016 to 2025; no fact about any market.",
    taxonomy="19 generic sectors, close to ICB supersectors",
    benchmark="Simulated market, value-weighted",
    first=parameters.FIRST,
    last=parameters.LAST,
    sectors=tuple(parameters.SECTORS),
    regions=tuple(parameters.MACRO),
    region_aliases={"vn": "Vietnam", "viet nam": "Vietnam", "world": "Global"},
    periods={"D": 1, "W": 5, "M": 21, "Y": 252},
    sampling={"daily": Sampling(1, 63), "weekly": Sampling(5, 260), "monthly": Sampling(21, 504)},
    known_at_kind="simulated-lag",
    vintage=None,
    source=f"SIMULATED by the pack vn-sim, seed {parameters.SEED}; nothing was observed anywhere.",
    notes=("SIMULATED: every number here is made by a generator and is no fact about any real market.",),
    panel=lambda: _world().panel,
    macro=lambda region: _world().macro[region],
    trading=lambda: _world().trading,
    statements=lambda: _world().statements,
)
