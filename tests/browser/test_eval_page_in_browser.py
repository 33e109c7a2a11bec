"""The page of a suite's outcome in a real Chromium: what it fetches, how it filters, how it can be read."""

from __future__ import annotations

import pytest

from agent.report.eval_page import render
from tests.browser.chromium import Open, Tab
from tests.browser.test_page_in_browser import EVIL
from tests.report.outcomes import attack, call, case, check, compared, outcome, run, sample, score
from tests.report.runs_and_pages import advice

LONG = "long" * 60
# The ratio of WCAG 2, of the ink of each state on the first fill behind it.
CONTRASTS = """[...document.querySelectorAll('.verdict, .change, .differs .action, .differ')].map(it => {
  const light = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(v => v / 255)
      .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const ink = light(getComputedStyle(it).color);
  while (getComputedStyle(it).backgroundColor === 'rgba(0, 0, 0, 0)') it = it.parentElement;
  const fill = light(getComputedStyle(it).backgroundColor);
  return (Math.max(ink, fill) + .05) / (Math.min(ink, fill) + .05);
})"""
SHOWN = """[...document.querySelectorAll('{}')].filter(it => it.checkVisibility())
  .map(it => it.querySelector('{}').innerText)"""


def page() -> str:
    """Of cases with each verdict, whose runs say hostile and long things; with attacks and a comparison."""
    given = run(advice(EVIL, "neutral", 0.5, LONG), advice("Banks"), calls=[call(LONG, arguments={EVIL: LONG})])
    other = run(advice("Banks", "underweight"), status="invalid", stop_reason=LONG)
    odd = {"what": EVIL, "recorded": LONG, "now": EVIL}
    left = sample(run=given, verdict="fail", checks=[check(LONG, 0.0, explanation=EVIL)], divergence=odd)
    right = sample(EVIL, "insufficient", run=other, checks=[check("usd", None)], scores={LONG: score(None, LONG)})
    cases = [
        case("good", tags=["plain", "vn"]),
        case("bad", "fail", left, right, tags=["hostile", "vn"], reasons=[LONG], question=f"{EVIL} {LONG}"),
        case(f"{EVIL}{LONG}", "insufficient", right, tags=["plain", LONG]),
        case("fine", tags=["hostile"]),
    ]
    against = compared(
        ("a", "pass", "fail", "worse"), (LONG, None, "pass", "only right"), ("b", "fail", "pass", "better")
    )
    return render(outcome(*cases, suite=EVIL, reasons=[LONG], totals={"attacks": [attack()]}), against)


def cases_shown(tab: Tab) -> list[str]:
    """Names in the table, which are those of the details below it."""
    rows: list[str] = tab.value(SHOWN.format("tr[data-verdict]", "a"))
    assert tab.value(SHOWN.format("details[data-verdict]", "b")) == rows
    return [name.partition("<")[0] for name in rows]


def choose(tab: Tab, at: int, letter: str) -> None:
    """By keyboard: the filter number `at` gets the focus, and a letter picks the option that begins with it."""
    tab.value(f"document.querySelectorAll('.filter select')[{at}].focus()")
    tab.press(letter, letter, ord(letter.upper()))


def test_nothing_is_fetched_and_only_our_script_runs(shown: Open) -> None:
    tab = shown(page())
    requests = [request["request"]["url"] for request in tab.seen("Network.requestWillBeSent")]
    assert requests == [tab.value("location.href")]
    assert not tab.seen("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
    assert tab.value("[typeof window.owned, document.images.length, document.scripts.length]") == ["undefined", 0, 1]
    assert tab.value("getComputedStyle(document.querySelector('td .verdict')).display") == "inline-block"


def test_the_filters_work_by_keyboard_and_together(shown: Open) -> None:
    tab = shown(page())
    told = "document.querySelector('.filter output').value"
    assert (cases_shown(tab), tab.value(told)) == (["bad", "", "good", "fine"], "4 of 4 shown")
    choose(tab, 1, "v")
    assert (cases_shown(tab), tab.value(told)) == (["bad", "good"], "2 of 4 shown")
    choose(tab, 0, "✓")
    assert (cases_shown(tab), tab.value(told)) == (["good"], "1 of 4 shown")
    choose(tab, 1, "h")
    assert cases_shown(tab) == ["fine"]
    choose(tab, 0, "a")
    assert cases_shown(tab) == ["bad", "fine"]


def test_a_link_to_a_case_opens_it(shown: Open) -> None:
    tab = shown(page())
    opened = "[...document.querySelectorAll('details.case')].map(it => it.open)"
    assert tab.value(opened) == [False] * 4
    tab.click("a[href='#case-3']")
    tab.value("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    assert tab.value(opened) == [False, False, True, False]


def test_a_page_opened_at_a_case_shows_it(shown: Open) -> None:
    tab = shown(page(), anchor="#case-1")
    assert tab.value("[...document.querySelectorAll('details.case[open]')].map(it => it.id)") == ["case-1"]


@pytest.mark.parametrize("width", [390, 1480])
def test_the_page_never_scrolls_sideways(shown: Open, width: int) -> None:
    tab = shown(page(), width)
    tab.value("document.querySelectorAll('details').forEach(it => { it.open = true })")
    assert tab.value("document.documentElement.scrollWidth") <= width
    assert tab.value("document.body.scrollWidth") <= width


def test_two_answers_fit_a_phone_beside_each_other(shown: Open) -> None:
    tab = shown(page(), 390, anchor="#case-1")
    inner, outer = tab.value(
        "[...document.querySelectorAll('#case-1 .answers')].map(it => [it.offsetWidth, it.parentNode.clientWidth])[0]"
    )
    assert 0 < inner <= outer


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_state_can_be_read_and_told_apart(shown: Open, scheme: str) -> None:
    tab = shown(page(), scheme=scheme)
    contrasts = tab.value(CONTRASTS)
    assert len(contrasts) > 20 and min(contrasts) >= 4.5
    borders = (
        "new Set(['pass', 'fail', 'insufficient'].map(it => { const style = getComputedStyle(document"
        ".querySelector('.verdict.' + it)); return style.borderTopStyle + style.boxShadow })).size"
    )
    assert tab.value(borders) == 3


def test_a_printed_page_has_the_details_of_every_case_and_no_filter(shown: Open) -> None:
    tab = shown(page())
    height = "document.querySelector('details.case').getBoundingClientRect().height"
    closed = tab.value(height)
    tab.ask("Emulation.setEmulatedMedia", media="print")
    assert tab.value(height) > 3 * closed
    assert tab.value("getComputedStyle(document.querySelector('.filter')).display") == "none"
