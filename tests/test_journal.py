from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import LogError
from agent.events import ContentStored, Event, Warned
from agent.journal import Journal
from agent.runs import log
from agent.runs.log import RunLog


class Seen:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def apply(self, event: Event) -> None:
        self.events.append(event)


def test_event_that_cannot_be_written_is_seen_by_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    heard: list[Event] = []
    seen = Seen()
    journal = Journal(RunLog(tmp_path), heard.append)
    journal.follow(seen)
    journal.emit(Warned("first"))
    monkeypatch.setattr(log, "_write_all", no_space)
    with pytest.raises(LogError):
        journal.emit(Warned("second"))
    journal.log.close()
    assert seen.events == heard == [Warned("first")]
    assert journal.result.warnings == ["first"]


def test_same_warning_is_written_once(tmp_path: Path) -> None:
    journal = Journal(RunLog(tmp_path))
    journal.warn("old data", "old data")
    journal.warn("old data")
    journal.log.close()
    assert [line.event for line in log.read(journal.log.path)] == [Warned("old data")]


def test_content_is_written_once_also_when_the_run_goes_on(tmp_path: Path) -> None:
    heard: list[Event] = []
    first, other = ContentStored.of("said"), ContentStored.of({"said": 1})
    journal = Journal(RunLog(tmp_path), heard.append)
    for event in (first, other, first, ContentStored.of("said")):
        journal.emit(event)
    journal.log.close()
    again = Journal(RunLog(tmp_path))
    again.emit(other)
    again.emit(ContentStored.of("new"))
    again.log.close()
    assert heard == [first, other]
    assert [line.event for line in log.read(journal.log.path)] == [first, other, ContentStored.of("new")]
