"""The page of a batch: what its matrices say, what it leaves out, and that nothing in it is more than text."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import pytest

from agent.batch.outputs import Row, summary
from agent.report.batch_page import DATES, GROUPS, LIMIT, ROOMY, Matrix, render
from agent.result import ADVICE, RULES, SIMULATED
from tests.batch.rows_and_envelopes import advice, envelope, row, spend
from tests.report.runs_and_pages import Reader

EVIL = "<script>alert(1)</script>\"'><img src=http://evil.invalid/x onerror='alert(2)'>{{ 7 * 7 }}"
FILES = {"summary.json", "recommendations.csv", "recommendations.jsonl"}


def matrix(*envelopes: dict[str, Any]) -> Matrix:
    gathered = Matrix()
    for each in envelopes:
        gathered.add(each)
    return gathered


def page(*envelopes: dict[str, Any], rows: list[Row] | None = None, slot: dict[str, Any] | None = None) -> str:
    """Of a batch of which every job is done, unless there are `rows`."""
    rows = [row(each["run"]) for each in envelopes] if rows is None else rows
    return render(summary("jobs", rows, slot), matrix(*envelopes))


def text(*envelopes: dict[str, Any], **other: Any) -> str:
    return Reader(page(*envelopes, **other)).text


def table(page: str, at: int = 0) -> str:
    tables: list[str] = re.findall(r'<table class="heat.*?</table>', page, re.DOTALL)
    return tables[at]


def table_text(page: str, at: int = 0) -> str:
    return Reader(table(page, at)).text


def month(at: int) -> str:
    return f"{2000 + at // 12}-{at % 12 + 1:02d}-28"


def test_head_says_how_the_batch_stands() -> None:
    rows = [row("a", labels=[SIMULATED, RULES]), row("b", "failed"), row("c", "needs_decision")]
    assert text(rows=rows, slot={"session": "2026-01-05", "as_of": "2026-01-02"}).startswith(
        f"[SIMULATED] jobs SIMULATED {SIMULATED} {RULES} ✕ 2 of 3 jobs are not done jobs Jobs 3 Done 1 Failed 1 "
        "Needs decision 1 Session 2026-01-05 As of 2026-01-02 "
    )
    assert text(rows=[row("a")]).startswith("jobs ✓ Every job is done jobs Jobs 1 Done 1 Recommendations")
    assert "✕ 1 of 1 jobs is not done" in text(rows=[row("a", "stale")])


def test_spend_names_what_has_no_price_or_may_be_paid_twice_only_when_there_is_any() -> None:
    rows = [row("a", spend=spend(1.5)), row("b", spend=spend(None, possibly_paid_twice=2))]
    common = "Turns {} Requests {} Tool calls {} Repairs {} Tokens in {} Cache writes {} Cache reads {} Tokens out {}"
    said = common.format(4, 6, 10, 2, "2 000", 40, 600, 8)
    assert f"Spend USD 1.50 {said} Runs without a price 1 Possibly paid twice 2 {ADVICE}" in text(rows=rows)
    said = common.format(2, 3, 5, 1, "1 000", 20, 300, 4)
    assert f"Spend USD 1.50 {said} {ADVICE}" in text(rows=rows[:1])


def test_matrix_has_a_row_for_each_sector_and_a_column_for_each_date_with_now_last() -> None:
    said = page(
        envelope("c", advice("Banks", "neutral", 0.5), as_of=None),
        envelope("b", advice("Banks", "underweight", 1), as_of="2025-02-28"),
        envelope("a", advice("Banks"), advice("Retail", "overweight", 0.055), as_of="2025-01-31"),
    )
    assert table_text(said) == ("Sector 2025-01-31 2025-02-28 now Retail ▲ .06 – – Banks ▲ .70 ▼ 1.00 ● .50")


def test_the_matrix_of_one_job_has_these_bytes() -> None:
    given = [advice("Banks"), advice("Oil & gas", "underweight", 0.35), advice("Retail", "neutral", 0.9)]
    assert table(page(envelope("2025-12-31-c0ffee", *given))) == (
        '<table class="heat matrix roomy">\n'
        '<thead><tr><th scope="col">Sector</th><th scope="col"><span>2025-12-31</span></th></tr></thead>\n<tbody>\n'
        '<tr><th scope="row">Banks</th>'
        '<td class="u6"><a href="2025-12-31-c0ffee.html" aria-label="overweight 0.70">▲ .70</a></td></tr>\n'
        '<tr><th scope="row">Retail</th>'
        '<td class="n0"><a href="2025-12-31-c0ffee.html" aria-label="neutral 0.90">● .90</a></td></tr>\n'
        '<tr><th scope="row">Oil &amp; gas</th>'
        '<td class="d3"><a href="2025-12-31-c0ffee.html" aria-label="underweight 0.35">▼ .35</a></td></tr>\n'
        "</tbody>\n</table>"
    )


@pytest.mark.parametrize(
    ("action", "confidence", "cell"),
    [
        ("overweight", 0, 'class="u1"><a href="a.html" aria-label="overweight 0.00">▲ .00<'),
        ("underweight", 1.0, 'class="d8"><a href="a.html" aria-label="underweight 1.00">▼ 1.00<'),
        ("underweight", "high", 'class="d1"><a href="a.html" aria-label="underweight">▼ <'),
        ("hold", 0.5, 'class="n0"><a href="a.html" aria-label="hold 0.50">◇ .50<'),
    ],
)
def test_colour_goes_with_action_and_confidence_and_neither_is_said_by_it_alone(
    action: str, confidence: Any, cell: str
) -> None:
    assert f"<td {cell}" in page(envelope("a", advice("Banks", action, confidence)))


def test_sectors_are_sorted_by_how_often_they_were_overweight_less_underweight_then_by_name() -> None:
    first = [advice("Zinc"), advice("Steel", "underweight"), advice("Media"), advice("Banks", "neutral")]
    then = [advice("zinc "), advice("Media", "underweight"), advice("Aviation", "underweight")]
    said = table_text(page(envelope("a", *first, as_of="2025-01-31"), envelope("b", *then, as_of="2025-02-28")))
    assert re.findall("Zinc|Steel|Media|Banks|Aviation", said) == ["Zinc", "Banks", "Media", "Aviation", "Steel"]
    assert "Zinc ▲ .70 ▲ .70" in said


def test_agents_questions_and_models_have_a_matrix_each() -> None:
    said = page(
        envelope("a"),
        envelope("b", model="model-2", as_of="2025-06-30"),
        envelope("c", as_of="2025-03-31"),
        envelope("d", agent="Other"),
        envelope("e", question="Which lag?"),
    )
    assert table_text(said) == "Sector 2025-03-31 2025-12-31 Banks ▲ .70 ▲ .70"
    assert table_text(said, 1) == "Sector 2025-06-30 Banks ▲ .70"
    heads = re.findall(r'<h3 id="group-\d">(.*?)</h3>\n<p class="note">(.*?)</p>', said)
    assert heads == [
        ("Which sectors lead?", "Desk · model-1"),
        ("Which sectors lead?", "Desk · model-2"),
        ("Which sectors lead?", "Other · model-1"),
        ("Which lag?", "Desk · model-1"),
    ]


def test_the_newest_dates_are_shown_and_the_others_counted() -> None:
    dates = [month(at) for at in range(DATES + 3)]
    shuffled = dates[1::2] + dates[::2]
    said = page(*(envelope(f"run-{date}", as_of=date) for date in shuffled))
    assert re.findall(r"<span>(\d{4}-.*?)</span>", said) == dates[3:]
    assert "3 earlier dates in recommendations.csv ." in Reader(said).text
    assert "earlier date" not in text(*(envelope(f"run-{date}", as_of=date) for date in dates[3:]))
    assert "1 earlier date in" in text(*(envelope(f"run-{date}", as_of=date) for date in dates[2:]))


def test_the_first_groups_are_shown_and_the_others_counted_once_each() -> None:
    questions = [f"Question {at:02d}?" for at in range(GROUPS + 2)]
    said = text(*(envelope(f"{at}-{q}", question=q, as_of=month(at)) for at in range(2) for q in questions))
    assert re.findall(r"Question \d\d\?", said) == questions[:GROUPS]
    assert "2 more agents, questions or models in recommendations.csv ." in said


def test_no_more_is_held_than_the_page_shows() -> None:
    dates, questions = [month(at) for at in range(DATES + 2)], [f"{at}?" for at in range(GROUPS + 2)]
    held = matrix(*(envelope(f"{q}{date}", question=q, as_of=date) for q in questions for date in dates)).groups
    assert [len(group.columns) for group in held.values()] == [DATES] * GROUPS


def test_cells_are_narrow_only_where_there_are_many_dates() -> None:
    for dates, form in ((ROOMY, "heat matrix roomy"), (ROOMY + 1, "heat matrix")):
        assert f'class="{form}"' in page(*(envelope(month(at), as_of=month(at)) for at in range(dates)))


def test_answers_of_another_form_are_linked_without_a_matrix() -> None:
    said = page(envelope("a", answer={"summary": "x"}), envelope("b", answer="x"))
    assert "Other answers a b Spend" in Reader(said).text and "<table" not in said
    assert '<a href="a.html">a</a>' in said
    assert "Recommendations No job is done. Jobs that are not done" in text(rows=[row("a", "waiting")])


def test_jobs_that_are_not_done_are_listed_with_reason_and_place() -> None:
    rows = [row("a", "failed", status="invalid", reason="no valid answer"), row("b"), row("c", "deferred", as_of=None)]
    said = page(envelope("b"), rows=rows)
    assert (
        "Jobs that are not done Job State As of Reason Place a failed 2025-12-31 no valid answer jobs.yaml:7:5 "
        "c deferred – c is deferred jobs.yaml:7:5 Spend"
    ) in Reader(said).text
    assert '<a href="a.html">a</a>' in said and 'href="c.html"' not in said


def test_not_more_than_two_hundred_of_them_are_listed() -> None:
    said = page(rows=[row(f"job-{at:03d}", "failed") for at in range(203)])
    assert re.findall(r'<th scope="row">(job-\d+)', said) == [f"job-{at:03d}" for at in range(200)]
    assert "3 more jobs in summary.json ." in Reader(said).text


def test_warnings_are_told_with_how_many_jobs_they_concern() -> None:
    rows = [row("a", warnings=["Old data"]), row("b", warnings=["Old data", "Thin data"])]
    assert "Read with care Old data (2 jobs) Thin data (1 job)" in text(rows=rows)
    assert "Read with care" not in text(rows=[row("a")])


def evil_batch(evil: str, count: int, id: str | None = None) -> tuple[list[Row], list[dict[str, Any]]]:
    """Every text that a tool, a model or an asker can set is `evil`; so are the jobs' ids unless there is one."""
    id = evil if id is None else id
    about = {"question": evil, "agent": evil, "model": evil, "labels": [evil] * count, "as_of": evil}
    given = [advice(f"{at}{evil}", evil) for at in range(count)]
    envelopes = [envelope(f"{at}{id}", *given, **about) for at in range(count)]
    other = [envelope(f"other{at}{id}", answer=evil) for at in range(count)]
    rows = [
        row(f"{at}{id}", "failed", status="failed", reason=evil, where=evil, warnings=[f"{at}{evil}"], **about)
        for at in range(count)
    ]
    return rows, envelopes + other


