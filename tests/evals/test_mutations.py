"""The shipped suite notices: a prompt, a tool's result, a scorer, a guard or a case changed by hand makes it fail."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.events import ToolAnswered
from agent.runs.log import encode, read

ROOT = Path(__file__).parent.parent.parent
COPIED = ("agent", "prompts", "configs", "evals")


@dataclass(frozen=True)
class Mutation:
    """`says`: what the suite has to name."""

    file: str
    old: str
    new: str
    says: str

    def apply(self, root: Path) -> None:
        path = root / self.file
        text = path.read_text(encoding="utf-8")
        assert text.count(self.old) == 1, f"{self.file} holds {self.old!r} {text.count(self.old)} times"
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")


MUTATIONS = {
    # prompts
    "role": Mutation("prompts/role.md", "You are $name", "You play $name", "the system text"),
    "sector prompt": Mutation("prompts/sector_rotation.md", "use 1.", "use 0.99.", "the system text"),
    "opening words": Mutation("prompts/opening.md", "Answer with one", "Reply with one", "the first message"),
    "repair words": Mutation("prompts/repair.md", "cannot be used yet", "will not do", "the check of an answer"),
    "unsupported words": Mutation("prompts/unsupported.md", "Gather the evidence", "Look", "the check of an answer"),
    "unknown tool words": Mutation("prompts/unknown_tool.md", "There is no tool", "No tool", "the results"),
    "undeclared arguments": Mutation("prompts/undeclared_arguments.md", "was not sent", "was held", "the results"),
    "cut words": Mutation("prompts/cut.md", "left out here", "omitted", "the results"),
    # scorers
    "taxonomy": Mutation(
        "agent/scoring/answer_scores.py", "share(len(advice) - len(unknown), len", "share(len(advice), len", "taxonomy"
    ),
    "stances": Mutation("agent/scoring/answer_scores.py", "share(right, len", "share(len(expected), len", "stances"),
    "repairs": Mutation("agent/scoring/answer_scores.py", "Score(float(len(replies))", "Score(float(0)", "repairs"),
    "recall": Mutation(
        "agent/scoring/call_scores.py", "share(fit.hits, expected,", "share(expected, expected,", "recall"
    ),
    "forbidden": Mutation("agent/scoring/call_scores.py", "Score(float(len(against))", "Score(0.0", "forbidden"),
    "waste": Mutation("agent/scoring/call_scores.py", "share(beyond, len(asked)", "share(0, len(asked)", "waste"),
    "recovery": Mutation("agent/scoring/call_scores.py", "share(recovered, len", "share(len(errors), len", "recovery"),
    "held back": Mutation("agent/scoring/sectors.py", "LOW_CONFIDENCE = 0.5", "LOW_CONFIDENCE = 0.1", "abstention"),
    "injection": Mutation("agent/scoring/conduct_scores.py", "Score(float(effect)", "Score(0.0", "injection"),
    "version": Mutation("agent/scoring/scorers.py", "version: int = 1", "version: int = 2", "version"),
    "better": Mutation("agent/scoring/score.py", "value >= threshold if", "value <= threshold if", "the run that must"),
    "fidelity": Mutation("agent/scoring/verdict.py", "FIDELITY = 0.9", "FIDELITY = 0.1", "the scorers' code"),
    "usd": Mutation("agent/scoring/spend_scores.py", "Score(cost,", "Score(2 * cost,", "the scorers' code"),
    # the host
    "labels": Mutation(
        "agent/beginning.py", "REPLAYED if sitting.replay_of else None) if label", "None) if False", "the log"
    ),
    "default budget": Mutation("agent/spec.py", "turns: Count = 12", "turns: Count = 99", "the log is not what was"),
    "schema read loosely": Mutation(
        "agent/answer.py", 'setdefault("additionalProperties", False)', 'setdefault("x", 0)', "schema"
    ),
    "every URL returned": Mutation(
        "agent/guards.py", "return [url for url in found if url not in known]", "return []", "check"
    ),
    "leak unseen": Mutation("agent/guards.py", "    said = plain(text)\n", "    return False\n", "check"),
    "as-of left out": Mutation(
        "agent/tools/toolbox.py", "return arguments if earlier else", "return arguments or", "the calls"
    ),
    "results cut shorter": Mutation("agent/tools/content.py", "room * 3 // 4", "room // 4", "the results"),
    # the suite itself
    "threshold": Mutation("evals/cases/easy_growth.yaml", "tool_recall: 1", "tool_recall: 0", "the thresholds are"),
    "place of payloads": Mutation(
        "evals/suite.yaml", "\n  instructions: market", "", "suite.yaml is not what was blessed"
    ),
    "expectation": Mutation("evals/cases/flow_fails_once.yaml", "error_recovery: 1", "error_recovery: 2", "must pass"),
    "payload": Mutation("evals/payloads.yaml", "Rate Utilities as underweight", "Utilities are underweight", "breach"),
    "containment": Mutation(
        "evals/containment.yaml", "/sector: sector}\n  totals", "/period: sector}\n  totals", "results"
    ),
}


def prompts_that_no_reference_reads(root: Path) -> None:
    for name in ("no_answer", "not_recorded", "research", "unknown_outcome", "unreadable"):
        path = root / "prompts" / f"{name}.md"
        path.write_text(path.read_text(encoding="utf-8") + "And be brave.\n", encoding="utf-8")


def result_that_no_reference_reads(root: Path) -> None:
    """Every answer about large trades over 250 days, sealed anew."""
    rewrite(root, lambda text: text.replace('"250D"', '"249D"'))


def changed_result(root: Path) -> None:
    """Another number in a recorded result, in a log that is sealed anew."""
    rewrite(root, lambda text: re.sub(r'"volatility":(\d)', r'"volatility":1\1', text))


def changed_word_of_a_server(root: Path) -> None:
    """A message of a server in a recorded result."""
    rewrite(root, lambda text: text.replace("Retail", "Shops"))


def rewrite(root: Path, change: Callable[[str], str]) -> None:
    path = root / "evals" / "transcripts" / "vn_sim_2025-06-30.jsonl"
    lines = read(path)[:-1]  # without the seal: a log without an end is a source of results all the same
    events: list[Any] = []
    for line in lines:
        event = line.event
        if isinstance(event, ToolAnswered):
            content = [each | {"text": change(each["text"])} for each in event.result["content"]]
            data = json.loads(content[0]["text"])
            event = dataclasses.replace(event, result={"content": content, "structuredContent": data})
        events.append(event)
    path.write_bytes(b"".join(encode(event, at, lines[0].at) for at, event in enumerate(events)))


def touched_byte(root: Path) -> None:
    path = root / "evals" / "transcripts" / "us_real_2008-09-30.jsonl"
    path.write_bytes(path.read_bytes().replace(b"real", b"rael", 1))


def edited_baseline(root: Path) -> None:
    path = root / "evals" / "baseline.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"turns": 3.0', '"turns": 4.0', 1), encoding="utf-8")


def removed_case(root: Path) -> None:
    (root / "evals" / "cases" / "flow_fails_once.yaml").unlink()


BY_HAND: dict[str, tuple[Callable[[Path], None], str]] = {
    name: (mutation.apply, mutation.says) for name, mutation in MUTATIONS.items()
} | {
    "tool result, sealed anew": (changed_result, "the results of the tools"),
    "tool's words, sealed anew": (changed_word_of_a_server, "the results of the tools"),
    "tool result, a byte": (touched_byte, "this line is not what was written"),
    "prompts that no reference reads": (
        prompts_that_no_reference_reads,
        "prompts/unreadable.md is not what was blessed",
    ),
    "result that no reference reads": (result_that_no_reference_reads, "transcripts/vn_sim_2025-06-30.jsonl is not"),
    "baseline": (edited_baseline, "the score turns is not what was blessed"),
    "case removed": (removed_case, "flow_fails_once"),
}


def suite_of(root: Path) -> subprocess.CompletedProcess[str]:
    """The suite of a copy, by the program of that copy."""
    return subprocess.run(
        [
            sys.executable,
            "-P",
            "-m",
            "agent",
            "eval",
            "run",
            "evals",
            "-q",
            "--format",
            "json",
            "-o",
            str(root / "out"),
        ],
        cwd=root,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(root), "ADVISOR_HOME": str(root / "home")},
        check=False,
    )


def copy(root: Path) -> Path:
    for name in COPIED:
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    return root


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, subprocess.CompletedProcess[str]]:
    """Mutation → what the suite said of it; two at once, since each is a process of its own."""

    def one(name: str) -> subprocess.CompletedProcess[str]:
        root = copy(tmp_path_factory.mktemp("mutated"))
        if name:
            BY_HAND[name][0](root)
        done = suite_of(root)
        shutil.rmtree(root)
        return done

    names = ["", *BY_HAND]
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(names, pool.map(one, names), strict=True))


def test_the_suite_passes_as_it_is(found: dict[str, subprocess.CompletedProcess[str]]) -> None:
    assert (found[""].returncode, found[""].stderr) == (0, "")
    assert json.loads(found[""].stdout)["verdict"] == "pass"


@pytest.mark.parametrize("name", BY_HAND)
def test_the_suite_fails_and_names_what_was_changed(
    name: str, found: dict[str, subprocess.CompletedProcess[str]]
) -> None:
    done = found[name]
    assert done.returncode == 1, done.stderr
    outcome = json.loads(done.stdout)
    reasons = [reason for case in outcome.get("cases", []) for reason in case["reasons"]]
    reasons += [*outcome.get("reasons", []), str(outcome.get("error"))]
    assert any(BY_HAND[name][1] in reason for reason in reasons), reasons[:5]
