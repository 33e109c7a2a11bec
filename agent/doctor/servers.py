"""What there is to be said of each server of an agent file: opened once, its tools compared, one harmless call made."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator

from agent.agentfile import AgentFile
from agent.doctor.finding import Finding, Severity
from agent.errors import AdvisorError
from agent.events import ServerOpened, ToolAnswered
from agent.model.base import ToolCall
from agent.server_spec import StdioServer
from agent.tools import lock
from agent.tools.advice import for_missing
from agent.tools.content import unframed
from agent.tools.offered import Tool
from agent.tools.servers import Server
from agent.tools.survey import Survey, surveyed

SLOW_SECONDS = 10.0
SHOWN = 160
"""Characters of a stranger's words in a finding."""
_COMPLAINT = re.compile(r"\b(warn(ing)?|error|fatal|deprecat\w*|exception|traceback)\b", re.IGNORECASE)


async def server_findings(file: AgentFile, tell: Callable[[str], None]) -> list[Finding]:
    """`tell` hears what is being done."""
    missing = list(_missing_programs(file))
    tell(f"opening {', '.join(file.spec.servers)}")
    async with surveyed(file, attended=True) as survey:
        findings = [*missing, *_down(survey, {each.about for each in missing})]
        for server in survey.servers:
            tell(f"looking at {server.name}")
            findings += await _of_server(server, survey)
        return findings + list(_undeclared(survey)) + list(_locked(survey))


def _about(name: str) -> str:
    return f"server {name}"


def _missing_programs(file: AgentFile) -> Iterator[Finding]:
    for name, server in file.spec.servers.items():
        if not isinstance(server, StdioServer) or server.command == "advisor" or "${" in server.command:
            continue
        if shutil.which(server.command, path=server.env.get("PATH")) is None:
            fix = for_missing(server.command)
            severity: Severity = "error" if server.required else "warning"
            yield Finding(_about(name), severity, f"there is no program {server.command!r}", fix, down=server.required)


def _down(survey: Survey, told: set[str]) -> Iterator[Finding]:
    for error in survey.down:
        required = error.failure.server in survey.required
        if (about := _about(error.failure.server)) not in told:
            says = error.message.removeprefix(f"server {error.failure.server!r}: ")
            yield Finding(about, "error" if required else "warning", says, error.hint, down=required)


async def _of_server(server: Server, survey: Survey) -> list[Finding]:
    about = _about(server.name)
    opened = next(each for each in survey.opened if each.server == server.name)
    return [
        _opening(about, opened, len(server.tools)),
        *_tools(about, server.name, survey),
        *_complaints(about, server.stderr),
        *await _probed(about, server.name, survey),
    ]


def _opening(about: str, opened: ServerOpened, tools: int) -> Finding:
    version = f" {opened.server_version}" if opened.server_version else ""
    said = f"{opened.server_name or 'it does not say what it is'}{version}, {opened.transport}, {opened.protocol}"
    says = f"open in {opened.seconds:.1f} s: {said}, {tools} tools"
    if opened.seconds > SLOW_SECONDS:
        fix = "where its start downloads or builds something, install it beforehand; else mind timeouts.start"
        return Finding(about, "warning", says, fix)
    return Finding(about, "ok", says)


def _tools(about: str, server: str, survey: Survey) -> Iterator[Finding]:
    policy = survey.file.spec.policy.drift.changed
    for row in survey.rows():
        if row.server != server:
            continue
        if row.problem:
            yield Finding(
                about, "warning", f"tool {row.name!r} is not offered: {row.problem}", "see `advisor tools -c FILE`"
            )
        for each in row.differences:
            if policy != "ignore":
                says = f"tool {row.name!r}: {each['at']}: {each['hint']}"
                wrong = policy == "error"
                yield Finding(about, "error" if wrong else "warning", says, "mend `tools` in the file", down=wrong)
        if row.tool and row.tool.rewritten:
            says = f"the schema of {row.name!r} is rewritten for the model: {'; '.join(row.tool.rewritten)}"
            yield Finding(about, "ok", says)


def _undeclared(survey: Survey) -> Iterator[Finding]:
    """Declared tools that no server offers. Where an optional server is down, it may be the one."""
    policy = survey.file.spec.policy.drift.missing
    wrong = policy == "error" and not survey.down
    for row in survey.rows():
        if row.server is None and policy != "ignore":
            for each in row.differences:
                says = f"{row.name}: {each['hint']}"
                severity: Severity = "error" if wrong else "warning"
                yield Finding("agent file", severity, says, "mend `tools` in the file", down=wrong)


def _locked(survey: Survey) -> Iterator[Finding]:
    accept = f"look at it, then `advisor tools accept -c {survey.file.source.name}`"
    try:
        for change in lock.changes(survey.file, survey.box, survey.opened) if lock.is_known(survey.file) else ():
            yield Finding("lock", "error", str(change), accept)
    except AdvisorError as error:
        yield Finding("lock", "error", error.message, error.hint)


def _complaints(about: str, stderr: str) -> Iterator[Finding]:
    lines = [line.strip() for line in stderr.splitlines() if _COMPLAINT.search(line)]
    if lines:
        says = f"it complains on stderr, in {len(lines)} lines: {lines[0][:SHOWN]}"
        yield Finding(about, "warning", says, "run its command by hand to see all of it")


async def _probed(about: str, server: str, survey: Survey) -> list[Finding]:
    """One call of a tool that only reads and asks for nothing."""
    tool = next((each for each in survey.box.tools.values() if _is_harmless(each, server)), None)
    if tool is None:
        return []
    prepared = survey.box.prepare(ToolCall("probe", tool.offered_as, {}), 1)
    if prepared.refusal:
        return []
    *_, answered = await survey.box.call(await survey.box.admit(prepared))
    assert isinstance(answered, ToolAnswered)
    if lost := survey.box.lost.get(server):
        required = server in survey.required
        says = lost.message.removeprefix(f"server {server!r}: ")
        return [Finding(about, "error" if required else "warning", says, lost.hint, down=required)]
    said = " ".join(unframed(answered.shown).split())[:SHOWN]
    if answered.is_error:
        return [
            Finding(about, "warning", f"a call of {tool.listed.name!r} failed: {said}", "see what the server needs")
        ]
    return [
        Finding(about, "ok", f"a call of {tool.listed.name!r} took {answered.seconds:.2f} s"),
        *(Finding(about, "warning", note, "tell whoever makes the server") for note in answered.notes),
    ]


def _is_harmless(tool: Tool, server: str) -> bool:
    return tool.listed.server == server and tool.listed.read_only is True and not tool.listed.schema.get("required")
