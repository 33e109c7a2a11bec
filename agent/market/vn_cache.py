"""Keeps generated arrays in the user's cache folder, so that the next process need not make them again.

A folder is written under another name and renamed, so it is whole or absent. One that is damaged, or cannot
be written, costs the time to generate and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

Arrays = dict[str, NDArray[Any]]

_SUMS = "sums.json"
_HOUR = 3600
"""Seconds after which a folder that is still being written was given up by a process that ended."""


def cached(key: str, make: Callable[[], Arrays]) -> Arrays:
    """The arrays kept under `key`, mapped into memory read-only; where there are none, those that `make` makes."""
    folder = user_cache_path("sector-advisor", appauthor=False) / "vn-sim" / key
    try:
        return _read(folder)
    except (OSError, EOFError, ValueError, AttributeError):
        arrays = make()
    with contextlib.suppress(OSError):
        _write(folder, arrays)
    return arrays


def _read(folder: Path) -> Arrays:
    """Raises OSError, EOFError, ValueError or AttributeError: absent or damaged."""
    sums: dict[str, int] = dict(json.loads((folder / _SUMS).read_text(encoding="ascii")).items())
    arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in sums}
    if any(_sum(arrays[name]) != given for name, given in sums.items()):
        raise ValueError(f"{folder} is damaged")
    return arrays


def _write(folder: Path, arrays: Arrays) -> None:
    """Raises OSError: the folder cannot be written, or another process has just put the same one there."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for left in folder.parent.glob(".*"):
        if time.time() - left.stat().st_mtime > _HOUR:
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent, ignore_cleanup_errors=True) as made:
        whole = Path(made, "whole")
        whole.mkdir()
        for name, array in arrays.items():
            np.save(whole / f"{name}.npy", array, allow_pickle=False)
        sums = {name: _sum(array) for name, array in arrays.items()}
        (whole / _SUMS).write_text(json.dumps(sums), encoding="ascii")
        if folder.exists():
            os.rename(folder, Path(made, "damaged"))
        os.rename(whole, folder)


def _sum(array: NDArray[Any]) -> int:
    """Of the numbers and of how they are to be read."""
    form = zlib.crc32(f"{array.dtype.str}{array.shape}".encode())
    return zlib.crc32(np.ascontiguousarray(array).view(np.uint8).data, form)
