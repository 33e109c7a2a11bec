"""What each number of a rationale rests on, on the page and in the terminal."""

from __future__ import annotations

from typing import Any

import pytest

from agent import data
from agent.evidence import examine
from agent.report import footnotes, result_view
from agent.report.page import LIMIT, render
from agent.result import Call, RunResult
from tests.report.runs_and_pages import Reader, advice, figure, result

SAID = "Up 2.5 % (3M), 3.5 pp more than Retail, though it fell 18 % and yields 6.4 %."


def cited(said: str = SAID, **more: Any) -> RunResult:
    run = result(answer={"sector_recommendations": [advice("Banks", why=said), advice("Retail")]}, **more)
    run.evidence = [number.to_json() for number in examine(run.answer, run.figures)]
    return run


def test_a_text_is_cut_before_and_after_each_number_that_claims_something() -> None:
    run = cited()
    pieces = list(footnotes.pieces(SAID, run.evidence, footnotes.pointer_of(0)))
    assert "".join(piece for piece, _ in pieces) == SAID
    assert [piece for piece, number in pieces if number] == ["2.5 %", "3.5 pp", "18 %", "6.4 %"]
    assert list(footnotes.pieces(SAID, run.evidence, footnotes.pointer_of(1))) == [(SAID, None)]


def test_places_that_are_not_in_the_text_cut_nothing() -> None:
    wrong = [{"pointer": "/x", "start": 50, "end": 99, "status": "grounded"}]
    assert list(footnotes.pieces("Up.", wrong, "/x")) == [("Up.", None)]


def test_the_page_says_what_each_number_rests_on_and_where_it_stood() -> None:
    page = Reader(render(cited()))
    numbers = [given for tag, given in page.tags if tag in ("a", "span") and "number" in str(given.get("class"))]
    assert [given["title"] for given in numbers][:2] == [
        "Banks Performance 3M 2.50 % · call 1 /rows/0/performance",
        "Banks 2.5 % − Retail −1.0 % = 3.5 pp · call 1 /rows/0/performance",
    ]
    assert (numbers[0]["href"], numbers[0]["data-at"]) == ("#call-1", "call 1 /rows/0/performance")
    assert [given["class"] for given in numbers] == ["number", "number", "number unborne", "number unborne"]
    assert any("2 of 4 numbers borne out by tool results, 1 of them by calculation" in word for word in page.words)


def test_a_figure_that_two_calls_brought_stands_where_the_heatmap_has_it_from(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    figures = [figure("Banks", 2.5, call=call, pointer=f"/{call}") for call in ("c1", "c2")]
    calls = [Call(name, 1, "get_sector_heatmap", "market", "heatmap", {}, "{}", seconds=0.1) for name in ("c1", "c2")]
    run = cited("Up 2.5 % (3M).", figures=figures, calls=calls)
    assert {each["call"] for each in run.evidence[0]["figures"]} == {"c1", "c2"}
    tags = Reader(render(run)).tags
    [number] = [given for tag, given in tags if tag == "a" and given.get("class") == "number"]
    assert (number["href"], number["data-at"]) == ("#call-2", "call 2 /c2")
    assert "2025-12-31 · call 2 /c2" in [given.get("title") for tag, given in tags if tag == "td"]
    run.evidence[0]["figures"] = run.evidence[0]["figures"][:1]
    result_view.show_result(run, calls=True)
    assert "[1] Banks Performance 3M 2.50 % · call 2 /c2" in capsys.readouterr().out


def test_a_figure_that_a_newer_call_tells_otherwise_stands_where_it_stood() -> None:
    run = cited("Up 2.5 % (3M).", figures=[figure("Banks", 2.5), figure("Banks", 9.0, call="c2", pointer="/c2")])
    assert [each["call"] for each in footnotes.evidence_of(run)[0]["figures"]] == ["c1"]


def test_a_figure_stays_with_the_call_that_its_model_was_shown_it_in() -> None:
    cut = data.words("cut", missing="9", all="19")
    calls = [
        Call(name, 1, "get_sector_heatmap", "market", "heatmap", {}, shown, seconds=0.1)
        for name, shown in (("c1", '[{"performance": 2.5}]'), ("c2", f"[{{{cut}}}]"))
    ]
    figures = [figure("Banks", 2.5, call=call, pointer=f"/{call}") for call in ("c1", "c2")]
    run = cited("Up 2.5 % (3M).", figures=figures[:1], calls=calls)
    run.figures = figures
    assert [each["call"] for each in footnotes.evidence_of(run)[0]["figures"]] == ["c1"]


def test_figures_that_stand_at_one_place_stay_apart() -> None:
    figures = [figure(sector, value, pointer="/rows") for sector, value in (("Banks", 2.5), ("Retail", -1.0))]
    run = cited("Banks are 3.5 pp ahead of Retail (3M).", figures=figures)
    assert [each["sector"] for each in footnotes.evidence_of(run)[0]["figures"]] == ["Banks", "Retail"]


def test_sectors_of_numbers_are_named_in_the_language_of_the_run() -> None:
    run = cited("Up 2.5 % (3M).", spec={"language": "vi"})
    assert [each["sector"] for each in footnotes.evidence_of(run)[0]["figures"]] == ["Ngân hàng"]


def test_a_long_rationale_is_cut_with_its_numbers() -> None:
    page = render(cited("Up 2.5 % (3M). " * 400))
    assert "characters more)" in page and len(page.encode()) <= LIMIT


def test_texts_of_models_stay_texts_within_marks() -> None:
    assert "<q>" not in render(cited("<q>Up</q> 2.5 % (3M)<q>"))


@pytest.mark.parametrize("every", [True, False])
def test_the_terminal_gives_a_number_the_same_mark_whether_all_are_told_or_not(
    every: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    result_view.show_result(cited(), calls=every)
    told = capsys.readouterr().out
    assert ("2.5 %[1]" in told, "18 %[3]" in told, "6.4 %[4]" in told) == (every, True, True)
    assert ("[1] Banks Performance 3M 2.50 % · call 1" in told) is every
    assert "[4] ungrounded: " in told and "2 of 4 numbers borne out" in told


def test_without_evidence_nothing_is_said_of_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    result_view.show_result(result())
    assert "borne out" not in capsys.readouterr().out


@pytest.mark.parametrize("pointer", ["/" + "deep/" * 14, "/" + "deeper/" * 30, ""])
def test_a_number_and_its_cell_say_the_same_of_their_place_however_long_it_is(pointer: str) -> None:
    tags = Reader(render(cited("Up 2.5 % (3M).", figures=[figure("Banks", 2.5, pointer=pointer)]))).tags
    [number] = [given for tag, given in tags if tag == "a" and given.get("class") == "number"]
    [cell] = [given for tag, given in tags if tag == "td" and "data-v" in given]
    assert str(cell["title"]).split(" · ", 1)[1] == number["data-at"]
