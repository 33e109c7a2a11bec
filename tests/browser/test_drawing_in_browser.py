"""The drawing of a run in a real Chromium, in whatever font that has: it fits, and fetches nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.report.drawing import WIDTH, draw
from agent.result import RunResult
from tests.browser import test_page_in_browser
from tests.browser.test_page_in_browser import CHROMIUM, EVIL, Tab
from tests.report.drawn_runs import drawn_run
from tests.report.runs_and_pages import evil_run

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium found: apt-get install chromium")
tab = test_page_in_browser.tab
Show = Callable[[RunResult], Tab]

# Texts by class, with the rectangles that they cover, in pixels.
TEXTS = """[...document.querySelectorAll('text:not(.watermark)')].map(each => {
  const {left, right, top, bottom} = each.getBoundingClientRect();
  return {kind: each.getAttribute('class'), said: each.textContent, left, right, top, bottom};
})"""


@pytest.fixture
def shown(tab: Tab, tmp_path: Path) -> Show:
    def show(run: RunResult) -> Tab:
        file = tmp_path / "run.svg"
        file.write_text(draw(run), encoding="utf-8")
        tab.resize(1400, 900)
        tab.go(file.as_uri())
        return tab

    return show


@pytest.mark.parametrize("run", [drawn_run(), evil_run(EVIL, 30)], ids=["plain", "evil"])
def test_no_text_leaves_the_drawing_and_nothing_is_fetched(run: RunResult, shown: Show) -> None:
    tab = shown(run)
    texts = tab.value(TEXTS)
    assert len(texts) > 50
    assert [each["said"] for each in texts if each["left"] < 0 or each["right"] > WIDTH] == []
    requests = [each["request"]["url"] for each in tab.seen("Network.requestWillBeSent")]
    assert [url for url in requests if not url.endswith("/run.svg")] == []


def test_names_in_the_rotation_do_not_cover_each_other(shown: Show) -> None:
    names = [each for each in shown(drawn_run()).value(TEXTS) if each["kind"] == "name"][-4:]
    for at, one in enumerate(names):
        for other in names[at + 1 :]:
            across = min(one["right"], other["right"]) - max(one["left"], other["left"])
            assert across <= 0 or min(one["bottom"], other["bottom"]) <= max(one["top"], other["top"])
