from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import SpecError
from agent.source import MAX_DEPTH, Source, path_text, read, read_text

NAMES = {"json5": "agent.json5", "yaml": "agent.yaml"}
both = pytest.mark.parametrize("name", NAMES.values(), ids=list(NAMES))


def problem(text: str, name: str) -> str:
    """The one problem that reading `text` ends with."""
    with pytest.raises(SpecError) as caught:
        read_text(text, name)
    assert caught.value.exit_code == 2
    (only,) = caught.value.problems
    return only


def value(text: str, name: str = "agent.json5") -> Any:
    return read_text(text, name).value


def test_a_javascript_object_literal_reads_with_its_comments_and_bare_keys() -> None:
    text = """// first
    { agent: 'it\\'s', /* in
      between */ $key_1: [1, 2,], "quoted": {}, 7: null, }; """
    assert value(text) == {"agent": "it's", "$key_1": [1, 2], "quoted": {}, "7": None}


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("0x1F", 31), ("-0x1f", -31), ("+5", 5), (".5", 0.5), ("5.", 5.0), ("-1.5e3", -1500.0), ("1E2", 100.0),
        ("true", True), ("false", False), ("null", None), ("[]", []), ("{}", {}),
        ("'a\\\nb'", "ab"), ("'\\x41\\u0042\\n\\t\\q\\0'", "AB\n\tq\0"), ("'\\ud83d\\ude00'", "😀"),
        ("'// no comment'", "// no comment"), ('"{a: 1};"', "{a: 1};"),
    ],
)  # fmt: skip
def test_json5_values_mean_what_the_format_says(text: str, means: object) -> None:
    read = value(text)
    assert read == means
    assert type(read) is type(means)


@pytest.mark.parametrize(
    "word", ["NO", "no", "yes", "on", "Off", "True", "NULL", "12:30", "2024-01-01", "0x1F", "1_000", ".5", "+1", "007",
             ".nan", ".inf", "NaN", "1.2.3", "=", "2024-01-01T10:00:00Z"],
)  # fmt: skip
def test_yaml_words_that_json_does_not_know_stay_words(word: str) -> None:
    assert value(f"a: {word}", "agent.yaml") == {"a": word}


@pytest.mark.parametrize(
    ("word", "means"),
    [("true", True), ("false", False), ("null", None), ("~", None), ("", None), ("-12", -12), ("0", 0),
     ("1.5e3", 1500.0), ("'true'", "true"), ('"12"', "12"), ("''", ""), ("|\n  12", "12")],
)  # fmt: skip
def test_yaml_scalars_mean_what_json_says_and_quotes_make_texts(word: str, means: object) -> None:
    read = value(f"a: {word}", "agent.yaml")["a"]
    assert read == means
    assert type(read) is type(means)


def test_yaml_keys_are_texts_whatever_they_look_like() -> None:
    assert value("1: a\ntrue: b\nNO: c\n2024-01-01: d\n<<: {e: 1}", "agent.yaml") == {
        "1": "a", "true": "b", "NO": "c", "2024-01-01": "d", "<<": {"e": 1},
    }  # fmt: skip


def test_positions_are_those_of_keys_and_values_in_both_formats() -> None:
    yaml = read_text("a: 1\ntools:\n  - tool_name: x\n    n: [1,\n      22]\n", "f.yaml")
    json5 = read_text('{\n  a: 1,\n  /* two\n  lines */ tools: [\n    {tool_name: "x", n: [1,\n 22]}]}', "f.json5")
    address = ("tools", 0, "n", 1)
    assert (yaml.where(address), json5.where(address)) == ("f.yaml:5:7", "f.json5:6:2")
    assert (yaml.where(("a",), key=True), yaml.where(("a",))) == ("f.yaml:1:1", "f.yaml:1:4")
    assert (json5.where(("tools",), key=True), json5.where(("tools",))) == ("f.json5:4:12", "f.json5:4:19")


