from __future__ import annotations

from unicodedata import normalize

import pytest

from agent.evidence.mentions import Mention, mentions_of
from tests.evidence.corpus import Text
from tests.evidence.looking import counted, numbers


def found(text: str, language: str = "en") -> list[Mention]:
    return mentions_of(text, language, [])


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("7.3 %", 7.3, "%"), ("−3.1%", -3.1, "%"), ("-3.1 per cent", -3.1, "%"), ("minus 3.1 percent", -3.1, "%"),
        ("âm 3,1 phần trăm", -3.1, "%"), ("+4.5 pp", 4.5, "pp"), ("4,5 điểm phần trăm", 4.5, "pp"),
        ("4.5 percentage points", 4.5, "pp"), ("a 4.5-percentage-point gap", 4.5, "pp"), ("25 bps", 25.0, "bp"),
        ("25 basis points", 25.0, "bp"), ("25 điểm cơ bản", 25.0, "bp"), ("1.3x", 1.3, "x"), ("2.5 times", 2.5, "x"),
        ("gấp 2,5 lần", 2.5, "x"), ("VND 1.24 trillion", 1.24, "VND tn"), ("VND −12.4 bn", -12.4, "VND bn"),
        ("−VND 12.4 bn", -12.4, "VND bn"), ("-$5m", -5.0, "USD mn"), ("+2,875 bn", 2875.0, "bn"),
        ("+1169.7 VND bn", 1169.7, "VND bn"), ("1.240,5 tỷ đồng", 1240.5, "VND bn"),
        ("1.240 tỷ đồng", 1240.0, "VND bn"),
        ("1,240.5 bn", 1240.5, "bn"), ("1.2 nghìn tỷ đồng", 1.2, "VND tn"), ("310 triệu", 310.0, "mn"),
        ("310B", 310.0, "bn"),
        ("1\u202f240.5 bn", 1240.5, "bn"), ("1\u00a0240\u00a0bn", 1240.0, "bn"), ("2015 bn", 2015.0, "bn"),
        ("0.073", 0.073, None),
        ("7,3", 7.3, None), ("1,234,567", 1234567.0, None), (".5 %", 0.5, "%"), ("(3.1 %)", 3.1, "%"),
        ("12.0", 12.0, None),
    ],
)  # fmt: skip
def test_numbers_are_read_with_sign_and_unit(text: str, value: float, unit: str | None) -> None:
    [mention] = found(text)
    assert (mention.value, mention.unit.name, mention.why) == (value, unit, None)


@pytest.mark.parametrize(
    ("text", "english", "vietnamese"),
    [("1.240", 1.24, 1240.0), ("1,240", 1240.0, 1.24), ("12.5", 12.5, 12.5), ("1.240,5", 1240.5, 1240.5)],
)
def test_language_decides_what_a_lone_separator_means(text: str, english: float, vietnamese: float) -> None:
    assert [each.value for each in found(text)] == [english]
    assert [each.value for each in found(text, "vi")] == [vietnamese]
    assert [each.value for each in found(f"Khối ngoại mua ròng được {text}")] == [vietnamese]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("4.5 %–5.0 %", [4.5, 5.0]), ("4.5–5.0 %", [4.5, 5.0]), ("between 2 and 3 %", [2.0, 3.0]),
        ("2 to 3 %", [2.0, 3.0]),
        ("từ 2 đến 3 %", [2.0, 3.0]), ("−2 to −3 %", [-2.0, -3.0]), ("34.5 (6M) and 12.3 %", [34.5, 12.3]),
    ],
)  # fmt: skip
def test_numbers_of_a_range_share_their_unit(text: str, values: list[float]) -> None:
    mentions = [each for each in found(text) if each.why is None]
    assert [(each.value, each.unit.name) for each in mentions] == [(value, "%") for value in values]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("on 2025-06-30", "date"), ("30/6/2025", "date"), ("30.06.2025", "date"), ("June 30", "date"),
        ("30 June", "date"),
        ("tháng 5", "date"), ("ngày 30 tháng 6", "date"), ("tháng 5/2025", "date"), ("in 2026", "year"),
        ("2024-25", "year"),
        ("năm 2025", "year"), ("3M", "period"), ("12-1M", "period"), ("63 sessions", "period"), ("3 tháng", "period"),
        ("20 phiên", "period"), ("quý 2", "period"), ("Q2", "period"), ("1, 3 and 6 months", "period"),
        ("a 3-month view", "period"),
        ("12-1 momentum", "period"), ("1Q25", "period"), ("H1", "period"), ("FY2025", "year"),
        ("2nd highest of 12", "rank"),
        ("#1 of 4", "rank"), ("ranks 3 of 19", "rank"), ("top 3", "rank"), ("thứ 2", "rank"),
        ("the strongest of the 4", "rank"),
        ("hạng 3", "rank"), ("3 of 19", "count"), ("19 sectors", "count"), ("the 4 largest sectors", "count"),
        ("12 ngành", "count"),
        ("failed 3 times", "count"), ("at 16:30", "time"), ("S01", "name"), ("mom_12_1", "name"), ("COVID-19", "name"),
        ("version 1.2.3", "name"), ("S&P 500", "name"), ("see [1]", "label"), ("https://a.example/7.3", "label"),
        ("(1) momentum", "label"), ("1" * 60, "name"),
    ],
)  # fmt: skip
def test_what_claims_nothing_is_left_out(text: str, why: str) -> None:
    mentions = found(text)
    assert mentions
    assert {each.why for each in mentions} <= {why, "date", "period", "rank", "count"}
    assert mentions[0].why == why or mentions[-1].why == why


@pytest.mark.parametrize("text", ["top 7.3 %", "2015 bn", "VND 5M", "ranks at 104.6", "1.5M", "3.1 % of 19 sectors"])
def test_what_has_a_unit_or_decimals_is_counted_wherever_it_stands(text: str) -> None:
    assert found(text)[0].why is None


def test_names_with_digits_hold_no_numbers() -> None:
    assert [each.why for each in mentions_of("Sector 7 rose", "en", [(0, 8)])] == ["name"]


def test_places_are_those_of_the_text_as_it_was_written() -> None:
    text = normalize("NFD", "Độ biến động 27,1 % và lạm phát 3,4 %.")
    found = counted(Text("fractions", "Energy", text, 2, "vi"))
    assert [text[each.start : each.end] for each in found] == ["27,1 %", "3,4 %"]
    assert [each.status for each in found] == ["grounded", "grounded"]


def test_the_answers_own_confidence_needs_no_evidence() -> None:
    from agent.evidence import examine

    rationale = "Confidence is kept at 0.55, a probability of 55 %, not 0.65."
    answer = {"sector_recommendations": [{"sector_name": "Banks", "rationale": rationale, "confidence_score": 0.55}]}
    assert [(each.status, each.why) for each in examine(answer, [])][:2] == [("excluded", "confidence")] * 2
    assert examine(answer, [])[2].status == "ungrounded"


def test_an_abbreviation_ends_no_sentence() -> None:
    [own, other] = counted(Text("fractions", "Energy", "Volatility of 27.1 % vs. 24.8 % for Technology.", 2))
    assert (own.status, other.status) == ("grounded", "grounded")
    [alone] = numbers(Text("fractions", "Energy", "Technology leads. Volatility is 24.8 %.", 1))
    assert alone.status == "wrong_sector"
