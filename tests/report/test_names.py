"""What sectors are called for people."""

from __future__ import annotations

from typing import Any

import pytest

from agent import data
from agent.market.us_real import INDUSTRIES
from agent.report.names import SectorNames
from agent.source import read
from tests.report.runs_and_pages import result

SECTORS = {
    "Banks": {"names": {"vi": "Ngân hàng"}, "aliases": ["Banking"], "tickers": ["VCB"]},
    "Retail": {"tickers": ["MWG"]},
}


def names(language: str = "vi", sectors: Any = SECTORS) -> SectorNames:
    return SectorNames.of(result(spec={"language": language, "sectors": sectors}))


def test_sectors_are_called_as_the_language_of_the_agent_file_has_it() -> None:
    assert names()("Banks") == "Ngân hàng"
    assert names("en")("Banks") == "Banks"


def test_other_names_of_a_sector_are_displayed_alike() -> None:
    assert {names()(each) for each in ("banks", "Banking", "Ngân hàng", "ngan hang")} == {"Ngân hàng"}
    assert len({names().taxonomy.key(each) for each in ("banks", "Banking", "Ngân hàng", "ngan hang")}) == 1


@pytest.mark.parametrize("sector", ["Retail", "Shipping", ""])
def test_sectors_without_a_name_in_the_language_keep_their_own(sector: str) -> None:
    assert names()(sector) == sector


def test_what_a_model_wrote_in_place_of_a_name_has_a_key_too() -> None:
    assert names().taxonomy.key("Oil & Gas") == names().taxonomy.key("oil and gas") != names().taxonomy.key("Banks")


@pytest.mark.parametrize("sectors", [None, {}, "taxonomies/vn.yaml", {"Banks": {"nicknames": ["B"]}}, {"Banks": None}])
def test_without_a_taxonomy_that_can_be_read_sectors_are_called_as_is_customary(sectors: Any) -> None:
    called = names(sectors=sectors)
    assert [called(each) for each in ("Banks", "Oil & Gas", "Consumer Durables", "Shipping")] == [
        "Ngân hàng", "Dầu khí", "Hàng tiêu dùng lâu bền", "Shipping",
    ]  # fmt: skip
    assert names("en", sectors)("Banks") == "Banks"


def test_customary_names_are_known_by_the_other_names_of_a_whole_sector() -> None:
    called = names(sectors=None)
    assert [called(each) for each in ("Finance", "Healthcare", "IT")] == ["Tài chính", "Y tế", "Công nghệ thông tin"]
    assert [called(each) for each in ("Steel", "Airlines", "Thép")] == ["Steel", "Airlines", "Thép"], (
        "parts keep theirs"
    )


def test_every_industry_of_the_embedded_market_has_a_vietnamese_name() -> None:
    called = names(sectors=None)
    assert len({called(each) for each in INDUSTRIES.values()} - set(INDUSTRIES.values())) == len(INDUSTRIES)


def test_no_two_sectors_of_one_market_have_one_customary_name() -> None:
    for taxonomy in ("vn", "international"):
        own = list(read(data.root() / "configs" / "taxonomies" / f"{taxonomy}.yaml").value)
        assert len({names(sectors=None)(sector) for sector in own}) == len(own)
