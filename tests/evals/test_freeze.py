"""A run that is frozen: its transcript, its case, and what is refused."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from agent import agentfile, source
from agent.agentfile import AgentFile
from agent.errors import Diverged, ModelError, UsageError
from agent.evals import suite as suites
from agent.evals.case import Case
from agent.evals.freeze import freeze, frozen, require_clean, require_no_ci, yaml_text
from agent.evals.runner import run_references
from agent.evals.secrets import Machine, findings
from agent.events import Event, ModelAnswered, ModelAsked, RunFinished, RunStarted, ToolAnswered, ToolAsked
from agent.model.base import Turn
from agent.replay.again import replayed
from agent.replay.recording import Recording
from agent.result import RunResult
from agent.run import run
from agent.runs import log, store
from agent.source import Source
from tests.asking import ask
from tests.messages_api import call, text
from tests.scripted import ANSWER, LOOK, Scripted, agent_file, answer, market, said

RECOMMENDED: Any = ANSWER["sector_recommendations"]
SECRET = "sk-ant-" + "api03-aBcDeFgH12345678"
HOME = "/home/alice/market.py"


@pytest.fixture(autouse=True)
def _not_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    folder = tmp_path / "suite"
    folder.mkdir()
    (folder / suites.FILE).write_text("about: Frozen runs.\n", encoding="utf-8")
    return folder


def asked(*steps: Turn | Exception, **options: Any) -> Path:
    """The folder of a run, whatever came of it."""
    try:
        return folder_of(asyncio.run(ask(Scripted(*steps), **options)))
    except ModelError as error:
        return store.folder(str(error.run_id))


def folder_of(result: RunResult) -> Path:
    assert result.folder
    return result.folder


def planned() -> Path:
    return folder_of(asyncio.run(run("dynamic_sector_advisor", as_of="2025-06-30", offline=True)))


def events_of(transcript: Path) -> list[Event]:
    return [line.event for line in log.read(transcript)]


def frozen_case(folder: Path, suite: Path, **options: Any) -> Case:
    freeze(folder, suite, "case-1", **options)
    [case] = suites.load(suite).cases
    return case


def reasons(suite: Path) -> list[str]:
    """Why the suite's references are not what they have to be."""
    return [reason for case in asyncio.run(run_references(suites.load(suite))).cases for reason in case.reasons]


def files_of(suite: Path) -> list[str]:
    return sorted(str(path.relative_to(suite)) for path in suite.rglob("*") if path.is_file())


def test_frozen_run_of_the_planner_is_a_case_that_judges_itself(suite: Path) -> None:
    case = frozen_case(planned(), suite)
    assert files_of(suite) == ["cases/case-1.yaml", "suite.yaml", "transcripts/case-1.jsonl"]
    assert (case.spec.agent, case.spec.as_of, case.spec.tags) == ("dynamic_sector_advisor", "2025-06-30", ["frozen"])
    [calls] = case.spec.expect.calls or []
    assert len(calls) == 6 and not any("as_of" in each.arguments for each in calls)
    end = Recording.read(suite / "transcripts/case-1.jsonl").finished
    assert end and case.spec.expect.stances == {
        each["sector_name"]: [each["action"]] for each in end.answer["sector_recommendations"]
    }
    assert reasons(suite) == []


def test_folder_that_is_no_suite_becomes_one(tmp_path: Path) -> None:
    written = freeze(planned(), tmp_path / "mine", "case-1")
    assert [path.name for path in written] == ["case-1.jsonl", "suite.yaml", "case-1.yaml"]
    assert reasons(tmp_path / "mine") == []
    (tmp_path / "mine" / "suite.yaml").write_text("about: Mine.\n", encoding="utf-8")
    freeze(planned(), tmp_path / "mine", "case-2")
    assert suites.load(tmp_path / "mine").spec.about == "Mine."


def test_frozen_run_of_the_embedded_market_has_no_findings() -> None:
    assert findings(frozen(Recording.read(planned()), "x").decode(), Machine()) == []


def test_freezing_again_gives_the_same_bytes(suite: Path) -> None:
    folder = planned()
    freeze(folder, suite, "case-1")
    transcript = suite / "transcripts/case-1.jsonl"
    assert frozen(Recording.read(transcript), "case-1") == transcript.read_bytes()
    assert frozen(Recording.read(folder), "case-1") == transcript.read_bytes()
    assert asyncio.run(replayed(Recording.read(transcript))).result.ok


