"""Spans for OpenTelemetry: one for each sitting of a run, beneath which the SDKs put their own; and where they go.

Nothing of it is imported before a run begins, and nothing is recorded unless somebody has set a provider.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from agent import __version__
from agent.encoding import compact
from agent.errors import AdvisorError
from agent.model.base import Usage

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span

    from agent.result import RunResult

SERVICE = "sector-advisor"
CONTENT = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
EXPORTER = "OTEL_TRACES_EXPORTER"
ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
FLUSH_SECONDS = 3.0
"""How long the end of a command waits for spans to be taken."""


def captures_content() -> bool:
    """Whether spans may hold what was asked and answered."""
    return os.environ.get(CONTENT, "").strip().lower() in ("true", "span_only", "span_and_event")


@contextmanager
def invocation(agent: str, model: str, result: Callable[[], RunResult], *, resumed: bool) -> Iterator[None]:
    """The span of one sitting, `result` being what is known of its run. A log that lies nowhere is no run's."""
    if result().folder is None:
        yield
        return
    from opentelemetry import trace

    begun: dict[str, Any] = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": agent,
        "gen_ai.request.model": model,
        "gen_ai.conversation.id": result().run_id,
        "advisor.resumed": resumed,
    }
    before, raised = result().spend(), None
    tracer = trace.get_tracer(SERVICE, __version__)
    with tracer.start_as_current_span(
        f"invoke_agent {agent}", attributes=begun, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield
        except BaseException as error:
            raised = error
            raise
        finally:
            if span.is_recording():
                _tell(span, result(), before, raised)


def _tell(span: Span, result: RunResult, before: Mapping[str, Any], raised: BaseException | None) -> None:
    """How the sitting ended, and what it used: sums over all sittings are those of the run."""
    from opentelemetry.trace import StatusCode

    spent = result.spend()
    used = {kind: count - before["tokens"][kind] for kind, count in spent["tokens"].items()}
    # What stands behind a colon may quote an answer, or a service that quotes a request.
    stop_reason = result.stop_reason if captures_content() else result.stop_reason.partition(":")[0]
    span.set_attributes(
        {
            "gen_ai.usage.input_tokens": Usage.of(used).read,
            "gen_ai.usage.output_tokens": used["output"],
            "gen_ai.usage.cache_read.input_tokens": used["cache_read"],
            "gen_ai.usage.cache_write.input_tokens": used["cache_write"],
            "advisor.status": result.status,
            "advisor.stop_reason": stop_reason,
            "advisor.turns": spent["turns"] - before["turns"],
            "advisor.tool_calls": spent["tool_calls"] - before["tool_calls"],
            "advisor.labels": result.labels,
        }
    )
    if spent["usd"] is not None:
        span.set_attribute("advisor.usd", round(spent["usd"] - (before["usd"] or 0.0), 6))
    if captures_content():
        span.set_attributes(_content(result))
    if code := _code(result, raised):
        span.set_attribute("error.type", code)
        span.set_status(StatusCode.ERROR, stop_reason)


def _content(result: RunResult) -> dict[str, str]:
    """The question and the answer, or what came nearest to one, as the conventions write messages."""

    def message(role: str, content: Any, **more: str) -> str:
        text = content if isinstance(content, str) else compact(content).decode()
        return compact([{"role": role, "parts": [{"type": "text", "content": text}], **more}]).decode()

    said = result.answer if result.ok else result.best_attempt
    output = {} if said is None else {"gen_ai.output.messages": message("assistant", said, finish_reason="stop")}
    return {"gen_ai.input.messages": message("user", result.question), **output}


def _code(result: RunResult, raised: BaseException | None) -> str | None:
    """Why there is no valid answer; None when there is one."""
    if isinstance(raised, AdvisorError):
        return raised.code
    if isinstance(raised, Exception):
        return type(raised).__name__
    return None if result.ok else result.status


@contextmanager
def exporting(warn: Callable[[str], None]) -> Iterator[None]:
    """Until it is left, spans go where OpenTelemetry's variables say, if they say anything.

    A provider that is there already is left as it is. Whatever goes wrong is one line for `warn`.
    """
    kinds, complaints, provider = _kinds(), _Complaints(), None
    try:
        provider = _provider(kinds, complaints) if kinds else None
    except ImportError:
        warn(f"spans are asked for, and what exports them is not installed: pip install '{SERVICE}[otel]'")
    except ValueError as error:
        warn(f"no spans are exported: {error}")
    try:
        yield
    finally:
        if provider:
            _end(provider, complaints, warn)


def _kinds() -> list[str]:
    """Of exporters, as the variables name them."""
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return []
    named = [kind.strip() for kind in os.environ.get(EXPORTER, "").split(",") if kind.strip()]
    if not named and any(os.environ.get(name) for name in ENDPOINTS):
        return ["otlp"]
    return [kind for kind in named if kind != "none"]


def _provider(kinds: list[str], complaints: _Complaints) -> TracerProvider | None:
    """Set for the process; None where there is one. Raises ImportError without the extra, ValueError for a variable
    that says nothing.
    """
    from opentelemetry import trace
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    if not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return None
    complaints.hear()
    exporters = [_exporter(kind) for kind in kinds]
    given = OTELResourceDetector().detect().attributes
    resource = Resource.create({"service.name": SERVICE, "service.version": __version__, **given})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    for exporter in exporters:
        provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return provider


def _exporter(kind: str) -> SpanExporter:
    if kind == "console":
        import sys

        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        return ConsoleSpanExporter(out=sys.stderr)  # results alone stand on standard output
    if kind == "otlp":
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        return OTLPSpanExporter()
    raise ValueError(f"{EXPORTER} names {kind!r}, and only otlp and console are known here")


class _Complaints(logging.Handler):
    """The newest of OpenTelemetry's own warnings, instead of all of them on stderr."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.newest: str | None = None

    def hear(self) -> None:
        logger = logging.getLogger("opentelemetry")
        logger.addHandler(self)
        logger.propagate = False

    def emit(self, record: logging.LogRecord) -> None:
        self.newest = record.getMessage()


def _end(provider: TracerProvider, complaints: _Complaints, warn: Callable[[str], None]) -> None:
    """Hand over what is left; what nobody takes in time is given up."""
    ending = threading.Thread(target=provider.shutdown, name="last spans", daemon=True)
    ending.start()
    ending.join(FLUSH_SECONDS)
    why = complaints.newest or ("nobody took them" if ending.is_alive() else None)
    if why:
        within = f" within {FLUSH_SECONDS:g} s" if ending.is_alive() else ""
        warn(f"not all spans could be exported{within}: {why}")
