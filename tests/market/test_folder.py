from __future__ import annotations

import json
import sys
from datetime import date

import numpy as np
import pytest
from mcp import Client, StdioServerParameters, stdio_client

from agent.market import tools
from agent.market.folder import load
from agent.market.folder_flows import COLUMNS as FLOW_COLUMNS
from agent.market.folder_macro import COLUMNS as MACRO_COLUMNS
from agent.market.folder_market import Declared
from agent.market.folder_prices import BENCHMARK_COLUMNS, COLUMNS, TICKER_COLUMNS
from agent.market.folder_statements import COLUMNS as STATEMENT_COLUMNS
from tests.cli.advisor import AGENT, advisor
from tests.market.asking import ask
from tests.market.folders import DOCS, EXAMPLES, answer, example, market

OF_PRICES = ["get_sector_heatmap", "get_relative_rotation", "get_market_regime"]
OF_FILES = ["get_macro_indicators", "get_foreign_flow", "get_whale_activity", "get_financial_statements"]
ALL = [*OF_PRICES[:1], *OF_FILES, *OF_PRICES[1:]]


@pytest.mark.parametrize(("name", "offered"), [("smallest", OF_PRICES), ("full", ALL)])
async def test_each_example_of_the_documentation_is_served(tmp_path, name, offered):
    pack = market(tmp_path / name, name).pack
    period = "3M" if name == "smallest" else "3D"
    seen = await ask(pack, "get_sector_heatmap", lookback_period=period)
    assert [row["sector"] for row in seen["rows"]] == ["Banks", "Energy"]
    assert all(isinstance(row["relative_strength"], float) for row in seen["rows"])
    assert list(tools.offered(pack)) == offered


def test_the_documentation_names_every_column_and_key():
    text = DOCS.read_text(encoding="utf-8")
    columns = {*COLUMNS, *TICKER_COLUMNS, *BENCHMARK_COLUMNS, *MACRO_COLUMNS, *FLOW_COLUMNS, *STATEMENT_COLUMNS}
    assert [each for each in (*columns, *Declared.__dataclass_fields__) if f"`{each}`" not in text] == []


def test_closes_of_sectors_become_monthly_returns(tmp_path):
    pack = market(tmp_path / "mine", "smallest").pack
    assert (pack.first, pack.last, pack.periods) == (date(2024, 2, 29), date(2024, 4, 30), {"M": 1, "Y": 12})
    seen = answer(pack, "get_sector_heatmap", lookback_period="1M", as_of="2024-03-30", metrics=["performance"])
    assert seen["observed_at"] == seen["known_at"] == "2024-03-29"
    assert [row["performance"] for row in seen["rows"]] == [
        pytest.approx(100 * (103 / 104 - 1), abs=0.005),
        pytest.approx(100 * (252.5 / 241 - 1), abs=0.005),
    ]
    assert (seen["kind"], seen["pack"], seen["benchmark"]) == ("real", "mine", "All sectors, equally weighted")
    assert seen["notes"] == ["Returns are of prices alone, without dividends."]


def test_market_values_of_the_day_before_weigh_tickers(tmp_path):
    pack = market(tmp_path / "full", "full").pack
    panel = pack.panel()
    banks = (500 * (10.1 / 10 - 1) + 1500 * (19.8 / 20 - 1)) / 2000
    assert panel.sectors[0] == pytest.approx([banks, 5.05 / 5 - 1])
    assert panel.benchmark == pytest.approx([998 / 1000 - 1, 1001 / 998 - 1, 1013 / 1001 - 1])
    assert (pack.sectors, pack.benchmark, pack.taxonomy) == (("Banks", "Energy"), "Tiny 3 index", "Two sectors")


def without_market_values(text: str) -> str:
    return "".join(line.rpartition(",")[0] + "\n" for line in text.splitlines())


