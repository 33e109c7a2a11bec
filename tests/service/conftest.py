from __future__ import annotations

import pytest

from agent import gate


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two attempts."""
    monkeypatch.setattr(gate, "LONGEST_WAIT", 0.0)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was to be waited, by the policy as it is; nobody does."""
    noted: list[float] = []

    async def rest(_: gate.Gate, seconds: float) -> None:
        noted.append(seconds)

    monkeypatch.undo()
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    monkeypatch.setattr(gate.Gate, "rest", rest)
    return noted
