"""A drawing as a picture: the same on every machine, with Vietnamese letters."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import pytest

from agent.report.drawing import draw
from agent.report.lettering import width
from agent.report.picture import png
from tests.report.drawn_runs import drawn_run

GOLDEN = Path(__file__).parent / "golden" / "picture.json"
BLOCK = 20
"""Pixels that one number of the stored picture stands for, across and down."""


def brightness(picture: bytes) -> list[list[int]]:
    """Rows of pixels, 0 black to 255 white, on white paper. Reads what resvg writes: 8 bits RGBA, not interlaced."""
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    at, data, wide, high = 8, b"", 0, 0
    while at < len(picture):
        (length,), kind = struct.unpack(">I", picture[at : at + 4]), picture[at + 4 : at + 8]
        content = picture[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            wide, high, *form = struct.unpack(">IIBBBBB", content)
            assert form == [8, 6, 0, 0, 0]
        data += content if kind == b"IDAT" else b""
        at += 12 + length
    raw, line, rows = zlib.decompress(data), bytearray(wide * 4), []
    for row in range(high):
        start = row * (wide * 4 + 1)
        line = unfiltered(raw[start], bytearray(raw[start + 1 : start + 1 + wide * 4]), line)
        rows.append([255 - (255 - sum(line[x : x + 3]) // 3) * line[x + 3] // 255 for x in range(0, wide * 4, 4)])
    return rows


def unfiltered(kind: int, line: bytearray, above: bytearray) -> bytearray:
    """The five filters of PNG, four bytes a pixel."""
    for x in range(len(line)):
        left, up, corner = (line[x - 4], above[x], above[x - 4]) if x >= 4 else (0, above[x], 0)
        guess = left + up - corner
        nearest = min((left, up, corner), key=lambda value: abs(guess - value))
        line[x] = (line[x] + (0, left, up, (left + up) // 2, nearest)[kind]) % 256
    return line


def blocks(picture: bytes) -> list[list[int]]:
    """Mean brightness of each BLOCK by BLOCK pixels."""
    rows = brightness(picture)
    return [
        [
            sum(sum(row[x : x + BLOCK]) for row in rows[y : y + BLOCK]) // BLOCK**2
            for x in range(0, len(rows[0]) - BLOCK + 1, BLOCK)
        ]
        for y in range(0, len(rows) - BLOCK + 1, BLOCK)
    ]


def ink(text: str, weight: int = 400) -> tuple[int, int, int]:
    """Dark pixels of a text of size 20, and the columns in which the first and the last of them stand."""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="900" height="40">'
        f'<text x="10" y="26" font-size="20" font-weight="{weight}" font-family="Noto Sans">{text}</text></svg>'
    )
    rows = brightness(png(svg, zoom=1))
    columns = [x for row in rows for x, value in enumerate(row) if value < 128]
    return len(columns), min(columns, default=0), max(columns, default=0)


def test_a_run_gives_the_stored_picture() -> None:
    """A new picture is looked at, and its `blocks` are then written there."""
    now, stored = blocks(png(draw(drawn_run()), zoom=0.5)), json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert (len(now), len(now[0])) == (len(stored), len(stored[0]))
    apart = [abs(a - b) for one, other in zip(now, stored, strict=True) for a, b in zip(one, other, strict=True)]
    assert max(apart) <= 4
    assert len({value for row in stored for value in row}) > 40, "a blank picture would be no reference"


@pytest.mark.parametrize(
    "letter", [*"ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹĐẾỰ₫", "−", "–", "…", "·", "%"]
)
def test_every_vietnamese_letter_and_sign_draws_ink_of_its_own(letter: str) -> None:
    plain = {"đ": "d", "Đ": "D"}.get(letter, "")
    assert ink(letter)[0] > ink(plain)[0]


def test_accents_make_a_difference() -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="40"><text x="5" y="30">{}</text></svg>'
    assert len({png(svg.format(letter)) for letter in "aăâấầẩẫậ"}) == 8


@pytest.mark.parametrize("weight", [400, 600])
@pytest.mark.parametrize("text", ["Personal and Household Goods", "Điện, nước và xăng dầu khí đốt", "−1 210.5 % · 3M"])
def test_texts_are_as_wide_as_they_are_taken_to_be(text: str, weight: int) -> None:
    _, first, last = ink(text, weight)
    taken = width(text, 20, bold=weight > 400)
    assert 0.9 * taken <= last - first + 3 <= taken + 3


def test_zoom_makes_it_larger() -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"></svg>'
    assert [struct.unpack(">II", png(svg, zoom)[16:24]) for zoom in (1, 2)] == [(30, 20), (60, 40)]