@pytest.mark.parametrize(
    ("weights", "first", "second", "called"),
    [((3, 1, 2), 3, 1, "All tickers, by their weights"), ((), 1, 1, "All tickers, equally weighted")],
)
def test_constant_weights_or_none_weigh_tickers_and_the_benchmark(tmp_path, weights, first, second, called):
    prices = without_market_values(EXAMPLES["full"]["prices.csv"])
    rows = ["AAA,Banks", "BBB,Banks", "CCC,Energy"]
    tickers = "ticker,sector\n" + "\n".join(rows)
    if weights:
        tickers = "ticker,sector,weight\n" + "\n".join(f"{row},{w}" for row, w in zip(rows, weights, strict=True))
    text = EXAMPLES["full"]["market.yaml"].replace("benchmark: Tiny 3 index\n", "")
    pack = market(tmp_path / "m", "full", market=text, prices=prices, tickers=tickers, benchmark=None).pack
    third = weights[2] if weights else 1
    changes = 10.1 / 10 - 1, 19.8 / 20 - 1, 5.05 / 5 - 1
    banks = (first * changes[0] + second * changes[1]) / (first + second)
    everything = np.dot((first, second, third), changes) / (first + second + third)
    assert pack.panel().sectors[0] == pytest.approx([banks, changes[2]])
    assert pack.panel().benchmark[0] == pytest.approx(everything)
    assert pack.benchmark == called


def test_a_ticker_that_comes_late_or_goes_early_counts_while_it_is_there(tmp_path):
    prices = "date,ticker,close\n" + "".join(
        f"2024-01-0{day},{ticker},{close}\n"
        for ticker, closes in {"AAA": (10, 11, 12, 13), "BBB": (None, None, 20, 30), "CCC": (5, 5, 6, 6)}.items()
        for day, close in enumerate(closes, 2)
        if close
    )
    tickers = "ticker,sector\nAAA,Banks\nBBB,Banks\nCCC,Energy\n"
    panel = market(tmp_path / "m", "smallest", prices=prices, tickers=tickers).pack.panel()
    assert panel.sectors[:, 0] == pytest.approx([11 / 10 - 1, 12 / 11 - 1, (13 / 12 - 1 + 30 / 20 - 1) / 2])


def test_returns_begin_on_the_first_date_and_closes_on_the_second(tmp_path):
    returns = EXAMPLES["smallest"]["prices.csv"].replace("close", "return").replace("252.5", "0.02")
    for number in ("100", "250", "104", "241", "103", "109", "249"):
        returns = returns.replace(f",{number}\n", ",-0.01\n")
    pack = market(tmp_path / "m", "smallest", prices=returns).pack
    assert pack.first == date(2024, 1, 31)
    assert pack.panel().sectors.tolist() == [[-0.01, -0.01], [-0.01, -0.01], [-0.01, 0.02], [-0.01, -0.01]]


def test_a_byte_order_mark_windows_line_ends_quotes_and_blank_rows_are_fine(tmp_path):
    plain = EXAMPLES["smallest"]["prices.csv"]
    odd = plain.replace("Banks", '"Banks"').replace("date,", " Date ,").replace(",100\n", ", 100 \n")
    folder = example(tmp_path / "m", "smallest", prices=b"\xef\xbb\xbf" + f"{odd}\n,,\n".replace("\n", "\r\n").encode())
    one, other = load(folder).pack.panel(), market(tmp_path / "n", "smallest").pack.panel()
    assert np.array_equal(one.sectors, other.sectors)


def test_values_of_market_yaml_are_words_whatever_they_look_like(tmp_path):
    text = '{"kind": "real", "name": "no", "taxonomy": 2024}'
    pack = market(tmp_path / "m", "smallest", market=text).pack
    assert (pack.name, pack.taxonomy) == ("no", "2024")


def test_a_macro_value_is_known_from_its_day_on_and_a_revision_from_its_own(tmp_path):
    pack = market(tmp_path / "full", "full").pack
    asked = {"region": "tinyland", "indicators": ["gdp_growth"]}
    [first] = answer(pack, "get_macro_indicators", as_of="2024-01-03", **asked)["rows"]
    [revised] = answer(pack, "get_macro_indicators", as_of="2024-01-04", **asked)["rows"]
    assert (first["value"], first["known_at"]) == (2.0, "2023-10-30")
    assert (revised["value"], revised["observed_at"], revised["known_at"]) == (2.2, "2023-09-30", "2024-01-04")
    assert revised["previous"] is None