ODD = [
    said(
        call("get_sector_heatmap", {"lookback_period": "3M"}, "toolu_9"), call("no_tool", {}, "call 1"), request_id="r1"
    ),
    said(text("Again."), call("get_sector_heatmap", {"lookback_period": "3M"}, "toolu_9"), request_id="r2"),
    answer("no JSON"),
    answer(),
]


def test_calls_are_named_in_the_order_of_asking(suite: Path) -> None:
    folder = asked(*ODD)
    freeze(folder, suite, "case-1")
    transcript = suite / "transcripts/case-1.jsonl"
    events = events_of(transcript)
    assert [(each.turn, each.call) for each in events if isinstance(each, ToolAsked)] == [
        (1, "c1"),
        (1, "c2"),
        (2, "c3"),
    ]
    turns = [each for each in events if isinstance(each, ModelAnswered)]
    assert [block["id"] for turn in turns for block in turn.content if block["type"] == "tool_use"] == [
        "c1",
        "c2",
        "c3",
    ]
    assert {turn.request_id for turn in turns} == {None}
    assert sorted(each.call for each in events if isinstance(each, ToolAnswered)) == ["c1", "c2", "c3"]
    assert frozen(Recording.read(transcript), "case-1") == transcript.read_bytes()
    assert reasons(suite) == []


def test_transcript_has_one_time_and_the_files_of_any_run(suite: Path) -> None:
    folder = asked(*ODD)
    freeze(folder, suite, "case-1")
    transcript = suite / "transcripts/case-1.jsonl"
    ended = log.read(folder / log.FILE)[-1].at
    assert {line.at for line in log.read(transcript)} == {ended}
    started = next(each for each in events_of(transcript) if isinstance(each, RunStarted))
    assert (started.run_id, started.files) == ("case-1", {"page": "page.html", "answer": "answer.json"})
    live = {each.shown: each for each in events_of(folder / log.FILE) if isinstance(each, ToolAnswered)}
    for each in events_of(transcript):
        if isinstance(each, ToolAnswered) and each.source == "refused":
            assert (each.retrieved_at, each.seconds) == (ended, 0.0)
        elif isinstance(each, ToolAnswered):
            assert (each.source, each.retrieved_at) == ("replayed", live[each.shown].retrieved_at)


def test_only_distinct_calls_that_a_server_saw_are_expected(suite: Path) -> None:
    [calls] = frozen_case(asked(*ODD), suite).spec.expect.calls or []
    assert [(each.tool, each.arguments) for each in calls] == [("get_sector_heatmap", {"lookback_period": ["3M"]})]


def test_earlier_date_that_the_model_asked_for_is_expected(suite: Path) -> None:
    look = call("get_sector_heatmap", {"as_of": "2019-12-31"})
    case = frozen_case(asked(said(look), answer(), as_of="2020-01-31"), suite)
    assert [each.arguments for each in (case.spec.expect.calls or [])[0]] == [{"as_of": ["2019-12-31"]}]
    assert case.spec.as_of == "2020-01-31"


def test_failing_reference_turns_the_first_stance_around(suite: Path) -> None:
    case = frozen_case(asked(said(LOOK), answer()), suite)
    assert case.spec.expect.stances == {"Banks": ["overweight"], "Energy": ["underweight"]}
    failing = case.spec.reference.failing
    assert failing.fails == ["stances"] and failing.turns
    assert failing.turns[0].calls == [{"get_sector_heatmap": {"lookback_period": "3M"}}]
    told = failing.turns[1].answer["sector_recommendations"]
    assert [each["action"] for each in told] == ["underweight", "underweight"]
    assert [each["rationale"] for each in told] == [each["rationale"] for each in RECOMMENDED]


