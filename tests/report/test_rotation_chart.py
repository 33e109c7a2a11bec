"""A rotation as SVG: what it says, that its names can be read, and that it is only text."""

from __future__ import annotations

import math
import re
from itertools import combinations
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.report.lettering import fitted, plain, width, wrapped
from agent.report.placing import placed
from agent.report.rotation import AGAINST_BENCHMARK, Axis, Point, Rotation, Track
from agent.report.rotation_chart import PLOT, svg
from agent.report.svg import Box, around
from agent.report.words import words

EVIL = "<script>alert(1)</script>\"'&]]>{{ 7 * 7 }}\u202e\x07\ufffe"
ABOUT = {"measure": "Relative strength", "longer": "3M", "shorter": "1M"}


def rotation(*tracks: Track) -> Rotation:
    return Rotation(
        Axis("Performance", "3M", "percent", 0.0),
        Axis("Performance", "1M", "percent", 0.0),
        tracks,
        AGAINST_BENCHMARK,
        ABOUT,
    )


def drawn(chart: Rotation, language: str = "en") -> ElementTree.Element:
    return ElementTree.fromstring(svg(chart, words(language)))


FOUR = rotation(
    Track("banks", "Banks", ((4.0, -1.0), (5.0, 2.0))),
    Track("retail", "Retail", ((3.0, -2.0),)),
    Track("media", "Media", ((-4.0, -3.0),)),
    Track("ô tô", "Ô tô", ((-2.5, 1.0),)),
)


def test_each_sector_has_its_quadrant_as_class_as_word_and_as_place() -> None:
    groups = drawn(FOUR).findall("g")
    told = [(each.get("class"), each.get("data-sector")) for each in groups]
    sectors = [
        ("sector leading", "banks"),
        ("sector weakening", "retail"),
        ("sector lagging", "media"),
        ("sector improving", "ô tô"),
    ]
    assert told == sectors * 2, "circles first, names above them"
    titles = [title.text for each in groups if (title := each.find("title")) is not None]
    assert titles[0] == "Banks: Leading. Performance · 3M · % +5.00, Performance · 1M · % +2.00"
    words_there = [each.text for each in drawn(FOUR).findall("text[@class='quadrant']")]
    assert sorted(words_there, key=str) == ["Improving", "Lagging", "Leading", "Weakening"]


def test_tails_grow_thicker_and_darker_towards_now() -> None:
    way = tuple((float(at), float(at)) for at in range(5))
    lines = drawn(rotation(Track("banks", "Banks", way), Track("retail", "Retail", ((1.0, -1.0),)))).findall(
        "g/line[@class='tail']"
    )
    for ramp in ("stroke-width", "stroke-opacity"):
        values = [float(line.get(ramp, "")) for line in lines]
        assert values == sorted(set(values)) and len(values) == 4


def test_it_speaks_the_language_that_it_is_given() -> None:
    chart = svg(FOUR, words("vi"), names={"Banks": "Ngân hàng"}.get)  # type: ignore[arg-type]
    assert "Ngân hàng: Dẫn dắt." in chart and 'data-sector="banks"' in chart


def test_the_axes_include_the_centre_and_every_point() -> None:
    chart = drawn(rotation(Track("a", "A", ((90.0, 95.0),)), Track("b", "B", ((91.0, 99.0),))))
    for circle in chart.findall("g/circle[@class='head']"):
        place = float(circle.get("cx", "")), float(circle.get("cy", ""))
        assert around(place, 0).overlap(PLOT) == 0 and PLOT.nearest(place) == place
    centres = [line.attrib for line in chart.findall("line[@class='centre']")]
    assert PLOT.left < float(centres[0]["x1"]) < PLOT.right


def test_the_same_rotation_has_the_same_bytes_and_short_coordinates() -> None:
    assert svg(FOUR) == svg(FOUR)
    assert not re.search(r"\d\.\d\d", re.sub(r"<title>.*?</title>", "", svg(FOUR))), "tenths are enough"
    assert "-0 " not in svg(FOUR) and '"-0"' not in svg(FOUR)


def test_strangers_names_are_text() -> None:
    chart = svg(rotation(Track(EVIL, EVIL, ((1.0, 1.0),)), Track("b", "B", ((0.0, 0.0),))))
    root = ElementTree.fromstring(chart)
    assert {each.tag for each in root.iter()} <= {"svg", "g", "title", "rect", "line", "text", "circle"}
    assert root.findall("g")[0].get("data-sector") == plain(EVIL)


@pytest.mark.parametrize("value", [0.0, 1e9, -1e9, 1e-12])
def test_equal_points_have_a_chart_too(value: float) -> None:
    drawn(rotation(Track("a", "A", ((value, value),)), Track("b", "B", ((value, value),))))


@given(st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)), min_size=2, max_size=20))
def test_any_points_can_be_drawn(points: list[Point]) -> None:
    chart = svg(rotation(*(Track(f"{at}", f"Sector {at}", (point,)) for at, point in enumerate(points))))
    ElementTree.fromstring(chart)
    assert "nan" not in chart and "inf" not in chart


ROOM = Box(0, 0, 800, 500)


