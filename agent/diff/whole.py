"""Two logs → everything in which the runs differ, and whether figures may explain their answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from agent.comparison import Change, changes, recommendations_of
from agent.diff.inputs import CallPair, Inputs, call_pairs, inputs
from agent.diff.values import Difference, changed_lines, differences
from agent.errors import UsageError
from agent.events import ContentStored, Event, RunStarted
from agent.gathering import current, result_of
from agent.result import SIMULATED, RunResult
from agent.runs import log

FORMAT = "rundiff/1"
_ABOUT = ("horizon", "benchmark", "universe")
"""Keys of the agent file that say what is asked about, and so are told before the rest of it."""
_OWN = ("event", "run_id", "question", "agent", "spec", "prompt", "opening", "schema", "files", "live_until", "labels")
"""What `run.started` says that is every run's own, or that is compared by itself."""


@dataclass(frozen=True)
class Side:
    """A run and what its log holds beside: how it began, and contents by their hash."""

    folder: Path
    result: RunResult
    started: RunStarted
    contents: Mapping[str, Any] = field(repr=False)

    @classmethod
    def read(cls, folder: Path) -> Side:
        """Raises LogError; UsageError for a run that has not begun."""
        return cls.of([line.event for line in log.read(folder / log.FILE)], folder)

    @classmethod
    def of(cls, events: Sequence[Event], folder: Path) -> Side:
        started = next((event for event in events if isinstance(event, RunStarted)), None)
        if started is None:
            raise UsageError(f"{folder.name} stopped before it began: there is nothing to compare")
        contents = {event.hash: event.content for event in events if isinstance(event, ContentStored)}
        return cls(folder, current(result_of(events, folder)), started, contents)

    @property
    def follows(self) -> str | None:
        """The run on whose answer this one is a question."""
        return self.result.earlier[-1].run_id if self.result.earlier else None

    def facts(self) -> dict[str, Any]:
        """What was asked, and under which conditions."""
        result, spec = self.result, self.result.spec
        about = {"question": result.question, "as_of": result.as_of, "agent": result.agent_name}
        about |= {"agent_file": self.started.agent, "follows": self.follows}
        about |= {"horizon": result.horizon, "benchmark": result.benchmark, "universe": spec.get("universe", "all")}
        started = {name: value for name, value in self.started.to_json().items() if name not in (*about, *_OWN)}
        return about | {"labels": result.labels} | started | {"answer_schema": self.started.schema[:12]}

    def file(self) -> dict[str, Any]:
        """The rest of the agent file, without what `facts` says as it was in force."""
        file = {key: value for key, value in self.result.spec.items() if key not in (*_ABOUT, "agent_name", "budget")}
        if isinstance(model := file.get("model"), Mapping):
            file["model"] = {key: value for key, value in model.items() if key not in self.started.model}
        return file

    def text(self, hash: str) -> str:
        content = self.contents.get(hash, "")
        return "\n\n".join(map(str, content)) if isinstance(content, list) else str(content)

    def tools(self) -> dict[str, dict[str, Any]]:
        """Each tool that it was offered last, by the name for the model, with its contents in place of their hashes."""
        said = ("description", "schema", "definition")
        return {
            str(each["name"]): {
                key: self.contents.get(value, value) if key in said else value
                for key, value in each.items()
                if key != "name"
            }
            for each in self.result.offered.tools
        }

    def to_json(self) -> dict[str, Any]:
        result = self.result
        return {
            "run": result.run_id,
            "status": result.status,
            "stop_reason": result.stop_reason,
            "question": result.question,
            "as_of": result.as_of,
            "model": result.model,
            "prompt": result.prompt,
            "labels": result.labels,
            "spend": result.spend(),
            "page": str(result.page) if result.page else None,
        }


