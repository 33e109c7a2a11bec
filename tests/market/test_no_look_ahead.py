from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.market import tools, us_real, vn_sim
from agent.market.answers import ANSWERS
from agent.market.pack import Pack, Refusal

PACKS = {"us-real": us_real.PACK, "vn-sim": vn_sim.PACK}


def answer_of(pack: Pack, tool: str, arguments: dict) -> dict:
    return ANSWERS[tool](pack, tools.checked(tools.offered(pack)[tool], pack, arguments))


def choices(pack: Pack, tool: str) -> st.SearchStrategy[dict]:
    """Arguments for a tool: any date of the pack, any word of its enums, lists of them whole, and any small count."""
    arguments = {"as_of": st.dates(pack.first, pack.last).map(date.isoformat)}
    for name, schema in tools.offered(pack)[tool].properties(pack).items():
        if "enum" in schema:
            arguments[name] = st.sampled_from(schema["enum"])
        elif schema["type"] == "array":
            arguments[name] = st.just(schema["items"]["enum"])
        elif "maximum" in schema:
            arguments[name] = st.integers(schema["minimum"], min(schema["maximum"], 70))
    return st.fixed_dictionaries(arguments)


CASES = [(name, tool) for name, pack in PACKS.items() for tool in tools.offered(pack)]


@pytest.mark.parametrize(("name", "tool"), CASES)
def test_no_answer_holds_a_date_after_its_as_of(name, tool):
    pack = PACKS[name]

    @settings(max_examples=60, deadline=None)
    @given(choices(pack, tool))
    def check(arguments):
        try:
            answer = answer_of(pack, tool, arguments)
        except Refusal:
            return  # too little history, or a granularity the pack does not have
        assert answer["observed_at"] <= answer["known_at"] <= answer["as_of"] == arguments["as_of"]
        for row in answer["rows"]:
            assert row.get("observed_at", "") <= row.get("known_at", "") <= answer["as_of"]
            assert all(day < answer["observed_at"] for day, *_ in row.get("tail", ()))

    check()


def truncated(pack: Pack, as_of: date) -> Pack:
    """The pack as it would be had nothing become known after a day."""

    def panel():
        assert pack.panel
        whole = pack.panel()
        seen = sum(day <= as_of for day in whole.dates)
        return replace(whole, dates=whole.dates[:seen], sectors=whole.sectors[:seen], benchmark=whole.benchmark[:seen])

    def macro(region):
        assert pack.macro
        known = {name: sum(day <= as_of for day in s.known) for name, s in pack.macro(region).items()}
        return {
            name: replace(s, observed=s.observed[:n], known=s.known[:n], values=s.values[:n])
            for (name, n), s in zip(known.items(), pack.macro(region).values(), strict=True)
        }

    return replace(pack, panel=panel, macro=macro)


@pytest.mark.parametrize("name", PACKS)
@pytest.mark.parametrize(
    "tool", ["get_sector_heatmap", "get_macro_indicators", "get_relative_rotation", "get_market_regime"]
)
def test_an_answer_is_the_same_when_later_data_do_not_exist(name, tool):
    pack = PACKS[name]

    def answered(pack, arguments):
        try:
            return answer_of(pack, tool, arguments)
        except Refusal as refusal:
            return str(refusal)

    @settings(max_examples=25, deadline=None)
    @given(choices(pack, tool))
    def check(arguments):
        shortened = truncated(pack, date.fromisoformat(arguments["as_of"]))
        assert answered(pack, arguments) == answered(shortened, arguments)

    check()