@pytest.mark.parametrize(
    ("status", "steps", "options"),
    [
        ("refused", [said(stop_reason="refusal")], {}),
        ("unsupported", [answer(), answer()], {}),
        ("invalid", [said(LOOK), answer("no JSON")], {"keys": {"budget": {"repairs": 0}}}),
        ("budget", [said(LOOK)], {"keys": {"budget": {"turns": 1}}}),
        ("failed", [said(LOOK), said(stop_reason="max_tokens")], {}),
        ("ok", [said(LOOK), answer({})], {"keys": {"response_format": {"type": "object"}}}),
        ("ok", [said(LOOK), answer({"sector_recommendations": []})], {"keys": {"strict": False}}),
    ],
)
def test_run_without_a_stance_is_told_from_one_that_ends_otherwise(
    suite: Path, status: str, steps: list[Turn | Exception], options: dict[str, Any]
) -> None:
    case = frozen_case(asked(*steps, **options), suite)
    assert case.spec.expect.status == status
    assert case.spec.expect.stances == {} and case.spec.reference.failing.fails == ["outcome"]
    assert reasons(suite) == []


@pytest.mark.parametrize(
    ("why", "steps", "keys"),
    [
        (r"ended by an error \(model\)", [said(LOOK), ModelError("away", kind="status_500")], {}),
        ("no model was asked", [], {"tools": [{"tool_name": "other"}], "policy": {"on_drift": "ignore"}}),
    ],
)
def test_run_that_says_nothing_of_a_model_is_refused(
    suite: Path, why: str, steps: list[Turn | Exception], keys: dict[str, Any]
) -> None:
    with pytest.raises(UsageError, match=f"says nothing of a model: .*{why}"):
        freeze(asked(*steps, keys=keys), suite, "case-1")
    assert files_of(suite) == ["suite.yaml"]


def test_sector_that_is_recommended_twice_has_no_stance(suite: Path) -> None:
    banks, energy = RECOMMENDED
    said_twice = {"sector_recommendations": [banks, energy, banks | {"action": "underweight"}], "heatmap_url": ""}
    case = frozen_case(asked(said(LOOK), answer(said_twice), keys={"strict": False}), suite)
    assert case.spec.expect.stances == {"Energy": ["underweight"]}
    assert reasons(suite) == []


def test_agent_file_that_does_not_ship_lies_beside_the_case(suite: Path) -> None:
    case = frozen_case(asked(said(LOOK), answer(), keys={"benchmark": "1e5"}), suite)
    assert case.spec.agent == "case-1.agent.yaml" and case.file.spec.benchmark == "1e5"
    assert not (suite / "cases/case-1.prompt.md").exists()
    assert reasons(suite) == []


def test_system_text_of_its_own_lies_beside_the_case(suite: Path, tmp_path: Path) -> None:
    (tmp_path / "own.md").write_text("<!-- 1 -->\nAnswer in one word.\n\nNo more.\n", encoding="utf-8")
    (tmp_path / "own.json").write_text(json.dumps(agent_file(prompt="own.md")), encoding="utf-8")
    case = frozen_case(asked_by(tmp_path / "own.json"), suite)
    assert (suite / "cases/case-1.prompt.md").read_text(encoding="utf-8") == "Answer in one word.\n\nNo more.\n"
    assert case.file.system == agentfile.load(tmp_path / "own.json").system
    assert reasons(suite) == []


def test_system_text_that_no_agent_file_of_this_version_has_is_refused(suite: Path) -> None:
    file = agentfile.parse(Source("own.yaml", agent_file()))
    with pytest.raises(Diverged) as refused:
        freeze(asked_by(dataclasses.replace(file, system="Be brief.")), suite, "case-1")
    assert refused.value.what == "prompt" and files_of(suite) == ["suite.yaml"]


def asked_by(agent: AgentFile | Path) -> Path:
    model = Scripted(said(LOOK), answer())
    return folder_of(asyncio.run(run(agent, "Which sectors?", model=model, servers={"market": market()})))


def assert_refused(folder: Path, suite: Path, never_told: str) -> str:
    with pytest.raises(UsageError) as refused:
        freeze(folder, suite, "case-1")
    assert never_told not in str(refused.value) + str(refused.value.hint)
    assert files_of(suite) == ["suite.yaml"]
    return refused.value.message


@pytest.mark.parametrize("secret", [SECRET, HOME, "password=hunter22", "https://a:hunter2@example.com"])
def test_secret_in_a_run_is_refused_and_not_told(suite: Path, secret: str) -> None:
    message = assert_refused(asked(said(LOOK), answer(), question=f"Which? {secret}"), suite, secret)
    assert "case-1.jsonl: line 3, content.stored, /content/0: " in message
    assert "run.started, /question: " in message


