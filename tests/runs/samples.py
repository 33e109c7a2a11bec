"""One event of each kind, and what else a log has to keep."""

from __future__ import annotations

from agent.events import (
    AnswerChecked,
    AnswerDue,
    ArtifactWritten,
    ContentStored,
    Event,
    ModelAnswered,
    ModelAsked,
    ModelFailed,
    RunFinished,
    RunResumed,
    RunStarted,
    ServerFailed,
    ServerOpened,
    ToolAnswered,
    ToolAsked,
    ToolsListed,
    ToolsOffered,
    ToolsVouched,
    UnknownEvent,
    Warned,
)

HASH = "0" * 64
EVENTS: list[Event] = [
    ContentStored.of({"text": "Ngân hàng 😀", "list": [1, 2.5, None, True]}),
    RunStarted(
        run_id="r1",
        question="Which?",
        as_of="2020-01-31",
        agent="agent.yaml",
        spec=HASH,
        prompt=HASH,
        opening=HASH,
        schema=HASH,
        model={"name": "m", "max_tokens": 256},
        versions={"python": "3.11"},
        budget={"turns": 12, "seconds": 300.0},
        labels=["OFFLINE"],
        price={"input": 4.0, "cache_write": 5.0, "cache_read": 0.2, "output": 20.0},
        files={"page": "page.html"},
    ),
    RunResumed(in_flight="skip"),
    ServerOpened(server="s", transport="stdio", protocol="1", server_name=None, server_version="2"),
    ServerFailed(server="s", command="x -y", exit=-9, stderr="a\nb", reason="it died", required=False),
    ToolsListed(server="s", instructions=HASH, tools=[{"name": "t"}], set_aside=[{"tool": "u"}]),
    ToolsVouched(first=False, warnings=["tool 'x' appeared"], held=["x"]),
    ToolsOffered(tools=[{"name": "t"}], differences=[{"tool": "t", "declared": None}], set_aside=[{"tool": "u"}]),
    ModelAsked(turn=1, attempt=2, request=HASH),
    ModelAnswered(
        turn=1,
        content=[{"type": "text", "text": "\u001f\u2028 and 'quotes' \"\\"}],
        stop_reason=None,
        stop_details={"category": "x"},
        usage={"input": 1, "cache_write": 2, "cache_read": 3, "output": 4},
        request_id="q",
        model="m",
    ),
    ModelFailed(turn=1, attempt=1, kind="overloaded", message="later", wait=0.25),
    ToolAsked(
        turn=1, call="c1", offered_as="t", server=None, tool=None, arguments={"b": 1, "a": [1e-7, 10**30]}, key=HASH
    ),
    ToolAnswered(
        turn=1,
        call="c1",
        result={"stored": HASH},
        shown="x",
        is_error=True,
        kind="simulated",
        dates={"as_of": "2020-01-31"},
        retrieved_at="2020-02-01T00:00:00+00:00",
        seconds=0.001,
        source="refused",
    ),
    AnswerChecked(attempt=1, valid=False, answer=None, errors=[{"pointer": "/a"}], reply="again", notes=["n"]),
    AnswerDue(because="turns: the limit of 2 is reached", ends_as="budget", reply="Now."),
    ArtifactWritten(kind="page", path="page.html", sha256=HASH, media_type="text/html"),
    Warned(text="the data are old"),
    UnknownEvent(body={"event": "weather.changed", "to": {"rain": 1}}),
    RunFinished(
        status="ok", stop_reason="end_turn", totals={"turns": 1}, answer={"x": -0.5}, warnings=["w"], root=HASH
    ),
]
