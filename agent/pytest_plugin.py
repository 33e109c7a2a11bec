"""For tests of your own: a fixture that makes a recorded run again, and fails where it is not what was recorded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from agent.result import RunResult


@pytest.fixture
def replay(pytestconfig: pytest.Config) -> Callable[[str | Path], RunResult]:
    """`replay("evals/transcripts/x.jsonl")`: the RunResult of that run, made again without a model or a server.

    A path is relative to pytest's root. Raises Diverged when the program does something else than was recorded.
    """
    from agent.replay.again import replay as again

    return lambda path: again(pytestconfig.rootpath / path)
