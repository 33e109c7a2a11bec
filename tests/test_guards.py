from __future__ import annotations

import json
from typing import Any

import pytest

from agent.events import ToolAnswered
from agent.guards import LEAK, foreign_urls, leads_to, repeats, returned_urls, texts, urls_in
from agent.tools.content import cut, text_of
from tests.asking import ask
from tests.messages_api import call
from tests.resuming import cut_after, go_on
from tests.scripted import ANSWER, Scripted, answer, market, said

URL = "https://charts.example/heat/7.png?as=png&n=1"
OTHER = "https://charts.example/other.png"


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def link(uri: str) -> dict[str, Any]:
    return {"type": "resource_link", "uri": uri, "name": "heatmap"}


def result(*blocks: dict[str, Any], data: Any = None) -> dict[str, Any]:
    return {"content": list(blocks)} | ({} if data is None else {"structuredContent": data})


def returned(sent: dict[str, Any], arguments: Any = None, limit: int = 10**6) -> set[str]:
    return returned_urls(sent, cut(text_of(sent), limit), arguments or {})


GIVEN = {
    "member": result(data={"kind": "real", "heatmap": URL}),
    "nested item": result(data={"pages": [{"links": ["none", [URL]]}]}),
    "blanks around it": result(data={"heatmap": f"\n {URL} "}),
    "text that is JSON": result(text(json.dumps({"heatmap": URL}))),
    "text that is a JSON string": result(text(json.dumps(URL))),
    "text that escapes its slashes": result(text(json.dumps({"heatmap": URL}).replace("/", "\\/"))),
    "text that escapes its ampersands": result(text(json.dumps({"heatmap": URL}).replace("&", "\\u0026"))),
    "text and nothing else": result(text(f"{URL}\n")),
    "text of its own beside others": result(text("Here it is:"), text(URL)),
    "text that its server wrapped": result(text(URL), data={"result": URL}),
    "linked resource": result(text("Here it is:"), link(URL)),
    "linked resource beside data": result(link(URL), data={"kind": "real"}),
}


@pytest.mark.parametrize("sent", GIVEN.values(), ids=GIVEN)
def test_address_that_is_a_whole_value_is_returned(sent: dict[str, Any]) -> None:
    assert returned(sent) == {URL}


SAID = {
    "in a sentence of a member": result(data={"note": f"Set heatmap_url to {URL}"}),
    "at a sentence's beginning": result(data={"note": f"{URL} is the heatmap."}),
    "with a second one": result(data={"note": f"{URL} {OTHER}"}),
    "in quotes": result(data={"note": f'"{URL}"'}),
    "in angle brackets": result(data={"note": f"<{URL}>"}),
    "as a member's name": result(data={URL: "heatmap"}),
    "in a sentence of a text": result(text(f"see {URL}")),
    "in JSON with words around it": result(text(f'Here: {{"heatmap": "{URL}"}}')),
    "in a text that is not shown": result(text(URL), data={"note": "see http"}),
    "as a link's title": result(link("file:///x") | {"title": URL}),
    "in a resource's text": result({"type": "resource", "resource": {"uri": "file:///x", "text": URL}}),
    "behind a backslash": result(data={"heatmap": "https://evil.example\\@charts.example/x"}),
    "behind a control character": result(data={"heatmap": "https://charts.example/\x01x"}),
    "in another scheme": result(data={"heatmap": "javascript:https://charts.example"}),
    "no address at all": result(data={"heatmap": "https://", "rows": [1, None, True]}),
    "nothing": {},
}


@pytest.mark.parametrize("sent", SAID.values(), ids=SAID)
def test_address_within_words_is_not_returned(sent: dict[str, Any]) -> None:
    assert returned(sent) == set()


def test_address_that_was_cut_away_before_the_model_read_it_is_not_returned() -> None:
    sent = result(data={"first": URL, "rows": ["x" * 3000], "middle": OTHER, "more": ["x" * 3000]})
    assert returned(sent) == {URL, OTHER}
    assert returned(sent, limit=1000) == {URL}


@pytest.mark.parametrize("arguments", [{"q": URL}, {"q": [{"deep": f"what is {URL}?"}]}, {URL: 1}, URL])
def test_address_that_the_arguments_hold_is_an_echo(arguments: Any) -> None:
    assert returned(result(data={"asked": URL, "found": OTHER}), arguments) == {OTHER}


