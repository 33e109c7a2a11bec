"""Writes the parts of the documentation that follow from the code: `python docs/generate.py`.

`agent-file.md` is made of the agent file's schema, and the table of events in `log.md` of their classes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from agent import events
from agent.spec import json_schema

DOCS = Path(__file__).parent
BEGIN, END = "<!-- generated: python docs/generate.py -->", "<!-- end -->"
ANCHORS = {
    "BudgetSpec": "budget",
    "TimeoutSpec": "timeouts",
    "PolicySpec": "policy",
    "DriftPolicy": "policy.on_drift",
    "ModelSpec": "model",
    "FeaturesSpec": "model.features",
    "ToolSpec": "tools, each of them",
    "FiguresSpec": "tools.figures, each of them",
    "MetricSpec": "tools.figures.metrics, each of them",
    "SignSpec": "tools.figures.metrics.sign",
    "SectorSpec": "sectors, each of them",
    "StdioServer": "mcpServers, one that is started",
    "HttpServer": "mcpServers, one that is called",
    "ServerTimeoutSpec": "mcpServers.timeouts",
}
"""What each part of the schema is called, in the order in which a reader meets them."""


def agent_file(schema: Mapping[str, Any]) -> str:
    """Every key of an agent file: a table for the file, and one for each part of it."""
    lines = [*_table(schema), ""]
    for name, heading in ANCHORS.items():
        part = schema["$defs"][name]
        lines += [
            f"## `{heading}`"
            if "," not in heading
            else f"## `{heading.partition(',')[0]}`,{heading.partition(',')[2]}",
            "",
        ]
        if about := part.get("description"):
            lines += [_one_line(about), ""]
        lines += [*_table(part), ""]
    return "\n".join(lines).strip()


def _table(schema: Mapping[str, Any]) -> Iterator[str]:
    yield from ("| key | takes | default | what it is |", "| --- | --- | --- | --- |")
    required = schema.get("required", ())
    for key, about in schema["properties"].items():
        default = "**required**" if key in required else _default(about)
        said = _one_line(about.get("description", "")).replace("|", r"\|")
        yield f"| `{key}` | {_takes(about)} | {default} | {said} |"


def _default(about: Mapping[str, Any]) -> str:
    if about.get("default") in (None, {}, []) or isinstance(about["default"], dict):
        return ""
    return f"`{json.dumps(about['default'], ensure_ascii=False)}`"


def _takes(about: Mapping[str, Any]) -> str:
    """The type of a value, in words."""
    if "$ref" in about:
        name = about["$ref"].rpartition("/")[2]
        return f"[{ANCHORS[name].rpartition('.')[2]}](#{_anchor(ANCHORS[name])})"
    if "enum" in about or "const" in about:
        return ", ".join(f"`{each}`" for each in about.get("enum", [about.get("const")]))
    for several in ("anyOf", "oneOf"):
        if several in about:
            takes = [_takes(each) for each in about[several] if each.get("type") != "null"]
            return " or ".join(dict.fromkeys(takes))
    kind = about.get("type", "anything")
    if kind == "array":
        return f"list of {_takes(about.get('items', {}))}"
    if kind == "object":
        inner = about.get("additionalProperties") or next(iter(about.get("patternProperties", {}).values()), None)
        return f"mapping to {_takes(inner)}" if isinstance(inner, dict) and inner else "mapping"
    return {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}.get(kind, kind)


def _anchor(heading: str) -> str:
    """As renderers of Markdown make it of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def event_table() -> str:
    """Every event of the log with its fields; those in brackets may be left out."""
    lines = ["| event | fields | what it says |", "| --- | --- | --- |"]
    for kind in events.KINDS:
        names = []
        for each in fields(kind):
            may_lack = each.default is not MISSING or each.default_factory is not MISSING
            names.append(f"[`{each.name}`]" if may_lack else f"`{each.name}`")
        about = _one_line(kind.__doc__ or "") if not (kind.__doc__ or "").startswith(f"{kind.__name__}(") else ""
        lines.append(f"| `{kind.name}` | {' '.join(names)} | {about.replace('|', chr(92) + '|')} |")
    return "\n".join(lines)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def generated() -> dict[Path, str]:
    """Each page with its generated part as it has to be."""
    parts = {"agent-file.md": agent_file(json_schema()), "log.md": event_table()}
    return {DOCS / name: _with_part((DOCS / name).read_text(encoding="utf-8"), part) for name, part in parts.items()}


def _with_part(page: str, part: str) -> str:
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{part}\n\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    for path, text in generated().items():
        path.write_text(text, encoding="utf-8")
