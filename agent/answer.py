"""`response_format` → a strict schema; an answer checked against it; the words of a repair."""

from __future__ import annotations

import copy
import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent import data, guards, pointers, schemas
from agent.encoding import shallow
from agent.events import (
    PAGE_URL,
    AnswerChecked,
    CallPlace,
    ContentStored,
    Event,
    QuestionAsked,
    ToolAnswered,
    ToolAsked,
    ToolsOffered,
    resolve,
)
from agent.evidence import UNBORNE, Number, examine
from agent.figures import Figure
from agent.foreign import whole
from agent.spec import AgentSpec, Schema
from agent.taxonomy import KnownSectors

SIMULATED_TAG = "SIMULATED"
RULES_TAG = "RULES"
"""Begin a rationale that rests on simulated data, or was written by the planner's rules."""
NO_TOOL_CALL = "no_tool_call"
NO_TOOLS_URL = "came from no tool of this run"
SHOWN_ERRORS = 12
_FENCED = re.compile(r"```(?:json)?\s*\n(.*?)\n\s*```", re.DOTALL)
_LABELS = re.compile(rf"^(\[({SIMULATED_TAG}|{RULES_TAG})(, {RULES_TAG})?\]\s*)+")
_SECTOR_RULES: dict[str, Schema] = {
    "sector_name": {"minLength": 1},
    "rationale": {"minLength": 1, "pattern": r"\S"},
    "confidence_score": {"minimum": 0, "maximum": 1},
}
"""What a strict reading adds to these properties of a recommendation."""


def compile_strict(spec: AgentSpec) -> Schema:
    """The schema that an answer has to satisfy: the file's own, or with `strict` its strict reading.

    Every declared property is required and no other is allowed. For sector recommendations: at least one, no
    empty rationale, confidence within 0..1, names out of `universe` where the file has one.
    """
    if not spec.strict:
        return spec.response_format
    schema: Schema = _closed(copy.deepcopy(spec.response_format))
    if not spec.recommends_sectors:
        return schema
    recommendations = _target(schema, schema["properties"]["sector_recommendations"])
    recommendations.setdefault("minItems", 1)
    properties = _target(schema, recommendations.get("items")).get("properties", {})
    for name, rules in _SECTOR_RULES.items():
        if isinstance(properties.get(name), dict):
            properties[name] = rules | properties[name]
    if spec.universe_sectors and isinstance(properties.get("sector_name"), dict):
        properties["sector_name"]["enum"] = spec.universe_sectors
    return schema


def _target(schema: Schema, part: Any) -> Schema:
    """The mapping that a part of the schema is, or refers to within the file; a new one when there is none."""
    if isinstance(part, dict) and str(part.get("$ref", "")).startswith("#/"):
        for key in part["$ref"][2:].split("/"):
            schema = schema[key.replace("~1", "/").replace("~0", "~")]
        return schema
    return part if isinstance(part, dict) else {}


