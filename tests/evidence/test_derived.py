from __future__ import annotations

import pytest

from agent.evidence import examine
from agent.figures import Figure
from tests.evidence.looking import one


@pytest.mark.parametrize(
    ("server", "sector", "text", "derivation"),
    [
        ("fractions", "Technology", "It outperformed Banks by 4.5 pp.", "Technology 11.9 % − Banks 7.3 % = 4.5 pp"),
        ("fractions", "Energy", "It lags Banks by 10.5 pp.", "Energy −3.1 % − Banks 7.3 % = −10.5 pp"),
        ("fractions", "Banks", "The gap between Technology and Banks is 4.5 pp.",
          "Technology 11.9 % − Banks 7.3 % = 4.5 pp"),
        ("fractions", "Technology", "Net inflows are VND 1,634.4 bn higher than Banks'.",
         "Technology 2,875.0 VND bn − Banks 1,240.6 VND bn = 1,634.4 VND bn"),
        ("fractions", "Technology", "Net inflows of 2.3 times those of Banks.",
          "Technology 2,875.0 / Banks 1,240.6 = 2.3 x"),
        ("fractions", "Banks", "The average volatility of all sectors is 20.5 %.",
         "mean of Banks 19.2 %, Energy 27.1 %, Technology 24.8 %, Utilities 11.0 % = 20.5 %"),
        ("fractions", "Banks", "Banks and Technology together drew inflows of VND 4,115.6 bn.",
         "Banks 1,240.6 VND bn + Technology 2,875.0 VND bn = 4,115.6 VND bn"),
        ("daily", "Energy", "The daily return worsened by 1.5 pp.",
          "Energy −2.0 % (2026-11-27) − Energy −0.4 % (2026-11-26) = −1.5 pp"),
    ],
)  # fmt: skip
def test_what_comes_of_figures_says_how(server: str, sector: str, text: str, derivation: str) -> None:
    number = one(server, sector, text)
    assert number.derivation == derivation
    assert number.status == "derived"


@pytest.mark.parametrize(
    ("sector", "text", "status"),
    [
        ("Energy", "It outperformed Banks by 10.5 pp.", "wrong_sign"),
        ("Technology", "It lags Banks by 4.5 pp.", "wrong_sign"),
        ("Technology", "A spread of 4.5 pp.", "ungrounded"),
        ("Technology", "It outperformed Banks by 4.5 bn.", "ungrounded"),
        ("Technology", "It returned 4.5 pp.", "ungrounded"),
        ("Technology", "Its volatility is 4.5 pp above Banks'.", "ungrounded"),
        ("Technology", "Banks and Technology: VND 4,115.6 bn.", "ungrounded"),
    ],
)
def test_without_its_words_or_the_other_way_round_nothing_is_derived(sector: str, text: str, status: str) -> None:
    assert one("fractions", sector, text).status == status


def test_what_comes_nearest_is_said_of_a_number_without_evidence() -> None:
    assert (
        one("fractions", "Banks", "Volatility of 21 %.").why
        == "no figure fits; Banks' volatility 19 % (3M) comes nearest"
    )
    elsewhere = one("fractions", "Banks", "Volatility of 27.1 %.")
    assert (elsewhere.status, elsewhere.why) == (
        "wrong_sector",
        "Energy's volatility 27.1 % (3M) fits, but the text is about Banks",
    )


def test_a_period_beside_the_number_is_the_figures_own() -> None:
    assert one("embedded", "Utilities", "Relative strength +12.8 % (1M).").status == "grounded"
    assert one("embedded", "Utilities", "Relative strength +12.8 % (3M).").status == "ungrounded"
    assert one("embedded", "Utilities", "Relative strength +12.8 % (6M).").status == "ungrounded"


def test_an_alias_names_its_sector() -> None:
    assert one("fractions", "Công nghệ", "A return of 11.9 %.").status == "grounded"
    assert one("fractions", "Banks", "Công nghệ tăng 11,9 %.", "vi").figures[0].sector == "Technology"


@pytest.mark.parametrize("sector", ["Oil & Gas", "oil and gas", "Oil-Gas"])
def test_a_sector_is_the_same_however_the_answer_and_two_tools_write_its_name(sector: str) -> None:
    values = {"Oil & Gas": ("performance", 2.5), "Oil and Gas": ("volatility", 18.0), "Banks": ("performance", -1.0)}
    shown = [Figure(name, *each, "percent", "3M", None, "t", "c", f"/{name}") for name, each in values.items()]
    for text in ("Performance of +2.5 %.", "Volatility of 18 %.", "Oil and Gas has performance of +2.5 %."):
        answer = {"sector_recommendations": [{"sector_name": sector, "rationale": text}]}
        assert [each.status for each in examine(answer, shown)] == ["grounded"]


def test_a_number_says_which_figures_it_rests_on() -> None:
    [figure] = one("embedded", "Banks", "Net margin of 28.6 %.").figures
    assert (figure.call, figure.pointer, figure.metric) == (
        "c_get_financial_statements",
        "/rows/1/net_margin",
        "net_margin",
    )
    assert (figure.sector, figure.value, figure.unit, figure.lookback) == ("Banks", 28.56, "percent", "3M")


def test_what_was_bought_less_what_was_sold_is_a_balance() -> None:
    values = {"total_buy": 13_737.0, "total_sell": 17_013.9}
    shown = [
        Figure("Banks", metric, value, "VND bn", "1M", None, "get_foreign_flow", "c", f"/{metric}")
        for metric, value in values.items()
    ]
    for text, status in (("sold", "derived"), ("bought", "wrong_sign")):
        rationale = f"On balance foreigners {text} VND 3,276.9 bn."
        [number] = examine({"sector_recommendations": [{"sector_name": "Banks", "rationale": rationale}]}, shown)
        assert number.status == status
    assert number.why == (
        "Banks total buy 13,737.0 VND bn − Banks total sell 17,013.9 VND bn = −3,276.9 VND bn: "
        "it is the other way round"
    )


@pytest.mark.parametrize(
    ("text", "status", "derivation"),
    [
        ("Volatility is above 18 %.", "derived", "Banks' volatility 19.2 % (3M) is above 18 %"),
        ("Volatility is just under 20 %.", "derived", "Banks' volatility 19.2 % (3M) is below 20 %"),
        (
            "Net inflows of more than VND 1,200 bn.",
            "derived",
            "Banks' net foreign flow 1,240.6 VND bn (1M) is above 1,200 VND bn",
        ),
        ("Volatility is above 20 %.", "ungrounded", None),
        ("Volatility is above 17 %.", "ungrounded", None),
        ("Volatility is above 18.0 %.", "ungrounded", None),
        ("Net outflows of more than VND 1,200 bn.", "wrong_sign", None),
    ],
)
def test_a_round_number_may_be_a_bound_where_words_say_so(text: str, status: str, derivation: str | None) -> None:
    number = one("fractions", "Banks", text)
    assert (number.status, number.derivation) == (status, derivation)


def test_what_is_said_of_an_index_is_said_of_no_sector() -> None:
    assert one("embedded", "Banks", "VNIndex fell 4.8 %.").status == "wrong_sector"
    assert one("embedded", "Banks", "It fell 4.8 % (1Y).").status == "grounded"
