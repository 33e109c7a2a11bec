from __future__ import annotations

import re
from pathlib import Path

import pytest

from agent.errors import UsageError
from agent.runs import store

NAMES = ["20200101-000000-aaaaaa", "20200101-000000-bbbbbb", "20210101-000000-abcdef"]


def make(*names: str) -> None:
    for name in names:
        folder = store.folder(name)
        folder.mkdir(parents=True)
        (folder / "log.jsonl").touch()


@pytest.fixture
def runs() -> list[str]:
    make(*NAMES)
    return NAMES


def test_a_run_is_named_by_its_time_and_a_short_id() -> None:
    first = store.new_id()
    assert re.fullmatch(r"20\d{6}-\d{9}-[0-9a-f]{4}", first)
    later = [store.new_id() for _ in range(50)]
    assert sorted(later, key=lambda run: run[:18]) == later


def test_runs_lie_in_advisor_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADVISOR_HOME", str(tmp_path / "here"))
    assert store.folder("r") == tmp_path / "here" / "runs" / "r"
    assert store.all_runs() == []
    assert not (tmp_path / "here").exists()


def test_a_relative_home_is_meant_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ADVISOR_HOME", "here")
    assert store.home() == tmp_path / "here"


@pytest.mark.parametrize("value", [None, ""])
def test_without_a_home_the_platform_says_where(
    value: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    if value is None:
        monkeypatch.delenv("ADVISOR_HOME")
    else:
        monkeypatch.setenv("ADVISOR_HOME", value)
    assert store.home().name == "sector-advisor"
    assert store.home().is_relative_to(tmp_path)


def test_runs_are_listed_newest_first_and_only_where_there_is_a_log(runs: list[str]) -> None:
    store.folder("20990101-000000-cccccc").mkdir()
    (store.home() / "runs" / "note.txt").touch()
    assert [run.name for run in store.all_runs()] == sorted(runs, reverse=True)


@pytest.mark.parametrize(
    ("name", "at"),
    [("20200101-000000-aaaaaa", 0), ("bbbbbb", 1), ("2021", 2), ("cdef", 2), ("last", 2), ("20200101-000000-b", 1)],
)
def test_a_run_is_found_by_its_name_either_end_of_it_or_as_the_last(name: str, at: int, runs: list[str]) -> None:
    assert store.find(name) == store.folder(runs[at])


def test_a_whole_name_wins_over_names_that_begin_with_it(runs: list[str]) -> None:
    make(f"{runs[0]}-2")
    assert store.find(runs[0]).name == runs[0]


def test_a_name_that_fits_several_runs_lists_them(runs: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        store.find("2020")
    assert caught.value.message == "2 runs fit '2020'"
    assert caught.value.hint == "name more of the one you mean: 20200101-000000-bbbbbb, 20200101-000000-aaaaaa"
    assert caught.value.exit_code == 2


def test_a_long_list_of_fitting_runs_is_cut_to_five() -> None:
    make(*(f"2022010{day}-000000-aaaaaa" for day in range(1, 8)))
    with pytest.raises(UsageError) as caught:
        store.find("aaaaaa")
    hint = caught.value.hint or ""
    assert (caught.value.message, hint.count("-aaaaaa"), hint[-3:]) == ("7 runs fit 'aaaaaa'", 5, ", …")


@pytest.mark.parametrize("name", ["nothing", "last", "-0000"])
def test_a_name_that_fits_no_run_says_where_runs_lie(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        store.find(name)
    assert caught.value.message == f"no run is called {name!r}"
    assert str(store.home() / "runs") in (caught.value.hint or "")


def test_no_name_at_all_is_no_run() -> None:
    make(NAMES[0])
    with pytest.raises(UsageError):
        store.find("")


@pytest.mark.parametrize("ending", ["", "/"])
def test_run_is_found_by_its_folder_wherever_it_lies(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "batch" / "job-1"
    elsewhere.mkdir(parents=True)
    (elsewhere / "log.jsonl").touch()
    monkeypatch.chdir(tmp_path)
    assert store.find(f"{elsewhere}{ending}") == elsewhere
    assert store.find(f"batch/job-1{ending}") == elsewhere
    assert store.find(f"./batch/job-1{ending}") == elsewhere


def test_folder_without_a_log_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run is called"):
        store.find(str(tmp_path))


def test_folder_that_is_called_like_a_run_does_not_hide_it(
    runs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "last").mkdir()
    (tmp_path / "last" / "log.jsonl").touch()
    monkeypatch.chdir(tmp_path)
    assert store.find("last") == store.folder(runs[2])
    assert store.find("./last") == tmp_path / "last"
