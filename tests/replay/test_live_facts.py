"""What only a live host can know - locks, persons, servers that were lost - comes out of a replay as it was."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.agentfile import load
from agent.errors import ServerError, ToolsChanged, UsageError
from agent.events import ToolsOffered, ToolsVouched
from agent.follow import follow_up
from agent.replay.again import Rerun, replayed
from agent.replay.recording import Recording
from agent.run import resume, run
from agent.runs import store
from tests.asking import logged
from tests.messages_api import call
from tests.scripted import Scripted, agent_file, answer, said
from tests.tools.raw import PROGRAM

FAULTY = PROGRAM.parent.parent / "faults" / "stdio_server.py"


def written(folder: Path, program: Path = PROGRAM, *arguments: str, **keys: Any) -> Path:
    """An agent file over one server, whose program lies beside it so that a test can change it."""
    (folder / "server.py").write_text(program.read_text(encoding="utf-8"), encoding="utf-8")
    server = {"command": sys.executable, "args": [str(folder / "server.py"), *arguments]}
    path = folder / "agent.json"
    path.write_text(json.dumps(agent_file(mcpServers={"raw": server}, **keys)), encoding="utf-8")
    return path


def rewritten(folder: Path, before: str, after: str) -> None:
    text = (folder / "server.py").read_text(encoding="utf-8")
    assert before in text
    (folder / "server.py").write_text(text.replace(before, after), encoding="utf-8")


def double(id: str = "a") -> Any:
    return said(call("double", {"n": 2}, id=id))


async def again(folder: Path | None) -> Rerun:
    """Raises Diverged."""
    assert folder
    return await replayed(Recording.read(folder), renders=True)


async def test_tool_that_was_held_back_is_held_back_again(tmp_path: Path) -> None:
    path = written(tmp_path, FAULTY, "list-changes", str(tmp_path), policy={"writes": "allow"})
    model = Scripted(double(), answer())
    result = await run(load(path), "Which?", model=model)
    assert [tool["name"] for tool in model.requests[1].tools] == ["double", "sized", "wipe"]
    [held] = [event for event in logged(result) if isinstance(event, ToolsVouched)]
    assert held.held == ["triple"] and any("'triple' appeared while" in warning for warning in result.warnings)
    replay = await again(result.folder)
    assert replay.result.warnings == result.warnings
    assert sum(isinstance(event, ToolsOffered) for event in replay.events) == 2


async def test_warning_of_another_version_comes_again(tmp_path: Path) -> None:
    path = written(tmp_path)
    await run(load(path), "Which?", model=Scripted(double(), answer()))
    rewritten(tmp_path, '"version": "1"', '"version": "2"')
    result = await run(load(path), "Which?", model=Scripted(double(), answer()))
    assert any("is now 2, it was 1" in warning for warning in result.warnings)
    assert (await again(result.folder)).result.warnings == result.warnings


class Wavering:
    """A person who says no at first, and then yes."""

    def __init__(self) -> None:
        self.asked = 0

    async def allow(self, server: str, tool: str, arguments: Any) -> bool:
        self.asked += 1
        return self.asked > 1

    async def fill(self, server: str, message: str, schema: dict[str, Any]) -> None:
        raise AssertionError("nothing was to be filled in")


async def test_person_says_again_what_was_said_of_each_call(tmp_path: Path) -> None:
    path = written(tmp_path, PROGRAM, "writes", policy={"writes": "ask"})
    rewritten(tmp_path, '2 * arguments["n"]', '2 * arguments.get("n", 0)')
    wipes = [said(call("wipe", {}, id=id)) for id in "ab"]
    result = await run(load(path), "Which?", model=Scripted(*wipes, answer()), person=Wavering())
    assert [each.source for each in result.calls] == ["refused", "live"]
    assert [each.source for each in (await again(result.folder)).result.calls] == ["refused", "replayed"]


async def test_person_of_a_question_on_an_answer_is_its_own(tmp_path: Path) -> None:
    """As when a script's run is asked about on a terminal."""
    path = written(tmp_path, PROGRAM, "writes", policy={"writes": "ask"})
    rewritten(tmp_path, '2 * arguments["n"]', '2 * arguments.get("n", 0)')
    result = await run(load(path), "Which?", model=Scripted(double(), answer()))
    model = Scripted(said(call("wipe", {}, id="w")), answer())
    following = await follow_up(result, "And?", agent=path, model=model, person_for=lambda _: Wavering())
    replay = await again(following.folder)
    assert [each.shown for each in replay.result.calls] == [each.shown for each in following.calls]


async def test_required_server_that_was_lost_after_it_had_answered_is_lost_again(tmp_path: Path) -> None:
    path = written(tmp_path)
    dies = 'import pathlib\n    if pathlib.Path(__file__ + ".called").exists():\n        os._exit(3)\n'
    marks = '    pathlib.Path(__file__ + ".called").touch()\n'
    rewritten(
        tmp_path, "def called(arguments: dict) -> dict:\n", f"def called(arguments: dict) -> dict:\n    {dies}{marks}"
    )
    with pytest.raises(ServerError, match="it was lost in a call of double"):
        await run(load(path), "Which?", model=Scripted(double("a"), double("b")))
    replay = await again(store.find("last"))
    assert isinstance(replay.error, ServerError)


async def test_run_that_tools_had_stopped_is_not_resumed_past_its_lock(tmp_path: Path) -> None:
    path = written(tmp_path)
    await run(load(path), "Which?", model=Scripted(double(), answer()))
    rewritten(tmp_path, "Twice n.", "Thrice n.")
    with pytest.raises(ToolsChanged):
        await run(load(path), "Which?", model=Scripted())
    stopped = store.find("last")
    for new_attempt in (False, True):
        with pytest.raises(UsageError, match="have to be compared with the agent file's lock") as caught:
            await resume(stopped, model=Scripted(), new_attempt=new_attempt)
        assert caught.value.hint == "name it: -c agent.json"
        with pytest.raises(ToolsChanged):
            await resume(stopped, agent=path, model=Scripted(), new_attempt=new_attempt)
