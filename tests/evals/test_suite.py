"""The folder of a suite: which cases it has, what they share, and what a person is told of one that is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.errors import LogError, SpecError, UsageError
from agent.evals import suite as suites
from agent.replay.servers import Lookup
from tests.evals.small_suite import HEAT, TRANSCRIPT, case, loaded, put, write


def test_cases_are_loaded_by_name_in_order_and_agent_files_are_none(tmp_path: Path) -> None:
    suite = loaded(tmp_path / "small", b=case(), a=case())
    assert (suite.name, [each.name for each in suite.cases], suite.whole) == ("small", ["a", "b"], True)
    assert dict(suite.cases[0].thresholds) == {"outcome": 1, "taxonomy": 1}
    assert [path.name for path in suite.transcripts] == ["small.jsonl"]
    assert suite.baseline is None


def test_names_and_tags_choose_cases(tmp_path: Path) -> None:
    write(tmp_path, a=case(), b=case(tags=["other", "more"]), c=case(tags=["more"]))
    chosen = [
        [each.name for each in suites.load(tmp_path, *choice).cases]
        for choice in ((["c", "a"],), ((), ["more"]), ((), ["plain", "other"]), (["a", "b"], ["more"]))
    ]
    assert chosen == [["a", "c"], ["b", "c"], ["a", "b"], ["b"]]
    assert not suites.load(tmp_path, ["a"]).whole and not suites.load(tmp_path, tags=["more"]).whole


def test_broken_case_that_is_not_asked_for_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, a=case(), b={})
    assert [each.name for each in suites.load(tmp_path, ["a"]).cases] == ["a"]


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        ((["a", "z", "y"],), "has no case y, z"),
        (((), ["rare"]), "has no such cases"),
        ((["a"], ["rare"]), "has no such cases"),
    ],
)
def test_choice_of_nothing_is_refused(tmp_path: Path, choice: Any, says: str) -> None:
    write(tmp_path, a=case())
    with pytest.raises(UsageError, match=says):
        suites.load(tmp_path, *choice)


def test_folder_without_a_suite_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no suite: it has no suite\.yaml"):
        suites.load(tmp_path)


def problems(folder: Path) -> list[str]:
    with pytest.raises(SpecError) as refused:
        suites.load(folder)
    return [problem.replace(f"{folder}/", "") for problem in refused.value.problems]


def test_problems_of_all_cases_are_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, a=case(tag=[]), b=case(), c=case(without=["x"]))
    first, second = problems(tmp_path)
    assert first == "cases/a.yaml:41:1: tag: unknown key - did you mean 'tags'?"
    assert second.startswith("cases/c.yaml:") and second.endswith(": without: there is no scorer 'x'")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("about: x\npass_rat: 1\n", "suite.yaml:2:1: pass_rat: unknown key - did you mean 'pass_rate'?"),
        ("about: x\nsamples: 0\n", "suite.yaml:2:10: samples: has to be greater than or equal to 1, not 0"),
        ("about: x\npass_rate: 1.5\n", "suite.yaml:2:12: pass_rate: has to be less than or equal to 1, not 1.5"),
        (
            "about: x\nthresholds: {outcom: 1}\n",
            "suite.yaml:2:14: thresholds: there is no scorer 'outcom' - did you mean 'outcome'?",
        ),
        ("- about\n", "suite.yaml:1:1: the file: has to be a mapping of keys"),
    ],
)
def test_problem_of_the_suite_is_named_with_its_position(tmp_path: Path, text: str, problem: str) -> None:
    write(tmp_path)
    put(tmp_path / "suite.yaml", text)
    assert problems(tmp_path) == [problem]


def test_problem_of_the_containment_is_named_with_its_position(tmp_path: Path) -> None:
    put(write(tmp_path) / "containment.yaml", f"{HEAT}:\n  rows: {{argument: sector, row: /rows, key: sector}}\n")
    assert problems(tmp_path) == [
        f"containment.yaml:2:9: {HEAT}.rows.rows: this key is required",
        f"containment.yaml:2:28: {HEAT}.rows.row: unknown key - did you mean 'rows'?",
    ]


def test_containment_lets_a_recording_answer_narrower_calls(tmp_path: Path) -> None:
    rows = {"argument": "sector", "rows": "/rows", "key": "sector"}
    put(write(tmp_path) / "containment.yaml", {HEAT: {"rows": rows}})
    recording, index = suites.load(tmp_path).recording(TRANSCRIPT)
    [tool] = recording.servers[0].tools
    found = Lookup(index).find(tool, {"lookback_period": "3M", "sector": "Energy"}, repeatable=True)
    assert found and [row["sector"] for row in found.result["structuredContent"]["rows"]] == ["Energy"]


def test_recording_is_read_once(tmp_path: Path) -> None:
    suite = loaded(tmp_path)
    first = suite.recording(TRANSCRIPT)
    assert first[0].started.question == "Which sectors?" and suite.recording(TRANSCRIPT) is first
    (tmp_path / TRANSCRIPT).unlink()
    assert suite.recording(TRANSCRIPT) is first


def test_damaged_transcript_is_no_recording(tmp_path: Path) -> None:
    suite = loaded(tmp_path)
    whole = (tmp_path / TRANSCRIPT).read_bytes()
    (tmp_path / TRANSCRIPT).write_bytes(whole.replace(b"Banks", b"Boats"))
    with pytest.raises(LogError):
        suite.recording(TRANSCRIPT)


def test_thresholds_have_a_default(tmp_path: Path) -> None:
    write(tmp_path)
    put(tmp_path / "suite.yaml", "about: x\n")
    spec = suites.load(tmp_path).spec
    assert (spec.thresholds, spec.pass_rate, spec.samples) == ({"outcome": 1.0}, 0.9, 10)


@pytest.mark.parametrize("text", ["{", "[]", '{"sample": {}}', '{"samples": 3}'])
def test_file_that_is_no_baseline_is_told(tmp_path: Path, text: str) -> None:
    put(write(tmp_path) / "baseline.json", text)
    with pytest.raises(SpecError, match=r"baseline\.json: no baseline that `advisor eval bless` wrote"):
        suites.load(tmp_path)
