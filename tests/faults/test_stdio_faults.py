"""What a stdio server can do wrong while it starts, lists its tools and ends."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.events import ServerOpened
from agent.spec import TimeoutSpec
from agent.tools import stdio as stdio_module
from agent.tools import verdicts
from tests.faults.kit import PROGRAM, Faulty, double, failure_of, words
from tests.tools.raw import PATIENCE, alive, opened

Make = Callable[..., Faulty]
SHORT = TimeoutSpec(start=0.5, list=0.5, call=0.5)


async def test_server_that_exits_at_start_names_itself_its_command_its_exit_and_its_last_words(faulty: Make) -> None:
    error = await failure_of((bad := faulty("exits")).server())
    assert error.message.splitlines() == [
        "server 'bad': it ended before it was ready",
        f"  command: {' '.join([sys.executable, *bad.args])}   (exited with 1)",
        "  stderr:  loading",
        "           DB password missing",
    ]


async def test_server_that_is_killed_tells_the_signal_that_did_it(faulty: Make) -> None:
    error = await failure_of(faulty("killed-at-start").server())
    assert error.failure.exit == -9 and "(exited with -9)" in error.message


async def test_server_that_exits_while_it_lists_its_tools_tells_how_it_ended(faulty: Make) -> None:
    error = await failure_of(faulty("exits-at-list").server())
    assert (error.failure.exit, error.failure.stderr) == (4, "the database went away")


async def test_server_that_never_answers_ends_at_its_start_time_out(faulty: Make) -> None:
    error = await failure_of((bad := faulty("silent-at-start")).server(timeouts=SHORT))
    assert error.message.startswith("server 'bad': it did not answer within 0.5 s\n")
    assert error.failure.exit is None, "we ended it, so its exit tells nothing"
    assert str(error.hint).startswith("raise timeouts.start")
    assert len(bad.starts) == 1, "silence is no reason to start it once more"


async def test_server_that_never_lists_its_tools_ends_at_its_list_time_out(faulty: Make) -> None:
    error = await failure_of(faulty("silent-at-list").server(timeouts=TimeoutSpec(start=30, list=0.3)))
    assert error.message.startswith("server 'bad': it did not list its tools within 0.3 s\n")
    assert str(error.hint).startswith("raise timeouts.list")


async def test_server_that_never_ends_its_line_is_given_up(faulty: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stdio_module, "LONGEST_LINE", 1 << 20)
    error = await failure_of(faulty("line-without-end").server())
    assert error.failure.exit is None and "line" in error.failure.reason, error.message


@pytest.mark.parametrize("behaviour", ["garbage", "invalid-utf8", "floods-stderr", "malformed-tool", "stubborn"])
async def test_server_that_is_odd_but_sound_works(behaviour: str, faulty: Make) -> None:
    async with opened([odd := (bad := faulty(behaviour)).server()]) as [outcome]:
        assert isinstance(outcome, ServerOpened)
        assert [tool.name for tool in odd.tools] == ["double", "sized", "wipe"]
        if behaviour != "invalid-utf8":
            assert [await double(odd, n) for n in (1, 2, 3)] == [2, 4, 6]
        assert len(bad.starts) == 1


async def test_bytes_that_are_no_utf8_spoil_neither_the_messages_around_them_nor_their_own(faulty: Make) -> None:
    async with opened([spoilt := faulty("invalid-utf8").server()]):
        for _ in range(2):
            reply = await spoilt.call("double", {"n": 1}, repeatable=True)
            assert words(reply) == "caf\ufffd \ufffd"


async def test_flood_on_stderr_blocks_nothing_and_only_its_end_is_told(faulty: Make) -> None:
    async with opened([loud := faulty("floods-stderr").server()]):
        assert await double(loud) == 4
        told = loud.error("it is gone").message
        assert 2 < len(told.splitlines()) < 20 and len(told) < 6_000


async def test_malformed_tools_are_set_aside_by_name(faulty: Make) -> None:
    async with opened([mixed := faulty("malformed-tool").server()]):
        assert [each["tool"] for each in mixed.set_aside] == ["bad", "worse", "a tool without a name"]


async def test_list_of_tools_without_an_end_is_read_so_far_and_no_further(faulty: Make) -> None:
    endless, same = faulty("endless-pages"), faulty("same-page-for-ever")
    async with opened([new := endless.server(), again := same.server("again")]):
        assert [tool.name for tool in new.tools] == [f"tool_{number}" for number in range(100)]
        assert [tool.name for tool in again.tools] == ["double", "sized", "wipe"]
    assert (endless.heard.count("tools/list"), same.heard.count("tools/list")) == (100, 2)


async def test_no_process_is_left_of_stubborn_servers_and_their_children(faulty: Make, tmp_path: Path) -> None:
    async with opened([faulty("stubborn").server(), faulty("leaves-a-child").server("parent")]):
        assert len(alive(str(tmp_path))) == 3
    assert alive(str(PROGRAM)) == []


async def test_server_that_dies_of_the_newer_greeting_is_greeted_in_the_old_way_and_that_is_remembered(
    faulty: Make,
) -> None:
    old = faulty("exits-on-unknown-method")
    async with opened([server := old.server()]) as [outcome]:
        assert isinstance(outcome, ServerOpened) and outcome.protocol == "2025-06-18"
        assert await double(server) == 4
    assert (len(old.starts), old.heard) == (2, ["server/discover", "initialize", "tools/list", "tools/call"])
    async with opened([old.server()]) as [outcome]:
        assert isinstance(outcome, ServerOpened)
    assert len(old.starts) == 3, "the second start took one process only"
    assert old.heard[4:] == ["initialize", "tools/list"]


async def test_verdict_that_holds_no_longer_is_found_out_and_taken_back(faulty: Make) -> None:
    newer = faulty("knows-no-old-way")
    verdicts.remember(newer.server().address, legacy=True)
    async with opened([server := newer.server()]) as [outcome]:
        assert isinstance(outcome, ServerOpened) and outcome.protocol == "2026-07-28"
        assert await double(server) == 4
    assert newer.heard == ["initialize", "server/discover", "tools/list", "tools/call"]
    assert not verdicts.is_legacy(newer.server().address)


async def test_server_that_exits_whatever_it_is_asked_gets_no_verdict(faulty: Make) -> None:
    error = await failure_of((bad := faulty("exits")).server())
    assert len(bad.starts) == 2 and "DB password missing" in error.message
    assert not verdicts.is_legacy(bad.server().address)


@pytest.mark.parametrize("behaviour", ["exits-on-unknown-method", "ignores-unknown-methods"])
async def test_server_that_is_said_to_be_old_is_not_asked_what_it_does_not_know(behaviour: str, faulty: Make) -> None:
    old = faulty(behaviour)
    async with opened([server := old.server(protocol="legacy")]) as [outcome]:
        assert isinstance(outcome, ServerOpened) and outcome.protocol == "2025-06-18"
        assert await double(server) == 4
    assert (len(old.starts), old.heard) == (1, ["initialize", "tools/list", "tools/call"])


async def test_server_that_ignores_the_newer_greeting_is_greeted_in_the_old_way(
    faulty: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcp.client.session.DISCOVER_TIMEOUT_SECONDS", 0.3)
    old = faulty("ignores-unknown-methods")
    async with opened([server := old.server()]) as [outcome]:
        assert isinstance(outcome, ServerOpened) and outcome.protocol == "2025-06-18"
        assert await double(server) == 4
    assert len(old.starts) == 1


async def test_server_that_does_not_speak_the_protocol_that_the_file_says_is_told_in_words_of_ours(
    faulty: Make,
) -> None:
    error = await failure_of((old := faulty()).server(protocol="2026-07-28"))
    assert len(error.message.splitlines()) == 2 and "pydantic" not in error.message
    assert len(old.starts) == 1, "it is not asked in another way than the file says"


@pytest.mark.parametrize("entry", [{"command": "no-such-program-anywhere"}, {"cwd": "/no/such/folder"}])
async def test_server_that_cannot_be_started_names_what_is_missing(entry: dict[str, Any], faulty: Make) -> None:
    server = faulty().server(timeouts=PATIENCE)
    server.spec = server.spec.model_copy(update=entry)  # type: ignore[union-attr]
    error = await failure_of(server)
    [missing] = entry.values()
    assert f"there is no {'command' if 'command' in entry else 'folder'} {missing!r}" in error.message
