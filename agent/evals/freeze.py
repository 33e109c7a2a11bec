"""Freezing a run: its log as a transcript that is the same wherever it was made, and a case that begins with it."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import yaml

from agent import agentfile, data
from agent.agentfile import AgentFile
from agent.encoding import canonical
from agent.errors import Diverged, UsageError
from agent.evals.secrets import Machine, findings
from agent.evals.suite import FILE
from agent.events import (
    Event,
    ModelAnswered,
    ModelAsked,
    RunFinished,
    RunStarted,
    ServerOpened,
    ToolAnswered,
    ToolAsked,
)
from agent.model.base import Turn
from agent.place import Place
from agent.replay.again import MemoryLog, Rerun, replayed
from agent.replay.recording import Recording
from agent.runs.log import write_whole
from agent.scoring.call_scores import UNSENT
from agent.scoring.expect import Action, Expect
from agent.scoring.sample import Sample
from agent.scoring.sectors import advice_of
from agent.source import Source
from agent.transcript import Transcript

CASES, TRANSCRIPTS = "cases", "transcripts"
_SHORT = 100
"""Characters of a list that stands in one line."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
_NUMBER_LIKE = re.compile(r"[-+.\d]")
_OTHER = {"overweight": "underweight", "underweight": "overweight", "neutral": "overweight"}
_SUITE = b"""\
# What all cases share; `docs/evals.md` says what may stand here.
about: Runs that were recorded here.
"""
_COMMENT = """\
# A recorded run, frozen as a case. It expects what this one run did; edit it to what every good run has to do:
#   about      say what the case is for
#   expect     leave out calls, arguments and stances that are a matter of taste; every other value that is as good
#              goes into the list beside the recorded one
#   reference  one run that has to pass, and one that has to fail: see that it fails for the reason that you mean
"""


def require_no_ci() -> None:
    """Raises UsageError where CI says that nobody is looking: what is recorded there would be believed unread."""
    if os.environ.get("CI", "").lower() not in ("", "0", "false"):
        raise UsageError(
            "recording is refused in CI", hint="record on your own machine and commit what you have looked at"
        )


def frozen(recording: Recording, name: str) -> bytes:
    """The run as a transcript: a log that is called `name` and has no trace of when and where it was replayed.

    The same bytes each time, and for the frozen run again. Not to be called within an event loop. Raises Diverged
    when this version does not do what was recorded; UsageError for a run that did not end by itself.
    """
    return _sealed(asyncio.run(_normalised(recording, name)))


def freeze(run: Path, suite: Path, name: str, *, about: str | None = None, replace: bool = False) -> list[Path]:
    """Write `transcripts/NAME.jsonl` and `cases/NAME.yaml` below `suite`, and what else the case needs; their paths.

    A folder that is no suite yet becomes one. An agent file that does not ship is written beside the case, and so is
    its system text where that is its own. Each file is whole or absent, and the case comes last. Raises Diverged;
    LogError; and UsageError in CI, for a run that cannot be frozen, for one that holds secrets or paths of a machine,
    and for files that would be overwritten.
    """
    require_no_ci()
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name of a case", hint="letters, digits, '-' and '_', at most 80")
    recording = Recording.read(run)
    recording.require_first()
    again = asyncio.run(_normalised(recording, name))
    _require_outcome(again)
    transcript = _sealed(again)
    file = again.recording.file
    agent, beside = _agent_of(file, name)
    case = _case(again, file, name, agent, about or f"What {again.result.model} did when it was recorded.")
    files = {Path(TRANSCRIPTS, f"{name}.jsonl"): transcript}
    files |= {Path(CASES, each): text.encode() for each, text in beside.items()}
    if not (suite / FILE).exists():
        files[Path(FILE)] = _SUITE
    files[Path(CASES, f"{name}.yaml")] = (_COMMENT + yaml_text(case)).encode()
    require_clean(files)
    return _write({suite / path: content for path, content in files.items()}, replace)


