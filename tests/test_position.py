from __future__ import annotations

from typing import Any

import pytest

from agent.events import AnswerChecked, Event, ModelAnswered, ModelAsked, RunResumed, ToolAnswered, ToolAsked
from agent.model.base import Turn
from agent.position import Position
from tests.messages_api import call, text

LOOKS = [call("look", {}, id="a"), call("look", {}, id="b")]
BLANK = text(" \n")


def asked(turn: int = 1, attempt: int = 1) -> Event:
    return ModelAsked(turn, attempt, "0" * 64)


def answered(*content: dict[str, Any], stop_reason: str = "end_turn", turn: int = 1) -> Event:
    return ModelAnswered(turn, list(content), stop_reason, None, {"input": 3}, "msg_1", "m")


def calls(*ids: str) -> list[Event]:
    return [ToolAsked(1, each, "look", "market", "look", {}, each) for each in ids]


def results(*ids: str) -> list[Event]:
    return [ToolAnswered(1, each, {}, "seen", False, None, {}, "2026-01-31", 0.0) for each in ids]


def checked(reply: str | None, *, valid: bool = False) -> AnswerChecked:
    return AnswerChecked(1, valid, None, [], reply)


def after(*events: Event) -> Position:
    position = Position()
    for event in events:
        position.apply(event)
    return position


def test_model_is_asked_first() -> None:
    assert after().turn is None


def test_requests_for_one_turn_are_counted_until_it_comes() -> None:
    assert after(asked(), asked(attempt=2)).attempts == 2
    assert after(asked(), asked(attempt=2), answered(*LOOKS)).attempts == 0
    assert after(asked(), answered(*LOOKS), *calls("a", "b"), *results("a", "b"), asked(2)).attempts == 1


def test_turn_waits_as_the_log_holds_it() -> None:
    turn = after(asked(), answered(*LOOKS, stop_reason="tool_use")).turn
    assert isinstance(turn, Turn) and [each.id for each in turn.calls] == ["a", "b"]
    assert (turn.stop_reason, turn.usage.input, turn.request_id, turn.model) == ("tool_use", 3, "msg_1", "m")


def test_turn_waits_until_all_its_calls_have_results() -> None:
    under_way = after(answered(*LOOKS), *calls("a", "b"), *results("b"))
    assert under_way.turn and (under_way.asked, under_way.answered) == ({"a", "b"}, {"b"})
    assert after(answered(*LOOKS), *calls("a", "b"), *results("b", "a")).turn is None


def test_calls_of_a_turn_before_do_not_count_for_one_that_uses_their_ids_again() -> None:
    position = after(answered(*LOOKS), *calls("a", "b"), *results("a", "b"), answered(*LOOKS, turn=2))
    assert position.turn and (position.asked, position.answered) == (set(), set())


def test_text_waits_for_its_check_and_a_checked_one_for_the_end() -> None:
    assert after(answered(text("{}"))).turn
    final = after(answered(text("{}")), checked(None, valid=True))
    assert final.turn and final.checked and final.checked.valid


def test_text_that_was_sent_back_is_done_and_the_next_one_is_unchecked() -> None:
    assert after(answered(text("no")), checked("again")).turn is None
    position = after(answered(text("no")), checked("again"), answered(text("{}"), turn=2))
    assert position.turn and position.checked is None


@pytest.mark.parametrize("content", [[], [BLANK]])
def test_first_turn_that_says_nothing_asks_again_and_the_second_in_a_row_waits_for_its_end(content: list[Any]) -> None:
    assert after(answered(*content)).turn is None
    assert after(answered(*content), asked(2), answered(*content, turn=2)).turn
    with_words_between = after(answered(*content), answered(text("no"), turn=2), checked("again"))
    with_words_between.apply(answered(*content, turn=3))
    assert with_words_between.turn is None


def test_pause_asks_for_the_same_again_and_is_no_turn_that_said_something() -> None:
    paused = answered(text("I look."), stop_reason="pause_turn")
    assert after(paused).turn is None
    assert after(answered(), paused, answered()).turn
    assert after(paused, answered()).turn is None


def test_pause_with_calls_waits_for_them() -> None:
    assert after(answered(*LOOKS, stop_reason="pause_turn")).turn


@pytest.mark.parametrize("stop_reason", ["refusal", "max_tokens", "model_context_window_exceeded", "a_new_reason"])
def test_turn_that_stopped_for_good_waits_for_its_end_though_it_says_nothing(stop_reason: str) -> None:
    assert after(answered(stop_reason=stop_reason)).turn


def test_decision_holds_for_the_sitting_that_it_was_given_to() -> None:
    assert after().in_flight is None
    assert after(RunResumed("skip")).in_flight == "skip"
    assert after(RunResumed("skip"), RunResumed()).in_flight is None
