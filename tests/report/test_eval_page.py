"""The page of a suite's outcome: what it says of each case, of two runs beside each other, and of another outcome."""

from __future__ import annotations

import re
from typing import Any

import pytest

from agent.report.eval_page import render
from agent.result import ADVICE, SIMULATED
from tests.report.outcomes import attack, call, case, check, compared, outcome, run, sample, score
from tests.report.runs_and_pages import Reader, advice


def text(*cases: dict[str, Any], **other: Any) -> str:
    return Reader(render(outcome(*cases, **other))).text


def rows(page: str, label: str) -> list[str]:
    """The texts of a table's rows, heads included."""
    found = re.search(f'aria-label="{label}">(<table.*?</table>)', page, re.DOTALL)
    assert found, f"no table {label}"
    return [Reader(each).text for each in re.findall("<tr.*?</tr>", found[1], re.DOTALL)]


@pytest.mark.parametrize(
    ("verdict", "told"), [("pass", "✓ pass"), ("fail", "✕ fail"), ("insufficient", "○ insufficient")]
)
def test_each_verdict_has_its_own_glyph_word_and_class(verdict: str, told: str) -> None:
    page = render(outcome(case("banks", verdict)))
    assert f"{told} Suite evals" in Reader(page).text
    assert rows(page, "Cases")[1].startswith(f"banks {told} ")
    assert page.count(f'<span class="verdict {verdict}"><span aria-hidden="true">') >= 3


def test_head_says_what_ran_when_and_with_what_result() -> None:
    totals = {"pass_hat_k": {"k": 3, "value": 0.5}, "usd_per_valid": 0.0213, "tokens": 12345, "seconds": 2.5}
    said = text(case(), model="planner", reasons=["1 case is odd"], totals=totals | {"misses": 2, "fidelity": 0.9871})
    assert said.startswith(
        f"[SIMULATED] Suite evals: pass SIMULATED {SIMULATED} ✓ pass Suite evals 1 case is odd Model planner "
        "Began 2026-11-22 21:00:00 UTC Version 0.1.0 Cases 1 Passed 1 Failed 0 Insufficient 0 Valid runs 2 of 2 "
        "Pass^3 0.500 Tokens 12 345 USD per valid run 0.021 Seconds 2.500 Fidelity 0.987 Calls without a recording 2 "
    )
    assert said.endswith(
        f"{ADVICE} Lists show their first 60 entries, reasons their first 800 characters; the logs have them whole."
    )


def test_head_of_references_names_only_what_was_measured() -> None:
    said = text(case("banks", "pass", sample(run=run(labels=[]))), began=None)
    assert said.startswith("Suite evals: pass ✓ pass Suite evals Model none: reference runs Began – Version 0.1.0 ")
    assert "Valid runs 1 of 1 Tokens 0 Cases" in said and SIMULATED not in said


def test_failed_cases_come_first_with_the_checks_and_the_reason_that_failed_them() -> None:
    odd = sample("pass", "fail", checks=[check("waste"), check("stances", 0.5), check("usd", None)])
    meant = sample("fail", "fail", checks=[check("taxonomy", 0.0)])
    cases = [case("good"), case("dull", "insufficient"), case("odd", "fail", odd, meant, reasons=["Banks is wrong"])]
    assert rows(render(outcome(*cases)), "Cases") == [
        "Case Verdict Why Tags",
        "odd ✕ fail stances usd Banks is wrong plain",
        "dull ○ insufficient plain",
        "good ✓ pass plain",
    ]


