"""The page in a real Chromium: how it sorts, scrolls and points, and that it runs and fetches nothing foreign."""

from __future__ import annotations

import pytest

from agent.evidence import examine
from agent.figures import Figure
from agent.report.page import render
from agent.result import SIMULATED, Call, RunResult
from tests.browser.chromium import Open, Tab

EVIL = "<script>window.owned = 1</script>\"'><img src=http://evil.invalid/x onerror='window.owned = 1'>"
PERFORMANCE = {"Banks": 2.5, EVIL: None, "Retail": 11.0, "Bất động sản": -7.25, "Media": 0.4}


def _result() -> RunResult:
    def figure(sector: str, metric: str, value: float | None) -> Figure:
        return Figure(sector, metric, value, "percent", "3M", "2025-12-31", "get_sector_heatmap", "c1", "/rows/0")

    return RunResult(
        run_id="run-1",
        status="ok",
        question=f"Which sectors lead? {EVIL} {'long' * 60}",
        labels=[SIMULATED],
        answer={
            "sector_recommendations": [
                {"sector_name": EVIL, "action": "overweight", "rationale": "y" * 400, "confidence_score": 0.6}
            ]
        },
        figures=[figure(sector, "performance", value) for sector, value in PERFORMANCE.items()]
        + [figure("Banks", f"other_{at}_return", 1.0) for at in range(12)]
        + [figure(EVIL, f"{'longmetric' * 6}{EVIL}", 1.0)],
        calls=[Call("c1", 1, EVIL, "market", EVIL, {EVIL: "z" * 300}, EVIL * 20)],
        warnings=[EVIL],
    )


def _order(tab: Tab) -> list[str]:
    order: list[str] = tab.value("[...document.querySelectorAll('.heat tbody tr')].map(row => row.cells[1].innerText)")
    return order


def _sorted_by(tab: Tab) -> list[str]:
    kinds: list[str] = tab.value(
        "[...document.querySelectorAll('.heat th[aria-sort]')].map(head => head.getAttribute('aria-sort'))"
    )
    return kinds[:3]


GIVEN = ["–", "+2.5", "+11.0", "−7.2", "+0.4"]
FALLING = ["+11.0", "+2.5", "+0.4", "−7.2", "–"]
RISING = ["−7.2", "+0.4", "+2.5", "+11.0", "–"]
NUMBERS = "th[aria-sort]:nth-child(2)"


def test_clicks_on_a_header_sort_numbers_as_numbers_with_empty_cells_last(shown: Open) -> None:
    tab = shown(render(_result()))
    assert (_order(tab), _sorted_by(tab)) == (GIVEN, ["none", "none", "none"])
    tab.click(NUMBERS)
    assert (_order(tab), _sorted_by(tab)) == (FALLING, ["none", "descending", "none"])
    tab.click(NUMBERS)
    assert (_order(tab), _sorted_by(tab)) == (RISING, ["none", "ascending", "none"])


@pytest.mark.parametrize(("key", "text", "code"), [("Enter", "\r", 13), (" ", " ", 32)], ids=["enter", "space"])
def test_keys_on_a_focused_header_sort_and_keep_the_focus(shown: Open, key: str, text: str, code: int) -> None:
    tab = shown(render(_result()))
    tab.value(f"document.querySelector('{NUMBERS} button').focus()")
    tab.press(key, text, code)
    assert (_order(tab), _sorted_by(tab)) == (FALLING, ["none", "descending", "none"])
    assert tab.value(f"document.activeElement.matches('{NUMBERS} button')")


def test_the_sector_header_sorts_by_name(shown: Open) -> None:
    tab = shown(render(_result()))
    tab.click("th[aria-sort]")
    names = tab.value("[...document.querySelectorAll('.heat tbody th')].map(head => head.dataset.v)")
    assert [name for name in names if name != EVIL[:80]][-3:] == ["Bất động sản", "Media", "Retail"]
    assert _sorted_by(tab) == ["ascending", "none", "none"]


