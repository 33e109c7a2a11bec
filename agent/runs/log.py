"""One run's event log: JSON Lines, append-only, locked while it is written, every line checked on reading.

A line is the event as compact JSON, its keys in the order in which they came, so that what a server or model sent is
read back as it was; with its index `i`, its time `at` and, last, `crc`: the CRC-32 of the line without that member. A
torn last line is cut when the log is opened again; a damaged line before it is refused.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from agent.encoding import compact
from agent.errors import LogBusy, LogDamaged, LogError
from agent.events import Event, RunFinished, from_json

FILE = "log.jsonl"
_CRC = b',"crc":"%08x"}\n'
"""The end of a line, after all its other members."""
LOCK = "lock"
_BLOCK = 1 << 16
"""Bytes that are read at once from a log's end."""


@dataclass(frozen=True)
class Line:
    index: int
    at: str
    event: Event


class RunLog:
    """An open log. `append` writes at once; `sync` puts what was written on the disk, off the event loop's thread."""

    def __init__(self, folder: Path) -> None:
        """Create the log, or go on with one. Raises LogBusy, LogDamaged, LogError."""
        self.folder = folder
        self.path = folder / FILE
        self._lock = FileLock(folder / LOCK)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout:
            raise LogBusy(f"another process holds this run: {folder}", hint="wait for it to end") from None
        except OSError as error:
            raise _unwritable(self.path, error) from None
        try:
            self.lines, kept = _read_lines(self.path) if self.path.exists() else ([], b"")
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.ftruncate(self._file, len(kept))
            except OSError:
                os.close(self._file)
                raise
        except OSError as error:
            self._lock.release()
            raise _unwritable(self.path, error) from None
        except LogError:
            self._lock.release()
            raise
        self._folders_synced = False
        """Whether the folders that lead to the file are on the disk too."""
        self._index = len(self.lines)
        self._size = len(kept)
        self._root = hashlib.sha256(kept)

    @property
    def root(self) -> str:
        """SHA-256 over the bytes of all lines so far."""
        return self._root.hexdigest()

    def append(self, event: Event) -> None:
        """Write one line. After a failed write the log ends with the last whole line. Raises LogError."""
        line = encode(event, self._index, _now())
        try:
            _write_all(self._file, line)
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._file, self._size)
            raise _unwritable(self.path, error) from None
        self._index += 1
        self._size += len(line)
        self._root.update(line)

    async def sync(self) -> None:
        await asyncio.to_thread(self.sync_now)

    def sync_now(self) -> None:
        try:
            if not self._folders_synced:
                _sync_folder(self.folder)
                _sync_folder(self.folder.parent)
                self._folders_synced = True
            getattr(os, "fdatasync", os.fsync)(self._file)
        except OSError as error:
            raise _unwritable(self.path, error) from None

    def close(self) -> None:
        os.close(self._file)
        self._lock.release()


def is_held(folder: Path) -> bool:
    """Whether a process writes this run at the moment."""
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        return True
    lock.release()
    return False


def encode(event: Event, index: int, at: str) -> bytes:
    body = compact({"i": index, "at": at} | event.to_json())
    return body[:-1] + _CRC % zlib.crc32(body)


def read(path: Path) -> list[Line]:
    """All whole lines of a log, finished or not. Raises LogDamaged naming the first bad line, or LogError."""
    try:
        return _read_lines(path)[0]
    except OSError as error:
        raise LogError(f"{path} cannot be read: {error.strerror}") from None


def opening(path: Path) -> Iterator[Event]:
    """A log's events one by one, up to the first line that is no whole one; the end's seal is not looked at.

    Raises LogError.
    """
    try:
        with path.open("rb") as file:
            for index, piece in enumerate(file):
                if (line := _decode(piece, index)) is None:
                    return
                yield line.event
    except OSError as error:
        raise LogError(f"{path} cannot be read: {error.strerror}") from None


def last(path: Path) -> Line | None:
    """A log's last line, read from its end whatever came before; None when it is torn, damaged or missing.

    Raises LogError.
    """
    tail = b""
    try:
        with path.open("rb") as file:
            at = file.seek(0, os.SEEK_END)
            while at and b"\n" not in tail[:-1]:
                start = max(0, at - _BLOCK)
                file.seek(start)
                tail, at = file.read(at - start) + tail, start
    except OSError as error:
        raise LogError(f"{path} cannot be read: {error.strerror}") from None
    return _decode(tail[tail.rfind(b"\n", 0, -1) + 1 :], None)


def _read_lines(path: Path) -> tuple[list[Line], bytes]:
    """The whole lines, and their bytes. A bad line is dropped as torn only if no good one follows."""
    content = path.read_bytes()
    lines: list[Line] = []
    kept = 0
    pieces = list(_pieces(content))
    for at, (piece, end) in enumerate(pieces):
        line = _decode(piece, len(lines))
        if line is None:
            written = piece.endswith(b"\n") and b"\0" not in piece
            if written or any(_decode(later, None) for later, _ in pieces[at + 1 :]):
                raise _damaged(path, len(lines), "this line is not what was written")
            break
        if isinstance(line.event, RunFinished) and line.event.root != hashlib.sha256(content[:kept]).hexdigest():
            raise _damaged(path, len(lines), "the lines before this one are not those that were sealed")
        lines.append(line)
        kept = end
    return lines, content[:kept]


def _damaged(path: Path, index: int, what: str) -> LogDamaged:
    return LogDamaged(
        f"{path}:{index + 1}: {what}",
        hint="the run is not read any further, so that nothing is paid or told twice; restore the file from a copy",
    )


def _pieces(content: bytes) -> Iterator[tuple[bytes, int]]:
    start = 0
    while start < len(content):
        end = content.find(b"\n", start)
        if end < 0:
            yield content[start:], len(content)
            return
        yield content[start : end + 1], end + 1
        start = end + 1


def _decode(piece: bytes, index: int | None) -> Line | None:
    """The line, or None when it is torn, damaged, or not the one with this index."""
    body = piece[: -len(_CRC % 0)] + b"}"
    if piece != body[:-1] + _CRC % zlib.crc32(body):
        return None
    try:
        said = json.loads(body)
        if index is not None and said["i"] != index:
            return None
        return Line(said["i"], said["at"], from_json(said))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _write_all(file: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def begin(folder: Path, lines: Iterable[Line], event: Event) -> None:
    """A log of its own that begins with these lines, told when they were told, and goes on with the event: whole or
    absent. Raises LogError.
    """
    known = [encode(line.event, index, line.at) for index, line in enumerate(lines)]
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise _unwritable(folder, error) from None
    write_whole(folder / FILE, b"".join([*known, encode(event, len(known), _now())]), mode=0o600)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def write_whole(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Write a file that is whole or absent: to a temporary name, synced, renamed. Raises LogError.

    The temporary name is always the same, so that who writes it again takes what a killed process left.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with open(temporary, "wb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> LogError:
    return LogError(
        f"{path} cannot be written: {error.strerror}",
        hint="what was logged before is kept; free some space, or set ADVISOR_HOME to another folder",
    )
