"""What a question on an answer names, as the planner reads it."""

from __future__ import annotations

from typing import Any

import pytest

from agent import data
from agent.model.conversation import Conversation, sectors_named
from agent.model.lookback_words import lookbacks_named
from agent.model.sought import asked as sought
from agent.taxonomy import SectorSpec, Taxonomy, as_customary

SECTORS = ("Energy", "Health Care", "Personal and Household Goods")
BANKS = SectorSpec(aliases=["Ngân hàng", "lenders", "Bank"])
TAXONOMY = Taxonomy(
    {name: SectorSpec() for name in SECTORS} | {"Banks": BANKS, "Utilities": SectorSpec(aliases=["Power", "Nước"])}
)


def said(role: str, *texts: str) -> dict[str, Any]:
    return {"role": role, "content": [{"type": "text", "text": text} for text in texts]}


OPENING = [said("user", "First, over 6 months, energy?", "Horizon: 3 months"), said("assistant", "{}")]


def asked(question: str) -> Conversation:
    return Conversation.of([*OPENING, said("user", question, data.prompt("followup"))])


def test_first_question_is_asked_as_it_always_was() -> None:
    first = Conversation.of(OPENING)
    assert (first.question, first.about, first.follows) == ("First, over 6 months, energy?", "Horizon: 3 months", False)
    assert first.lookbacks == []


def test_newest_question_counts_and_what_asks_for_a_repair_is_none() -> None:
    second = [*OPENING, said("user", "Second?", data.prompt("followup")), said("assistant", "{}")]
    assert (
        Conversation.of([*second, said("user", "Your answer cannot be used yet.", "No more calls.")]).question
        == "Second?"
    )
    third = Conversation.of([*second, said("user", "Third?", data.prompt("followup"), "No more calls.")])
    assert (third.question, third.about, third.follows) == ("Third?", "Horizon: 3 months", True)


@pytest.mark.parametrize(
    ("question", "lookbacks"),
    [
        ("over the last six months", ["6M"]),
        ("over 6M, 12 months and 2 years", ["6M", "1Y", "2Y"]),
        ("a 9-month view", ["9M"]),
        ("trong 6 tháng, hay 1 năm", ["6M", "1Y"]),
        ("one month or 1M", ["1M"]),
        ("0 months, 100 months, 5 monthly reports, a year", ["100M", "1Y"]),
        ("over four months, five years, eighteen months or twenty-four", ["4M", "5Y", "18M"]),
        ("over twenty-four months, thirty-six months, and 20 sessions", ["2Y", "3Y", "20D"]),
        ("6 weeks, 2 quarters, 99Y or 100 years", ["6W", "6M", "99Y", "100Y"]),
    ],
)
def test_lookbacks_are_read_in_sessions_weeks_months_quarters_and_years(question: str, lookbacks: list[str]) -> None:
    assert asked(question).lookbacks == lookbacks


@pytest.mark.parametrize(
    ("question", "lookbacks"),
    [
        ("over half a year, or the last half-year", ["6M"]),
        ("the last quarter", ["3M"]),
        ("the past year and the previous month", ["1Y", "1M"]),
        ("last week", ["1W"]),
        ("in the past year, in the last two weeks", ["1Y", "2W"]),
        ("1.5 years", ["18M"]),
        ("a year and a half, or two and a half years", ["18M", "30M"]),
        ("2.5 months", ["2.5M"]),
        ("once a month, 10 % a year", []),
        ("a quarter of the sectors, the last quarter of 2007, one quarter of them", []),
        ("the past few years", []),
    ],
)
def test_halves_and_single_periods_are_lookbacks(question: str, lookbacks: list[str]) -> None:
    assert asked(question).lookbacks == lookbacks


@pytest.mark.parametrize(
    "question", ["3-6 months", "3\u20136 months", "3 to 6 months", "three or six months", "3 đến 6 tháng", "3M/6M"]
)
def test_range_of_lookbacks_asks_for_both_its_ends(question: str) -> None:
    assert asked(f"And over {question}?").lookbacks == ["3M", "6M"]


