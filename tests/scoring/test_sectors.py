from __future__ import annotations

from typing import Any
from unicodedata import normalize

import pytest

from agent.scoring.sectors import Sectors, held_back

TAXONOMY = {"Banks": ["Ngân hàng", "Financials"], "Real Estate": ["Bất động sản"], "Financials": []}


def recommendation(**changes: Any) -> dict[str, Any]:
    return {"action": "neutral", "confidence_score": 0.5, "rationale": "Flow data are missing."} | changes


@pytest.mark.parametrize("name", ["Banks", " BANKS ", "ngân HÀNG", normalize("NFD", "Ngân hàng")])
def test_a_sector_is_one_under_all_its_names(name: str) -> None:
    assert Sectors(TAXONOMY).one(name) == "banks"


def test_a_sectors_own_name_wins_over_anothers_alias() -> None:
    assert Sectors(TAXONOMY).one("financials") == "financials"


def test_an_unknown_sector_goes_by_its_own_name_and_no_text_by_none() -> None:
    assert [Sectors(TAXONOMY).one(name) for name in ("Space", None, 3, ["Banks"])] == ["space", "", "", ""]
    assert Sectors().one("Ngan hang") != Sectors().one("Ngân hàng")


def test_recommendations_are_gathered_by_sector_in_the_answers_order() -> None:
    listed = [{"sector_name": "Energy"}, {"sector_name": "Ngân hàng"}, {"sector_name": "Banks"}, "Banks", {}]
    advice = Sectors(TAXONOMY).advice({"sector_recommendations": listed})
    assert advice == {"energy": listed[:1], "banks": listed[1:3], "": [{}]}
    assert list(advice) == ["energy", "banks", ""]


@pytest.mark.parametrize("answer", [None, [], "x", {}, {"sector_recommendations": {"Banks": "neutral"}}])
def test_another_form_of_answer_is_no_sector_advice(answer: Any) -> None:
    assert Sectors().advice(answer) is None


@pytest.mark.parametrize(
    "rationale",
    [
        "No data for this sector.", "There are no flow data.", "Flow is not available", "Data UNAVAILABLE.",
        "The figures are stale.", "outdated", "Heatmap and flow contradict each other.", "contradictory signals",
        "Signals conflict", "conflicting evidence", "insufficient evidence", "not enough evidence", "The tool failed.",
        "an error came back", "Không có dữ liệu dòng tiền.", "Chưa có số liệu.", "Thiếu số liệu", "dữ liệu cũ",
        "Số liệu đã lỗi thời", "Các tín hiệu mâu thuẫn", "không đủ bằng chứng", normalize("NFD", "Thiếu số liệu"),
    ],
)  # fmt: skip
def test_a_neutral_stance_that_names_a_gap_holds_back(rationale: str) -> None:
    assert held_back([recommendation(rationale=rationale)])


@pytest.mark.parametrize(
    "rationale",
    ["It moved with the market.", "Dismissing momentum.", "Terrors of inflation", "A lackluster quarter.",
     "no doubt the data", "Tối thiểu hai quý tăng", "", None, 3],
)  # fmt: skip
def test_a_neutral_stance_without_a_gap_is_a_call(rationale: Any) -> None:
    assert not held_back([recommendation(rationale=rationale)])


@pytest.mark.parametrize("confidence", [0.51, 1, True, False, None, "0.3", float("nan")])
def test_a_confident_stance_or_one_without_a_number_is_a_call(confidence: Any) -> None:
    assert not held_back([recommendation(confidence_score=confidence)])


@pytest.mark.parametrize("action", ["overweight", "underweight", None, ["neutral"], ""])
def test_only_neutral_holds_back(action: Any) -> None:
    assert not held_back([recommendation(action=action)])
    assert held_back([recommendation(action=" Neutral")])


def test_no_recommendation_holds_back_and_one_call_of_two_does_not() -> None:
    assert held_back([])
    assert not held_back([recommendation(), recommendation(action="overweight")])
