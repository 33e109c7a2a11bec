"""The HTTP transport of servers from before 2025-03-26: one stream of events, and a place to post messages to.

The SDK's own takes no event over 1 MiB and loses what a refused message was about, so that its caller would wait.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import anyio
import httpx2
from anyio.abc import TaskStatus
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCRequest, jsonrpc_message_adapter

from agent.tools.stdio import Incoming, Streams


@asynccontextmanager
async def sse_streams(url: str, http: httpx2.AsyncClient) -> AsyncGenerator[Streams, None]:
    """Raises httpx2.HTTPStatusError when the stream is refused, ValueError when it names no place to post to."""
    incoming, read = anyio.create_memory_object_stream[Incoming](0)
    write, outgoing = anyio.create_memory_object_stream[SessionMessage](0)
    lasting = httpx2.Timeout(http.timeout.connect, read=None)
    accepted = {"accept": "text/event-stream"}
    async with (
        incoming,
        read,
        write,
        outgoing,
        http.stream("GET", url, headers=accepted, timeout=lasting, follow_redirects=False) as response,
    ):
        response.raise_for_status()
        async with anyio.create_task_group() as tasks:
            place = await tasks.start(_receive, response, incoming)
            tasks.start_soon(_send, http, place, outgoing, incoming)
            yield read, write
            tasks.cancel_scope.cancel()


async def _receive(
    response: httpx2.Response,
    incoming: MemoryObjectSendStream[Incoming],
    *,
    task_status: TaskStatus[httpx2.URL],
) -> None:
    """The first event names the place to post to; the others are messages."""
    begun = False
    async with incoming:
        with suppress(httpx2.TransportError):  # the end of the stream is the end of the server
            async for event in httpx2.EventSource(response, max_event_size=None):
                if event.event == "endpoint" and not begun:
                    begun = True
                    task_status.started(_place(response.request.url, event.data))
                elif event.event == "message" and event.data:
                    await _deliver(event.data, incoming)
    if not begun:
        raise ValueError("its event stream named no place to post messages to")


async def _send(
    http: httpx2.AsyncClient,
    place: httpx2.URL,
    outgoing: MemoryObjectReceiveStream[SessionMessage],
    incoming: MemoryObjectSendStream[Incoming],
) -> None:
    """A message that is refused is answered with the refusal."""
    async with anyio.create_task_group() as tasks:

        async def post(item: SessionMessage) -> None:
            message = item.message.model_dump(by_alias=True, mode="json", exclude_unset=True)
            with suppress(httpx2.TransportError):  # of a notification, which nobody waits for
                response = await http.post(place, json=message)
                if response.is_error and "method" in message and "id" in message:
                    await _deliver(response.text, incoming)

        async for item in outgoing:
            if isinstance(item.message, JSONRPCRequest):
                tasks.start_soon(post, item)
            else:
                await post(item)  # what follows a notification must not overtake it


async def _deliver(text: str, incoming: MemoryObjectSendStream[Incoming]) -> None:
    try:
        message = jsonrpc_message_adapter.validate_json(text, by_name=False)
    except ValueError:
        return
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
        await incoming.send(SessionMessage(message))


def _place(url: httpx2.URL, said: str) -> httpx2.URL:
    """Raises ValueError for a place at another server: what is posted there holds the headers meant for this one."""
    place = url.join(said)
    if (place.scheme, place.host, place.port) != (url.scheme, url.host, url.port):
        raise ValueError(f"its event stream names a place at another server: {place.host}")
    return place
