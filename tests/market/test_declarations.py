from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from mcp import Client

from agent.market import tools, us_real, vn_sim
from agent.market.answers import ANSWERS
from agent.market.server import PACKS, build

PARAMETERS = {
    "get_sector_heatmap": {"lookback_period": "string", "granularity": "string", "metrics": "array"},
    "get_macro_indicators": {"indicators": "array", "region": "string", "period": "string"},
    "get_foreign_flow": {"sector": "string", "period": "string", "flow_type": "string"},
    "get_whale_activity": {"sector": "string", "lookback_days": "integer"},
    "get_financial_statements": {"sector": "string", "period": "string"},
    "get_relative_rotation": {"window": "integer", "smoothing": "integer", "lag": "integer", "tail": "integer"},
    "get_market_regime": {"window": "integer"},
}
NEEDING_A_PANEL = ["get_relative_rotation", "get_market_regime"]


async def listed(pack: str):
    async with Client(build(pack)) as client:
        return (await client.list_tools()).tools


async def test_each_pack_offers_what_its_data_can_feed():
    assert PACKS == ("vn-sim", "us-real")
    assert [tool.name for tool in await listed("vn-sim")] == list(PARAMETERS)
    assert [tool.name for tool in await listed("us-real")] == list(PARAMETERS)[:2] + NEEDING_A_PANEL
    without = replace(us_real.PACK, panel=None)
    assert list(tools.offered(without)) == ["get_macro_indicators"]


@pytest.mark.parametrize("pack", PACKS)
async def test_every_parameter_is_optional_typed_and_has_a_valid_default(pack):
    for tool in await listed(pack):
        schema = tool.input_schema
        types = {name: about["type"] for name, about in schema["properties"].items()}
        assert types == PARAMETERS[tool.name] | {"as_of": "string"}
        assert "required" not in schema
        assert schema["additionalProperties"] is False
        jsonschema.Draft202012Validator.check_schema(schema)
        for about in schema["properties"].values():
            jsonschema.validate(about["default"], about)


@pytest.mark.parametrize("pack", PACKS)
async def test_enums_are_the_ones_that_agent_files_declare(pack):
    schemas = {tool.name: tool.input_schema["properties"] for tool in await listed(pack)}
    heatmap, macro = schemas["get_sector_heatmap"], schemas["get_macro_indicators"]
    assert heatmap["granularity"]["enum"] == ["daily", "weekly", "monthly"]
    for about, declared in (
        (heatmap["metrics"], ["performance", "momentum", "volatility", "relative_strength"]),
        (macro["indicators"], ["gdp_growth", "inflation", "interest_rates", "unemployment_rate"]),
    ):
        assert about["items"]["enum"][: len(declared)] == about["default"] == declared
    assert macro["period"]["enum"] == ["quarterly", "annually", "monthly"]
    if pack == "vn-sim":
        flow_types = schemas["get_foreign_flow"]["flow_type"]["enum"]
        assert flow_types == ["net_buy_sell", "total_buy", "total_sell"]


@pytest.mark.parametrize(("pack", "kind"), [("vn-sim", "simulated"), ("us-real", "real")])
async def test_tools_say_that_they_only_read_and_what_they_read(pack, kind):
    for tool in await listed(pack):
        hints = tool.annotations
        assert (hints.read_only_hint, hints.idempotent_hint, hints.open_world_hint) == (True, True, False)
        assert tool.meta == {"sector-advisor/kind": kind, "sector-advisor/pack": pack}
        assert ("SIMULATED" in tool.description) == (kind == "simulated")
        jsonschema.Draft202012Validator.check_schema(tool.output_schema)


def test_every_tool_has_an_answer():
    assert list(ANSWERS) == [tool.name for tool in tools.TOOLS]


@pytest.mark.parametrize("pack", PACKS)
def test_listing_the_tools_needs_no_numpy(pack):
    code = f"""
import sys, anyio
from agent.market.server import build
assert "mcp" not in sys.modules
from mcp import Client
async def main():
    async with Client(build({pack!r})) as client:
        await client.list_tools()
anyio.run(main)
print("numpy" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"


def test_the_documentation_has_every_tool_parameter_and_metric():
    text = (Path(__file__).parents[2] / "docs" / "market.md").read_text(encoding="utf-8")
    rows = {cells[1].strip("` "): cells for line in text.splitlines() if len(cells := line.split("|")) == 5}
    for tool in tools.TOOLS:
        parameters = [name for name in tool.properties(vn_sim.PACK) if name != "as_of"]
        assert rows[tool.name][2].strip() == ", ".join(f"`{name}`" for name in parameters)
    assert [metric for metric in tools.METRICS if f"`{metric}`" not in text] == []