async def _normalised(recording: Recording, name: str) -> Rerun:
    """The run again as it was, and then again under the names of a frozen run. Raises Diverged."""
    try:
        await replayed(recording)
        return await replayed(Recording(tuple(_renamed(recording, name)), recording.at))
    except Diverged as error:
        message = f"this version does not do what was recorded, so the run cannot be frozen: {error.message}"
        raise Diverged(message, what=error.what, recorded=error.recorded, now=error.now) from None


def _require_outcome(run: Rerun) -> None:
    """Raises UsageError unless a model brought the run to its end: of any other, every model would make the same."""
    if run.error or not run.recording.turns:
        why = f"it ended by an error ({run.error.code})" if run.error else "no model was asked"
        raise UsageError(f"the run says nothing of a model: {why}", hint="freeze one that a model brought to its end")


def _renamed(recording: Recording, name: str) -> list[Event]:
    """The events of the run called `name`, its calls c1, c2, … in the order in which they were asked for."""
    asked = [(turn.turn, call.id) for turn in recording.turns for call in Turn.of(turn).calls]
    ids = {call: f"c{number}" for number, call in enumerate(asked, 1)}
    transcript = Transcript()
    events: list[Event] = []
    for event in recording.events:
        match event:
            case RunStarted():
                event = dataclasses.replace(event, run_id=name, files=Place(Path()).files)
            case ServerOpened():
                event = dataclasses.replace(event, seconds=0.0)
            case ModelAsked():
                event = dataclasses.replace(event, request=transcript.request().hash)
            case ModelAnswered():
                content = [_called(block, event.turn, ids) for block in event.content]
                event = dataclasses.replace(event, content=content, request_id=None)
            case ToolAsked() | ToolAnswered():
                event = dataclasses.replace(event, call=ids[event.turn, event.call])
        transcript.apply(event)
        events.append(event)
    return events


def _called(block: dict[str, Any], turn: int, ids: Mapping[tuple[int, str], str]) -> dict[str, Any]:
    return block | {"id": ids[turn, block["id"]]} if block.get("type") == "tool_use" else block


def _sealed(run: Rerun) -> bytes:
    """Its log. What no server answered just now has no time of its own: it gets that of the recording."""
    log = MemoryLog(run.at)
    for event in run.events:
        match event:
            case ToolAnswered() if event.source not in ("replayed", "injected"):
                event = dataclasses.replace(event, retrieved_at=run.at, seconds=0.0)
            case RunFinished():
                event = dataclasses.replace(event, root=log.root)
        log.append(event)
    return log.content


def _agent_of(file: AgentFile, name: str) -> tuple[str, dict[str, str]]:
    """What the case calls its agent, and the files that this needs beside it. Raises Diverged."""
    if shipped := next((each for each in data.shipped_agents() if agentfile.load(each).hashes == file.hashes), None):
        return shipped, {}
    agent, prompt = f"{name}.agent.yaml", f"{name}.prompt.md"
    content = {key: value for key, value in file.public.items() if key != "prompt"}
    if agentfile.parse(Source(agent, content)).system == file.system:
        return agent, {agent: yaml_text(content)}
    role = data.words("role", name=file.spec.agent_name, description=file.spec.description)
    if not file.system.startswith(f"{role}\n\n"):
        raise Diverged("this version begins a system text otherwise than the recorded one", what="prompt")
    body = file.system.removeprefix(f"{role}\n\n")
    return agent, {prompt: body + "\n", agent: yaml_text(content | {"prompt": prompt})}


def _case(run: Rerun, file: AgentFile, name: str, agent: str, about: str) -> dict[str, Any]:
    """A case in the form of CaseSpec, which expects what the run did."""
    sample, started = Sample.of(run.events, Expect()), run.recording.started
    transcript = f"{TRANSCRIPTS}/{name}.jsonl"
    calls, stances = _expected_calls(sample, file.spec.as_of_argument), _stances(sample)
    failing = _turned(run.recording, sample, stances) if stances else _cut_short(sample)
    optional = {"calls": [calls] if calls else None, "stances": stances or None}
    expect = {"status": sample.result.status} | {key: value for key, value in optional.items() if value}
    return {
        "about": about,
        "tags": ["frozen"],
        "agent": agent,
        "question": started.question,
        **({"as_of": started.as_of} if started.as_of else {}),
        "tools": {"transcript": transcript},
        "expect": expect,
        "thresholds": dict.fromkeys(["outcome", *failing["fails"]], 1.0),
        "reference": {"pass": {"transcript": transcript}, "fail": failing},
    }


