"""What sectors are called for people."""

from __future__ import annotations

from typing import Any

import pytest

from agent.report.names import SectorNames
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
    assert len({names().key(each) for each in ("banks", "Banking", "Ngân hàng", "ngan hang")}) == 1


@pytest.mark.parametrize("sector", ["Retail", "Shipping", ""])
def test_sectors_without_a_name_in_the_language_keep_their_own(sector: str) -> None:
    assert names()(sector) == sector


def test_what_a_model_wrote_in_place_of_a_name_has_a_key_too() -> None:
    assert names().key("Oil & Gas") == names().key("oil and gas") != names().key("Banks")


@pytest.mark.parametrize("sectors", [None, {}, "taxonomies/vn.yaml", {"Banks": {"nicknames": ["B"]}}, {"Banks": None}])
def test_agent_files_of_other_versions_name_nothing(sectors: Any) -> None:
    assert names(sectors=sectors)("Banks") == "Banks"
