"""The official MCP conformance suite for clients, through `advisor ask` itself, with a scripted model.

    python -m tests.conformance.run [-o FOLDER] [--command CLIENT] [SCENARIO …]

Needs npm, by which the suite is installed, and Node.js 22 where there is none. The suite serves each scenario over
HTTP, runs the client against it and judges the traffic. What it knows of each lies in the folder afterwards.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conformance import npm

ROOT = Path(__file__).parent.parent.parent
SUITE, VERSION = "@modelcontextprotocol/conformance", "0.2.0-alpha.12"
CLIENT = f"{shlex.quote(sys.executable)} -m tests.conformance.client"
SECONDS = 60
SCENARIOS = {
    "2025-11-25": ["initialize", "tools_call", "elicitation-sep1034-client-defaults", "sse-retry"],
    "2026-07-28": [
        "tools_call",
        "request-metadata",
        "sep-2322-client-request-state",
        "http-standard-headers",
        "http-custom-headers",
        "http-invalid-tool-headers",
        "json-schema-ref-no-deref",
    ],
}
"""By revision of the protocol: all that the suite scores in a client that lists tools, calls them and is asked back.
What is left of its scored scenarios is about signing in.
"""


@dataclass(frozen=True)
class Outcome:
    revision: str
    scenario: str
    accepted: bool
    """Whether the suite says that it passed; it also does where it could check nothing."""
    checks: list[dict[str, Any]]
    folder: Path

    def of(self, *statuses: str) -> list[dict[str, Any]]:
        return [check for check in self.checks if check["status"] in statuses]

    @property
    def passed(self) -> bool:
        return self.accepted and bool(self.of("SUCCESS"))

    @property
    def trouble(self) -> str:
        """What the suite did not like, at first; all of it lies in the folder."""
        if self.passed:
            return ""
        said = [each.get("errorMessage") or each["description"] for each in self.of("FAILURE", "WARNING")]
        return f"{said[0] if said else 'the client failed, or nothing was checked'} ({self.folder})"

    def __str__(self) -> str:
        result, checks = "pass" if self.passed else "FAIL", len(self.of("SUCCESS"))
        return f"{result}  {self.revision}  {self.scenario:36}  {checks:2} checks passed  {self.trouble}".rstrip()


def run(suite: list[str], client: str, revision: str, scenario: str, folder: Path) -> Outcome:
    arguments = ["--scenario", scenario, "--spec-version", revision, "--command", client]
    place = folder / revision / scenario
    shutil.rmtree(place, ignore_errors=True)
    settings = ["--timeout", str(SECONDS * 1000), "--output-dir", str(place)]
    done = subprocess.run(
        [*suite, "client", *arguments, *settings], cwd=ROOT, capture_output=True, text=True, check=False
    )
    place.mkdir(parents=True, exist_ok=True)
    (place / "suite.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    checks = [check for path in place.rglob("checks.json") for check in json.loads(path.read_text(encoding="utf-8"))]
    return Outcome(revision, scenario, done.returncode == 0, checks, place)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="only these")
    parser.add_argument("-o", "--output", type=Path, help="where the results go; a new temporary folder, if not given")
    parser.add_argument("--command", default=CLIENT, help="another client; the suite adds the URL of its server")
    options = parser.parse_args()
    suite = [npm.node(), str(npm.package(npm.CACHE / "conformance", SUITE, VERSION) / "dist" / "index.js")]
    folder = (options.output or Path(tempfile.mkdtemp(prefix="conformance-"))).absolute()
    outcomes = []
    for revision, scenarios in SCENARIOS.items():
        for scenario in scenarios:
            if not options.scenarios or scenario in options.scenarios:
                outcomes.append(run(suite, options.command, revision, scenario, folder))
                print(outcomes[-1], flush=True)
    failed = sum(not each.passed for each in outcomes)
    print(f"{SUITE} {VERSION}, results in {folder}\n{len(outcomes) - failed} passed, {failed} failed")
    return 1 if failed or not outcomes else 0


if __name__ == "__main__":
    sys.exit(main())