def test_what_others_said_is_text_and_never_markup() -> None:
    rows, envelopes = evil_batch(EVIL, 2)
    reader = Reader(page(*envelopes, rows=rows, slot={EVIL: EVIL}))
    assert not [tag for tag, _ in reader.tags if tag in ("script", "img")]
    assert not [name for _, given in reader.tags for name in given if name.startswith("on")]
    assert EVIL[:60] in reader.text and "{{ 7 * 7 }}" in reader.text


def test_links_lead_to_files_beside_the_page_alone() -> None:
    rows, envelopes = evil_batch("javascript:alert(1)//../?x#y", 2)
    tags = Reader(page(*envelopes, rows=rows)).tags
    assert {name for tag, given in tags for name in given if name in ("src", "href", "action", "style")} == {"href"}
    links = {str(given["href"]) for _, given in tags if "href" in given}
    assert links > FILES and len(links - FILES) == 4
    assert all(re.fullmatch(r"[\w.%~-]+\.html", link) for link in links - FILES)


def test_the_policy_allows_our_style_alone_and_nothing_to_be_fetched() -> None:
    said = page(envelope("a"))
    metas = {given.get("http-equiv") or given.get("name"): given.get("content") for _, given in Reader(said).tags}
    [style] = re.findall("<style>(.*?)</style>", said, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert metas["Content-Security-Policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert metas["referrer"] == "no-referrer" and "url(" not in said and "@import" not in said


def test_marks_that_hide_or_reorder_text_are_replaced() -> None:
    said = page(envelope("a", advice("\u202egro"), question="\x00 \ud800 end"))
    assert '<th scope="row">\ufffdgro</th>' in said and ">\ufffd \ufffd end</h3>" in said
    said.encode()


@pytest.mark.parametrize("evil", ["\"'<&" * 500, "\N{ROCKET}" * 2000, "a"], ids=["quotes", "rockets", "letters"])
def test_no_page_is_larger_than_the_limit(evil: str) -> None:
    rows, envelopes = evil_batch(evil, 250, "i" * 92)
    said = page(*envelopes, rows=rows)
    assert len(said.encode()) <= LIMIT
    Reader(said)


def test_a_batch_of_twelve_full_groups_keeps_all_groups_and_counts_the_dates_left_out() -> None:
    given = [advice(f"Sector {at}") for at in range(19)]
    jobs = [(month(at), group) for group in range(12) for at in range(40)]
    said = page(*(envelope(f"{date}-{group:010x}", *given, question=f"{group}?", as_of=date) for date, group in jobs))
    assert len(said.encode()) <= LIMIT
    shown = [len(re.findall("<span>2", table(said, at))) for at in range(12)]
    assert len(set(shown)) == 1 and shown[0] >= 20
    assert f"<span>{month(39)}<" in said and f"<span>{month(0)}<" not in said
    assert Reader(said).text.count(f"{40 - shown[0]} earlier dates in recommendations.csv") == 12


def test_equal_batches_give_equal_bytes() -> None:
    assert page(envelope("a"), envelope("b")) == page(envelope("a"), envelope("b"))


def test_every_cell_has_a_header() -> None:
    rows, envelopes = evil_batch("x", 3)
    tags = Reader(page(*envelopes, rows=rows)).tags
    assert all(given.get("scope") in ("col", "row") for tag, given in tags if tag == "th")