CROWD = [(400.0 + at % 5 * 3, 250.0 + at // 5 * 3) for at in range(20)]
SPREAD = st.tuples(st.integers(2, 18), st.integers(1, 9)).map(lambda place: (place[0] * 40.0, place[1] * 50.0))


@settings(deadline=None)
@example(CROWD)
@given(st.lists(SPREAD, min_size=1, max_size=20, unique=True))
def test_labels_stay_within_the_room_and_off_each_other(points: list[Point]) -> None:
    boxes = placed(points, [(100.0, 16.0)] * len(points), [], [], ROOM)
    assert all(box.overlap(ROOM) == pytest.approx(100 * 16) for box in boxes)
    assert all(one.overlap(other) < 1 for one, other in combinations(boxes, 2))


@settings(deadline=None)
@given(st.lists(SPREAD, min_size=2, max_size=8, unique=True))
def test_no_label_is_nearer_to_another_point_than_to_its_own(points: list[Point]) -> None:
    boxes = placed(points, [(30.0, 16.0)] * len(points), [around(each, 8.5) for each in points], [], ROOM)
    for own, box in zip(points, boxes, strict=True):
        assert min(points, key=lambda point: math.dist(point, box.nearest(point))) == own


CLOSE = {
    "Industrial Goods and Services": (15.0, 6.3),
    "Personal and Household Goods": (14.6, 6.0),
    "Construction and Materials": (11.0, 5.8),
    "Food and Beverage": (-6.3, -2.5),
    "Insurance": (-6.9, -1.7),
    "Oil and Gas": (-4.8, -1.7),
    "Real Estate": (-1.4, -1.9),
    "Media": (-25.4, -4.7),
    "Automobiles and Parts": (-25.8, -6.8),
    "Financial Services": (-22.4, -7.1),
    "Utilities": (-19.8, -6.7),
}
"""Where sectors of the simulated market once stood."""


def placed_names() -> dict[str, tuple[Point, Box, ElementTree.Element | None]]:
    """Where the circle of each is, what its name covers in a font wider than ours, and the line between them."""
    chart = drawn(rotation(*(Track(name, name, (point,)) for name, point in CLOSE.items())))
    groups = chart.findall("g")
    found = {}
    for circles, names in zip(groups[: len(CLOSE)], groups[len(CLOSE) :], strict=True):
        [head], [name] = circles.findall("circle"), names.findall("text")
        wide, anchor = width(str(name.text), 13) * 1.15, {None: 0.0, "middle": 0.5, "end": 1.0}[name.get("text-anchor")]
        left, bottom = float(name.get("x", "")) - wide * anchor, float(name.get("y", "")) + 4
        place = float(head.get("cx", "")), float(head.get("cy", ""))
        found[str(name.text)] = place, Box(left, bottom - 16, left + wide, bottom), names.find("line")
    return found


def test_each_name_is_nearest_to_its_own_circle_or_has_a_line_there_that_crosses_no_other_name() -> None:
    found = placed_names()
    for name, (head, box, line) in found.items():
        nearest = min(found, key=lambda other: math.dist(found[other][0], box.nearest(found[other][0])))
        assert nearest == name or line is not None
        assert (line is not None) == (math.dist(head, box.nearest(head)) > 11)
        if line is not None:
            start, end = ((float(line.get(f"x{at}", "")), float(line.get(f"y{at}", ""))) for at in (1, 2))
            assert math.dist(start, head) == pytest.approx(7, abs=0.2)
            assert [other for other in found if other != name and found[other][1].is_met_by(start, end)] == []
    assert found["Media"][2] is None and any(line is not None for _, _, line in found.values())


def test_names_keep_clear_of_the_words_of_quadrants() -> None:
    left, bottom = PLOT.left + 10, PLOT.bottom - 6
    lagging = Box(left, bottom - 18, left + width("Lagging", 14, bold=True) * 1.15, bottom)
    right, top = PLOT.right - 10, PLOT.top + 6
    leading = Box(right - width("Leading", 14, bold=True) * 1.15, top, right, top + 18)
    for word in (lagging, leading):
        assert [name for name, (_, box, _) in placed_names().items() if box.overlap(word.grown(6))] == []


def test_a_line_meets_the_boxes_that_it_passes_through() -> None:
    box = Box(10, 10, 20, 20)
    assert box.is_met_by((0, 15), (30, 15)) and box.is_met_by((15, 0), (15, 12)) and box.is_met_by((0, 0), (30, 30))
    assert not box.is_met_by((0, 5), (30, 5)) and not box.is_met_by((0, 15), (9, 15))
    assert not box.is_met_by((0, 15), (15, 35)), "their frames overlap, and it passes by a corner"


def test_a_label_stands_beside_its_point_and_off_the_circle_that_is_there() -> None:
    [free] = placed([(100, 100)], [(50, 16)], [], [], ROOM)
    assert (free.left, (free.top + free.bottom) / 2) == (109, 100)
    [other] = placed([(100, 100)], [(50, 16)], [around((120, 100), 8)], [], ROOM)
    assert (other.right, (other.top + other.bottom) / 2) == (91, 100)

    [crossing] = placed([(100, 100)], [(50, 16)], [], [around((120, 100), 1)], ROOM)
    assert crossing.right == 91, "a line is crossed only where the way around it is long"


def test_texts_are_wrapped_between_words_and_cut_where_room_ends() -> None:
    assert wrapped("Relative strength over time", 70, 12, most=2) == ["Relative", "strength o…"]
    assert wrapped("", 70, 12, most=2) == []
    assert wrapped("get_relative_rotation", 80, 11, most=3) == ["get_relative_", "rotation"]
    assert wrapped("__a _b__ c_", 300, 12, most=5) == ["__a _b__ c_"]
    assert fitted("Banks", 200, 12) == "Banks"
    assert width(fitted("W" * 500, 100, 12), 12) <= 100


def test_accents_written_apart_are_as_wide_as_composed_ones() -> None:
    assert plain("Ngân hàng \t\n x") == plain("Nga\u0302n ha\u0300ng x") == "Ngân hàng x"
    assert width("e\u0323\u0302", 10) == width("ệ", 10) == width("e", 10)
