"""An agent file → the tool that a chat client sees: its name, its arguments, and the schema of what it returns."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

from agent import data, schemas
from agent.agentfile import AgentFile
from agent.answer import compile_strict
from agent.as_of_date import as_of_day
from agent.errors import UsageError
from agent.events import Status
from agent.spec import Schema
from agent.tools.naming import safe_name

LONGEST_QUESTION = 20_000
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[\W_]+")
"""Where one word of a name ends and the next begins."""
_TEXT: Schema = {"type": "string"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_COUNTS: Schema = {"type": "object", "additionalProperties": {"type": "integer"}}
_ANSWER = "#/$defs/answer"


@dataclass(frozen=True)
class Offered:
    """`name` is unique among the tools of its server."""

    name: str
    file: AgentFile

    @property
    def description(self) -> str:
        about = self.file.spec.description.strip()
        return data.words("served_tool", description=about if about.endswith((".", "!", "?")) else f"{about}.")

    @cached_property
    def input_schema(self) -> Schema:
        objective = self.file.spec.objective
        asked = data.words("served_objective", objective=objective) if objective else data.prompt("served_question")
        question = {**_TEXT, "minLength": 1, "maxLength": LONGEST_QUESTION, "description": asked}
        day = {**_TEXT, "pattern": r"^\d{4}-\d{2}-\d{2}$", "description": data.prompt("served_as_of")}
        required = {} if objective else {"required": ["question"]}
        properties = {"question": question, "as_of": day}
        return {"type": "object", "properties": properties, **required, "additionalProperties": False}

    @cached_property
    def output_schema(self) -> Schema:
        """Of what each call returns, whether the run came to a valid answer or not."""
        nothing: Schema = {"type": "null"}
        error = {"code": _TEXT, "message": _TEXT, "hint": _or_null(_TEXT), "where": _or_null(_TEXT)}
        spend = {name: {"type": "integer"} for name in ("turns", "tool_calls", "tokens")}
        properties: dict[str, Schema] = {
            "ok": {"type": "boolean"},
            "run": _or_null(_TEXT),
            "status": _or_null({"enum": list(get_args(Status))}),
            "error": _or_null(_closed(error)),
            "answer": {"anyOf": [{"$ref": _ANSWER}, nothing]},
            "kind": _or_null({"enum": ["real", "simulated"]}),
            "labels": _TEXTS,
            "warnings": _TEXTS,
            "evidence": _COUNTS,
            "as_of": _or_null(_TEXT),
            "observed": _or_null(_closed({"first": _TEXT, "last": _TEXT})),
            "model": _or_null(_TEXT),
            "spend": _or_null(_closed({**spend, "usd": {"type": ["number", "null"]}})),
            "page": _or_null(_closed({"url": _TEXT, "resource": _TEXT})),
            "notice": _TEXT,
        }
        return _closed(properties) | {"$defs": {"answer": _within(compile_strict(self.file.spec))}}

    def checked(self, arguments: dict[str, Any]) -> tuple[str | None, str | None]:
        """Question and as-of date. Raises UsageError."""
        day = arguments.get("as_of")
        if isinstance(day, str):
            as_of_day(day, "as_of")
        hint = f"{self.name} takes a question and a date, as_of"
        if wrong := next(schemas.validator(self.input_schema).iter_errors(arguments), None):
            at = ".".join(map(str, wrong.absolute_path)) or "the arguments"
            too_long = f"longer than {LONGEST_QUESTION:,} characters"
            raise UsageError(f"{at}: {too_long if wrong.validator == 'maxLength' else wrong.message[:300]}", hint=hint)
        question = arguments.get("question", "").strip()
        if not question and not self.file.spec.objective:
            raise UsageError("question: it is blank", hint=hint)
        return question or None, day


def tools_of(files: Iterable[AgentFile]) -> dict[str, Offered]:
    """The tools by name. Raises UsageError for two files that make a tool of the same name."""
    tools: dict[str, Offered] = {}
    for file in files:
        tool = Offered(tool_name(file.spec.agent_name), file)
        if tool.name in tools:
            first = tools[tool.name].file.source.name
            raise UsageError(
                f"{first} and {file.source.name} both make a tool {tool.name!r}",
                hint="give one of them another agent_name, or leave one out",
            )
        tools[tool.name] = tool
    return tools


def tool_name(agent_name: str) -> str:
    """In snake_case and ASCII: `DynamicSectorAdvisor` is dynamic_sector_advisor, `Cố vấn ngành` co_van_nganh."""
    plain = unicodedata.normalize("NFKD", agent_name.replace("đ", "d").replace("Đ", "D"))
    ascii_only = plain.encode("ascii", "ignore").decode()
    name = "_".join(word.lower() for word in _WORDS.split(ascii_only) if word)
    return safe_name(name, of=None if name else agent_name)


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _closed(properties: dict[str, Schema]) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _within(schema: Schema) -> Schema:
    """An answer's schema as a part of another: what it refers to in itself lies deeper there."""
    return {key: _moved(value) for key, value in schema.items() if key not in ("$schema", "$id")}


def _moved(value: Any) -> Any:
    if isinstance(value, list):
        return [_moved(each) for each in value]
    if not isinstance(value, dict):
        return value
    moved = {key: _moved(each) for key, each in value.items()}
    refers = moved.get("$ref")
    if isinstance(refers, str) and refers.startswith("#"):
        moved["$ref"] = _ANSWER + refers[1:]
    return moved
