from __future__ import annotations

import pytest

from agent.market.folder import load
from agent.market.folder_problems import FolderError
from agent.market.pack import Refusal
from tests.market.folders import EXAMPLES, answer, example, market

STATEMENTS = EXAMPLES["full"]["statements.csv"]


def rows_of(pack, **asked):
    return {row["sector"]: row for row in answer(pack, "get_financial_statements", **asked)["rows"]}


def test_companies_are_added_up_by_sector_and_grow_on_the_year_before(tmp_path):
    pack = market(tmp_path / "full", "full").pack
    seen = answer(pack, "get_financial_statements", as_of="2024-01-03")
    assert (seen["observed_at"], seen["known_at"]) == ("2023-09-30", "2023-11-03")
    assert seen["columns"]["revenue"]["unit"] == "USD m"
    assert seen["rows"] == [
        {
            "sector": "Banks",
            "revenue": 432.0,
            "net_profit": 51.5,
            "revenue_growth": pytest.approx(100 * (432 / 410 - 1), abs=0.005),
            "profit_growth": pytest.approx(100 * (51.5 / 52 - 1), abs=0.005),
            "net_margin": pytest.approx(100 * 51.5 / 432, abs=0.005),
            "companies_filed": 100.0,
        },
        {
            "sector": "Energy",
            "revenue": 80.0,
            "net_profit": 2.5,
            "revenue_growth": pytest.approx(100 * (80 / 75 - 1), abs=0.005),
            "profit_growth": None,
            "net_margin": pytest.approx(100 * 2.5 / 80, abs=0.005),
            "companies_filed": 100.0,
        },
    ]


def test_a_restatement_counts_from_its_own_day_on(tmp_path):
    pack = market(tmp_path / "full", "full").pack
    before, after = (rows_of(pack, as_of=day)["Banks"] for day in ("2024-01-03", "2024-01-04"))
    assert (before["net_profit"], after["net_profit"], after["revenue"]) == (51.5, 48.5, 428.0)


def test_years_are_filings_of_their_own(tmp_path):
    pack = market(tmp_path / "full", "full").pack
    assert rows_of(pack, period="annually")["Banks"]["net_profit"] == 211.0


def test_a_kind_of_period_without_rows_is_refused_when_it_is_asked_for(tmp_path):
    quarters = "".join(line for line in STATEMENTS.splitlines(keepends=True) if "annually" not in line)
    pack = market(tmp_path / "full", "full", statements=quarters).pack
    with pytest.raises(Refusal, match=r"no period .annually. has been filed"):
        answer(pack, "get_financial_statements", period="annually")


def test_sectors_of_tickers_serve_statements_where_prices_go_by_sector(tmp_path):
    files = {"tickers.csv": "ticker,sector\nAAA,Banks\n", "statements.csv": STATEMENTS.splitlines()[0] + "\n"}
    statement = files["statements.csv"] + "AAA,quarterly,2023-12-31,2024-02-01,5,1\n"
    text = "kind: real\nmoney: USD m\n"
    pack = market(tmp_path / "m", "smallest", market=text, tickers=files["tickers.csv"], statements=statement).pack
    rows = rows_of(pack)
    assert (rows["Banks"]["revenue"], rows["Energy"]["revenue"]) == (5.0, None)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (
            ("AAA,quarterly,2022-09-30", "AAA,quarterly,2022-09-29"),
            ":2: period_end: '2022-09-29' is no end of a calendar",
        ),
        (
            ("AAA,quarterly,2022-09-30", "AAA,quarterly,2022-08-31"),
            ":2: period_end: '2022-08-31' is no end of a calendar",
        ),
        (
            ("AAA,quarterly,2022-09-30", "AAA,quarter,2022-09-30"),
            ":2: period: 'quarter' is no period; did you mean 'qua",
        ),
        (
            ("2022-10-25", "2022-09-30"),
            ":2: known_at: 2022-09-30 is not after 2022-09-30, the end of the period: nothing",
        ),
        (
            ("100,12", "1e10,12"),
            ":2: revenue: '1e10' is beyond 1e+09: give millions or billions, and say so in `money`",
        ),
        (("100,12", "100,"), ":2: net_profit: is empty; a row has a value here, or is left out as a whole"),
        (
            ("2024-01-04,318", "2023-10-27,318"),
            ":8: 'BBB', quarterly, 2023-09-30, known on 2023-10-27, stands twice; a r",
        ),
        (("CCC,q", "CCD,q"), ":4: ticker: 'CCD' is not in tickers.csv; did you mean 'CCC'?"),
        (("known_at", "filed"), ":1: the column known_at is missing"),
    ],
)
def test_statements_that_cannot_be_right(tmp_path, changed, says):
    with pytest.raises(FolderError) as caught:
        load(example(tmp_path / "full", "full", statements=STATEMENTS.replace(*changed)))
    assert any(f"statements.csv{says}" in line for line in caught.value.lines), caught.value.lines


def test_statements_need_money_tickers_sectors_of_the_prices_and_digits(tmp_path):
    small = STATEMENTS.splitlines()[0] + "\nAAA,quarterly,2023-12-31,2024-02-01,0.0005,0.0001\n"
    with pytest.raises(FolderError) as caught:
        load(example(tmp_path / "m", "smallest", statements=small))
    assert caught.value.lines == [
        "statements.csv: ticker: goes by ticker, and there is no tickers.csv that says of which sector each is",
        "statements.csv: revenue: that of a company is 0.0005 usually, and thousandths of `money` are kept: give a "
        "smaller unit there, such as millions for billions",
        "market.yaml: money: is missing: the unit of the amounts in statements.csv, such as `money: USD m`",
    ]
    mining = {"tickers": "ticker,sector\nAAA,Mining\n", "statements": small.replace("0.0005", "5")}
    with pytest.raises(FolderError) as caught:
        load(example(tmp_path / "n", "smallest", market="kind: real\nmoney: USD m\n", **mining))
    assert caught.value.lines == ["statements.csv:2: ticker: 'Mining' is not in prices.csv; there is Banks, Energy"]
