"""Servers that do not take everything: what they refuse by name is left out, and what they never had is never sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from agent.errors import ModelError
from agent.events import AnswerDue
from tests.messages_api import message
from tests.service.kit import MODE_NAMES, MODES, OFF, ask, check_ok
from tests.service.server import Exchange, Step, serving
from tests.service.steps import ADVICE, LOOK_AGAIN, by_turn, refuse, well

EXTRA = "Extra inputs are not permitted"
GRAMMAR = "The compiled grammar is too large, simplify your tools"


def refusing(*features: tuple[str, str]) -> Callable[[Exchange], Step]:
    """A 400 with those words for every request whose body holds that key; the first that fits."""

    def plan(exchange: Exchange) -> Step:
        sent = json.dumps(exchange.body)
        words = [said for key, said in features if f'"{key}"' in sent]
        return refuse(400, "invalid_request_error", words[0]) if words else well

    return plan


@pytest.mark.parametrize("mode", MODES, ids=MODE_NAMES)
@pytest.mark.parametrize(
    ("key", "words", "features"),
    [
        ("output_config", f"output_config: {EXTRA}", {}),
        ("output_config", f"output_config.format.schema: {EXTRA}", {}),
        ("output_config", "json_schema is not supported by this model", {}),
        ("cache_control", f"messages.0.cache_control: {EXTRA}", {}),
        ("strict", GRAMMAR, {"strict": True}),
        ("strict", f"tools.0.custom.strict: {EXTRA}", {"strict": True}),
    ],
)
async def test_feature_that_a_server_refuses_is_asked_for_once(
    key: str, words: str, features: dict[str, Any], mode: dict[str, Any]
) -> None:
    async with serving(refusing((key, words))) as service:
        run = await ask(service, mode | features)
        assert (run.error, run.result.status, len(service.requests)) == (None, "ok", 4)
        assert [f'"{key}"' in json.dumps(body) for body in service.bodies] == [True, False, False, False]
    [failed] = run.failed
    assert (failed.turn, failed.kind, failed.wait, failed.may_have_cost) == (1, "feature_refused", 0.0, False)
    assert words in failed.message


async def test_features_that_are_refused_one_after_the_other_are_all_left_out() -> None:
    plan = refusing(("strict", GRAMMAR), ("output_config", GRAMMAR), ("cache_control", f"cache_control: {EXTRA}"))
    async with serving(plan) as service:
        run = await ask(service, {"strict": True})
        assert (run.result.status, len(service.requests)) == ("ok", 6)
    assert run.kinds == ["feature_refused"] * 3


async def test_server_without_output_config_is_asked_without_the_effort_too() -> None:
    async with serving(refusing(("output_config", f"output_config: {EXTRA}"))) as service:
        run = await ask(service, model={"effort": "low"})
        assert (run.error, run.result.status) == (None, "ok")
        assert "output_config" not in service.bodies[-1]


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        ("output_config.effort: Input should be 'low', 'medium' or 'high'", {"model": {"effort": "max"}}),
        ("max_tokens: has to be below 8192", {}),
        ("messages: roles must alternate", {}),
        ("max_tokens is restricted to 8192 for this model", {"model": {"features": {"strict": True}}}),
    ],
)
async def test_refusal_that_is_about_something_else_is_final(words: str, keys: dict[str, Any]) -> None:
    async with serving(lambda _: refuse(400, "invalid_request_error", words)) as service:
        run = await ask(service, **keys)
        assert len(service.requests) == 1
    assert isinstance(run.error, ModelError) and words in run.error.message
    assert run.kinds == ["invalid_request_error"]


async def test_feature_that_is_refused_though_it_was_left_out_is_final() -> None:
    async with serving(lambda _: refuse(400, "invalid_request_error", f"cache_control: {EXTRA}")) as service:
        run = await ask(service)
        assert len(service.requests) == 2
    assert run.kinds == ["feature_refused", "invalid_request_error"]


@pytest.mark.parametrize("mode", MODES, ids=MODE_NAMES)
async def test_server_that_has_nothing_but_messages_and_tools_is_asked_for_nothing_else(mode: dict[str, Any]) -> None:
    said = [message(LOOK_AGAIN | {"id": f"call_{number}"}) for number in range(2)]
    async with serving(by_turn(*said, message(ADVICE))) as service:
        run = await ask(
            service,
            OFF | mode | {"version": "2023-06-01"},
            model={"effort": "low", "thinking": "adaptive"},
            budget={"tool_calls": 2},
        )
        check_ok(run, service, requests=3)
        for request in service.requests:
            assert set(request.body) <= {"model", "max_tokens", "system", "messages", "tools", "stream"}
            assert "cache_control" not in json.dumps(request.body) and '"strict"' not in json.dumps(request.body)
            assert request.headers["anthropic-version"] == "2023-06-01"
        assert [block["type"] for block in service.bodies[2]["messages"][-1]["content"]] == ["tool_result", "text"]
    assert [event.ends_as for event in run.events if isinstance(event, AnswerDue)] == ["budget"]


async def test_server_that_takes_everything_is_asked_for_everything() -> None:
    async with serving(by_turn(message(LOOK_AGAIN), message(LOOK_AGAIN | {"id": "2"}), message(ADVICE))) as service:
        keys = {"model": {"effort": "low"}, "budget": {"tool_calls": 2}}
        run = await ask(service, {"strict": True}, **keys)
        check_ok(run, service, requests=3)
        assert {"system", "tools", "cache_control", "output_config"} <= set(service.bodies[0])
        assert service.bodies[0]["tools"][0]["strict"] is True
        assert [body.get("tool_choice") for body in service.bodies] == [None, None, {"type": "none"}]
        assert service.requests[0].headers["anthropic-version"] > "2023-06-01"
