"""The baseline names the first thing that is not as a person accepted it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.evals import baseline
from agent.evals import suite as suites
from agent.evals.outcome import SuiteOutcome
from agent.runs.log import write_whole
from tests.evals.small_suite import (
    AGENT,
    BAD,
    GOOD,
    HEAT,
    LOOKS,
    TRANSCRIPT,
    case,
    edited,
    loaded,
    put,
    references,
    referred,
)
from tests.scripted import ANSWER, agent_file


def blessed(folder: Path, **cases: dict[str, Any]) -> Path:
    """The baseline of a suite that passes."""
    suite = loaded(folder, **(cases or {"only": case()}))
    write_whole(folder / "baseline.json", baseline.content(referred(suite).cases, baseline.files_of(suite)))
    return folder / "baseline.json"


def again(folder: Path) -> SuiteOutcome:
    return referred(suites.load(folder))


def test_nothing_drifts_from_a_baseline_of_the_same_suite(tmp_path: Path) -> None:
    path = blessed(tmp_path)
    outcome = again(tmp_path)
    assert outcome.ok and all(sample.divergence is None for sample in outcome.cases[0].samples)
    assert path.read_bytes() == baseline.content(outcome.cases, baseline.files_of(suites.load(tmp_path)))
    assert set(suites.load(tmp_path).baseline or {}) == {"only pass 1", "only fail 1"}


def divergence_of(folder: Path, arm: str = "pass") -> Any:
    [case] = again(folder).cases
    found = next(sample for sample in case.samples if sample.arm == arm)
    assert found.divergence and not found.as_wanted and case.verdict == "fail"
    assert any(found.divergence.what in reason for reason in case.reasons)
    return found.divergence


TWICE = {"calls": [LOOKS["calls"][0], LOOKS["calls"][0]]}
SHORTER = {"answer": ANSWER | {"sector_recommendations": [GOOD[1]["answer"]["sector_recommendations"][0]]}}


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        ({"agent_keys": {"budget": {"turns": 7}}}, "the agent file"),
        ({"question": "Other?"}, "the first message: question, as-of date or the words around them"),
        ({"changes": [{"describe": {"tool": HEAT, "text": "New."}}]}, "what the servers list"),
        ({"reference": references([TWICE, GOOD[1]])}, "the calls"),
        ({"changes": [{"flip": {"tool": HEAT, "field": "performance"}}]}, "the results of the tools"),
        ({"reference": references([LOOKS, SHORTER])}, "the check of an answer, or the words of a repair"),
    ],
)
def test_first_thing_that_is_another_is_named(tmp_path: Path, keys: dict[str, Any], what: str) -> None:
    blessed(tmp_path)
    put(tmp_path / "cases" / "only.yaml", case(**keys))
    assert divergence_of(tmp_path).what == f"{what} is not what was blessed"


def test_changed_prompt_is_named_and_not_its_consequences(tmp_path: Path) -> None:
    put(tmp_path / "cases" / "own.md", "Be brief.\n")
    blessed(tmp_path, only=case(agent_keys={"prompt": "own.md"}))
    put(tmp_path / "cases" / "own.md", "Be long.\n")
    assert divergence_of(tmp_path).what == "the system text is not what was blessed"


def values(path: Path, change: Callable[[dict[str, Any]], Any], key: str = "only pass 1") -> None:
    edited(path, lambda value: change(value["samples"][key]))


def test_changed_score_is_named_with_both_values(tmp_path: Path) -> None:
    values(blessed(tmp_path), lambda entry: entry["scores"].update(taxonomy=0.5, waste=0.25))
    found = divergence_of(tmp_path)
    assert found.what == "the score taxonomy is not what was blessed, though its version is the same"
    assert (found.recorded, found.now) == ("0.5", "1.0")


def test_score_by_another_version_is_no_surprise_but_named(tmp_path: Path) -> None:
    def change(entry: dict[str, Any]) -> None:
        entry["scores"]["waste"], entry["versions"]["waste"] = 0.25, 0

    values(blessed(tmp_path), change)
    assert divergence_of(tmp_path).what == "the score waste is not what was blessed"


def test_scorer_that_is_gone_or_new_is_named(tmp_path: Path) -> None:
    path = blessed(tmp_path)
    values(path, lambda entry: (entry["scores"].pop("taxonomy"), entry["versions"].pop("taxonomy")))
    assert divergence_of(tmp_path).what == "the score taxonomy is not what was blessed"
    path = blessed(tmp_path)
    values(path, lambda entry: (entry["scores"].update(old=1.0), entry["versions"].update(old=1)))
    assert (divergence_of(tmp_path).recorded, divergence_of(tmp_path).now) == ("1.0", "None")


def test_other_version_with_the_same_score_is_named(tmp_path: Path) -> None:
    values(blessed(tmp_path), lambda entry: entry["versions"].update(waste=0))
    assert divergence_of(tmp_path).what == "the scorer waste has another version than the baseline"


def test_changed_verdict_is_named_even_where_all_scores_are_the_same(tmp_path: Path) -> None:
    blessed(tmp_path)
    values(tmp_path / "baseline.json", lambda entry: entry.update(verdict="fail"))
    found = divergence_of(tmp_path)
    assert (found.what, found.recorded, found.now) == ("the verdict is not what was blessed", "fail", "pass")


def test_new_case_is_named_until_it_is_blessed(tmp_path: Path) -> None:
    blessed(tmp_path)
    put(tmp_path / "cases" / "new.yaml", case())
    outcome = again(tmp_path)
    assert outcome.reasons == ["1 of 2 cases fail: new"]
    assert outcome.cases[0].reasons[0] == (
        "the run that must pass: it is not in the baseline; `advisor eval bless` accepts it"
    )


def test_case_that_is_gone_is_named_but_not_where_only_some_are_run(tmp_path: Path) -> None:
    blessed(tmp_path, a=case(), b=case(), c=case(tags=["other"]))
    (tmp_path / "cases" / "b.yaml").unlink()
    outcome = again(tmp_path)
    assert (outcome.verdict, outcome.reasons) == (
        "fail",
        ["the baseline has runs that the suite has no more: b fail 1, b pass 1"],
    )
    assert referred(suites.load(tmp_path, ["a"])).ok and referred(suites.load(tmp_path, tags=["other"])).ok


def test_divergence_from_a_transcript_comes_first(tmp_path: Path) -> None:
    path = blessed(tmp_path, only=case(reference=references({"transcript": TRANSCRIPT}, BAD)))
    values(path, lambda entry: entry["scores"].update(taxonomy=0.5))
    put(tmp_path / "cases" / AGENT, agent_file(description="You test hard."))
    assert divergence_of(tmp_path).what == "turn 1: another prompt"


def test_scores_are_kept_to_nine_digits_and_unscored_ones_as_null(tmp_path: Path) -> None:
    [outcome] = referred(loaded(tmp_path, only=case())).cases
    kept = baseline.entry(outcome.samples[0])
    assert kept["scores"]["stances"] is None and kept["scores"]["taxonomy"] == 1.0 and kept["verdict"] == "pass"
    assert set(kept["versions"]) == set(kept["scores"])


def test_wording_that_is_gone_is_named(tmp_path: Path) -> None:
    blessed(tmp_path, a=case(paraphrases=["In other words?"]))
    put(tmp_path / "cases" / "a.yaml", case())
    assert again(tmp_path).reasons == ["the baseline has runs that the suite has no more: a pass 2"]


def test_file_that_no_run_happens_to_touch_is_named_all_the_same(tmp_path: Path) -> None:
    blessed(tmp_path)
    (tmp_path / "transcripts" / "unread.jsonl").write_text("more\n", encoding="utf-8")
    outcome = again(tmp_path)
    assert (outcome.verdict, outcome.reasons) == ("fail", ["transcripts/unread.jsonl is not what was blessed"])


def test_changed_prompt_that_no_run_reads_and_changed_scorer_are_named(tmp_path: Path) -> None:
    path = blessed(tmp_path)
    text = path.read_text(encoding="utf-8")
    for name in ("prompts/no_answer.md", "the scorers' code"):
        kept = json.loads(text)["files"][name]
        path.write_text(text.replace(kept, "0" * len(kept), 1), encoding="utf-8")
        assert again(tmp_path).reasons == [f"{name} is not what was blessed"]


def test_loosened_threshold_is_named(tmp_path: Path) -> None:
    blessed(tmp_path)
    loose = case()
    put(tmp_path / "cases" / "only.yaml", loose | {"thresholds": loose.get("thresholds", {}) | {"waste": 1}})
    assert divergence_of(tmp_path).what == "the thresholds are not what was blessed"


def test_fact_of_the_log_without_a_name_of_its_own_is_noticed(tmp_path: Path) -> None:
    path = blessed(tmp_path)
    values(path, lambda entry: entry.update(root="0" * 64))
    assert divergence_of(tmp_path).what.startswith("the log is not what was blessed")


def test_without_a_baseline_a_suite_says_nothing(tmp_path: Path) -> None:
    blessed(tmp_path).unlink()
    outcome = again(tmp_path)
    assert outcome.verdict == "insufficient" and "there is no baseline" in outcome.reasons[0]