def test_value_of_the_environment_is_refused(suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_PASSWORD", "correct horse")
    turns = said(LOOK), answer(ANSWER | {"heatmap_url": "correct horse"})
    assert "the value of DESK_PASSWORD" in assert_refused(asked(*turns), suite, "correct horse")


def served(**server: Any) -> Path:
    """The folder of a run whose agent file names such a server."""
    keys = {"mcpServers": {"market": {"command": "python3", **server}}}
    return asked(said(LOOK), answer(), keys=keys)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("command", "/usr/lib/desk/python"),
        ("cwd", "/var/lib/desk"),
        ("args", ["-m", "desk", "--folder=/var/lib/desk"]),
        ("cwd", r"D:\projects\desk"),
    ],
)
def test_absolute_path_in_the_agent_file_is_refused(suite: Path, key: str, value: Any) -> None:
    path = value if isinstance(value, str) else value[-1]
    message = assert_refused(served(**{key: value}), suite, path.rpartition("=")[2])
    assert f"line 1, content.stored, /content/mcpServers/market/{key}" in message and "an absolute path" in message


@pytest.mark.parametrize("server", [{"command": "npx", "args": ["-y", "@scope/desk"]}, {"cwd": "desk"}])
def test_program_without_its_folder_is_frozen(suite: Path, server: dict[str, Any]) -> None:
    folder = served(**server)
    assert suite / "cases/case-1.agent.yaml" in freeze(folder, suite, "case-1")


