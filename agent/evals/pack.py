"""An evidence pack: every call worth making as of one date, recorded once, so that any model's calls find an answer."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from agent import agentfile, source
from agent.agentfile import AgentFile
from agent.as_of_date import Day
from agent.errors import UsageError
from agent.evals.case import is_embedded, refused
from agent.evals.freeze import require_clean, require_no_ci
from agent.model.base import Turn
from agent.problems import problems_of
from agent.replay.again import EPOCH, Rerun, rerun
from agent.replay.changing import changed
from agent.replay.models import Script
from agent.runs.log import write_whole
from agent.section import Section, Text

Values = Annotated[list[Any], Field(min_length=1)]


class PackSpec(Section):
    agent: Text
    """An agent file beside this file, or the name of a shipped one."""
    as_of: Day
    calls: Annotated[dict[Text, dict[Text, Values]], Field(min_length=1)]
    """Tool → argument → its values; each combination is a call."""


async def write(path: Path, out: Path, *, replace: bool = False) -> str:
    """Make the pack, and write it as a transcript. Tells what is in it.

    Raises UsageError in CI, for a transcript that is there already, or that holds secrets or paths of a machine;
    LogError.
    """
    require_no_ci()
    if out.exists() and not replace:
        raise UsageError(f"{out} is there already", hint="--replace writes over it")
    made = await make(path)
    if made.error:
        raise made.error
    require_clean({out: made.content})
    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(out, made.content)
    failed = sum(call.is_error for call in made.result.calls)
    return f"{len(made.result.calls)} calls recorded in {out}" + (f", {failed} of them failed" if failed else "")


async def make(path: Path) -> Rerun:
    """Make all calls that the file at `path` names, in one run without a model. Raises SpecError, ServerError."""
    from agent.tools.pool import alone

    spec, file = _load(path)
    calls = list(_calls(spec))
    content = [
        {"type": "tool_use", "id": f"c{number}", "name": tool, "input": arguments}
        for number, (tool, arguments) in enumerate(calls, 1)
    ]
    file = file.within({"tool_calls": len(calls) + 1, "seconds": 86_400.0})  # so that none is the last that may be made
    model = Script([Turn(content, "tool_use", "pack")], name="pack")
    question = f"Everything that the tools tell as of {spec.as_of}."
    embedded = is_embedded(file)  # whose answers are the same at any time
    at = EPOCH if embedded else datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    opening = changed(alone, [], EPOCH if embedded else None)
    return await rerun(file, question, spec.as_of, model, opening, run_id=path.stem, at=at)


def _load(path: Path) -> tuple[PackSpec, AgentFile]:
    text = source.read(path)
    try:
        spec = PackSpec.model_validate(text.value)
    except ValidationError as error:
        raise refused(problems_of(error, text, PackSpec)) from None
    beside = path.parent / spec.agent
    return spec, agentfile.load(beside if beside.is_file() else spec.agent)


def _calls(spec: PackSpec) -> Iterator[tuple[str, dict[str, Any]]]:
    for tool, arguments in spec.calls.items():
        for values in product(*arguments.values()):
            yield tool, dict(zip(arguments, values, strict=True))
