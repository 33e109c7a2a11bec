"""What changed between the recommendations of two runs, and which figures may explain it."""

from __future__ import annotations

from typing import Any

import pytest

from agent.comparison import Change, changes, probability, recommendations_of
from agent.figures import Figure
from agent.result import RunResult
from tests.report.runs_and_pages import advice, figure, result

SECTORS = ("Banks", "Retail", "Energy", "Media")
ENGLISH = {"sectors": {"Banks": {"names": {"vi": "Ngân hàng"}, "aliases": ["Banking"]}, "Energy": {}}}


def run(*given: dict[str, Any], figures: list[Figure] | None = None, **other: Any) -> RunResult:
    return result(answer={"sector_recommendations": list(given)}, figures=figures or [], **other)


def column(*values: float | None, **other: Any) -> list[Figure]:
    return [
        figure(sector, value, pointer=f"/rows/{at}", **other)
        for at, (sector, value) in enumerate(zip(SECTORS, values, strict=True))
    ]


def kinds(before: RunResult, after: RunResult) -> dict[str, str]:
    return {each.sector: each.kind for each in changes(before, after)}


def one(before: RunResult, after: RunResult, sector: str = "Banks") -> Change:
    return next(each for each in changes(before, after) if each.sector == sector)


@pytest.mark.parametrize(
    ("was", "now", "kind"),
    [
        (("overweight", 0.6), ("underweight", 0.6), "flipped"),
        (("underweight", 0.6), ("overweight", 0.9), "flipped"),
        (("overweight", 0.6), ("neutral", 0.6), "turned"),
        (("neutral", 0.6), ("underweight", 0.6), "turned"),
        (("overweight", 0.6), ("overweight", 0.61), "surer"),
        (("underweight", 0.6), ("underweight", 0.59), "less sure"),
        (("neutral", 0.6), ("neutral", 0.604), "same"),
        (("overweight", None), ("overweight", 0.7), "same"),
        (("overweight", 70), ("overweight", 0.7), "same"),
        (("buy", 0.7), ("sell", 0.7), "turned"),
    ],
)
def test_what_became_of_a_sector_has_a_name(was: Any, now: Any, kind: str) -> None:
    assert kinds(run(advice("Banks", *was)), run(advice("Banks", *now))) == {"Banks": kind}


@pytest.mark.parametrize("action", [["hold"], {"call": "hold"}, 1, None])
def test_action_that_is_no_word_is_a_stance_of_nobody(action: Any) -> None:
    told = run({"sector_name": "Banks", "action": action})
    [change] = changes(told, told)
    assert (change.kind, change.rank, change.towards) == ("same", (None, None), 0)


def test_sectors_that_came_and_went_are_told_after_those_of_the_later_answer() -> None:
    found = changes(run(advice("Banks"), advice("Retail")), run(advice("Energy"), advice("Retail")))
    assert [(each.sector, each.kind) for each in found] == [("Energy", "new"), ("Retail", "same"), ("Banks", "gone")]
    assert found[0].action == (None, "overweight") and found[2].confidence == (0.7, None)
    assert found[0].rank == (None, 1) and found[0].surer_by is None


def test_rank_runs_from_the_surest_overweight_to_the_surest_underweight() -> None:
    given = [
        advice("Banks", "underweight", 0.9),
        advice("Retail", "neutral", 0.9),
        advice("Energy", "overweight", 0.6),
        advice("Media", "overweight", 0.8),
        advice("Gas", "underweight", 0.6),
        advice("Steel", "overweight", None),
    ]
    ranks = {each.sector: each.rank[1] for each in changes(run(), run(*given))}
    assert ranks == {"Media": 1, "Energy": 2, "Steel": 3, "Retail": None, "Gas": 5, "Banks": 6}


def test_equals_share_a_place() -> None:
    given = [
        advice("Banks", "overweight", 0.6),
        advice("Retail", "neutral", 0.9),
        advice("Energy", "overweight", 0.6),
        advice("Media", "neutral", 0.2),
        advice("Gas", "underweight", 0.6),
    ]
    for answer in (given, given[::-1]):
        places = {each.sector: each.rank[1] for each in changes(run(), run(*answer))}
        assert places == {"Banks": 1, "Energy": 1, "Retail": None, "Media": None, "Gas": 5}


def test_a_neutral_sector_has_no_place_that_others_could_move() -> None:
    before = run(advice("Banks", "neutral"), advice("Retail", "overweight"), advice("Energy", "neutral"))
    after = run(advice("Banks", "neutral"), advice("Retail", "overweight"), advice("Energy", "overweight", 0.6))
    assert {each.sector: each.rank for each in changes(before, after)} == {
        "Banks": (None, None),
        "Retail": (1, 1),
        "Energy": (None, 2),
    }


