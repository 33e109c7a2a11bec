"""Of one observation of a macro series, the newest value that is known counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from agent.market import tools, vn_sim
from agent.market.answers import macro
from agent.market.pack import Series
from tests.market.asking import ask

APRIL, MAY = date(2019, 4, 30), date(2019, 5, 31)
SERIES = Series(
    observed=(APRIL, MAY, APRIL, MAY, MAY),
    known=(date(2019, 5, 6), date(2019, 6, 6), date(2019, 6, 10), date(2019, 7, 8), date(2019, 9, 2)),
    values=(3.0, 4.0, 3.5, 4.25, 4.2),
)


def reading(as_of: str) -> tuple[dict, list[str]]:
    pack = replace(vn_sim.PACK, macro=lambda region: {"inflation": SERIES})
    about = tools.offered(pack)["get_macro_indicators"]
    asked = {"indicators": ["inflation"], "period": "monthly", "as_of": as_of}
    answer = macro(pack, tools.checked(about, pack, asked))
    [row] = answer["rows"]
    return row, answer["notes"][1:]


@pytest.mark.parametrize(
    ("as_of", "value", "previous", "known"),
    [
        ("2019-06-06", 4.0, 3.0, "2019-06-06"),
        ("2019-06-10", 4.0, 3.5, "2019-06-06"),  # an older observation is revised: the newest one stays the newest
        ("2019-07-07", 4.0, 3.5, "2019-06-06"),
        ("2019-07-08", 4.25, 3.5, "2019-07-08"),
        ("2019-09-02", 4.2, 3.5, "2019-09-02"),
    ],
)
def test_a_revision_counts_from_the_day_on_which_it_is_known(as_of, value, previous, known):
    row, notes = reading(as_of)
    assert (row["value"], row["previous"], row["observed_at"]) == (value, previous, "2019-05-31")
    assert row["change"] == pytest.approx(value - previous)
    assert row["known_at"] == known
    assert bool(notes) == (known > "2019-06-06")


def test_a_note_says_when_it_was_revised_and_what_it_was():
    assert reading("2019-07-08")[1] == ["inflation: the value was revised on 2019-07-08; before that it was 4.0."]
    assert reading("2019-09-02")[1] == ["inflation: the value was revised on 2019-09-02; before that it was 4.25."]


async def test_the_simulated_market_revises_inflation_a_month_after_it_was_published():
    asked = {"indicators": ["inflation"], "period": "quarterly"}
    first = await ask("vn-sim", "get_macro_indicators", as_of="2019-08-05", **asked)
    final = await ask("vn-sim", "get_macro_indicators", as_of="2019-08-06", **asked)
    assert (first["known_at"], final["known_at"]) == ("2019-07-06", "2019-08-06")
    assert first["observed_at"] == final["observed_at"] == "2019-06-30"
    published = first["rows"][0]["value"]
    assert final["rows"][0]["value"] != published
    assert final["notes"][-1] == f"inflation: the value was revised on 2019-08-06; before that it was {published}."
