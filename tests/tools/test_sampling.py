"""A server that has the run's model write a text for it: only where the agent file allows that, and counted."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from agent.budget import Budget
from agent.company import BorrowedModel
from agent.errors import ModelError
from agent.model.base import Request, Turn
from agent.replay.again import replayed
from agent.replay.recording import Recording
from agent.run import run
from agent.spec import BudgetSpec
from agent.tools.pool import ServerPool
from tests.messages_api import call, text
from tests.scripted import Scripted, agent_file, answer, said

SERVER = '''
from mcp.server.mcpserver import Context, MCPServer
from mcp_types import SamplingMessage, TextContent

server = MCPServer("writer")

@server.tool()
async def summary(ctx: Context) -> str:
    """Has a text written."""
    asked = SamplingMessage(role="user", content=TextContent(type="text", text="Sum it up."))
    try:
        written = await ctx.session.create_message([asked], max_tokens=50, system_prompt="Be brief.")
    except Exception as error:
        return f"not written: {error}"
    return f"written: {written.content.text}"

server.run("stdio")
'''


def agent(folder: Path, **policy: Any) -> dict[str, Any]:
    (folder / "writer.py").write_text(SERVER, encoding="utf-8")
    server = {"command": sys.executable, "args": [str(folder / "writer.py")], "protocol": "legacy"}
    return agent_file(mcpServers={"w": server}, policy={"writes": "allow", **policy})


async def test_server_has_the_model_write_where_that_is_allowed_and_it_is_paid_for_and_told(tmp_path: Path) -> None:
    def written(request: Request) -> Turn:
        assert (request.system, request.tools) == ("Be brief.", [])
        assert request.messages == [{"role": "user", "content": [text("Sum it up.")]}]
        return said(text("In short."))

    model = Scripted(said(call("summary", {})), written, answer())
    result = await run(agent(tmp_path, sampling="allow"), "Which?", model=model)
    assert result.ok and "written: In short." in str(result.calls[0].shown)
    assert (result.usage.input, result.turns) == (300, 2)
    assert "server 'w' had the model write a text (policy.sampling)" in result.warnings
    assert result.folder
    assert (await replayed(Recording.read(result.folder), renders=True)).result.usage == result.usage


@pytest.mark.parametrize(
    ("policy", "steps"),
    [
        ({}, []),
        ({"sampling": "allow"}, [ModelError("overloaded", kind="x")]),
        ({"sampling": "allow"}, [said(text(" "))]),
    ],
    ids=["not allowed", "the model fails", "the model says nothing"],
)
async def test_server_without_a_text_goes_on_and_so_does_the_run(
    policy: dict[str, Any], steps: list[Any], tmp_path: Path
) -> None:
    model = Scripted(said(call("summary", {})), *steps, answer())
    result = await run(agent(tmp_path, **policy), "Which?", model=model)
    assert result.ok and "not written: " in str(result.calls[0].shown)


async def test_server_that_stays_open_has_the_model_of_each_run_write_at_its_own_cost(tmp_path: Path) -> None:
    file = agent(tmp_path, sampling="allow")
    async with ServerPool() as pool:
        for words in ("In short.", "Shorter."):
            model = Scripted(said(call("summary", {})), said(text(words)), answer())
            result = await run(file, "Which?", model=model, pool=pool)
            assert result.ok and f"written: {words}" in str(result.calls[0].shown)
            assert result.usage.input == 300


async def test_nothing_is_written_when_the_budget_is_used_up(tmp_path: Path) -> None:
    file = agent(tmp_path, sampling="allow") | {"budget": {"tokens": 200}}
    twice = said(call("summary", {}), call("summary", {}, id="2"))
    result = await run(file, "Which?", model=Scripted(twice, said(text("Short."))))
    assert result.status == "budget"
    shown = " ".join(str(each.shown) for each in result.calls)
    assert "Short." in shown and "not written: tokens: the limit of 200 is reached" in shown


async def test_server_gets_no_more_texts_than_the_run_may_spend() -> None:
    spent = said(text("Long."))
    lent = BorrowedModel(Scripted(spent, spent), Budget(BudgetSpec(tokens=200)))
    for _ in range(2):
        assert (await lent.write("", [])).text == "Long."
    with pytest.raises(ModelError, match="tokens: the limit of 200 is reached"):
        await lent.write("", [])
    few = BorrowedModel(Scripted(spent), Budget(BudgetSpec()), texts=1)
    await few.write("", [])
    with pytest.raises(ModelError, match="no more than 20 texts"):
        await few.write("", [])