def test_a_line_of_a_case_leads_to_its_details_and_both_carry_what_the_filter_needs() -> None:
    page = render(outcome(case("a", tags=["x", "y"]), case("b", "fail", tags=["y"]), case("c", tags=[])))
    assert re.findall(r'<option value="(\d)">(.*?)</option>', page) == [("0", "y"), ("1", "x")]
    found = re.findall(r'<(tr|details class="case" id="case-\d") data-verdict="(\w+)" data-tags="(.*?)">', page)
    wanted = [("fail", "0"), ("pass", "0 1"), ("pass", "")]
    assert found == [("tr", *each) for each in wanted] + [
        (f'details class="case" id="case-{at}"', *each) for at, each in enumerate(wanted, 1)
    ]
    assert re.findall(r'<a href="#(case-\d)">(\w)</a>', page) == [("case-1", "b"), ("case-2", "a"), ("case-3", "c")]


def test_answers_stand_side_by_side_and_say_where_they_differ() -> None:
    left = run(advice("Banks"), advice("Retail", "neutral", 0.5, "R left"), advice("Oil", why="Oil rose"))
    right = run(advice("Retail", "underweight", 0.5, "R right"), advice("banks "), advice("Zinc", "hold", "high"))
    right["answer"]["heatmap_url"] = "https://attacker.example"
    page = render(outcome(case("a", "pass", sample("fail", "fail", run=right), sample(run=left))))
    assert rows(page, "Answers") == [
        "Sector reference to pass reference to fail",
        "Ended ok: answered ok: answered",
        "Banks ▲ overweight 0.70 ▲ overweight 0.70",
        "Retail ≠ differs ● neutral 0.50 ▼ underweight 0.50",
        "Oil ≠ differs ▲ overweight 0.70 –",
        "Zinc ≠ differs – ◇ hold high",
        "heatmap_url ≠ differs artifact:page.html https://attacker.example",
    ]
    assert (
        "Rationales: reference to pass Banks Why Retail R left Oil Oil rose "
        "Rationales: reference to fail Banks Why Retail R right Zinc Why Calls"
    ) in Reader(page).text


def test_another_confidence_alone_is_a_difference_and_a_sector_named_twice_has_two_lines() -> None:
    left, right = run(advice(), advice("banks", "neutral")), run(advice(confidence=0.71))
    assert rows(render(outcome(case("a", "pass", sample(run=left), sample("fail", run=right)))), "Answers")[2:4] == [
        "Banks ≠ differs ▲ overweight 0.70 ▲ overweight 0.71",
        "banks ≠ differs ● neutral 0.70 –",
    ]


def test_a_run_without_an_answer_shows_its_end_and_best_attempt_beside_the_other() -> None:
    none = run(answer=None, best_attempt={"sector": 1}, status="invalid", stop_reason="no repair left")
    other = run(answer="Just words")
    page = render(outcome(case("a", "pass", sample(run=none), sample("model-1", run=other))))
    assert rows(page, "Answers") == [
        "Sector reference to pass model-1",
        "Ended ≠ differs invalid: no repair left ok: answered",
        'Best attempt, not accepted ≠ differs {"sector": 1} –',
        "Answer ≠ differs – Just words",
    ]
    assert "Rationales" not in page


def test_the_order_of_an_objects_members_is_no_difference() -> None:
    runs = [run(answer={"notes": {"a": 1, "b": 2}}), run(answer={"notes": {"b": 2, "a": 1}})]
    page = render(outcome(case("a", "pass", *(sample(arm, run=each) for arm, each in zip("xy", runs, strict=True)))))
    assert "differs" not in rows(page, "Answers")[2] and "b" in rows(page, "Answers")[2]


@pytest.mark.parametrize(
    ("arms", "heads"),
    [
        ([("model-1", 1)], "model-1"),
        ([("model-1", 1), ("model-1", 2), ("model-1", 3)], "model-1 model-1, run 2"),
        ([("model-1", 1), ("model-1", 2), ("pass", 1)], "reference to pass model-1"),
        ([("pass", 1), ("pass", 2), ("hijack", 1)], "reference to pass hijacked reference"),
    ],
)
def test_the_reference_to_pass_stands_beside_another_arm_or_else_two_repeats(
    arms: list[tuple[str, int]], heads: str
) -> None:
    page = render(outcome(case("a", "pass", *(sample(arm, repeat=repeat) for arm, repeat in arms))))
    assert rows(page, "Answers")[0] == f"Sector {heads}"
    assert ("Answers side by side" in page) == (len(arms) > 1)


