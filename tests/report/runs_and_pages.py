"""Runs by hand, and pages read back as tags and text."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from agent.events import ServerFailed, ServerOpened, ToolsOffered
from agent.figures import Figure
from agent.report.page import render
from agent.result import SIMULATED, Call, RunResult

VOID = {"meta", "img", "br", "link", "input", "wbr"}


def advice(
    sector: Any = "Banks", action: Any = "overweight", confidence: Any = 0.7, why: Any = "Why"
) -> dict[str, Any]:
    return {"sector_name": sector, "action": action, "confidence_score": confidence, "rationale": why}


def figure(sector: str | None, value: float | None, metric: str = "performance", **other: Any) -> Figure:
    about = {"unit": "percent", "lookback": "3M", "observed_at": "2025-12-31", "tool": "get_sector_heatmap"}
    return Figure(sector, metric, value, **about | {"call": "c1", "pointer": f"/rows/0/{metric}"} | other)


def result(**other: Any) -> RunResult:
    """A finished run with two sectors, in which any field can be replaced."""
    fields: dict[str, Any] = {
        "run_id": "20251231-abcd",
        "status": "ok",
        "stop_reason": "answered",
        "question": "Which sectors lead?",
        "as_of": "2025-12-31",
        "model": "model-1",
        "answer": {"sector_recommendations": [advice()], "heatmap_url": "artifact:page.html"},
        "calls": [Call("c1", 1, "get_sector_heatmap", "market", "heatmap", {"lookback": "3M"}, "{}", seconds=0.25)],
        "figures": [figure("Banks", 2.5), figure("Retail", -1.0), figure("Banks", 18.0, "volatility")],
    }
    return RunResult(**fields | other)


class Reader(HTMLParser):
    """Collects tags with their attributes, and the visible text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.is_broken_off = False
        self.feed(page)
        assert self.open == [], "a tag is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        self.is_broken_off = tag == "wbr"

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            before = self.words.pop() if self.is_broken_off else ""
            self.words.append(before + data)
            self.is_broken_off = False

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def text_of(run: RunResult) -> str:
    return Reader(render(run)).text


def evil_run(evil: str, count: int = 1) -> RunResult:
    """Every text that a tool, a server, a model or an asker can set is `evil`."""
    return RunResult(
        run_id=evil,
        status="ok",
        question=evil,
        as_of=evil,
        model=evil,
        answer={
            "sector_recommendations": [advice(evil, evil, evil, evil)] * count,
            evil: {evil: [evil] * count},
        },
        labels=[SIMULATED, *[evil] * count],
        warnings=[evil] * count,
        calls=[
            Call(f"{evil}{at}", 1, evil, evil, evil + "!", {evil: evil}, evil, is_error=True, kind=evil)
            for at in range(count)
        ],
        figures=[
            figure(f"{evil}{row}", row * 1.5, f"{evil}{column}", unit=evil, pointer=evil, call=evil)
            for row in range(min(count, 40))
            for column in range(min(count, 40))
        ]
        + [figure(None, 1.0, f"{evil}{row}", tool=evil, pointer=f"/{evil}{row}/x") for row in range(count)],
        servers=[ServerOpened(evil, evil, evil, evil, evil)] * count,
        failed_servers=[ServerFailed(evil, evil, 1, evil, evil, True)] * count,
        offered=ToolsOffered([], [{evil: evil, "at": evil}] * count, [{"name": evil, "reason": evil}] * count),
    )