@pytest.mark.parametrize("spelled", ["banks", "  Banks ", "BANKS"])
def test_spelling_of_a_name_makes_no_other_sector(spelled: str) -> None:
    assert kinds(run(advice("Banks")), run(advice(spelled))) == {spelled.strip(): "same"}


@pytest.mark.parametrize("sides", [(ENGLISH, {}), ({}, ENGLISH), (ENGLISH, ENGLISH), ({"sectors": {"X": 1}}, ENGLISH)])
def test_another_name_out_of_the_taxonomy_of_either_run_is_the_same_sector(sides: Any) -> None:
    before = run(advice("Ngân hàng"), figures=column(1, 2, 3, 4), spec=sides[0])
    after = run(advice("Banking"), figures=column(9, 2, 3, 4), spec=sides[1])
    assert kinds(before, after) == {"Banking": "same"}
    assert [each.after for each in one(before, after, "Banking").figures] == [9]


def test_taxonomy_that_this_version_cannot_read_is_none() -> None:
    odd = {"sectors": {"Banks": {"tickers": 7}}}
    assert kinds(run(advice("Ngân hàng"), spec=odd), run(advice("Banks"), spec=odd)) == {
        "Banks": "new",
        "Ngân hàng": "gone",
    }


def test_answer_about_some_of_the_sectors_has_no_ranks_to_compare() -> None:
    whole = run(advice("Banks", "overweight"), advice("Energy", "underweight"))
    [energy, banks] = changes(whole, run(advice("Energy", "underweight")))
    assert (energy.sector, energy.rank, energy.kind, banks.kind) == ("Energy", (None, None), "same", "gone")


def test_of_a_sector_that_stands_twice_the_first_counts_and_ranks_have_no_gap() -> None:
    after = run(advice("Banks", "overweight", 0.9), advice("BANKS", "underweight"), advice("Retail", "underweight"))
    found = changes(run(), after)
    assert [(each.sector, each.action[1], each.rank[1]) for each in found] == [
        ("Banks", "overweight", 1),
        ("Retail", "underweight", 2),
    ]


@pytest.mark.parametrize("name", ["", "  ", None])
def test_recommendation_of_no_sector_is_left_out(name: Any) -> None:
    assert changes(run(), run(advice(name))) == []


@pytest.mark.parametrize("answer", [None, "text", [], {"verdict": "up"}, {"sector_recommendations": ["Banks"]}])
def test_answer_of_another_form_recommends_nothing(answer: Any) -> None:
    assert recommendations_of(answer) is None
    assert kinds(result(answer=answer), run(advice("Banks"))) == {"Banks": "new"}


@pytest.mark.parametrize("value", [True, -0.1, 1.1, "0.5", None, float("nan")])
def test_what_is_no_probability_is_none(value: Any) -> None:
    assert probability(value) is None


def test_figures_that_moved_are_told_with_how_their_distance_from_the_mean_changed() -> None:
    before = run(advice("Banks"), figures=column(1, 2, 3, 4))
    after = run(advice("Banks"), figures=column(4, 2, 3, 4))
    [moved] = one(before, after).figures
    assert (moved.metric, moved.lookback, moved.unit, moved.tool) == (
        "performance",
        "3M",
        "percent",
        "get_sector_heatmap",
    )
    assert (moved.before, moved.after, moved.size) == (1, 4, 2.246)  # 0.75 / sqrt(0.6875) + 1.5 / sqrt(1.25)


@pytest.mark.parametrize("shift", [1, 10, -7.5])
def test_shift_of_all_sectors_explains_nothing(shift: float) -> None:
    before = run(advice("Banks", "neutral"), figures=column(1, 2, 3, 4))
    after = run(advice("Banks"), figures=column(*[each + shift for each in (1, 2, 3, 4)]))
    assert one(before, after).figures == ()


def test_sector_that_rose_less_than_the_others_moved_down() -> None:
    before = run(advice("Retail"), figures=column(0, 3, 1, 2))
    after = run(advice("Retail", "underweight"), figures=column(10, 4, 11, 12))
    [moved] = one(before, after, "Retail").figures
    assert (moved.before, moved.after, moved.better) == (3, 4, -1) and moved.size < -2
    assert one(before, after, "Retail").speaks(moved) == 1


