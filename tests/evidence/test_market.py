from __future__ import annotations

import pytest

from agent.evidence import Number, examine
from agent.figures import Figure
from tests.evidence.corpus import Text
from tests.evidence.market import FALSE, SHOWN, TRUE

ALIASES = {"Banks": ["Ngân hàng"]}


def counted(text: Text) -> list[Number]:
    return looked_up(text.sector, text.text, SHOWN[text.server], text.language)


def looked_up(sector: str, rationale: str, shown: list[Figure], language: str = "en") -> list[Number]:
    answer = {"sector_recommendations": [{"sector_name": sector, "rationale": rationale}]}
    return [each for each in examine(answer, shown, aliases=ALIASES, language=language) if each.counted]


@pytest.mark.parametrize("text", TRUE, ids=lambda text: text.text)
def test_what_the_market_shows_has_evidence(text: Text) -> None:
    found = counted(text)
    assert [(each.text, each.status, each.why) for each in found if not each.supported] == []
    assert len(found) == text.numbers


@pytest.mark.parametrize("text", FALSE, ids=lambda text: text.text)
def test_what_it_does_not_show_has_none(text: Text) -> None:
    found = counted(text)
    assert [(each.text, each.figures) for each in found if each.supported] == []
    assert len(found) == text.numbers


def test_what_moved_the_other_way_is_said_to_have() -> None:
    [number] = counted(Text("vn", "Banks", "Inflation rose to 3.6%.", 1))
    assert (number.status, number.why) == ("wrong_sign", "inflation 3.6 %: it moved the other way")


def test_a_share_of_a_total_says_how_it_comes_about() -> None:
    share = counted(Text("vn", "Food and Beverage", "It drew 41% of the market total of VND 1,927.9 bn.", 2))[0]
    assert share.derivation == "Food and Beverage 799.5 VND bn / total 1,927.9 VND bn = 41 %"


DATED = [
    Figure(sector, "performance", value, "percent", "1Y", day, "heatmap", "c", f"/{day}/{sector}")
    for day, values in (("2025-06-30", (10.2, -10.1)), ("2024-06-30", (-15.3, 12.4)))
    for sector, value in zip(("Alpha", "Gamma"), values, strict=True)
]


@pytest.mark.parametrize("figures", [DATED, DATED[::-1]], ids=["newest first", "newest last"])
@pytest.mark.parametrize(
    ("text", "supported"),
    [
        ("Alpha outperformed Gamma by 20.3 pp over one year.", True),
        ("Alpha gained 10.2% (1Y).", True),
        ("Alpha gained 10.2%, after a loss of 15.3% the year before.", True),
        ("In June 2024 Alpha lost 15.3%.", True),
        ("Alpha underperformed Gamma by 27.7 pp over one year.", False),
        ("Alpha lost 15.3% (1Y).", False),
    ],
)
def test_of_dated_rows_the_newest_counts_whatever_their_order(
    figures: list[Figure], text: str, supported: bool
) -> None:
    assert {each.supported for each in looked_up("Alpha", text, figures)[-1:]} == {supported}


def test_an_abbreviation_takes_no_word_of_its_letters_away() -> None:
    ticker = Figure("Energy", "performance", 4.0, "percent", None, None, "t", "c", "/0", ticker="CUT")
    rates = Figure(None, "interest_rates change", -0.2, "percentage points", None, None, "m", "c", "/1")
    level = rates._replace(metric="interest_rates", value=5.5, unit="percent", pointer="/2")
    assert [each.status for each in looked_up("Banks", "Rates were cut by 0.2 pp.", [ticker, rates, level])] == [
        "grounded"
    ]
    [raised] = looked_up("Banks", "Rates were raised by 0.2 pp.", [ticker, rates, level])
    assert raised.status == "wrong_sign"
