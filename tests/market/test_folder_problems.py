"""What is told of files that cannot be right: file, line, column, what is wrong and what to do."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from agent.market.folder import load
from agent.market.folder_problems import FolderError
from tests.market.folders import EXAMPLES, example, write

PRICES, FULL = EXAMPLES["smallest"]["prices.csv"], EXAMPLES["full"]
FLOWS, MACRO, TICKERS = FULL["flows.csv"], FULL["macro.csv"], FULL["tickers.csv"]
DAYS = [date(2023, 1, 2) + timedelta(day) for day in range(0, 1000)]
MANY = [date(2023, 1, 2) + timedelta(day) for day in range(2000)]


def problems(tmp_path, name="smallest", **changed) -> list[str]:
    with pytest.raises(FolderError) as caught:
        load(example(tmp_path / "mine", name, **changed))
    assert caught.value.count == len(caught.value.problems)
    return caught.value.lines


def without(text: str, *lines: int) -> str:
    return "".join(line for at, line in enumerate(text.splitlines(keepends=True), 1) if at not in lines)


def flows_in(*energy: str) -> str:
    """The example's, with other amounts of one sector."""
    given = iter(energy)
    lines = [line.split(",") for line in FLOWS.splitlines()]
    return "".join(
        ",".join([*line[:2], next(given), *line[5:]] if line[1] == "Energy" else line) + "\n" for line in lines
    )


