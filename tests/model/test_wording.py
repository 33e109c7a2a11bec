from __future__ import annotations

import re
from dataclasses import fields
from datetime import date
from typing import Any

import pytest

from agent.figures import Figure
from agent.model.calibration import Calibration
from agent.model.phrases import ENGLISH, VIETNAMESE, Phrases
from agent.model.planner import MAIN
from agent.model.scorecard import METRICS, RISK, WEIGHTS, Scored, ranked
from agent.model.sought import Asked
from agent.model.wording import Ground, Wording
from agent.run import run
from agent.taxonomy import SectorSpec, Taxonomy
from tests.scripted import LOOK, Scripted, agent_file, answer, market, said

TAXONOMY = Taxonomy({"Banks": SectorSpec(names={"vi": "Ngân hàng"}), "B": SectorSpec()})
SURE = Calibration(date(2016, 12, 31), 0.2)
ENOUGH = Ground([], suffices=True)
ALL = Asked()


def figures(metric: str, lookback: str | None = None, unit: str = "percent", tool: str = "t", **values: Any) -> Any:
    return [Figure(name, metric, value, unit, lookback, None, tool, "c", "") for name, value in values.items()]


def of_market(metric: str, value: float, unit: str = "percent") -> Figure:
    return Figure(None, metric, value, unit, None, None, "get_macro_indicators", "c", "")


def written(phrases: Phrases, scored: list[Scored]) -> dict[str, str]:
    wording = Wording(phrases, TAXONOMY)
    return {each.sector: wording.rationale(each) for each in scored}


def prefaced(phrases: Phrases, given: list[Figure], asked: Asked = ALL, ground: Ground = ENOUGH) -> str:
    return Wording(phrases, TAXONOMY).preface(ranked(given, shelter=asked.shelter), SURE, ground, given, asked)


SKEWED = figures("performance", "1M", A=90.0, B=-1.0, C=-2.0, D=-3.0, E=-4.0)
YEAR = figures("performance", "1Y", A=9.0, B=1.0, C=0.0, D=-1.0, E=-9.0)


def test_ranks_speak_in_the_direction_of_the_figure_and_what_is_near_the_mean_says_nothing() -> None:
    told = written(ENGLISH, ranked(SKEWED + YEAR))
    assert "What speaks for this call among the sectors: performance +90.0 % (1M, highest of 5)" in told["A"]
    assert "performance −4.0 % (1M, lowest of 5)" in told["E"]
    assert told["B"] == "Ranks 2 of 5 on the scorecard. For a lower rank: performance −1.0 % (1M, 4th lowest of 5)."


@pytest.mark.parametrize(
    ("unit", "value", "written_as"),
    [
        ("percent", 4.06, "+4.1 %"),
        ("percent", -0.01, "−0.01 %"),
        ("percent", 0.14, "+0.1 %"),
        ("percent", 0.0, "0.0 %"),
        ("percent", -1e-12, "0.0 %"),
        ("", 0.024, "+0.024"),
        ("", -0.31, "−0.31"),
        ("", 1.25, "+1.2"),
    ],
)
def test_small_figure_is_told_from_zero_and_from_others_like_it(unit: str, value: float, written_as: str) -> None:
    wording = Wording(ENGLISH, TAXONOMY)
    assert wording.as_asked("A", figures("performance", "1M", unit, A=value), ["1M"]).endswith(
        f"performance {written_as} (1M)."
    )


def test_sector_near_the_mean_in_everything_says_so() -> None:
    told = written(ENGLISH, ranked(figures("performance", "1Y", A=9.0, B=0.1, C=-9.0)))
    near = "near the mean of the sectors in every measure, as in performance +0.1 % (1Y, 2nd highest of 3)."
    assert near in told["B"]


def test_vietnamese_rationale_names_call_sector_measures_periods_and_amounts_as_vietnamese_does() -> None:
    given = figures("performance", "1Y", Banks=1234.56, B=0.0, C=-9.0, D=-9.0)
    given += figures("momentum", "12-1M", tool="u", Banks=-9.0, B=1.0, C=2.0, D=2.0)
    given += figures("net_value", "20D", "VND bn", "get_whale_activity", Banks=1031.94, B=-5.0, C=7.0, D=7.0)
    given += figures("net_value", "1M", "VND bn", "get_foreign_flow", Banks=0.04, B=-5.0, C=7.0, D=-9.0)
    told = written(VIETNAMESE, ranked(given))
    assert told["Banks"] == (
        "Trung lập với Ngân hàng: xếp hạng 1 trên 4 ngành theo bảng điểm. "
        "Yếu tố nâng thứ hạng: hiệu suất +1.234,6% (1 năm, cao nhất trong 4 ngành), "
        "giá trị ròng của giao dịch lớn +1.031,9 tỷ đồng (20 phiên, cao nhất trong 4 ngành), "
        "dòng tiền ròng khối ngoại +0,04 tỷ đồng (1 tháng, cao thứ 2 trong 4 ngành). "
        "Yếu tố kéo lùi thứ hạng: động lượng −9,0% (12-1 tháng, thấp nhất trong 4 ngành)."
    )
    assert "dòng tiền ròng khối ngoại −9,0 tỷ đồng (1 tháng, thấp nhất trong 4 ngành)" in told["D"]
    assert [each.split(":")[0] for each in written(VIETNAMESE, ranked(YEAR)).values()] == [
        "Tăng tỷ trọng A", "Trung lập với B", "Trung lập với C", "Trung lập với D", "Giảm tỷ trọng E"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("tool", "metric", "name"),
    [
        ("get_foreign_flow", "net_value", "net foreign flow"),
        ("get_whale_activity", "net_value", "net value of large trades"),
        ("get_etf_flows", "net_value", "net value"),
        ("get_foreign_flow", "share_of_turnover", "net foreign flow as a share of turnover"),
        ("sector_table", "share_of_turnover", "share of turnover"),
    ],
)
def test_measure_is_called_what_its_tool_is_known_to_tell(tool: str, metric: str, name: str) -> None:
    told = written(ENGLISH, ranked(figures(metric, "1M", "VND bn", tool, A=5.0, B=-5.0)))
    assert f"among the sectors: {name} +5.0 VND bn (1M, highest of 2)" in told["A"]


