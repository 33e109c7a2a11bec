"""Runs as of a date: nothing later reaches the model, and tools that take no date are asked where that is right."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from mcp.server.mcpserver import MCPServer
from mcp_types import CallToolResult, ResourceLink, TextContent

from agent.encoding import compact
from agent.errors import LiveOnlyError, Stale, UsageError
from agent.events import ToolAnswered
from agent.model.planner import Planner
from agent.replay.again import replayed
from agent.replay.recording import Recording
from agent.run import run
from agent.tools.content import noticed, unframed
from agent.tools.pool import in_process
from tests.asking import ask, logged
from tests.cli.advisor import advisor
from tests.messages_api import call
from tests.replay.replaying import check_same, recording_of
from tests.resuming import cut_after, go_on, sitting
from tests.scripted import LOOK, READ_ONLY, Scripted, agent_file, answer, market, said

AS_OF, MARKER = "2020-01-31", "PLANTED"
LIVE_MARKET = Path(__file__).parent / "fixtures" / "live_market.py"
FLOWS = call("get_flows", {}, id="flows")


def planted() -> dict[str, MCPServer[Any]]:
    """A market that tells more than it was asked for, in every way in which a tool may answer."""

    def get_flows(as_of: str = "") -> dict[str, Any]:
        """Rows of several days."""
        rows = [{"sector": name, "date": day, "momentum": flow} for name, day, flow in (
            ("Banks", "2020-01-30", 1.5), (f"Energy {MARKER}", "2020-02-03", 66.25),
        )]  # fmt: skip
        return {"as_of": as_of, "vintage": "2026-01", "rows": rows}

    def get_text(as_of: str = "") -> str:
        """Lines of several days."""
        return f"2020-01-30: Banks rose\n2020-02-03: {MARKER}\n2020-01-29: Energy fell"

    def get_json(as_of: str = "") -> CallToolResult:
        """JSON in a text block."""
        return CallToolResult(content=[TextContent(text=json.dumps(get_flows(as_of)))])

    def get_whole(as_of: str = "") -> dict[str, Any]:
        """An answer of a later day."""
        return {"observed_at": "2020-02-03", "rows": [{"sector": MARKER, "flow": 1}]}

    def get_error(as_of: str = "") -> CallToolResult:
        """An error that tells."""
        return CallToolResult(content=[TextContent(text=f"2020-02-03 {MARKER}")], is_error=True)

    def get_link(as_of: str = "") -> CallToolResult:
        """A link."""
        return CallToolResult(content=[ResourceLink(uri="memo://flows", name="flows")])

    tools = (get_flows, get_text, get_json, get_whole, get_error, get_link)
    server = market(**{function.__name__: function for function in tools})

    @server.resource("memo://flows")
    def flows() -> str:
        return json.dumps(get_flows())

    return {"market": server}


EVERY = [call(f"get_{name}", {}, id=name) for name in ("flows", "text", "json", "whole", "error", "link")]
READ = call("read_resource", {"uri": "memo://flows"}, id="read")


async def test_nothing_later_reaches_the_model_the_figures_or_the_page() -> None:
    model = Scripted(said(*EVERY), said(READ, LOOK), answer())
    result = await ask(model, as_of=AS_OF, servers=planted())
    sent = "".join(compact([each.system, each.tools, each.messages]).decode() for each in model.requests)
    assert MARKER not in sent and "66.25" not in sent
    assert (
        sent.count("2020-01-30") >= 4
        and "Left out of this result: 1 row later than the as-of date, 2020-01-31." in sent
    )
    assert {figure.sector for figure in result.figures} == {"Banks", "Energy"}
    assert result.page and MARKER not in result.page.read_text() and "1 withheld" in result.page.read_text()
    assert MARKER not in json.dumps(result.envelope())
    assert [warning for warning in result.warnings if "withheld" in warning] == [
        f"1 row later than the as-of date was withheld: from {tool}, the latest of 2020-02-03"
        for tool in ("get_flows", "get_text", "get_json", "get_whole", "get_error", "read_resource")
    ]


async def test_the_log_keeps_what_the_server_sent_and_the_envelope_counts_what_was_withheld() -> None:
    result = await ask(Scripted(said(FLOWS), said(FLOWS), answer()), as_of=AS_OF, servers=planted())
    first = next(event for event in logged(result) if isinstance(event, ToolAnswered))
    assert MARKER in json.dumps(first.result)
    assert first.withheld == {"rows": 1, "latest": "2020-02-03", "places": ["/rows/1"]}
    envelope = result.envelope()
    assert envelope["as_of_gate"] == {"withheld": 2, "latest": "2020-02-03", "allow_live": False}
    assert [each["withheld"]["rows"] for each in envelope["calls"]] == [1, 1]
    assert all(each["retrieved_at"] for each in envelope["calls"])
    assert any(warning.startswith("2 rows later than the as-of date were withheld") for warning in result.warnings)
    shown = " ".join(advisor("runs", "show", result.run_id).stdout.split())
    assert "1 withheld" in shown and "retrieved 20" in shown


async def test_without_a_date_everything_is_shown() -> None:
    model = Scripted(said(FLOWS), answer())
    result = await ask(model, servers=planted())
    assert MARKER in json.dumps(model.requests[1].messages) and result.envelope()["as_of_gate"] is None


async def test_the_planner_reads_what_is_left(tmp_path: Path) -> None:
    result = await run(agent_file(), "Which sectors?", model=Planner(), as_of=AS_OF, servers=planted())
    assert result.ok and MARKER not in json.dumps(result.answer)
    text = '{"rows":[]}'
    assert unframed(noticed(text, 3, AS_OF)) == text


async def test_a_run_that_stopped_goes_on_with_the_same_requests() -> None:
    whole = Scripted(said(FLOWS), said(FLOWS | {"id": "again"}), answer())
    result = await ask(whole, as_of=AS_OF, servers=planted())
    folder = cut_after(result, ToolAnswered)
    rest = Scripted(said(FLOWS | {"id": "again"}), answer())
    again = await go_on(folder, rest, servers=planted())
    assert [each.hash for each in rest.requests] == [each.hash for each in whole.requests[1:]]
    assert again.envelope()["as_of_gate"] == result.envelope()["as_of_gate"]


async def test_a_run_is_replayed_to_the_same_bytes() -> None:
    result = await ask(Scripted(said(*EVERY), said(READ), answer()), as_of=AS_OF, servers=planted())
    await check_same(recording_of(result))


async def test_a_run_from_before_there_was_a_gate_goes_on_and_is_replayed_without_one(home: Path) -> None:
    """Its log says nothing of a gate, and its tools may have taken no date."""
    flows = planted()["market"]
    flows.add_tool(lambda: f"2020-02-03 {MARKER}", name="get_news", annotations=READ_ONLY)
    model = Scripted(said(FLOWS, call("get_news", {}, id="news")), answer())
    before = sitting(model, home / "runs" / "old", as_of=AS_OF, opening=in_process({"market": flows}), vetted=False)
    result = await before.run()
    assert result.ok and MARKER in json.dumps(model.requests[1].messages)
    again = await check_same(recording_of(result))
    assert MARKER in json.dumps(again.result.calls[0].data)
    rest = Scripted(answer())
    await go_on(cut_after(result, ToolAnswered, 2), rest, servers={"market": flows})
    assert rest.requests[0].hash == model.requests[1].hash


# Tools that take no date


def blind() -> dict[str, MCPServer[Any]]:
    return {"market": market(get_news=lambda: "Banks are said to rise")}


NEWS = call("get_news", {}, id="news")


async def test_tools_that_take_no_date_are_refused_for_a_past_one_before_any_request() -> None:
    model = Scripted()
    with pytest.raises(LiveOnlyError, match=r"2020-01-31 has passed.*get_news") as refused:
        await ask(model, as_of=AS_OF, servers=blind())
    assert refused.value.exit_code == 2 and "--allow-live" in str(refused.value.hint) and model.requests == []
    with pytest.raises(UsageError, match="did not end by itself"):
        await replayed(Recording.of(logged(Path()), "", "refused"))


async def test_they_are_asked_when_that_is_allowed_or_the_file_does_not_offer_them() -> None:
    result = await ask(Scripted(said(NEWS), answer()), as_of=AS_OF, servers=blind(), allow_live=True)
    assert "take no date and may know more: get_news" in result.warnings[0]
    assert result.envelope()["as_of_gate"] == {"withheld": 0, "latest": None, "allow_live": True}
    await check_same(recording_of(result))
    rest = Scripted(answer())
    assert (await go_on(cut_after(result, ToolAnswered), rest, servers=blind())).ok
    narrow = {"tools": [{"tool_name": "get_sector_heatmap"}]}
    assert (await ask(Scripted(said(LOOK), answer()), as_of=AS_OF, servers=blind(), keys=narrow)).warnings == []


@pytest.mark.parametrize(
    ("now", "allowed"),
    [
        ("2020-01-30T12:00", True),  # the as-of date is still to come
        ("2020-01-31T23:00", True),
        ("2020-02-02T12:00", True),  # a Sunday: no later session has begun
        ("2020-02-03T12:00", False),
    ],
)
async def test_the_session_lasts_until_the_next_weekday(now: str, allowed: bool, home: Path) -> None:
    clock = datetime.fromisoformat(now).astimezone()
    model = Scripted(said(NEWS), answer()) if allowed else Scripted()
    begun = sitting(model, home / "runs" / "r", as_of=AS_OF, opening=in_process(blind()), now=lambda: clock)
    if allowed:
        result = await begun.run()
        assert result.calls[0].retrieved_at == clock.isoformat(timespec="seconds")
    else:
        with pytest.raises(LiveOnlyError):
            await begun.run()


async def test_a_missed_slot_is_stale_unless_live_tools_are_allowed(home: Path) -> None:
    late = {"live_until": datetime(2020, 2, 1, tzinfo=UTC), "now": lambda: datetime(2020, 2, 1, tzinfo=UTC)}
    late |= {"as_of": AS_OF, "opening": in_process(blind())}
    with pytest.raises(Stale, match="get_news"):
        await sitting(Scripted(), home / "runs" / "a", **late).run()
    assert (await sitting(Scripted(said(NEWS), answer()), home / "runs" / "b", allow_live=True, **late).run()).ok


@pytest.fixture
def live(tmp_path: Path) -> Path:
    """An agent file whose server knows only now, which is a day after the as-of date of these tests."""
    (tmp_path / "today").write_text("2020-02-03")
    server = {"command": sys.executable, "args": ["-I", "-S", str(LIVE_MARKET), str(tmp_path / "today")]}
    path = tmp_path / "agent.yaml"
    path.write_text(yaml.safe_dump(agent_file(mcpServers={"live": server})))
    return path


def test_ask_refuses_a_live_server_for_a_past_date_and_says_what_to_do(live: Path) -> None:
    asked = ("ask", "Which?", "-c", live.name, "--as-of", AS_OF, "--offline", "-q")
    for extra in ([], ["--dry-run"]):
        refused = advisor(*asked, *extra, "--format", "envelope", cwd=live.parent)
        error = json.loads(refused.stdout)["error"]
        assert (refused.returncode, error["code"], error["where"]) == (2, "live_only", "get_sector_heatmap")
        assert "--allow-live" in error["hint"] and "`tools`" in error["hint"]
    allowed = advisor(*asked, "--allow-live", "--format", "envelope", cwd=live.parent)
    envelope = json.loads(allowed.stdout)
    assert envelope["as_of_gate"] == {"withheld": 1, "latest": "2020-02-03", "allow_live": True}
    assert "withheld: from get_sector_heatmap, the latest of 2020-02-03" in " ".join(envelope["warnings"])
    assert advisor(*asked, "--allow-live", "--dry-run", cwd=live.parent).returncode == 0


def test_batch_refuses_them_too_and_goes_on_when_they_are_allowed(live: Path) -> None:
    jobs = f"agent: {live.name}\nmodel: planner\njobs: [{{id: a, as_of: {AS_OF}, question: Which}}]\n"
    (live.parent / "jobs.yaml").write_text(jobs)
    batch = ("batch", "jobs.yaml", "-o", "out", "-q", "--format", "json")
    refused = advisor(*batch, cwd=live.parent)
    assert (refused.returncode, json.loads(refused.stdout)["error"]["code"]) == (2, "live_only")
    (live.parent / "today").write_text(AS_OF)
    assert json.loads(advisor(*batch, "--allow-live", cwd=live.parent).stdout)["states"] == {"done": 1}