def test_a_revision_of_an_older_value_does_not_pass_for_the_latest(tmp_path):
    macro = (
        "region,indicator,observed_at,known_at,value\n"
        "X,inflation,2023-06-30,2023-07-15,1\nX,inflation,2023-09-30,2023-10-15,2\nX,inflation,2023-06-30,2023-12-01,1.5\n"
    )
    pack = market(tmp_path / "m", "smallest", macro=macro).pack
    [row] = answer(pack, "get_macro_indicators")["rows"]
    assert (row["value"], row["previous"], row["change"], row["observed_at"]) == (2, 1.5, 0.5, "2023-09-30")


def test_an_indicator_that_a_region_lacks_is_null_and_a_note_says_so(tmp_path):
    macro = (
        "region,indicator,observed_at,known_at,value,unit\n"
        "X,inflation,2023-09-30,2023-10-15,1,percent\nY,confidence,2024-03-31,2024-04-15,98.7,index points\n"
    )
    pack = market(tmp_path / "m", "smallest", macro=macro).pack
    seen = answer(pack, "get_macro_indicators", region="Y")
    inflation, confidence = seen["rows"]
    assert (inflation["value"], inflation["unit"], inflation.get("known_at")) == (None, "percent", None)
    assert (confidence["value"], confidence["unit"]) == (98.7, "index points")
    assert seen["columns"]["change"]["unit"] == "percentage points"
    assert "inflation is null: no quarterly observation of it was known on 2024-04-30." in seen["notes"]
    early = answer(pack, "get_macro_indicators", region="Y", as_of="2024-04-14")
    assert [row["value"] for row in early["rows"]] == [None, None]


def test_flows_are_told_in_their_own_unit(tmp_path):
    pack = market(tmp_path / "full", "full").pack
    flow = answer(pack, "get_foreign_flow", period="2D")
    assert flow["rows"][0] == {
        "sector": "Banks",
        "net_buy_sell": pytest.approx(5.0 - 5.5 + 9.3 - 3.8),
        "share_of_turnover": pytest.approx(100 * 5 / 90, abs=0.005),
        "net_z": None,
        "net_streak": 1,
    }
    assert flow["columns"]["net_buy_sell"]["unit"] == "USD m"
    whales = answer(pack, "get_whale_activity", lookback_days=3)["rows"][0]
    assert whales == {"sector": "Banks", "net_value": 5.0, "buy_value": 9.0, "sell_value": 4.0, "trades": 4}


def test_flows_of_tickers_are_added_up_and_tools_without_columns_are_not_offered(tmp_path):
    flows = "date,ticker,turnover,foreign_buy,foreign_sell\n" + "".join(
        f"2024-01-0{day},{ticker},10,{bought},1\n" for day in (4, 5) for ticker, bought in (("AAA", 2), ("CCC", 4))
    )
    found = market(tmp_path / "m", "full", flows=flows + "2024-01-05,BBB,30,7,0\n")
    rows = answer(found.pack, "get_foreign_flow", period="2D")["rows"]
    assert [(row["sector"], row["net_buy_sell"]) for row in rows] == [("Banks", 9.0), ("Energy", 6.0)]
    assert "get_whale_activity" not in tools.offered(found.pack)
    assert found.absent["get_whale_activity"] == "flows.csv with whale_buy, whale_sell, whale_trades"
    assert "without large trades" in found.pack.summary


async def test_the_command_serves_a_folder_and_its_tools_speak_of_it(tmp_path):
    example(tmp_path / "full", "full")
    arguments = ["-P", "-m", "agent", "market", "--data", "full"]
    parameters = StdioServerParameters(command=sys.executable, args=arguments, cwd=tmp_path)
    async with Client(stdio_client(parameters)) as client:
        listed = {tool.name: tool for tool in (await client.list_tools()).tools}
        result = await client.call_tool("get_sector_heatmap", {"lookback_period": "3D", "as_of": "2024-01-05"})
    about = result.structured_content
    assert (about["kind"], about["pack"], about["source"]) == (
        "simulated",
        "Tiny market",
        "SIMULATED: Invented for this page.",
    )
    assert about["notes"][0].startswith("SIMULATED")
    assert "in USD m, as a share" in listed["get_foreign_flow"].description
    assert "SIMULATED data from files, daily" in listed["get_foreign_flow"].description
    assert listed["get_sector_heatmap"].meta["sector-advisor/kind"] == "simulated"