@dataclass(frozen=True)
class ToolChange:
    """`kind`: added, removed or changed; `differences`: of the latter, by key of description, schema and hints."""

    name: str
    kind: str
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """`facts`: what was asked, and under which conditions; `file`: keys of the agent file; `prompt` and `opening`:
    lines of the system text, and of the first message where both were asked the same; `changes`: None when a run has no
    sector recommendations; `answer`: what else of their answers differs.
    """

    before: Side
    after: Side
    facts: tuple[Difference, ...]
    file: tuple[Difference, ...]
    prompt: tuple[str, ...]
    opening: tuple[str, ...]
    tools: tuple[ToolChange, ...]
    calls: tuple[CallPair, ...]
    inputs: Inputs
    changes: tuple[Change, ...] | None
    answer: tuple[Difference, ...]

    @property
    def is_one(self) -> bool:
        """Whether both are the same run."""
        return self.before.folder.resolve() == self.after.folder.resolve()

    @property
    def labels(self) -> list[str]:
        """Of either run, each once; that of simulated data comes first, as it does in a run."""
        either = dict.fromkeys([*self.before.result.labels, *self.after.result.labels])
        return sorted(either, key=lambda label: label != SIMULATED)

    @property
    def other_prompt(self) -> bool:
        """Whether what they were told is another text: that of the system, or, about the same question, around it."""
        return self.before.started.prompt != self.after.started.prompt or bool(self.opening)

    @property
    def setup(self) -> list[str]:
        """In what the runs differ that is no figure, by kind: question, as_of, agent, prompt, model, parameters, …"""
        kinds = dict.fromkeys(_kind_of(each.at) for each in self.facts)
        kinds |= dict.fromkeys(["agent"] if self.file else [])
        kinds |= dict.fromkeys(["prompt"] if self.other_prompt else [])
        kinds |= dict.fromkeys(["tools"] if self.tools else [])
        return [kind for kind in kinds if kind not in _BESIDE]

    @property
    def counted(self) -> dict[str, int]:
        """How many recommendations became what."""
        return dict(Counter(each.kind for each in self.changes or ()))

    @property
    def same_answer(self) -> bool:
        """Whether sectors, actions and confidences are the same, or any other answer as a whole."""
        return not self.answer and all(each.kind == "same" for each in self.changes or ())

    @property
    def same_input(self) -> bool | None:
        """Whether both saw the same: by figures, or by whole results without any; None when neither saw a result."""
        if self.inputs.some:
            return self.inputs.equal
        return all(pair.outcome == "same result" for pair in self.calls) if self.calls else None

    def to_json(self) -> dict[str, Any]:
        def listed(found: Iterable[Any]) -> list[Any]:
            return [asdict(each) for each in found]

        return {
            "format": FORMAT,
            "same_run": self.is_one,
            "before": self.before.to_json(),
            "after": self.after.to_json(),
            "facts": listed(self.facts),
            "agent_file": listed(self.file),
            "prompt": list(self.prompt),
            "opening": list(self.opening),
            "tools": listed(self.tools),
            "calls": listed(self.calls),
            "figures": asdict(self.inputs),
            "same_input": self.same_input,
            "counted": self.counted if self.changes is not None else None,
            "changes": [each.to_json() for each in self.changes] if self.changes is not None else None,
            "answer": listed(self.answer),
        }


_KINDS = {"agent_file": "agent", "horizon": "agent", "benchmark": "agent", "universe": "agent", "model.name": "model"}
_BESIDE = ("labels", "versions", "price", "retires", "answer_schema", "format", "follows")
"""Facts that follow from others, or by themselves explain no answer."""


def _kind_of(at: str) -> str:
    top = at.partition(".")[0]
    return _KINDS.get(at) or _KINDS.get(top) or {"model": "parameters"}.get(top, top)


def compare(before: Side, after: Side) -> Comparison:
    was, now = before.result, after.result
    both_advise = all(run.ok and recommendations_of(run.answer) is not None for run in (was, now))
    asked_the_same = (was.question, was.as_of) == (now.question, now.as_of)
    return Comparison(
        before,
        after,
        facts=tuple(differences(before.facts(), after.facts())),
        file=tuple(differences(before.file(), after.file())),
        prompt=tuple(changed_lines(before.text(before.started.prompt), after.text(after.started.prompt))),
        opening=tuple(_opening(before, after)) if asked_the_same else (),
        tools=tuple(_tools(before.tools(), after.tools())),
        calls=tuple(call_pairs(was, now)),
        inputs=inputs(was, now),
        changes=tuple(changes(was, now)) if both_advise else None,
        answer=tuple(differences(_rest(was, both_advise), _rest(now, both_advise))) if was.ok and now.ok else (),
    )


def _opening(before: Side, after: Side) -> list[str]:
    return changed_lines(before.text(before.started.opening), after.text(after.started.opening))


def _rest(run: RunResult, advises: bool) -> Any:
    """An answer without its recommendations, and without the address of its page."""
    if not advises and not isinstance(run.answer, Mapping):
        return {"": run.answer}
    left_out = ("sector_recommendations", "heatmap_url") if advises else ("heatmap_url",)
    return {key: value for key, value in run.answer.items() if key not in left_out}


def _tools(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[ToolChange]:
    for name in dict.fromkeys([*before, *after]):
        if name not in after or name not in before:
            yield ToolChange(name, "removed" if name in before else "added")
        elif found := tuple(differences(before[name], after[name])):
            yield ToolChange(name, "changed", found)
