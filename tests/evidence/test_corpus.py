from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.evidence.corpus import FALSE, TRUE, Text
from tests.evidence.figures import ALIASES, SERVERS
from tests.evidence.looking import counted, numbers
from tests.evidence.shifting import moved, opposed, shifted

CAUGHT = 0.95
APPENDIX = [
    "wrong_sign", "wrong_sign", "wrong_sector", "wrong_sector", "ungrounded", "ungrounded", "ungrounded", "ungrounded",
    "ungrounded", "ungrounded", "wrong_sign", "wrong_sign",
]  # fmt: skip


def test_corpus_is_of_100_numbers_of_three_servers_in_two_languages() -> None:
    assert sum(text.numbers for text in [*TRUE, *FALSE]) >= 100
    kinds = {(text.server, text.language) for text in TRUE} & {(text.server, text.language) for text in FALSE}
    assert kinds == {(server, language) for server in SERVERS for language in ("en", "vi")}


@pytest.mark.parametrize("text", TRUE, ids=lambda text: text.text)
def test_every_number_that_was_shown_has_evidence(text: Text) -> None:
    found = counted(text)
    assert [(each.text, each.status, each.why) for each in found if not each.supported] == []
    assert len(found) == text.numbers
    for each in found:
        assert each.figures
        assert (each.status == "derived") == (each.derivation is not None)


@pytest.mark.parametrize("text", FALSE, ids=lambda text: text.text)
def test_no_number_that_was_not_shown_has_evidence(text: Text) -> None:
    found = counted(text)
    assert len(found) == text.numbers
    assert [(each.text, each.figures) for each in found if each.supported] == []
    assert all(each.why for each in found)


def test_what_is_wrong_with_a_number_is_said() -> None:
    assert [counted(text)[0].status for text in FALSE[: len(APPENDIX)]] == APPENDIX


def test_every_number_stands_where_it_is_said_to_stand() -> None:
    for text in [*TRUE, *FALSE]:
        found = numbers(text)
        assert [text.text[each.start : each.end] for each in found] == [each.text for each in found]
        assert sorted((each.start, each.end) for each in found) == [(each.start, each.end) for each in found]


def with_other_digits(text: Text) -> Iterator[bool]:
    for at, number in enumerate(counted(text)):
        for other in shifted(text.text, number):
            yield not counted(text._replace(text=other))[at].supported


def with_another_direction(text: Text) -> Iterator[bool]:
    for other in opposed(text.text, counted(text)):
        yield not all(number.supported for number in counted(text._replace(text=other)))


def of_another_sector(text: Text) -> Iterator[bool]:
    """Where no other sector is named: what is said of one that is named stays true of it."""
    names = {figure.sector for figure in SERVERS[text.server] if figure.sector} - {text.sector}
    names |= {figure.ticker for figure in SERVERS[text.server] if figure.ticker}
    spelled = {spelling for name in names for spelling in (name, *ALIASES.get(name, ()))}
    if any(name.casefold() in text.text.casefold() for name in spelled):
        return
    of_sector = [any(figure.sector for figure in number.figures) for number in counted(text)]
    for other in moved(text):
        for number, is_of_sector in zip(counted(other), of_sector, strict=True):
            if is_of_sector:
                yield not number.supported


@pytest.mark.parametrize("shift", [with_other_digits, with_another_direction, of_another_sector])
def test_what_was_true_is_caught_once_it_is_changed(shift: Callable[[Text], Iterator[bool]]) -> None:
    caught = [each for text in TRUE for each in shift(text)]
    assert len(caught) > 50
    assert sum(caught) / len(caught) >= CAUGHT
