"""MCP Apps in a real Chromium, within a host page: what they draw, how they follow their host, and what they fetch."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from agent.market.server import build
from agent.serving import pages
from tests.browser.chromium import Tab
from tests.browser.hosting import Hosted, host
from tests.browser.test_eval_page_in_browser import CONTRASTS
from tests.browser.test_page_in_browser import EVIL
from tests.serving.client import SHOWS_APPS

Show = Callable[..., Hosted]

ROWS = "[...document.querySelectorAll('tbody tr')].map(row => row.cells[{}].innerText)"
FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))"
"""Until all is laid out and looked at."""
_OF_255 = "(colour.startsWith('color(srgb') ? colour.replace(/[\\d.]+/g, (part) => 255 * part) : colour).match"
"""Mixed colours come as parts of 1."""


def against_the_browser(hosted: Hosted, theme: str) -> None:
    """The browser's own preference is the other theme."""
    other = {"light": "dark", "dark": "light"}[theme]
    with hosted.inside() as frame:
        frame.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": other}])
        assert frame.value(f"matchMedia('(prefers-color-scheme: {other})').matches")


def contrasts_of(selector: str) -> str:
    """An expression: the contrast of each element with what is behind it."""
    told = CONTRASTS.replace(".verdict, .change, .differs .action, .differ", selector)
    return told.replace("colour.match", _OF_255)


async def asked(tool: str, **arguments: Any) -> tuple[str, dict[str, Any]]:
    """The App of a tool of the market server, and a result, as a host has both."""
    async with Client(build("vn-sim"), extensions=SHOWS_APPS) as client:
        [declared] = [each for each in (await client.list_tools()).tools if each.name == tool]
        assert declared.meta
        [app] = (await client.read_resource(declared.meta["ui"]["resourceUri"])).contents
        result = await client.call_tool(tool, arguments)
    return app.text, result.model_dump(mode="json", by_alias=True, exclude_none=True)


@pytest.fixture
def show(tab: Tab, tmp_path: Path) -> Show:
    def shown(app: str, *results: dict[str, Any], width: int = 900, **context: Any) -> Hosted:
        tab.resize(width, 900)
        return Hosted(tab, host(tmp_path, app, list(results), **context))

    return shown