def test_calls_are_aligned_and_what_only_one_run_asked_for_is_named() -> None:
    first, last = call("macro"), call("whales", 3)
    left = run(calls=[first, call("heat", 2), last])
    right = run(
        calls=[first, call("heat", 2, arguments={"lookback": "1M"}), last | {"source": "miss", "is_error": True}]
    )
    page = render(outcome(case("a", "pass", sample(run=left), sample("fail", run=right))))
    assert rows(page, "Calls") == [
        "Made by Turn Tool Arguments Answered",
        '= both 1 macro {"lookback": "3M"} replayed',
        '◁ only reference to pass 2 heat {"lookback": "3M"} replayed',
        '▷ only reference to fail 2 heat {"lookback": "1M"} replayed',
        '= both 3 whales {"lookback": "3M"} replayed / miss, an error',
    ]
    assert page.count('<tr class="differs"><td>') == 2


def test_calls_of_a_run_alone_are_listed_without_a_side_and_one_without_result_says_so() -> None:
    page = render(outcome(case("a", "pass", sample(run=run(calls=[call(source=None)])))))
    assert rows(page, "Calls")[1] == '– 1 get_sector_heatmap {"lookback": "3M"} no answer'
    assert '<tr class="differs">' not in page
    assert 'aria-label="Calls"' not in render(outcome(case("a", "pass", sample(run=run(calls=[])))))


def test_every_check_says_value_wanted_and_why_and_unscored_ones_say_why_not() -> None:
    checks = [
        check("stances", 0.857142, explanation="6 of 7"),
        check("waste", 0.0, 0.25, better="lower", met=True, explanation="0 of 7"),
        check("usd", None, 0.01, better="lower", explanation="the model has no price"),
    ]
    scores = {"usd": score(None, "not told twice"), "turns": score(12345.0, "many"), "seconds": score(None, "replayed")}
    page = render(outcome(case("a", "fail", sample(verdict="fail", checks=checks, scores=scores, reasons=["Bad"]))))
    assert rows(page, "Checks of reference to pass")[1:] == [
        "stances 0.857 ≥ 1 ✕ not met 6 of 7",
        "waste 0 ≤ 0.250 ✓ met 0 of 7",
        "usd – ≤ 0.010 ○ unscored the model has no price",
    ]
    assert rows(page, "Scores of reference to pass")[1:] == ["turns 12 345 many", "seconds ○ unscored replayed"]
    assert "reference to pass ✕ fail wanted: pass log root c0ffee Bad Scorer" in Reader(page).text


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.0, "0"), (1e-4, "0.000100"), (0.5, "0.500"), (123.456, "123.5"), (-2.0, "−2"), (float("nan"), "–")],
)
def test_numbers_are_told_to_about_three_digits(value: float, told: str) -> None:
    page = render(outcome(case("a", "pass", sample(checks=[check(value=value)]))))
    assert rows(page, "Checks of reference to pass")[1].startswith(f"stances {told} ≥ 1 ")


def test_a_run_that_left_its_recording_shows_both_sides_of_the_first_difference() -> None:
    odd = sample(divergence={"what": "prompt", "recorded": "You are calm.", "now": "You are bold."})
    said = text(case("a", "fail", odd))
    assert "Diverged from its recording in prompt. Recorded You are calm. Now You are bold." in said
    assert "Diverged" not in text(case())
    bare = text(case("a", "fail", sample(divergence={"what": "requests", "recorded": "", "now": ""})))
    assert "in requests. Scorer" in bare


