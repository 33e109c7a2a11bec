from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.tools.content import EMPTY, cut, data_of, readable, text_of


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def of(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"content": list(blocks)} | more


@pytest.mark.parametrize(
    ("result", "data"),
    [
        (of(text('{"a": 1}'), structuredContent={"b": 2}), {"b": 2}),
        (of(structuredContent=[]), []),
        (of(text(' [1, "ü"] ')), [1, "ü"]),
        (of(text("{half")), None),
        (of(text('Sectors of today:\n{"a": 1}\n')), {"a": 1}),
        (of(text("Here it is.\n\n```json\n[1]\n```\nAnything else?")), [1]),
        (of(text("```\n[1]\n```\nor\n```\n[2]\n```")), None),
        (of(text('Two lines\nof words\n{"a": 1}')), None),
        (of(text("Unknown tool: x. Available: y\n[see the list")), None),
        (of(text("")), None),
        (of(text("1"), text("2")), None),
        (of({"type": "image", "data": "", "mimeType": "image/png"}), None),
        (of(), None),
        ({}, None),
        ({"content": None}, None),
    ],
)
def test_the_data_of_a_result_is_its_structure_or_the_json_of_a_lone_text(result: dict[str, Any], data: Any) -> None:
    assert data_of(result) == data


@pytest.mark.parametrize("words", ["[" * 100_000, '{"a":' * 5_000, "9" * 5_000])
def test_a_text_that_json_readers_give_up_on_is_no_data(words: str) -> None:
    assert data_of(of(text(words))) is None


@pytest.mark.parametrize("words", ['{"a": NaN}', "[Infinity, -Infinity]", "[1e999]"])
def test_numbers_that_json_does_not_have_are_no_numbers_in_the_data(words: str) -> None:
    data = data_of(of(text(words)))
    found = re.findall(r"\b(nan|inf)\b", repr(data))
    assert found == []


@pytest.mark.parametrize(
    ("result", "shown"),
    [
        (of(text("a"), text("b")), "a\nb"),
        (of(text("a"), text(""), text("b")), "a\nb"),
        (of(), EMPTY), ({}, EMPTY), (of(text("")), EMPTY), (of(text(" \n")), EMPTY),
        (of(text("ignored"), structuredContent={"a": "é"}), '{"a":"é"}'),
        (of(structuredContent={}), "{}"),
        (of(text("it broke"), isError=True, structuredContent={"a": 1}), "it broke"),
        (of(isError=True), EMPTY),
        (of(text(" \n"), isError=True), EMPTY),
        (of(text("x"), {"type": "image", "data": "AAAA" * 10, "mimeType": "image/png"}),
         "x\n[image, image/png, about 30 bytes, not shown]"),
        (of({"type": "audio", "data": ""}), "[audio, unknown type, about 0 bytes, not shown]"),
        (of({"type": "resource_link", "uri": "file:///a", "title": "T", "name": "n"}),
         "[resource file:///a: T, not read]"),
        (of({"type": "resource_link", "uri": "file:///a", "name": "n"}), "[resource file:///a: n, not read]"),
        (of({"type": "resource_link", "uri": "file:///a"}), "[resource file:///a: no title, not read]"),
        (of({"type": "resource", "resource": {"uri": "u", "text": "inside"}}), "inside"),
        (of({"type": "resource", "resource": {"uri": "u", "blob": "AA", "mimeType": "a/b"}}),
         "[resource u, a/b, not shown]"),
        (of({"type": "resource", "resource": {"uri": "u", "blob": "AA"}}), "[resource u, unknown type, not shown]"),
        (of({"type": "hologram"}), "[content of kind 'hologram', not shown]"),
        (of(text("dropped"), {"type": "image", "data": "AAAA", "mimeType": "image/png"}, structuredContent={"a": 1}),
         '{"a":1}\n[image, image/png, about 3 bytes, not shown]'),
    ],
)  # fmt: skip
def test_the_model_reads_text_and_the_names_of_what_is_none(result: dict[str, Any], shown: str) -> None:
    assert text_of(result) == shown


def test_an_error_that_is_told_in_structure_alone_is_not_lost() -> None:
    assert "no such sector" in text_of(of(isError=True, structuredContent={"error": "no such sector"}))


NOTICE = re.compile(r"\n\[… (\d+) of (\d+) characters left out here; ask for less to see all …\]\n")


def test_a_text_within_its_limit_is_not_touched() -> None:
    assert cut("x" * 1_000, 1_000) == "x" * 1_000
    assert cut("", 1_000) == ""


@settings(deadline=None)
@given(length=st.integers(1_001, 300_000), limit=st.integers(1_000, 30_000))
def test_a_long_text_is_cut_to_head_notice_and_tail_within_the_limit(length: int, limit: int) -> None:
    whole = "".join(chr(0x4E00 + at % 5_000) for at in range(length))
    shown = cut(whole, limit)
    if length <= limit:
        assert shown == whole
        return
    notice = NOTICE.search(shown)
    assert notice is not None
    head, tail = shown[: notice.start()], shown[notice.end() :]
    assert len(shown) <= limit
    assert len(head) > len(tail) > 0
    assert whole.startswith(head) and whole.endswith(tail)
    assert limit - len(shown) < 10


@settings(deadline=None)
@given(length=st.integers(1_001, 300_000))
def test_the_notice_says_how_much_is_missing(length: int) -> None:
    shown = cut("x" * length, 1_000)
    notice = NOTICE.search(shown)
    assert notice is not None
    assert (int(notice[1]), int(notice[2])) == (length - (len(shown) - len(notice[0])), length)


WORDS = [
    "Banks rose.",
    "| a | b |\n| --- | --- |\n| Banks | 1 |",
    '[{"a": 1}]',
    'Of today:\n{"a": 1}',
    "",
    '{"error": "x"}',
]


@pytest.mark.parametrize("words", WORDS)
def test_text_that_its_server_wrapped_is_read_and_shown_as_the_text_is(words: str) -> None:
    plain = of(text(words))
    for wrapped in (plain | {"structuredContent": {"result": words}}, of(structuredContent={"result": words})):
        assert (data_of(wrapped), readable(wrapped), text_of(wrapped)) == (
            data_of(plain), readable(plain), text_of(plain)
        )  # fmt: skip


@pytest.mark.parametrize("data", [{"result": "[1]", "more": 1}, {"result": [1]}, {"text": "[1]"}, {"result": None}])
def test_other_structured_content_is_what_it_is(data: dict[str, Any]) -> None:
    assert data_of(of(text("[1]"), structuredContent=data)) == data


ONE, OTHER = '{"a": 1}', '{\n  "b": [{"c": 2}]\n}'


@pytest.mark.parametrize(
    "result",
    [of(text(ONE), text(OTHER)), of(text(f"{ONE}\n{OTHER}\n")), of(text(f"Two:\n{ONE}\n{OTHER}"))],
)
def test_objects_one_behind_the_other_are_a_list_of_them(result: dict[str, Any]) -> None:
    assert data_of(result) == [{"a": 1}, {"b": [{"c": 2}]}]


@pytest.mark.parametrize("blocks", [["A text", ONE], [ONE, "[1]"], [ONE, "{half"], ["1", "2"]])
def test_texts_that_are_not_all_objects_are_no_data(blocks: list[str]) -> None:
    assert readable(of(*map(text, blocks))) is None
