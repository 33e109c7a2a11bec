from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.evidence import chance, examine
from agent.figures import Figure

PIECES = st.sampled_from(
    ["−", "-", "+", "3", "12", "0.5", "1.240,5", "1,240", "%", " pp", " bps", " bn", "VND ", "$", "x", " tỷ đồng",
    " lần",
     "Banks", "Ngân hàng", "'s ", " of ", " by ", " than ", "outperformed ", "fell ", "net selling ", "average ",
     "total ",
     "tăng ", "cao hơn ", "momentum ", "mom_12_1 ", "(3M)", "2025", "-06-30", ". ", ", ", "; ", "\n", " and ",
     " to ", "–",
     "…", "#", "[", "]", "ranks ", "st", "e9", "\u00a0", "\u0300", "²", "٣", "１", "\0", "𝟗", "%%", "1" * 60, ".", ","]
)  # fmt: skip
texts = st.lists(PIECES | st.text(max_size=3), max_size=40).map("".join)
values = st.none() | st.floats() | st.integers(-(10**20), 10**20).map(float)
units = st.sampled_from([None, "", "percent", "%", "fraction", "percentage points", "VND bn", "tỷ đồng", "x", "??"])
figures = st.builds(
    Figure,
    sector=st.none() | st.sampled_from(["Banks", "Energy", "", " ", "VNINDEX"]) | st.text(max_size=3),
    metric=st.sampled_from(["performance", "mom_12_1", "net_buy", "total_sell", "", "volatility", "a"])
    | st.text(max_size=3),
    value=values,
    unit=units | st.text(max_size=3),
    lookback=st.sampled_from([None, "3M", "12-1M", "", "99999999D"]),
    observed_at=st.sampled_from([None, "2025-06-30", "2025-05-31", "?"]),
    tool=st.sampled_from(["t", "whale_flow"]),
    call=st.just("c"),
    pointer=st.text(max_size=3),
    ticker=st.sampled_from([None, "VCB", ""]),
)


@settings(deadline=None, max_examples=300)
@given(
    texts, st.lists(figures, max_size=12), st.sampled_from(["en", "vi", "fr"]), st.sampled_from(["Banks", "", None, 3])
)
@example("1" * 5_000, [], "en", "Banks")
@example("(((((3M" * 200, [], "en", "Banks")
def test_whatever_a_model_and_a_server_write_is_examined(text: str, shown: Any, language: str, sector: Any) -> None:
    answer = {"sector_recommendations": [{"sector_name": sector, "rationale": text, "confidence_score": 0.5}]}
    aliases = {"Banks": ["Ngân hàng", "", " "]}
    found = examine(answer, shown, aliases=aliases, language=language)
    for number in found:
        assert text[number.start : number.end] == number.text
        assert number.supported == bool(number.figures)
    json.dumps([number.to_json() for number in found])
    passing = chance(answer, shown, aliases=aliases, language=language)
    assert passing is None or 0 <= passing <= 1


@pytest.mark.parametrize(
    "answer",
    [None, 3, "7.3 %", [], {}, {"sector_recommendations": None}, {"sector_recommendations": [None, 3, "7 %", {}]},
     {"sector_recommendations": [{"sector_name": "Banks", "rationale": ["7.3 %"]}]}, {"summary": "Banks rose 7.3 %"}],
)  # fmt: skip
def test_only_rationales_of_recommendations_are_examined(answer: Any) -> None:
    assert examine(answer, []) == []


def test_a_figure_without_a_value_is_no_evidence() -> None:
    shown = [
        Figure("Banks", "momentum", value, "percent", None, None, "t", "c", "/0") for value in (None, float("nan"))
    ]
    [number] = examine({"sector_recommendations": [{"sector_name": "Banks", "rationale": "Momentum 0 %"}]}, shown)
    assert number.status == "ungrounded"