def series(days, closes=("A", "B")) -> str:
    return "date,sector,close\n" + "".join(f"{day},{name},10\n" for day in days for name in closes)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            PRICES.replace(",104\n", ',"104,5"\n'),
            "prices.csv:4: close: '104,5' is no number such as -1234.5; write decimal",
        ),
        (
            PRICES.replace(",104\n", ",104,5\n"),
            "prices.csv:4: 4 cells, where the header has 3; a decimal comma, or a name",
        ),
        (PRICES.replace(",104\n", ",n/a\n"), "prices.csv:4: close: 'n/a' is no number such as -1234.5"),
        (PRICES.replace(",104\n", ",1_04\n"), "prices.csv:4: close: '1_04' is no number"),
        (PRICES.replace(",104\n", ",nan\n"), "prices.csv:4: close: 'nan' is no number"),
        (PRICES.replace(",104\n", ",inf\n"), "prices.csv:4: close: 'inf' is no number"),
        (PRICES.replace(",104\n", ",\n"), "prices.csv:4: close: is empty; a row has a value here, or is left out as"),
        (PRICES.replace(",104\n", ",1e300\n"), "prices.csv:4: close: '1e300' is out of range: at most 1e+15 on either"),
        (
            PRICES.replace(",104\n", ",5e-12\n"),
            "prices.csv:4: close: '5e-12' is out of range: at least 1e-09; give a s",
        ),
        (
            PRICES.replace(",104\n", ",4 %\n"),
            "prices.csv:4: close: '4 %' is no number such as -1234.5; write it without",
        ),
        (
            PRICES.replace(",104\n", ",10400\n"),
            "prices.csv:4: close: 10400 of 'Banks' is +10,300 % on the 100 of 2024-01-31: did a decimal point slip, or",
        ),
        (
            PRICES.replace(",104\n", ",9\n"),
            "prices.csv:4: close: 9 of 'Banks' is -91 % on the 100 of 2024-01-31: did a",
        ),
        (PRICES.replace(",104\n", ",0\n"), "prices.csv:4: close: '0' is not above 0"),
        (PRICES.replace(",104\n", ",-3\n"), "prices.csv:4: close: '-3' is not above 0"),
        (
            PRICES.replace("2024-02-29,B", "29/02/2024,B"),
            "prices.csv:4: date: '29/02/2024' is no date such as 2024-01-31; the year comes first, then month and day",
        ),
        (
            PRICES.replace("2024-02-29,B", "45351,B"),
            "'45351' is no date such as 2024-01-31; this looks like a spreadsheet",
        ),
        (
            PRICES.replace("2024-02-29,B", "2024-02-29 00:00:00,B"),
            "no date such as 2024-01-31; leave the time of day out",
        ),
        (PRICES.replace("2024-02-29,B", ",B"), "prices.csv:4: date: is empty; a row has a value here"),
        (PRICES.replace("2024-02-29,B", "20240229,B"), "prices.csv:4: date: '20240229' is no date such as"),
        (PRICES.replace("2024-02-29,B", "2024-02-30,B"), "prices.csv:4: date: '2024-02-30' is no date such as"),
        (PRICES.replace("29,Banks", "29,"), "prices.csv:4: sector: is empty"),
        (PRICES.replace("29,Banks", f"29,{'x' * 61}"), "is no name: at most 60 printable characters are expected"),
        (PRICES.replace("29,Banks", '29,"Ban\nks"'), "is no name: at most 60 printable characters"),
        (PRICES.replace("Banks", "ALL"), "prices.csv: sector: 'all' means all of them to the tools: use another name"),
        (PRICES.replace("29,Banks,104", "29,banks,104"), "sector: 'Banks' and 'banks' differ in case only: use one"),
        (PRICES + "2024-04-30,Banks,7\n", "prices.csv:10: date: 2024-04-30 stands twice among the rows of 'Banks'"),
        (PRICES + "2024-03-29,Banks,7\n", "prices.csv:10: date: 2024-03-29 comes after 2024-04-30 among the rows of"),
        (PRICES.replace("date,sector", "date,sectr"), "prices.csv:1: unknown column 'sectr'; did you mean 'sector'?"),
        (PRICES.replace("date,sector", "date,sectr"), "prices.csv:1: the column sector or ticker is missing"),
        (PRICES.replace("close", "date"), "prices.csv:1: date: stands twice in the header"),
        ("date,sector,close,return\n", "prices.csv:1: the columns close or return stand both there: keep one"),
        (
            PRICES.replace(",", ";"),
            "prices.csv:1: columns are separated by semicolons; commas are expected, and decimals",
        ),
        (PRICES.replace(",", "\t"), "prices.csv:1: columns are separated by tabs"),
        ("", "prices.csv: is empty; its first line names the columns date, sector or ticker, close or return"),
        ("date,sector,close\n", "prices.csv: has a header and no rows"),
        (PRICES.encode("utf-16"), "prices.csv:1: is not UTF-8; save it as 'CSV UTF-8'"),
        (PRICES.replace("29,Energy", "29,Énergie").encode("latin-1"), "prices.csv:5: is not UTF-8"),
        (PRICES.replace("Energy,241", '"Energy,241'), "prices.csv:5: cannot be read from here on"),
        (
            without(PRICES, 4),
            "prices.csv:2: sector: 'Banks' has no row on 2024-02-29; where nothing was traded, repeat the",
        ),
        (
            without(PRICES, 2),
            "prices.csv:3: sector: 'Banks' has no row on 2024-01-31; begin the file later, or leave it out",
        ),
        (without(PRICES, 4, 6), "'Banks' has no row on 2024-02-29, nor on 1 more dates; where nothing"),
        (
            without(PRICES, 4, 5),
            "prices.csv: date: 2024-01-31 and 2024-03-29 are 2 months apart; monthly data have one",
        ),
        (without(PRICES, 4, 5, 6, 7, 8, 9), "prices.csv: has 1 dates; at least 3 are needed"),
        (
            PRICES.replace("-29,", "-01,"),
            "prices.csv: date: 2024-02-01 is no end of a month; monthly data are dated by the",
        ),
        (
            PRICES.replace("2024-02-29", "2024-01-30").replace("01-31", "01-29"),
            "2024-01-29 and 2024-01-30 are of one month",
        ),
        (
            series(DAYS[::7]),
            "prices.csv: date: most dates are 7 days apart; trading days, or ends of months, are expected",
        ),
        (
            series(DAYS),
            "prices.csv: date: 365 dates a year; daily data have 200 to 275, as a year counts 252 trading days",
        ),
        (series(DAYS[::4]), "prices.csv: date: 91 dates a year; daily data have 200 to 275"),
        (series(DAYS[:300:3]), "prices.csv: date: 122 dates a year; daily data have 150 to 275"),
        (
            PRICES.replace("close", "return"),
            "prices.csv: return: 8 times, first at line 2: '100' is no return: fractions are expected, 0.013 for 1.3 %",
        ),
        (
            PRICES.replace("sector", "ticker"),
            "prices.csv: ticker: goes by ticker, and there is no tickers.csv that says",
        ),
        (
            "date,sector,close\n" + "".join(f"{d},S{n},1\n" for n, d in enumerate(MANY)),
            "2,000 names, 2,000 dates and 2,000",
        ),
        (
            series(MANY[:3], [f"S{n}" for n in range(201)]),
            "sector: 201 sectors, where at most 200 make a heatmap: are they",
        ),
        (None, "prices.csv: is missing; its columns are date, sector or ticker, close or return"),
    ],
)
def test_prices_that_cannot_be_right(tmp_path, text, says):
    told = problems(tmp_path, prices=text)
    assert any(each.startswith(says) or says in each for each in told), told


