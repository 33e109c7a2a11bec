"""Where a run lies, and what it leaves there for people and programs: its page, its answer, its envelope."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from os.path import normpath
from pathlib import Path

from agent.errors import UsageError
from agent.result import PAGE, RunResult
from agent.runs.log import write_whole

ANSWER = "answer.json"


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

    @property
    def files(self) -> dict[str, str]:
        """As the log keeps them, so that a run that is resumed by its log alone puts them where it would have."""
        names = {"page": self.page, "answer": self.answer, "envelope": self.envelope}
        return {kind: name for kind, name in names.items() if name}


async def hand_out(result: RunResult, place: Place) -> RunResult:
    """Write the files of a run that has ended, those that are not there already; the envelope is the last."""
    if "page" in result.artifacts and not (place.folder / place.page).exists():
        content = page_of(replace(result, folder=None))
        await asyncio.to_thread(write_whole, place.folder / place.page, content)
    texts = {place.answer: result.answer} if result.ok else {}
    if place.envelope:
        texts[place.envelope] = result.envelope()
    for name, value in texts.items():
        content = (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()
        await asyncio.to_thread(_write_new, place.folder / name, content)
    return result


def page_of(result: RunResult) -> bytes:
    """The same bytes for the same log, wherever it lies: give a result without a folder."""
    from agent.report import page

    return page.render(result).encode()


def _write_new(path: Path, content: bytes) -> None:
    if not (path.exists() and path.read_bytes() == content):
        write_whole(path, content)
