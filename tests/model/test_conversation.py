"""What a question on an answer names, as the planner reads it."""

from __future__ import annotations

from typing import Any

import pytest

from agent import data
from agent.model.conversation import Conversation, sectors_named
from agent.taxonomy import SectorSpec, Taxonomy

SECTORS = ("Energy", "Health Care", "Personal and Household Goods")
BANKS = SectorSpec(aliases=["Ngân hàng", "lenders"])
TAXONOMY = Taxonomy({name: SectorSpec() for name in SECTORS} | {"Banks": BANKS})


def said(role: str, *texts: str) -> dict[str, Any]:
    return {"role": role, "content": [{"type": "text", "text": text} for text in texts]}


OPENING = [said("user", "First, over 6 months, energy?", "Horizon: 3 months"), said("assistant", "{}")]


def asked(question: str) -> Conversation:
    return Conversation.of([*OPENING, said("user", question, data.prompt("followup"))])


def test_first_question_is_asked_as_it_always_was() -> None:
    first = Conversation.of(OPENING)
    assert (first.question, first.about, first.follows) == ("First, over 6 months, energy?", "Horizon: 3 months", False)
    assert first.lookbacks == []


def test_newest_question_counts_and_what_asks_for_a_repair_is_none() -> None:
    second = [*OPENING, said("user", "Second?", data.prompt("followup")), said("assistant", "{}")]
    assert (
        Conversation.of([*second, said("user", "Your answer cannot be used yet.", "No more calls.")]).question
        == "Second?"
    )
    third = Conversation.of([*second, said("user", "Third?", data.prompt("followup"), "No more calls.")])
    assert (third.question, third.about, third.follows) == ("Third?", "Horizon: 3 months", True)


@pytest.mark.parametrize(
    ("question", "lookbacks"),
    [
        ("over the last six months", ["6M"]),
        ("over 6M, 12 months and 2 years", ["6M", "1Y", "2Y"]),
        ("a 9-month view", ["9M"]),
        ("trong 6 tháng, hay 1 năm", ["6M", "1Y"]),
        ("one month or 1M", ["1M"]),
        ("0 months, 100 months, 5 monthly reports, a year", []),
    ],
)
def test_lookbacks_are_read_in_months_and_years(question: str, lookbacks: list[str]) -> None:
    assert asked(question).lookbacks == lookbacks


@pytest.mark.parametrize(
    ("question", "sectors"),
    [
        ("And health care, or ENERGY?", ["Health Care", "Energy"]),
        ("What about personal & household goods?", ["Personal and Household Goods"]),
        ("Ngân hàng thì sao?", ["Banks"]),
        ("And lenders?", ["Banks"]),
        ("And the energetic banksters?", []),
    ],
)
def test_sectors_are_read_by_any_of_their_names(question: str, sectors: list[str]) -> None:
    assert sectors_named(question, TAXONOMY) == sectors
