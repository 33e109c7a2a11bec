from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.events import (
    AnswerChecked,
    AnswerDue,
    ContentStored,
    Event,
    ModelAnswered,
    ModelAsked,
    ModelFailed,
    RunStarted,
    ServerOpened,
    ToolAnswered,
    ToolAsked,
    ToolsOffered,
    UnknownEvent,
)
from agent.model import wire
from agent.model.base import Request
from agent.runs.log import RunLog, read
from agent.spec import FeaturesSpec, ModelSpec
from agent.transcript import Transcript

SPEC, SYSTEM, OPENING, SCHEMA = (
    ContentStored.of(each)
    for each in ({"agent_name": "A"}, "You are A.", ["Which sector?", "As JSON."], {"type": "object"})
)
TOOL, OTHER_TOOL = (ContentStored.of({"name": name, "input_schema": {"type": "object"}}) for name in ("t", "u"))
START: list[Event] = [
    SPEC,
    SYSTEM,
    OPENING,
    SCHEMA,
    RunStarted(
        run_id="r",
        question="Which?",
        as_of=None,
        agent="agent.yaml",
        spec=SPEC.hash,
        prompt=SYSTEM.hash,
        opening=OPENING.hash,
        schema=SCHEMA.hash,
        model={"name": "m", "max_tokens": 256},
        versions={},
        budget={},
        labels=[],
    ),
    ServerOpened("s", "stdio", "1", None, None),
    TOOL,
    ToolsOffered(tools=[{"name": "t", "definition": TOOL.hash}]),
]


def asked(turn: int) -> ModelAsked:
    return ModelAsked(turn, 1, "h")


def said(turn: int, *content: dict[str, Any]) -> ModelAnswered:
    return ModelAnswered(turn, list(content), "end_turn", None, {}, None, "m")


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def use(call: str) -> dict[str, Any]:
    return {"type": "tool_use", "id": call, "name": "t", "input": {}}


def called(call: str, turn: int = 1) -> ToolAsked:
    return ToolAsked(turn, call, "t", "s", "t", {}, "k")


def answered(call: str, shown: str, *, turn: int = 1, is_error: bool = False) -> ToolAnswered:
    return ToolAnswered(turn, call, {"stored": "h"}, shown, is_error, None, {}, "now", 0.1)


def checked(reply: str | None) -> AnswerChecked:
    return AnswerChecked(1, reply is None, None, [], reply)


def request_after(*events: Event) -> Request:
    transcript = Transcript()
    for event in (*START, *events):
        transcript.apply(event)
    return transcript.request()


def result(call: str, shown: str, *, is_error: bool = False) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": call, "content": shown, "is_error": is_error}


FIRST = {"role": "user", "content": [text("Which sector?"), text("As JSON.")]}


def test_a_request_is_rebuilt_from_events_alone() -> None:
    assert request_after() == Request(
        system="You are A.",
        tools=[TOOL.content],
        messages=[FIRST],
        schema={"type": "object"},
        parameters={"name": "m", "max_tokens": 256},
    )


def test_there_is_no_request_before_a_run_has_started() -> None:
    with pytest.raises(ValueError, match=r"a run begins with run\.started"):
        Transcript().request()


@pytest.mark.parametrize("order", [("a", "b", "c"), ("c", "a", "b"), ("b", "c", "a")])
def test_results_stand_in_one_message_in_the_models_order_whatever_came_first(order: Sequence[str]) -> None:
    turn = [text("I look."), use("a"), use("b"), {"type": "thinking", "thinking": "…"}, use("c")]
    arrivals = [answered(call, f"result {call}", is_error=call == "b") for call in order]
    assert request_after(said(1, *turn), called("a"), called("b"), called("c"), *arrivals).messages == [
        FIRST,
        {"role": "assistant", "content": turn},
        {
            "role": "user",
            "content": [result("a", "result a"), result("b", "result b", is_error=True), result("c", "result c")],
        },
    ]


def test_a_call_without_a_result_is_left_out_until_it_has_one() -> None:
    turn = said(1, use("a"), use("b"))
    assert request_after(turn).messages == [FIRST, {"role": "assistant", "content": [use("a"), use("b")]}]
    assert request_after(turn, answered("b", "B")).messages[-1] == {"role": "user", "content": [result("b", "B")]}


def test_what_the_model_is_shown_counts_and_not_what_the_server_sent() -> None:
    event = ToolAnswered(1, "a", {"content": [text("long")]}, "cut", False, None, {}, "now", 0.1)
    assert request_after(said(1, use("a")), event).messages[-1]["content"] == [result("a", "cut")]


def test_a_repair_is_appended_and_a_valid_answer_needs_none() -> None:
    messages = request_after(said(1, text("{}")), checked("Again."), said(2, text("{1}")), checked(None)).messages
    assert messages == [
        FIRST,
        {"role": "assistant", "content": [text("{}")]},
        {"role": "user", "content": [text("Again.")]},
        {"role": "assistant", "content": [text("{1}")]},
    ]


@pytest.mark.parametrize("content", [[], [text("")], [text(" \n")], [{"type": "thinking", "thinking": "Hm."}]])
def test_a_turn_that_says_nothing_is_not_sent_back(content: list[dict[str, Any]]) -> None:
    assert request_after(said(1, *content)).messages == [FIRST]


def test_failures_and_events_of_later_versions_change_nothing() -> None:
    others = [asked(1), ModelFailed(1, 1, "overloaded", "later", 1.0), UnknownEvent({"event": "later"})]
    assert request_after(*others).hash == request_after().hash


