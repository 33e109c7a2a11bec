"""`sectors:` of an agent file: canonical names, aliases, tickers; where it is found, and what a log keeps of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent import agentfile, data
from agent.errors import SpecError
from agent.figures import FigureReader
from agent.market.us_real import INDUSTRIES
from agent.market.vn_parameters import SECTORS
from agent.source import read
from agent.spec import AgentSpec
from agent.taxonomy import KnownSectors, Taxonomy, as_customary, folded
from tests.test_agentfile import ROOT, of_mapping, parse, problems

SHIPPED = ["taxonomies/vn.yaml", "taxonomies/international.yaml"]


def taxonomy(text: str) -> Taxonomy:
    found = parse(f"sectors: {text}").spec.taxonomy
    assert found
    return found


VN = taxonomy("taxonomies/vn.yaml")


@pytest.mark.parametrize(
    ("name", "sector"),
    [
        ("Banks", "Banks"),
        (" banks\t", "Banks"),
        ("Ngân hàng", "Banks"),
        ("NGÂN  HÀNG", "Banks"),
        # The same letters, encoded in pieces.
        ("Nga\N{COMBINING CIRCUMFLEX ACCENT}n ha\N{COMBINING GRAVE ACCENT}ng", "Banks"),
        ("ngan hang", "Banks"),
        ("Hoá chất", "Chemicals"),
        ("Bat dong san", "Real Estate"),
        ("Oil & Gas", "Oil and Gas"),
        ("oil_and_gas", "Oil and Gas"),
        ("Xây dựng & Vật liệu", "Construction and Materials"),
        ("Thực phẩm - Đồ uống", "Food and Beverage"),
        ("Công nghệ thông tin", "Technology"),
        ("Bankz", None),
        ("", None),
        ("&", None),
    ],
)
def test_sector_is_known_by_any_of_its_names_however_it_is_spelled(name: str, sector: str | None) -> None:
    assert VN.canonical(name) == sector


def test_name_that_is_two_sectors_without_its_accents_is_neither() -> None:
    both = taxonomy("{Fields: {aliases: [Đồng]}, Copper: {aliases: [Động]}}")
    assert (both.canonical("Đồng"), both.canonical("động"), both.canonical("dong")) == ("Fields", "Copper", None)


@pytest.mark.parametrize("ticker", ["VCB", " vcb ", "HOSE:VCB", "VCB.VN"])
def test_ticker_belongs_to_its_sector_wherever_it_is_listed(ticker: str) -> None:
    assert (VN.sector_of(ticker), VN.sector_of("VNINDEX")) == ("Banks", None)


def test_names_are_told_by_language_and_by_likeness() -> None:
    assert (VN.display("Banks", "vi"), VN.display("Banks", "en"), VN.display("?", "vi")) == ("Ngân hàng", "Banks", "?")
    assert "Ngân hàng" in VN.aliases["Banks"] and "Banks" not in VN.aliases["Banks"]
    assert VN.nearest("Bnaks")[0] == "Banks" and VN.nearest("zzzzzz") == []


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_taxonomy_loads_and_every_alias_leads_to_its_sector(name: str) -> None:
    shipped = taxonomy(name)
    for sector, others in shipped.aliases.items():
        assert {shipped.canonical(each) for each in (sector, *others)} == {sector}
        assert {shipped.sector_of(each) for each in shipped.sectors[sector].tickers} <= {sector}
        assert shipped.display(sector, "vi") != sector


def test_embedded_markets_names_are_known_to_the_shipped_taxonomies() -> None:
    assert list(VN.sectors) == list(SECTORS)
    international = taxonomy(SHIPPED[1])
    assert all(map(international.canonical, INDUSTRIES.values()))


def test_taxonomy_lies_beside_the_agent_file_or_in_the_package(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("Ships: {aliases: [Tàu]}", encoding="utf-8")
    path = tmp_path / "agent.yaml"
    for name, sector in (("mine.yaml", "Ships"), ("configs/taxonomies/vn.yaml", "Banks"), (SHIPPED[0], "Banks")):
        path.write_text(f"{ROOT}sectors: {name}\n", encoding="utf-8")
        loaded = agentfile.load(path).spec.taxonomy
        assert loaded and sector in loaded.sectors


def test_log_keeps_the_taxonomy_itself_and_another_one_is_another_agent(tmp_path: Path) -> None:
    mine, path = tmp_path / "mine.yaml", tmp_path / "agent.yaml"
    path.write_text(f"{ROOT}sectors: mine.yaml\n", encoding="utf-8")
    mine.write_text("Ships: {aliases: [Tàu]} # theirs", encoding="utf-8")
    first = agentfile.load(path)
    assert first.public["sectors"] == {"Ships": {"aliases": ["Tàu"]}}
    logged = AgentSpec.model_validate(first.public)
    assert logged.taxonomy and logged.taxonomy.canonical("tau") == "Ships"
    assert of_mapping(first.public).hashes == first.hashes
    mine.write_text("Ships: {aliases: [Tàu, Boats]}", encoding="utf-8")
    assert agentfile.load(path).hashes != first.hashes


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[]", ["1:1: a taxonomy is a mapping of sectors"]),
        ("Banks: {alises: [x]}", ["1:9: Banks.alises: unknown key - did you mean 'aliases'?"]),
        ("Banks: {tickers: [5]}", ["1:19: Banks.tickers.0: has to be a text, not 5"]),
        ("Banks: {names: {vn_VN: x}}",
         ["1:17: Banks.names.vn_VN: has to be a language of two letters, such as vi, not 'vn_VN'"]),
        ("Banks: {aliases: [Money]}\nFunds:\n  aliases: [x, 'MONEY ']\n",
         ["3:16: Funds.aliases.1: 'MONEY ' is one of Banks already, at F:1:19"]),
        ("Banks: {}\nbanks: {}\n", ["2:1: banks: 'banks' is one of Banks already, at F:1:1"]),
        ("Banks: {tickers: [VCB]}\nFunds: {tickers: [vcb], names: {vi: Banks}}\n",
         ["2:37: Funds.names.vi: 'Banks' is one of Banks already, at F:1:1",
          "2:19: Funds.tickers.0: 'vcb' is one of Banks already, at F:1:19"]),
    ],
)  # fmt: skip
def test_wrong_taxonomy_is_named_with_its_own_file_and_place(tmp_path: Path, text: str, says: list[str]) -> None:
    mine, path = tmp_path / "mine.yaml", tmp_path / "agent.yaml"
    mine.write_text(text, encoding="utf-8")
    path.write_text(f"{ROOT}sectors: mine.yaml\n", encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        agentfile.load(path)
    assert caught.value.problems == [f"{mine}:{each}".replace("at F:", f"at {mine}:") for each in says]
    assert caught.value.where == ":".join(caught.value.problems[0].split(":")[:3])


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("sectors: nowhere.yaml",
         "4:10: sectors: there is no file 'nowhere.yaml', neither beside this file nor in the package"),
        ("sectors: 5", "4:10: sectors: has to be the name of a file with sectors, or a mapping of them, not 5"),
        ("sectors: {}", "4:10: sectors: has to be the name of a file with sectors, or a mapping of them"),
        ("sectors: {A: {tickres: [X]}}", "4:15: sectors.A.tickres: unknown key - did you mean 'tickers'?"),
        ("sectors: {A: {tickers: [X]}, B: {tickers: [X]}}",
         "4:44: sectors.B.tickers.0: 'X' is one of A already, at f.yaml:4:25"),
    ],
)  # fmt: skip
def test_sectors_that_cannot_be_taken_are_named_in_the_agent_file(more: str, says: str) -> None:
    assert problems(more) == [f"f.yaml:{says}"]


def test_known_sectors_are_those_of_the_universe_in_its_words_else_of_the_taxonomy() -> None:
    assert not KnownSectors([], None)
    everything = KnownSectors([], VN)
    assert (everything.own_name("ngân hàng"), everything.own_name("Ships")) == ("Banks", None)
    some = KnownSectors(["Ngân hàng", "Ships"], VN)
    assert [some.own_name(each) for each in ("Banks", "banking", "SHIPS", "Real Estate")] == [
        "Ngân hàng", "Ngân hàng", "Ships", None,
    ]  # fmt: skip
    assert some.nearest("Bank") == ["Ngân hàng"] and some.nearest("zzz") == ["Ngân hàng", "Ships"]
    plain = KnownSectors(["Oil and Gas"], None)
    assert (plain.own_name("OIL & GAS"), plain.nearest("Coal")) == ("Oil and Gas", ["Oil and Gas"])


def test_every_shipped_taxonomy_is_tested() -> None:
    folder = data.root() / "configs"
    assert sorted(str(path.relative_to(folder)) for path in folder.glob("taxonomies/*")) == sorted(SHIPPED)
    assert all(isinstance(read(folder / name).value, dict) for name in SHIPPED)


@pytest.mark.parametrize(
    ("sectors", "name", "sector"),
    [
        (SECTORS, "energy", "Oil and Gas"),
        (SECTORS, "Dầu khí", "Oil and Gas"),
        (SECTORS, "Thép", "Basic Resources"),
        (INDUSTRIES.values(), "Năng lượng", "Energy"),
        (INDUSTRIES.values(), "Y tế", "Health Care"),
        (INDUSTRIES.values(), "Tài chính", "Finance"),
        (INDUSTRIES.values(), "Semiconductors", None),
        (["Steel", "Mining"], "Metals", None),
        (["Steel", "Basic Resources"], "Metals", "Basic Resources"),
        (["Steel", "Basic Resources"], "steel", "Steel"),
        (["Energy", "Oil and Gas"], "Oil and Gas", "Oil and Gas"),
    ],
)
def test_sectors_without_a_taxonomy_have_the_other_names_that_are_customary(
    sectors: Any, name: str, sector: str | None
) -> None:
    assert as_customary(sectors).canonical(name) == sector


def figures(rows: list[Any]) -> list[tuple[Any, ...]]:
    spec = parse(f"sectors: {SHIPPED[0]}").spec
    read_figures = FigureReader(spec).read({"rows": rows}, offered_as="t", call="c")
    return [(each.ticker, each.sector, each.metric, each.value, each.pointer) for each in read_figures]


def test_table_without_a_mapping_gets_the_taxonomys_names_and_keeps_those_it_lacks() -> None:
    assert figures([{"name": "Ngân hàng", "a": 1}, {"name": "Ships", "a": 2}]) == [
        (None, "Banks", "a", 1.0, "/rows/0/a"),
        (None, "Ships", "a", 2.0, "/rows/1/a"),
    ]


def test_rows_of_one_sector_under_two_names_are_kept_and_put_together() -> None:
    assert figures([{"sector": "Thép", "chg": 3}, {"sector": "Khai khoáng", "chg": 1}]) == [
        (None, "Basic Resources", "chg", 3.0, "/rows/0/chg"),
        (None, "Basic Resources", "chg", 1.0, "/rows/1/chg"),
        (None, "Basic Resources", "chg", 2.0, "/rows"),
    ]


def test_table_of_tickers_without_a_mapping_is_added_up_by_sector() -> None:
    rows = [{"symbol": "VCB", "name": "Vietcombank", "net_value": 3}, {"symbol": "HOSE:BID", "net_value": 4}]
    assert figures(rows) == [
        ("VCB", "Banks", "net_value", 3.0, "/rows/0/net_value"),
        ("HOSE:BID", "Banks", "net_value", 4.0, "/rows/1/net_value"),
        (None, "Banks", "net_value", 7.0, "/rows"),
    ]
    own = [{"ticker": "ZZZ", "industry": "Ngân hàng", "chg": 1}, {"ticker": "YYY", "chg": 2}]
    assert [each[:2] for each in figures(own)] == [("ZZZ", "Banks"), ("YYY", None), (None, "Banks")]


def test_code_is_a_ticker_only_where_the_taxonomy_knows_one_of_them() -> None:
    assert figures([{"code": "8300", "name": "Ngân hàng", "a": 1}]) == [(None, "Banks", "a", 1.0, "/rows/0/a")]
    assert [each[0] for each in figures([{"code": "VCB", "a": 1}, {"code": "ZZZ", "a": 1}])] == ["VCB", "ZZZ", None]


def test_names_of_marks_alone_are_told_apart_and_blanks_are_none() -> None:
    assert len({folded(each) for each in ("&", "--", "and", " ")}) == 4 and folded(" \t") == ""
