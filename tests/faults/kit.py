"""What the fault tests share: servers that break and their diaries, runs over them, calls of their tools."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agent.errors import ServerError
from agent.events import Event
from agent.result import RunResult
from agent.run import run
from agent.runs import log, store
from agent.server_spec import StdioServer
from agent.tools.ports import Reply
from agent.tools.servers import Server
from tests.messages_api import call
from tests.scripted import Scripted, agent_file, answer, said
from tests.tools.raw import PATIENCE, opened

PROGRAM = Path(__file__).parent / "stdio_server.py"
TOLERANT = {"writes": "allow"}


@dataclass
class Faulty:
    """A stdio server with a folder of its own."""

    behaviour: str
    folder: Path

    @property
    def args(self) -> list[str]:
        return [str(PROGRAM), self.behaviour, str(self.folder)]

    def server(self, name: str = "bad", **more: Any) -> Server:
        """`protocol` is the spec's; all else is the server's."""
        protocol = {"protocol": more.pop("protocol")} if "protocol" in more else {}
        spec = StdioServer(command=sys.executable, args=self.args, **protocol)
        return Server(name, spec, **{"timeouts": PATIENCE, **more})

    def entry(self, **more: Any) -> dict[str, Any]:
        """Under `mcpServers`."""
        return {"command": sys.executable, "args": self.args, **more}

    def diary(self, page: str) -> list[str]:
        path = self.folder / page
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    @property
    def starts(self) -> list[int]:
        """Ids of its processes."""
        return [int(line) for line in self.diary("starts")]

    @property
    def heard(self) -> list[str]:
        return self.diary("heard")

    @property
    def calls(self) -> list[str]:
        """Tools whose calls were carried out, or at least begun."""
        return self.diary("calls")


@dataclass
class Waits:
    """A server's `sleep` that only keeps count."""

    seconds: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


async def double(server: Server, n: int = 2) -> Any:
    return (await server.call("double", {"n": n}, repeatable=True)).result["structuredContent"]["doubled"]


async def wipe(server: Server, n: int = 2) -> Reply:
    return await server.call("wipe", {"n": n}, repeatable=False)


def words(reply: Reply) -> str:
    return str(reply.result["content"][0]["text"])


def told(reply: Reply) -> str:
    """What an error result says."""
    assert reply.result["isError"] is True
    return words(reply)


async def failure_of(server: Server) -> ServerError:
    """Of its start."""
    with pytest.raises(ServerError) as caught:
        async with opened([server]):
            raise AssertionError("it opened")
    assert caught.value.exit_code == 5
    assert caught.value.message.startswith(f"server {server.name!r}: ")
    return caught.value


async def ask(model: Scripted, servers: dict[str, Any], **keys: Any) -> RunResult:
    """A whole run, which has to use the script up."""
    result = await run(agent_file(mcpServers=servers, **keys), "Which sectors?", model=model)
    assert len(model.requests) == len(model.steps), "the script has steps that were not asked for"
    return result


def calling(*names: str, n: int | None = 4) -> Scripted:
    """A model that calls these tools, one a turn, and answers; with None for n, without arguments.

    From the third call of a tool on, n is one more: a third equal call would not be made.
    """
    calls = [
        call(name, {} if n is None else {"n": n + (names[:number].count(name) > 1)}, id=f"toolu_{number}")
        for number, name in enumerate(names)
    ]
    return Scripted(*map(said, calls), answer())


def logged() -> list[Event]:
    """The events of the newest run."""
    return [line.event for line in log.read(store.find("last") / log.FILE)]
