"""The page of a run: what it says, and that nothing in it is more than text."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.comparison import Change, Moved
from agent.endings import EXIT_CODES
from agent.events import RunCompared, ServerFailed, ToolsOffered
from agent.evidence import examine
from agent.figures import FigureReader
from agent.model.base import Usage
from agent.report.conversation import show_in_short
from agent.report.drawing import draw
from agent.report.page import LIMIT, render
from agent.report.result_view import show_result
from agent.report.terminal import PlainConsole
from agent.result import ADVICE, RULES, SIMULATED, Call, Earlier, RunResult, TurnSpent
from tests.report.drawn_runs import drawn_run
from tests.report.runs_and_pages import Reader, advice, evil_run, figure, result, text_of

RETURNS = {"Banks": 33.0, "Retail": 8.0, "Media": -12.5}
EVIL = "<script>alert(1)</script>\"'><img src=http://evil.invalid/x onerror='alert(2)'>{{ 7 * 7 }}"


def test_a_valid_run_shows_question_dates_advice_figures_calls_spend_and_notice() -> None:
    text = text_of(result(usage=Usage(1200, 3, 4, 5), turns=2, requests=3, repairs=1))
    for part in (
        "✓ Valid answer Which sectors lead? ▲ overweight Banks 0.70 Universe 2 sectors, as the tools have them",
        "As of 2025-12-31 Data observed",
        "Data observed 2025-12-31 Model model-1 Data gaps 1 of 4 cells are empty: Volatility",
        "Banks ▲ overweight Confidence 0.70 Why",
        "get_sector_heatmap Sector Performance 3M · % Volatility 3M · %",
        "▲ Banks +2.5 18.0",
        "Retail −1.0 –",
        'Turn 1 the model\'s answer · 0.00 s 1 get_sector_heatmap market · heatmap · 0.25 s · ok {"lookback": "3M"}',
        "Turns 2 Requests 3 Tool calls 1 Repairs 1 Uncached tokens 1 200 Cache writes 3 Cache reads 4 Tokens out 5",
        f"{ADVICE} Run 20251231-abcd .",
    ):
        assert part in text


def test_the_heatmap_of_a_small_run_has_these_bytes() -> None:
    page = render(result(figures=[figure("Banks", 2.5), figure("Retail", None)]))
    assert page[page.index('<table class="heat') : page.index("</table>")] == (
        '<table class="heat sortable">\n<thead>\n'
        '<tr class="tools"><td></td>'
        '<th scope="colgroup" colspan="1"><span>get_<wbr>sector_<wbr>heatmap</span></th></tr>\n'
        '<tr><th scope="col" aria-sort="none"><button type="button">Sector<small></small></button></th>\n'
        '<th scope="col" aria-sort="none">'
        '<button type="button">Performance<small>3M · %</small></button></th>\n'
        "</tr>\n</thead>\n<tbody>\n"
        '<tr tabindex="0" data-sector="banks"><th scope="row" data-v="Banks">'
        '<span class="overweight" title="overweight">▲</span> Banks</th>\n'
        '<td class="u8" data-v="2.5" title="2025-12-31 · call 1 /rows/0/performance">+2.5</td>\n</tr>\n'
        '<tr tabindex="0" data-sector="retail"><th scope="row" data-v="Retail">Retail</th>\n'
        '<td title="no figure">–</td>\n</tr>\n</tbody>\n'
    )


def test_equal_results_give_equal_bytes_wherever_their_folder_lies() -> None:
    url = {
        "sector_recommendations": [advice(why="see /home/ana/runs/1/page.html")],
        "heatmap_url": "file:///home/ana/x",
    }
    pages = {
        render(result(folder=folder, answer=json.loads(json.dumps(url).replace("/home/ana/runs/1", str(folder)))))
        for folder in (Path("/home/ana/runs/1"), Path("/srv/other/runs/2"))
    }
    assert len(pages) == 1
    assert "/home/" not in pages.pop()


def test_a_failure_says_what_to_do_about_it() -> None:
    run = result(status="budget", stop_reason="turns: the limit of 1 is reached", answer=None)
    assert "What to do: raise the limit with --max-…" in render(run)
    assert "Cách xử lý: raise the limit" in render(replace(run, spec={**run.spec, "language": "vi"}))


@pytest.mark.parametrize("spelled", [str, Path.as_uri])
def test_a_failure_that_names_the_runs_folder_is_shown_without_it(spelled: Any) -> None:
    folder = Path("/home/ana/runs/1")
    page = render(result(status="failed", stop_reason=f"cannot write {spelled(folder)}/page.html", folder=folder))
    assert "cannot write …/page.html" in page
    assert "ana" not in page


def test_what_others_said_is_text_and_never_markup() -> None:
    page = render(evil_run(EVIL))
    reader = Reader(page)
    assert [tag for tag, _ in reader.tags if tag in ("script", "img")] == ["script"]
    assert not [name for _, given in reader.tags for name in given if name.startswith("on")]
    assert EVIL[:60] in reader.text
    assert "{{ 7 * 7 }}" in reader.text


def test_no_attribute_refers_to_anything_outside() -> None:
    for _, given in Reader(render(evil_run(EVIL))).tags:
        assert not given.keys() & {"href", "src", "srcset", "action", "data", "poster", "background"}
    assert "@import" not in render(result()) and "url(" not in render(result())


def test_the_policy_allows_our_script_alone_and_nothing_to_be_fetched() -> None:
    page = render(result())
    metas = {given.get("http-equiv") or given.get("name"): given.get("content") for _, given in Reader(page).tags}
    (script,) = re.findall("<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = str(metas["Content-Security-Policy"])
    assert policy.startswith(f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'")
    assert metas["referrer"] == "no-referrer"


def test_marks_that_hide_or_reorder_text_are_replaced() -> None:
    page = render(result(question="\u202egro.live\u2066 \x00 \ud800 end"))
    assert "<h1>\ufffdgro.live\ufffd \ufffd \ufffd end</h1>" in page
    page.encode()


@pytest.mark.parametrize("evil", ['"', "<", "\N{ROCKET}"], ids=["quotes", "brackets", "rocket"])
def test_no_page_is_larger_than_the_limit(evil: str) -> None:
    page = render(evil_run(evil * 5000, 300))
    assert len(page.encode()) <= LIMIT
    Reader(page)


def test_a_meeting_sized_run_fits_whole_with_cut_previews() -> None:
    names = [f"Sector with a longer name {at}" for at in range(20)]
    figures = [figure(name, at - 12.5, f"metric_{at}_return", call=f"c{at}") for at in range(25) for name in names]
    said = '{"sector": "Banks", "performance": 1.25},' * 500
    arguments = {f"argument_{at}": "a value of some length" for at in range(20)}
    calls = [Call(f"c{at}", at, "get_sector_heatmap", "market", "get", arguments, said) for at in range(40)]
    page = render(result(figures=figures, calls=calls))
    assert len(page.encode()) <= LIMIT
    assert page.count("<td class=") == 500 and page.count("<details>") == 40
    assert "characters more)" in page and "Not shown" not in page


def test_rows_and_columns_without_room_are_counted() -> None:
    figures = [figure(f"S{row}", 1.0, f"m{column}") for row in range(70) for column in range(33)]
    assert re.search(r"Not shown: \d+ more rows, \d+ more columns\.", text_of(result(figures=figures)))
    assert "Not shown: 10 more rows." in text_of(result(figures=[figure(f"S{row}", 1.0) for row in range(70)]))


def test_labels_are_tags_at_the_top_and_simulated_data_has_a_watermark() -> None:
    page = render(result(labels=[SIMULATED, "OFFLINE PLANNER"]))
    assert text_of(result(labels=[SIMULATED, "OFFLINE PLANNER"])).startswith(
        "[SIMULATED] Which sectors lead? SIMULATED SIMULATED DATA OFFLINE PLANNER ✓"
    )
    assert 'class="watermark"' in page
    assert 'class="watermark"' not in render(result(labels=["OFFLINE PLANNER"]))


@pytest.mark.parametrize("status", sorted(EXIT_CODES.keys() - {"ok"}))
def test_a_run_without_a_valid_answer_says_so_and_shows_its_best_attempt_as_such(status: Any) -> None:
    errors = [{"pointer": "/a/0", "message": "97 is too much"}, {"pointer": "", "message": "'b' is missing"}]
    run = result(status=status, stop_reason="gave up", answer=None, errors=errors)
    page = render(replace(run, best_attempt={"sector_recommendations": [advice()]}))
    text = Reader(page).text
    assert "✕" in text and "Valid answer" not in text
    assert "gave up. /a/0 97 is too much the whole answer 'b' is missing" in text
    assert "The best attempt, which was not accepted sector_recommendations" in text
    assert 'class="advice"' not in page and "▲" not in text


def test_a_best_attempt_may_be_plain_text_or_absent() -> None:
    assert "not accepted Buy banks. Sector" in text_of(result(status="invalid", answer=None, best_attempt="Buy banks."))
    assert "best attempt" not in text_of(result(status="failed", answer=None))


@pytest.mark.parametrize(
    ("confidence", "printed", "has_bar"),
    [
        (0, "0.00", True),
        (1, "1.00", True),
        (97, "97", False),
        (True, "true", False),
        (None, "–", False),
        ("high", "high", False),
    ],
)
def test_only_a_probability_gets_a_bar(confidence: Any, printed: str, has_bar: bool) -> None:
    page = render(result(answer={"sector_recommendations": [advice(confidence=confidence)]}))
    assert f"Confidence {printed}" in Reader(page).text
    assert ('class="bar"' in page) is has_bar


@pytest.mark.parametrize(
    ("confidence", "printed"),
    [(0.7, "0.70"), (97, "97"), (1e30, "1e+30"), (True, "true"), (None, "–"), ("high", "high"), ([0.5], "[0.5]")],
)
def test_a_confidence_is_the_same_on_the_page_in_the_drawing_in_the_terminal_and_in_a_chat(
    confidence: Any, printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = result(figures=[], answer={"sector_recommendations": [advice("Banks", confidence=confidence)]})
    assert f"Confidence {printed} " in text_of(run) and f">overweight · {printed}<" in draw(run)
    show_result(run)
    assert f"Banks overweight {printed}" in " ".join(capsys.readouterr().out.split())
    show_in_short(PlainConsole(), run)
    assert f"overweight {printed} Banks" in " ".join(capsys.readouterr().out.split())


def test_unknown_actions_are_neither_up_nor_down() -> None:
    assert "Banks ◇ hold" in text_of(result(answer={"sector_recommendations": [advice(action="hold")]}))
    assert "Banks ◇ –" in text_of(result(answer={"sector_recommendations": [{"sector_name": "Banks"}]}))


@pytest.mark.parametrize(
    "answer", [{"sector_recommendations": "none"}, {"summary": "All well", "n": [1]}, ["a"], "text"]
)
def test_answers_of_another_form_are_listed_without_a_heatmap(answer: Any) -> None:
    page = render(result(answer=answer, figures=[]))
    assert '<h2 id="answer">Answer</h2>' in page
    assert 'id="heatmap"' not in page


def test_an_answer_of_the_sector_form_without_figures_says_that_there_are_none() -> None:
    assert "No tool of this run delivered a figure for a sector." in text_of(result(figures=[]))


@pytest.mark.parametrize(
    ("url", "pages_url", "is_shown"),
    [
        ("https://tools.invalid/map", None, True),
        ("https://tools.invalid/map", "https://pages.invalid/", True),
        ("https://pages.invalid/run/page.html", "https://pages.invalid/", False),
        ("file:///srv/runs/1/page.html", None, False),
        ("artifact:page.html", "https://pages.invalid/", False),
    ],
)
def test_a_heatmap_url_is_shown_as_text_unless_it_is_this_page(url: str, pages_url: str | None, is_shown: bool) -> None:
    answer = {"sector_recommendations": [advice()], "heatmap_url": url}
    assert ("heatmap_url" in text_of(result(answer=answer, pages_url=pages_url))) is is_shown


def test_market_wide_figures_stand_in_lines_of_their_own_newest_first_observed() -> None:
    data = {
        "columns": {"change": {"unit": "percentage points"}},
        "rows": [
            {
                "indicator": "gdp_growth",
                "value": 6.61,
                "previous": 6.3,
                "change": 0.31,
                "long_run_mean": 6.5,
                "unit": "percent",
                "date": "2025-09-30",
            },
            {"indicator": "gdp_growth", "value": 6.3, "unit": "percent", "date": "2025-06-30"},
            {"indicator": "index_level", "value": 1712.4, "date": "2025-12-31"},
            {"indicator": "oil", "value": 80, "previous": 78, "change": None, "unit": "USD", "date": "2025-12-31"},
        ],
    }
    figures = [
        *FigureReader().read(data, offered_as="macro", call="c1"),
        figure(None, float("nan"), "breadth", lookback="1M"),
        figure(None, 7.0, "of_one_security", ticker="XYZ"),
    ]
    text = text_of(result(figures=figures))
    assert (
        "GDP growth 6.61 % previous 6.30 · change +0.31 percentage points · long run mean 6.50 2025-09-30 macro" in text
    )
    assert "Index level 1 712 2025-12-31 macro" in text
    assert "Oil 80.00 USD previous 78.00 · change – 2025-12-31 macro" in text
    assert "Of one security" not in text
    assert "Breadth 1M – 2025-12-31 get_sector_heatmap" in text
    assert "2025-06-30 macro" not in text


def test_the_dates_of_the_data_are_a_span_and_may_be_absent() -> None:
    dated = [figure("Banks", 1.0, observed_at=day) for day in ("2025-12-31", "2025-09-30", None)]
    assert "Data observed 2025-09-30 to 2025-12-31" in text_of(result(figures=dated))
    assert "As of not set Data observed no dated figures" in text_of(result(figures=[], as_of=None))


def test_warnings_failed_servers_and_differences_are_told() -> None:
    run = result(
        warnings=["Evidence is one day old"],
        failed_servers=[
            ServerFailed("vimo", "npx secret", 1, "stderr secret", "exited early", False),
            ServerFailed("desk", "", None, "", "no reply", True),
        ],
        offered=ToolsOffered(
            [],
            [{"kind": "missing", "declared": ["a"]}, {"kind": "changed", "at": "/x"}],
            [{"name": "t", "reason": "why"}],
        ),
    )
    text = text_of(run)
    assert "Read with care Evidence is one day old" in text
    assert "vimo exited early (exit status 1), optional desk no reply, required" in text
    assert 'Kind Declared At missing ["a"] – changed – /x' in text
    assert "Tools that cannot be used Name Reason t why" in text
    assert "secret" not in text and "Read with care" not in text_of(result())


def test_calls_that_failed_or_have_no_result_are_marked() -> None:
    calls = [
        Call("a", 1, "one", None, None, {}, "no such tool", is_error=True),
        Call("b", 2, "two", "m", "two", {"x": 1}),
    ]
    text = text_of(result(calls=calls))
    assert "1 one not offered · – · error {} no such tool" in text
    assert '2 two m · – · no result {"x": 1}' in text


def test_an_empty_run_has_a_page_in_which_every_cell_has_a_header() -> None:
    assert "✕ The run was interrupted A run without a question" in text_of(RunResult())
    tags = Reader(render(result())).tags
    assert all(given.get("scope") in ("col", "row", "colgroup") for tag, given in tags if tag == "th")
    assert all(given.get("aria-sort") == "none" for tag, given in tags if tag == "th" and "aria-sort" in given)


def test_page_says_what_the_advice_is_about_and_where_its_data_come_from() -> None:
    data = {
        "benchmark": "The market",
        "source": "A public library.",
        "vintage": "2022-10 latest",
        "notes": ["GDP is on the year before.", "GDP is on the year before."],
    }
    call = Call("c1", 1, "get_sector_heatmap", "market", "heatmap", {}, "{}", data=data, seconds=0.25)
    run = result(calls=[call], agent_name="Desk", horizon="3 months", labels=["OFFLINE PLANNER"])
    text = text_of(run)
    assert "Benchmark The market Horizon 3 months, from the as-of date to 2026-03-31 As of 2025-12-31" in text
    assert "Agent Desk" in text
    assert "Confidence is the probability that" in text
    assert "A public library. Vintage: 2022-10 latest. GDP is on the year before." in text
    assert text.count("GDP is on the year before.") == 1


def test_dates_that_are_none_are_no_dates() -> None:
    assert "Data observed no dated figures" in text_of(result(figures=[figure("Banks", 1.0, observed_at="yesterday")]))


def compared_run() -> RunResult:
    """Banks turned from underweight, Media is gone, Retail is what it was."""
    moved = Moved("relative_strength", "3M", "percent", 9.7, -1.2, -2.0, True, better=-1)
    told = [
        Change("Banks", ("underweight", "overweight"), (0.6, 0.7), (3, 1), (moved,)),
        Change("Retail", ("neutral", "neutral"), (0.5, 0.5), (2, 2)),
        Change("Media", ("overweight", None), (0.6, None), (1, None)),
    ]
    answer = {"sector_recommendations": [advice(), advice("Retail", "neutral", 0.5)]}
    return result(answer=answer, compared=RunCompared("r1", "2025-09-30", [each.to_json() for each in told]))


def test_what_changed_since_the_last_run_stands_above_and_beside_the_calls() -> None:
    text = text_of(compared_run())
    assert "Since r1 as of 2025-09-30 : 1 flipped, 1 gone, 1 unchanged. No longer recommended: Media (was" in text
    assert "Banks ▲ overweight flipped, was underweight · place 3 → 1 Confidence 0.70" in text
    assert "What moved among the sectors Relative strength 3M +9.7 → −1.2 % (−2.0 σ, against the change)" in text
    assert "What moved is weighed by σ, the change of the sector's distance from that mean" in text
    assert "Since" not in text_of(result()) and "What moved" not in text_of(result())


def test_a_question_on_some_sectors_gives_up_none_of_the_others() -> None:
    asked_on = [Earlier("r1", "Which sectors lead?", {})]
    text = text_of(replace(compared_run(), earlier=asked_on))
    assert "No longer recommended" not in text and "Since r1 as of 2025-09-30 : 1 flipped, 1 unchanged." in text


def test_what_is_bought_and_what_is_sold_stands_under_the_title() -> None:
    given = [
        ("Media", "hold", "high"),
        ("Banks", "neutral", 0.5),
        ("Retail", "underweight", 0.6),
        ("Oil", "overweight", 1),
    ]
    text = text_of(result(answer={"sector_recommendations": [advice(*each) for each in given]}))
    assert "▲ overweight Oil 1.00 ▼ underweight Retail 0.60 ◇ hold Media high ● neutral Banks 0.50 Universe" in text


def test_rows_of_the_heatmap_begin_with_what_to_overweight_and_end_with_what_to_underweight() -> None:
    names = ["Oil & Gas", "Banks", "Media", "Retail"]
    given = [advice("Retail", "overweight"), advice("Media", "neutral"), advice("Oil and Gas", "underweight")]
    page = render(result(figures=[figure(name, 1.0) for name in names], answer={"sector_recommendations": given}))
    rows = re.findall(r'<th scope="row" data-v="([^"]+)">(?:<span[^>]*>(.)</span>)?', page)
    assert rows == [("Retail", "▲"), ("Media", "●"), ("Banks", ""), ("Oil &amp; Gas", "▼")]


def test_days_are_elements_of_their_own_which_no_line_divides() -> None:
    page = render(result(horizon="3 months"))
    assert "from the as-of date to <time>2026-03-31</time></dd>" in page
    assert render(result(agent_name="<b>2025-01-01")).count("<dd>&lt;b&gt;<time>2025-01-01</time></dd>") == 1


def test_accents_that_pile_up_on_a_letter_are_cut() -> None:
    page = render(result(question="Zalgo" + 40 * "\u0301" + " và Việt " + "e\u0302\u0301"))
    assert "Zalgo\u0301\u0301\u0301\ufffd và Việt e\u0302\u0301" in page


def test_changes_that_another_version_wrote_are_passed_over() -> None:
    text = text_of(result(compared=RunCompared("r1", None, [{"of": "another version"}, {"sector": "Banks"}])))
    assert "Since r1: nothing to compare." in text


def test_fields_that_only_this_answer_has_are_shown_with_their_recommendation() -> None:
    more = {"risks": ["Rates rise <b>soon</b>"], "trigger": "A close below 1 200"}
    page = render(result(answer={"sector_recommendations": [advice() | more]}))
    assert 'risks [ "Rates rise <b>soon</b>" ] trigger A close below 1 200' in Reader(page).text
    assert "<b>soon" not in page


def test_securities_behind_a_sectors_flow_stand_with_its_call() -> None:
    flows = [
        figure("Banks", value, "net_value", unit="VND bn", lookback="1M", ticker=name)
        for name, value in {"VCB": 120.5, "BID": -330.0, "CTG": 1.0, "MBB": 40.0}.items()
    ]
    assert "Behind its flow BID −330.0, VCB +120.5, MBB +40.0 VND bn 1M" in text_of(result(figures=flows))
    assert "Behind its flow" not in text_of(result())


def test_sources_have_their_days_and_when_they_were_retrieved() -> None:
    call = Call("c1", 1, "get_sector_heatmap", "market", "heatmap", {}, "{}", source="live", kind="real")
    call.retrieved_at = "2026-01-02T08:30:00+00:00"
    text = text_of(result(calls=[call]))
    assert "get_sector_heatmap market · real 2025-12-31 0 2026-01-02 08:30" in text


def test_calls_of_a_turn_are_drawn_after_the_answer_that_made_them() -> None:
    calls = [Call(f"c{at}", turn, "t", "m", "t", {}, "{}", seconds=1.0) for at, turn in enumerate((1, 1, 2))]
    spent = [TurnSpent(turn, 1, Usage(), Usage(), 2.0, None, 0, "m") for turn in (1, 2)]
    page = render(result(calls=calls, by_turn=spent))
    bars = re.findall(r"margin-left:([\d.]+)%;width:([\d.]+)%", page)
    assert bars == [
        ("0.0", "33.3"), ("33.3", "16.7"), ("33.3", "16.7"), ("50.0", "33.3"), ("83.3", "16.7")
    ]  # fmt: skip


def test_a_vietnamese_page_speaks_vietnamese() -> None:
    names = {"Banks": {"names": {"vi": "Ngân hàng"}}, "Retail": {}}
    page = render(result(spec={"language": "vi", "sectors": names}, labels=[SIMULATED]))
    text = Reader(page).text
    for part in ("DỮ LIỆU MÔ PHỎNG", "Khuyến nghị", "Ngân hàng ▲ tăng tỷ trọng", "Bản đồ nhiệt theo ngành", "Chi phí"):
        assert part in text
    for part in ("Recommendations", "Confidence", "Spend", "overweight Confidence", ADVICE):
        assert part not in text
    assert '<html lang="vi">' in page


def test_what_the_planners_confidence_rests_on_is_said_by_its_first_rationale_alone() -> None:
    for as_of in ("1950-02-28", "2008-06-30", None):
        text = text_of(result(as_of=as_of, labels=[RULES]))
        assert "The first rationale says what the planner's rests on" in text
        assert "1950 up to" not in text and "were right" not in text
    assert "The first rationale" not in text_of(result())


@pytest.mark.parametrize("reason", ["it covers 1949-01-31 to 2017-03-31.", "it covers 1949-01-31 to 2017-03-31"])
def test_a_reason_ends_with_one_full_stop(reason: str) -> None:
    run = result(status="refused", stop_reason=reason, answer=None)
    assert "The run was refused: it covers 1949-01-31 to 2017-03-31. " in text_of(run)
    assert "The run was refused: it covers 1949-01-31 to 2017-03-31." in draw(run)
    assert "2017-03-31.." not in text_of(run) + draw(run)


def test_figures_of_one_measure_have_equally_many_decimals_beside_a_call() -> None:
    moved = Moved("return_1y", "1Y", None, 30.0, 33.0, 0.5, True, "get_sector_heatmap")
    change = Change("Banks", ("overweight", "overweight"), (0.7, 0.7), (1, 1), [moved])
    run = result(
        figures=[figure(name, at, "return_1y", lookback="1Y", unit=None) for name, at in RETURNS.items()],
        answer={"sector_recommendations": [advice(why="It is up by 33 (1Y).")]},
        compared=RunCompared("r1", None, [change.to_json()]),
    )
    run.evidence = [number.to_json() for number in examine(run.answer, run.figures)]
    text = text_of(run)
    assert "Return 1y 1Y +30.0 → +33.0" in text and "Return 1y 1Y +33.0: below +9.5 (−23.5)" in text


def test_the_rotation_of_the_sectors_is_drawn_where_two_lookbacks_are_there() -> None:
    figures = [
        figure(name, value + at, "relative_strength", lookback=lookback)
        for name, value in {"Banks": 2.0, "Retail": -3.0, "Media": 1.0}.items()
        for at, lookback in enumerate(("1M", "3M"))
    ]
    page = render(result(figures=figures))
    assert '<svg class="rotation"' in page and 'data-sector="media"' in page
    assert '<svg class="rotation"' not in render(result())


def test_row_recommendation_and_circle_of_a_sector_have_one_mark_whichever_of_its_names_each_has() -> None:
    figures = [
        figure(name, value + at, "relative_strength", lookback=lookback)
        for name, value in {"Banks": 2.0, "Oil & Gas": -3.0, EVIL: 1.0}.items()
        for at, lookback in enumerate(("1M", "3M"))
    ]
    told = Change("NGÂN HÀNG", ("underweight", "overweight"), (0.6, 0.7), (3, 1))
    run = result(
        figures=[*figures, figure("Banks", 9.0, "net_value", unit="VND bn", ticker="VCB")],
        answer={"sector_recommendations": [advice("Banking"), advice("Oil and Gas"), advice(EVIL)]},
        compared=RunCompared("r1", None, [told.to_json()]),
        spec={"sectors": {"Banks": {"names": {"vi": "Ngân hàng"}, "aliases": ["Banking"]}, "Oil & Gas": {}}},
    )
    page = Reader(render(run))
    marks = [(tag, about["data-sector"]) for tag, about in page.tags if "data-sector" in about]
    of_tag = {tag: {mark for each, mark in marks if each == tag} for tag in ("tr", "li", "g")}
    assert of_tag["tr"] == of_tag["li"] == of_tag["g"] >= {"banks", "oil gas"} and len(of_tag["tr"]) == 3
    assert "Behind its flow VCB +9 VND bn" in page.text and "flipped, was underweight" in page.text


def test_page_and_drawing_say_what_filled_and_hollow_circles_mean() -> None:
    run = drawn_run()
    said = "Filled: ahead and gaining, or behind and losing. Hollow: turning."
    assert said in text_of(run) and said in draw(run)
    assert "Tô đặc: dẫn trước" in text_of(drawn_run(spec={"language": "vi"}))
    assert said not in text_of(result())


def test_what_would_speak_against_calls_has_a_place_of_its_own_on_paper_where_columns_leave_none_beside_them() -> None:
    def run(columns: int, count: int) -> RunResult:
        values = {f"Sector {at}": at + 0.5 for at in range(count)}
        metrics = ["performance", *(f"size_{at}" for at in range(1, columns))]
        figures = [
            figure(name, value + 100 * at, metric)
            for name, value in values.items()
            for at, metric in enumerate(metrics)
        ]
        given = [advice(name, why=f"Performance {value} % (3M).") for name, value in values.items()]
        answer = {"sector_recommendations": given}
        evidence = [number.to_json() for number in examine(answer, figures)]
        return result(figures=figures, answer=answer, evidence=evidence)

    panel = '<div class="against">'
    assert [panel in render(run(*each)) for each in ((12, 6), (13, 6), (13, 7))] == [False, True, False]
    assert panel not in render(replace(run(13, 6), status="failed"))
