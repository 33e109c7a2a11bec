"""Who does the job: this program, and the loop by hand, both with their servers open and their clients connected."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

from job import QUESTION

Once: TypeAlias = Callable[[], Awaitable[Any]]
"""Does the job once; raises when it went wrong."""
AGENT = "agent.yaml"
"""The agent file, in the folder in which all is done."""
OURS, STREAMED, PLAIN = "ours", "streamed", "plain"
NAMES = {OURS: "ours", STREAMED: "floor, streamed", PLAIN: "floor, plain"}
"""With what tables call them."""


def opened(name: str) -> AbstractAsyncContextManager[Once]:
    return ours() if name == OURS else by_hand(stream=name == STREAMED)


@asynccontextmanager
async def ours() -> AsyncIterator[Once]:
    """As a batch does it: servers, model and agent file are had once, and every run has its log and its page."""
    from agent import agentfile
    from agent.place import Place
    from agent.run import choose_model
    from agent.runs import store
    from agent.sitting import Sitting
    from agent.tools.pool import ServerPool

    file = agentfile.load(AGENT)
    model = choose_model(file, None, offline=False)
    numbers = itertools.count()

    async with ServerPool() as pool:

        async def once() -> Any:
            place = Place(store.folder(f"{os.getpid()}-{next(numbers)}"))
            result = await Sitting(
                file, QUESTION, None, model, simulated=False, real_data_only=True, place=place, opening=pool.of
            ).run()
            assert result.ok, result.stop_reason
            return result.answer

        try:
            yield once
        finally:
            await model.close()


@asynccontextmanager
async def by_hand(*, stream: bool) -> AsyncIterator[Once]:
    from floor import floor

    async with floor(stream=stream) as asked:
        yield lambda: asked.run(QUESTION)


def agent_file(server: list[str]) -> str:
    """The shipped agent file with this server in it."""
    shipped = Path(__file__).parents[1] / "configs" / "dynamic_sector_advisor.yaml"
    command, *args = server
    servers = {"market": {"command": command, "args": args}}
    return f"{shipped.read_text(encoding='utf-8')}\nmcpServers: {json.dumps(servers)}\n"