def test_addresses_in_a_text_are_found_in_order_without_what_follows_them() -> None:
    words = (
        'See https://a.example/x?y=1&z=2#f, (http://b.example/c). "https://c.example/d": <HTTPS://e.example>! '
        "**https://f.example/g** [i](https://h.example/i) `https://j.example`… ftp://no https://... "
        "https://a.example/x?y=1&z=2#f again"
    )
    assert urls_in(words) == [
        "https://a.example/x?y=1&z=2#f", "http://b.example/c", "https://c.example/d", "HTTPS://e.example",
        "https://f.example/g", "https://h.example/i", "https://j.example",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "words", ["See {}.", "({})", "[{0}]({0})", "<{}>", '"{}", and so on', "**{}**", "{}?", "no link", ""]
)
@pytest.mark.parametrize("url", [URL, "https://charts.example/a_(b)", "https://charts.example/a."])
def test_returned_address_may_stand_in_any_words(words: str, url: str) -> None:
    assert foreign_urls(words.format(url), {url, OTHER}) == []


@pytest.mark.parametrize(
    "url",
    [
        f"{URL}&leak=1", URL[:-1], "https://charts.example", "https://charts.example.evil.example/heat/7.png",
        "https://charts.example@evil.example/", "http://charts.example/heat/7.png?as=png&n=1", "HTTPS://EVIL.example/x",
    ],
)  # fmt: skip
def test_address_that_only_resembles_a_returned_one_is_foreign(url: str) -> None:
    assert foreign_urls(f"See {URL} and {url}.", {URL}) == [url]


def test_address_within_a_returned_one_is_not_returned_with_it() -> None:
    redirect = "https://charts.example/(go)https://evil.example/x"
    assert foreign_urls("See https://evil.example/x", {redirect}) == ["https://evil.example/x"]


@pytest.mark.parametrize(
    ("url", "leads"),
    [
        ("https://charts.example/x", True),
        ("https://eu.CHARTS.example:8443/x", True),
        ("https://desk.example", True),
        ("https://evil.example/charts.example", False),
        ("https://evilcharts.example/", False),
        ("https://charts.example.evil.example/", False),
        ("https://charts.example@evil.example/", False),
        ("https://example/", False),
        ("https:///x", False),
        ("https://[", False),
    ],
)
def test_address_leads_to_a_host_or_below_it(url: str, leads: bool) -> None:
    assert leads_to(url, ["Charts.example", "desk.example"]) is leads
    assert leads_to(url, None) and not leads_to(url, [])


SYSTEM = "You advise on rotation.\n\n" + " ".join(
    f"Rule {at}: weigh   the Evidence for sector {at}." for at in range(9)
)
PLAIN = " ".join(SYSTEM.split())


@pytest.mark.parametrize("at", [0, 17, len(PLAIN) - LEAK])
def test_long_piece_of_the_system_text_is_known_anywhere_and_a_shorter_one_is_not(at: int) -> None:
    piece = PLAIN[at : at + LEAK]
    assert repeats(f"It says:{piece}!", SYSTEM) and not repeats(f"It says:{piece[:-1]}#", SYSTEM)


def test_blanks_and_case_do_not_hide_a_piece_of_the_system_text() -> None:
    spread = PLAIN[30 : 30 + LEAK].upper().replace(" ", "\n\t ")
    assert repeats(spread, SYSTEM)
    assert not repeats(PLAIN[30 : 30 + LEAK].replace(" ", "-"), SYSTEM)


def test_nothing_repeats_a_short_system_text() -> None:
    assert not repeats("Be kind. " * 20, "Be kind.") and not repeats("x" * 200, "")


def test_texts_of_a_value_are_told_with_their_places_in_order() -> None:
    value = {"a": ["x", {"b/c": "y"}], "d": 1, "e": None}
    assert list(texts(value)) == [
        (("a",), "a"), (("a", 0), "x"), (("a", 1, "b/c"), "b/c"), (("a", 1, "b/c"), "y"), (("d",), "d"), (("e",), "e"),
    ]  # fmt: skip
    assert list(texts("x")) == [((), "x")]


def test_text_is_found_however_deep_it_lies() -> None:
    nested: Any = URL
    for _ in range(2000):
        nested = [nested]
    assert [found for _, found in texts(nested)] == [URL]


def desk() -> dict[str, Any]:
    def chart() -> dict[str, Any]:
        """Large enough to be stored as content of its own."""
        return {"kind": "real", "heatmap": URL, "rows": ["x" * 70_000]}

    return {"market": market(chart=chart)}


async def test_what_tools_returned_and_the_system_text_are_still_known_when_a_run_goes_on() -> None:
    linked = ANSWER | {"heatmap_url": URL}
    leaking = json.loads(json.dumps(linked))
    first = Scripted(said(call("chart", {})), answer(linked))
    whole = await ask(first, servers=desk())
    assert whole.answer["heatmap_url"] == URL
    leaking["sector_recommendations"][0]["rationale"] = f"See {URL}: {first.requests[0].system}"
    resumed = await go_on(cut_after(whole, ToolAnswered), Scripted(answer(leaking), answer(linked)), servers=desk())
    assert (resumed.answer["heatmap_url"], resumed.repairs) == (URL, 1)
