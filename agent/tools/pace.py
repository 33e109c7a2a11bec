"""How often a server may be called: `calls_per_minute`, over all runs that use the server."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

MINUTE = 60.5
"""Seconds; a little more than a minute, since a call reaches its server a little after it was admitted."""


@dataclass
class Pace:
    """At most `calls` in any minute, first come, first served; None is no limit."""

    calls: int | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _begun: deque[float] = field(default_factory=deque)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def admit(self) -> None:
        """Return when one more call may be made."""
        if self.calls is None:
            return
        async with self._turn:
            if len(self._begun) == self.calls:
                await self.sleep(max(0.0, self._begun[0] + MINUTE - self.clock()))
                self._begun.popleft()
            self._begun.append(self.clock())