def test_sectors_that_only_one_run_has_move_no_other() -> None:
    before = run(advice("Banks"), figures=column(1, 2, 3, None))
    after = run(advice("Banks"), figures=column(1.1, 2.1, 3.1, 90))
    assert one(before, after).figures == ()


def test_of_fewer_than_three_sectors_the_move_itself_is_told_and_nothing_claimed() -> None:
    before = run(advice("Banks"), figures=column(1, 3, None, None))
    after = run(advice("Banks", "underweight"), figures=column(-3, -1, None, None))
    [moved] = one(before, after).figures
    assert (moved.size, moved.better) == (-4, 0)


@pytest.mark.parametrize(
    ("was", "now", "towards"),
    [
        (("overweight", 0.6), ("underweight", 0.6), -1),
        (("underweight", 0.6), ("neutral", 0.6), 1),
        (None, ("overweight", 0.6), 1),
        (None, ("underweight", 0.6), -1),
        (None, ("neutral", 0.6), 0),
        (("overweight", 0.6), None, -1),
        (("underweight", 0.6), None, 1),
        (("overweight", 0.6), ("overweight", 0.7), 1),
        (("underweight", 0.6), ("underweight", 0.7), -1),
        (("underweight", 0.6), ("underweight", 0.5), 1),
        (("neutral", 0.6), ("neutral", 0.7), 0),
        (("underweight", 0.6), ("underweight", 0.604), 0),
        (("overweight", 0.6), ("hold", 0.6), 0),
    ],
)
def test_change_is_in_favour_of_a_sector_or_to_its_disadvantage(was: Any, now: Any, towards: int) -> None:
    before, after = (run(*([advice("Banks", *given)] if given else [])) for given in (was, now))
    assert one(before, after).towards == towards


def test_what_speaks_for_the_change_comes_first_and_what_speaks_against_it_last() -> None:
    def figures(*moved: float) -> list[Figure]:
        names = ("performance", "trades", "volatility")
        return [
            each
            for name, own in zip(names, moved, strict=True)
            for each in column(own, 20, 30, 40, metric=name, unit=None, lookback=name)
        ]

    before = run(advice("Banks", "neutral"), figures=figures(20, 30, 30))
    up, down = (run(advice("Banks", action), figures=figures(-60, 90, 90)) for action in ("overweight", "underweight"))
    told = [
        [(each.metric, change.speaks(each)) for each in change.figures]
        for change in (one(before, up), one(before, down))
    ]
    assert told == [
        [("trades", 0), ("volatility", -1), ("performance", -1)],
        [("volatility", 1), ("performance", 1), ("trades", 0)],
    ]


def test_one_move_under_two_names_is_told_once() -> None:
    """Performance and relative strength differ by what the market did, which is the same for all sectors."""
    relative = [column(*each, metric="relative_strength") for each in ((0, 1, 2, 3), (1.996, -0.004, 1, 2))]
    before = run(advice("Banks"), figures=column(1, 2, 3, 4) + relative[0])
    after = run(advice("Banks"), figures=column(4, 2, 3, 4) + relative[1])
    assert [each.metric for each in one(before, after).figures] == ["performance"]


def test_like_moves_that_say_the_opposite_are_both_told() -> None:
    risk = [column(*each, metric="volatility") for each in ((1, 2, 3, 4), (9, 2, 3, 4))]
    before = run(advice("Banks"), figures=column(1, 2, 3, 4) + risk[0])
    after = run(advice("Banks", "underweight"), figures=column(9, 2, 3, 4) + risk[1])
    change = one(before, after)
    assert [(each.metric, change.speaks(each)) for each in change.figures] == [("volatility", 1), ("performance", -1)]


def test_direction_of_a_measure_is_the_same_whichever_run_is_the_later() -> None:
    runs = [
        run(advice("Banks"), figures=column(*each, metric="score", unit=None)) for each in ((-1, 2, 3, 4), (9, 2, 3, 4))
    ]
    assert [one(*pair).figures[0].better for pair in (runs, runs[::-1])] == [1, -1]


def test_figure_that_is_printed_as_it_was_has_not_moved() -> None:
    before = run(advice("Banks"), figures=column(1.01, 2, 3, 4))
    after = run(advice("Banks"), figures=column(1.02, 9, 9, 9))
    assert one(before, after).figures == ()


def test_sectors_that_are_new_or_gone_have_their_figures_too() -> None:
    before = run(advice("Banks"), figures=column(1, 2, 3, 4))
    after = run(advice("Retail"), figures=column(9, -9, 3, 4))
    assert [(each.kind, each.figures[0].after) for each in changes(before, after)] == [("new", -9), ("gone", 9)]