def test_a_position_that_the_text_does_not_have_is_that_of_the_nearest_thing_around_it() -> None:
    source = read_text("a: 1\nb:\n  c: 2\n", "f.yaml")
    assert source.where(("b", "missing", 3)) == "f.yaml:3:3"
    assert source.where(("elsewhere",), key=True) == "f.yaml:1:1"
    assert Source("a mapping").where(("b",)) == "a mapping:1:1"


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("f.json5", '{a: 1,\n "a": 2}', "f.json5:2:2: a: this key stands in line 1 already"),
        ("f.yaml", "a: 1\nb: 2\n'a': 3\n", "f.yaml:3:1: a: this key stands in line 1 already"),
        ("f.yaml", "t:\n  - x: {k: 1,\n     k: 1}\n", "f.yaml:3:6: t.0.x.k: this key stands in line 2 already"),
        ("f.json5", "[{b: {c: 1, c: 1}}]", "f.json5:1:13: 0.b.c: this key stands in line 1 already"),
    ],
)
def test_a_duplicate_key_is_refused_with_both_places(name: str, text: str, says: str) -> None:
    assert problem(text, name) == says


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{a: "x\n}', "f.json5:1:5: a text that does not end"),
        ("{a: 'x", "f.json5:1:5: a text that does not end"),
        ("{a: 1,\n  b: x}", "f.json5:2:6: 'x': a text needs quotes here"),
        ("{a: NaN}", "f.json5:1:5: 'NaN': a text needs quotes here"),
        ("{a 1}", "f.json5:1:4: ':' is missing before '1'"),
        ("{a: 1 b: 2}", "f.json5:1:7: ',' or '}' is missing before 'b'"),
        ("[1 2]", "f.json5:1:4: ',' or ']' is missing before '2'"),
        ("[,]", "f.json5:1:2: a value is missing before ','"),
        ("{,}", "f.json5:1:2: a key is missing before ','"),
        ("[1}", "f.json5:1:3: ',' or ']' is missing before '}'"),
        ("{} {}", "f.json5:1:4: '{' after the end of the value"),
        ("{a: 1; b: 2}", "f.json5:1:6: ';' has no meaning here"),
        ("{a: @}", "f.json5:1:5: '@' has no meaning here"),
        ("\n\n  }", "f.json5:3:3: a value is missing before '}'"),
    ],
)
def test_a_broken_json5_text_is_refused_at_its_place(text: str, says: str) -> None:
    assert problem(text, "f.json5") == says


@pytest.mark.parametrize(
    ("text", "place"),
    [("{a: 1", "1:6"), ("[1,", "1:4"), ("{a:\n", "2:1"), ("{a", "1:3"), ("// only a comment\n", "2:1")],
)
def test_a_json5_text_that_stops_early_says_so_without_quoting_its_own_words(text: str, place: str) -> None:
    says = problem(text, "f.json5")
    assert says.startswith(f"f.json5:{place}: ")
    assert says.endswith("missing before the end of the file")


def test_an_unfinished_comment_is_called_one() -> None:
    says = problem("{a: 1 /* never closed\n}", "f.json5")
    assert says.startswith("f.json5:1:7: ")
    assert "comment" in says


@pytest.mark.parametrize("text", ["{a: 1};", "{a: 1} ; \n\n", "{a: 1}; // the end", "{a: 1};\n/* the\nend */\n"])
def test_a_semicolon_may_end_a_pasted_literal(text: str) -> None:
    assert value(text) == {"a": 1}


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("a: [1, 2\nb: 3\n", "2:2", "',' or ']'"),
        ("a: 'x\n", "2:1", "unexpected end"),
        ("a: 1\n\tb: 2\n", "2:1", "'\\t'"),
        ("a: *nowhere\n", "1:4", "undefined alias"),
        ("a: 1\n---\nb: 2\n", "2:1", "another document"),
        ("a: {[1]: 2}\n", "1:5", "a key has to be a word"),
        ("? {x: 1}\n: 2\n", "1:3", "a key has to be a word"),
    ],
)
def test_a_broken_yaml_text_is_refused_at_its_place(text: str, place: str, says: str) -> None:
    found = problem(text, "f.yaml")
    assert found.startswith(f"f.yaml:{place}: ")
    assert says in found


def test_a_control_character_in_yaml_is_refused_in_one_line_at_its_place() -> None:
    found = problem("a: 1\nb: x\x00y\n", "f.yaml")
    assert found.startswith("f.yaml:2:5: not YAML: ")
    assert "\n" not in found


