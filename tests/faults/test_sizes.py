"""Results of any size arrive whole over every transport, and what a run makes of them stays bounded."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agent.events import ContentStored
from agent.server_spec import HttpServer, StdioServer
from agent.tools.servers import Server
from tests.faults.http_server import FaultyHttp
from tests.faults.kit import Faulty, Waits, ask, logged
from tests.faults.steps import as_event
from tests.messages_api import call
from tests.scripted import Scripted, answer, said
from tests.tools.raw import PATIENCE, opened

Make = Callable[..., Faulty]
MIB = 1 << 20
TRANSPORTS = ["stdio", "http-json", "http-event", "sse"]


def server(transport: str, web: FaultyHttp, faulty: Make) -> Server:
    spec: StdioServer | HttpServer
    if transport == "stdio":
        return faulty().server()
    spec = HttpServer(url=web.sse_url, type="sse") if transport == "sse" else HttpServer(url=web.url)
    if transport == "http-event":
        web.always("tools/call", as_event)
    return Server("bad", spec, PATIENCE, sleep=Waits())


@pytest.mark.parametrize("size", [MIB, 5 * MIB, 50 * MIB], ids=["1M", "5M", "50M"])
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_result_of_any_size_arrives_whole(transport: str, size: int, web: FaultyHttp, faulty: Make) -> None:
    async with opened([large := server(transport, web, faulty)]):
        reply = await large.call("sized", {"n": size}, repeatable=True)
        [block] = reply.result["content"]
        assert not reply.result.get("isError") and block["text"] == "x" * size
        again = await large.call("sized", {"n": 3}, repeatable=True)
        assert again.result["content"][0]["text"] == "xxx"


@pytest.mark.parametrize("transport", ["stdio", "http-event"])
async def test_model_is_shown_the_beginning_of_a_large_result_and_the_log_keeps_all_of_it(
    transport: str, web: FaultyHttp, faulty: Make
) -> None:
    web.always("tools/call", as_event)
    entry = faulty().entry() if transport == "stdio" else {"url": web.url}
    model = Scripted(said(call("sized", {"n": 5 * MIB})), answer())
    result = await ask(model, {"good": entry}, policy={"result_chars": 2_000})
    assert result.status == "ok" and not result.calls[0].is_error
    assert len(str(result.calls[0].shown)) < 3_000 and len(str(model.requests[1].messages)) < 20_000
    stored = [
        event.content for event in logged() if isinstance(event, ContentStored) and isinstance(event.content, dict)
    ]
    assert {"content": [{"type": "text", "text": "x" * 5 * MIB}]} in [
        {"content": each.get("content")} for each in stored
    ]