def untroubled(hosted: Hosted) -> bool:
    """Nothing was fetched but the host page, nothing failed, nothing was refused by a policy, no foreign script ran."""
    troubles = hosted.tab.seen("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
    only_host = hosted.requests() == [hosted.tab.value("location.href")]
    return only_host and troubles == [] and hosted.value("typeof window.owned") == "undefined"


async def test_the_heatmap_draws_the_table_of_the_result_and_fetches_nothing(show: Show) -> None:
    app, result = await asked("get_sector_heatmap")
    hosted = show(app, result, toolInfo={"tool": {"name": "get_sector_heatmap", "title": "Heatmap of sectors"}})
    rows = result["structuredContent"]["rows"]
    hosted.once("document.querySelector('tbody tr')")
    assert hosted.value(ROWS.format(0)) == [row["sector"] for row in rows]
    shown = [number.replace("−", "-") for number in hosted.value(ROWS.format(1))]
    assert [float(number) for number in shown] == pytest.approx([row["performance"] for row in rows], abs=0.051)
    assert hosted.value("document.querySelector('#tag').checkVisibility()")
    assert hosted.value("document.querySelector('h1').innerText") == "Heatmap of sectors"
    assert "As of 2025-12-31" in hosted.value("document.querySelector('#about').innerText")
    assert untroubled(hosted) and len(app.encode()) < 40_000


async def test_relative_rotation_is_a_table_of_one_day(show: Show) -> None:
    app, result = await asked("get_relative_rotation")
    hosted = show(app, result)
    hosted.once("document.querySelector('tbody tr')")
    heads = hosted.value("[...document.querySelectorAll('th button')].map(head => head.firstChild.data)")
    assert heads == [
        "Sector",
        "Rotation ratio",
        "Rotation momentum",
        "Rotation heading",
        "Rotation length",
        "Quadrant",
    ]
    assert hosted.value("document.querySelectorAll('tbody tr:first-child td').length") == 5
    assert len(result["structuredContent"]["rows"][0]["tail"]) == 4


async def test_numbers_have_a_sign_and_the_sign_a_colour_that_every_eye_tells_apart(show: Show) -> None:
    app, result = await asked("get_sector_heatmap")
    hosted = show(app, result, theme="light")
    signs = "[...document.querySelectorAll('td.{}')].filter(cell => cell.dataset.v != 0).map(cell => cell.innerText[0])"
    hosted.once("document.querySelector('tbody tr')")
    assert set(hosted.value(signs.format("up"))) == {"+"} and set(hosted.value(signs.format("down"))) == {"−"}
    strongest = (
        "[...new Set([...document.querySelectorAll('td.{}')].filter(cell => cell.style.cssText.includes('100%'))\
.map(cell => getComputedStyle(cell).backgroundColor))]"
    )
    for kind, rgb in (("up", (0x43, 0x93, 0xC3)), ("down", (0xE0, 0x82, 0x14))):
        [colour] = hosted.value(strongest.format(kind))
        parts = [float(part) for part in colour.removeprefix("color(srgb ").rstrip(")").split()]
        assert [round(255 * part) for part in parts] == list(rgb)


async def test_columns_sort_by_click_and_by_keyboard(show: Show) -> None:
    app, result = await asked("get_sector_heatmap")
    hosted = show(app, result)
    hosted.once("document.querySelector('tbody tr')")
    values = [row["performance"] for row in result["structuredContent"]["rows"]]
    order = "[...document.querySelectorAll('tbody tr')].map(row => Number(row.cells[1].dataset.v))"
    with hosted.inside() as frame:
        frame.value("document.querySelector('th:nth-child(2) button').click()")
        assert frame.value(order) == sorted(values, reverse=True)
        frame.value("document.querySelector('th:nth-child(2) button').focus()")
        frame.press("Enter", "\r", 13)
        assert frame.value(order) == sorted(values)
        sorts = frame.value("[...document.querySelectorAll('[aria-sort]')].map(each => each.ariaSort)")
        assert sorts == ["none", "ascending", "none", "none", "none"]
        frame.value("document.querySelector('th button').click()")
        assert frame.value(ROWS.format(0)) == sorted(frame.value(ROWS.format(0)))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("tool", ["get_sector_heatmap", "get_relative_rotation"])
async def test_everything_can_be_read_in_the_theme_of_the_host(show: Show, tool: str, theme: str) -> None:
    app, result = await asked(tool)
    hosted = show(app, result, theme=theme)
    hosted.once("document.querySelector('tbody tr')")
    against_the_browser(hosted, theme)
    contrasts = hosted.value(contrasts_of("td, th, button, small, p, li, h1, #tag"))
    assert len(contrasts) > 100 and min(contrasts) >= 4.5
    dark = hosted.value("getComputedStyle(document.body).backgroundColor") == "rgb(25, 29, 34)"
    assert dark == (theme == "dark")


async def test_the_theme_follows_the_host_when_it_changes(show: Show) -> None:
    app, result = await asked("get_sector_heatmap")
    hosted = show(app, result, theme="light")
    hosted.once("document.querySelector('tbody tr')")
    hosted.tab.value("send({method: 'ui/notifications/host-context-changed', params: {theme: 'dark'}})")
    assert hosted.once("getComputedStyle(document.documentElement).colorScheme === 'dark'")


async def test_on_a_phone_the_table_scrolls_and_the_names_stay(show: Show) -> None:
    app, result = await asked("get_sector_heatmap", metrics=["performance", "momentum", "volatility", "beta"])
    hosted = show(app, result, width=390)
    hosted.once("document.querySelector('tbody tr')")
    assert hosted.value("document.documentElement.scrollWidth") <= 390
    hosted.value("document.querySelector('.scroll').scrollLeft = 100")
    left = "document.querySelector('tbody {}').getBoundingClientRect().left"
    assert hosted.value("document.querySelector('.scroll').scrollLeft") > 0
    assert 0 <= hosted.value(left.format("th")) < 20 and hosted.value(left.format("td")) < 150


async def test_the_host_is_greeted_told_of_the_size_and_answered(show: Show) -> None:
    app, result = await asked("get_relative_rotation")
    hosted = show(app, result)
    hosted.once("document.querySelector('tbody tr')")
    [greeting] = hosted.heard("ui/initialize")
    assert greeting["params"]["protocolVersion"] == "2026-01-26"
    assert {"appInfo", "appCapabilities"} <= set(greeting["params"])
    assert len(hosted.heard("ui/notifications/initialized")) == 1
    height = hosted.value("Math.ceil(document.documentElement.getBoundingClientRect().height)")
    told = f"each.method === 'ui/notifications/size-changed' && each.params.height === {height}"
    hosted.tab.value(f"until((each) => {told})")
    hosted.tab.value("send({id: 7, method: 'ui/resource-teardown', params: {reason: 'closed'}})")
    hosted.tab.value("send({id: 8, method: 'tools/list', params: {}})")
    answers = {each.get("id"): each for each in hosted.tab.value("until((each) => each.id === 8)")}
    assert (answers[7]["result"], answers[8]["error"]["code"]) == ({}, -32601)


async def test_a_host_that_takes_the_size_it_is_told_leaves_the_width_to_its_window(show: Show) -> None:
    app, result = await asked("get_sector_heatmap")
    hosted = show(app, result, width=900)
    hosted.once("document.querySelector('tbody tr')")
    hosted.tab.resize(390, 900)
    assert hosted.once("innerWidth === 390")
    hosted.tab.resize(900, 900)
    assert hosted.once("innerWidth === 900")
    assert all(set(each["params"]) == {"height"} for each in hosted.heard("ui/notifications/size-changed"))


@pytest.mark.parametrize(
    "hidden",
    [
        "document.documentElement.style.display = 'none'",
        "Object.defineProperty(window, 'innerWidth', {value: 0}); document.body.style.paddingTop = '99px'",
    ],
    ids=["without height", "without width"],
)
async def test_an_app_that_is_hidden_tells_no_size(show: Show, hidden: str) -> None:
    app, result = await asked("get_sector_heatmap")
    hosted = show(app, result)
    hosted.once("document.querySelector('tbody tr')")
    assert hosted.heard("ui/notifications/size-changed")
    hosted.value(f"{hidden}; {FRAMES}")
    hosted.tab.value("send({id: 9, method: 'ping', params: {}})")
    hosted.tab.value("until((each) => each.id === 9)")
    height = hosted.value("Math.ceil(document.documentElement.getBoundingClientRect().height)")
    assert height not in [each["params"]["height"] for each in hosted.heard("ui/notifications/size-changed")]


async def test_a_host_that_does_not_name_the_tool_gets_a_heading_that_fits_each(show: Show) -> None:
    app, result = await asked("get_relative_rotation")
    hosted = show(app, result)
    hosted.once("document.querySelector('tbody tr')")
    assert hosted.value("[document.title, document.querySelector('h1').innerText]") == ["Sectors", "Sectors"]


async def test_an_error_is_told_in_its_own_words(show: Show) -> None:
    app, result = await asked("get_sector_heatmap", as_of="soon")
    hosted = show(app, result)
    assert hosted.once("document.querySelector('#about').innerText.startsWith('as_of must be a date')")
    assert not hosted.value("document.querySelector('#figures').checkVisibility()")


async def test_what_a_server_says_is_text_and_never_markup(show: Show) -> None:
    app, result = await asked("get_sector_heatmap")
    data = result["structuredContent"]
    evil = data | {"benchmark": EVIL, "notes": [EVIL], "source": EVIL, "rows": [data["rows"][0] | {"sector": EVIL}]}
    hosted = show(app, {"content": [], "structuredContent": evil})
    hosted.once("document.querySelector('tbody tr')")
    assert hosted.value(ROWS.format(0)) == [EVIL]
    assert hosted.value("document.images.length") == 0 and untroubled(hosted)


async def test_the_same_file_opens_from_disk_with_its_figures_in_it(tab: Tab, tmp_path: Path) -> None:
    app, result = await asked("get_sector_heatmap")
    empty = '<script type="application/json" id="embedded">'
    held = json.dumps(result).replace("<", "\\u003c")
    (tmp_path / "heatmap.html").write_text(app.replace(empty, empty + held), encoding="utf-8")
    tab.go((tmp_path / "heatmap.html").as_uri())
    assert tab.value(ROWS.format(0)) == [row["sector"] for row in result["structuredContent"]["rows"]]
    assert [each["request"]["url"] for each in tab.seen("Network.requestWillBeSent")] == [tab.value("location.href")]


def with_page(planned: Path) -> dict[str, Any]:
    text = (planned / "page.html").read_bytes()
    return {"content": [{"type": "text", "text": "in short"}], "_meta": pages.enclosed(text)}


def run_app() -> str:
    return pages.read(pages.APP, ()).text


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_run_is_shown_as_its_page_in_the_theme_of_the_host(show: Show, planned: Path, theme: str) -> None:
    hosted = show(run_app(), with_page(planned), theme=theme)
    assert hosted.once("document.querySelector('h1')?.innerText") == "Which sectors lead?"
    against_the_browser(hosted, theme)
    background = hosted.value("getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(251, 251, 250)", "dark": "rgb(20, 23, 27)"}[theme]
    assert min(hosted.value(contrasts_of(".heat td[class], .action, .tag, p, h1"))) >= 4.5
    assert untroubled(hosted)


def test_a_runs_page_still_sorts_and_points_at_its_calls(show: Show, planned: Path) -> None:
    hosted = show(run_app(), with_page(planned))
    hosted.once("document.querySelector('.heat tbody tr')")
    hosted.value("document.querySelector('th[aria-sort]:nth-child(2)').click()")
    assert hosted.value("document.querySelectorAll('[aria-sort=descending]').length") == 1
    hosted.value("document.querySelector('a.number').focus()")
    assert hosted.value("document.querySelectorAll('.pointed').length") > 0


def test_a_number_leads_to_its_call_and_not_out_of_the_app(show: Show, planned: Path) -> None:
    hosted = show(run_app(), with_page(planned))
    hosted.once("document.querySelector('.heat tbody tr')")
    hosted.tab.value("frame.style.maxHeight = '300px'")
    hosted.once("innerHeight === 300")
    click = "new MouseEvent('click', {bubbles: true, cancelable: true})"
    assert not hosted.value(f"document.querySelector('a.number').dispatchEvent({click})"), "the frame would follow it"
    assert hosted.value("document.querySelector('details[open]').closest('[id]').id").startswith("call-")
    assert hosted.value("document.querySelector('details[open]').getBoundingClientRect().top") < 300


def test_the_app_speaks_the_language_of_its_page(show: Show, planned: Path) -> None:
    result = with_page(planned)
    result["_meta"][pages.PAGE] = result["_meta"][pages.PAGE].replace('<html lang="en">', '<html lang="vi">')
    hosted = show(run_app(), result)
    hosted.once("document.querySelector('.heat tbody tr')")
    assert hosted.value("document.documentElement.lang") == "vi"


def test_an_app_that_waits_for_its_run_is_one_line_high(show: Show) -> None:
    told = show(run_app()).heard("ui/notifications/size-changed")
    assert 0 < told[0]["params"]["height"] < 80


def test_a_page_that_holds_another_script_does_not_run_it(show: Show, planned: Path) -> None:
    result = with_page(planned)
    foreign = "<script>window.owned = 1</script><img src=x onerror='window.owned = 1'>"
    result["_meta"][pages.PAGE] = result["_meta"][pages.PAGE].replace("<main>", f"<main>{foreign}")
    hosted = show(run_app(), result)
    hosted.once("document.querySelector('.heat tbody tr')")
    assert hosted.value("[typeof window.owned, document.scripts.length]") == ["undefined", 2]


def test_a_run_without_a_page_is_told_in_words(show: Show) -> None:
    hosted = show(run_app(), {"isError": True, "content": [{"type": "text", "text": "credentials: no key\nHint: x"}]})
    assert hosted.once("document.body.innerText.startsWith('credentials: no key')")
    hosted = show(run_app())
    hosted.tab.value("until((each) => each.method === 'ui/notifications/initialized')")
    hosted.tab.value("send({method: 'ui/notifications/tool-cancelled', params: {reason: 'x'}})")
    assert hosted.once("document.body.innerText.startsWith('The run was cancelled.')")
