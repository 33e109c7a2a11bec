"""What the questions of a conversation seek."""

from __future__ import annotations

import pytest

from agent.model.sought import Asked, asked

SHELTER = "Which hold up in a downturn?"


def test_first_question_seeks_what_its_words_say() -> None:
    assert asked([SHELTER]) == Asked(shelter=True)
    assert asked(["Which lead, and do rates matter?"]) == Asked(rates=True)
    assert asked(["Which sectors?"]) == Asked()
    assert asked(["Which lead in a downturn?"]) == Asked(shelter=True), "shelter words count more than those of growth"


@pytest.mark.parametrize(
    "question",
    [
        "And energy?",
        "And if growth slows?",
        "Where would that lead to?",
        "And which of these are non-cyclical?",
        "Avoid cyclicals: what is left?",
        "Why not defensive ones?",
        "Còn ngân hàng?",
        "Forget the rally; and energy?",
    ],
)
def test_question_that_says_nothing_of_what_is_sought_seeks_what_was_sought_before(question: str) -> None:
    assert asked([SHELTER, question]) == Asked(shelter=True, before=True)
    assert asked(["Which lead?", question]) == Asked()
    assert asked([SHELTER, question, SHELTER]) == Asked(shelter=True)


@pytest.mark.parametrize(
    "question",
    [
        "Which sectors lead?",
        "Where is growth to be had?",
        "And in a rally?",
        "What has momentum, and upside?",
        "Ngành nào dẫn đầu?",
        "Ngành nào tăng trưởng?",
        "Forget the downturn; which sectors lead?",
        "Forget the downturn.",
        "Ignoring a recession or a crash, what do you say?",
        "Leave the defensive case aside.",
        "Never mind the downturn.",
        "Apart from the downturn, what matters?",
        "Bỏ qua suy thoái, còn ngân hàng?",
        "Leaving recession fears aside, what do you say?",
        "Thay vì phòng thủ, ngành nào?",
        "Không tính suy thoái thì sao?",
        "Which are the least defensive?",
        "Which sectors are not defensive?",
        "And the cyclicals?",
        "Ngành nào không phòng thủ?",
    ],
)
def test_newest_question_that_says_what_is_sought_decides(question: str) -> None:
    assert asked([SHELTER, question]) == asked([SHELTER, question, "And energy?"]) == Asked()


@pytest.mark.parametrize(
    "question",
    [
        "Don't forget the downturn.",
        "Forget energy and show which hold up in a crash.",
        "Ignore energy, which are defensive?",
        "Đừng quên suy thoái.",
    ],
)
def test_shelter_that_is_not_put_aside_is_sought(question: str) -> None:
    assert asked(["Which lead?", question]) == Asked(shelter=True)


@pytest.mark.parametrize(
    "question",
    [
        "Which sectors apart from utilities are defensive in a downturn?",
        "Other than tech what holds up in a crash?",
        "Ignoring valuations which sectors are safest in a recession?",
        "Rather than chasing leaders which sectors hold up in a downturn?",
        "Putting cash aside for a crash: which sectors?",
        "Setting aside 10% of the money in case of a downturn, which?",
        "Ngoại trừ ngân hàng ngành nào trú ẩn được trong suy thoái?",
        "Thay vì tăng trưởng hãy chọn ngành phòng thủ",
        "We should never forget that a recession looms",
        "You cannot just ignore the downturn",
        "Don't you forget the recession",
        "Without ignoring a downturn, which to buy?",
        "Đừng bỏ qua rủi ro suy thoái",
        "Không thể bỏ qua suy thoái",
    ],
)
def test_shelter_is_sought_where_something_else_is_put_aside_and_where_putting_it_aside_is_denied(
    question: str,
) -> None:
    assert asked([question]) == asked(["Which lead?", question]) == Asked(shelter=True)


@pytest.mark.parametrize(
    "question",
    [
        "Which sectors, ignoring a recession?",
        "Ignore the recession talk: which industries lead?",
        "Bỏ qua suy thoái, ngành nào?",
    ],
)
def test_first_question_may_put_shelter_aside_too(question: str) -> None:
    assert asked([question]) == asked(["Which?", question]) == Asked()


@pytest.mark.parametrize(
    "question",
    ["Which if no recession comes?", "Which sectors are least defensive?", "Không có suy thoái thì ngành nào?"],
)
def test_shelter_that_is_denied_is_not_sought(question: str) -> None:
    assert asked([question]) == Asked()


def test_rates_are_spoken_of_where_the_newest_question_mentions_them() -> None:
    assert asked(["What if rates rise?", "And banks?"]) == Asked()
    assert asked(["And banks?", "What if rates rise?"]) == Asked(rates=True)
