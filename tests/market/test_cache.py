from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from agent.market.vn_cache import cached

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "sector-advisor" / "vn-sim" / "key"


def made() -> dict[str, np.ndarray]:
    return {"small": np.arange(12, dtype=np.int16).reshape(3, 4), "large": np.linspace(0, 1, 1000)}


def never() -> dict[str, np.ndarray]:
    raise AssertionError("there was something in the cache")


def equal(left: dict[str, np.ndarray], right: dict[str, np.ndarray]) -> bool:
    return left.keys() == right.keys() and all(
        left[name].dtype == right[name].dtype and np.array_equal(left[name], right[name]) for name in left
    )


def test_what_was_made_is_read_the_next_time(folder):
    assert equal(cached("key", made), made())
    read = cached("key", never)
    assert equal(read, made())
    assert not any(array.flags.writeable for array in read.values())
    assert [each.name for each in folder.parent.iterdir()] == ["key"]


def flip_a_bit(folder: Path) -> None:
    content = bytearray((folder / "large.npy").read_bytes())
    content[-5] ^= 1
    (folder / "large.npy").write_bytes(content)


def cut(folder: Path) -> None:
    (folder / "large.npy").write_bytes((folder / "large.npy").read_bytes()[:-100])


def empty(folder: Path) -> None:
    (folder / "large.npy").write_bytes(b"")


def lose(folder: Path) -> None:
    (folder / "small.npy").unlink()


def other_shape(folder: Path) -> None:
    np.save(folder / "small.npy", np.arange(12, dtype=np.int16))


def no_sums(folder: Path) -> None:
    (folder / "sums.json").unlink()


def sums_of_another_kind(folder: Path) -> None:
    (folder / "sums.json").write_text("[1, 2]")


def objects(folder: Path) -> None:
    np.save(folder / "small.npy", np.array([{}], dtype=object), allow_pickle=True)


@pytest.mark.parametrize(
    "damage",
    [flip_a_bit, cut, empty, lose, other_shape, no_sums, sums_of_another_kind, objects],
    ids=lambda f: f.__name__,
)
def test_a_damaged_cache_is_made_anew_and_replaced(folder, damage):
    cached("key", made)
    damage(folder)
    assert equal(cached("key", made), made())
    assert equal(cached("key", never), made())
    assert [each.name for each in folder.parent.iterdir()] == ["key"]


def test_what_a_killed_process_left_behind_is_cleared_away_once_it_is_old(folder):
    for name, age in ((".key-old", 7200), (".key-new", 60)):
        (folder.parent / name / "whole").mkdir(parents=True)
        then = time.time() - age
        os.utime(folder.parent / name, (then, then))
    cached("key", made)
    assert sorted(each.name for each in folder.parent.iterdir()) == [".key-new", "key"]


def test_where_nothing_can_be_written_there_is_no_cache_and_no_complaint(folder, capfd):
    folder.parents[1].write_text("a file in the way")
    assert equal(cached("key", made), made())
    assert capfd.readouterr() == ("", "")


def test_processes_that_begin_together_all_read_whole_arrays(folder, tmp_path):
    code = """
import numpy as np
from agent.market.vn_cache import cached
for round in range(20):
    arrays = cached("key", lambda: {"each": np.arange(200_000), "other": np.ones((300, 300))})
    assert arrays["each"].sum() == 19999900000 and arrays["other"].sum() == 90000
"""
    begun = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE) for _ in range(3)]
    assert [(process.communicate()[1], process.returncode) for process in begun] == [(b"", 0)] * 3
    assert [each.name for each in folder.parent.iterdir()] == ["key"]