def test_nothing_that_tools_or_models_said_runs_or_is_fetched(shown: Open) -> None:
    tab = shown(render(_result()))
    tab.click(NUMBERS)
    requests = [request["request"]["url"] for request in tab.seen("Network.requestWillBeSent")]
    assert requests == [tab.value("location.href")]
    assert not tab.seen("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
    assert tab.value("[typeof window.owned, document.images.length, document.scripts.length]") == [
        "undefined",
        0,
        1,
    ]


@pytest.mark.parametrize(
    ("attempt", "directive"),
    [
        ("new Image().src = 'http://evil.invalid/x'", "img-src"),
        ("fetch('http://evil.invalid/x').catch(() => 0)", "connect-src"),
        (
            "document.head.append(Object.assign(document.createElement('script'), {text: '1'}))",
            "script-src-elem",
        ),
        ("document.body.setAttribute('onclick', '1')", "script-src-attr"),
    ],
)
def test_the_policy_of_the_page_blocks(shown: Open, attempt: str, directive: str) -> None:
    blocked = shown(render(_result())).value(
        "new Promise(done => { document.addEventListener('securitypolicyviolation',"
        f" event => done(event.effectiveDirective)); {attempt} }})"
    )
    assert blocked == directive


@pytest.mark.parametrize("width", [390, 1480])
def test_a_wide_table_scrolls_in_its_own_box_and_the_page_does_not(shown: Open, width: int) -> None:
    tab = shown(render(_result()), width=width)
    assert tab.value("document.documentElement.scrollWidth") <= width
    inner, outer = (tab.value(f"document.querySelector('.scroll').{size}Width") for size in ("scroll", "client"))
    assert outer <= width and inner > outer


def test_the_sector_names_stay_in_sight_while_the_table_scrolls(shown: Open) -> None:
    tab = shown(render(_result()), width=390)
    left = "document.querySelector('.heat tbody th').getBoundingClientRect().left"
    before = tab.value(left)
    assert tab.value("document.querySelector('.scroll').scrollLeft = 500") == 500
    assert tab.value("document.querySelector('.scroll').scrollLeft") > 100
    assert tab.value(left) == before


def test_the_simulated_watermark_lies_over_the_page_without_taking_clicks(shown: Open) -> None:
    tab = shown(render(_result()))
    assert tab.value("document.querySelector('.watermark').innerText.trim()") == "SIMULATED"
    assert not tab.value("document.elementFromPoint(740, 450).closest('.watermark')")


def _cited() -> RunResult:
    """Two numbers, one that a figure bears out and one that none does; the figure came in two calls."""
    said = "Up 2.5 % (3M), at a yield of 6.4 %."
    heat = [
        Figure("Banks", "performance", 2.5, "percent", "3M", "2025-12-31", "heat", call, "/rows/0/performance")
        for call in ("c1", "c2")
    ]
    answer = {"sector_recommendations": [{"sector_name": "Banks", "action": "overweight", "rationale": said}]}
    calls = [Call(call, 1, "heat", "market", "heat", {}, "{}") for call in ("c1", "c2")]
    evidence = [number.to_json() for number in examine(answer, heat)]
    return RunResult(run_id="r", status="ok", answer=answer, figures=heat, calls=calls, evidence=evidence)


def test_a_number_points_at_its_cell_and_opens_its_call(shown: Open) -> None:
    tab = shown(render(_cited()))
    assert tab.value("document.querySelector('.number.unborne').innerText") == "6.4 %"
    tab.value("document.querySelector('a.number').focus()")
    assert tab.value("document.querySelector('.heat td.pointed').innerText") == "+2.5"
    tab.value("document.querySelector('a.number').blur()")
    assert tab.value("document.querySelector('.heat td.pointed')") is None
    tab.click("a.number")
    assert tab.value("document.querySelector('#call-2 details').open") is True
    assert "Banks Performance 3M 2.50 %" in tab.value("document.querySelector('#call-2 .cited').innerText")
