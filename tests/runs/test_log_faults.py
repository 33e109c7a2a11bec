"""A log under what happens to processes: two writers, a full disk, a kill."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.errors import LogBusy, LogDamaged, LogError
from agent.events import ContentStored, ModelAsked
from agent.runs.log import RunLog, read, write_whole
from tests.runs.samples import EVENTS
from tests.runs.test_log import events_of, numbered, written


def run_python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


OPEN_ONCE = """
import sys
from pathlib import Path
from agent.errors import LogError
from agent.runs.log import RunLog
try:
    RunLog(Path(sys.argv[1])).close()
except LogError as error:
    print(type(error).__name__)
    sys.exit(error.exit_code)
"""


def test_another_process_is_told_that_the_run_is_held_until_it_is_closed(tmp_path: Path) -> None:
    log = RunLog(tmp_path)
    log.append(EVENTS[0])
    ended = run_python(OPEN_ONCE, tmp_path)
    assert (ended.returncode, ended.stdout) == (75, "LogBusy\n")
    assert events_of(log.path) == EVENTS[:1]
    log.close()
    assert run_python(OPEN_ONCE, tmp_path).returncode == 0


def test_a_second_log_in_the_same_process_is_refused_too(tmp_path: Path) -> None:
    log = RunLog(tmp_path)
    with pytest.raises(LogBusy):
        RunLog(tmp_path)
    log.close()
    RunLog(tmp_path).close()


def test_a_log_that_could_not_be_opened_holds_no_lock(tmp_path: Path) -> None:
    path = written(tmp_path, numbered(3))
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b'"turn":1', b'"turn":9'))
    with pytest.raises(LogDamaged):
        RunLog(tmp_path)
    path.write_bytes(whole)
    assert run_python(OPEN_ONCE, tmp_path).returncode == 0


FILL = """
import resource, sys
from pathlib import Path
from agent.errors import LogError
from agent.events import ContentStored, ModelAsked
from agent.runs.log import RunLog, write_whole
folder = Path(sys.argv[1])
log = RunLog(folder)
for at in range(3):
    log.append(ModelAsked(at, 1, "h"))
size = log.path.stat().st_size
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 200, hard))
try:
    log.append(ContentStored.of("x" * 10_000))
except LogError as error:
    print("append", type(error).__name__, error.message, error.hint)
try:
    write_whole(folder / "answer.json", b"x" * 10_000)
except LogError as error:
    print("whole", type(error).__name__)
log.append(ModelAsked(3, 1, "h"))
log.sync_now()
log.close()
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
"""


def test_a_full_disk_is_a_log_error_and_leaves_whole_lines_and_no_half_file(tmp_path: Path) -> None:
    ended = run_python(FILL, tmp_path)
    assert ended.returncode == 0, ended.stderr
    told, whole = ended.stdout.splitlines()
    assert told.startswith(f"append LogError {tmp_path / 'log.jsonl'} cannot be written: File too large")
    assert "ADVISOR_HOME" in told
    assert whole == "whole LogError"
    assert [line.event for line in read(tmp_path / "log.jsonl")] == [ModelAsked(at, 1, "h") for at in range(4)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", "log.jsonl"]


APPEND_FOREVER = """
import sys
from pathlib import Path
from agent.events import ContentStored
from agent.runs.log import RunLog
log = RunLog(Path(sys.argv[1]))
at = len(log.lines)
while True:
    log.append(ContentStored.of([at, "x" * (at * 997 % 20_000)]))
    sys.stdout.write(f"{at}\\n")
    sys.stdout.flush()
    at += 1
"""


def test_a_killed_writer_loses_no_event_that_it_had_acknowledged(tmp_path: Path) -> None:
    # A killed process would leave half a coverage file behind.
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    acknowledged = 0
    for kill_after in (1, 2, 3, 5, 8, 13, 21, 34, 4, 40, 7, 1, 60, 9, 17, 2, 28, 11, 6, 50):
        command = [sys.executable, "-c", APPEND_FOREVER, str(tmp_path)]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, env=unmeasured)
        assert writer.stdout is not None
        for _ in range(kill_after):
            acknowledged = int(writer.stdout.readline())
        writer.kill()
        for late in writer.stdout.read().splitlines(keepends=True):
            acknowledged = int(late) if late.endswith(b"\n") else acknowledged
        writer.stdout.close()
        writer.wait()
        events = [event for event in events_of(tmp_path / "log.jsonl") if isinstance(event, ContentStored)]
        assert [event.content[0] for event in events] == list(range(len(events)))
        assert len(events) > acknowledged


def test_a_whole_file_is_replaced_in_one_step_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    write_whole(path, b"old")
    inode = path.stat().st_ino
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_ino != inode
    assert [each.name for each in tmp_path.iterdir()] == ["answer.json"]


def test_a_whole_file_that_cannot_be_put_in_place_is_absent(tmp_path: Path) -> None:
    (tmp_path / "answer.json").mkdir()
    with pytest.raises(LogError, match="cannot be written"):
        write_whole(tmp_path / "answer.json", b"x")
    assert [each.name for each in tmp_path.iterdir()] == ["answer.json"]
    with pytest.raises(LogError, match="cannot be written"):
        write_whole(tmp_path / "nowhere" / "answer.json", b"x")


async def test_syncing_works_and_fails_as_a_log_error(tmp_path: Path) -> None:
    log = RunLog(tmp_path)
    log.append(EVENTS[0])
    await log.sync()
    # A pipe takes writes and cannot be synced: the system's own refusal.
    pipe = os.pipe()
    real, log._file = log._file, pipe[1]
    with pytest.raises(LogError, match="cannot be written"):
        await log.sync()
    log._file = real
    log.close()
    for end in pipe:
        os.close(end)
