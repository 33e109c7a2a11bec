"""What a log is read as: the run that it would have been without a stop, and whether it can be replayed at all."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations

from agent.errors import CredentialsError, Diverged, LogDamaged, LogError, UsageError
from agent.events import (
    ArtifactWritten,
    Event,
    ModelAnswered,
    ModelAsked,
    RunFinished,
    ServerFailed,
    ServerOpened,
    ToolAnswered,
    ToolsListed,
    ToolsOffered,
)
from agent.replay.again import replayed
from agent.replay.recording import Recording
from agent.run import resume, run
from agent.runs import log, store
from agent.tools.listed import KIND
from tests.asking import ask
from tests.messages_api import call
from tests.replay.replaying import check_same, double, edited, heatmap, raw, recorded, recording_of
from tests.resuming import ORDER, WRITES, Desk, count, cut_after, events_of, go_on, leave, lines_of
from tests.scripted import LOOK, Scripted, agent_file, answer, market, said
from tests.tools.raw import PROGRAM

TURNS = [said(LOOK, call("tick", {}, id="tick")), answer("no JSON"), answer()]


def ticking() -> dict[str, Any]:
    return {"market": market(tick=lambda: "tick")}


async def test_run_that_stopped_after_any_event_and_went_on_is_replayed_as_if_it_never_had() -> None:
    result = await ask(Scripted(*TURNS), servers=ticking())
    assert result.folder
    whole, lines, events = Recording.read(result.folder), lines_of(result.folder), events_of(result.folder)
    begun = [event.name for event in events].index("run.started") + 1
    for kept in range(begun, len(lines)):
        leave(result.folder, lines[:kept])
        answered = sum(isinstance(event, ModelAnswered) for event in events[:kept])
        await go_on(result.folder, Scripted(*TURNS[answered:]), servers=ticking())
        recording = Recording.read(result.folder)
        assert len(recording.resumed) == 1 and not recording.has_page
        await check_same(recording, whole)


async def test_run_that_failed_and_went_on_is_replayed_without_the_failure() -> None:
    with pytest.raises(CredentialsError):
        await ask(Scripted(said(LOOK), CredentialsError("key rejected")))
    folder = store.find("last")
    await go_on(folder, Scripted(answer()))
    await check_same(Recording.read(folder), await recorded())


def moody(mood: Path) -> dict[str, Any]:
    """An agent with a server that works, and an optional one that behaves as a file says when it is started."""
    program = f"import runpy, sys; sys.argv[1:] = [open({str(mood)!r}).read()]; runpy.run_path({str(PROGRAM)!r})"
    servers = {"good": raw("well"), "weak": {"command": sys.executable, "args": ["-c", program], "required": False}}
    return {"mcpServers": servers}


@pytest.mark.parametrize("before", [ToolsOffered, ModelAsked, ToolAnswered])
@pytest.mark.parametrize("second", ["odd-names", "exits"])
async def test_optional_server_that_was_down_before_the_stop_stays_what_it_was_to_the_run(
    before: type[Event], second: str, tmp_path: Path
) -> None:
    mood = tmp_path / "mood"
    mood.write_text("exits")
    turns = [said(double()), answer()]
    result = await ask(Scripted(*turns), keys=moody(mood), servers=None)
    cut_after(result, before)
    mood.write_text(second)
    assert result.folder
    answered = sum(isinstance(event, ModelAnswered) for event in events_of(result.folder))
    await go_on(result.folder, Scripted(*turns[answered:]), servers=None)
    recording = Recording.read(result.folder)
    again = await replayed(recording)
    assert again.result.ok and recording.finished and again.result.warnings == recording.finished.warnings
    assert recording.lost == {}
    down = [event.server for event in again.events if isinstance(event, ServerFailed)]
    assert down == ([] if (before, second) == (ToolsOffered, "odd-names") else ["weak"])
    assert any("DB password" in warning for warning in again.result.warnings) is bool(down)
    assert [each.opened.server for each in recording.servers] == ["good"] + ["weak"] * (not down)


async def test_server_that_was_lost_before_the_stop_is_no_lost_server_of_the_replay(tmp_path: Path) -> None:
    mood = tmp_path / "mood"
    mood.write_text("dies-in-call")
    with pytest.raises(CredentialsError):
        await ask(Scripted(said(double("weak")), CredentialsError("no")), keys=moody(mood), servers=None)
    folder = store.find("last")
    mood.write_text("well")
    await go_on(folder, Scripted(said(double("weak", "2")), answer()), servers=None)
    again = await replayed(Recording.read(folder))
    assert [call.is_error for call in again.result.calls] == [True, False]
    assert again.result.failed_servers == [] and again.result.warnings == []


async def test_call_that_may_have_been_made_and_is_made_again_is_replayed() -> None:
    desk = Desk()
    folder = await desk.cut_in_its_call()
    assert (await go_on(folder, Scripted(), servers=desk.servers())).status == "needs_decision"
    await go_on(folder, Scripted(answer()), servers=desk.servers(), in_flight="repeat")
    assert [count(folder, kind) for kind in (RunFinished, ArtifactWritten)] == [2, 2]
    ends = [event for event in Recording.read(folder).events if isinstance(event, RunFinished | ArtifactWritten)]
    assert len(ends) == 2, "the end of the last sitting only"
    again = await check_same(
        Recording.read(folder), await recorded(said(ORDER), answer(), servers=desk.servers(), keys=WRITES)
    )
    assert "ordered" in str(again.result.calls[0].shown)


async def test_call_that_was_skipped_by_hand_cannot_be_replayed() -> None:
    desk = Desk()
    folder = await desk.cut_in_its_call()
    await go_on(folder, Scripted(answer(), answer()), servers=desk.servers(), in_flight="skip")
    with pytest.raises(UsageError, match="went on without a call that was skipped by hand"):
        await replayed(Recording.read(folder))


NEVER = "did not end by itself"


def end_as(recording: Recording, **changes: Any) -> Recording:
    return edited(recording, lambda event: replace(event, **changes) if isinstance(event, RunFinished) else event)


@pytest.mark.parametrize(
    ("end", "replays"),
    [
        ({"status": "interrupted", "stop_reason": "the run was interrupted"}, False),
        ({"status": "needs_decision", "stop_reason": "was the call carried out?"}, False),
        ({"status": "budget", "stop_reason": "seconds: the limit of 300 is reached"}, False),
        ({"status": "failed", "stop_reason": "model: asked to wait 20 seconds"}, True),
        ({"status": "failed", "stop_reason": "seconds: no such limit"}, True),
        ({"status": "budget", "stop_reason": "turns: the limit of 1 is reached"}, True),
    ],
)
async def test_run_that_a_clock_or_a_person_ended_is_refused_with_words(end: dict[str, Any], replays: bool) -> None:
    recording = end_as(await recorded(), **end)
    with pytest.raises(Diverged if replays else UsageError, match="another end" if replays else NEVER) as caught:
        await replayed(recording)
    if not replays:
        assert end["stop_reason"] in caught.value.message
        goes_on = end["status"] != "budget"
        assert ("ask --resume" in str(caught.value.hint)) is goes_on


async def test_run_without_an_end_is_refused_with_words() -> None:
    folder = cut_after(await ask(Scripted(said(LOOK), answer())), ToolAnswered)
    with pytest.raises(UsageError, match=f"{NEVER}.*its log has no end"):
        await replayed(Recording.read(folder))


async def test_run_that_was_cancelled_is_refused() -> None:
    async def never(_: object) -> Any:
        task.cancel()
        await asyncio.Event().wait()

    task = asyncio.create_task(ask(Scripted(said(LOOK), never)))
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(UsageError, match=f"{NEVER}.*interrupted"):
        await replayed(Recording.read(store.find("last")))


async def test_run_that_ran_out_of_seconds_is_refused() -> None:
    async def never(_: object) -> Any:
        await asyncio.Event().wait()

    agent = agent_file(budget={"seconds": 0.05})
    result = await run(agent, "Which sectors?", model=Scripted(never), servers={"market": market()})
    with pytest.raises(UsageError, match=f"{NEVER}.*seconds: the limit"):
        await replayed(recording_of(result))


async def test_replay_is_not_resumed(home: Path) -> None:
    recording = await recorded()
    folder = store.folder("replayed")
    started = replace(recording.started, replay_of="r1")
    log_ = log.RunLog(folder)
    for event in recording.events[: recording.events.index(recording.started)]:
        log_.append(event)
    log_.append(started)
    log_.close()
    with pytest.raises(UsageError, match="replayed is a replay, and does not go on"):
        await resume(folder)


async def test_log_that_does_not_hold_what_servers_listed_is_refused_with_words() -> None:
    recording = await recorded()
    kept = [event for event in recording.events if not isinstance(event, ToolsListed)]
    with pytest.raises(UsageError, match="r7 does not hold what its servers listed") as caught:
        Recording.of(kept, recording.at, "r7")
    assert "an earlier version wrote it" in str(caught.value.hint)


async def test_log_of_a_run_that_did_not_begin_is_refused(tmp_path: Path) -> None:
    recording = await recorded()
    with pytest.raises(UsageError, match="r7 stopped before it began"):
        Recording.of(recording.events[:2], recording.at, "r7")
    (tmp_path / log.FILE).write_bytes(b"")
    with pytest.raises(UsageError, match="holds no run"):
        Recording.read(tmp_path)
    with pytest.raises(LogError, match="cannot be read"):
        Recording.read(tmp_path / "nothing.jsonl")


async def test_damaged_log_is_refused(home: Path) -> None:
    await recorded()
    path = store.find("last") / log.FILE
    path.write_bytes(path.read_bytes().replace(b"Which sectors?", b"Which sectorS?"))
    with pytest.raises(LogDamaged, match=r"log\.jsonl:"):
        Recording.read(path)


async def test_what_was_recorded_can_be_looked_at() -> None:
    def wide() -> dict[str, Any]:
        """Large."""
        return {"rows": ["x" * 70_000]}

    calls = [heatmap("1M"), call("nope", {}, id="2"), call("wide", {}, id="3"), heatmap("1Y", id="4")]
    servers = {"market": market(wide=wide)}
    recording = await recorded(said(*calls), answer(), as_of="2020-01-31", servers=servers, allow_live=True)
    assert [(each.server, each.tool) for each in recording.results] == [
        ("market", "get_sector_heatmap"),
        ("market", "wide"),
        ("market", "get_sector_heatmap"),
    ]
    first, large, last = recording.results
    assert first.arguments == {"lookback_period": "1M", "as_of": "2020-01-31"} and not first.injected
    assert last.result["structuredContent"]["columns"]["performance"]["lookback"] == "1Y"
    assert large.result["structuredContent"] == wide(), "large results are read from where they were stored"
    assert len(recording.turns) == 2 and recording.has_page
    [server] = recording.servers
    assert (server.opened.server, server.opened.transport, server.instructions) == ("market", "memory", None)
    listed = {each.name: each for each in server.tools}
    assert listed["get_sector_heatmap"].description == "Performance by sector." and listed["wide"].read_only is True
    assert "lookback_period" in listed["get_sector_heatmap"].schema["properties"]


async def test_everything_that_a_server_said_of_itself_is_read_back() -> None:
    def order() -> str:
        """Orders."""
        return "ordered"

    server: MCPServer[Any] = MCPServer("desk", instructions="Ask for one date only.")
    hints = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True)
    server.add_tool(order, name="order", annotations=hints, meta={KIND: "real"})
    recording = await recorded(said(LOOK), answer(), servers={"market": market(), "desk": server})
    [_, desk] = recording.servers
    assert desk.instructions == "Ask for one date only."
    [tool] = desk.tools
    assert (tool.server, tool.name, tool.description) == ("desk", "order", "Orders.")
    assert (tool.read_only, tool.destructive, tool.idempotent, tool.kind) == (False, True, True, "real")


async def test_entries_of_a_list_that_are_no_tools_are_told_again() -> None:
    servers = {"raw": raw("malformed-tool")}
    recording = await recorded(said(double()), answer(), servers=None, keys={"mcpServers": servers})
    assert len(recording.servers[0].set_aside) == 3
    await check_same(recording)


async def test_openings_and_losses_are_told_apart() -> None:
    lost = {"good": raw("well"), "weak": raw("dies-in-call", required=False), "down": raw("exits", required=False)}
    tools = [{"tool_name": "double"}]
    keys = {"mcpServers": lost, "tools": tools}
    recording = await recorded(said(double("weak"), double("good", "2")), answer(), servers=None, keys=keys)
    assert [(type(each), each.server) for each in recording.openings] == [
        (ServerOpened, "good"),
        (ServerOpened, "weak"),
        (ServerFailed, "down"),
    ]
    assert set(recording.lost) == {"weak"}


async def test_page_of_a_run_that_did_not_stop_counts_and_of_one_that_went_on_does_not() -> None:
    whole = await recorded()
    folder = cut_after(await ask(Scripted(said(LOOK), answer())), ToolAnswered)
    await go_on(folder, Scripted(answer()))
    assert (whole.has_page, Recording.read(folder).has_page) == (True, False)


async def test_values_that_the_log_does_not_keep_are_not_needed_for_a_replay() -> None:
    servers = {"raw": raw("well", env={"SECRET_KEY": "literal-token-1"})}
    recording = await recorded(said(double()), answer(), servers=None, keys={"mcpServers": servers})
    assert "literal-token-1" not in str(recording.contents)
    await check_same(recording)