def test_a_later_offer_replaces_the_tools_and_nothing_else() -> None:
    after = request_after(OTHER_TOOL, ToolsOffered(tools=[{"name": "u", "definition": OTHER_TOOL.hash}]))
    assert after.tools == [OTHER_TOOL.content]
    assert after.messages == request_after().messages


def test_a_call_id_that_a_later_turn_uses_again_leaves_the_earlier_result_alone() -> None:
    # Servers that imitate the Messages API count their calls from zero in each turn.
    before = [said(1, use("call_0")), called("call_0"), answered("call_0", "first")]
    again = [said(2, use("call_0")), called("call_0", 2), answered("call_0", "second", turn=2)]
    earlier = request_after(*before).messages
    assert request_after(*before, *again[:1]).messages == [*earlier, {"role": "assistant", "content": [use("call_0")]}]
    later = request_after(*before, *again).messages
    assert later[: len(earlier)] == earlier
    assert later[-1]["content"] == [result("call_0", "second")]


words = st.text(max_size=5)
rounds = st.lists(
    st.one_of(
        st.tuples(st.just("calls"), st.lists(words, min_size=1, max_size=4), st.randoms(use_true_random=False)),
        st.tuples(st.just("repair"), words, st.none()),
        st.tuples(st.just("pause"), words, st.none()),
        st.tuples(st.just("empty"), st.sampled_from([(), ("",), (" \n",)]), st.none()),
        st.tuples(st.just("cut"), words, st.none()),
        st.tuples(st.just("due"), words, st.none()),
    ),
    max_size=8,
)


def events_of(kind: str, content: Any, order: Any, turn: int) -> list[Event]:
    """One turn as the loop logs it: complete before the next request."""
    if kind == "empty":
        return [asked(turn), said(turn, *map(text, content))]
    if kind == "cut":
        return [asked(turn), replace(said(turn, text(content), use("lost")), stop_reason="max_tokens")]
    if kind == "due":
        return [AnswerDue("turns", "budget", f"Now: {content}")]
    if kind == "pause":
        return [asked(turn), replace(said(turn, text(content)), stop_reason="pause_turn")]
    if kind == "repair":
        return [asked(turn), said(turn, text(f"{{{content}")), checked(f"Again: {content}")]
    calls = [f"c{turn}.{at}" for at in range(len(content))]
    arrivals = [answered(call, shown, turn=turn) for call, shown in zip(calls, content, strict=True)]
    order.shuffle(arrivals)
    return [asked(turn), said(turn, *map(use, calls)), *(called(call, turn) for call in calls), *arrivals]


def sent(request: Request) -> tuple[str, str]:
    """What a cache compares, as bytes leave: what stands before the messages, and those block by block, unmarked."""
    sent = wire.body(request, ModelSpec(), "m", FeaturesSpec())
    blocks = [
        (message["role"], {key: value for key, value in block.items() if key != "cache_control"})
        for message in sent["messages"]
        for block in message["content"]
    ]
    return json.dumps([sent["tools"], sent["system"], sent.get("output_config")]), "".join(map(json.dumps, blocks))


@settings(deadline=None)
@given(played=rounds)
def test_each_request_begins_with_every_byte_of_the_one_before_it(played: list[tuple[str, Any, Any]]) -> None:
    transcript = Transcript()
    for event in START:
        transcript.apply(event)
    before = transcript.request()
    for turn, (kind, content, order) in enumerate(played, 1):
        for event in events_of(kind, content, order, turn):
            transcript.apply(event)
        after = transcript.request()
        (head, words), (new_head, new_words) = sent(before), sent(after)
        assert new_head == head and new_words.startswith(words)
        added = len(after.messages) - len(before.messages)
        in_answer = kind == "due" and before.messages[-1]["role"] == "assistant"
        assert added == {"calls": 2, "repair": 2, "pause": 1, "due": in_answer}.get(kind, 0)
        assert after.schema == before.schema
        before = after


def test_cut_answer_is_left_out_and_asked_for_again_with_twice_its_length() -> None:
    cut = replace(said(1, text("{"), use("lost")), stop_reason="max_tokens")
    again = request_after(cut)
    assert again.messages == [FIRST]
    assert again.parameters == {"name": "m", "max_tokens": 512}
    assert request_after(cut, said(2, text("{}")), checked("Again.")).parameters["max_tokens"] == 512


def test_words_that_ask_for_the_answer_stand_after_the_results_and_no_tool_may_be_called() -> None:
    after = request_after(said(1, use("a")), answered("a", "seen"), AnswerDue("turns", "budget", "Answer now."))
    assert after.messages[-1]["content"] == [result("a", "seen"), text("Answer now.")]
    assert after.parameters["tool_choice"] == "none" and after.answer_only
    assert after.tools == [TOOL.content]


def test_a_request_has_the_same_hash_after_its_events_went_through_a_log(tmp_path: Path) -> None:
    turn = said(1, text("Ngân hàng 😀 \ud800 \u2028"), use("a") | {"input": {"x": [1.0, 1e-9, 10**20], "y": None}})
    events = [*START, turn, called("a"), answered("a", "x" * 100_000), said(2, text("{}")), checked("Again.")]
    log = RunLog(tmp_path)
    live, read_back = Transcript(), Transcript()
    for event in events:
        log.append(event)
        live.apply(event)
    log.close()
    for line in read(log.path):
        read_back.apply(line.event)
    assert read_back.request().hash == live.request().hash
    assert read_back.request().messages == live.request().messages