def test_newest_of_several_dates_is_told_whatever_their_order() -> None:
    given = [
        Figure("A", "performance", value, "percent", "1M", day, "t", "c", "")
        for value, day in ((4.5, "2025-12-31"), (6.0, "2022-12-31"))
    ]
    assert Wording(ENGLISH, TAXONOMY).as_asked("A", given, ["1M"]) == "As asked: performance +4.5 % (1M)."
    rates = [each._replace(sector=None, metric="policy_rate", lookback=None) for each in given]
    told = prefaced(ENGLISH, [*figures("performance", "1M", A=1.0, B=-1.0), *rates], Asked(rates=True))
    assert "Policy rate: 4.5 %, which the scorecard does not weigh." in told


def test_what_no_table_of_words_knows_is_told_as_the_server_names_it() -> None:
    given = figures("oneYearReturn", "a year", "pts", A=2.0, B=-2.0)
    told = written(VIETNAMESE, ranked(given))
    assert "oneYearReturn +2,0 pts (a year, cao nhất trong 2 ngành)" in told["A"]


def test_vietnamese_preface_says_what_counts_what_is_missing_and_what_is_not_weighed() -> None:
    macro = [of_market("gdp_growth change", -0.4), of_market("unemployment_rate change", 0.3)]
    rate = [of_market("interest_rates", 4.69), of_market("interest_rates change", -0.49, "percentage points")]
    given = (
        figures(RISK, "24M", A=9.0, B=1.0)
        + YEAR
        + SKEWED
        + [*figures("share_of_turnover", "1M", tool="get_foreign_flow", A=1.0, B=-1.0)]
    )
    told = prefaced(VIETNAMESE, given + macro + rate, Asked(True, True), Ground(["seasonality", MAIN[0]], True))
    assert told == (
        "Bảng điểm tính biến động (24 tháng) thấp với trọng số gấp rưỡi; hiệu suất (1 năm), hiệu suất (1 tháng) và "
        "tỷ lệ dòng tiền ròng khối ngoại trên giá trị giao dịch (1 tháng) với một nửa trọng số. "
        "Không công cụ nào cho số liệu về tính mùa vụ hoặc hiệu suất một năm. "
        "Câu hỏi tìm ngành phòng thủ, nên biến động thấp có trọng số lớn nhất. "
        "Độ tin cậy cho biết những điểm số như vậy đã đúng thường xuyên đến mức nào với các ngành của Mỹ "
        "từ năm 1950 đến năm 2016. "
        "Tăng trưởng chậm lại trong khi thất nghiệp tăng; bảng điểm không tính đến điều này. "
        "Lãi suất: 4,7%, sau khi thay đổi −0,5 điểm phần trăm; bảng điểm không tính đến lãi suất."
    )


@pytest.mark.parametrize("phrases", [ENGLISH, VIETNAMESE])
def test_rate_without_a_change_is_told_and_those_of_exchange_and_unemployment_are_none(phrases: Phrases) -> None:
    others = [of_market("exchange_rate", 25_000.0), of_market("unemployment_rate", 2.2)]
    asked = Asked(rates=True)
    assert prefaced(phrases, YEAR + others, asked).endswith(phrases.no_rate)
    rate = prefaced(phrases, [*YEAR, *others, of_market("Lãi suất điều hành", 4.5)], asked)
    assert "Lãi suất điều hành: 4" in rate and "change" not in rate and "thay đổi" not in rate


@pytest.mark.parametrize("phrases", [ENGLISH, VIETNAMESE])
def test_confidence_without_a_record_says_why(phrases: Phrases) -> None:
    wording = Wording(phrases, None)
    scored = ranked(YEAR)
    assert phrases.too_thin in wording.preface(scored, SURE, Ground([], suffices=False), YEAR, Asked())
    assert phrases.too_early in wording.preface(scored, Calibration(), ENOUGH, YEAR, Asked())


