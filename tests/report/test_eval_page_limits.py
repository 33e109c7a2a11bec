"""The page of a suite's outcome under hostile texts and sizes: nothing is markup or fetched, and all is bounded."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import pytest

from agent.report.eval_page import LIMIT, render
from agent.result import SIMULATED
from tests.report.outcomes import attack, call, case, check, compared, outcome, run, sample, score
from tests.report.runs_and_pages import Reader, advice

EVIL = "<script>window.owned = 1</script>\"'><img src=http://evil.invalid/x onerror='window.owned = 1'>{{ 7 * 7 }}"


def evil_outcome(evil: str, cases: int, each: int) -> dict[str, Any]:
    """Every text that a tool, a model or an author can set is `evil`; every list has `each` entries."""
    texts = [f"{at}{evil}" for at in range(each)]
    odd = {"what": evil, "recorded": evil, "now": evil}
    answer = {"sector_recommendations": [advice(one, evil, evil, evil) for one in texts]} | dict.fromkeys(texts, evil)
    given = run(answer=answer, calls=[call(one, arguments={evil: evil}, source=evil) for one in texts])
    given |= {"labels": [SIMULATED, *texts], "warnings": texts, "model": evil, "status": evil, "stop_reason": evil}
    about: dict[str, Any] = {
        "question": evil,
        "reasons": texts,
        "divergence": odd,
        "checks": [check(one, explanation=evil) for one in texts],
        "scores": {f"s{one}": score(None, evil) for one in texts},
        "run": given,
        "root": evil,
        "log": evil[:80],
    }
    samples = [sample(arm, "fail", **about) for arm in ("pass", evil, "fail")]
    named = [
        case(f"{at}{evil}", "fail", *samples, about=evil, tags=texts, question=f"{evil}?", as_of=evil, reasons=texts)
        for at in range(cases)
    ]
    scorers = {one: {"version": 1, "better": "higher", "about": evil} for one in texts}
    counts = dict.fromkeys(("pass", "fail", "insufficient"), 1)
    means = {one: {"mean": 1.0, "scored": 1, "unscored": 0} for one in texts}
    totals = {"by_tag": dict.fromkeys(texts, counts), "means": means, "attacks": [attack()] * each}
    return outcome(*named, suite=evil, model=evil, version=evil, reasons=texts, scorers=scorers, totals=totals)


def evil_comparison(evil: str, each: int) -> dict[str, Any]:
    other = compared(*[(f"{at}{evil}", "pass", "fail", "worse") for at in range(each)], reasons=[evil] * each)
    other["scorers"] = [other["scorers"][0] | {"scorer": evil}] * each
    return other | {"left": {"suite": evil, "model": evil, "verdict": "pass"}}


def test_what_others_said_is_text_and_never_markup() -> None:
    reader = Reader(render(evil_outcome(EVIL, 2, 2), evil_comparison(EVIL, 2)))
    assert [tag for tag, _ in reader.tags if tag in ("script", "img")] == ["script"]
    assert not [name for _, given in reader.tags for name in given if name.startswith("on")]
    assert EVIL in reader.text


@pytest.mark.parametrize(
    ("log", "link"),
    [
        ("logs/a b.jsonl", "logs/a%20b.jsonl"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29"),
        ("//evil.invalid/x", "evil.invalid/x"),
        ("https://evil.invalid", "https%3A//evil.invalid"),
    ],
)
def test_links_lead_within_the_page_or_to_logs_beside_it(log: str, link: str) -> None:
    tags = Reader(render(outcome(case("a", "pass", sample(log=log))))).tags
    assert [given["href"] for _, given in tags if "href" in given] == ["#case-1", link]
    assert not {name for _, given in tags for name in given} & {"src", "action", "style"}


def test_the_policy_allows_our_style_and_script_alone_and_nothing_to_be_fetched() -> None:
    page = render(outcome(case()))
    metas = {given.get("http-equiv"): given.get("content") for _, given in Reader(page).tags}
    style, script = (re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL) for tag in ("style", "script"))
    hashes = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for [one] in (style, script)]
    assert metas["Content-Security-Policy"] == (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert "url(" not in page and "@import" not in page


def test_marks_that_hide_or_reorder_text_are_replaced() -> None:
    page = render(outcome(case("\u202egro", question="\x00 \ud800 end")))
    assert ">\ufffdgro</a>" in page and "<dd>\ufffd \ufffd end</dd>" in page
    page.encode()


@pytest.mark.parametrize("evil", ["\"'<&" * 500, "\N{ROCKET}" * 2000, "a"], ids=["quotes", "rockets", "letters"])
def test_no_page_is_larger_than_the_limit(evil: str) -> None:
    page = render(evil_outcome(evil, 600, 40), evil_comparison(evil, 400))
    assert len(page.encode()) <= LIMIT
    assert re.search(r"\d+ more cases not shown", page)


def test_forty_cases_of_three_runs_keep_all_of_them_and_their_reasons() -> None:
    given = run(*(advice(f"Sector {at}", why="Because of its momentum. " * 12) for at in range(19)))
    scores = {f"scorer_{at}": score(None, f"reason {at} " * 12) for at in range(27)}
    samples = [sample(arm, run=given, scores=scores) for arm in ("pass", "fail", "model-1")]
    page = render(outcome(*(case(f"case-{at:02d}", "fail", *samples) for at in range(40))))
    assert len(page.encode()) <= LIMIT
    assert page.count('<details class="case"') == 40 and page.count('aria-label="Scores of model-1"') == 40
    assert page.count(">reason 26 reason 26") == 120 and "not shown" not in page


def test_long_texts_are_cut_with_a_count_and_long_reasons_without() -> None:
    page = render(outcome(case("a", "pass", sample(run=run(advice(why="y" * 801))), question="x" * 2001)))
    assert f"<dd>{'y' * 800}…</dd>" in page
    assert f"<dd>{'x' * 2000}… (1 characters more)</dd>" in page


def test_equal_outcomes_give_equal_bytes() -> None:
    assert render(evil_outcome("x", 3, 3)) == render(evil_outcome("x", 3, 3))


def test_every_cell_of_a_head_has_a_scope_and_every_id_is_there_once() -> None:
    tags = Reader(render(evil_outcome("x", 3, 3), evil_comparison("x", 3))).tags
    assert all(given.get("scope") in ("col", "row") for tag, given in tags if tag == "th")
    ids = [given["id"] for _, given in tags if "id" in given]
    assert len(ids) == len(set(ids))
    assert {given["aria-labelledby"] for _, given in tags if "aria-labelledby" in given} <= set(ids)