def test_a_date_that_few_know_is_told_once_and_not_for_each_name(tmp_path):
    days = DAYS[:5]
    text = series(days, "ABCDE") + "2023-01-07,A,10\n"
    assert problems(tmp_path, prices=text) == [
        "prices.csv:27: date: only 1 of 5 sectors have a row on 2023-01-07: is the date right?"
    ]


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (
            {"tickers": None},
            "prices.csv: ticker: goes by ticker, and there is no tickers.csv that says of which sector each",
        ),
        ({"tickers": without(TICKERS, 4)}, "prices.csv:4: ticker: 'CCC' is not in tickers.csv; there is AAA, BBB"),
        (
            {"tickers": TICKERS.replace("CCC", "CCCC")},
            "prices.csv:4: ticker: 'CCC' is not in tickers.csv; did you mean 'CCCC'?",
        ),
        (
            {"tickers": TICKERS + "DDD,Energy,x,y\n"},
            "prices.csv: ticker: has no row of 'DDD', which tickers.csv names",
        ),
        ({"tickers": TICKERS + "AAA,Energy,x,y\n"}, "tickers.csv:5: ticker: 'AAA' stands twice"),
        (
            {"tickers": TICKERS.replace("BBB,Banks", "BBB,banks")},
            "tickers.csv: sector: 'Banks' and 'banks' differ in case",
        ),
        (
            {"prices": without(FULL["prices.csv"], 5)},
            "prices.csv:2: ticker: 'AAA' has no row on 2024-01-03; where nothing",
        ),
        (
            {"prices": without(FULL["prices.csv"], 10, 13)},
            "no ticker of the sector 'Energy' has a return on 2024-01-04 and on 1 more dates; begin the file later",
        ),
        ({"prices": FULL["prices.csv"].replace(",500\n", ",0\n")}, "prices.csv:2: market_cap: '0' is not above 0"),
        (
            {"benchmark": without(FULL["benchmark.csv"], 3)},
            "benchmark.csv: date: has no row on 2024-01-03, a date of prices",
        ),
        (
            {"benchmark": FULL["benchmark.csv"].replace("01-04", "01-03").replace("01-03,9", "01-02,9")},
            "benchmark.csv:3: date: 2024-01-02 stands twice among the rows: oldest first, each date once",
        ),
        (
            {
                "benchmark": FULL["benchmark.csv"]
                .replace("close", "return")
                .replace(",10", ",0.0")
                .replace(",998", ",0.1")
            },
            "benchmark.csv:1: gives each return, and prices.csv each close: give the same",
        ),
        ({"benchmark": None}, "market.yaml: benchmark: is named, and there is no benchmark.csv with its values"),
        ({"macro": MACRO.replace("known_at", "published")}, "macro.csv:1: the column known_at is missing"),
        (
            {"macro": MACRO.replace("2023-10-15", "2023-09-15")},
            "macro.csv:2: known_at: 2023-09-15 lies before 2023-09-30",
        ),
        (
            {"macro": MACRO.replace("2024-01-04,2.2", "2023-10-30,2.2")},
            "macro.csv:4: 'gdp_growth' of 'Tinyland' for 2023-09-30, known on 2023-10-30, stands twice; a revision has",
        ),
        (
            {"macro": MACRO.replace("2.2,percent", "2.2,index")},
            "unit: 'gdp_growth' of 'Tinyland' has several: percent, index",
        ),
        (
            {"market": FULL["market.yaml"].replace("money: USD m", "")},
            "market.yaml: money: is missing: the unit of the amou",
        ),
        (
            {"flows": FLOWS.replace("whale_trades", "trades")},
            "flows.csv:1: unknown column 'trades'; did you mean 'whale_trades'?",
        ),
        ({"flows": FLOWS.replace(",6.2,", ",-6.2,")}, "flows.csv:2: foreign_buy: '-6.2' is below 0"),
        (
            {"flows": FLOWS.replace(",6.2,", ",60,")},
            "flows.csv: foreign_buy: that of 'Banks' on 2024-01-03 is above the turn",
        ),
        (
            {"flows": FLOWS.replace(",40.5,", ",4e10,")},
            "flows.csv:2: turnover: '4e10' is above 1e+09: give millions or billions",
        ),
        ({"flows": FLOWS.replace("3.0,0,1", "3.0,0,1.5")}, "flows.csv:2: whale_trades: '1.5' is no whole number"),
        (
            {"flows": flows_in("0.0011,0.0004,0.0009", "0.0013,0.0001,0.0002", "0.0009,0,0")},
            "flows.csv: turnover: that of 'Energy' is 0.0011 usually, and thousandths of `money` are kept: give a smal",
        ),
        ({"flows": without(FLOWS, 5)}, "flows.csv:4: sector: 'Energy' has no row on 2024-01-04"),
        ({"flows": without(FLOWS, 4, 5)}, "flows.csv: date: has no row on 2024-01-04, a date of prices.csv"),
        ({"flows": FLOWS.replace("01-05", "01-06")}, "flows.csv:6: date: 2024-01-06 is no date of prices.csv"),
        (
            {"flows": FLOWS.replace("Energy", "Enrgy")},
            "flows.csv:3: sector: 'Enrgy' is not in prices.csv; did you mean 'Energy'?",
        ),
        ({"flows": without(FLOWS, 3, 5, 7)}, "flows.csv: sector: has no row of the sector 'Energy'"),
        (
            {"flows": "date,sector,turnover\n2024-01-03,Banks,1\n"},
            "flows.csv:1: has neither foreign_buy, foreign_sell nor wha",
        ),
        (
            {"flows": "date,sector,turnover,foreign_buy\n2024-01-03,Banks,1,1\n"},
            "flows.csv:1: has foreign_buy of foreign_buy, foreign_sell: give all of them, or none",
        ),
    ],
)
def test_files_that_do_not_fit_together(tmp_path, files, says):
    told = problems(tmp_path, "full", **files)
    assert any(says in each for each in told), told


