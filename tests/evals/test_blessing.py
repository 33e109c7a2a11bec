"""A baseline is accepted by a person, who is told what is other than before."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent.errors import UsageError
from agent.evals import suite as suites
from agent.evals.blessing import bless
from tests.evals.small_suite import BAD, GOOD, LOOKS, case, put, references, referred, write


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)


def blessed(folder: Path) -> list[str]:
    return asyncio.run(bless(suites.load(folder)))


def test_first_blessing_writes_what_the_next_run_is_compared_with(tmp_path: Path) -> None:
    write(tmp_path, a=case(paraphrases=["And?"]), b=case())
    assert blessed(tmp_path) == ["blessed: 5 runs of 2 cases"]
    once = (tmp_path / "baseline.json").read_bytes()
    assert referred(suites.load(tmp_path)).ok
    assert blessed(tmp_path) == ["blessed: 5 runs of 2 cases"] and (tmp_path / "baseline.json").read_bytes() == once


def test_what_changed_since_is_told_and_accepted(tmp_path: Path) -> None:
    write(tmp_path, a=case(), b=case(), c=case())
    blessed(tmp_path)
    twice = {"calls": [LOOKS["calls"][0], LOOKS["calls"][0]]}
    put(tmp_path / "cases" / "a.yaml", case(reference=references([twice, GOOD[1]])))
    (tmp_path / "cases" / "b.yaml").unlink()
    put(tmp_path / "cases" / "d.yaml", case())
    assert not referred(suites.load(tmp_path)).ok
    assert blessed(tmp_path) == [
        "a, pass 1: the calls is not what was blessed",
        "d, pass 1: it is not in the baseline; `advisor eval bless` accepts it",
        "d, fail 1: it is not in the baseline; `advisor eval bless` accepts it",
        "b fail 1: it is there no more",
        "b pass 1: it is there no more",
        "blessed: 6 runs of 3 cases",
    ]
    assert referred(suites.load(tmp_path)).ok


def test_case_that_does_not_do_what_it_says_is_not_blessed(tmp_path: Path) -> None:
    write(tmp_path, a=case(), b=case(reference=references(BAD)))
    with pytest.raises(UsageError, match="not blessed") as refused:
        blessed(tmp_path)
    assert refused.value.message.splitlines()[1:] == [
        "b: the run that must pass: taxonomy is 0, at least 1 is wanted: 0 of 1 sectors are known"
    ]
    assert not (tmp_path / "baseline.json").exists()


@pytest.mark.parametrize(("ci", "refused"), [("true", True), ("1", True), ("false", False), ("", False)])
def test_nothing_is_blessed_in_ci(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ci: str, refused: bool) -> None:
    write(tmp_path)
    monkeypatch.setenv("CI", ci)
    if refused:
        with pytest.raises(UsageError, match="refused in CI"):
            blessed(tmp_path)
    else:
        blessed(tmp_path)
    assert (tmp_path / "baseline.json").exists() is not refused
