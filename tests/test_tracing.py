"""The tree of spans that a run leaves: against the in-memory exporter, and as the commands export it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from agent import gate
from agent.batch import jobs
from agent.batch.door import Door
from agent.errors import CredentialsError, ServerError
from agent.replay.again import replay
from agent.result import RunResult
from agent.run import run
from agent.tracing import CONTENT, exporting
from tests.asking import ask
from tests.batch.desk import Desk, well
from tests.cli.advisor import advisor
from tests.messages_api import MODEL, ScriptedAPI, call, error_body, ledger_api, message, scripted_api, text
from tests.resuming import cut_in_its_request, go_on
from tests.scripted import ANSWER, LOOK, Scripted, agent_file, answer, market, said
from tests.tools import raw

QUESTION = "Which sectors lead, they wondered?"
RATIONALE = "It rose the most."
ANSWERED = message(text(json.dumps(ANSWER)))
REQUEST, CALL = "anthropic.messages.create", "MCP send tools/call"
ROOT = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "Tester", "gen_ai.request.model": MODEL}


class Switched(trace.TracerProvider):
    """A process has one provider for good; other tests of this one are to run as if there were none."""

    now: trace.TracerProvider = trace.NoOpTracerProvider()

    def get_tracer(self, *scope: Any, **more: Any) -> trace.Tracer:
        return SwitchedTracer(self, scope, more)


class SwitchedTracer(trace.Tracer):
    def __init__(self, provider: Switched, scope: Any, more: Any) -> None:
        self.tracer = lambda: provider.now.get_tracer(*scope, **more)

    def start_span(self, *given: Any, **more: Any) -> trace.Span:
        return self.tracer().start_span(*given, **more)

    def start_as_current_span(self, *given: Any, **more: Any) -> Any:
        return self.tracer().start_as_current_span(*given, **more)


class Spans(InMemorySpanExporter):
    """Those that have ended, in the order in which they began."""

    @property
    def all(self) -> list[ReadableSpan]:
        return sorted(self.get_finished_spans(), key=lambda span: span.start_time or 0)

    def below(self, parent: ReadableSpan | None, name: str = "") -> list[ReadableSpan]:
        above = parent.context.span_id if parent else None
        return [
            span
            for span in self.all
            if (span.parent.span_id if span.parent else None) == above and span.name.startswith(name)
        ]

    @property
    def root(self) -> ReadableSpan:
        [span] = self.below(None)
        return span

    @property
    def text(self) -> str:
        """Whatever they hold: names, attributes, events, status."""
        return "\n".join(span.to_json() for span in self.all)


@pytest.fixture(scope="module")
def provider() -> Switched:
    found = Switched()
    trace.set_tracer_provider(found)
    return found


@pytest.fixture
def spans(provider: Switched) -> Iterator[Spans]:
    exporter, recording = Spans(), TracerProvider(shutdown_on_exit=False)
    recording.add_span_processor(SimpleSpanProcessor(exporter))
    provider.now = recording
    yield exporter
    provider.now = trace.NoOpTracerProvider()
    recording.shutdown()


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    monkeypatch.setattr(gate, "LONGEST_WAIT", 0.0)


async def asked(api: ScriptedAPI, **keys: Any) -> RunResult:
    """By the real adapter, over the in-memory market unless the agent file has servers."""
    servers = None if "mcpServers" in keys else {"market": market()}
    return await run(agent_file(model={"name": MODEL, "base_url": api.url}, **keys), QUESTION, servers=servers)


def of(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def failure(span: ReadableSpan) -> tuple[Any, Any, Any]:
    assert span.status.status_code is StatusCode.ERROR
    return of(span)["advisor.status"], of(span)["error.type"], span.status.description


async def test_run_is_one_span_with_its_requests_and_calls_beneath_it(spans: Spans) -> None:
    with scripted_api((529, error_body("overloaded_error")), message(LOOK), ANSWERED) as api:
        result = await asked(api)
    assert spans.root.name == "invoke_agent Tester" and spans.root.kind is SpanKind.INTERNAL
    assert of(spans.root) == ROOT | {
        "gen_ai.conversation.id": result.run_id,
        "gen_ai.usage.input_tokens": 26,
        "gen_ai.usage.output_tokens": 10,
        "gen_ai.usage.cache_read.input_tokens": 6,
        "gen_ai.usage.cache_write.input_tokens": 0,
        "advisor.status": "ok",
        "advisor.stop_reason": "end_turn",
        "advisor.turns": 2,
        "advisor.tool_calls": 1,
        "advisor.labels": (),
        "advisor.resumed": False,
    }
    assert spans.root.status.status_code is StatusCode.UNSET
    overloaded, *answered = spans.below(spans.root, REQUEST)
    assert overloaded.status.status_code is StatusCode.ERROR
    assert of(overloaded)["http.response.status_code"] == 529
    usage = [(of(each)["gen_ai.usage.input_tokens"], of(each)["gen_ai.usage.output_tokens"]) for each in answered]
    assert usage == [(13, 5), (13, 5)]
    assert [each.name for each in spans.below(spans.root, "tools/call")] == ["tools/call get_sector_heatmap"]


async def test_spans_hold_no_content(spans: Spans) -> None:
    with scripted_api(message(LOOK), ANSWERED) as api:
        await asked(api)
    assert len(spans.below(spans.root, REQUEST)) == 2
    assert [words for words in (QUESTION, RATIONALE, "lookback_period", "4.2") if words in spans.text] == []


@pytest.mark.parametrize("wanted", ["true", "SPAN_ONLY"])
async def test_content_is_there_when_it_is_asked_for(
    spans: Spans, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CONTENT, wanted)
    with scripted_api(message(LOOK), ANSWERED) as api:
        result = await asked(api)
    [[given], [told]] = [json.loads(of(spans.root)[f"gen_ai.{way}.messages"]) for way in ("input", "output")]
    assert given == {"role": "user", "parts": [{"type": "text", "content": QUESTION}]}
    assert (told["role"], told["finish_reason"]) == ("assistant", "stop")
    assert json.loads(told["parts"][0]["content"]) == result.answer
    assert all(QUESTION in of(each)["gen_ai.input.messages"] for each in spans.below(spans.root, REQUEST))


async def test_what_the_sdk_was_told_about_its_spans_holds_with_content_too(
    spans: Spans, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CONTENT, "true")
    monkeypatch.setenv("ANTHROPIC_OPEN_TELEMETRY", "false")
    with scripted_api(message(LOOK), ANSWERED) as api:
        await asked(api)
    assert len(spans.below(spans.root, "tools/call")) == 1
    assert spans.below(spans.root, REQUEST) == []


async def test_price_is_told_where_there_is_one(spans: Spans) -> None:
    script = Scripted(said(LOOK), answer())
    script.name = "claude-opus-5-5"
    result = await ask(script)
    assert result.usd is not None
    assert of(spans.root)["advisor.usd"] == pytest.approx(result.usd, abs=1e-6) != 0


async def test_calls_of_a_stdio_server_lie_beneath_their_run(spans: Spans) -> None:
    server = raw.stdio().model_dump(include={"command", "args"})
    calls = [call("double", {"n": number}, id=f"c{number}") for number in (1, 2)]
    with scripted_api(message(*calls), ANSWERED) as api:
        await asked(api, mcpServers={"raw": server})
    sent = spans.below(spans.root, CALL)
    assert [each.name for each in sent] == [f"{CALL} double"] * 2
    assert spans.root.start_time and spans.root.end_time
    assert all(spans.root.start_time <= (each.start_time or 0) < spans.root.end_time for each in sent)


async def test_runs_that_share_a_server_have_their_calls_beneath_them_each(spans: Spans, tmp_path: Path) -> None:
    with ledger_api(well) as api:
        desk = Desk(tmp_path / "desk", api, ["a", "b", "c"])
        door = Door(jobs.load(desk.folder / "jobs.yaml", jobs.Defaults(trusted=True)), desk.out, quiet=True)
        assert (await door.run())["states"] == {"done": 3}
    roots = spans.below(None)
    assert [each.name for each in roots] == ["invoke_agent Tester"] * 3
    assert len({of(each)["gen_ai.conversation.id"] for each in roots}) == 3
    for root in roots:
        assert [each.name for each in spans.below(root, CALL)] == [f"{CALL} double"]
        assert len(spans.below(root, REQUEST)) == 2
    assert len([each for each in spans.all if each.name == "MCP send initialize"]) == 1, "it was opened once"


async def test_invalid_answer_is_an_error_that_does_not_quote_it(spans: Spans, monkeypatch: pytest.MonkeyPatch) -> None:
    row = ANSWER["sector_recommendations"][0] | {"action": "buy-it-all"}  # type: ignore[index]
    broken = message(text(json.dumps(ANSWER | {"sector_recommendations": [row]})))
    for wanted in ("false", "true"):
        monkeypatch.setenv(CONTENT, wanted)
        with scripted_api(message(LOOK), broken) as api:
            assert (await asked(api, budget={"repairs": 0})).status == "invalid"
    quiet, telling = spans.below(None)
    assert failure(quiet) == ("invalid", "invalid", "attempt 1 still breaks the schema")
    assert "buy-it-all" not in quiet.to_json()
    assert "buy-it-all" in of(telling)["advisor.stop_reason"] and "buy-it-all" in of(telling)["gen_ai.output.messages"]


async def test_error_that_ends_a_run_gives_its_span_its_code(spans: Spans) -> None:
    with scripted_api((401, error_body("authentication_error"))) as api, pytest.raises(CredentialsError):
        await asked(api)
    assert failure(spans.root) == ("failed", "credentials", "credentials")
    assert of(spans.root)["advisor.turns"] == 0


async def test_server_that_does_not_start_gives_the_span_its_code(spans: Spans) -> None:
    server = raw.stdio("exits").model_dump(include={"command", "args"})
    with scripted_api() as api, pytest.raises(ServerError):
        await asked(api, mcpServers={"raw": server})
    assert failure(spans.root) == ("failed", "server", "server")


async def test_defect_gives_the_span_its_kind_and_not_its_words(spans: Spans) -> None:
    with pytest.raises(ZeroDivisionError):
        await ask(Scripted(ZeroDivisionError(RATIONALE)))
    assert failure(spans.root) == ("failed", "ZeroDivisionError", "ZeroDivisionError")
    assert RATIONALE not in spans.text


async def test_interrupted_run_ends_its_span_and_that_of_its_request(spans: Spans) -> None:
    with ledger_api(well) as api, api.held():
        task = asyncio.create_task(run(agent_file(model={"name": MODEL, "base_url": api.url}), QUESTION, servers={}))
        await asyncio.to_thread(api.wait_for, 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert failure(spans.root) == ("interrupted", "interrupted", "the run was interrupted")
    assert len(spans.below(spans.root, REQUEST)) == 1


async def test_run_that_goes_on_has_a_span_of_what_is_new(spans: Spans) -> None:
    folder = await cut_in_its_request()
    spans.clear()
    await go_on(folder, Scripted(answer()))
    told = of(spans.root)
    assert (told["gen_ai.conversation.id"], told["advisor.resumed"], told["advisor.status"]) == (
        folder.name,
        True,
        "ok",
    )
    assert [told[f"advisor.{what}"] for what in ("turns", "tool_calls")] == [1, 0]
    assert [told[f"gen_ai.usage.{way}_tokens"] for way in ("input", "output")] == [100, 10]


async def test_replay_makes_no_span(spans: Spans) -> None:
    result = await ask(Scripted(said(LOOK), answer()))
    assert result.folder and len(spans.below(None)) == 1
    spans.clear()
    assert (await asyncio.to_thread(replay, result.folder)).status == "ok"
    assert spans.all == []


async def test_run_without_a_provider_is_as_it_was(provider: Switched) -> None:
    assert (await ask(Scripted(said(LOOK), answer()))).status == "ok"
    assert not trace.get_current_span().is_recording()


def test_provider_that_is_there_is_left_as_it_is(provider: Switched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")
    warnings: list[str] = []
    with exporting(warnings.append):
        assert trace.get_tracer_provider() is provider
    assert warnings == []


@pytest.mark.parametrize("arguments", [["--help"], ["check"], ["runs"], ["runs", "replay", "PLANNED", "-q"]])
def test_commands_that_make_no_run_import_nothing_of_it(arguments: list[str], planned: Path) -> None:
    words = [str(planned) if word == "PLANNED" else word for word in arguments]
    done = command(words, after="assert not {name for name in sys.modules if name.startswith('opentelemetry')}")
    assert (done.returncode, done.stderr) == (0, "")


def command(words: list[str], *, before: str = "", after: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, between two lines of Python."""
    program = (
        f"import sys\n{before}\nimport agent.cli\nsys.argv[1:] = {words!r}\n"
        "try:\n    agent.cli.main()\n"
        f"except SystemExit as end:\n    assert not end.code, end.code\n{after}\n"
    )
    root = str(Path(__file__).parent.parent)
    env = os.environ | {"PYTHONPATH": root, "OTEL_TRACES_EXPORTER": "console"} | env
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=env, check=False, timeout=120
    )