def test_what_a_misspelled_name_leaves_behind_is_not_told_too(tmp_path):
    prices = FULL["prices.csv"].replace("2024-01-04,AAA", "2024-01-04,AAB")
    assert problems(tmp_path, "full", prices=prices) == [
        "prices.csv:8: ticker: 'AAB' is not in tickers.csv; did you mean 'AAA'?"
    ]


def test_one_systematic_mistake_is_one_line(tmp_path):
    prices = "date,sector,close\n" + "".join(
        f"{day:%d.%m.%Y},{name},10\n" for day in DAYS[:40] for name in ("Banks", "Energy")
    )
    benchmark = "date,close\n2023-01-02,x\n2023-01-03,y\n"
    assert problems(tmp_path, prices=prices, benchmark=benchmark) == [
        "benchmark.csv:2: close: 'x' is no number such as -1234.5",
        "benchmark.csv:3: close: 'y' is no number such as -1234.5",
        "prices.csv: date: 80 times, first at line 2: '02.01.2023' is no date such as 2024-01-31; the year comes "
        "first, then month and day, with hyphens between",
    ]


def test_large_trades_of_monthly_data_are_refused(tmp_path):
    flows = "date,sector,turnover,whale_buy,whale_sell,whale_trades\n"
    flows += "2024-04-30,Banks,9,1,0,1\n2024-04-30,Energy,9,0,0,0\n"
    market = "kind: real\nmoney: USD m\n"
    [told] = problems(tmp_path, market=market, flows=flows)
    assert told.startswith("flows.csv:1: whale_buy, whale_sell, whale_trades are looked at by trading days")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "market.yaml: is missing; it says at least `kind: real` or `kind: simulated`"),
        ("", "market.yaml:1: is no list of keys such as `kind: real`"),
        ("name: X\n", "market.yaml: kind: is missing: `kind: real`, or `kind: simulated`"),
        ("kind: real\nknid: x\n", "market.yaml:2: unknown key 'knid'; did you mean 'kind'?"),
        ("kind: real\nkind: simulated\n", "market.yaml:2: kind: stands twice"),
        ("kind: real\nreturns: gross\n", "market.yaml:2: returns: must be price or total, not 'gross'"),
        ("kind: real\nname: [a, b]\n", "market.yaml:2: name: is no text"),
        ("kind: real\nname: ''\n", "market.yaml:2: name: must be 1 to 80 printable characters in one line"),
        ('kind: real\nsource: "a\\nb"\n', "market.yaml:2: source: must be 1 to 500 printable characters in one line"),
        ("kind: real\n  name: x\n", "market.yaml:2: is no YAML: mapping values are not allowed here"),
        ("kind: \x00", "market.yaml: is no YAML: unacceptable character"),
        (b"kind: \xff", "market.yaml: is not UTF-8"),
    ],
)
def test_declarations_that_say_nothing(tmp_path, text, says):
    [told] = problems(tmp_path, market=text)
    assert told.startswith(says)


