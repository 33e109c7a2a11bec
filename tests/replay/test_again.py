"""A recorded run again: the same events, the same bytes, whatever happened on its way."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent import gate
from agent.errors import CredentialsError, ModelError
from agent.events import (
    Event,
    ModelFailed,
    RunStarted,
    ToolAnswered,
)
from agent.gathering import read_run
from agent.place import Place
from agent.prices import Price
from agent.replay.again import replay, replayed
from agent.replay.recording import Recording
from agent.runs import log, store
from tests.asking import ask
from tests.messages_api import call, text
from tests.replay.replaying import check_same, double, edited, raw, recorded, recording_of
from tests.resuming import sitting
from tests.scripted import LOOK, Scripted, answer, market, said


def two(weak: str, **more: Any) -> dict[str, Any]:
    """An agent with a server that works and one that does not."""
    servers = {"good": raw("well"), "weak": raw(weak, **more)}
    return {"servers": None, "keys": {"mcpServers": servers, "tools": [{"tool_name": "double"}]}}


def huge() -> dict[str, Any]:
    """More than a line of the log should hold."""
    return {"kind": "real", "rows": [{"sector": f"Sector {number}", "performance": number} for number in range(3000)]}


LIMITED = ModelError("too many", kind="rate_limit_error", retryable=True, retry_after=7, status=429)
CUT = ModelError("cut", kind="truncated", retryable=True, retry_after=0)
RUNS: dict[str, Callable[[], Awaitable[Recording]]] = {
    "plain": lambda: recorded(as_of="2020-01-31"),
    "repaired": lambda: recorded(said(LOOK), answer("no JSON"), answer({"sector_recommendations": []}), answer()),
    "refused calls": lambda: recorded(
        said(call("nope", {}), call("get_sector_heatmap", {"lookback_period": 3}, id="2")), said(LOOK), answer()
    ),
    "retried": lambda: recorded(CUT, LIMITED, said(LOOK), LIMITED, CUT, answer()),
    "given up": lambda: recorded(said(LOOK), *[LIMITED] * 4),
    "bad request": lambda: recorded(ModelError("bad", kind="invalid_request_error", status=400)),
    "not sent": lambda: recorded(said(LOOK), *[ModelError("no way", kind="ConnectError", retryable=True)] * 4),
    "no credentials": lambda: recorded(said(LOOK), CredentialsError("key rejected")),
    "optional server down": lambda: recorded(said(double()), answer(), **two("exits", required=False)),
    "required server down": lambda: recorded(**two("exits")),
    "optional server lost": lambda: recorded(
        said(double("weak"), double("good", "2")),
        said(double("weak")),
        answer(),
        **two("dies-in-call", required=False),
    ),
    "required server lost": lambda: recorded(said(double("good"), double("weak", "2")), **two("dies-in-call")),
    "large results": lambda: recorded(
        said(call("huge", {}), LOOK | {"id": "2"}), answer(), servers={"market": market(huge=huge)}
    ),
    "blank turn": lambda: recorded(said(), said(LOOK), answer()),
    "two blank turns": lambda: recorded(said(), said()),
    "paused turn": lambda: recorded(said(text("so"), stop_reason="pause_turn"), said(LOOK), answer()),
    "out of budget": lambda: recorded(said(LOOK), said(LOOK), keys={"budget": {"turns": 2}}),
    "out of calls": lambda: recorded(
        said(LOOK, LOOK | {"id": "2"}), said(LOOK | {"id": "3"}), keys={"budget": {"tool_calls": 1}}
    ),
    "out of calls, and answered": lambda: recorded(
        said(LOOK, LOOK | {"id": "2"}), answer(), keys={"budget": {"tool_calls": 1}}
    ),
    "in circles": lambda: recorded(said(*[LOOK | {"id": str(number)} for number in range(3)]), answer()),
    "invalid": lambda: recorded(said(LOOK), answer("no"), answer("no"), answer("no")),
    "unsupported": lambda: recorded(answer(), answer()),
    "refused": lambda: recorded(said(stop_reason="refusal", stop_details={"category": "cyber"})),
    "cut answer": lambda: recorded(said(LOOK), said(text("and so"), stop_reason="max_tokens")),
    "simulated, allowed": lambda: recorded(servers={"market": market(kind="simulated")}, simulated=True),
    "simulated, refused": lambda: recorded(said(LOOK), servers={"market": market(kind="simulated")}),
    "simulated, by declaration": lambda: recorded(
        said(double()), answer(), servers=None, keys={"mcpServers": {"raw": raw("simulated")}}, simulated=True
    ),
    "drift": lambda: recorded(keys={"tools": [{"tool_name": "get_sector_heat"}]}),
}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "LONGEST_WAIT", 0.001)


@pytest.mark.parametrize("kind", RUNS)
async def test_run_is_replayed_to_the_same_events_and_page(kind: str) -> None:
    await check_same(await RUNS[kind]())


async def test_pauses_between_attempts_are_the_recorded_ones_and_nobody_waits_for_them() -> None:
    again = await check_same(await RUNS["retried"]())
    waits = [event.wait for event in again.events if isinstance(event, ModelFailed)]
    assert waits == [0.0, 0.001, 0.001, 0.0]


def let_go(event: Event, gone: asyncio.Event) -> None:
    if isinstance(event, ToolAnswered):
        gone.set()


async def test_results_that_came_in_another_order_than_asked_are_replayed_to_the_same_page() -> None:
    gone = asyncio.Event()

    async def slow() -> dict[str, Any]:
        """Waits."""
        await gone.wait()
        return huge()

    def fast() -> dict[str, Any]:
        """Does not."""
        return {"kind": "real", "rows": [{"sector": "Energy", "performance": 1}]}

    calls = [call("slow", {}, id="slow"), call("fast", {}, id="fast")]
    servers = {"market": market(slow=slow, fast=fast)}
    recording = await recorded(said(*calls), answer(), servers=servers, listen=lambda event: let_go(event, gone))
    came = [event.call for event in recording.events if isinstance(event, ToolAnswered)]
    again = await check_same(recording)
    live = read_run(store.find("last"))
    assert [figure.call for figure in live.figures] == ["slow"] * 3000 + ["fast"], "in the order of the calls"
    assert (came, [event.call for event in again.events if isinstance(event, ToolAnswered)]) == (
        ["fast", "slow"],
        ["slow", "fast"],
    )


async def test_job_of_a_batch_is_replayed_from_the_run_in_its_own_folder(tmp_path: Path) -> None:
    place = Place(tmp_path / "out" / "job", page="../job.html", answer="../job.json", envelope="../job.envelope.json")
    result = await sitting(Scripted(said(LOOK), answer()), place.folder, place=place).run()
    again = await replayed(recording_of(result), renders=True)
    assert again.result.ok and again.result.artifacts == {"page": "../job.html"}
    assert again.page == (tmp_path / "out" / "job.html").read_bytes()
    assert not (tmp_path / "job.html").exists()


async def test_run_of_the_planner_over_the_market_is_replayed_byte_for_byte(planned: Path) -> None:
    recording = Recording.read(planned)
    again = await check_same(recording)
    assert again.page == (planned / "page.html").read_bytes()
    assert recording.finished and again.result.labels == ["SIMULATED DATA", "OFFLINE PLANNER"]
    given, answered = recording.finished.answer, json.loads((planned / "answer.json").read_text())
    assert again.events[-1].to_json()["answer"] == given
    assert again.result.answer["sector_recommendations"] == answered["sector_recommendations"]


async def test_replay_leaves_no_file_and_its_log_is_sealed(home: Path) -> None:
    recording = await recorded()
    before = sorted(path for path in home.rglob("*"))
    again = await replayed(recording, renders=True)
    assert sorted(path for path in home.rglob("*")) == before
    path = home / "again.jsonl"
    path.write_bytes(again.content)
    lines = log.read(path)
    assert [line.event for line in lines] == list(again.events) and {line.at for line in lines} == {recording.at}
    assert again.root == hashlib.sha256(b"".join(again.content.splitlines(keepends=True)[:-1])).hexdigest()
    assert (await replayed(again.recording, renders=True)).content == again.content, "a replay is a log like any other"


async def test_replay_by_path_takes_a_log_or_its_folder(home: Path) -> None:
    recording = await recorded()
    folder = store.find("last")
    for path in (folder, str(folder / log.FILE)):
        result = await asyncio.to_thread(replay, path)
        assert result.ok and result.run_id == recording.started.run_id == folder.name


async def test_page_is_made_only_when_it_is_asked_for() -> None:
    recording = await recorded()
    assert (await replayed(recording)).page is None
    assert (await replayed(recording, renders=True)).page is not None


async def test_error_that_ended_a_run_is_told_and_has_no_run_to_look_at() -> None:
    again = await replayed(await RUNS["no credentials"]())
    assert isinstance(again.error, CredentialsError) and again.error.exit_code == 4
    assert again.result.status == "failed" and again.result.stop_reason == "credentials: key rejected"
    assert (await replayed(await recorded())).error is None


@pytest.mark.parametrize("price", [{"input": 1.0, "cache_write": 2.0, "cache_read": 3.0, "output": 4.0}, None])
async def test_recorded_price_is_kept_whatever_the_price_list_says_today(price: dict[str, float] | None) -> None:
    named = Scripted(said(LOOK), answer())
    named.name = "claude-opus-5-5"
    result = await ask(named)
    again = await replayed(edited(recording_of(result), lambda event: priced(event, price)))
    assert again.result.price == (Price(**price) if price else None)


def priced(event: Event, price: dict[str, float] | None) -> Event:
    return replace(event, price=price) if isinstance(event, RunStarted) else event
