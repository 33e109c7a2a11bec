"""What a run does about its servers beyond calling them: their last words kept, opening told, locks, changed offers."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.agentfile import load
from agent.errors import ServerError, ToolsChanged, TrustNeeded
from agent.events import Event
from agent.run import resume, run
from agent.runs import store
from agent.underway import Underway
from tests.asking import logged
from tests.messages_api import call
from tests.scripted import Scripted, agent_file, answer, said
from tests.tools.raw import PROGRAM

TALKS = """
import os, sys
sys.stderr.write("the key is " + os.environ.get("DESK_KEY", "") + "\\n")
sys.stderr.flush()
"""


def talking(folder: Path, behaviour: str = "well") -> dict[str, Any]:
    program = folder / "talks.py"
    program.write_text(TALKS + PROGRAM.read_text(encoding="utf-8"), encoding="utf-8")
    return {"command": sys.executable, "args": [str(program), behaviour], "env": {"DESK_KEY": "${DESK_KEY}"}}


def over(servers: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return agent_file(mcpServers=servers, tools=[{"tool_name": "double"}], **keys)


def doubling() -> Scripted:
    return Scripted(said(call("double", {"n": 2})), answer())


async def test_what_a_server_prints_on_stderr_lies_with_its_run_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESK_KEY", "s3cret-of-the-desk")
    result = await run(over({"desk": talking(tmp_path)}), "Which?", model=doubling())
    assert result.ok and result.folder
    assert (result.folder / "stderr" / "desk.log").read_text() == "the key is [redacted]\n"
    everything = b"".join(path.read_bytes() for path in result.folder.rglob("*") if path.is_file())
    assert b"s3cret-of-the-desk" not in everything


async def test_what_a_server_printed_that_never_started_lies_with_its_run_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESK_KEY", "s3cret-of-the-desk")
    with pytest.raises(ServerError):
        await run(over({"desk": talking(tmp_path, "exits")}), "Which?", model=Scripted())
    kept = store.find("last") / "stderr" / "desk.log"
    assert kept.read_text() == "the key is [redacted]\nloading\nDB password missing\n"


async def test_server_that_prints_nothing_leaves_no_file() -> None:
    quiet = {"command": sys.executable, "args": [str(PROGRAM)]}
    result = await run(over({"raw": quiet}), "Which?", model=doubling())
    assert result.folder and not (result.folder / "stderr").exists()


async def test_who_listens_hears_which_servers_are_waited_for_and_the_log_does_not() -> None:
    quiet = {"command": sys.executable, "args": [str(PROGRAM)]}
    heard: list[Event] = []
    result = await run(over({"a": quiet}), "Which?", model=doubling(), listen=heard.append)
    assert next(event.text for event in heard if isinstance(event, Underway)) == "opening the servers: waiting for a"
    assert not any(isinstance(event, Underway) for event in logged(result))


def written(folder: Path, **keys: Any) -> Path:
    program = folder / "server.py"
    program.write_text(PROGRAM.read_text(encoding="utf-8"), encoding="utf-8")
    path = folder / "agent.json"
    path.write_text(json.dumps(over({"raw": {"command": sys.executable, "args": [str(program)]}}, **keys)))
    return path


async def test_tool_that_changed_since_it_was_locked_stops_a_run_before_any_request(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert (await run(load(path), "Which?", model=doubling())).ok
    program = tmp_path / "server.py"
    program.write_text(program.read_text().replace("Twice n.", "Thrice n."))
    model = Scripted()
    with pytest.raises(ToolsChanged, match="changed description") as caught:
        await run(load(path), "Which?", model=model)
    assert model.requests == [] and caught.value.exit_code == 7 and caught.value.run_id


async def test_mapping_of_this_process_has_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    quiet = {"command": sys.executable, "args": [str(PROGRAM)]}
    assert (await run(over({"raw": quiet}), "Which?", model=doubling())).ok
    assert not list(tmp_path.glob("**/advisor.lock"))


async def test_log_from_elsewhere_starts_no_program_unless_it_is_trusted(tmp_path: Path) -> None:
    path = written(tmp_path)
    with pytest.raises(RuntimeError):
        await run(load(path), "Which?", model=Scripted(RuntimeError("the process dies")))
    mailed = tmp_path / "mailed" / "run"
    mailed.parent.mkdir()
    os.rename(store.find("last"), mailed)
    with pytest.raises(TrustNeeded, match="would start programs"):
        await resume(mailed, model=Scripted(), trusted=False)
    assert (await resume(mailed, model=doubling(), trusted=True)).ok
