"""Texts that come from servers and models, before anything else of ours handles them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from agent.encoding import compact

REDACTED = "[redacted]"
SECRET_LENGTH = 6
"""Shorter values are too common to be taken out of texts."""
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    r"\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff9-\ufffb\U00013430-\U00013440"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Characters that show nothing, or turn the direction of others: a person does not see what a model reads."""
_PLAIN = bytes(range(0x20, 0x7F))
"""Every one of them can be seen; what is left of UTF-8 without them is little in most JSON, and whole characters."""
_ENCODER = json.JSONEncoder(ensure_ascii=False, check_circular=False)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


def printable(text: object) -> str:
    """Without control characters and invisible marks: a stranger's text must not steer the terminal."""
    return _CONTROL.sub("", str(text))


def json_text(value: Any, indent: int | None = None) -> str:
    """JSON in which what would steer a terminal is escaped, and all else can be read."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def whole(value: Any) -> Any:
    """JSON whose texts can be written as UTF-8: two halves of a character are joined, a lone half is replaced."""
    if isinstance(value, dict | list):
        try:
            _ENCODER.encode(value).encode()
        except (ValueError, TypeError, RecursionError):  # there is a half, or something else that is not easily written
            return _whole(value)
        return value
    return _whole(value)


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list) else value


def visible(value: Any, encoded: bytes | None = None) -> tuple[Any, int]:
    """JSON without invisible and bidirectional characters in its texts and keys, and how many there were. `encoded`:
    the value as bytes, where it has been encoded already.
    """
    if isinstance(value, str):
        return _INVISIBLE.subn("", value)
    text = encoded or compact(value)
    escaped = b"\\u00" in text or b"\\b" in text
    return _visible(value) if escaped or _INVISIBLE.search(text.translate(None, _PLAIN).decode()) else (value, 0)


def _visible(value: Any) -> tuple[Any, int]:
    if isinstance(value, str):
        return _INVISIBLE.subn("", value)
    if isinstance(value, dict):
        pairs = [(_visible(key), _visible(item)) for key, item in value.items()]
        return {key[0]: item[0] for key, item in pairs}, sum(key[1] + item[1] for key, item in pairs)
    if isinstance(value, list):
        items = [_visible(item) for item in value]
        return [item[0] for item in items], sum(item[1] for item in items)
    return value, 0


def texts_in(value: Any) -> Iterator[str]:
    """Every text of a JSON value, without its keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts_in(each)


def redact(value: Any, secrets: Iterable[str]) -> Any:
    """JSON with every secret in its texts and keys replaced, also where it stands escaped as in a repr."""
    forms = {
        form
        for secret in secrets
        for form in (secret, secret.strip(), repr(secret)[1:-1], json.dumps(secret)[1:-1], quote(secret, safe=""))
    }
    hidden = sorted((form for form in forms if len(form) >= SECRET_LENGTH), key=len, reverse=True)
    return _replaced(value, hidden) if hidden else value


def _replaced(value: Any, forms: list[str]) -> Any:
    if isinstance(value, str):
        for form in forms:
            value = value.replace(form, REDACTED)
        return value
    if isinstance(value, dict):
        return {_replaced(key, forms): _replaced(item, forms) for key, item in value.items()}
    return [_replaced(item, forms) for item in value] if isinstance(value, list) else value
