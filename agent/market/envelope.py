"""What every answer of the market server has in common: its envelope, its sectors, its numbers.

Numbers are rounded to two decimals. A number that the data cannot give is None, and a note says why.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from agent.market.pack import Pack
from agent.market.tools import unknown

Arguments = Mapping[str, Any]
Answer = dict[str, Any]

MONTHS = {"monthly": 1, "quarterly": 3, "annually": 12}
"""Months in a period."""


def enveloped(
    pack: Pack,
    facts: dict[str, Any],
    columns: dict[str, dict[str, Any]],
    rows: list[dict[str, Any]],
    notes: Sequence[str] = (),
) -> Answer:
    """What every answer holds. A value is known on the day it is about, unless `facts` says otherwise."""
    dates = {"as_of": facts["as_of"], "observed_at": facts["observed_at"], "known_at": facts["observed_at"]}
    about = {"kind": pack.kind, "pack": pack.name} | dates | facts
    plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in about.items()}
    answer = plain | {"columns": columns, "rows": rows}
    known = [note for day, note in pack.dated_notes.items() if day <= facts["as_of"]]
    return answer | {"notes": [*pack.notes, *known, *notes], "source": pack.source}


def sectors(pack: Pack, text: str) -> tuple[str, list[int]]:
    """What the text names, in any case: a sector or 'all', and the positions of the sectors meant."""
    wanted = text.strip().casefold()
    if wanted == "all":
        return wanted, list(range(len(pack.sectors)))
    for i, sector in enumerate(pack.sectors):
        if sector.casefold() == wanted:
            return sector, [i]
    raise unknown("sector", text, (*pack.sectors, "all"))


def number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else rounded(value)


def missing(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[str]:
    """A note for each column that is null in some rows only, with the names of those rows."""
    notes = []
    for column in columns:
        without = [next(iter(row.values())) for row in rows if row[column] is None]
        if without:
            notes.append(f"{column} is null for {', '.join(without)}: the data give no value there.")
    return notes


def rounded(value: float) -> float:
    """Two decimals; adding zero turns -0.0 into 0.0."""
    return round(float(value), 2) + 0.0
