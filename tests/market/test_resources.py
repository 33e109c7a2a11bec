from __future__ import annotations

import json

import numpy as np
import pytest
from mcp import Client, MCPError

from agent.market import vn_parameters as p
from agent.market import vn_truth
from agent.market.server import build
from agent.market.vn_world import world


async def read(uri: str, difficulty: str | None = None):
    async with Client(build("vn-sim", difficulty)) as client:
        [content] = (await client.read_resource(uri)).contents
    assert (content.uri, content.mime_type) == (uri, "application/json")
    return json.loads(content.text)


async def test_what_was_planted_is_listed_as_resources_and_never_as_a_tool():
    async with Client(build("vn-sim")) as client:
        assert client.server_capabilities.resources is not None
        resources = (await client.list_resources()).resources
        tools = (await client.list_tools()).tools
    assert [resource.uri for resource in resources] == ["sim://truth", "sim://tickers"]
    said = json.dumps([tool.model_dump(mode="json") for tool in tools])
    assert "sim://" not in said and "truth" not in said


async def test_a_pack_without_resources_lists_none():
    async with Client(build("us-real")) as client:
        assert (await client.list_resources()).resources == []
        assert (await client.list_resource_templates()).resource_templates == []


async def test_an_unknown_resource_is_refused_with_the_ones_there_are():
    async with Client(build("vn-sim")) as client:
        with pytest.raises(
            MCPError, match=r"Unknown resource 'sim://lies'. There are: sim://truth, sim://tickers."
        ) as refused:
            await client.read_resource("sim://lies")
    assert refused.value.data == {"uri": "sim://lies"}


async def test_the_truth_is_what_the_generator_used():
    truth = await read("sim://truth")
    assert truth["setting"] == {"difficulty": "teaching", "seed": p.SEED}
    assert truth["planted_strength"] == 2
    assert truth["about_planted_strength"].startswith("What was planted is this many times the drift of 'rate_hike'")
    assert truth["rate_hike"]["first"] == "2019-04-01"
    assert truth["rate_hike"]["drift"] == p.RATE_HIKE.drift
    assert truth["regimes"]["Vietnam"][0] == {"first": "2013-01-01", "last": "2013-11-19", "regime": "recovery"}
    assert truth["parameters"]["SECTORS"]["Banks"]["weight"] == 300
    assert truth["parameters"]["FIRST"] == "2016-01-04"

    dates = truth["expected_excess"]["dates"]
    days = world(p.Setting()).hidden.days
    assert len(dates) == 120
    assert next(iter(dates)) == "2016-01-29" and list(dates)[-1] == "2025-12-31"
    excess = vn_truth.expected_excess(world(p.Setting()))
    at = days.index(p.date(2020, 6, 30))
    for i, sector in enumerate(p.SECTORS):
        said = dates["2020-06-30"]
        assert said["per_year"][sector] == pytest.approx(252 * excess[at, i], abs=0.00501)
        assert said["ahead"][sector] == pytest.approx(sum(excess[at + 1 : at + 64, i]), abs=0.00501)
    assert dates["2025-09-30"]["ahead"] is not None
    assert dates["2025-10-31"]["ahead"] is None


async def test_expected_excess_adds_up_to_nothing_over_the_market():
    dates = (await read("sim://truth"))["expected_excess"]["dates"]
    for said in dates.values():
        total = sum(p.SECTORS[sector].weight * value for sector, value in said["per_year"].items())
        assert total / 1000 == pytest.approx(0, abs=0.01)


async def test_an_easier_market_has_more_planted_in_it():
    easy, usual = await read("sim://truth", "easy"), await read("sim://truth")
    assert (easy["planted_strength"], usual["planted_strength"]) == (3, 2)
    spread = [
        sum(abs(value) for said in truth["expected_excess"]["dates"].values() for value in said["per_year"].values())
        for truth in (easy, usual)
    ]
    assert spread[0] > 1.3 * spread[1]


def test_the_planted_strength_times_what_is_told_of_the_rate_hike_is_what_was_planted():
    hidden = world(p.Setting()).hidden
    before, within = hidden.days.index(p.date(2019, 3, 29)), hidden.days.index(p.date(2019, 4, 1))
    assert hidden.regime[before] == hidden.regime[within], "only the hike begins between the two"
    step = hidden.planted[within] - hidden.planted[before]
    told = np.array([2 * p.RATE_HIKE.drift.get(sector, 0) for sector in p.SECTORS])
    fresh = 2 * p.LEADERSHIP_SPREAD * np.sqrt(1 - p.LEADERSHIP_PERSISTENCE**2)
    assert np.abs(step - told).max() < 4 * fresh < 20


async def test_every_ticker_stands_with_its_sector_and_weight():
    listed = (await read("sim://tickers"))["tickers"]
    assert len(listed) == 400
    assert listed[0]["ticker"] == "S0001"
    assert {each["exchange"] for each in listed} == {"HOSE", "HNX", "UPCOM"}
    for name, sector in p.SECTORS.items():
        members = [each for each in listed if each["sector"] == name]
        assert sum(each["weight"] for each in members) == pytest.approx(100)
        assert sum(each["weight_in_market"] for each in members) == pytest.approx(sector.weight / 10)
    assert max(each["weight"] for each in listed) == 20


async def test_the_difficulty_stands_in_the_source_of_every_answer():
    async with Client(build("vn-sim", "realistic")) as client:
        for tool in (await client.list_tools()).tools:
            answer = (await client.call_tool(tool.name, {})).structured_content
            assert "difficulty realistic" in answer["source"]


def test_real_data_have_no_difficulty():
    with pytest.raises(ValueError, match="the pack us-real is not simulated"):
        build("us-real", "easy")
