"""What came of a suite: samples, cases, the whole; and its JSON form, which the page, `compare` and scripts read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from agent.encoding import digest
from agent.errors import Diverged
from agent.evals.case import Case, Recorded
from agent.result import RunResult
from agent.scoring.expect import Attack
from agent.scoring.score import Scores
from agent.scoring.scorers import SCORERS
from agent.scoring.verdict import Check, Verdict


@dataclass(frozen=True)
class Divergence:
    """What a run did otherwise than its recording, or than the baseline says."""

    what: str
    recorded: str = ""
    now: str = ""

    @classmethod
    def of(cls, error: Diverged) -> Divergence:
        return cls(error.message, error.recorded, error.now)


@dataclass
class SampleOutcome:
    """One run of a case. `arm`: pass, fail or hijack for its references, else a model's name.

    `wanted`: the verdict that a reference has to have.
    """

    arm: str
    question: str
    verdict: Verdict
    wanted: Verdict | None
    reasons: list[str]
    checks: list[Check]
    scores: Scores
    result: RunResult
    root: str
    fingerprint: dict[str, Any]
    content: bytes = b""
    repeat: int = 1
    divergence: Divergence | None = None
    attack: Attack | None = None
    """Whose words it met."""
    log: str | None = None

    @property
    def as_wanted(self) -> bool:
        return self.divergence is None and self.wanted in (None, self.verdict)

    def to_json(self) -> dict[str, Any]:
        return {
            "arm": self.arm,
            "repeat": self.repeat,
            "question": self.question,
            "verdict": self.verdict,
            "wanted": self.wanted,
            "reasons": self.reasons,
            "divergence": vars(self.divergence) if self.divergence else None,
            "checks": [check.to_json() for check in self.checks],
            "scores": {name: score.to_json() for name, score in self.scores.items()},
            "run": run_of(self.result),
            "fingerprint": self.fingerprint,
            "root": self.root,
            "log": self.log,
        }


def run_of(result: RunResult) -> dict[str, Any]:
    """What people look at of a run."""
    envelope = result.envelope()
    keys = ("status", "stop_reason", "answer", "best_attempt", "labels", "warnings", "model", "calls", "spend")
    return {key: envelope[key] for key in keys}


def digests_of(*cases: Case) -> dict[str, str]:
    """What tells whether two outcomes, each of these cases, are of the same ones: `given`, what their runs met, without
    the text of the agent file, since prompts are what is compared; and `expected`, by which they are judged."""
    given, expected = [], []
    for case in cases:
        spec = case.spec.model_dump(mode="json", by_alias=True, exclude={"about", "tags", "thresholds", "without"})
        expect, tools = spec.pop("expect"), case.spec.tools
        recorded = (case.folder / tools.transcript).read_text(encoding="utf-8") if isinstance(tools, Recorded) else None
        given.append([spec, expect["attack"], recorded])
        expected.append([expect, dict(case.thresholds)])
    return {"given": digest(given), "expected": digest(expected)}


@dataclass
class CaseOutcome:
    name: str
    about: str
    tags: list[str]
    question: str
    as_of: str | None
    samples: list[SampleOutcome]
    verdict: Verdict = "insufficient"
    reasons: list[str] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        keys = ("name", "about", "tags", "question", "as_of", "verdict", "reasons", "digests")
        own = {key: getattr(self, key) for key in keys}
        return own | {"samples": [sample.to_json() for sample in self.samples]}


@dataclass
class SuiteOutcome:
    """`model` is None when the suite's references were run."""

    suite: str
    model: str | None
    cases: list[CaseOutcome]
    verdict: Verdict
    reasons: list[str]
    totals: dict[str, Any]
    version: str
    began: str | None = None

    @property
    def ok(self) -> bool:
        return self.verdict == "pass"

    def to_json(self) -> dict[str, Any]:
        return {
            "suite": self.suite,
            "mode": "model" if self.model else "references",
            "model": self.model,
            "verdict": self.verdict,
            "reasons": self.reasons,
            "version": self.version,
            "began": self.began,
            "scorers": {
                name: {"version": scorer.version, "better": scorer.better, "about": scorer.about}
                for name, scorer in SCORERS.items()
            },
            "totals": self.totals,
            "cases": [case.to_json() for case in self.cases],
        }