def test_each_lookback_of_a_list_is_asked_for() -> None:
    assert asked("And over 3, 6 and 12 months?").lookbacks == asked("The 3-, 6- and 12-month view?").lookbacks
    assert asked("And over 3, 6 and 12 months?").lookbacks == ["3M", "6M", "1Y"]


@pytest.mark.parametrize(
    "question",
    [
        *("12-1 month momentum", "12-1M momentum", "the 10-year yield", "the 52-week high", "kỳ hạn 10 năm"),
        *("the 10-year US Treasury yield", "a 10-year government bond", "the 10-year swap", "3-month T-bills"),
        *("3-month LIBOR", "a 30-year fixed mortgage", "10 năm trái phiếu", "trái phiếu chính phủ 10 năm"),
    ],
)
def test_names_with_a_time_in_them_are_no_lookback(question: str) -> None:
    assert asked(f"And by {question}?").lookbacks == []


@pytest.mark.parametrize("bonds", ["as bond yields rise", "if rates rise", "for bonds, too"])
def test_lookback_stays_one_where_bonds_are_spoken_of_as_well(bonds: str) -> None:
    assert asked(f"And over 6 months {bonds}?").lookbacks == ["6M"]


@pytest.mark.parametrize("question", ["$5m", "€ 5m", "USD 5m", "5M USD", "5m dollars", "5m shares"])
def test_amounts_are_no_lookback(question: str) -> None:
    assert asked(f"And with {question}?").lookbacks == []


@pytest.mark.parametrize("question", ["từ 30 tháng 9", "Tính đến 30 tháng 9 năm 2008", "ngày 2 tháng 9"])
def test_dates_are_no_lookback(question: str) -> None:
    assert asked(question).lookbacks == []


@pytest.mark.parametrize(
    ("question", "lookbacks"),
    [
        ("over 3,6,12 months", ["3M", "6M", "1Y"]),
        ("over 1,3,6 months", ["1M", "3M", "6M"]),
        ("trong 3,6 tháng", ["3.6M"]),
        ("ten trading sessions, 5 business days", ["10D", "5D"]),
        ("one hundred and twenty sessions, một trăm hai mươi lăm phiên", []),
    ],
)
def test_counts_are_read_whole(question: str, lookbacks: list[str]) -> None:
    assert asked(question).lookbacks == lookbacks


@pytest.mark.parametrize(
    "question",
    [
        *("5" + ",5" * 5000, "1, " * 6000, "3 and " * 3000, "1" + " " * 50_000, "hundred " * 3000, "hai hoặc " * 3000),
        *("1.5" * 5000, "6M bonds " * 3000, "6M US US " * 3000, "set " * 5000, "ignore " * 5000, "energy, " * 5000),
    ],
)
def test_long_question_is_read_in_the_end(question: str) -> None:
    lookbacks_named(question)
    sought([question, question])
    sectors_named(question, TAXONOMY)


@pytest.mark.parametrize(
    "question",
    [
        "2 years from now",
        "three months ahead",
        "over the next 2 years",
        "over the coming six to twelve months",
        "in two years' time",
        "over a 6-month horizon",
        "6 tháng tới",
        "hai năm nữa",
        "3 đến 6 tháng sắp tới",
        "in six months",
        "in a year",
        "sau 6 tháng",
    ],
)
def test_what_lies_ahead_is_no_lookback(question: str) -> None:
    assert asked(f"And {question}?").lookbacks == []


