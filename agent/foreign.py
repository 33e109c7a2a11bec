"""Texts that come from servers and models, before anything else of ours handles them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

REDACTED = "[redacted]"
SECRET_LENGTH = 6
"""Shorter values are too common to be taken out of texts."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


def printable(text: object) -> str:
    """Without control characters and invisible marks: a stranger's text must not steer the terminal."""
    return _CONTROL.sub("", str(text))


def whole(value: Any) -> Any:
    """JSON whose texts can be written as UTF-8: two halves of a character are joined, a lone half is replaced."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {whole(key): whole(item) for key, item in value.items()}
    return [whole(item) for item in value] if isinstance(value, list) else value


def redact(value: Any, secrets: Iterable[str]) -> Any:
    """JSON with every secret in its texts and keys replaced, also where it stands escaped as in a repr."""
    forms = {form for secret in secrets for form in (secret, secret.strip(), repr(secret)[1:-1])}
    return _replaced(value, sorted((form for form in forms if len(form) >= SECRET_LENGTH), key=len, reverse=True))


def _replaced(value: Any, forms: list[str]) -> Any:
    if isinstance(value, str):
        for form in forms:
            value = value.replace(form, REDACTED)
        return value
    if isinstance(value, dict):
        return {_replaced(key, forms): _replaced(item, forms) for key, item in value.items()}
    return [_replaced(item, forms) for item in value] if isinstance(value, list) else value
