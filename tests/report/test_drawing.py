"""One run as a drawing that stands alone."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from agent.report.drawing import draw
from agent.report.palettes import VN
from agent.result import ADVICE, SIMULATED, RunResult
from tests.report.drawn_runs import drawn_run
from tests.report.runs_and_pages import advice, evil_run, figure, result

GOLDEN = Path(__file__).parent / "golden"
SVG = "{http://www.w3.org/2000/svg}"
EVIL = "<script>alert(1)</script>\"'&]]><image href='http://evil.invalid/x'/>{{ 7 * 7 }}\u202e\x07\ufffe\ud800"
BARE = {f"{SVG}{tag}" for tag in ("svg", "title", "style", "g", "rect", "line", "circle", "path", "text")}


def texts(run: RunResult) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(draw(run)).iter(f"{SVG}text")]


def test_a_run_is_drawn_as_these_bytes() -> None:
    """A new drawing is looked at, and then written there."""
    assert draw(drawn_run()) == (GOLDEN / "drawing.svg").read_text(encoding="utf-8")


def test_question_labels_advice_figures_rotation_and_notice_are_there() -> None:
    said = texts(drawn_run())
    for each in (
        "SIMULATED DATA",
        "OFFLINE PLANNER",
        "Nhóm ngành nào dẫn dắt thị trường?",
        "2025-12-31",
        "overweight · 0.71",
        "hold · rather high",
        "+5.0",
        "−1.5",
        "1\N{NARROW NO-BREAK SPACE}210",
        "Leading",
        "SIMULATED",
        ADVICE,
        "20251231-abcd",
    ):
        assert each in said, each


def test_a_number_without_room_is_rounded_and_never_cut() -> None:
    figures = [figure("Banks", -1_508_514_127.2, f"net_value_{at}", unit="VND") for at in range(11)]
    said = texts(result(figures=figures))
    assert "−1.51e+09" in said
    assert not [each for each in said if each.startswith("−1") and each.endswith("…")]


def test_headings_without_room_are_wrapped_and_not_cut() -> None:
    figures = [figure("Banks", 1.0, f"net_z_{at}", unit="standard deviations", lookback="20D") for at in range(9)]
    said = texts(result(figures=[*figures, figure("Banks", 99.0, "rotation ratio", tool="get_relative_rotation")]))
    assert [each for each in said if each.endswith("…")] == []
    assert {"20D · standard", "deviations", "get_relative_", "rotation"} <= set(said)


def test_it_speaks_the_language_of_the_agent_file_with_its_names_of_sectors() -> None:
    spec = {"language": "vi", "sectors": {"Banks": {"names": {"vi": "Ngân hàng"}}}}
    said = texts(
        drawn_run(spec=spec, figures=[figure("Banks", 2.5)], answer={"sector_recommendations": [advice("Banks")]})
    )
    assert {"DỮ LIỆU MÔ PHỎNG", "Khuyến nghị", "Bản đồ nhiệt theo ngành", "tăng tỷ trọng · 0.70"} <= set(said)
    assert said.count("Ngân hàng") == 2 and "Banks" not in said
    assert "Hiệu suất" in said and "Performance" not in said


def test_a_palette_changes_colours_and_nothing_else() -> None:
    one, other = (draw(drawn_run(), *palette) for palette in ((), (VN,)))
    assert "#4393c3" in one and "#4ca866" in other and "#4393c3" not in other
    assert [each.tag for each in ElementTree.fromstring(one).iter()] == [
        each.tag for each in ElementTree.fromstring(other).iter()
    ]


def test_nothing_is_fetched_and_nothing_runs() -> None:
    for run in (drawn_run(), evil_run(EVIL, 30)):
        drawing = draw(run)
        root = ElementTree.fromstring(drawing)
        assert {each.tag for each in root.iter()} <= BARE
        assert {key for each in root.iter() for key in each.attrib if "href" in key or key.startswith("on")} == set()
        style = root.find(f"{SVG}style")
        assert style is not None and style.text and "url(" not in style.text and "var(" not in style.text


def test_a_run_without_an_answer_says_why_and_shows_what_it_found() -> None:
    because = "A budget ran out before there was a valid answer: 200 of 200 tokens are used."
    said = texts(drawn_run(status="budget", stop_reason="200 of 200 tokens are used", answer=None))
    assert {"There is no valid answer", because, "Sector heatmap", "+5.0"} <= set(said)
    assert "Recommendations" not in said


def test_a_run_without_figures_is_a_drawing() -> None:
    said = texts(RunResult())
    assert {"A run without a question", "No tool of this run delivered a figure for a sector."} <= set(said)
    assert "Relative rotation" not in said


def test_an_answer_of_another_form_has_no_recommendations() -> None:
    assert "Recommendations" not in texts(result(answer={"verdict": "up"}))


@pytest.mark.parametrize("columns", [1, 11, 12, 40])
def test_columns_stand_in_bands_with_all_sectors_and_what_has_no_room_is_counted(columns: int) -> None:
    figures = [figure(sector, 1.0, f"metric {at}") for at in range(columns) for sector in ("Banks", "Retail")]
    said = texts(result(figures=figures, answer=None))
    assert said.count("Retail") == -(-min(columns, 33) // 11)
    assert ("Not shown: 7 columns." in said) == (columns == 40)


def test_whatever_names_are_long_no_text_leaves_the_drawing() -> None:
    long = "Hàng cá nhân và gia dụng " * 20
    figures = [
        figure(f"{at} {long}", at - 9.5, long, unit=long, tool=long, lookback=each)
        for at in range(50)
        for each in ("1M", "3M")
    ]
    drawing = draw(
        result(
            question=long * 3,
            labels=[SIMULATED, long, long, long],
            agent_name=long,
            figures=figures,
            answer={"sector_recommendations": [advice(long, long, long)] * 30},
        )
    )
    root = ElementTree.fromstring(drawing)
    assert root.get("width") == "1200" and float(root.get("height", "inf")) < 4000
    assert max(len(each.text or "") for each in root.iter(f"{SVG}text")) < 150
    assert "Not shown: 6." in {each.text for each in root.iter(f"{SVG}text")}
