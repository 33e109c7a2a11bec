"""Runs whose log is cut as a crash cuts it, and that go on with the rest of their script."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations

from agent.agentfile import parse
from agent.events import Event, ModelAsked, RunFinished, ToolAsked
from agent.place import Place
from agent.result import RunResult
from agent.run import resume
from agent.runs import log
from agent.sitting import Sitting
from agent.source import Source
from agent.tools.pool import in_process
from tests.asking import ask
from tests.messages_api import call
from tests.scripted import LOOK, Scripted, agent_file, answer, market, said

ORDER = call("place_order", {}, id="order")
WRITES = {"policy": {"writes": "allow"}}


def lines_of(folder: Path) -> list[bytes]:
    return (folder / log.FILE).read_bytes().splitlines(keepends=True)


def events_of(folder: Path) -> list[Event]:
    return [line.event for line in log.read(folder / log.FILE)]


def count(folder: Path, kind: type[Event]) -> int:
    return sum(isinstance(event, kind) for event in events_of(folder))


def files_of(folder: Path) -> dict[str, tuple[bytes, int]]:
    """What lies there, and when it was written."""
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir() if path.is_file()}


def leave(folder: Path, lines: list[bytes], torn: bytes = b"") -> None:
    """What a crash leaves of a run: these lines of its log, half of the next, and no file that it made at its end."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    (folder / log.FILE).write_bytes(b"".join(lines) + torn)


def cut_after(result: RunResult, kind: type[Event], nth: int = 1) -> Path:
    """The run's folder, its log cut after the nth event of a kind."""
    assert result.folder
    places = [at for at, event in enumerate(events_of(result.folder), 1) if isinstance(event, kind)]
    leave(result.folder, lines_of(result.folder)[: places[nth - 1]])
    return result.folder


def copy_without(kind: type[Event], run: Path, folder: Path) -> Path:
    """A run whose log has none of the events of a kind, and no end: each line is whole, and it makes no sense."""
    kept = [line for line in log.read(run / log.FILE) if not isinstance(line.event, kind | RunFinished)]
    folder.mkdir(parents=True)
    (folder / log.FILE).write_bytes(b"".join(log.encode(line.event, at, line.at) for at, line in enumerate(kept)))
    return folder


async def go_on(folder: Path, model: Scripted, **options: Any) -> RunResult:
    """Resume over the small market, and see that the whole script was asked for."""
    options.setdefault("servers", {"market": market()})
    result = await resume(folder, model=model, **options)
    assert len(model.requests) == len(model.steps), "the script has steps that were not asked for"
    return result


OF_THE_TEST = in_process({"market": market()})


def sitting(model: Scripted, folder: Path, **options: Any) -> Sitting:
    """A sitting of the usual run, as a batch begins it: by its question, its log being there or not."""
    return Sitting(
        parse(Source("agent.yaml", agent_file())),
        model=model,
        simulated=False,
        real_data_only=True,
        **{
            "opening": in_process({"market": market()}),
            "question": "Which sectors?",
            "as_of": None,
            "place": Place(folder),
            **options,
        },
    )


class Desk:
    """A market with a tool that may write, and the calls of it."""

    def __init__(self, idempotent: bool | None = None) -> None:
        self.orders = 0
        self._hints = ToolAnnotations(read_only_hint=False, idempotent_hint=idempotent)

    def servers(self) -> dict[str, MCPServer[Any]]:
        def place_order() -> str:
            """Orders."""
            self.orders += 1
            return "ordered"

        server = market()
        server.add_tool(place_order, name="place_order", annotations=self._hints)
        return {"market": server}

    async def cut_in_its_call(self) -> Path:
        """A run that stopped while the order was under way; whether it was carried out cannot be seen in the log."""
        result = await ask(Scripted(said(ORDER), answer()), servers=self.servers(), keys=WRITES)
        self.orders = 0
        return cut_after(result, ToolAsked)


async def cut_in_its_request() -> Path:
    """A run that stopped while its second request was under way."""
    return cut_after(await ask(Scripted(said(LOOK), answer())), ModelAsked, 2)
