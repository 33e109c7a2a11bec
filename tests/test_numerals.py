from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.numerals import number_in, read_cells


@pytest.mark.parametrize(
    ("text", "decimal_comma", "number"),
    [
        ("1234.5", False, 1234.5),
        ("1,234.5", False, 1234.5),
        ("1,234,567", False, 1_234_567.0),
        ("1,234", False, 1234.0),
        ("1,234", True, 1.234),
        ("1.234", True, 1234.0),
        ("1.234", False, 1.234),
        ("1.234,5", True, 1234.5),
        # Two kinds of mark leave no doubt.
        ("1.234,5", False, 1234.5),
        ("1,234.5", True, 1234.5),
        ("12,5", False, 12.5),
        ("12.5", True, 12.5),
        ("0.123", True, 0.123),
        ("1.234.567", False, 1_234_567.0),
        ("1 234,5", True, 1234.5),
        ("1\N{NARROW NO-BREAK SPACE}234", False, 1234.0),
        ("-3", False, -3.0),
        ("\N{MINUS SIGN}3,25", True, -3.25),
        (" +7 ", False, 7.0),
    ],
)
def test_number_that_is_written_as_text_is_read_by_its_marks_and_by_which_begins_decimals(
    text: str, decimal_comma: bool, number: float
) -> None:
    assert number_in(text, decimal_comma=decimal_comma) == (number, None)


def test_percent_sign_is_the_unit() -> None:
    assert number_in("+2.3%") == (2.3, "percent")
    assert number_in("-1,25 %", decimal_comma=True) == (-1.25, "percent")


@pytest.mark.parametrize(
    "text", ["", "-", "N/A", "2026-11-27", "1.2.3", "1,23,4", "1.5 tỷ", "%", "1e5", "--1", "9" * 400]
)
def test_any_other_text_is_no_number(text: str) -> None:
    assert number_in(text) is None


@given(value=st.decimals(-(10**9), 10**9, places=2, allow_nan=False))
def test_number_is_read_back_from_how_either_language_writes_it(value: float) -> None:
    english = f"{value:,.2f}"
    assert number_in(english) == (float(value), None)
    assert number_in(english.translate(str.maketrans(",.", ".,")), decimal_comma=True) == (float(value), None)


@pytest.mark.parametrize(
    ("column", "read"),
    [
        (["1,234.5", "7"], [1234.5, 7.0]),
        (["1,234", "5.4"], [1234.0, 5.4]),
        (["1.234", "5,4"], [1234.0, 5.4]),
        (["5,4 %", "\N{MINUS SIGN}1,25 %", "n/a"], ["5.4 %", "-1.25 %", "n/a"]),
        (["1,234,567"], [1234567.0]),
        (["1.234", "-0.5", "+7"], [1.234, -0.5, 7.0]),
        # Each of these could be either.
        (["1,234"], ["1,234"]),
        (["1,234", "1.234"], ["1,234", 1.234]),
        (["5.4", "5,4", "1.234"], [5.4, "5,4", "1.234"]),
        # And these are nothing of the kind.
        (["5.4", "5,4"], [5.4, "5,4"]),
        (["27.06.2025", "1,5"], ["27.06.2025", "1,5"]),
        (["Banks", "1 200", "007", ""], ["Banks", "1 200", "007", ""]),
    ],
)
def test_numbers_of_a_column_are_read_as_it_shows_them_to_be_written(
    column: list[str], read: list[float | str]
) -> None:
    assert read_cells([column]) == [read]


@pytest.mark.parametrize(
    ("shows", "column", "read"),
    [
        (["1,25", "-0,5"], ["1.234", "200"], [1234.0, 200.0]),
        (["1.25", "-0.5"], ["1,234", "200"], [1234.0, 200.0]),
        (["1,25 %", "-0,5 %"], ["1.234", "1.234 %"], [1234.0, "1234 %"]),
        (["27.06.2025", "Banks"], ["1.234", "1,234"], [1.234, "1,234"]),
    ],
)
def test_column_that_shows_no_mark_is_written_as_the_others_of_its_table(
    shows: list[str], column: list[str], read: list[float | str]
) -> None:
    assert read_cells([shows, column])[1] == read
    assert read_cells([column, ["Banks", "Tech"], shows])[0] == read


def test_what_could_be_two_numbers_stays_a_text_where_columns_contradict_each_other() -> None:
    columns = [["1,25", "1.234"], ["0.5", "1,234"], ["1.234", "200"], ["1,234", "n/a"]]
    assert read_cells(columns) == [[1.25, 1234.0], [0.5, 1234.0], ["1.234", 200.0], ["1,234", "n/a"]]