def test_an_agent_asks_about_a_folder_and_its_kind_is_the_answers(tmp_path):
    for name, kind, label in (("smallest", "real", False), ("full", "simulated", True)):
        example(tmp_path / name, name)
        file = tmp_path / f"{name}.yaml"
        server = f"mcpServers:\n  market: {{command: advisor, args: [market, --data, {name}]}}\n"
        file.write_text(AGENT + server + "policy: {on_drift: warn}\n", encoding="utf-8")
        done = advisor("ask", "--offline", "-q", "--format", "envelope", "-c", str(file), "Which sectors lead?")
        envelope = json.loads(done.stdout)
        assert ("SIMULATED DATA" in envelope["labels"]) == label, (kind, done.stderr)
    assert not (tmp_path / "advisor.lock").exists()


def test_the_list_of_tools_says_what_a_folder_lacks(tmp_path):
    example(tmp_path / "m", "smallest")
    (tmp_path / "a.yaml").write_text(AGENT + "mcpServers: {m: {command: advisor, args: [market, --data, m]}}\n")
    done = advisor("tools", "-c", str(tmp_path / "a.yaml"))
    assert done.stderr == (
        "m says of itself: Real data from files, monthly, 2024-02-29 to 2024-04-30: 2 sectors of m; without macro "
        "indicators, foreign flow, large trades, financial statements.\n"
    )


def test_check_says_what_was_found(tmp_path):
    folder = str(example(tmp_path / "full", "full", macro=None))
    text = advisor("market", "--data", folder, "--check").stdout
    found = json.loads(advisor("market", "--data", folder, "--check", "--format", "json").stdout)
    assert text.startswith(f"{folder}: fine\n")
    assert "prices.csv 12, benchmark.csv 4, flows.csv 6, statements.csv 10" in text
    assert "not offered get_macro_indicators: macro.csv\n" in text
    assert "lookbacks   1M needs 21 returns: not yet; 3M needs 63 returns: not yet; 6M needs 126 returns" in text
    assert "look at" not in text and found["look_at"] == []
    assert found["lookbacks"]["1M"] == {"needs": 21, "reached": False}
    assert (found["ok"], found["rhythm"], found["tickers"], found["returns"]) == (True, "daily", 3, 3)
    assert found["rows"] == {"prices.csv": 12, "benchmark.csv": 4, "flows.csv": 6, "statements.csv": 10}
    assert found["largest_move"] == {"name": "BBB", "date": "2024-01-05", "percent": 2.01}
    assert found["longest_gap"] == {"from": "2024-01-02", "to": "2024-01-03", "days": 1}
    assert found["tools"] == [name for name in ALL if name != "get_macro_indicators"]


def test_a_move_that_may_be_an_error_is_shown_by_the_check_and_noted_from_its_date_on(tmp_path):
    prices = EXAMPLES["full"]["prices.csv"].replace("AAA,10.30,", "AAA,16.30,").replace("AAA,10.20,", "AAA,16.20,")
    pack = market(tmp_path / "m", "full", prices=prices).pack
    text = advisor("market", "--data", str(tmp_path / "m"), "--check").stdout
    noted = (
        "The data have AAA at +61.39 % on 2024-01-04: if that is an error of theirs, what is computed from it is wrong."
    )
    assert "look at     +61.39 %, AAA on 2024-01-04: is it right?\n" in text
    assert noted in answer(pack, "get_sector_heatmap", lookback_period="1D", as_of="2024-01-04")["notes"]
    assert noted in answer(pack, "get_macro_indicators", as_of="2024-01-05")["notes"]
    assert noted not in answer(pack, "get_sector_heatmap", lookback_period="1D", as_of="2024-01-03")["notes"]


