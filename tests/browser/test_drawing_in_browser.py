"""The drawing of a run in a real Chromium, in whatever font that has: it fits, and fetches nothing."""

from __future__ import annotations

import pytest

from agent.report.drawing import WIDTH, draw
from agent.result import RunResult
from tests.browser.chromium import Open
from tests.browser.test_page_in_browser import EVIL
from tests.report.drawn_runs import drawn_run
from tests.report.runs_and_pages import evil_run

# Texts by class, with the rectangles that they cover, in pixels.
TEXTS = """[...document.querySelectorAll('text:not(.watermark)')].map(each => {
  const {left, right, top, bottom} = each.getBoundingClientRect();
  return {kind: each.getAttribute('class'), said: each.textContent, left, right, top, bottom};
})"""


@pytest.mark.parametrize("run", [drawn_run(), evil_run(EVIL, 30)], ids=["plain", "evil"])
def test_no_text_leaves_the_drawing_and_nothing_is_fetched(run: RunResult, shown: Open) -> None:
    tab = shown(draw(run), 1400, name="run.svg")
    texts = tab.value(TEXTS)
    assert len(texts) > 50
    assert [each["said"] for each in texts if each["left"] < 0 or each["right"] > WIDTH] == []
    requests = [each["request"]["url"] for each in tab.seen("Network.requestWillBeSent")]
    assert [url for url in requests if not url.endswith("/run.svg")] == []


def test_names_in_the_rotation_do_not_cover_each_other(shown: Open) -> None:
    texts = shown(draw(drawn_run()), 1400, name="run.svg").value(TEXTS)
    names = [each for each in texts if each["kind"] == "name"][-4:]
    for at, one in enumerate(names):
        for other in names[at + 1 :]:
            across = min(one["right"], other["right"]) - max(one["left"], other["left"])
            assert across <= 0 or min(one["bottom"], other["bottom"]) <= max(one["top"], other["top"])
