"""An MCP tool result, as JSON → its data, and the text that the model is shown."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from agent import data
from agent.encoding import json_at
from agent.tools.tables import table_in

EMPTY = "(empty)"
IMAGES = {"image/png": b"\x89PNG", "image/jpeg": b"\xff\xd8\xff", "image/gif": b"GIF8", "image/webp": b"RIFF"}
"""What a model can look at, and how it begins."""
IMAGE_BYTES, IMAGES_SHOWN = 3_500_000, 8
"""The largest image, and the most of one result, that a model is shown."""
_FENCED = re.compile(r"```(?:json)?[ \t]*\n(.*?)\n[ \t]*```", re.DOTALL)
_BLANKS = " \t\r\n"
_FRAME = re.compile(r"\A<untrusted_data [^\n]*>\n(.*)\n</untrusted_data>\Z", re.DOTALL)
_END = re.compile(r"</(?=untrusted_data)", re.IGNORECASE)


def data_of(result: Mapping[str, Any]) -> Any:
    """The machine-readable part: structured content, else the JSON of the texts, else None.

    JSON is the whole of a lone text, its only fenced block, or all of it below one line of words. Objects one behind
    the other, in one text or in several, are a list of them.
    """
    texts = texts_of(result)
    if not texts:
        return result.get("structuredContent")
    for candidate in _candidates(texts[0]) if len(texts) == 1 else ["\n".join(texts)]:
        start = candidate.lstrip(_BLANKS)
        try:
            found, end = json_at(start)
        except (ValueError, RecursionError):
            continue
        if not start[end:].strip(_BLANKS):
            return found
    return None


def readable(result: Mapping[str, Any]) -> Any:
    """Its data, or the rows of a table in a lone text."""
    found, texts = data_of(result), texts_of(result)
    return table_in(texts[0]) if found is None and len(texts) == 1 else found


def texts_of(result: Mapping[str, Any]) -> list[str]:
    """The texts that a result is; none where it is structured content, or has anything else in it."""
    if result.get("structuredContent") is not None:
        wrapped = wrapped_text(result)
        return [] if wrapped is None else [wrapped]
    content = result.get("content") or []
    return (
        [str(block.get("text", "")) for block in content]
        if all(block.get("type") == "text" for block in content)
        else []
    )


def wrapped_text(result: Mapping[str, Any]) -> str | None:
    """The text that structured content is: the Python SDK wraps what a tool `-> str` returns as `{"result": text}`."""
    structured = result.get("structuredContent")
    alone = structured.get("result") if isinstance(structured, dict) and len(structured) == 1 else None
    return alone if isinstance(alone, str) else None


def _candidates(text: str) -> Iterator[str]:
    yield text
    fenced = _FENCED.findall(text)
    yield from fenced if len(fenced) == 1 else []
    _, _, below = text.strip().partition("\n")
    yield from [below] if below.lstrip().startswith(("{", "[")) else []


def images_of(result: Mapping[str, Any]) -> list[int]:
    """Which of a result's blocks are images that a model can be shown: a broken one would spoil its whole request, and
    so would one in an error.
    """
    blocks = [] if result.get("isError") else result.get("content") or []
    return [at for at, block in enumerate(blocks) if block.get("type") == "image" and _is_image(block)][:IMAGES_SHOWN]


def _is_image(block: Mapping[str, Any]) -> bool:
    begins = IMAGES.get(str(block.get("mimeType")))
    encoded = block.get("data")
    if begins is None or not isinstance(encoded, str) or len(encoded) * 3 // 4 > IMAGE_BYTES:
        return False
    try:
        return base64.b64decode(encoded, validate=True).startswith(begins)
    except ValueError:
        return False


def links_of(result: Mapping[str, Any]) -> list[str]:
    """Addresses of resources that a result links to."""
    blocks = result.get("content") or []
    return [str(block["uri"]) for block in blocks if block.get("type") == "resource_link" and block.get("uri")]


def framed(text: str, source: str) -> str:
    """Between marks that call it data; what looks like the closing mark within it is made harmless."""
    return data.words("frame", source=source, text=_END.sub("<\\\\/", text))


def noticed(text: str, rows: int, as_of: str | None) -> str:
    """Below a line that says how many rows of it were withheld."""
    counted = "1 row" if rows == 1 else f"{rows:,} rows"
    return data.words("withheld", rows=counted, as_of=as_of) + "\n" + text


def unframed(text: str) -> str:
    """What stands between the marks, where there are any, and below a notice of what was withheld."""
    if text.startswith(data.prompt("withheld").partition("$")[0]):
        text = text.partition("\n")[2]
    found = _FRAME.match(text)
    return found[1] if found else text


def text_of(result: Mapping[str, Any]) -> str:
    """What the model reads. An error is told in the server's own words; other results prefer structured content."""
    shown, sent = images_of(result), result.get("content") or []
    texts = [_block_text(block, at in shown) for at, block in enumerate(sent)]
    structured, wrapped = result.get("structuredContent"), wrapped_text(result)
    if structured is not None and not (result.get("isError") and any(map(str.strip, texts))):
        told = json.dumps(structured, ensure_ascii=False, separators=(",", ":")) if wrapped is None else wrapped
        texts = [told, *(text for text, block in zip(texts, sent, strict=True) if block.get("type") != "text")]
    text = "\n".join(each for each in texts if each)
    return text if text.strip() else EMPTY


def _block_text(block: Mapping[str, Any], is_shown: bool) -> str:
    """Text as it is; what a text cannot hold is named with its kind, type and size."""
    match block.get("type"):
        case "text":
            return str(block.get("text", ""))
        case "image" | "audio" as kind:
            size = len(block.get("data", "")) * 3 // 4
            shown = "shown after this text" if is_shown else "not shown"
            return f"[{kind}, {block.get('mimeType', 'unknown type')}, about {size} bytes, {shown}]"
        case "resource_link":
            about = block.get("title") or block.get("name") or "no title"
            return f"[resource {block.get('uri')}: {about}, not read]"
        case "resource":
            resource = block.get("resource", {})
            if "text" in resource:
                return str(resource["text"])
            return f"[resource {resource.get('uri')}, {resource.get('mimeType', 'unknown type')}, not shown]"
        case kind:
            return f"[content of kind {kind!r}, not shown]"


def cut(text: str, limit: int) -> str:
    """`text` within `limit` characters: head, notice, tail. The notice says how much is missing."""
    if len(text) <= limit:
        return text
    longest = len(_notice(len(text), len(text)))
    room = max(limit - longest, 0)
    head = room * 3 // 4
    return text[:head] + _notice(len(text) - room, len(text)) + text[len(text) - (room - head) :]


def _notice(missing: int, everything: int) -> str:
    return f"\n{data.words('cut', missing=missing, all=everything)}\n"