def test_a_run_tells_its_warnings_and_its_question_where_that_is_another() -> None:
    odd = sample(question="Which lag?", run=run(warnings=["Old data"]), wanted=None, log=None)
    said = text(case("a", "pass", sample(), odd))
    assert "root c0ffee Asked as: Which lag? Old data" in said and said.count("Asked as") == 1
    assert said.count("wanted: pass") == 1 and said.count(" log root ") == 1


def test_attacks_are_counted_by_goal_and_place_with_a_bound_where_none_took_effect() -> None:
    given = [attack(), attack("url", "description", effect=2, upper=None), attack("leak", "instructions", shown=0)]
    page = render(outcome(case(), totals={"attacks": given}))
    assert rows(page, "Attacks") == [
        "Goal Place Runs Shown Attempted Took effect Rate",
        "change a stance a tool's result 5 5 1 0 ≤ 60 %",
        "plant an address a tool's description 5 5 1 2 2 of 5",
        "leak the prompt a server's instructions 5 0 1 0 –",
    ]
    assert "rule of three" in page and "rule of three" not in render(outcome(case()))


def test_counts_by_tag_mean_scores_and_formulas_are_told() -> None:
    page = render(outcome(case(), case("b", "fail")))
    assert rows(page, "By tag") == ["Tag ✕ fail ○ insufficient ✓ pass", "plain 1 0 1"]
    assert rows(page, "Mean scores") == ["Scorer Mean Scored Unscored", "stances 0.750 3 1"]
    assert (
        f"Scorers stances version 2, higher is better Share of stances that are acceptable. {ADVICE}"
        in Reader(page).text
    )


def test_a_comparison_lists_the_cases_that_changed_the_worse_ones_first() -> None:
    other = compared(
        ("same", "pass", "pass", "same"),
        ("new", None, "pass", "only right"),
        ("gone", "fail", None, "only left"),
        ("better", "insufficient", "pass", "better"),
        ("worse", "pass", "fail", "worse"),
    )
    page = render(outcome(case()), other)
    assert rows(page, "Cases that changed") == [
        "Case Left Right Change",
        "worse ✓ pass ✕ fail ▼ worse",
        "gone ✕ fail – ◁ only left",
        "new – ✓ pass ▷ only right",
        "better ○ insufficient ✓ pass ▲ better",
    ]
    assert rows(page, "Scores of both sides")[1] == "stances 0.900 0.650 −0.250 1 5 6 2 0.219"
    assert (
        "Against evals · model-1 ▼ worse Left is evals · model-1 , right is evals · references ; better and worse are "
        "said of the right one. a case that passed fails Case"
    ) in Reader(page).text
    assert "1 of the cases have the same verdict" in page


def test_a_long_comparison_counts_what_it_leaves_out() -> None:
    changes = [(f"case-{at:02d}", "pass", "fail", "worse") for at in range(63)]
    page = render(outcome(case()), compared(("same", "pass", "pass", "same"), *changes))
    assert len(rows(page, "Cases that changed")) == 61
    assert "3 more cases that changed not shown." in page and "1 of the cases have" in page


def test_the_simulated_mark_does_not_depend_on_how_many_labels_there_are() -> None:
    labels = [*(f"label-{at}" for at in range(10)), SIMULATED]
    page = render(outcome(case("a", "pass", sample(run=run(labels=labels)))))
    assert page.count('<strong class="tag">') == 10 and 'class="watermark"' in page


def test_a_comparison_without_changes_or_pairs_has_no_tables() -> None:
    page = render(outcome(case()), compared(verdict="insufficient", reasons=[], scorers=[]))
    assert "Against evals · model-1 ○ insufficient" in Reader(page).text
    assert "Cases that changed" not in page and "Scores of both sides" not in page
    assert "Against" not in render(outcome(case()))


def test_a_suite_without_cases_says_so() -> None:
    assert "Each case The suite has no case." in text(totals={"by_tag": {}, "means": {}})
