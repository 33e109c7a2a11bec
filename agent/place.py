"""Where a run lies, and what it leaves there for people and programs: its page, its answer, its envelope."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass, replace
from os.path import normpath
from pathlib import Path

from agent.errors import UsageError
from agent.events import ArtifactWritten
from agent.journal import Log
from agent.result import PAGE, RunResult
from agent.runs.log import RunLog, write_whole

ANSWER = "answer.json"
MEDIA_TYPE = "text/html"
STDERR = "stderr"


@dataclass(frozen=True)
class Place:
    """Where a run's log lies, and where it puts what it makes, relative to the log's folder."""

    folder: Path
    page: str = PAGE
    answer: str = ANSWER
    envelope: str | None = None

    @classmethod
    def recorded(cls, folder: Path, files: dict[str, str]) -> Place:
        """As a log keeps it. Raises UsageError for files that are neither in the run's folder nor in its batch's."""
        names = {kind: files[kind] for kind in ("page", "answer", "envelope") if kind in files}
        for name in names.values():
            path = Path(normpath(folder / name))
            if path.parent not in (folder, folder.parent.parent) or path.suffix not in (".html", ".json"):
                raise UsageError(f"the log of {folder.name} would write to {path}, which is no place of a run")
        return cls(folder, **names)

    def open_log(self) -> Log:
        """Raises LogBusy, LogDamaged, LogError."""
        return RunLog(self.folder)

    async def write(self, name: str, content: bytes) -> None:
        """A file that is whole or absent. Raises LogError."""
        await asyncio.to_thread(write_whole, self.folder / name, content)

    def keep(self, files: dict[str, bytes]) -> None:
        """The same, in this order and without those that lie there already."""
        for name, content in files.items():
            path = self.folder / name
            if not (path.exists() and path.read_bytes() == content):
                write_whole(path, content)

    async def keep_words(self, server: str, stderr: str) -> None:
        """What a server printed, for people to read. Raises LogError."""
        if stderr.strip():
            (self.folder / STDERR).mkdir(exist_ok=True)
            await self.write(f"{STDERR}/{server}.log", stderr.encode())

    async def write_page(self, result: RunResult) -> ArtifactWritten:
        """The page of a run that ends with this result."""
        content = page_of(replace(result, folder=None))
        await self.write(self.page, content)
        sha256 = hashlib.sha256(content).hexdigest()
        return ArtifactWritten(kind="page", path=self.page, sha256=sha256, media_type=MEDIA_TYPE)

    async def hand_out(self, result: RunResult) -> RunResult:
        """Write the files of a run that has ended, those that are not there already; the envelope is the last."""
        if "page" in result.artifacts and not (self.folder / self.page).exists():
            await self.write_page(result)
        texts = {self.answer: result.answer} if result.ok else {}
        if self.envelope:
            texts[self.envelope] = result.envelope()
        files = {name: f"{json.dumps(value, ensure_ascii=False, indent=2)}\n".encode() for name, value in texts.items()}
        if files:
            await asyncio.to_thread(self.keep, files)
        return result

    @property
    def files(self) -> dict[str, str]:
        """As the log keeps them, so that a run that is resumed by its log alone puts them where it would have."""
        names = {"page": self.page, "answer": self.answer, "envelope": self.envelope}
        return {kind: name for kind, name in names.items() if name}


def page_of(result: RunResult) -> bytes:
    """The same bytes for the same log, wherever it lies: give a result without a folder."""
    from agent.report import page

    return page.render(result).encode()
