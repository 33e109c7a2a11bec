"""The page of a batch in a real Chromium: what it fetches, where it scrolls, how it can be read."""

from __future__ import annotations

import pytest

from agent.batch.outputs import summary
from agent.report.batch_page import Matrix, render
from agent.result import RULES, SIMULATED
from tests.batch.rows_and_envelopes import advice, envelope, row
from tests.browser.chromium import LYING_A4, Open
from tests.browser.test_page_in_browser import EVIL

ACTIONS = ("overweight", "neutral", "underweight")
# The ratio of WCAG 2: of the ink on each cell of a table that has a fill of its own.
CONTRASTS = """[...document.querySelectorAll('.matrix td[class] a')].map(link => {
  const light = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(v => v / 255)
      .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const ink = light(getComputedStyle(link).color);
  const fill = light(getComputedStyle(link.closest('td')).backgroundColor);
  return (Math.max(ink, fill) + .05) / (Math.min(ink, fill) + .05);
})"""


INDUSTRIES = ("Consumer Non-Durables", "Telecommunications", "Manufacturing", "Industrial Goods and Services")


def batch(dates: int) -> str:
    """The page of jobs that give each action with each confidence; of two questions, and with one that failed."""
    sectors = [*INDUSTRIES, *(f"Sector {at}" for at in range(14)), EVIL]
    matrix, rows = Matrix(), [row("bad", "failed", reason=EVIL, where="jobs.yaml:7:5")]
    for at in range(dates):
        date = f"{2000 + at // 12}-{at % 12 + 1:02d}-28"
        given = [
            advice(sector, ACTIONS[(at + line) % 3], (at * 7 + line * 3) % 101 / 100)
            for line, sector in enumerate(sectors)
        ]
        for question in ("Which lead?", f"{EVIL} {'long' * 60}")[: 1 + (at < 3)]:
            run = f"{date}-{len(rows):010x}"
            matrix.add(envelope(run, *given, as_of=date, question=question))
            rows.append(row(run, labels=[SIMULATED, RULES]))
    return render(summary(EVIL, rows, None), matrix)


def test_nothing_is_fetched_or_run_and_the_style_is_let_in(shown: Open) -> None:
    tab = shown(batch(40))
    requests = [request["request"]["url"] for request in tab.seen("Network.requestWillBeSent")]
    assert requests == [tab.value("location.href")]
    assert not tab.seen("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
    assert tab.value("[typeof window.owned, document.images.length, document.scripts.length]") == ["undefined", 0, 0]
    assert tab.value("getComputedStyle(document.querySelector('.matrix tbody th')).position") == "sticky"


@pytest.mark.parametrize("width", [390, 1480])
@pytest.mark.parametrize("dates", [1, 40])
def test_the_page_never_scrolls_sideways(shown: Open, dates: int, width: int) -> None:
    assert shown(batch(dates), width).value("document.documentElement.scrollWidth") <= width


def test_forty_dates_scroll_in_their_own_box_on_a_phone_and_fit_on_a_desk(shown: Open) -> None:
    sizes = "[...document.querySelector('.scroll').children].map(it => [it.offsetWidth, it.parentNode.clientWidth])[0]"
    inner, outer = shown(batch(40), 390).value(sizes)
    assert inner > outer <= 390
    inner, outer = shown(batch(40), 1480).value(sizes)
    assert inner <= outer


def test_the_sector_names_stay_in_sight_while_the_table_scrolls(shown: Open) -> None:
    tab = shown(batch(40), 390)
    left = "document.querySelector('.matrix tbody th').getBoundingClientRect().left"
    before = tab.value(left)
    assert tab.value("document.querySelector('.scroll').scrollLeft = 300") == 300
    assert tab.value("document.querySelector('.scroll').scrollLeft") == 300
    assert tab.value(left) == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_cell_can_be_read(shown: Open, scheme: str) -> None:
    tab = shown(batch(40), scheme=scheme)
    contrasts = tab.value(CONTRASTS)
    assert len(contrasts) == 43 * 19 and min(contrasts) >= 4.5
    fills = "new Set([...document.querySelectorAll('.matrix td')].map(it => getComputedStyle(it).backgroundColor)).size"
    assert tab.value(fills) == 17


@pytest.mark.parametrize("dates", [3, 40])
def test_a_cell_can_be_touched_and_leads_to_the_page_of_its_run(shown: Open, dates: int) -> None:
    tab = shown(batch(dates), 390)
    cell = "document.querySelector('.matrix td a')"
    box = tab.value(f"{cell}.getBoundingClientRect().toJSON()")
    assert min(box["width"], box["height"]) >= 24
    tab.value("addEventListener('click', event => { window.led = event.target.href; event.preventDefault() })")
    tab.click(".matrix td a")
    here = tab.value("location.href").rpartition("/")[0]
    assert tab.value("window.led") == f"{here}/2000-01-28-0000000001.html"


@pytest.mark.parametrize("dates", [3, 12, 40])
def test_every_date_lies_on_the_printed_sheet_and_no_name_is_broken_inside_a_word(shown: Open, dates: int) -> None:
    assert shown(batch(dates)).printed()[1] == LYING_A4
    tab = shown(batch(dates)).on_paper(273, 192)
    assert tab.value(
        "Math.max(...[...document.querySelectorAll('td')].map(it => it.getBoundingClientRect().right))"
    ) <= (tab.value("document.documentElement.clientWidth"))
    broken = """[...document.querySelectorAll('.matrix tbody th')].map(head => head.firstChild)
      .filter(text => text.data.length < 40).flatMap(text => [...text.data.matchAll(/[^ -]+/g)].filter(word => {
        const range = document.createRange();
        range.setStart(text, word.index);
        range.setEnd(text, word.index + word[0].length);
        return range.getClientRects().length > 1;
      }).map(word => word[0]))"""
    assert tab.value("document.querySelectorAll('.matrix tbody th').length") > len(INDUSTRIES)
    assert tab.value(broken) == []
    assert tab.on_paper(186, 273).value(broken) == []
