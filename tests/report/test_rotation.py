"""Figures → a rotation: which axes it has, where sectors stand, and what has no place in it."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.figures import Figure, FigureReader
from agent.report.heatmap import heatmap_of
from agent.report.rotation import MOST, TAIL, Axis, Rotation, Track, rotation_of
from agent.report.words import words
from tests.market.asking import ask
from tests.report.runs_and_pages import figure

DAYS = [f"2025-{month:02d}-28" for month in range(1, 8)]


def lookbacks(metric: str, table: dict[str, dict[str, float | None]], **other: Any) -> list[Figure]:
    """`table`: sector → lookback → number."""
    return [
        figure(sector, value, metric, lookback=lookback, **other)
        for sector, line in table.items()
        for lookback, value in line.items()
    ]


def bearings(sector: str, ratio: float | None, momentum: float | None, **other: Any) -> list[Figure]:
    about = {"tool": "get_relative_rotation", "unit": "points", "lookback": "70D"} | other
    return [figure(sector, ratio, "rotation_ratio", **about), figure(sector, momentum, "rotation_momentum", **about)]


def found(figures: list[Figure]) -> Rotation:
    rotation = rotation_of(figures)
    assert rotation
    return rotation


def ends(rotation: Rotation) -> dict[str, tuple[float, float]]:
    return {track.sector: track.points[-1] for track in rotation.tracks}


def test_ratio_and_momentum_of_a_tool_are_the_axes_with_the_last_dates_as_tails() -> None:
    figures = [
        each
        for at, day in enumerate(DAYS)
        for sector, side in (("Banks", 1), ("Retail", -1))
        for each in bearings(sector, 100 + side * at, 100 - side * at, observed_at=day)
    ]
    rotation = found(
        lookbacks("relative_strength", {"Banks": {"1M": 1, "3M": 2}, "Retail": {"1M": 1, "3M": 2}}) + figures
    )
    assert rotation.x == Axis("Rotation ratio", "70D", "points", 100)
    assert rotation.y == Axis("Rotation momentum", "70D", "points", 100)
    assert rotation.y.said(words("vi")) == "Động lượng luân chuyển · 70D · điểm"
    banks, retail = rotation.tracks
    assert banks == Track(
        "banks", "Banks", tuple((100.0 + at, 100.0 - at) for at in range(len(DAYS) - TAIL, len(DAYS)))
    )
    assert [rotation.quadrant(each) for each in (banks, retail)] == ["Weakening", "Improving"]


def test_tails_of_two_calls_whose_samples_lie_on_other_days_are_not_one_way() -> None:
    told = {"asked first": ("2025-06-02", "2025-06-09"), "asked again": ("2025-06-03", "2025-06-10")}
    figures = [
        each
        for call, days in told.items()
        for at, day in enumerate(days)
        for sector in ("Banks", "Retail")
        for each in bearings(sector, 100 + at, 101 - at, observed_at=day, call=call)
    ]
    assert (
        found(figures).tracks[0] == found(figures[::-1]).tracks[1] == Track("banks", "Banks", ((100, 101), (101, 100)))
    )


async def embedded(**arguments: Any) -> tuple[dict[str, Any], list[Figure]]:
    """An answer of the market server as of a day in 2008, and its figures."""
    answer = await ask("us-real", "get_relative_rotation", as_of="2008-09-30", **arguments)
    return answer, FigureReader().read(answer, offered_as="get_relative_rotation", call="c1")


@pytest.mark.parametrize(
    ("asked", "drawn", "since"), [(4, 4, "2008-05-31"), (2, 2, "2008-07-31"), (12, 4, "2008-05-31")]
)
async def test_the_tail_of_the_embedded_tool_is_drawn_to_where_each_sector_stands(
    asked: int, drawn: int, since: str
) -> None:
    answer, figures = await embedded(tail=asked)
    rotation = found(figures)
    assert len(rotation.tracks) == 12
    for track, row in zip(rotation.tracks, answer["rows"], strict=True):
        way = [tuple(point[1:]) for point in row["tail"][-drawn:]]
        assert track.points == (*way, (row["rotation_ratio"], row["rotation_momentum"]))
    assert rotation.told(words("en")).endswith(f"tails show the way there since {since}.")
    assert rotation.told(words("vi")).endswith(f"vệt đuôi cho thấy đường đi từ {since}.")


async def test_columns_of_a_heatmap_show_where_sectors_stand_and_not_where_they_were() -> None:
    answer, figures = await embedded()
    table = heatmap_of(figures)
    assert [column.metric for column in table.columns] == ["rotation_ratio", "rotation_momentum"]
    shown = [tuple(cell.value for cell in row.cells) for row in table.rows]
    assert shown == [(row["rotation_ratio"], row["rotation_momentum"]) for row in answer["rows"]]


async def test_the_embedded_tool_of_one_date_gives_each_sector_the_way_of_its_last_step() -> None:
    answer, figures = await embedded(tail=0)
    rotation = found(figures)
    assert len(rotation.tracks) == 12
    assert rotation.told(words("en")).endswith("tails show the way there.")
    for track, row in zip(rotation.tracks, answer["rows"], strict=True):
        before, now = track.points
        assert now == (row["rotation_ratio"], row["rotation_momentum"])
        assert rotation.quadrant(track).lower() == row["quadrant"]
        assert math.dist(before, now) == pytest.approx(row["rotation_length"])
        turned = math.degrees(math.atan2(now[1] - before[1], now[0] - before[0]))
        assert (turned - row["rotation_heading"] + 180) % 360 == pytest.approx(180)


def test_scores_around_zero_have_their_centre_there() -> None:
    figures = [*bearings("Banks", 1.5, -0.5), *bearings("Retail", -2, 0.25)]
    assert [axis.centre for axis in (found(figures).x, found(figures).y)] == [0, 0]


def test_relative_strength_nearest_to_a_quarter_stands_against_that_nearest_to_a_month() -> None:
    table: dict[str, dict[str, float | None]] = {
        "Banks": {"1D": 9, "1M": 1, "3M": 2, "1Y": 3},
        "Retail": {"1D": 9, "1M": -1, "3M": -2, "1Y": 3},
    }
    rotation = found(lookbacks("performance", table) + lookbacks("relative_strength", table))
    assert ends(rotation) == {"Banks": (2, 1), "Retail": (-2, -1)}
    assert (rotation.x.centre, rotation.y.centre) == (0, 0)
    assert rotation.told(words("en")) == "Relative strength over 3M against 1M; the centre is the benchmark."
    assert rotation.told(words("vi")) == "Sức mạnh tương đối: 3M so với 1M; tâm là chỉ số tham chiếu."


def test_performance_alone_is_centred_at_the_median_sector() -> None:
    table: dict[str, dict[str, float | None]] = {
        "Banks": {"1M": 1, "1Y": 20},
        "Retail": {"1M": 2, "1Y": 30},
        "Media": {"1M": 9, "1Y": 10},
    }
    rotation = found(lookbacks("performance", table))
    assert (rotation.x.centre, rotation.y.centre) == (20, 2)
    assert [rotation.quadrant(each) for each in rotation.tracks] == ["Weakening", "Leading", "Improving"]


@pytest.mark.parametrize(
    "figures",
    [
        [],
        [figure("Banks", 1.0)],
        lookbacks("relative_strength", {"Banks": {"1M": 1, "3M": 2}}),
        lookbacks("relative_strength", {"Banks": {"3M": 2}, "Retail": {"3M": 2}}),
        lookbacks("relative_strength", {"Banks": {"1M": 1}, "Retail": {"3M": 2}}),
        lookbacks("relative_strength", {"Banks": {"1M": 1, "3M": None}, "Retail": {"1M": 1, "3M": 1}}),
        lookbacks("relative_strength", {"Banks": {"1M": 1, "3M": 1e300}, "Retail": {"1M": 1, "3M": 1}}),
        lookbacks("relative_strength_index", {"Banks": {"1M": 41, "3M": 50}, "Retail": {"1M": 1, "3M": 1}}),
        lookbacks("relative_rating", {"Banks": {"1M": 41, "3M": 50}, "Retail": {"1M": 1, "3M": 1}}),
        lookbacks("return_value", {"Banks": {"1M": 41, "3M": 50}, "Retail": {"1M": 1, "3M": 1}}, unit="VND"),
        lookbacks("volatility", {"Banks": {"1M": 41, "3M": 50}, "Retail": {"1M": 1, "3M": 1}}),
        lookbacks("performance", {"Banks": {"1M": 1, "3M": 2}, "Retail": {"1M": 1, "3M": 2}}, ticker="VCB"),
        bearings("Banks", 101, 99),
        bearings("Banks", 101, None) + bearings("Retail", None, 99),
    ],
)
def test_figures_without_two_measures_of_two_sectors_give_none(figures: list[Figure]) -> None:
    assert rotation_of(figures) is None


def test_lookbacks_of_different_tools_or_units_are_not_set_against_each_other() -> None:
    for key in ("tool", "unit"):
        other: dict[str, Any] = {key: "percent of another kind"}
        table = [("1M", {}), ("3M", other)]
        figures = [figure(sector, -1.0, lookback=each, **more) for sector in ("A", "B") for each, more in table]
        assert rotation_of(figures) is None


def test_of_many_sectors_those_nearest_to_the_centre_are_left_out() -> None:
    table = {f"Sector {at}": {"1M": float(at - 12), "3M": float(at - 12)} for at in range(25)}
    rotation = found(lookbacks("relative_strength", table))  # type: ignore[arg-type]
    assert (len(rotation.tracks), rotation.left_out) == (MOST, 5)
    assert set(table) - set(ends(rotation)) == {f"Sector {at}" for at in range(10, 15)}
    assert rotation.told(words("en")).endswith(" 5 sectors nearer to the centre are left out.")


@given(
    st.lists(
        st.builds(
            figure,
            sector=st.sampled_from([*"ABCDEF", None]),
            value=st.none() | st.floats(),
            metric=st.sampled_from(["relative_strength", "performance", "rs_ratio", "rs_momentum", "rs_heading"]),
            lookback=st.sampled_from(["1M", "3M", None, "soon"]),
            observed_at=st.sampled_from([*DAYS, None]),
        ),
        max_size=60,
    )
)
def test_any_figures_give_numbers_that_can_be_drawn(figures: list[Figure]) -> None:
    rotation = rotation_of(figures)
    for track in rotation.tracks if rotation else ():
        assert 1 <= len(track.points) <= TAIL
        assert all(math.isfinite(value) for point in track.points for value in point)


def test_ratios_that_are_all_near_one_have_their_centre_there() -> None:
    figures = [*bearings("Banks", 1.01, 0.99), *bearings("Retail", 0.98, 1.02), *bearings("Energy", 1.5, 0.5)]
    rotation = found(figures)
    assert (rotation.x.centre, rotation.y.centre) == (1, 1)
    assert [rotation.quadrant(each) for each in rotation.tracks] == ["Weakening", "Improving", "Weakening"]
    wide, mixed = found([*figures, *bearings("Media", 1.6, 1.0)]), found([*figures, *bearings("Media", 1.2, -0.2)])
    assert (wide.x.centre, wide.y.centre) == (mixed.x.centre, mixed.y.centre) == (0, 0)
