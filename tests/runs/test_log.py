from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.encoding import digest
from agent.errors import LogDamaged, LogError
from agent.events import ContentStored, Event, ModelAsked, RunFinished, RunStarted, UnknownEvent, from_json
from agent.runs.log import RunLog, encode, last, read
from tests.runs.samples import EVENTS, HASH


def written(folder: Path, events: list[Event]) -> Path:
    log = RunLog(folder)
    for event in events:
        log.append(replace(event, root=log.root) if isinstance(event, RunFinished) else event)
    log.close()
    return log.path


def events_of(path: Path) -> list[Event]:
    """What was written, with the seal's root left out, which is known to the log alone."""
    events = [line.event for line in read(path)]
    return [replace(event, root=HASH) if isinstance(event, RunFinished) else event for event in events]


def numbered(count: int) -> list[Event]:
    return [ModelAsked(turn=at, attempt=1, request=HASH) for at in range(count)]


def test_every_kind_of_event_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    from agent.events import _BY_NAME

    assert {type(event) for event in EVENTS} == {*_BY_NAME.values(), UnknownEvent}
    path = written(tmp_path, EVENTS)
    assert events_of(path) == EVENTS
    assert [line.index for line in read(path)] == list(range(len(EVENTS)))


def test_each_line_is_plain_json_with_its_index_time_and_checksum(tmp_path: Path) -> None:
    lines = written(tmp_path, EVENTS).read_bytes().splitlines(keepends=True)
    assert len(lines) == len(EVENTS)
    for at, (line, event) in enumerate(zip(lines, EVENTS, strict=True)):
        body = json.loads(line)
        assert line == json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        assert (body.pop("i"), len(body.pop("crc")), body.pop("at")[-6:]) == (at, 8, "+00:00")
        assert body == event.to_json() | ({"root": body["root"]} if "root" in body else {})


def test_sealed_log_whose_lines_were_written_anew_is_refused(tmp_path: Path) -> None:
    sealed = written(tmp_path / "a", EVENTS).read_bytes().splitlines(keepends=True)
    other = [replace(event, question="Another?") if isinstance(event, RunStarted) else event for event in EVENTS]
    forged = written(tmp_path / "b", other).read_bytes().splitlines(keepends=True)
    path = tmp_path / "a" / "log.jsonl"
    path.write_bytes(b"".join([sealed[0], forged[1], *sealed[2:]]))
    with pytest.raises(LogDamaged, match="not those that were sealed"):
        read(path)


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_jq_reads_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, EVENTS)
    said = subprocess.run(["jq", "-r", ".event", str(path)], capture_output=True, text=True, check=True).stdout
    assert said.split() == [event.to_json()["event"] for event in EVENTS]


def test_keys_of_a_later_version_are_dropped_and_a_missing_key_is_no_event() -> None:
    body = numbered(1)[0].to_json()
    assert from_json(body | {"later": 1}) == numbered(1)[0]
    with pytest.raises(TypeError):
        from_json({key: value for key, value in body.items() if key != "turn"})


def test_a_log_that_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r"log\.jsonl cannot be read: No such file"):
        read(tmp_path / "log.jsonl")


def test_a_folder_that_cannot_be_made_is_a_log_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(LogError, match="cannot be written") as caught:
        RunLog(tmp_path / "file" / "run")
    assert caught.value.exit_code == 1
    (tmp_path / "run" / "log.jsonl").mkdir(parents=True)
    with pytest.raises(LogError, match="cannot be written"):
        RunLog(tmp_path / "run")


def test_a_torn_last_line_is_cut_wherever_it_was_torn(tmp_path: Path) -> None:
    content = written(tmp_path / "whole", EVENTS[:3]).read_bytes()
    last = content[:-1].rindex(b"\n") + 1
    path = tmp_path / "torn" / "log.jsonl"
    path.parent.mkdir()
    for end in range(last, len(content)):
        path.write_bytes(content[:end])
        assert events_of(path) == EVENTS[:2], end
        RunLog(path.parent).close()
        assert path.read_bytes() == content[:last], end


@pytest.mark.parametrize("tail", [b"\0" * 7, b"\0" * 5000, b'{"at":"20' + b"\0" * 90, b"\0\0\n\0\0\n"])
def test_a_tail_that_the_disk_filled_with_zeros_is_dropped(tail: bytes, tmp_path: Path) -> None:
    path = written(tmp_path, EVENTS[:3])
    whole = path.read_bytes()
    path.write_bytes(whole + tail)
    assert events_of(path) == EVENTS[:3]
    RunLog(tmp_path).close()
    assert path.read_bytes() == whole


def test_a_log_that_is_opened_again_goes_on_with_its_index_and_root(tmp_path: Path) -> None:
    path = written(tmp_path, EVENTS[:3])
    path.write_bytes(path.read_bytes() + b'{"torn":')
    log = RunLog(tmp_path)
    assert [line.event for line in log.lines] == EVENTS[:3]
    assert log.root == hashlib.sha256(path.read_bytes()).hexdigest()
    log.append(EVENTS[3])
    assert log.root == hashlib.sha256(path.read_bytes()).hexdigest()
    log.close()
    assert [line.index for line in read(path)] == [0, 1, 2, 3]
    assert events_of(path) == EVENTS[:4]