def test_a_file_that_nobody_reads_is_told_as_its_name_may_be_misspelled(tmp_path):
    told = problems(tmp_path, prics="x\n")
    assert told == ["prics.csv: unknown file; did you mean 'prices.csv'? Other files belong into another folder"]


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    folder = example(tmp_path / "mine", "smallest", prices=None, market=None)
    for name in ("market.yaml", "prices.csv", "macro.csv"):
        (folder / name).mkdir()
    with pytest.raises(FolderError) as caught:
        load(folder)
    files = ("market.yaml", "prices.csv", "macro.csv")
    assert caught.value.lines == [f"{name}: cannot be read: Is a directory" for name in files]


def test_problems_of_all_files_are_told_at_once_and_the_rest_is_counted(tmp_path):
    bad = "date,sector,close\n" + "2024-01-31,Banks,none\n" * 50_000
    folder = write(tmp_path / "mine", {"market.yaml": "kind: odd\n", "prices.csv": bad, "macro.csv": "region\n"})
    with pytest.raises(FolderError) as caught:
        load(folder)
    told = caught.value.lines
    assert told[0].startswith("market.yaml:1: kind")
    assert told[1] == "prices.csv: close: 50,000 times, first at line 2: 'none' is no number such as -1234.5"
    assert sum(each.startswith("macro.csv:1: the column") for each in told) == 4
    assert str(caught.value).splitlines()[0] == f"50,005 problems with the data in {folder}:"
    assert len(caught.value.problems) == 50_005
    assert caught.value.problems[-5] == ("prices.csv", 50_001, "close", "'none' is no number such as -1234.5")
