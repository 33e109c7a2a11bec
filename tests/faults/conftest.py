from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.tools import process as process_module
from agent.tools import servers as servers_module
from tests.faults.http_server import FaultyHttp
from tests.faults.kit import Faulty
from tests.tools.raw import alive

REAPED_SECONDS = 10
"""How long the kernel may take to end what was killed."""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers that do not end by themselves are not waited for."""
    monkeypatch.setattr(process_module, "EXIT_SECONDS", 0.2)


@pytest.fixture(autouse=True)
def nothing_left(tmp_path: Path) -> Iterator[None]:
    """No process that was started with the test's folder among its arguments outlives the test."""
    yield
    deadline = time.monotonic() + REAPED_SECONDS
    while (left := alive(str(tmp_path))) and time.monotonic() < deadline:
        os.sched_yield()
    assert left == []


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lost servers are opened again without a pause."""
    monkeypatch.setattr(servers_module, "BACKOFF", (0.0, 0.0, 0.0))


@pytest.fixture
def faulty(tmp_path: Path) -> Callable[..., Faulty]:
    """Stdio servers by their behaviour."""

    def make(behaviour: str = "well") -> Faulty:
        folder = tmp_path / f"{behaviour}-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        return Faulty(behaviour, folder)

    return make


@pytest.fixture
def web() -> Iterator[FaultyHttp]:
    """A server over HTTP, which works but for what is scripted."""
    with FaultyHttp() as server:
        yield server
