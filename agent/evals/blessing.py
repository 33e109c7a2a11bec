"""Accepting a baseline: by a person, who has looked at what changed."""

from __future__ import annotations

from agent.errors import UsageError
from agent.evals import baseline
from agent.evals.freeze import require_no_ci
from agent.evals.runner import run_references
from agent.evals.suite import BASELINE, Suite
from agent.runs.log import write_whole


async def bless(suite: Suite) -> list[str]:
    """Write the baseline of a suite, and tell what is other than before.

    Raises UsageError when a case does not even do what it says itself, or in CI.
    """
    require_no_ci()
    before, suite.baseline = suite.baseline, None
    outcome = await run_references(suite)
    if outcome.verdict == "fail":
        failed = [f"{case.name}: {'; '.join(case.reasons)}" for case in outcome.cases if case.reasons]
        raise UsageError("not blessed, these cases do not do what they say:\n" + "\n".join(failed))
    write_whole(suite.folder / BASELINE, baseline.content(outcome.cases, baseline.files_of(suite)))
    changes = [
        f"{case.name}, {sample.arm} {sample.repeat}: {sample.divergence.what}"
        for case in outcome.cases
        for sample in baseline.compared(case, case.samples, before)
        if sample.divergence
    ]
    kept = {baseline.key(case.name, sample) for case in outcome.cases for sample in case.samples}
    gone = [f"{key}: it is there no more" for key in sorted(before or {}) if key not in kept]
    return [*changes, *gone, f"blessed: {len(kept)} runs of {len(outcome.cases)} cases"]
