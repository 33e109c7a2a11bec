"""What the service may do about a request: answer well, or in one of the ways in which services and networks fail."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from tests.messages_api import call, error_body, events, message, stream, text
from tests.scripted import ANSWER, LOOK
from tests.service.server import JSON, SSE, Exchange, Step

PAUSE = 0.01
"""Seconds between two pieces of what comes slowly."""
PING: dict[str, Any] = {"type": "ping"}
PAGE = b"<html><head><title>502 Bad Gateway</title></head>\n<body><h1>nginx</h1></body></html>"
LOOK_AGAIN = call("get_sector_heatmap", {"lookback_period": "1Y"}, id="toolu_2")
ADVICE = text(json.dumps(ANSWER))
SAID = [message(LOOK), message(LOOK_AGAIN), message(ADVICE)]
"""A run of three turns: two looks, and the answer."""


def right(exchange: Exchange) -> dict[str, Any]:
    """What a run of three turns is answered."""
    return SAID[min(exchange.turn, len(SAID)) - 1]


def at(turn: int, *steps: Step, then: Callable[[Exchange], dict[str, Any]] = right) -> Callable[[Exchange], Step]:
    """These steps for the first requests for a turn; what is right for all others."""

    def plan(exchange: Exchange) -> Step:
        failing = exchange.turn == turn and exchange.attempt <= len(steps)
        return steps[exchange.attempt - 1] if failing else saying(then(exchange))

    return plan


def by_turn(*said: dict[str, Any]) -> Callable[[Exchange], Step]:
    """These answers by how many were taken before, the last one again and again."""
    return lambda exchange: saying(said[min(exchange.turn, len(said)) - 1])


def encoded(said: dict[str, Any], exchange: Exchange) -> bytes:
    return stream(said) if exchange.streams else json.dumps(said).encode()


def kind_of(exchange: Exchange) -> str:
    return SSE if exchange.streams else JSON


def saying(said: dict[str, Any]) -> Step:
    """A whole message, as it was asked for."""

    async def step(exchange: Exchange) -> None:
        if not exchange.streams:
            return await exchange.send(json.dumps(said).encode())
        await exchange.begin()
        await exchange.chunk(stream(said))
        await exchange.end()

    return step


async def well(exchange: Exchange) -> None:
    await saying(right(exchange))(exchange)


def refuse(status: int, kind: str, words: str = "not now", *, code: str | None = None, **headers: str) -> Step:
    """`code`: the service's own, finer word for it."""
    body = error_body(kind, words)
    if code:
        body["error"]["details"] = {"error_code": code}
    return lambda exchange: exchange.send(json.dumps(body).encode(), status, JSON, **headers)


def content(body: bytes, kind: str | None = None, status: int = 200) -> Step:
    """Anything, as an answer."""
    return lambda exchange: exchange.send(body, status, kind or kind_of(exchange))


bad_gateway = content(PAGE, "text/html", 502)
sign_in = content(PAGE, "text/html")


async def reset(exchange: Exchange) -> None:
    """Before a word of an answer."""
    exchange.reset()


async def hang_up(exchange: Exchange) -> None:
    """Before a word of an answer."""
    exchange.hang_up()


async def silent(exchange: Exchange) -> None:
    await exchange.until_gone()


async def half(exchange: Exchange) -> None:
    """Of the right answer, where more was announced."""
    whole = encoded(right(exchange), exchange)
    await exchange.begin(200, kind_of(exchange), content_length=str(len(whole)))
    await exchange.write(whole[: len(whole) // 2])


async def cut(exchange: Exchange) -> None:
    await half(exchange)
    exchange.hang_up()


async def reset_midway(exchange: Exchange) -> None:
    await half(exchange)
    exchange.reset()


async def stall(exchange: Exchange) -> None:
    await half(exchange)
    await exchange.until_gone()


async def pings(exchange: Exchange) -> None:
    """Signs of life and nothing else, for as long as somebody listens; in JSON a blank is one."""
    sign = stream([PING]) if exchange.streams else b" "
    await exchange.begin(200, kind_of(exchange))
    if exchange.streams:
        await exchange.chunk(stream(events(right(exchange))[:3]))
    while not exchange.gone:
        await exchange.chunk(sign)
        await asyncio.sleep(PAUSE)
    exchange.closes = True


async def ends_early(exchange: Exchange) -> None:
    """What came looks well until its end: the stream without its last event, half of the JSON."""
    said = right(exchange)
    exchange.closes = True
    await exchange.begin(200, kind_of(exchange))
    whole = stream(events(said)[:-1]) if exchange.streams else encoded(said, exchange)[:-20]
    await exchange.write(whole)


def breaks_off(kind: str) -> Step:
    """An error, though the status was 200."""

    async def step(exchange: Exchange) -> None:
        begun = events(right(exchange))[:3] if exchange.streams else []
        error = error_body(kind)
        body = stream([*begun, error]) if exchange.streams else json.dumps(error).encode()
        await exchange.send(body, 200, kind_of(exchange))

    return step


def half_a_call(stop_reason: str | None = None) -> Step:
    """The stream of a message whose call lost the second half of its arguments."""
    listed = events(message(LOOK, stop_reason=stop_reason))
    deltas = [at for at, each in enumerate(listed) if each.get("delta", {}).get("type") == "input_json_delta"]
    return content(stream(listed[: deltas[1]] + listed[deltas[1] + 1 :]), SSE)


async def bad_json(exchange: Exchange) -> None:
    body = b'event: message_start\ndata: {"type": "mess\n\n' if exchange.streams else b'{"id": "msg_1", "content": ['
    await exchange.send(body, 200, kind_of(exchange))


async def drip(exchange: Exchange) -> None:
    """The right answer, a byte at a time."""
    whole = encoded(right(exchange), exchange)
    await exchange.begin(200, kind_of(exchange), content_length=str(len(whole)))
    for byte in whole:
        await exchange.write(bytes([byte]))
        await asyncio.sleep(0)


def late_end(after: bytes = b"") -> Step:
    """The whole stream at once, and its end a little later, with something before it."""

    async def step(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.chunk(stream(right(exchange)))
        await asyncio.sleep(10 * PAUSE)
        if after:
            await exchange.chunk(after)
        await exchange.end()

    return step


async def never_ends(exchange: Exchange) -> None:
    """The whole stream, and pings for as long as somebody listens."""
    await exchange.begin()
    await exchange.chunk(stream(right(exchange)))
    while not exchange.gone:
        await exchange.chunk(stream([PING]))
        await asyncio.sleep(PAUSE)
    exchange.closes = True


async def stays_open(exchange: Exchange) -> None:
    """The whole stream, and then nothing, not even its end."""
    await exchange.begin()
    await exchange.chunk(stream(right(exchange)))
    await exchange.until_gone()


async def cut_after_all(exchange: Exchange) -> None:
    """The whole stream, and a connection that breaks before its end is told."""
    await exchange.begin()
    await exchange.chunk(stream(right(exchange)))
    await asyncio.sleep(PAUSE)
    exchange.reset()
