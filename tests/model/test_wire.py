from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.base import Request
from agent.model.wire import MARK, MARKS, SPAN, body, marked, parameters
from agent.spec import FeaturesSpec, ModelSpec

LOOK_BACK = 20
"""Blocks over which a cache looks for what it has written."""
TOOL = {"name": "look", "description": "Looks.", "input_schema": {"type": "object", "properties": {}}}
SCHEMA = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
OPENING = {"role": "user", "content": [{"type": "text", "text": "Which?"}, {"type": "text", "text": "As JSON."}]}


def turn(number: int, calls: int) -> list[dict[str, Any]]:
    """An answer with that many calls, and their results."""
    ids = [f"{number}.{call}" for call in range(calls)]
    asked = [{"type": "tool_use", "id": id, "name": "look", "input": {}} for id in ids]
    told = [{"type": "tool_result", "tool_use_id": id, "content": "seen", "is_error": False} for id in ids]
    thought = {"type": "thinking", "thinking": "", "signature": "c2ln"}
    return [{"role": "assistant", "content": [thought, *asked]}, {"role": "user", "content": told}]


def conversation(widths: list[int]) -> list[dict[str, Any]]:
    return [OPENING, *(message for number, calls in enumerate(widths) for message in turn(number, calls))]


def blocks(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [block for message in messages for block in message["content"]]


def request(**changes: Any) -> Request:
    base: dict[str, Any] = {"system": "Be brief.", "tools": [TOOL], "messages": [OPENING], "schema": SCHEMA}
    return Request(**{**base, "parameters": {"max_tokens": 300}, **changes})


def test_narrow_turns_get_no_mark_of_their_own_and_stay_the_very_messages() -> None:
    messages = conversation([1, 8, 3, 8])
    assert marked(messages) is messages


@pytest.mark.parametrize("calls", [9, 10, 15, 20, 26])
def test_wide_turn_is_marked_so_that_no_look_back_is_too_short(calls: int) -> None:
    before, after = conversation([2]), marked(conversation([2, calls]))
    places = [number for number, block in enumerate(blocks(after), 1) if "cache_control" in block]
    reach = [len(blocks(before)), *places, len(blocks(after))]
    assert max(later - earlier for earlier, later in itertools.pairwise(reach)) <= LOOK_BACK
    assert len(places) <= MARKS


def test_thinking_is_never_marked() -> None:
    wide = turn(1, SPAN)
    wide[0]["content"] = [*wide[0]["content"], {"type": "thinking", "thinking": "", "signature": "c2ln"}]
    found = [block for block in blocks(marked([OPENING, *wide])) if "cache_control" in block]
    assert found and {block["type"] for block in found} <= {"tool_use", "tool_result"}


@given(st.lists(st.integers(1, 40), max_size=8))
def test_marks_change_nothing_else_and_are_never_too_many(widths: list[int]) -> None:
    messages = conversation(widths)
    before = json.dumps(messages)
    after = marked(messages)
    assert json.dumps(messages) == before, "the conversation itself is left alone"
    assert sum("cache_control" in block for block in blocks(after)) <= MARKS
    bare = [{key: value for key, value in block.items() if key != "cache_control"} for block in blocks(after)]
    assert bare == blocks(messages)


@given(st.lists(st.integers(1, 12), max_size=6))
def test_marked_request_is_a_prefix_of_the_next_one_while_two_wide_turns_or_fewer(widths: list[int]) -> None:
    wide = [width for width in widths if 2 * width + 1 > SPAN]
    whole = json.dumps(blocks(marked(conversation(widths))))
    for length in range(len(widths)):
        if len(wide) <= MARKS:
            assert whole.startswith(json.dumps(blocks(marked(conversation(widths[:length]))))[:-1])


def test_what_may_be_cached_is_marked_after_the_system_text_and_by_the_service_itself() -> None:
    sent = body(request(), ModelSpec(), "m", FeaturesSpec())
    assert sent["system"] == [{"type": "text", "text": "Be brief.", "cache_control": MARK}]
    assert sent["cache_control"] == MARK and sent["tools"] == [TOOL]
    assert sent["output_config"] == {"format": {"type": "json_schema", "schema": SCHEMA}}


def test_server_without_features_gets_model_length_words_and_tools_alone() -> None:
    off = FeaturesSpec(cache=False, format=False, effort=False, thinking=False, tool_choice=False)
    asked = request(parameters={"max_tokens": 300, "tool_choice": "none"})
    sent = body(asked, ModelSpec(effort="high", thinking="adaptive"), "m", off)
    assert set(sent) == {"model", "max_tokens", "system", "messages", "tools"}
    assert sent["system"] == [{"type": "text", "text": "Be brief."}]


def test_last_request_withholds_the_tools_without_leaving_them_out() -> None:
    asked = request(parameters={"max_tokens": 300, "tool_choice": "none"})
    sent = body(asked, ModelSpec(), "m", FeaturesSpec())
    assert (sent["tool_choice"], sent["tools"]) == ({"type": "none"}, [TOOL])
    assert "tool_choice" not in body(request(), ModelSpec(), "m", FeaturesSpec())
    without_tools = request(tools=[], parameters=asked.parameters)
    assert "tool_choice" not in body(without_tools, ModelSpec(), "m", FeaturesSpec())


@pytest.mark.parametrize(
    ("thinking", "sent"),
    [
        (None, None),
        ("adaptive", {"type": "adaptive"}),
        ("disabled", {"type": "disabled"}),
        (2_048, {"type": "enabled", "budget_tokens": 2_048}),
    ],
)
def test_thinking_is_asked_for_in_the_services_words(thinking: Any, sent: Any) -> None:
    assert body(request(), ModelSpec(thinking=thinking), "m", FeaturesSpec()).get("thinking") == sent


def test_strict_tools_are_those_whose_schemas_the_service_can_hold_a_model_to() -> None:
    closed = {"type": "object", "properties": {"n": {"type": "number", "minimum": 0}}, "additionalProperties": False}
    tools = [{"name": "a", "input_schema": closed}, {"name": "b", "input_schema": {"type": "object"}}]
    first, second = body(request(tools=tools), ModelSpec(), "m", FeaturesSpec(strict=True))["tools"]
    assert first["strict"] is True and "minimum" not in first["input_schema"]["properties"]["n"]
    assert second == tools[1]


def test_log_is_told_of_features_and_thinking_only_where_they_are_not_as_they_come() -> None:
    assert parameters(ModelSpec()) == {"max_tokens": 16_000, "effort": None}
    told = parameters(ModelSpec(thinking="adaptive", features=FeaturesSpec(stream=False)))
    assert told == {"max_tokens": 16_000, "effort": None, "thinking": "adaptive", "features": {"stream": False}}