def test_the_root_of_no_lines_is_that_of_nothing(tmp_path: Path) -> None:
    log = RunLog(tmp_path)
    assert log.root == hashlib.sha256(b"").hexdigest()
    log.close()


def damages(content: bytes, path: Path, at: int) -> list[int]:
    """The bits of the byte at `at` that can be flipped without being noticed."""
    unnoticed = []
    for bit in range(8):
        path.write_bytes(content[:at] + bytes([content[at] ^ (1 << bit)]) + content[at + 1 :])
        try:
            read(path)
        except LogDamaged:
            continue
        unnoticed.append(bit)
    return unnoticed


def test_a_flipped_bit_in_the_text_of_any_line_but_the_last_is_refused(tmp_path: Path) -> None:
    events: list[Event] = [*numbered(1), UnknownEvent({"event": "x", "text": "é\u001f\ud800", "n": 1e22}), *numbered(1)]
    path = written(tmp_path, events)
    content = path.read_bytes()
    last = content[:-1].rindex(b"\n") + 1
    places = [at for at in range(last) if content[at : at + 1] != b"\n"]
    assert {at: content[at - 9 : at + 3] for at in places if damages(content, path, at)} == {}


def test_a_flipped_bit_at_the_end_of_any_line_but_the_last_is_refused(tmp_path: Path) -> None:
    # The lost line end joins two lines; if both went as "torn", a paid answer would be paid again.
    path = written(tmp_path, numbered(3))
    content = path.read_bytes()
    ends = [at for at, byte in enumerate(content[:-1]) if byte == ord("\n")]
    assert {number: damages(content, path, at) for number, at in enumerate(ends, 1)} == {1: [], 2: []}


def test_damage_is_told_with_its_line_and_keeps_the_log_as_it_is(tmp_path: Path) -> None:
    path = written(tmp_path, numbered(4))
    lines = path.read_bytes().splitlines(keepends=True)
    for damaged, number in (
        ([lines[0], lines[1].replace(b'"turn":1', b'"turn":7'), *lines[2:]], 2),
        ([lines[0], lines[2], lines[3]], 2),
        ([lines[0], lines[0], *lines[1:]], 2),
        ([b"\0" * len(lines[0]), *lines[1:]], 1),
        ([*lines[:2], b"[]\n", *lines[2:]], 3),
        ([*lines[:2], b"7\n", *lines[2:]], 3),
        ([*lines[:2], b"\n", *lines[2:]], 3),
    ):
        path.write_bytes(b"".join(damaged))
        with pytest.raises(LogDamaged) as caught:
            RunLog(tmp_path)
        assert caught.value.message == f"{path}:{number}: this line is not what was written"
        assert caught.value.exit_code == 1
        assert path.read_bytes() == b"".join(damaged)


@pytest.mark.parametrize(
    "content",
    [
        [float("nan"), float("inf"), {"a": -float("inf")}],
        {"half": "\ud83d", "other half": "\ude00", "both ways round": "\ude00\ud83d"},
        {"apart": "\ud83d\ude00"},
        "x" * 20_000_000,
        {"": "", "a\u0000b": "\u0085\u2028\u2029\r\n"},
        {"i": 1, "at": 2, "crc": 3, "event": 4},
    ],
    ids=["no numbers", "half characters", "a character in halves", "20 MB", "odd characters", "names of a line's own"],
)
def test_whatever_a_server_sent_is_kept_and_found_whole(content: object, tmp_path: Path) -> None:
    path = written(tmp_path, [ContentStored.of(content), *numbered(1)])
    stored, after = events_of(path)
    assert isinstance(stored, ContentStored)
    assert stored.hash == digest(stored.content)
    assert isinstance(after, ModelAsked)


def test_numbers_that_json_does_not_have_become_null(tmp_path: Path) -> None:
    (stored,) = events_of(written(tmp_path, [ContentStored.of([float("nan"), (float("inf"), 1.5)])]))
    assert isinstance(stored, ContentStored)
    assert stored.content == [None, [None, 1.5]]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[])),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(exclude_categories=[])), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(content=json_values)
def test_any_json_survives_a_line_with_its_hash(content: object) -> None:
    stored = ContentStored.of(content)
    body = json.loads(encode(stored, 0, "now"))
    again = from_json(body)
    assert isinstance(again, ContentStored)
    assert again.hash == stored.hash == digest(again.content)
    assert encode(again, 0, "now") == encode(stored, 0, "now")


@pytest.mark.parametrize("size", [1, 65_000, 70_000, 400_000])
def test_last_line_is_found_from_the_end_however_long_it_and_the_others_are(tmp_path: Path, size: int) -> None:
    said = "ü" * size
    for number, texts in enumerate([[said], ["first", said], [said, "last"], [said, said]]):
        path = written(tmp_path / str(number), [ContentStored.of(text) for text in texts])
        assert last(path) == read(path)[-1]


def test_there_is_no_last_line_where_it_is_torn_damaged_or_missing(tmp_path: Path) -> None:
    path = written(tmp_path, numbered(3))
    whole = path.read_bytes()
    for left in (whole[:-1], whole[:-20], whole[:-20] + b"!" + whole[-19:], whole + b"{", b""):
        path.write_bytes(left)
        assert last(path) is None
    path.unlink()
    with pytest.raises(LogError, match="cannot be read"):
        last(path)
