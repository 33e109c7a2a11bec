from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from agent.foreign import printable, redact, whole


def test_control_characters_and_invisible_marks_do_not_reach_a_terminal() -> None:
    assert printable("a\x1b]0;title\x07b\u202ec\u200bd\r\nü\t") == "a]0;titlebcd\nü\t"


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