def test_absolute_path_of_a_system_text_is_refused(suite: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.md"
    own.write_text("# 1\n\nAnswer in one word.\n", encoding="utf-8")
    (tmp_path / "own.json").write_text(json.dumps(agent_file(prompt=str(own))), encoding="utf-8")
    message = assert_refused(asked_by(tmp_path / "own.json"), suite, str(own))
    assert "/content/prompt: an absolute path" in message


def test_value_of_a_variable_that_the_agent_file_names_is_refused(suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK", "correct horse")
    folder = served(env={"DESK": "${DESK}"})
    with pytest.raises(UsageError, match=r"case-1\.yaml: line \d+: the value of DESK \(cor…\)"):
        freeze(folder, suite, "case-1", about="The correct horse of the desk.")
    assert files_of(suite) == ["suite.yaml"]


def test_variable_that_one_file_names_is_looked_for_in_every_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK", "correct horse")
    said_by_another = Path("x/a.md"), b"correct horse"
    require_clean(dict([said_by_another]))
    with pytest.raises(UsageError, match=r"(?m)^a\.md: line 1: the value of DESK") as refused:
        require_clean(dict([said_by_another, (Path("x/b.yaml"), b"env: {DESK: '${DESK}'}")]))
    assert "correct horse" not in str(refused.value)


def test_values_that_the_log_does_not_keep_are_not_needed_to_replay_a_case(suite: Path) -> None:
    keys = {"mcpServers": {"market": {"command": "advisor", "args": ["market"], "env": {"DESK": "literal"}}}}
    folder = asked(said(LOOK), answer(), keys=keys)
    written = freeze(folder, suite, "case-1")
    assert all(b"literal" not in path.read_bytes() for path in written)
    assert any(b"[redacted]" in path.read_bytes() for path in written)
    assert Recording.read(suite / "transcripts" / "case-1.jsonl").finished


def test_case_that_was_edited_is_not_overwritten(suite: Path) -> None:
    folder = asked(said(LOOK), answer())
    written = freeze(folder, suite, "case-1")
    before = {path: path.read_bytes() for path in written}
    assert freeze(folder, suite, "case-1") == written, "what is there says the same"
    case = suite / "cases/case-1.yaml"
    assert case == written[-1]
    case.write_bytes(before[case].replace(b"tags: [frozen]", b"tags: [kept]"))
    with pytest.raises(UsageError, match=r"would overwrite .*case-1\.yaml") as refused:
        freeze(folder, suite, "case-1", about="Another.")
    assert refused.value.hint and "--replace" in refused.value.hint
    assert b"tags: [kept]" in case.read_bytes()
    freeze(folder, suite, "case-1", about="Another.", replace=True)
    assert case.read_bytes() == before[case].replace(
        b"about: What scripted did when it was recorded.", b"about: Another."
    )


@pytest.mark.parametrize("value", ["true", "1", "yes"])
def test_recording_is_refused_in_ci(suite: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("CI", value)
    with pytest.raises(UsageError, match="recording is refused in CI"):
        freeze(suite, suite, "case-1")


@pytest.mark.parametrize("value", ["", "0", "false", "False"])
def test_variable_that_says_no_is_no_ci(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("CI", value)
    require_no_ci()


@pytest.mark.parametrize("name", ["", "../x", "a.agent", "a b", "-x", "x" * 81, "é"])
def test_name_that_would_be_no_file_of_a_case_is_refused(suite: Path, name: str) -> None:
    with pytest.raises(UsageError, match="is no name of a case"):
        freeze(suite, suite, name)


def test_run_that_did_not_end_by_itself_is_refused(suite: Path) -> None:
    recording = Recording.read(asked(said(LOOK), answer()))
    end = recording.finished
    assert end
    stopped = [*recording.events[:-1], dataclasses.replace(end, status="interrupted")]
    with pytest.raises(UsageError, match="did not end by itself"):
        frozen(Recording.of(stopped, recording.at, "x"), "x")


def altered(kind: type[Event], **values: Any) -> Recording:
    """A recording in which every event of a kind says something else."""
    recording = Recording.read(asked(said(LOOK), answer()))
    events = [dataclasses.replace(each, **values) if isinstance(each, kind) else each for each in recording.events]
    return Recording.of(events, recording.at, "x")


def test_run_that_this_version_would_not_make_is_refused() -> None:
    with pytest.raises(Diverged, match="not do what was recorded, so the run cannot be frozen: another answer") as it:
        frozen(altered(RunFinished, answer={}), "x")
    assert it.value.what == "answer" and it.value.recorded == "{}" and "Banks" in it.value.now


def test_run_whose_requests_this_version_would_not_build_is_refused() -> None:
    with pytest.raises(Diverged, match="builds another request from the same events"):
        frozen(altered(ModelAsked, request="0" * 64), "x")


def test_run_of_a_batch_leaves_its_files_behind() -> None:
    files = {"page": "../job-1.html", "answer": "../job-1.json", "envelope": "../job-1.envelope.json"}
    content = frozen(altered(RunStarted, files=files, live_until="2026-01-02T00:00:00+00:00"), "x")
    assert b"job-1" not in content and b'"files":{"page":"page.html","answer":"answer.json"}' in content
    assert b'"live_until":null' in content


KILLED = """
import os, pathlib, signal, sys
from agent.evals.freeze import freeze

original, left = os.replace, int(sys.argv[4])

def replace(*names):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    original(*names)

os.replace = replace
freeze(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3])
"""


@pytest.mark.parametrize("done", [0, 1, 2])
def test_kill_leaves_files_that_are_whole_or_absent_and_the_case_last(suite: Path, done: int) -> None:
    folder = asked(said(LOOK), answer())
    command = [sys.executable, "-c", KILLED, str(folder), str(suite), "case-1", str(done)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    names = ["transcripts/case-1.jsonl", "cases/case-1.agent.yaml", "cases/case-1.yaml"]
    assert [(suite / name).exists() for name in names] == [True] * done + [False] * (3 - done)
    there = {name: (suite / name).read_bytes() for name in names[:done]}
    freeze(folder, suite, "case-1")
    assert {name: (suite / name).read_bytes() for name in names[:done]} == there
    assert not [name for name in files_of(suite) if name.endswith(".tmp")]
    assert reasons(suite) == []


VALUES = some.recursive(
    some.none()
    | some.booleans()
    | some.integers(-(10**20), 10**20)
    | some.floats(allow_nan=False, allow_infinity=False)
    | some.text(some.characters(exclude_categories=["Cs"]))
    | some.sampled_from(["1e5", "no", "~", "null", "1:30", "-", "a: b", "two\n lines\n", "\n x "]),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def test_value_that_stands_twice_is_written_twice() -> None:
    twice = {"a": "b"}
    assert yaml_text({"x": twice, "y": twice}) == "x:\n  a: b\ny:\n  a: b\n"


@settings(deadline=None)
@given(VALUES)
@example("\x85")
@example({"\u2028": "\t"})
def test_what_is_written_is_read_back_as_it_was(value: Any) -> None:
    assert source.read_text(yaml_text({"y": value}), "x.yaml").value == {"y": value}
