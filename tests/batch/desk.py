"""A small batch on disk, whose jobs take two paid turns each, and the tally of what it paid for and wrote."""

from __future__ import annotations

import json
import signal
import sys
from collections import Counter
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from agent.batch.folder import RUNS
from agent.events import Event, ModelAnswered, ModelAsked, ModelFailed
from agent.runs import log
from tests.batch import dying
from tests.messages_api import MODEL, Key, LedgerAPI, Reply, call, message, text, whole
from tests.scripted import ANSWER, agent_file
from tests.tools.raw import PROGRAM

KEY = {"ANTHROPIC_API_KEY": "sk-test-key-1"}
SECTORS: Any = ANSWER["sector_recommendations"]


def question(job: str) -> str:
    return f"Which sectors lead, says {job}?"


def says(key: Key) -> dict[str, Any]:
    """First a call of a tool, then a valid answer that tells whose it is."""
    asked, turn = key
    if turn == 1:
        return message(call("double", {"n": len(asked)}))
    return message(text(json.dumps(answer_to(asked))))


def answer_to(asked: str) -> dict[str, Any]:
    first, *others = SECTORS
    return ANSWER | {"sector_recommendations": [first | {"rationale": asked}, *others]}


def well(key: Key, before: int) -> Reply:
    return whole(says(key))


@dataclass
class Desk:
    """A folder with agent.yaml, prompt.md, jobs.yaml and, when the batch has run, `out`."""

    folder: Path
    api: LedgerAPI
    jobs: list[str]
    agent: dict[str, Any] = field(default_factory=dict)
    batch: dict[str, Any] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=lambda: dict(KEY))
    program: Path = PROGRAM

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.write()

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def write(self) -> None:
        server = {"command": sys.executable, "args": ["-I", "-S", str(self.program), "well"]}
        model = {"name": MODEL, "base_url": self.api.url}
        agent = agent_file(model=model, prompt="prompt.md", mcpServers={"raw": server}) | self.agent
        jobs = [{"id": job, "question": question(job)} for job in self.jobs]
        batch = {"agent": "agent.yaml", "jobs": jobs} | self.batch
        for name, value in (("agent", agent), ("jobs", batch)):
            (self.folder / f"{name}.yaml").write_text(yaml.safe_dump(value, sort_keys=False), encoding="utf-8")
        (self.folder / "prompt.md").write_text("You test.\n", encoding="utf-8")

    def start(self, *options: str, **more: Any) -> dying.Command:
        """`more`: `point` and `settings` of `dying.start`."""
        arguments = ("batch", "jobs.yaml", "-o", "out", "-q", *options)
        return dying.start(*arguments, cwd=self.folder, env=self.env, **more)

    def run(self, *options: str, **more: Any) -> dying.Ended:
        return self.start(*options, **more).end()

    @property
    def logs(self) -> dict[str, list[Event]]:
        """The events of each run that has begun, by its folder's name."""
        files = sorted((self.out / RUNS).glob(f"*/{log.FILE}"))
        return {file.parent.name: [line.event for line in log.read(file)] for file in files}

    def logged(self, kind: type[Event]) -> int:
        return sum(isinstance(event, kind) for events in self.logs.values() for event in events)

    @property
    def written(self) -> dict[str, tuple[int, int]]:
        """Which file stands under the name of each answer and receipt: another write has another inode or time."""
        paths = [self.out / f"{job}{ending}" for job in self.jobs for ending in (".json", ".envelope.json")]
        return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in paths if path.exists()}

    @property
    def summary(self) -> dict[str, Any]:
        return dict(json.loads((self.out / "summary.json").read_bytes()))

    @property
    def whole_answers(self) -> int:
        """How many jobs have the very answer that the model gave them."""
        files = ((job, self.out / f"{job}.json") for job in self.jobs)
        return sum(file.exists() and _advice(json.loads(file.read_bytes())) == _advice(job) for job, file in files)

    @property
    def content(self) -> dict[str, tuple[bytes, int]]:
        """Bytes and time of every file but the locks."""
        files = (path for path in self.out.rglob("*") if path.is_file() and path.name != "lock")
        return {str(path.relative_to(self.out)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def _advice(answer: dict[str, Any] | str) -> Any:
    """Of an answer, or of the one that a job is given."""
    return (answer_to(question(answer)) if isinstance(answer, str) else answer)["sector_recommendations"]


@dataclass
class Tally:
    """What must stay 0, over any number of batches, and what shows that it was put to the test."""

    paid_again: int = 0
    lost: int = 0
    written_twice: int = 0
    left_over: int = 0
    kills: int = 0
    possibly_paid_twice: int = 0
    _seen: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def killed(self, desk: Desk, ended: dying.Ended) -> bool:
        """Whether the command was killed; its end is counted and what it wrote is remembered."""
        self.saw(desk)
        self.kills += ended.code == -signal.SIGKILL
        return ended.code == -signal.SIGKILL

    def saw(self, desk: Desk) -> None:
        for name, file in desk.written.items():
            self.written_twice += self._seen.setdefault(desk.out / name, file) != file

    def close(self, desk: Desk) -> None:
        """Count what came of a batch that has ended."""
        self.saw(desk)
        desk.api.settle()
        logs = desk.logs
        for job in desk.jobs:
            answered, unanswered = _requests(logs[job])
            self.possibly_paid_twice += unanswered.total()
            for turn, answers in answered.items():
                paid = desk.api.paid[question(job), turn]
                self.paid_again += max(answers - 1, paid - answers - unanswered[turn])
                self.lost += paid == 0
        self.lost += len(desk.jobs) - desk.whole_answers
        self.left_over += sum(1 for _ in desk.out.rglob("*.tmp"))

    def __add__(self, other: Tally) -> Tally:
        return Tally(**{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(Tally)[:6]})

    def __str__(self) -> str:
        return (
            f"completed turns paid again: {self.paid_again} · answers lost: {self.lost} · answers written twice: "
            f"{self.written_twice} · temporary files: {self.left_over} · kills: {self.kills} · requests without an "
            f"answer that were made again: {self.possibly_paid_twice}"
        )

    @property
    def is_clean(self) -> bool:
        return (self.paid_again, self.lost, self.written_twice, self.left_over) == (0, 0, 0, 0)


def _requests(events: list[Event]) -> tuple[Counter[int], Counter[int]]:
    """By turn: the answers that a log holds, and its requests of which it holds no outcome."""
    answered, unanswered = Counter[int](), Counter[int]()
    for event in events:
        match event:
            case ModelAsked():
                unanswered[event.turn] += 1
            case ModelAnswered():
                answered[event.turn] += 1
                unanswered[event.turn] -= 1
            case ModelFailed() if event.kind != "stopped":  # such a request may have been answered to nobody
                unanswered[event.turn] -= 1
    return answered, unanswered