def _closed(schema: Any) -> Any:
    """Every object with properties requires all of them and takes no other."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {
        key: {name: _closed(item) for name, item in value.items()}
        if key in ("properties", "$defs", "definitions") and isinstance(value, dict)
        else value
        if key in ("enum", "const", "default", "examples", "allOf", "if", "then", "else", "not")
        else _closed(value)
        for key, value in schema.items()
    }
    if isinstance(closed.get("properties"), dict):
        closed["required"] = list(closed["properties"])
        closed.setdefault("additionalProperties", False)
    return closed


def parse(text: str) -> Any:
    """The JSON value in a model's text: the text itself, its only fenced block, or its outermost object.

    Raises ValueError when there is none.
    """
    fenced = _FENCED.findall(text)
    candidates = [text, *(fenced if len(fenced) == 1 else []), text[text.find("{") : text.rfind("}") + 1]]
    for candidate in candidates:
        try:
            return whole(shallow(json.loads(candidate, parse_constant=_no_constant, parse_float=_finite)))
        except (ValueError, RecursionError):
            continue
    raise ValueError("the text holds no JSON object")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is too large for a number")
    return number


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


@dataclass
class AnswerCheck:
    """Checks the answers of one run; with each question of a conversation the attempts begin anew.

    `page_url` is where the run's page can be opened: what is judged is the answer as it is handed out. `label`
    begins each rationale, as does SIMULATED once simulated data were seen. `system` is the run's system text, which
    no strict answer may repeat. `figures`: those that the model was shown, in which the numbers of its rationales are
    looked up where it is `vetted`. What else a check needs to know of the run (the URLs that tools returned, whether
    any call reached a server, the attempts so far) comes from its events.
    """

    spec: AgentSpec
    schema: Schema
    page_url: str
    label: str | None = None
    system: str = ""
    figures: Callable[[], Sequence[Figure]] = tuple
    vetted: bool = False
    urls: set[str] = field(default_factory=set)
    called: bool = False
    has_results: bool = False
    simulated: bool = False
    attempts: int = 0
    unsupported: int = 0
    asked_back: bool = False
    """Whether numbers that no result bears out were sent back."""
    _needs_calls: bool = False
    _sectors: KnownSectors = field(init=False)
    _asked: dict[CallPlace, Any] = field(default_factory=dict)
    _contents: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._sectors = KnownSectors(self.spec.universe_sectors, self.spec.taxonomy)

    @property
    def labels(self) -> list[str]:
        return [label for label in (SIMULATED_TAG if self.simulated else None, self.label) if label]

    def apply(self, event: Event) -> None:
        match event:
            case ContentStored():
                self._contents[event.hash] = event.content
            case ToolsOffered():
                self._needs_calls = bool(event.tools) and self.spec.policy.require_calls
            case ToolAsked():
                self._asked[event.place] = event.arguments
            case ToolAnswered():
                self.called |= event.source != "refused"
                self.simulated |= event.simulated
                self.has_results |= not event.is_error
                if not event.is_error:
                    arguments = self._asked[event.place]
                    self.urls |= guards.returned_urls(self._sent(event), event.shown, arguments)
            case QuestionAsked():
                self.attempts = self.unsupported = 0
                self.asked_back = False
            case AnswerChecked():
                self.attempts = event.attempt
                codes = {error["code"] for error in event.errors}
                self.unsupported += NO_TOOL_CALL in codes
                self.asked_back |= event.reply is not None and not codes.isdisjoint(UNBORNE)

    def _sent(self, event: ToolAnswered) -> Any:
        """What the server sent; a large result is stored as content of its own."""
        return self._contents[event.result["stored"]] if set(event.result) == {"stored"} else event.result

    def check(self, text: str, *, last: bool = False) -> AnswerChecked:
        """Valid, or with its errors and, while repairs are left, the reply that asks for a better one.

        `last`: the model cannot be asked much more, so that nothing is sent back which may also be told.
        """
        attempt = self.attempts + 1
        if self._needs_calls and not self.called:
            reply = None if self.unsupported else data.prompt("unsupported")
            error = {"pointer": "", "code": NO_TOOL_CALL, "message": "the answer was given without any tool call"}
            return AnswerChecked(attempt, False, None, [error], reply)
        may_repair = attempt - 1 - self.unsupported < self.spec.budget.repairs
        numbers: list[Number] = []
        try:
            answer, notes = self._completed(parse(text))
        except ValueError as unreadable:
            answer, notes = None, []
            errors = [{"pointer": "", "code": "not_json", "message": str(unreadable)}]
        else:
            errors = self._errors(answer)
            if self.vetted:
                numbers = examine(answer, self.figures(), aliases=self.spec.aliases, language=self.spec.language)
                errors += self._unborne(numbers, may_ask=may_repair and not last)
        reply = _repair(errors) if errors and may_repair else None
        evidence = [number.to_json() for number in numbers]
        return AnswerChecked(attempt, not errors, answer, errors, reply, notes, evidence or None)

    def _unborne(self, numbers: Sequence[Number], *, may_ask: bool) -> list[dict[str, str]]:
        """Numbers that no result bears out, where the policy makes them errors."""
        policy = self.spec.policy.evidence
        if policy == "warn" or (policy == "repair" and (self.asked_back or not may_ask)):
            return []
        return [
            {"pointer": number.pointer, "code": number.status, "message": _short(f"{number.text!r}: {number.why}")}
            for number in numbers
            if number.status in UNBORNE
        ]

    def _completed(self, answer: Any) -> tuple[Any, list[str]]:
        """What was parsed, with what is ours to set in it: the heatmap's URL, the sectors' own names, and the labels
        before each rationale.
        """
        notes: list[str] = []
        if not isinstance(answer, dict):
            return answer, notes
        if "heatmap_url" in self.schema.get("properties", {}):
            given = answer.get("heatmap_url")
            if problem := self.heatmap_problem(given):
                answer["heatmap_url"] = PAGE_URL
                if given and given != PAGE_URL:
                    notes.append(f"heatmap_url {given!r} {problem} and was replaced")
        for each in _recommendations(answer):
            given = each.get("sector_name")
            own = self._sectors.own_name(given) if isinstance(given, str) else None
            if own is not None and own != given:
                each["sector_name"] = own
                notes.append(f"sector_name {given!r} was replaced by the sector's own name, {own!r}")
            if self.labels and isinstance(each.get("rationale"), str) and each["rationale"].strip():
                bare = _LABELS.sub("", each["rationale"])
                each["rationale"] = f"[{', '.join(self.labels)}] {bare}" if bare.strip() else ""
        return answer, notes

    def heatmap_problem(self, given: Any) -> str | None:
        """Why an address may not be the heatmap's; None when it may."""
        if not (isinstance(given, str) and given in self.urls):
            return NO_TOOLS_URL
        if not guards.leads_to(given, self.spec.policy.links):
            return "leads to a host that policy.links does not name"
        return None

    def _errors(self, answer: Any) -> list[dict[str, str]]:
        judged = resolve(answer, self.page_url)
        found = sorted(schemas.validator(self.schema).iter_errors(judged), key=lambda e: list(map(str, e.path)))
        errors = [_error(each.absolute_path, str(each.validator), _short(each.message)) for each in found]
        return errors + (self._sector_errors(answer) + self._guard_errors(answer) if self.spec.strict else [])

    def _sector_errors(self, answer: Any) -> list[dict[str, str]]:
        """What the schema does not say: each sector once, each of the universe, and without one a known name."""
        errors: list[dict[str, str]] = []
        seen: set[str] = set()
        for at, each in enumerate(_recommendations(answer)):
            name = each.get("sector_name")
            if not isinstance(name, str):
                continue
            place = ("sector_recommendations", at, "sector_name")
            if self.spec.taxonomy and not self.spec.universe_sectors and self._sectors.own_name(name) is None:
                near = ", ".join(self._sectors.nearest(name))
                errors.append(_error(place, "unknown_sector", _short(f"{name!r} is no known sector; nearest: {near}")))
            if name.strip().casefold() in seen:
                errors.append(_error(place, "duplicate_sector", f"{name!r} stands twice"))
            seen.add(name.strip().casefold())
        left = [name for name in self.spec.universe_sectors if name.strip().casefold() not in seen]
        if left and self.spec.recommends_sectors:
            message = f"no recommendation for {', '.join(left)}"
            errors.append(_error(["sector_recommendations"], "missing_sector", message))
        return errors

    def _guard_errors(self, answer: Any) -> list[dict[str, str]]:
        """Links that no tool returned, and pieces of the system text. What the schema itself says may be repeated."""
        errors: list[dict[str, str]] = []
        wanted = {text for _, text in guards.texts(self.schema)}
        for place, text in guards.texts(answer):
            if text in wanted:
                continue
            for url in guards.foreign_urls(text, self.urls):
                errors.append(_error(place, "foreign_link", _short(f"{url} {NO_TOOLS_URL}")))
            if guards.repeats(text, self.system):
                errors.append(_error(place, "repeats_prompt", "the text repeats a long piece of the instructions"))
        return errors


def _recommendations(answer: Any) -> list[dict[str, Any]]:
    """The recommendations of an answer that has the form of sector advice; of any other, none."""
    listed = answer.get("sector_recommendations") if isinstance(answer, dict) else None
    return [each if isinstance(each, dict) else {} for each in listed] if isinstance(listed, list) else []


def _error(place: Iterable[str | int], code: str, message: str) -> dict[str, str]:
    """`place`: names and indices within the answer; the error has them as a JSON pointer."""
    return {"pointer": pointers.pointer(place), "code": code, "message": message}


def _short(message: str) -> str:
    """Bounded: a message repeats what a model wrote."""
    return message if len(message) <= 300 else f"{message[:150]} … {message[-140:]}"


def _repair(errors: list[dict[str, str]]) -> str:
    lines = [f"- {error['pointer'] or 'the whole answer'}: {error['message']}" for error in errors[:SHOWN_ERRORS]]
    if len(errors) > SHOWN_ERRORS:
        lines.append(f"- and {len(errors) - SHOWN_ERRORS} more")
    return data.words("repair", errors="\n".join(lines))
