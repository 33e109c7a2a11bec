"""advisor doctor: everything that a run needs, looked at before it runs."""

from __future__ import annotations

import sys
from datetime import date
from typing import TYPE_CHECKING

import click

from agent.cli import echo_json, failures, interruptible
from agent.cli.options import config_option, format_option, trust_option
from agent.errors import SpecError, TrustNeeded

if TYPE_CHECKING:
    from agent.agentfile import AgentFile
    from agent.doctor.finding import Finding
    from agent.report.terminal import Tell


@click.command()
@config_option
@click.option("--offline", is_flag=True, help="For runs of the keyless planner: no key and no model is looked at.")
@click.option("--model", metavar="NAME", help="A model id; wins over the agent file.")
@trust_option
@format_option("table", "json")
def command(config: str, offline: bool, model: str | None, trust: bool, form: str) -> None:
    """Look at the agent file, key, model, prices, disk, terminal and every server; each finding with what to do.

    Servers are opened, and one tool that only reads and asks for nothing is called. Exit 0, 1 for errors, 5 when a
    required server is down or a declared tool is missing.
    """
    from agent.doctor.finding import exit_code
    from agent.report import doctor_table, terminal

    with failures(as_json=form == "json"), terminal.telling() as tell:
        findings = interruptible(_look(config, offline, model, trust, tell))
    if form == "json":
        echo_json({"ok": exit_code(findings) == 0, "findings": [each.to_json() for each in findings]})
    else:
        doctor_table.show(findings)
    sys.exit(exit_code(findings))


async def _look(config: str, offline: bool, model: str | None, trust: bool, tell: Tell) -> list[Finding]:
    from agent.doctor import surroundings
    from agent.doctor.finding import Finding
    from agent.doctor.servers import server_findings

    file, findings = _file(config, trust)
    findings += surroundings.installation_findings()
    findings += surroundings.disk_findings()
    findings += surroundings.terminal_findings()
    if file is None:
        return findings
    if not offline and model != "planner":
        from agent.model import blocks

        spec = blocks.chosen(file.spec.model, model)
        tell("asking the model's service")
        findings += await surroundings.model_findings(spec)
        findings += surroundings.price_findings(spec.name, date.today())
    if any(each.severity == "error" and each.about == "trust" for each in findings):
        return findings
    if file.spec.mcpServers is None:
        says = "no mcpServers: the embedded market server is used, with simulated data"
        findings.append(Finding("agent file", "warning", says, "name servers under mcpServers; see docs/servers.md"))
    return findings + await server_findings(file, tell)


def _file(config: str, trust: bool) -> tuple[AgentFile | None, list[Finding]]:
    from agent import agentfile
    from agent.doctor.finding import Finding
    from agent.tools import trust as trusting

    try:
        file = agentfile.load(config)
    except SpecError as error:
        return None, [Finding("agent file", "error", problem, error.hint) for problem in error.problems]
    findings = [Finding("agent file", "ok", f"{file.source.name}: fine")]
    try:
        trusting.require(file.spec, file.path, trusted=trust)
    except TrustNeeded as error:
        findings.append(Finding("trust", "error", error.message, error.hint))
    return file, findings
