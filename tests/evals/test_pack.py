"""An evidence pack: every call worth making as of one date, once, in a transcript."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from agent.errors import ServerError, SpecError, UsageError
from agent.evals import pack
from agent.replay.recording import Recording
from tests.evals.small_suite import put
from tests.scripted import agent_file

HEAT, MACRO = "get_sector_heatmap", "get_macro_indicators"
SPEC = {
    "agent": "us_sector_rotation",
    "as_of": "2008-09-30",
    "calls": {
        HEAT: {"lookback_period": ["3M", "6M"], "granularity": ["monthly", "weekly"]},
        MACRO: {"indicators": [["inflation"], ["inflation", "unemployment_rate"]]},
        "no_such_tool": {},
    },
}


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)


def test_each_combination_is_recorded_and_failed_calls_are_told(tmp_path: Path) -> None:
    out = tmp_path / "transcripts" / "us.jsonl"
    told = asyncio.run(pack.write(put(tmp_path / "us.yaml", SPEC), out))
    assert told == f"7 calls recorded in {out}, 3 of them failed"
    recording = Recording.read(out)
    made = [(each.tool, {k: v for k, v in each.arguments.items() if k != "as_of"}) for each in recording.results]
    assert made == [
        (HEAT, {"lookback_period": "3M", "granularity": "monthly"}),
        (HEAT, {"lookback_period": "3M", "granularity": "weekly"}),
        (HEAT, {"lookback_period": "6M", "granularity": "monthly"}),
        (HEAT, {"lookback_period": "6M", "granularity": "weekly"}),
        (MACRO, {"indicators": ["inflation"]}),
        (MACRO, {"indicators": ["inflation", "unemployment_rate"]}),
    ]
    assert {each.arguments.get("as_of") for each in recording.results} == {"2008-09-30"}
    assert [bool(each.result.get("isError")) for each in recording.results] == [False, True, False, True, False, False]
    assert (recording.started.run_id, recording.started.as_of, recording.at[:10]) == ("us", "2008-09-30", "2000-01-01")
    again = tmp_path / "again.jsonl"
    asyncio.run(pack.write(tmp_path / "us.yaml", again))
    assert again.read_bytes() == out.read_bytes()


def test_budget_of_the_agent_file_does_not_cut_a_pack_short(tmp_path: Path) -> None:
    put(tmp_path / "own.yaml", agent_file(budget={"tool_calls": 1}))
    spec = put(tmp_path / "p.yaml", {"agent": "own.yaml", "as_of": "2025-06-30", "calls": {"get_whale_activity": {
        "sector": ["all"], "lookback_days": [5, 10, 20]}}})  # fmt: skip
    assert asyncio.run(pack.write(spec, tmp_path / "p.jsonl")) == f"3 calls recorded in {tmp_path / 'p.jsonl'}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("agent: a\nas_of: soon\ncalls: {t: {}}\n", "2:8: as_of: has to be a date such as 2008-09-30, not 'soon'"),
        ("agent: a\nas_of: 2025-06-30\ncalls: {}\n", "3:8: calls: must not be empty"),
        ("agent: a\nas_of: 2025-06-30\ncalls: {t: {x: []}}\n", "3:16: calls.t.x: must not be empty"),
        ("agent: a\nas_of: 2025-06-30\ncall: {t: {}}\n", "3:1: call: unknown key - did you mean 'calls'?"),
    ],
)
def test_problem_of_the_file_is_named_with_its_position(tmp_path: Path, text: str, problem: str) -> None:
    path = put(tmp_path / "p.yaml", text)
    with pytest.raises(SpecError) as refused:
        asyncio.run(pack.write(path, tmp_path / "out.jsonl"))
    assert f"{path}:{problem}" in refused.value.problems


def test_server_that_is_down_leaves_no_pack(tmp_path: Path) -> None:
    server = {"command": sys.executable, "args": ["-c", "raise SystemExit(3)"]}
    put(tmp_path / "own.yaml", agent_file(mcpServers={"m": server}))
    spec = put(tmp_path / "p.yaml", {"agent": "own.yaml", "as_of": "2025-06-30", "calls": {"look": {}}})
    with pytest.raises(ServerError):
        asyncio.run(pack.write(spec, tmp_path / "out.jsonl"))
    assert not (tmp_path / "out.jsonl").exists()


def test_nothing_is_recorded_in_ci(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(UsageError, match="refused in CI"):
        asyncio.run(pack.write(put(tmp_path / "us.yaml", SPEC), tmp_path / "out.jsonl"))
    assert not (tmp_path / "out.jsonl").exists()
