"""Texts in drawings, where nothing wraps by itself: how wide they are, and how they are cut.

Widths are those of the font that the package ships; other fonts come close enough for the gaps that drawings leave.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any

from agent.report.markup import cleaned

# Thousandths of the font size.
_ADVANCES = {
    258: "'ijl`",
    268: " ,.:;!·J",
    325: "()-[]I",
    365: "ft/\\{}",
    415: 'r?"',
    480: "zsc_",
    515: "vyFL–",
    540: "xkS",
    556: "ET*|aeY",
    572: "$+0123456789<=>Z^~−",
    602: "XVPo",
    620: "bdgpqhnuKRđ",
    645: "CA#B",
    731: "GDU&Đ",
    780: "HNOQw…",
    831: "%",
    935: "mMW@",
}
_ADVANCE = {letter: advance for advance, letters in _ADVANCES.items() for letter in letters}
_BOLDER = 1.07
_PARTS = re.compile(r"[^\s_]*_+\s*|[^\s_]+\s*")
# Code points that no XML document may hold, even escaped.
_NO_XML = re.compile("[\ufffe\uffff]")


def plain(text: Any) -> str:
    """On one line, composed, without what hides or reorders text."""
    clean = _NO_XML.sub("\N{REPLACEMENT CHARACTER}", cleaned(unicodedata.normalize("NFC", str(text))))
    return " ".join(clean.split())


def width(text: str, size: float, *, bold: bool = False) -> float:
    """In the unit of `size`."""
    return sum(map(_advance, text)) * size / 1000 * (_BOLDER if bold else 1)


@cache
def _advance(letter: str) -> int:
    base = unicodedata.normalize("NFD", letter)[0]
    if unicodedata.combining(base):
        return 0
    horn = 100 if letter in "ơưƠƯ" else 0
    return _ADVANCE.get(base, 1000 if unicodedata.east_asian_width(base) in "WF" else 640) + horn


def fitted(text: str, room: float, size: float, *, bold: bool = False) -> str:
    """Cut with an ellipsis where it is wider than `room`."""
    if width(text, size, bold=bold) <= room:
        return text
    kept = text
    while kept and width(f"{kept}…", size, bold=bold) > room:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"


def wrapped(text: str, room: float, size: float, *, most: int, bold: bool = False) -> list[str]:
    """At most `most` lines, broken between words and after the underscores of names; the last one is cut where more
    would follow.
    """
    lines: list[str] = []
    parts = _PARTS.findall(text)
    while parts and len(lines) < most - 1:
        taken = 1
        while taken < len(parts) and width("".join(parts[: taken + 1]).rstrip(), size, bold=bold) <= room:
            taken += 1
        lines.append(fitted("".join(parts[:taken]).rstrip(), room, size, bold=bold))
        parts = parts[taken:]
    return [*lines, fitted("".join(parts).rstrip(), room, size, bold=bold)] if parts else lines