def offline(**env: str) -> subprocess.CompletedProcess[str]:
    done = advisor("ask", "--offline", "-q", "--as-of", "2025-06-30", QUESTION, env=env)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["sector_recommendations"]
    return done


def test_console_gets_spans_on_stderr_and_the_answer_stays_alone_on_stdout() -> None:
    told = offline(OTEL_TRACES_EXPORTER="console").stderr
    assert '"name": "invoke_agent DynamicSectorAdvisor"' in told and f'"name": "{CALL} ' in told
    assert '"service.name": "sector-advisor"' in told and '"OFFLINE PLANNER"' in told
    assert QUESTION not in told


def test_batch_exports_a_span_for_each_run(tmp_path: Path) -> None:
    listed = [{"id": day, "question": QUESTION, "as_of": f"2025-06-{day}"} for day in ("27", "30")]
    (tmp_path / "jobs.json").write_text(json.dumps({"jobs": listed, "simulated": True}))
    words = ["batch", str(tmp_path / "jobs.json"), "-o", "out", "-q", "--offline"]
    done = advisor(*words, env={"OTEL_TRACES_EXPORTER": "console"})
    assert (done.returncode, json.loads(done.stdout)["states"]) == (0, {"done": 2})
    assert done.stderr.count('"name": "invoke_agent ') == 2


