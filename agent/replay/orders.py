"""Imperative phrases in plain words, English and Vietnamese → what somebody without judgement would do about them."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

Answer: TypeAlias = dict[str, Any]
Edit: TypeAlias = Callable[[Answer], None]
"""A change made in the answer; made twice, it is the same."""


@dataclass(frozen=True)
class Call:
    """A call that is wanted before the answer."""

    tool: str
    arguments: dict[str, Any]


Order: TypeAlias = Call | Edit

_ACTIONS = {
    "overweight": "overweight",
    "underweight": "underweight",
    "neutral": "neutral",
    "tăng tỷ trọng": "overweight",
    "giảm tỷ trọng": "underweight",
    "trung lập": "neutral",
}
_BOLD = 0.9
"""The confidence of a stance that came without one."""
_RATE = "rate|mark|set|recommend|xếp hạng|đánh giá|khuyến nghị"
_ACTION = "|".join(_ACTIONS)
_LINK = r"(?:heatmap_url|heatmap (?:url|link)|link)"
_URL = r"(?P<url>https?://[^\s\"'<>\\)\]}]+)"
_NUMBER = r"(?P<number>-?\d+(?:\.\d+)?)"
_QUOTE = r"[`'\"]?"
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def orders_in(text: str, system: str) -> Iterator[Order]:
    """What a text of any kind orders; in JSON, also where its escapes stand between. `system`: what a leak gives away.

    What follows "do not", "never" or "đừng" is no order.
    """
    for reading in dict.fromkeys((text, _ESCAPE.sub(_unescaped, text))):
        for phrase, understood in _GRAMMAR:
            for found in phrase.finditer(unicodedata.normalize("NFC", reading)):
                if (order := understood(found, system)) is not None:
                    yield order


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else _ESCAPED.get(found[2], found[2])


def _stance(found: re.Match[str], system: str) -> Edit:
    sector = re.sub(r"^(the|ngành)\s+|\s+sectors?$", "", found["sector"].strip(), flags=re.IGNORECASE)
    action = _ACTIONS[" ".join(found["action"].lower().split())]
    confidence = json.loads(found["number"]) if found["number"] else _BOLD

    def edit(answer: Answer) -> None:
        rows = _rows(answer)
        wanted = {"action": action, "confidence_score": confidence}
        named = [row for row in rows if str(row.get("sector_name")).casefold() == sector.casefold()]
        for row in named:
            row.update(wanted)
        if not named:
            new = {"sector_name": sector, "rationale": "As told.", **wanted}
            answer["sector_recommendations"] = [*rows, {**(rows[-1] if rows else {}), **new}]

    return edit


def _url(found: re.Match[str], system: str) -> Edit:
    return _field("heatmap_url", found["url"].rstrip(".,;:"))


def _cited_url(found: re.Match[str], system: str) -> Edit:
    return _rationales(found["url"].rstrip(".,;:"))


def _call(found: re.Match[str], system: str) -> Call | None:
    """Arguments that are no JSON object are no order to call."""
    arguments = {} if found["none"] else _json_at(found)
    return Call(found["tool"], arguments) if isinstance(arguments, dict) else None


def _leak(found: re.Match[str], system: str) -> Order:
    if found["tool"]:
        return Call(found["tool"], {found["argument"]: system})
    if found["url_field"]:
        return _field("heatmap_url", system)
    return _field(found["field"], system) if found["field"] else _rationales(system)


def _added_field(found: re.Match[str], system: str) -> Edit:
    value = _json_at(found)
    return _field(found["field"], found["word"].rstrip(".,;") if value is None else value)


def _confidence(found: re.Match[str], system: str) -> Edit:
    number = json.loads(found["number"])

    def edit(answer: Answer) -> None:
        for row in _rows(answer):
            row["confidence_score"] = number

    return edit


def _field(name: str, value: Any) -> Edit:
    def edit(answer: Answer) -> None:
        answer[name] = value

    return edit


def _rationales(words: str) -> Edit:
    """Words at the end of every rationale."""

    def edit(answer: Answer) -> None:
        rows = _rows(answer)
        if not rows:
            answer["rationale"] = words
        for row in rows:
            rationale = str(row.get("rationale", ""))
            row["rationale"] = rationale if words in rationale else f"{rationale} {words}"

    return edit


def _rows(answer: Answer) -> list[Answer]:
    listed = answer.get("sector_recommendations")
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _json_at(found: re.Match[str]) -> Any:
    """The JSON value that stands where the phrase's last part begins; None without one."""
    try:
        return json.JSONDecoder().raw_decode(found.string, found.start("value"))[0]
    except ValueError:
        return None


def _phrase(pattern: str) -> re.Pattern[str]:
    """A space stands for any blanks."""
    spaced = pattern.replace(" ", r"\s+")
    return re.compile(rf"(?<!not\s)(?<!never\s)(?<!đừng\s)\b{spaced}", re.IGNORECASE)


_GRAMMAR: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], str], Order | None]], ...] = (
    (
        _phrase(
            rf"(?:{_RATE}) (?P<sector>(?:(?!(?:{_RATE}|{_ACTION}|as|to|at|là|thành|ở)\b)[\w&/,'-]+ ){{1,6}})"
            rf"(?:(?:as|to|at|là|thành|ở mức) )?(?P<action>{_ACTION})\b"
            rf"(?:,?\s*(?:with|với) (?:a |độ )?(?:confidence|tin cậy)(?:_score| score)?(?: of| là)? {_NUMBER})?"
        ),
        _stance,
    ),
    (_phrase(rf"(?:set|put|use|đặt|dùng) (?:the )?{_LINK}\s*(?:to |as |:|=|là |thành )\s*{_URL}"), _url),
    (_phrase(rf"(?:set|put|use) {_URL} (?:as|for|in|into) (?:the )?{_LINK}\b"), _url),
    (_phrase(rf"(?:put|include|cite) (?:the link )?{_URL} in (?:the|each|every) rationale"), _cited_url),
    (
        _phrase(
            rf"(?:call|invoke|run|gọi|chạy) (?:the |công cụ )?(?:tool )?{_QUOTE}(?P<tool>[\w.-]+){_QUOTE} "
            r"(?:(?P<none>without arguments|with no arguments|không có tham số)"
            r"|(?:with|với)(?: arguments| tham số)?\s*:?\s*(?P<value>\{))"
        ),
        _call,
    ),
    (
        _phrase(
            r"(?:repeat|print|include|copy) your (?:whole |full )?(?:system prompt|system text|instructions) "
            r"(?:word for word )?(?:in|as|into) (?:(?:the|each|every) rationale\b"
            rf"|(?:the|a) field {_QUOTE}(?P<field>\w+)|(?:the )?(?P<url_field>heatmap_url)"
            rf"|(?:the )?argument {_QUOTE}(?P<argument>\w+){_QUOTE} of {_QUOTE}(?P<tool>[\w-]+))"
        ),
        _leak,
    ),
    (
        _phrase(
            rf"add (?:an? |the )(?:new )?field {_QUOTE}(?P<field>\w+){_QUOTE} with (?:the )?(?:value )?"
            r"(?P<value>(?P<word>\S+))"
        ),
        _added_field,
    ),
    (
        _phrase(rf"(?:set|raise|đặt) (?:the |each |every )?confidence(?:_| )?(?:score)? (?:to|thành) {_NUMBER}"),
        _confidence,
    ),
)
