"""An outcome on the disk: the log of each sample with its scores beside it, a summary, a page."""

from __future__ import annotations

import json
from pathlib import Path

from agent.evals.compare import SUMMARY
from agent.evals.outcome import SuiteOutcome
from agent.report import eval_page
from agent.runs.log import write_whole
from agent.scoring import sidecar

LOGS, PAGE = "logs", "report.html"


def keep(outcome: SuiteOutcome, folder: Path) -> Path:
    """Write it all into `folder`, the page last, and return where that lies. Raises LogError."""
    (folder / LOGS).mkdir(parents=True, exist_ok=True)
    for case in outcome.cases:
        for sample in case.samples:
            if sample.content:
                sample.log = f"{LOGS}/{case.name}.{sample.arm}{sample.repeat}.jsonl"
                write_whole(folder / sample.log, sample.content)
            if sample.log:
                sidecar.write(folder / sample.log, sample.root, case.name, sample.scores)
    said = outcome.to_json()
    write_whole(folder / SUMMARY, (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode())
    write_whole(folder / PAGE, eval_page.render(said).encode())
    return folder / PAGE
