"""Numbers of the dates before, as relative rotation has them: none of them is today's."""

from __future__ import annotations

import pytest

from agent.evidence import Number, examine
from agent.figures import Figure, FigureReader
from agent.market import tools, us_real
from agent.market.rotation import relative_rotation


@pytest.fixture(scope="module")
def figures() -> list[Figure]:
    tool = tools.offered(us_real.PACK)["get_relative_rotation"]
    answer = relative_rotation(us_real.PACK, tools.checked(tool, us_real.PACK, {"as_of": "2008-09-30"}))
    [energy] = [row for row in answer["rows"] if row["sector"] == "Energy"]
    assert (energy["rotation_ratio"], energy["tail"][1]) == (100.56, ["2008-06-30", 101.97, 99.84])
    return FigureReader().read(answer, offered_as="get_relative_rotation", call="c1")


def looked_up(text: str, figures: list[Figure]) -> list[Number]:
    answer = {"sector_recommendations": [{"sector_name": "Energy", "action": "neutral", "rationale": text}]}
    return [number for number in examine(answer, figures) if number.counted]


@pytest.mark.parametrize(
    "text",
    [
        "Its rotation ratio is 101.97.",
        "Rotation ratio 101.97 points (14M), momentum fading.",
        "A rotation momentum of 99.84 points.",
        "The rotation ratio stands at 102.0.",
    ],
)
def test_where_a_sector_was_is_not_where_it_stands(text: str, figures: list[Figure]) -> None:
    [number] = looked_up(text, figures)
    assert number.status == "ungrounded"
    assert number.why is not None and number.why.endswith("(14M, 2008-06-30), not what the text says")


@pytest.mark.parametrize(
    ("text", "pointers"),
    [
        ("Its rotation ratio is 100.56.", ["/rows/3/rotation_ratio"]),
        ("On 2008-06-30 its rotation ratio was 101.97.", ["/rows/3/tail/1/1"]),
        ("The rotation ratio fell from 101.97 to 100.56.", ["/rows/3/tail/1/1", "/rows/3/rotation_ratio"]),
    ],
)
def test_with_its_date_or_as_what_was_before_it_is_borne_out(
    text: str, pointers: list[str], figures: list[Figure]
) -> None:
    found = looked_up(text, figures)
    assert {number.status for number in found} == {"grounded"}
    assert [number.figures[0].pointer for number in found] == pointers


def test_how_far_a_sector_came_is_derived_of_both_ends(figures: list[Figure]) -> None:
    [number] = looked_up("Since June 2008 its rotation ratio fell by 1.41 points.", figures)
    assert number.derivation == "Energy 100.56 points (2008-09-30) − Energy 101.97 points (2008-06-30) = −1.41 points"
