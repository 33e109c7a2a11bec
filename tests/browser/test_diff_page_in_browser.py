"""The page of two runs in a real Chromium: what it fetches, that it never scrolls sideways, how it can be read."""

from __future__ import annotations

import pytest

from tests.browser.chromium import A4, Open
from tests.browser.test_page_in_browser import EVIL
from tests.report.runs_and_pages import evil_run
from tests.report.test_diff_page import moved, page

# The ratio of WCAG 2, of each text on the page's own ground.
CONTRASTS = """[...document.querySelectorAll('.verdict p, .kind, .action, .figures li, .lines span, small, summary')]
.map(each => {
  const light = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(v => v / 255)
      .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const ink = light(getComputedStyle(each).color), ground = light(getComputedStyle(document.body).backgroundColor);
  return (Math.max(ink, ground) + .05) / (Math.min(ink, ground) + .05);
})"""


def test_nothing_is_fetched_or_run_and_the_style_is_let_in(shown: Open) -> None:
    tab = shown(page(evil_run(EVIL, 3), evil_run(f"{EVIL}!", 3), EVIL, 3))
    assert [request["request"]["url"] for request in tab.seen("Network.requestWillBeSent")] == [
        tab.value("location.href")
    ]
    assert not tab.seen("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
    assert tab.value("[typeof window.owned, document.images.length, document.scripts.length]") == ["undefined", 0, 0]
    assert tab.value("getComputedStyle(document.querySelector('.moves > li')).display") == "grid"


@pytest.mark.parametrize("width", [390, 1480])
def test_the_page_never_scrolls_sideways(shown: Open, width: int) -> None:
    long = "unbroken" * 60
    tab = shown(page(evil_run(long, 5), evil_run(f"{long}!", 5), long, 5), width)
    assert tab.value("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(shown: Open, scheme: str) -> None:
    tab = shown(page(moved("overweight", 2.5), moved("underweight", -4.0)), scheme=scheme)
    contrasts = tab.value(CONTRASTS)
    assert len(contrasts) > 10 and min(contrasts) >= 4.5


def test_two_runs_are_printed_on_a4_with_the_figures_of_a_change_in_one_line_each(shown: Open) -> None:
    text = page(moved("overweight", 2.5), moved("underweight", -4.0))
    assert shown(text).printed() == (1, A4)
    tab = shown(text).on_paper(186, 273)
    lines = """[...document.querySelectorAll('.figures li')].map(each => {
      const text = document.createRange();
      text.selectNodeContents(each);
      return new Set([...text.getClientRects()].map(box => Math.round(box.bottom))).size;
    })"""
    assert set(tab.value(lines)) == {1}
    assert tab.value("[...document.querySelectorAll('summary')].some(each => each.checkVisibility())") is False