def test_shelter_that_an_earlier_question_asked_for_is_told_as_such() -> None:
    given = figures(RISK, "24M", A=9.0, B=1.0) + YEAR
    earlier = Asked(shelter=True, before=True)
    assert "An earlier question asked for shelter, so low" in prefaced(ENGLISH, given, earlier)
    assert "Câu hỏi trước đó tìm ngành phòng thủ, nên" in prefaced(VIETNAMESE, given, earlier)
    for phrases in (ENGLISH, VIETNAMESE):
        assert phrases.shelter not in prefaced(phrases, given, earlier)


@pytest.mark.parametrize(
    ("phrases", "lookbacks", "told"),
    [
        (ENGLISH, ["6M"], "As asked: performance +1.5 % (6M)."),
        (ENGLISH, ["2Y", "6M"], "As asked: performance +1.5 % (6M), perf 2y +9.0 %."),
        (ENGLISH, ["6M", "99Y", "2.5M"], "As asked: performance +1.5 % (6M); no performance came for 99Y or 2.5M."),
        (ENGLISH, ["6W"], "As asked: no performance came for 6W."),
        (VIETNAMESE, ["6M", "99Y"], "Theo câu hỏi: hiệu suất +1,5% (6 tháng); không có số liệu hiệu suất cho 99 năm."),
        (ENGLISH, [], ""),
    ],
)
def test_return_over_each_lookback_that_was_asked_for_is_told_and_those_without_one(
    phrases: Phrases, lookbacks: list[str], told: str
) -> None:
    given = figures("performance", "6M", A=1.5, B=7.7) + figures("perf_2y", A=9.0) + figures("volatility", "6W", A=3.0)
    assert Wording(phrases, None).as_asked("A", given, lookbacks) == told


@pytest.mark.parametrize(("came", "asked"), [("52W", "1Y"), ("21D", "1M"), ("126D", "6M")])
def test_return_over_as_long_a_time_in_other_units_is_the_one_that_was_asked_for(came: str, asked: str) -> None:
    told = Wording(ENGLISH, None).as_asked("A", figures("performance", came, A=1.5), [asked])
    assert told == f"As asked: performance +1.5 % ({came})."


def test_return_over_the_very_lookback_is_told_rather_than_one_about_as_long() -> None:
    given = figures("performance", "52W", A=1.5) + figures("performance", "1Y", A=2.5)
    assert Wording(ENGLISH, None).as_asked("A", given, ["52W"]) == "As asked: performance +1.5 % (52W)."
    assert Wording(ENGLISH, None).as_asked(" a ", given, ["52W"]) == "As asked: performance +1.5 % (52W)."
    assert Wording(ENGLISH, None).as_asked("A", given, ["1Y"]) == "As asked: performance +2.5 % (1Y)."


def test_return_over_four_weeks_is_not_told_for_a_month() -> None:
    told = Wording(ENGLISH, None).as_asked("A", figures("performance", "4W", A=1.5), ["1M"])
    assert told == "As asked: no performance came for 1M."


def test_both_languages_have_words_for_all_that_the_scorecard_weighs() -> None:
    weights = {abs(weight) for each in WEIGHTS.values() for weight in each if weight}
    assert weights == set(ENGLISH.shares) == set(VIETNAMESE.shares)
    assert {*MAIN, RISK} <= set(VIETNAMESE.measures)
    named = {metric for metric in WEIGHTS if not metric.startswith("return over")}
    assert {*METRICS, *named} <= set(VIETNAMESE.metrics)


def test_vietnamese_sentences_fill_in_what_the_english_ones_do() -> None:
    for field in fields(Phrases):
        pair = [getattr(each, field.name) for each in (ENGLISH, VIETNAMESE)]
        if all(isinstance(each, str) for each in pair):
            english, vietnamese = (set(re.findall(r"{(\w+)}", each)) for each in pair)
            assert vietnamese - {"sector"} == english, field.name


@pytest.mark.parametrize(("language", "begins"), [("vi", "Tăng tỷ trọng "), ("en", "Ranks 1 of 2 ")])
async def test_planner_writes_in_the_language_of_the_agent_file(language: str, begins: str) -> None:
    file = agent_file(language=language)
    result = await run(file, "Which sectors lead?", model="planner", servers={"market": market()})
    [first, *_] = result.answer["sector_recommendations"]
    assert begins in first["rationale"] and first["action"] == "overweight"


@pytest.mark.parametrize(("language", "is_asked_for"), [("vi", True), ("en", False)])
async def test_paid_model_is_told_to_write_vietnamese_where_the_file_says_so(language: str, is_asked_for: bool) -> None:
    model = Scripted(said(LOOK), answer())
    await run(agent_file(language=language), "Which sectors lead?", model=model, servers={"market": market()})
    for request in model.requests:
        told = "".join(block["text"] for block in request.messages[0]["content"])
        assert ("\nLanguage of the rationales: Vietnamese\n" in told) is is_asked_for
