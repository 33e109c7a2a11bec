"""Pages of real runs in a real Chromium: by hand, by key and by finger, on a phone, in the dark, and on paper.

With ADVISOR_SCREENSHOTS=FOLDER the pictures of both widths are kept there.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from agent.evidence import examine
from agent.gathering import read_run
from agent.report.heatmap import column_key, heatmap_of
from agent.report.page import LIMIT, render
from agent.result import ADVICE, RunResult
from tests.browser.chromium import A4, Open, Tab
from tests.cli.advisor import advisor
from tests.report.runs_and_pages import advice, figure, result

# The ratio of WCAG 2, of the ink of each cell on its own fill.
CONTRASTS = """[...document.querySelectorAll('.heat td[class]')].map(cell => {
  const light = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(v => v / 255)
      .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const {color, backgroundColor} = getComputedStyle(cell);
  const [ink, fill] = [light(color), light(backgroundColor)];
  return (Math.max(ink, fill) + .05) / (Math.min(ink, fill) + .05);
})"""


@pytest.fixture(scope="session")
def industries(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """Twelve industries, compared with an earlier run."""
    home = tmp_path_factory.mktemp("industries")
    for day in ("2008-06-30", "2008-09-30"):
        asked = ("--as-of", day, "Which industries hold up in a downturn?")
        advisor("ask", "--offline", "-q", "-c", "us_sector_rotation", *asked, env={"ADVISOR_HOME": str(home)})
    return replace(read_run(max((home / "runs").iterdir())), folder=None)


@pytest.fixture(scope="session")
def sectors(planned: Path) -> RunResult:
    """Nineteen sectors and twenty columns."""
    return replace(read_run(planned), folder=None)


@pytest.fixture(scope="session")
def later_runs(tmp_path_factory: pytest.TempPathFactory) -> list[RunResult]:
    """Runs of one home, each compared with the one before: of industries over decades, of sectors asked twice by two
    agents, and two questions on an answer."""
    home = {"ADVISOR_HOME": str(tmp_path_factory.mktemp("later"))}
    quiet = ("--offline", "-q")
    for day in ("1950-02-28", "1987-09-30", "1999-12-31", "2009-03-31", "2017-03-31"):
        advisor("ask", *quiet, "-c", "us_sector_rotation", "--as-of", day, "What holds up in a downturn?", env=home)
    for agent in ("dynamic_sector_advisor", "sector_pro"):
        for _ in range(2):
            advisor("ask", *quiet, "-c", agent, "Which sectors are poised for growth next quarter?", env=home)
    advisor("chat", "last", "-q", input="Why not retail?\nAnd what of foreign flow?\n", env=home)
    runs = [read_run(folder) for folder in sorted((Path(home["ADVISOR_HOME"]) / "runs").iterdir())]
    assert len(runs) == 11 and all(run.ok for run in runs)
    return [replace(run, folder=None) for run in runs if run.compared]


def vietnamese(run: RunResult) -> RunResult:
    return replace(run, spec={**run.spec, "language": "vi"})


def recommended(sectors: RunResult, count: int) -> RunResult:
    """A call for each of so many sectors, as models give them."""
    rows = [row for row in dict.fromkeys(each.sector for each in sectors.figures) if row][:count]
    given = [advice(name, "neutral", 0.5, "A reason of two sentences. It goes on. " * 5) for name in rows]
    return replace(sectors, answer={"sector_recommendations": given})


def reasoned(run: RunResult, count: int) -> RunResult:
    """Its first columns, few enough for reasons of three lines, and calls with three figures that speak for or against
    each."""
    columns = {column_key(column) for column in heatmap_of(run.figures).columns[:12]}
    figures = [each for each in run.figures if column_key(each) in columns]
    told: dict[str, str] = {}
    for each in figures:
        if each.metric == "performance" and each.sector:
            told[each.sector] = told.get(each.sector, "") + f"performance {each.value:+.1f} % ({each.lookback}), "
    rows = list(told.items())[:count]
    given = [advice(name, ("overweight", "underweight")[at % 2], 0.5, why * 2) for at, (name, why) in enumerate(rows)]
    answer = {"sector_recommendations": given}
    evidence = [number.to_json() for number in examine(answer, figures)]
    return replace(run, answer=answer, figures=figures, evidence=evidence)


def tap(tab: Tab, selector: str) -> None:
    tab.value(f"document.querySelector({selector!r}).scrollIntoView({{block: 'center'}})")
    box = tab.value(f"document.querySelector({selector!r}).getClientRects()[0].toJSON()")
    at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    tab.value("window.tapped = new Promise(done => addEventListener('click', () => done(), {once: true})); 0")
    tab.ask("Input.dispatchTouchEvent", type="touchStart", touchPoints=[at])
    tab.ask("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    tab.value("window.tapped")


def test_twelve_industries_and_nineteen_sectors_fit_a_sheet_of_a4(
    shown: Open, industries: RunResult, sectors: RunResult
) -> None:
    asked = replace(sectors, question="The central bank has raised its policy rate. What should be rebalanced? " * 2)
    many = (recommended(sectors, 19), *(recommended(asked, count) for count in (6, 8, 19)))
    many += tuple(reasoned(asked, count) for count in (6, 7, 8, 9))
    assert "Against it now" in render(many[-1])
    runs = (industries, sectors, vietnamese(sectors), *many)
    assert [shown(render(run)).printed() for run in runs] == [(1, A4)] * len(runs)


def test_runs_that_are_compared_with_an_earlier_one_fit_a_sheet_of_a4(shown: Open, later_runs: list[RunResult]) -> None:
    runs = [*later_runs, *map(vietnamese, later_runs)]
    assert len(runs) == 16
    assert [shown(render(run)).printed() for run in runs] == [(1, A4)] * len(runs)


def on_paper(tab: Tab) -> Tab:
    """Between the margins of A4."""
    return tab.on_paper(188, 278)


def test_on_a_full_sheet_the_chart_gives_way_and_elsewhere_it_takes_what_is_left(
    shown: Open, industries: RunResult, sectors: RunResult, later_runs: list[RunResult]
) -> None:
    height = "document.querySelector('.chart').getBoundingClientRect().height"
    full = replace(recommended(later_runs[-1], 19), question="What should be rebalanced? " * 12)
    assert on_paper(shown(render(full))).value(height) == 0
    roomy, less = (on_paper(shown(render(run))).value(height) for run in (recommended(sectors, 1), industries))
    assert roomy > less > 150


def test_what_would_speak_against_calls_takes_the_place_of_a_chart_without_room_whole_or_not_at_all(
    shown: Open, later_runs: list[RunResult]
) -> None:
    """Questions of ever more lines leave ever less room below the heatmap."""
    states = """[
      document.querySelector('.chart').checkVisibility(),
      (([panel, room]) => panel.height > 0 && panel.bottom <= room.bottom && panel.left < room.right)
        (['.against section', '.beside'].map(each => document.querySelector(each).getBoundingClientRect())),
    ]"""
    run = next(each for each in later_runs if each.agent_name == "SectorPro")
    asked = [replace(run, question="What should be rebalanced? " * count) for count in (1, 9, 13, 22)]
    for each in (asked, [*map(vietnamese, asked)]):
        found = [tuple(on_paper(shown(render(one))).value(states)) for one in each]
        assert list(dict.fromkeys(found)) == [(True, False), (False, True), (False, False)]
        assert [shown(render(one)).printed() for one in each] == [(1, A4)] * len(each)


def test_the_sheet_carries_the_id_of_its_run(shown: Open, industries: RunResult) -> None:
    foot = on_paper(shown(render(industries))).value("document.querySelector('footer').innerText")
    assert ADVICE in foot and industries.run_id in foot and "Servers" not in foot


def test_no_heading_of_the_heatmap_is_cut_on_paper(
    shown: Open, sectors: RunResult, later_runs: list[RunResult]
) -> None:
    rotated = [
        figure(str(row), 100.0 + at, metric, unit="points", lookback="70D", tool="get_relative_rotation")
        for row in dict.fromkeys(each.sector for each in sectors.figures if each.sector)
        for at, metric in enumerate(("rotation_ratio", "rotation_momentum"))
    ]
    cut = (
        "[...document.querySelectorAll('.many thead th + th button')]"
        ".filter(each => each.scrollHeight > each.clientHeight + 1).map(each => each.innerText)"
    )
    for run in (*later_runs, replace(sectors, figures=[*sectors.figures, *rotated])):
        for each in (run, vietnamese(run)):
            assert on_paper(shown(render(each))).value(cut) == []
    assert shown(render(vietnamese(run))).value("document.querySelector('.rotation').textContent").count("điểm") > 1


def test_no_figure_of_the_market_is_cut_beside_the_chart(shown: Open, later_runs: list[RunResult]) -> None:
    table = "document.querySelector('.economy .scroll')"
    for run in later_runs:
        tab = shown(render(run))
        assert tab.value(f"{table}.scrollWidth <= {table}.clientWidth")


def test_no_name_touches_the_word_of_a_quadrant_or_another_name_in_the_browsers_font(
    shown: Open, sectors: RunResult, later_runs: list[RunResult]
) -> None:
    touching = """(() => {
      const texts = kind => [...document.querySelectorAll(`.rotation .${kind}`)];
      const names = texts('name'), words = texts('quadrant');
      const meet = (one, other) => {
        const [a, b] = [one, other].map(each => each.getBoundingClientRect());
        return a.left < b.right + 2 && b.left < a.right + 2 && a.top + 3 < b.bottom && b.top + 3 < a.bottom;
      };
      return names.flatMap((one, at) => [...names.slice(at + 1), ...words].filter(other => meet(one, other))
        .map(other => one.textContent + '|' + other.textContent));
    })()"""
    for run in (sectors, *later_runs):
        assert shown(render(run)).value(touching) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1480])
def test_a_page_of_a_real_run_fits_its_width_is_readable_and_fetches_nothing(
    shown: Open, industries: RunResult, sectors: RunResult, tmp_path: Path, width: int, scheme: str
) -> None:
    folder = Path(os.environ.get("ADVISOR_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    for name, run in (("industries", industries), ("sectors", sectors)):
        tab = shown(render(run), width, scheme)
        assert tab.value("document.documentElement.scrollWidth") <= width
        contrasts = tab.value(CONTRASTS)
        assert len(contrasts) > 100 and min(contrasts) >= 4.5
        assert len(tab.seen("Network.requestWillBeSent")) == 1
        assert not tab.seen("Runtime.exceptionThrown", "Log.entryAdded")
        height = min(tab.value("document.documentElement.scrollHeight"), 5000)
        (folder / f"{name}-{width}-{scheme}.png").write_bytes(tab.picture(width, height, scale=0.5))
        assert len(render(run).encode()) <= LIMIT


def test_dark_pages_are_dark_and_light_ones_light(shown: Open, industries: RunResult) -> None:
    paper = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]"
    assert shown(render(industries), scheme="light").value(paper) > 200
    assert shown(render(industries), scheme="dark").value(paper) < 60


def test_a_row_shows_its_sector_in_the_chart_and_leaves_it_again(shown: Open, industries: RunResult) -> None:
    tab = shown(render(industries))
    pointed = "new Set([...document.querySelectorAll('.rotation .pointed')].map(it => it.dataset.sector)).size"
    tab.value("document.querySelector('.heat tbody tr[data-sector=energy]').focus()")
    assert tab.value(pointed) == 1
    assert tab.value("document.querySelector('.rotation .pointed').dataset.sector") == "energy"
    tab.value("document.activeElement.blur()")
    assert tab.value(f"{pointed} + document.querySelectorAll('.rotation.pointing').length") == 0


def test_a_pointer_in_the_chart_shows_the_whole_tail_of_one_sector(shown: Open, industries: RunResult) -> None:
    tab = shown(render(industries))
    tail = (
        "[...document.querySelectorAll('.rotation [data-sector=energy] .tail')]"
        ".map(step => Number(getComputedStyle(step).strokeOpacity))"
    )
    faint = tab.value(tail)
    assert len(faint) == 4 and faint == sorted(faint) and faint[0] < 0.2
    tab.hover(".rotation [data-sector=energy] .head")
    assert tab.value(tail) == [0.9] * 4
    opacity = "getComputedStyle(document.querySelector('.rotation [data-sector={}]')).opacity"
    assert [tab.value(opacity.format(sector)) for sector in ("energy", "finance")] == ["1", "0.2"]
    tab.hover("h1")
    assert tab.value(tail) == faint and tab.value(opacity.format("finance")) == "1"


def test_a_finger_on_a_number_is_told_where_it_stands_and_led_to_its_call(shown: Open, industries: RunResult) -> None:
    tab = shown(render(industries), 390)
    tap(tab, ".advice a.number")
    told = tab.value("document.querySelector('.advice .stands').innerText")
    assert re.fullmatch(r"10\.3 %: Consumer Non-Durables Volatility 24M 10\.28 % · call 4 .*", told)
    assert tab.value("document.querySelectorAll('details[open]').length") == 0
    tap(tab, ".advice .stands a")
    assert tab.value("document.querySelector('#call-4 details').open")


def test_a_table_that_goes_on_to_the_right_says_so(shown: Open, industries: RunResult) -> None:
    hint = "document.querySelector('.hint').checkVisibility()"
    assert shown(render(industries), 390).value(hint)
    wide = shown(render(industries), 1480)
    assert not wide.value(hint) and not wide.value("document.querySelector('.cut.more')")


def test_long_texts_without_blanks_stay_within_a_phone(shown: Open) -> None:
    long = "Ngành" * 60
    run = result(
        question=long,
        answer={"sector_recommendations": [advice(long, "overweight", 0.6, long) | {long: {long: long}}]},
        figures=[figure(long, at - 1.5, f"{long}{at}", unit=long) for at in range(3)],
        warnings=[long],
        benchmark=long,
    )
    assert shown(render(run), 390).value("document.documentElement.scrollWidth") <= 390
