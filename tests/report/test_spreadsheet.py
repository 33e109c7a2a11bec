"""A run as CSV: a line for each sector that a program reads, and a spreadsheet does not run."""

from __future__ import annotations

import csv
import io

import pytest

from agent.report.spreadsheet import HEAD, table
from agent.result import RULES, SIMULATED, RunResult
from tests.report.drawn_runs import drawn_run
from tests.report.runs_and_pages import advice, evil_run, figure, result


def read(run: RunResult) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table(run), newline="")))


def test_recommended_sectors_come_first_with_their_figures_and_then_the_others() -> None:
    figures = [figure("Media", 7.0), figure("Retail", -1.0), figure("Banks", 2.5), figure("Banks", 0.1, "volatility")]
    given = {"sector_recommendations": [advice("Banks", why='Net "buy", \nand more'), advice("Gold", "neutral", 0.5)]}
    assert table(result(figures=figures, answer=given, labels=[SIMULATED, RULES])) == (
        "sector,action,confidence,rationale,as_of,run,labels,"
        "get_sector_heatmap.performance.3M.percent,get_sector_heatmap.volatility.3M.percent\r\n"
        'Banks,overweight,0.7,"Net ""buy"", \nand more",2025-12-31,20251231-abcd,'
        "SIMULATED DATA; OFFLINE PLANNER,2.5,0.1\r\n"
        "Gold,neutral,0.5,Why,2025-12-31,20251231-abcd,SIMULATED DATA; OFFLINE PLANNER,,\r\n"
        "Media,,,,2025-12-31,20251231-abcd,SIMULATED DATA; OFFLINE PLANNER,7.0,\r\n"
        "Retail,,,,2025-12-31,20251231-abcd,SIMULATED DATA; OFFLINE PLANNER,-1.0,\r\n"
    )


def test_what_is_not_known_of_a_column_is_empty_between_its_dots() -> None:
    [line] = read(result(answer=None, figures=[figure("Banks", 1.0, "streak", lookback=None, unit="sessions")]))
    assert line["get_sector_heatmap.streak..sessions"] == "1.0"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1+1", "\n@x"])
def test_no_text_of_strangers_is_a_formula(text: str) -> None:
    given = {"sector_recommendations": [advice(text, text, text, text)]}
    figures = [figure(text, -1.0, "performance", tool=text)]
    run = result(run_id=text, as_of=text, labels=[text], answer=given, figures=figures)
    [head, line] = csv.reader(io.StringIO(table(run), newline=""))
    assert line[:7] == [f"'{text}"] * 7
    assert head[7].startswith("'") and line[7] == "-1.0"


def test_strangers_texts_hide_nothing() -> None:
    assert not {"\u202e", "\x07", "\x00"} & set(table(evil_run("a\u202e\x07\x00b", 3)))


def test_a_run_without_an_answer_has_its_figures_and_one_without_figures_its_heading() -> None:
    lines = read(drawn_run(status="failed", answer=None))
    assert [(line["sector"], line["action"]) for line in lines][:2] == [("Ngân hàng", ""), ("Bán lẻ", "")]
    assert table(RunResult()) == ",".join(HEAD) + "\r\n"
    assert len(read(result(answer={"verdict": "up"}))) == 2


def test_a_sector_is_one_line_by_whichever_of_its_names_the_answer_and_the_tools_have_it() -> None:
    figures = [figure("Oil & Gas", 2.5), figure("Oil and Gas", 33.0, tool="flow"), figure("Banks", 1.0)]
    given = {"sector_recommendations": [advice("Oil and Gas"), advice("Banking")]}
    lines = read(result(figures=figures, answer=given, spec={"sectors": {"Banks": {"aliases": ["Banking"]}}}))
    assert [(line["sector"], *list(line.values())[-2:]) for line in lines] == [
        ("Oil and Gas", "2.5", "33.0"),
        ("Banking", "1.0", ""),
    ]
