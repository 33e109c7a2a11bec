"""What a call gives back: the run as data, as a short text, and for clients that show Apps its page beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agent.comparison import recommendations_of
from agent.errors import AdvisorError
from agent.foreign import printable
from agent.place import page_of
from agent.report import footnotes
from agent.result import ADVICE, SIMULATED, RunResult, page_address
from agent.serving import pages

if TYPE_CHECKING:
    from mcp import types


def of_result(result: RunResult, *, apps: bool) -> types.CallToolResult:
    """`apps`: whether the client shows Apps, and so gets the page, beside what its model reads."""
    structured = {
        "ok": result.ok,
        "run": result.run_id,
        "status": result.status,
        "error": None if result.ok else result.failure()["error"],
        "answer": result.answer,
        "kind": _kind(result),
        "labels": result.labels,
        "warnings": result.warnings,
        "evidence": result.counted,
        "as_of": result.as_of,
        "observed": dict(zip(("first", "last"), result.observed, strict=True)) if result.observed else None,
        "model": result.model,
        "spend": _spend(result),
        "page": _page(result),
        "notice": ADVICE,
    }
    meta = pages.enclosed(page_of(replace(result, folder=None))) if apps else None
    return _returned("\n".join(_lines(result)), structured, is_error=not result.ok, meta=meta)


def of_error(error: AdvisorError, as_of: str | None) -> types.CallToolResult:
    """Of a run that could not begin, or did not come to an end."""
    structured: dict[str, Any] = dict.fromkeys(("status", "answer", "kind", "observed", "model", "spend", "page"))
    structured |= {"ok": False, "run": error.run_id, "error": error.to_json(), "as_of": as_of, "notice": ADVICE}
    structured |= {"labels": [], "warnings": [], "evidence": {}}
    said = [f"{error.code}: {printable(error.message)}", *([f"Hint: {printable(error.hint)}"] if error.hint else [])]
    said += [f"Run: {error.run_id}"] if error.run_id else []
    return _returned("\n".join([*said, ADVICE]), structured, is_error=True)


def _returned(
    text: str, structured: dict[str, Any], *, is_error: bool, meta: dict[str, Any] | None = None
) -> types.CallToolResult:
    from mcp import types

    return types.CallToolResult(
        content=[types.TextContent(text=text)], structured_content=structured, is_error=is_error, _meta=meta
    )


def _kind(result: RunResult) -> str | None:
    """As our own servers say it of their data; None where no tool said anything."""
    kinds = {call.kind for call in result.calls if call.kind and not call.is_error}
    return "simulated" if SIMULATED in result.labels else "real" if kinds == {"real"} else None


def _spend(result: RunResult) -> dict[str, Any]:
    spend = result.spend()
    return {key: spend[key] for key in ("turns", "tool_calls", "usd")} | {"tokens": sum(spend["tokens"].values())}


def _page(result: RunResult) -> dict[str, str] | None:
    if result.folder is None or "page" not in result.artifacts:
        return None
    url = page_address(result.folder, result.artifacts["page"], result.pages_url)
    return {"url": url, "resource": pages.address(result.run_id)}


def _lines(result: RunResult) -> Iterator[str]:
    """For whoever reads: first what kind of data it is, then the answer, then what to know of it."""
    if result.labels:
        yield f"[{', '.join(result.labels)}]"
    if result.ok:
        yield from _answer(result.answer)
    else:
        error = result.failure()["error"]
        yield f"{error['code']}: {printable(error['message'])}"
        if error["hint"]:
            yield f"Hint: {error['hint']}"
    if borne_out := footnotes.counted_text(result.counted):
        yield f"{borne_out}."
    yield from (f"Warning: {printable(warning)}" for warning in result.warnings)
    yield f"As of {result.as_of or 'the newest data'}, by {result.model}, run {result.run_id}."
    if page := _page(result):
        yield f"Page: {page['url']}"
    yield ADVICE


def _answer(answer: Any) -> Iterator[str]:
    """Recommendations one a line; an answer of another form as it is."""
    advice = recommendations_of(answer)
    if advice is None:
        yield json.dumps(answer, ensure_ascii=False)
        return
    for each in advice:
        confidence = each.get("confidence_score")
        sure = f" (confidence {confidence})" if confidence is not None else ""
        yield f"{each.get('sector_name')}: {each.get('action')}{sure}. {each.get('rationale', '')}"