@dataclass
class Collector:
    url: str = ""
    status: int = 200
    received: list[ExportTraceServiceRequest] = field(default_factory=list)


@pytest.fixture
def collector() -> Iterator[Collector]:
    found = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            assert self.path == "/v1/traces"
            found.received.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(found.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}"
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("variable", "path"), [("OTEL_EXPORTER_OTLP_ENDPOINT", ""), ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "/v1/traces")]
)
def test_collector_gets_every_span_before_the_command_ends(collector: Collector, variable: str, path: str) -> None:
    assert offline(**{variable: collector.url + path, "OTEL_SERVICE_NAME": "desk"}).stderr == ""
    resources = [each for request in collector.received for each in request.resource_spans]
    names = {item.value.string_value for each in resources for item in each.resource.attributes}
    assert "desk" in names and "sector-advisor" not in names
    told = [span for each in resources for scope in each.scope_spans for span in scope.spans]
    [root] = [span for span in told if not span.parent_span_id]
    assert root.name == "invoke_agent DynamicSectorAdvisor"
    assert {span.parent_span_id for span in told if span is not root} == {root.span_id}


def test_collector_that_is_down_costs_one_line() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        told = offline(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{unused.getsockname()[1]}").stderr
    [line] = told.splitlines()
    assert line.startswith("warning: not all spans could be exported within 3 s: ") and "refused" in line


def test_collector_that_never_answers_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        told = offline(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_EXPORTER_OTLP_TIMEOUT="100000").stderr
    assert told == "warning: not all spans could be exported within 3 s: nobody took them\n"


def test_collector_that_refuses_what_it_gets_is_told_in_one_line(collector: Collector) -> None:
    collector.status = 401
    [line] = offline(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url).stderr.splitlines()
    assert line.startswith("warning: not all spans could be exported: ") and "401" in line


def test_variable_without_the_extra_is_told_in_one_line() -> None:
    words = ["ask", "--offline", "-q", QUESTION]
    done = command(words, before="sys.modules['opentelemetry.sdk'] = None")
    assert done.returncode == 0, done.stderr
    [line] = done.stderr.splitlines()
    assert line.startswith("warning: ") and line.endswith("pip install 'sector-advisor[otel]'")


@pytest.mark.parametrize(
    "env",
    [
        {"OTEL_SDK_DISABLED": "true", "OTEL_TRACES_EXPORTER": "console"},
        {"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"},
    ],
)
def test_nothing_is_exported_that_was_not_asked_for(env: dict[str, str]) -> None:
    assert offline(**env).stderr == ""


@pytest.mark.parametrize(
    ("env", "why"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "only otlp and console are known here"),
        ({"OTEL_TRACES_EXPORTER": "console", "OTEL_BSP_MAX_QUEUE_SIZE": "0"}, "max_queue_size must be a positive"),
    ],
)
def test_variable_that_says_nothing_is_told_in_one_line(env: dict[str, str], why: str) -> None:
    [line] = offline(**env).stderr.splitlines()
    assert line.startswith("warning: no spans are exported: ") and why in line