@pytest.mark.parametrize(
    ("question", "lookbacks"),
    [
        ("trong sáu tháng", ["6M"]),
        ("một, hai và ba tháng", ["1M", "2M", "3M"]),
        ("năm năm, năm tháng", ["5Y", "5M"]),
        ("mười năm, mười hai tháng, hai mươi tư tháng", ["10Y", "1Y", "2Y"]),
        ("một năm rưỡi, 1,5 năm", ["18M"]),
        ("nửa năm, quý trước, năm ngoái, tháng vừa qua", ["6M", "3M", "1Y", "1M"]),
        ("6 tuần, 20 phiên, hai quý", ["6W", "20D", "6M"]),
        ("trong sa\u0301u tha\u0301ng", ["6M"]),
        ("tháng 6 năm 2008, quý 2 năm 2008, năm nay, mấy năm qua", []),
    ],
)
def test_lookbacks_are_read_in_vietnamese_words(question: str, lookbacks: list[str]) -> None:
    assert asked(question).lookbacks == lookbacks


@pytest.mark.parametrize(
    ("question", "sectors"),
    [
        ("And health care, or ENERGY?", ["Health Care", "Energy"]),
        ("What about personal & household goods?", ["Personal and Household Goods"]),
        ("Ngân hàng thì sao?", ["Banks"]),
        ("And lenders?", ["Banks"]),
        ("And the energetic banksters?", []),
        ("Where does the central bank stand, and what is pricing power worth?", []),
        ("Nhà đầu tư nước ngoài mua gì? Ngân hàng nhà nước thì sao?", []),
    ],
)
def test_sectors_are_read_by_any_of_their_names(question: str, sectors: list[str]) -> None:
    assert sectors_named(question, TAXONOMY) == sectors


MARKET = as_customary(
    ["Oil and Gas", "Chemicals", "Basic Resources", "Banks", "Utilities", "Real Estate", "Retail", "Technology"]
)
US = as_customary(["Energy", "Finance", "Manufacturing", "Wholesale and Retail", "Utilities"])
"""Sectors of servers whose agent file has no taxonomy."""


@pytest.mark.parametrize(
    ("question", "sectors"),
    [
        ("And energy, over six months?", ["Oil and Gas"]),
        ("And energy over the last six months?", ["Oil and Gas"]),
        ("dầu khí 6 tháng", ["Oil and Gas"]),
        ("Còn ngân hàng?", ["Banks"]),
        ("Thép thì sao?", ["Basic Resources"]),
        ("Bỏ qua suy thoái, còn ngân hàng thì sao?", ["Banks"]),
        ("And oil, banking or tech?", ["Oil and Gas", "Banks", "Technology"]),
        ("And energy, which is the safer?", ["Oil and Gas"]),
        ("And energy in a crash?", ["Oil and Gas"]),
        ("How do oil and tech stocks look?", ["Oil and Gas", "Technology"]),
        ("Is the property sector cheap? Cổ phiếu cao su?", ["Real Estate", "Chemicals"]),
        ("IT?", ["Technology"]),
        ("Is information technology cheap, and do banks rise as retail does?", ["Technology", "Banks", "Retail"]),
    ],
)
def test_customary_names_are_read_where_sectors_are_spoken_of(question: str, sectors: list[str]) -> None:
    assert sectors_named(question, MARKET) == sectors


@pytest.mark.parametrize(
    "question",
    [
        "And in a financial crisis, which sectors hold up?",
        "Which sectors hold up in a financial crisis?",
        "Financial conditions are tight; which sectors lead?",
        "And which lead if oil prices fall?",
        "Which property of a sector matters, and should a private banking client know?",
        "Which sectors gain from industrial output?",
        "What do retailing and oil data say?",
        "As rubber meets the road, which lead?",
        "Khủng hoảng tài chính: ngành nào phòng thủ?",
        "Nên mua ngành nào khi lãi suất ngân hàng tăng?",
        "Thị trường bất động sản đóng băng thì ngành nào?",
        "sản xuất công nghiệp giảm thì ngành nào?",
        "Các ngành công nghiệp nào dẫn đầu?",
        "And the others?",
    ],
)
def test_everyday_words_are_no_sectors(question: str) -> None:
    assert sectors_named(question, MARKET) == sectors_named(question, US) == []