def test_descriptions_promise_what_the_folder_has(tmp_path):
    daily = market(tmp_path / "full", "full").pack
    flows = "date,sector,turnover,foreign_buy,foreign_sell\n2024-04-30,Banks,9,1,0\n2024-04-30,Energy,0,0,0\n"
    monthly = market(tmp_path / "m", "smallest", flows=flows, market="kind: real\nmoney: USD m\n").pack
    said = {
        pack.name: {name: tool.described(pack) for name, tool in tools.offered(pack).items()}
        for pack in (daily, monthly)
    }
    assert "price return over" in said["m"]["get_sector_heatmap"]
    assert "total return over" in said["Tiny market"]["get_sector_heatmap"]
    for name, unit in (("Tiny market", "day"), ("m", "month")):
        flow = said[name]["get_foreign_flow"]
        assert f"net flow of 20 {unit}s is and for how many {unit}s it has kept its sign (negative: sold)." in flow
        assert "put through" not in flow and "room" not in flow


def test_a_sector_in_which_nothing_was_traded_has_no_share(tmp_path):
    flows = EXAMPLES["full"]["flows.csv"].replace("9,0.2,0.3,0,0,0", "0,0,0,0,0,0")
    rows = answer(market(tmp_path / "m", "full", flows=flows).pack, "get_foreign_flow", period="1D")["rows"]
    assert [(row["sector"], row["share_of_turnover"]) for row in rows] == [("Banks", 10.58), ("Energy", None)]


@pytest.mark.parametrize("unit", ["%", " Percent", "pct"])
def test_percent_has_several_spellings_and_all_have_a_change(tmp_path, unit):
    macro = "region,indicator,observed_at,known_at,value,unit\n"
    macro += f"X,inflation,2023-09-30,2023-10-15,1,{unit}\nX,inflation,2023-12-31,2024-01-15,2.5,percent\n"
    [row] = answer(market(tmp_path / "m", "smallest", macro=macro).pack, "get_macro_indicators")["rows"]
    assert (row["unit"], row["change"]) == ("percent", 1.5)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--data", "{}", "--pack", "us-real"), "--pack and --data are two markets"),
        (("--check",), "--check looks at a folder, and none is named"),
        (("--data", "{}", "--check", "--http", "0"), "--check serves nothing"),
        (("--data", "{}", "--format", "json"), "--format is of --check"),
        (("--data", "{}/nowhere"), "it is no folder; a relative path starts in "),
    ],
)
def test_options_that_contradict_each_other_are_refused(tmp_path, arguments, says):
    folder = str(example(tmp_path / "m", "smallest"))
    done = advisor("market", *(each.format(folder) for each in arguments))
    assert done.returncode == 2
    assert says in done.stderr


def test_the_documentation_shows_problems_as_they_are_told(tmp_path):
    prices = EXAMPLES["smallest"]["prices.csv"].replace(",104\n", ',"104,5"\n') + "2024-03-29,Banks,104\n"
    macro = "region,indicator,observed_at,known_on,value\n"
    example(tmp_path / "my_market", "smallest", prices=prices, macro=macro)
    done = advisor("market", "--data", "my_market", cwd=tmp_path)
    assert f"```\n{done.stderr}```" in DOCS.read_text(encoding="utf-8")


def test_problems_end_the_command_before_it_serves(tmp_path):
    folder = str(example(tmp_path / "m", "smallest", market="kind: reel\n"))
    served = advisor("market", "--data", folder)
    checked = advisor("market", "--data", folder, "--check", "--format", "json")
    says = f"a problem with the data in {folder}:\n  market.yaml:1: kind: must be real or simulated, not 'reel'"
    assert (served.returncode, served.stdout) == (2, "")
    assert says in served.stderr and "docs/data.md" in served.stderr
    assert checked.returncode == 2
    told = json.loads(checked.stdout)
    assert told["error"]["message"] == says
    problem = {"file": "market.yaml", "line": 1, "column": "kind", "message": "must be real or simulated, not 'reel'"}
    assert (told["ok"], told["count"], told["problems"]) == (False, 1, [problem])
    assert checked.stderr == served.stderr
