"""What is told of the answers that servers give now to the calls of a recorded run."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from mcp_types import CallToolResult, EmbeddedResource, TextContent, TextResourceContents
from mcp_types import ToolAnnotations as Hints

from agent import agentfile
from agent.evals.verify import Drift, compared, differences, exit_code, summary, verify
from agent.replay.again import EPOCH, rerun
from agent.replay.changes import Change
from agent.replay.changing import changed
from agent.replay.recording import Recording
from agent.run import run
from agent.tools.pool import alone, in_process
from tests.evals.verifying import (
    TOOL,
    parsed,
    recorded,
    sending,
    serving,
    verified,
)
from tests.messages_api import call
from tests.scripted import READ_ONLY, Scripted, answer, said

NONE = {"same": 0, "changed": 0, "broken": 0, "info": 0, "skipped": 0}


async def test_the_embedded_market_still_says_all_that_it_said() -> None:
    file = agentfile.load("dynamic_sector_advisor")
    result = await run(file, "Which sectors lead?", as_of="2025-06-30", offline=True)
    assert result.folder
    drifts = await verify(Recording.read(result.folder), file, alone)
    assert summary(drifts) == NONE | {"same": len(result.calls)} and len(drifts) >= 5
    assert exit_code(drifts) == 0


async def test_changed_value_is_named_with_its_pointer_and_both_sides() -> None:
    then = {"rows": [{"a/~b": 1.5, "name": "Banks"}], "as_of": "2025-06-30"}
    now = {"as_of": "2025-06-30", "rows": [{"name": "Banks", "a/~b": 2}]}
    [drift] = await verified(sending(then), sending(now), {"period": "1M"})
    assert drift == Drift("desk", TOOL, "values", '{"period":"1M"}', {"/rows/0/a~1~0b": "1.5"}, {"/rows/0/a~1~0b": "2"})
    assert (drift.verdict, exit_code([drift])) == ("changed", 5)
    assert drift.to_json() == {
        "server": "desk",
        "tool": TOOL,
        "kind": "values",
        "at": '{"period":"1M"}',
        "recorded": {"/rows/0/a~1~0b": "1.5"},
        "now": {"/rows/0/a~1~0b": "2"},
        "verdict": "changed",
    }


@pytest.mark.parametrize(
    ("then", "now", "recorded_side", "now_side"),
    [
        ({"a": 1, "b": 2}, {"b": 2}, {"/a": "1"}, {}),
        ({"b": 2}, {"a": [1], "b": 2}, {}, {"/a": "[1]"}),
        ({"a": 1}, {"a": "1"}, {"/a": "1"}, {"/a": '"1"'}),
        ({"a": 1}, {"a": True}, {"/a": "1"}, {"/a": "true"}),
        ({"a": 1}, {"a": None}, {"/a": "1"}, {"/a": "null"}),
        ({"a": [{"b": 1}]}, {"a": {"b": 1}}, {"/a": '[{"b":1}]'}, {"/a": '{"b":1}'}),
    ],
)
async def test_other_members_and_other_types_are_another_shape(
    then: dict[str, Any], now: dict[str, Any], recorded_side: dict[str, str], now_side: dict[str, str]
) -> None:
    [drift] = await verified(sending(then), sending(now))
    assert (drift.kind, drift.verdict) == ("shape", "broken")
    assert (drift.recorded, drift.now) == (recorded_side, now_side)


async def test_list_that_has_grown_or_shrunk_holds_other_values() -> None:
    [drift] = await verified(sending({"a": [1]}), sending({"a": [1, {"b": 2}]}))
    assert (drift.kind, drift.recorded, drift.now) == ("values", {}, {"/a/1": '{"b":2}'})
    [drift] = await verified(sending({"a": [1, 2]}), sending({"a": [1]}))
    assert (drift.kind, drift.recorded, drift.now) == ("values", {"/a/1": "2"}, {})


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ({"retrieved_at": "Monday", "rows": [{"a": 1, "vintage": "1"}]}, {"rows": [{"a": 1, "vintage": 2}]}),
        ({"a": 1, "b": [2.0]}, {"b": [2], "a": 1.0}),
    ],
)
async def test_metadata_order_of_members_and_spelling_of_numbers_are_no_drift(then: Any, now: Any) -> None:
    drifts = await verified(sending(then), sending(now))
    assert [drift.kind for drift in drifts] == ["same"]


async def test_data_as_text_are_the_same_as_structured_data() -> None:
    text = CallToolResult(content=[TextContent(text='{"a": 1}')])
    assert [drift.kind for drift in await verified(sending({"a": 1}), sending(text))] == ["same"]


async def test_words_and_whatever_a_model_reads_beside_data_are_compared_too() -> None:
    def beside(words: str) -> CallToolResult:
        resource = EmbeddedResource(resource=TextResourceContents(uri="file:///a", text=words))
        return CallToolResult(content=[resource], structured_content={"a": 1})

    [drift] = await verified(sending(beside("calm")), sending(beside("buy")))
    assert (drift.kind, drift.now) == ("values", {"/content/0/resource/text": '"buy"'})
    calm, wild = (sending(CallToolResult(content=[TextContent(text=text)])) for text in ("calm", "wild"))
    [drift] = await verified(calm, wild)
    assert (drift.kind, drift.recorded) == ("values", {"/content/0/text": '"calm"'})


async def test_only_the_first_places_of_an_answer_are_told_but_all_count() -> None:
    then = {"a": list(range(9)), "z": 1}
    [drift] = await verified(sending(then), sending({"a": [-1] * 9}))
    assert drift.kind == "shape", "the member that is gone stands last"
    assert drift.recorded == {f"/a/{at}": str(at) for at in range(5)}


async def test_error_that_is_new_and_error_that_is_over_are_told_apart() -> None:
    error = CallToolResult(content=[TextContent(text="no such sector")], is_error=True)
    other = CallToolResult(content=[TextContent(text="no such day")], is_error=True)
    [now] = await verified(sending({"a": 1}), sending(error))
    assert (now.kind, now.verdict, now.recorded, now.now) == ("error_now", "broken", None, "no such sector")
    [then] = await verified(sending(error), sending({"a": 1}))
    assert (then.kind, then.verdict, then.recorded, then.now) == ("error_then", "changed", "no such sector", None)
    assert [drift.kind for drift in await verified(sending(error), sending(error))] == ["same"]
    assert [drift.kind for drift in await verified(sending(error), sending(other))] == ["values"]


async def test_a_call_goes_out_once_and_is_compared_with_its_last_result() -> None:
    asked: list[str] = []

    def look(sector: str) -> dict[str, Any]:
        asked.append(sector)
        return {"asked": asked.count(sector)}

    recording = await recorded(serving(look), {"sector": "Banks"}, {"sector": "Energy"}, {"sector": "Banks"})
    asked[:] = ["Banks", "Energy"]
    drifts = await verify(recording, parsed(), in_process({"desk": serving(look)}))
    assert [(drift.at, drift.kind) for drift in drifts] == [
        ('{"sector":"Banks"}', "same"),
        ('{"sector":"Energy"}', "values"),
    ]
    assert asked[2:] == ["Banks", "Energy"]


@pytest.mark.parametrize(
    ("hints", "keys", "verdict", "calls"),
    [
        (None, {"policy": {"writes": "allow"}}, "skipped", 0),
        (Hints(read_only_hint=False), {"policy": {"writes": "allow"}}, "skipped", 0),
        (Hints(read_only_hint=False, idempotent_hint=True), {"policy": {"writes": "allow"}}, "same", 1),
        (None, {"tools": [{"tool_name": TOOL}]}, "same", 1),
        (READ_ONLY, {}, "same", 1),
    ],
)
async def test_only_calls_that_may_be_made_twice_are_made_again(
    hints: Hints | None, keys: dict[str, Any], verdict: str, calls: int
) -> None:
    orders: list[str] = []

    def look(sector: str) -> str:
        orders.append(sector)
        return "done"

    file = parsed(**keys)
    recording = await recorded(serving(look, hints), {"sector": "Banks"}, file=file)
    orders.clear()
    [drift] = await verify(recording, file, in_process({"desk": serving(look, hints)}))
    assert (drift.verdict, orders) == (verdict, ["Banks"] * calls)
    assert drift.now == ("it is neither read-only nor idempotent" if verdict == "skipped" else None)


async def test_tool_that_writes_by_now_is_not_called() -> None:
    orders: list[str] = []

    def look() -> str:
        orders.append("order")
        return "done"

    recording = await recorded(serving(look))
    orders.clear()
    now = serving(look, Hints(read_only_hint=False, idempotent_hint=True))
    hints, skipped = await verify(recording, parsed(), in_process({"desk": now}))
    assert orders == []
    assert (hints.kind, hints.verdict) == ("hints", "changed")
    assert (hints.recorded, hints.now) == (
        {"/read_only": "true", "/idempotent": "null"},
        {"/read_only": "false", "/idempotent": "true"},
    )
    assert (skipped.verdict, skipped.now) == (
        "skipped",
        "it is not known to be read-only, and the agent file refuses writes",
    )


async def test_answer_that_was_changed_on_purpose_is_not_compared() -> None:
    desk = in_process({"desk": sending({"a": 1})})
    told = Change.model_validate({"tell": {"tool": TOOL, "text": "Sell."}})
    model = Scripted(said(call(TOOL, {})), answer())
    again = await rerun(parsed(), "Which sectors?", None, model, changed(desk, [told], EPOCH), run_id="again")
    [drift] = await verify(again.recording, parsed(), desk)
    assert (drift.kind, drift.now) == ("skipped", "its recorded answer was changed on purpose")


def test_deeply_nested_answers_are_compared() -> None:
    then: Any = 1
    now: Any = 2
    for _ in range(5_000):
        then, now = [then], [now]
    [difference] = differences(then, now)
    assert difference.pointer == "/0" * 5_000


def test_recorded_text_that_became_data_is_another_shape() -> None:
    kind, then, now = compared(
        {"content": [{"type": "text", "text": "calm"}]}, {"content": [], "structuredContent": {"a": 1}}
    )
    assert (kind, now) == ("shape", {"": '{"a":1}'})
    assert isinstance(then, dict) and then["/content/0"] == '{"type":"text","text":"calm"}'


@pytest.mark.parametrize(
    ("kind", "code"), [("same", 0), ("tool_new", 0), ("server", 0), ("skipped", 0), ("hints", 5), ("shape", 5)]
)
def test_what_changed_or_broke_exits_with_five_and_nothing_else_does(kind: Any, code: int) -> None:
    assert exit_code([Drift("desk", None, "same"), Drift("desk", None, kind)]) == code


def test_summary_counts_every_verdict() -> None:
    drifts = [Drift("desk", None, kind) for kind in ("same", "values", "schema", "gone")]
    assert summary(drifts) == NONE | {"same": 1, "changed": 2, "broken": 1}


def test_importing_it_imports_neither_sdk() -> None:
    program = "import sys, agent.evals.verify; print(sorted({'anthropic', 'mcp'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")
