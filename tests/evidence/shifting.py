"""True rationales, each made false in one place: another digit, the opposite word, or another sector."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.evidence import Number
from tests.evidence.corpus import Text
from tests.evidence.figures import ALIASES, SERVERS

OPPOSITES = (
    ("rose", "fell"), ("gained", "lost"), ("up", "down"), ("buying", "selling"), ("bought", "sold"),
    ("inflows", "outflows"), ("outperformed", "underperformed"), ("above", "below"), ("higher than", "lower than"),
    ("beat", "trailed"), ("trails", "beats"), ("lags", "leads"), ("returned", "lost"), ("grew", "fell"),
    ("decline", "gain"), ("minus ", ""), ("+", "−"), ("-", ""), ("−", ""),
    ("tăng", "giảm"), ("mua ròng", "bán ròng"), ("cao hơn", "thấp hơn"), ("mạnh hơn", "yếu hơn"), ("âm ", ""),
)  # fmt: skip
LEVEL = re.compile(r"(?:\s+\w+)?\s+(?:to|from|lên|xuống|còn)\b")


def shifted(text: str, number: Number) -> Iterator[str]:
    """The text with this number one unit higher in its last and in its second-last digit, in the same notation."""
    written = re.search(r"\d(?:[\d.,\u202f\u00a0]*\d)?", number.text)
    assert written
    digits = "".join(filter(str.isdigit, written[0]))
    for step in (1, 10):
        other = str(int(digits) + step).zfill(len(digits))
        if len(other) != len(digits) or len(digits) < 2 < step:
            continue
        spare = iter(other)
        again = "".join(next(spare) if each.isdigit() else each for each in written[0])
        start = number.start + written.start()
        yield text[:start] + again + text[start + len(written[0]) :]


def opposed(text: str, numbers: list[Number]) -> Iterator[str]:
    """The text with one word or sign of direction turned: signs only before a counted number, words only where no level
    follows, which has its sign whatever led to it."""
    for pair in OPPOSITES:
        for one, other in (pair, pair[::-1]) if all(map(str.isalpha, (pair[0][0], (pair[1] or "-")[0]))) else (pair,):
            if not one:
                continue
            pattern = rf"(?<!\w){re.escape(one)}" + (r"(?!\w)" if one[-1].isalpha() else "")
            for found in re.finditer(pattern, text, re.IGNORECASE):
                is_sign = not one[0].isalpha()
                if not is_sign and LEVEL.match(text, found.end()):
                    continue
                if not is_sign or any(n.start <= found.start() < n.end for n in numbers):
                    yield text[: found.start()] + other + text[found.end() :]


def moved(text: Text) -> Iterator[Text]:
    """The same said of each other sector of its server; named ones are swapped."""
    names = [figure.sector for figure in SERVERS[text.server] if figure.sector]
    for other in dict.fromkeys(names):
        if other != text.sector:
            swapped = _renamed(_renamed(text.text, text.sector, "\0"), other, text.sector)
            yield text._replace(sector=other, text=_renamed(swapped, "\0", other))


def _renamed(text: str, name: str, other: str) -> str:
    for each in (name, *ALIASES.get(name, ())):
        text = re.sub(rf"(?<!\w){re.escape(each)}(?!\w)", other, text, flags=re.IGNORECASE)
    return text