def test_small_moves_are_not_named() -> None:
    before = run(advice("Banks"), figures=column(1, 2, 3, 4))
    after = run(advice("Banks"), figures=column(1.5, 2, 3, 4))
    assert one(before, after).figures == ()


def test_three_figures_are_named_and_those_that_a_rationale_rests_on_come_first() -> None:
    names = ("a", "b", "c", "d", "e")
    before = run(advice("Banks"), figures=[each for name in names for each in column(1, 2, 3, 4, metric=name)])
    figures = [each for at, name in enumerate(names) for each in column(2.5 + at, 2, 3, 4, metric=name)]
    cited = figures[0]
    number = {"figures": [{name: getattr(cited, name) for name in FOUND}]}
    after = run(advice("Banks"), figures=figures, evidence=[number])
    assert [(each.metric, each.cited) for each in one(before, after).figures] == [
        ("a", True),
        ("e", False),
        ("d", False),
    ]


FOUND = ("call", "pointer", "sector", "metric", "value", "unit", "lookback")


def test_rationale_of_the_earlier_run_cites_too_and_one_list_is_not_all_of_its_sums() -> None:
    """What rows add up to has the pointer of their list, in every sector."""
    sums = [figure(sector, at + 1.0, pointer="/rows") for at, sector in enumerate(SECTORS)]
    moved = [each._replace(value=-(each.value or 0)) for each in sums]
    number = {"figures": [{name: getattr(sums[1], name) for name in FOUND}]}
    given = [advice("Banks"), advice("Retail")]
    found = changes(run(*given, figures=sums, evidence=[number]), run(*given, figures=moved))
    assert [(each.sector, each.figures[0].cited) for each in found] == [("Banks", False), ("Retail", True)]


def test_one_unit_is_not_compared_with_another() -> None:
    before = run(advice("Banks"), figures=column(1, 2, 3, 4))
    after = run(advice("Banks"), figures=column(0.04, 0.02, 0.03, 0.04, unit="ratio"))
    assert one(before, after).figures == ()


def test_one_tool_under_another_name_is_the_same() -> None:
    before = run(advice("Banks"), figures=column(1, 2, 3, 4))
    after = run(advice("Banks"), figures=column(4, 2, 3, 4, tool="market__get_sector_heatmap"))
    assert [(each.after, each.tool) for each in one(before, after).figures] == [(4, "market__get_sector_heatmap")]


def test_a_metric_of_two_tools_is_compared_tool_by_tool() -> None:
    before = run(advice("Banks"), figures=column(1, 2, 3, 4) + column(1, 2, 3, 4, tool="other"))
    after = run(advice("Banks"), figures=column(4, 2, 3, 4) + column(9, 2, 3, 4, tool="other"))
    assert [(each.tool, each.after) for each in one(before, after).figures] == [
        ("other", 9),
        ("get_sector_heatmap", 4),
    ]


def test_renamed_tool_is_not_guessed_among_several() -> None:
    before = run(advice("Banks"), figures=column(1, 2, 3, 4, tool="old"))
    after = run(advice("Banks"), figures=column(4, 2, 3, 4, tool="x") + column(9, 2, 3, 4, tool="y"))
    assert one(before, after).figures == ()


@pytest.mark.parametrize(
    "values", [(2, 2, None, None), (1, None, None, None), (None, 1, 2, 3), (1e308, -1e308, 1e308, -1e308)]
)
def test_no_spread_or_no_number_explains_nothing(values: Any) -> None:
    before, after = (run(advice("Banks"), figures=column(*each)) for each in (values, (9, 2, None, 4)))
    assert one(before, after).figures == ()


def test_move_that_no_number_can_say_is_left_out() -> None:
    before = run(advice("Banks"), figures=column(0, 1e-300, None, None))
    after = run(advice("Banks"), figures=column(1e14, 0, None, None))
    assert one(before, after).figures == ()


def test_figures_of_single_securities_and_of_the_market_explain_no_sector() -> None:
    before, after = (
        run(advice("Banks"), figures=[*column(1, 2, 3, 4, ticker="VCB"), figure(None, value)]) for value in (1.0, 99.0)
    )
    assert one(before, after).figures == ()


def test_change_comes_back_from_a_log_as_it_was() -> None:
    before = run(advice("Banks"), advice("Retail"), figures=column(1, 2, 3, 4))
    after = run(advice("Banks", "underweight", 0.9), figures=column(9, 2, 3, 4))
    for each in changes(before, after):
        said = each.to_json()
        assert Change.of(said) == each and Change.of(said).to_json() == said
        assert said["kind"] == each.kind