def _expected_calls(sample: Sample, as_of_argument: str) -> list[dict[str, Any]]:
    """Each distinct call that a server saw. The run's own as-of date is the host's doing and not expected."""
    dated = (as_of_argument, sample.result.as_of)
    expected: dict[bytes, dict[str, Any]] = {}
    for call in sample.result.calls:
        if call.source not in UNSENT:
            given = {key: [value] for key, value in call.arguments.items() if (key, value) != dated}
            expected[canonical([call.offered_as, given])] = {
                "tool": call.offered_as,
                **({"arguments": given} if given else {}),
            }
    return list(expected.values())


def _stances(sample: Sample) -> dict[str, list[str]]:
    """Sector → its action, where the answer gives it one."""
    _, advice = advice_of(sample)
    return {
        each[0]["sector_name"]: [each[0]["action"]]
        for sector, each in (advice or {}).items()
        if sector and len(each) == 1 and each[0].get("action") in get_args(Action)
    }


def _turned(recording: Recording, sample: Sample, stances: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """A run that has to fail: the calls as they were made, and the answer with the first stance turned around."""
    answer = copy.deepcopy(sample.result.answer)
    first = next(each for each in answer["sector_recommendations"] if each.get("sector_name") in stances)
    first["action"] = _OTHER[first["action"]]
    said = [[call for call in Turn.of(turn).calls if isinstance(call.arguments, dict)] for turn in recording.turns]
    turns = [{"calls": [{call.name: call.arguments} for call in calls]} for calls in said if calls]
    return {"turns": [*turns, {"answer": answer}], "fails": ["stances"]}


def _cut_short(sample: Sample) -> dict[str, Any]:
    """A run that has to fail: an answer without evidence, which ends it in another way than the recorded one did."""
    turn: dict[str, Any] = {"answer": {}}
    if sample.result.status != "failed":
        turn["stop_reason"] = "max_tokens"
    return {"turns": [turn], "fails": ["outcome"]}


def require_clean(files: Mapping[Path, bytes]) -> None:
    """Raises UsageError naming everything that must not be shared, without telling it.

    What the environment holds for a variable that one of the files names, as in `${DESK}`, is looked for in all.
    """
    texts = {path: content.decode() for path, content in files.items()}
    machine = Machine.this(*texts.values())
    found = [f"{path.name}: {each}" for path, text in texts.items() for each in findings(text, machine)]
    if found:
        raise UsageError(
            "\n".join(["the run holds what must not be shared:", *found]),
            hint="ask again without it: secrets belong into the environment of a server, and paths nowhere; an agent "
            "file names programs without their folders",
        )


def _write(files: Mapping[Path, bytes], replace: bool) -> list[Path]:
    """Raises UsageError, and writes nothing, when a file is there that says something else."""
    there = [str(path) for path, content in files.items() if path.exists() and path.read_bytes() != content]
    if there and not replace:
        raise UsageError(f"this would overwrite {', '.join(there)}", hint="--replace writes them anew")
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    return list(files)


class _Dumper(yaml.SafeDumper):
    """Block style but for short lists of words and numbers; every value written out; quotes wherever our own reader
    would see more than a word."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _list(dumper: yaml.SafeDumper, items: list[Any]) -> yaml.SequenceNode:
    written = canonical(items)
    is_short = len(written) <= _SHORT and b"{" not in written
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=is_short)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else "'" if _NUMBER_LIKE.match(text) else None
    if not text.replace("\n", "").isprintable():
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(list, _list)
_Dumper.add_representer(str, _text)


def yaml_text(value: Any) -> str:
    """Block style, read back by our own reader as what it was."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
