from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.foreign import REDACTED, json_text, printable, redact, visible, whole


def test_control_characters_and_invisible_marks_do_not_reach_a_terminal() -> None:
    assert printable("a\x1b]0;title\x07b\u202ec\u200bd\r\nü\t") == "a]0;titlebcd\nü\t"


@given(st.text() | st.dictionaries(st.text(), st.lists(st.text())), st.none() | st.just(2))
def test_json_text_is_the_same_json_and_holds_nothing_that_steers_a_terminal(value: object, indent: int | None) -> None:
    text = json_text(value, indent)
    assert json.loads(text) == value and printable(text) == text


def test_json_text_escapes_what_steers_a_terminal_and_nothing_else() -> None:
    assert json_text({"Bán lẻ": "\x9b31m\u202e\x7f\x1b"}) == r'{"Bán lẻ": "\u009b31m\u202e\u007f\u001b"}'


@given(st.text(st.characters()) | st.dictionaries(st.text(st.characters()), st.lists(st.text(st.characters()))))
def test_whole_texts_can_always_be_written(value: object) -> None:
    json.dumps(whole(value), ensure_ascii=False).encode()


def test_two_halves_of_a_character_are_one_and_a_lone_half_is_replaced() -> None:
    assert whole({"\ud83d\ude00": ["a\ud83d"]}) == {"😀": ["a\ufffd"]}


def test_secrets_are_taken_out_of_texts_and_keys_longest_first() -> None:
    secrets = ["abcdefgh", "abcdefghijkl"]
    assert redact({"is abcdefghijkl": ["abcdefgh!", 1, None]}, secrets) == {"is [redacted]": ["[redacted]!", 1, None]}


def test_secrets_are_found_escaped_and_without_their_line_break_but_short_values_are_left() -> None:
    assert redact("header 'Bearer secret-1\\n' or secret-1", ["Bearer secret-1\n", "secret-1"]) == (
        "header '[redacted]' or [redacted]"
    )
    assert redact("the VN market", ["VN"]) == "the VN market"


@pytest.mark.parametrize("mark", ["\u200b", "\u202e", "\x08", "\x1b", "\x7f", "\U000e0041", "\ufe00"])
def test_what_nobody_sees_is_taken_out_of_texts_and_keys_and_counted(mark: str) -> None:
    assert visible(f"a{mark}b") == ("ab", 1)
    assert visible({f"k{mark}": [f"{mark}v", 1, None]}) == ({"k": ["v", 1, None]}, 2)


def test_visible_text_is_left_alone_whatever_its_script() -> None:
    kept = ["Ngành ngân hàng", "板块 📈", "a\tb\nc", "back\\b and \\u00e9", "❤\ufe0f"]
    assert visible(kept) == (kept, 0)


def test_secret_is_found_in_the_forms_in_which_texts_hold_it() -> None:
    secret = 'p"ss/wörd+1'
    told = [secret, json.dumps(secret), quote(secret, safe="")]
    assert redact(told, [secret]) == [REDACTED, f'"{REDACTED}"', REDACTED]