@both
def test_values_may_be_nested_to_the_limit_and_no_deeper(name: str) -> None:
    assert value("[" * MAX_DEPTH + "]" * MAX_DEPTH, name)
    assert "nested too deeply" in problem("[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2), name)


@both
@pytest.mark.parametrize("opening", ["[", '{"a": '])
def test_absurd_nesting_is_refused_without_a_crash(name: str, opening: str) -> None:
    assert "nested too deeply" in problem(opening * 20_000, name)


def test_an_alias_repeats_its_value_with_positions_of_its_own() -> None:
    source = read_text("base: &b {x: 1}\nuse: [*b, *b]\n", "f.yaml")
    assert source.value == {"base": {"x": 1}, "use": [{"x": 1}, {"x": 1}]}
    assert source.where(("use", 1, "x")) == "f.yaml:1:14"


def test_an_alias_to_itself_and_one_that_multiplies_are_refused() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{this}: &{this} [{','.join([f'*{before}'] * 10)}]\n"
        for before, this in zip("abcdefgh", "bcdefghi", strict=True)
    )
    for text in ("a: &a [*a]\n", "a: &a {b: *a}\n", bomb):
        assert "an alias to itself, or too many values" in problem(text, "f.yaml")


@both
@pytest.mark.parametrize("text", ["", " \n\t\n", "\ufeff"])
def test_an_empty_file_is_said_to_be_empty(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        read(path)
    assert caught.value.problems == [f"{path}:1:1: the file is empty"]


def test_a_yaml_file_of_comments_is_empty() -> None:
    assert problem("# nothing\n", "f.yaml") == "f.yaml:1:1: the file is empty"


@both
def test_a_byte_order_mark_is_no_part_of_the_text(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(b"\xef\xbb\xbf" + '{"a": "Ngân hàng"}'.encode())
    source = read(path)
    assert source.value == {"a": "Ngân hàng"}
    assert source.where(("a",), key=True) == f"{path}:1:2"


def test_what_is_no_readable_file_is_refused_by_its_path(tmp_path: Path) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("a: café".encode("latin-1"))
    loop = tmp_path / "loop.yaml"
    loop.symlink_to(loop)
    expected = {
        tmp_path / "missing.yaml": "there is no such file",
        tmp_path: "this is a folder",
        latin: "not UTF-8 text (byte 6)",
        loop: "Too many levels of symbolic links",
    }
    for path, says in expected.items():
        with pytest.raises(SpecError) as caught:
            read(path)
        assert caught.value.problems == [f"{path}: {says}"]
        assert caught.value.where == str(path)


def test_addresses_are_written_with_dots() -> None:
    assert path_text(("tools", 0, "x")) == "tools.0.x"
    assert path_text(()) == "the file"


@both
@pytest.mark.parametrize("digits", ["9" * 5_000, "-" + "1" * 4_301])
def test_a_number_of_thousands_of_digits_is_refused_at_its_place(name: str, digits: str) -> None:
    assert problem(f'{{"a": {digits}}}', name).startswith(f"{name}:1:7: ")


@both
def test_a_number_beyond_what_json_has_is_refused_at_its_place(name: str) -> None:
    # Read as infinity it could be written to no log.
    assert problem('{"a": 1e999}', name).startswith(f"{name}:1:7: ")


@pytest.mark.parametrize("text", ['a: "\\U99999999"', 'a: "\\U00110000"', f"%YAML 1.{'9' * 5_000}\n---\na: 1"])
def test_yaml_that_its_parser_stumbles_over_is_refused(text: str) -> None:
    assert problem(text, "f.yaml").startswith("f.yaml:")


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=12,
)


@both
@settings(deadline=None)
@given(given_value=json_values)
def test_every_json_text_reads_back_equal(name: str, given_value: object) -> None:
    assert value(json.dumps(given_value), name) == given_value


@settings(deadline=None)
@given(given_value=json_values, indent=st.sampled_from([None, 0, 2]))
def test_json_reads_back_equal_however_it_is_laid_out(given_value: object, indent: int | None) -> None:
    text = json.dumps(given_value, indent=indent, ensure_ascii=False)
    assert value(text) == given_value


MARKS = "{}[]:,;\"'\\/*#-+?!&|>%@~` \t\n\r.0123456789eExXuU\ufeff\x00\x85\u2028é😀"
WORDS = "true|null|a: |- |&x |*x|!!|\\u|0x|//|/*|*/|---\n|...|%YAML 1.1\n|<<"
fragments = st.lists(st.sampled_from([*MARKS, *WORDS.split("|")]), max_size=30).map("".join)


@both
@settings(deadline=None)
@given(text=st.text() | fragments)
def test_any_text_is_read_or_refused_and_never_a_crash(name: str, text: str) -> None:
    try:
        json.dumps(value(text, name))
    except SpecError as error:
        assert error.problems[0].startswith(f"{name}:")
