from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from jsonschema import Draft202012Validator

from agent import agentfile
from agent.answer import NO_TOOL_CALL, SHOWN_ERRORS, AnswerCheck, compile_strict, parse
from agent.events import AnswerChecked, ContentStored, ToolAnswered, ToolAsked, ToolsOffered
from agent.source import Source, read_text
from agent.spec import AgentSpec
from tests.test_agentfile import FORM

ARTICLE = read_text(FORM.read_text(encoding="utf-8"), "f.json5").value
PAGE = "file:///runs/r1/page.html"
TOOL_URL = "https://charts.example/heatmap/7.png"


def spec_of(**keys: Any) -> AgentSpec:
    return agentfile.parse(Source("a mapping", {**ARTICLE, **keys})).spec


class Following(AnswerCheck):
    """Applies its own verdicts, as a run's journal does."""

    def check(self, text: str) -> AnswerChecked:
        checked = super().check(text)
        self.apply(checked)
        return checked

    def call(self, *, kind: str = "real", source: Literal["live", "refused"] = "live") -> None:
        self.apply(ToolAsked(1, "c", "t", "s", "t", {}, "k"))
        result = {"content": [{"type": "text", "text": TOOL_URL}]}
        self.apply(ToolAnswered(1, "c", result, TOOL_URL, False, kind, {}, "now", 0.1, source))


def check_of(*, labels: list[str] | None = None, called: bool = True, offered: bool = True, **keys: Any) -> Following:
    labels = labels or []
    check = Following(spec_of(**keys), compile_strict(spec_of(**keys)), PAGE, "RULES" if "RULES" in labels else None)
    check.apply(ToolsOffered([{"name": "t"}] if offered else []))
    if called:
        check.call(kind="simulated" if "SIMULATED" in labels else "real")
    return check


def advice(name: str = "Banks", **changes: Any) -> dict[str, Any]:
    whole = {"sector_name": name, "action": "neutral", "rationale": "It rose 2%.", "confidence_score": 0.55}
    return {key: value for key, value in (whole | changes).items() if value is not None}


def answer(*recommendations: Any, url: Any = "") -> str:
    return json.dumps({"sector_recommendations": list(recommendations), "heatmap_url": url})


def found(checked: AnswerChecked) -> list[tuple[str, str]]:
    assert checked.valid == (not checked.errors)
    return [(error["pointer"], error["code"]) for error in checked.errors]


def test_the_strict_reading_requires_all_that_is_declared_and_nothing_else() -> None:
    assert compile_strict(spec_of()) == {
        "type": "object",
        "properties": {
            "sector_recommendations": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "properties": {
                        "sector_name": {"type": "string", "minLength": 1},
                        "action": {"type": "string", "enum": ["overweight", "underweight", "neutral"]},
                        "rationale": compile_strict(spec_of())["properties"]["sector_recommendations"]["items"][
                            "properties"
                        ]["rationale"],
                        "confidence_score": {"type": "number", "minimum": 0, "maximum": 1},
                    },
                    "required": ["sector_name", "action", "rationale", "confidence_score"],
                    "additionalProperties": False,
                },
            },
            "heatmap_url": {"type": "string", "description": "Where the picture can be opened."},
        },
        "required": ["sector_recommendations", "heatmap_url"],
        "additionalProperties": False,
    }


def test_the_file_itself_is_not_changed_by_compiling_it() -> None:
    spec = spec_of(universe=["Banks"])
    before = json.dumps(spec.response_format)
    compile_strict(spec)["properties"]["heatmap_url"]["type"] = "null"
    assert json.dumps(spec.response_format) == before


RECS = "/sector_recommendations"


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        (answer(advice()), []),
        ("{}", [("", "required")]),
        ('{"sector_recommendations": [{}]}', [(f"{RECS}/0", "required")] * 4),
        (answer(), [(RECS, "minItems")]),
        (answer(advice(confidence_score=97)), [(f"{RECS}/0/confidence_score", "maximum")]),
        (answer(advice(confidence_score=-0.1)), [(f"{RECS}/0/confidence_score", "minimum")]),
        (answer(advice(confidence_score="0.5")), [(f"{RECS}/0/confidence_score", "type")]),
        (answer(advice(confidence_score=True)), [(f"{RECS}/0/confidence_score", "type")]),
        (answer(advice(confidence_score=0), advice("Oil", confidence_score=1)), []),
        (answer(advice(action="buy")), [(f"{RECS}/0/action", "enum")]),
        (answer(advice(action=None)), [(f"{RECS}/0", "required")]),
        (answer(advice(name="")), [(f"{RECS}/0/sector_name", "minLength")]),
        (answer(advice(target=5)), [(f"{RECS}/0", "additionalProperties")]),
        (answer(advice(), "Oil"), [(f"{RECS}/1", "type")]),
        (answer(advice(), advice("Oil"), advice(" banks ")), [(f"{RECS}/2/sector_name", "duplicate_sector")]),
        ('{"sector_recommendations": {"a": 1}, "heatmap_url": ""}', [(RECS, "type")]),
        ('["a"]', [("", "type")]),
        ("5", [("", "type")]),
        ("Sell everything.", [("", "not_json")]),
        ('{"sector_recommendations": [{"sector_name": "Ba', [("", "not_json")]),
        (answer(advice(confidence_score=float("nan"))), [("", "not_json")]),
        ("", [("", "not_json")]),
    ],
)  # fmt: skip
def test_an_answer_is_valid_or_told_its_errors(text: str, errors: list[tuple[str, str]]) -> None:
    checked = check_of().check(text)
    assert found(checked) == errors
    assert (checked.reply is None) == checked.valid


def test_an_extra_key_at_the_top_is_refused() -> None:
    text = json.dumps(json.loads(answer(advice())) | {"disclaimer": "none"})
    assert found(check_of().check(text)) == [("", "additionalProperties")]


@pytest.mark.parametrize("rationale", ["", " ", "\n\t", "[SIMULATED]", "[RULES] "])
def test_a_rationale_of_spaces_or_labels_alone_says_nothing(rationale: str) -> None:
    checked = check_of(labels=["SIMULATED"]).check(answer(advice(rationale=rationale)))
    assert {pointer for pointer, _ in found(checked)} == {f"{RECS}/0/rationale"}


def test_a_universe_is_answered_whole_and_with_its_own_names() -> None:
    check = check_of(universe=["Banks", "Oil", "Steel"])
    assert found(check.check(answer(advice("Banks"), advice("Oil"), advice("Steel")))) == []
    some = check.check(answer(advice("Banks")))
    assert [error["message"] for error in some.errors] == ["no recommendation for Oil, Steel"]
    assert found(some) == [(RECS, "missing_sector")]
    other = check.check(answer(advice("Banks"), advice("Oil"), advice("Steel"), advice("Tech")))
    assert found(other) == [(f"{RECS}/3/sector_name", "enum")]


def test_a_universe_is_satisfiable_however_its_names_are_spaced() -> None:
    check = check_of(universe=["Banks ", "Oil"])
    assert found(check.check(answer(advice("Banks "), advice("Oil")))) == []


def test_a_file_that_is_not_strict_is_taken_literally() -> None:
    check = check_of(strict=False, universe=["Oil"])
    for text in ("{}", answer(advice(confidence_score=97, extra=1), advice()), '{"sector_recommendations": [{}]}'):
        assert found(check.check(text)) == []
    assert found(check.check('{"heatmap_url": "", "sector_recommendations": 1}')) == [(RECS, "type")]


OTHER = {
    "type": "object",
    "properties": {
        "summary": {"type": "string"},
        "findings": {"type": "array", "items": {"$ref": "#/$defs/finding"}},
        "kind": {"anyOf": [{"type": "null"}, {"type": "object", "properties": {"a": {"type": "integer"}}}]},
        "meta": {"type": "object", "properties": {"x": {"type": "string"}}, "additionalProperties": True},
        "enum": {"enum": [{"properties": {"kept": 1}}]},
    },
    "$defs": {"finding": {"type": "object", "properties": {"text": {"type": "string"}}, "required": []}},
}
OTHER_ANSWER = {"summary": "", "findings": [{"text": "t"}], "kind": None, "meta": {"x": "", "y": 1},
                "enum": {"properties": {"kept": 1}}}  # fmt: skip


def test_a_schema_of_another_domain_is_read_strictly_too() -> None:
    check = check_of(response_format=OTHER)
    assert found(check.check(json.dumps(OTHER_ANSWER))) == []
    assert check.check(json.dumps(OTHER_ANSWER)).answer == OTHER_ANSWER
    assert found(check.check(json.dumps(OTHER_ANSWER | {"findings": []}))) == []
    assert found(check.check(json.dumps(OTHER_ANSWER | {"findings": [{}]}))) == [("/findings/0", "required")]
    assert found(check.check(json.dumps(OTHER_ANSWER | {"kind": {"a": 1, "b": 2}}))) == [("/kind", "anyOf")]
    assert found(check.check(json.dumps(OTHER_ANSWER | {"heatmap_url": "x"}))) == [("", "additionalProperties")]


def test_a_schema_whose_parts_add_up_can_still_be_satisfied() -> None:
    parts = [{"properties": {"a": {"type": "integer"}}}, {"properties": {"b": {"type": "integer"}}}]
    check = check_of(response_format={"type": "object", "allOf": parts})
    assert found(check.check('{"a": 1, "b": 2}')) == []


@pytest.mark.parametrize(
    "recommendations",
    [True, {"type": "array"}, {"type": "array", "items": True},
     {"type": "array", "items": {"type": "object", "properties": {"rationale": True, "sector_name": True}}}],
)  # fmt: skip
def test_a_schema_that_says_little_of_recommendations_is_compiled(recommendations: object) -> None:
    schema = compile_strict(
        spec_of(response_format={"type": "object", "properties": {"sector_recommendations": recommendations}})
    )
    Draft202012Validator.check_schema(schema)
    assert Draft202012Validator(schema).is_valid({"sector_recommendations": [{"rationale": "r", "sector_name": "s"}]})


def test_the_sector_rules_hold_for_a_schema_with_references() -> None:
    item = ARTICLE["response_format"]["properties"]["sector_recommendations"]["items"]
    recommendations = {"type": "array", "items": {"$ref": "#/$defs/one"}}
    whole = {"type": "object", "properties": {"sector_recommendations": recommendations}, "$defs": {"one": item}}
    check = check_of(response_format=whole)
    text = json.dumps({"sector_recommendations": [advice(confidence_score=97)]})
    assert found(check.check(text)) == [(f"{RECS}/0/confidence_score", "maximum")]


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}', ' {"a": 1}\n', '```json\n{"a": 1}\n```', '```\n{"a": 1}\n```',
        'Here:\n```json\n{"a": 1}\n```\nDone.', 'Here it is: {"a": 1} as asked.', '```JSON\n{"a": 1}\n```',
        '```\nnot this\n```\n```json\n{"a": 1}\n```',
    ],
)  # fmt: skip
def test_the_json_is_found_in_what_a_model_writes_around_it(text: str) -> None:
    assert parse(text) == {"a": 1}


@pytest.mark.parametrize(
    "text", ['{"a": 1} {"a": 2}', "```json\n{}\n```\n```json\n{}\n```", "}{", "{'a': 1}", '{"a": Infinity}']
)
def test_two_values_or_half_a_value_are_no_answer(text: str) -> None:
    with pytest.raises(ValueError, match="the text holds no JSON object"):
        parse(text)


def test_a_number_beyond_what_json_has_is_no_answer() -> None:
    # Read as infinity, it would be written as such into the answer's file, which no JSON reader takes.
    check = check_of(response_format={"type": "object", "properties": {"x": {"type": "number"}}})
    checked = check.check('{"x": 1e999}')
    assert not checked.valid


@pytest.mark.parametrize("depth", [300, 600, 950, 20_000])
def test_an_absurdly_nested_answer_is_an_answer_or_an_error_and_no_crash(depth: int) -> None:
    check = check_of(response_format={"type": "object", "properties": {"x": {}}})
    checked = check.check('{"x": ' + "[" * depth + "]" * depth + "}")
    assert checked.valid or found(checked) == [("", "not_json")]


EVIL = "https://evil.example/x"


def test_a_link_that_came_from_no_tool_is_an_error_where_it_stands() -> None:
    check = check_of()
    checked = check.check(answer(advice(rationale=f"See {EVIL}, {TOOL_URL}."), advice("Oil", rationale=TOOL_URL)))
    assert found(checked) == [(f"{RECS}/0/rationale", "foreign_link")]
    assert checked.errors[0]["message"] == f"{EVIL} came from no tool of this run"
    assert checked.reply is not None and EVIL in checked.reply
    assert found(check.check(answer(advice(rationale=f"See {TOOL_URL}."), url=TOOL_URL))) == []


def test_the_error_about_a_long_link_is_short() -> None:
    checked = check_of().check(answer(advice(rationale=EVIL + "x" * 5000)))
    assert len(checked.errors[0]["message"]) <= 300


def test_a_link_is_found_in_an_answer_of_any_form_and_in_its_names() -> None:
    check = check_of(response_format=OTHER)
    odd = OTHER_ANSWER | {"summary": f"See {EVIL}", "meta": {"x": "", EVIL: 1}}
    pointer = "/meta/" + EVIL.replace("/", "~1")
    assert found(check.check(json.dumps(odd))) == [("/summary", "foreign_link"), (pointer, "foreign_link")]


SYSTEM = " ".join(f"Rule {at}: weigh the evidence for sector {at}." for at in range(9))


def test_a_long_piece_of_the_system_text_is_an_error_where_it_stands() -> None:
    check = check_of()
    check.system = SYSTEM
    checked = check.check(answer(advice("Oil"), advice(rationale=f"I was told: {SYSTEM[32:112].upper()}")))
    assert found(checked) == [(f"{RECS}/1/rationale", "repeats_prompt")]
    assert SYSTEM[32:62] not in checked.errors[0]["message"]
    assert found(check.check(answer(advice(rationale=SYSTEM[32:111])))) == []


def test_what_the_schema_itself_demands_may_be_said() -> None:
    rules = {"link": {"const": EVIL}, "notice": {"enum": [SYSTEM]}, "more": {"type": "string"}}
    check = check_of(response_format={"type": "object", "properties": rules})
    check.system = SYSTEM
    assert found(check.check(json.dumps({"link": EVIL, "notice": SYSTEM, "more": ""}))) == []
    assert found(check.check(json.dumps({"link": EVIL, "notice": SYSTEM, "more": f"{EVIL} {SYSTEM}"}))) == [
        ("/more", "foreign_link"), ("/more", "repeats_prompt"),
    ]  # fmt: skip


def test_links_and_the_system_text_are_no_matter_in_a_file_that_is_not_strict() -> None:
    check = check_of(strict=False)
    check.system = SYSTEM
    assert found(check.check(answer(advice(rationale=f"{EVIL} {SYSTEM}")))) == []


def test_a_large_result_is_searched_where_it_is_stored() -> None:
    check = check_of(called=False)
    content = ContentStored.of({"content": [{"type": "text", "text": json.dumps({"a": TOOL_URL, "b": EVIL})}]})
    for event in (content, ToolAsked(1, "c", "t", "s", "t", {}, "k")):
        check.apply(event)
    shown = f'{{"a": "{TOOL_URL}" [cut]'
    check.apply(ToolAnswered(1, "c", {"stored": content.hash}, shown, False, "real", {}, "now", 0.1))
    assert check.urls == {TOOL_URL}


def test_an_address_in_an_error_was_not_returned() -> None:
    check = check_of(called=False)
    check.apply(ToolAsked(1, "c", "t", "s", "t", {}, "k"))
    failed = {"content": [{"type": "text", "text": TOOL_URL}], "isError": True}
    check.apply(ToolAnswered(1, "c", failed, TOOL_URL, True, "real", {}, "now", 0.1))
    assert check.called and check.urls == set()


def test_an_answer_without_any_call_is_sent_back_once_and_then_final() -> None:
    check = check_of(called=False)
    first, second = check.check(answer(advice())), check.check(answer(advice()))
    assert found(first) == found(second) == [("", NO_TOOL_CALL)]
    assert first.reply is not None and "without calling any tool" in first.reply and "<!--" not in first.reply
    assert second.reply is None
    assert (first.answer, second.attempt) == (None, 2)


def test_no_call_is_needed_where_none_is_possible_or_wanted() -> None:
    assert check_of(called=False, offered=False).check(answer(advice())).valid
    assert check_of(called=False, policy={"require_calls": False}).check(answer(advice())).valid


@pytest.mark.parametrize("repairs", [0, 1, 2])
@pytest.mark.parametrize("sent_back", [False, True])
def test_an_invalid_answer_is_repaired_as_often_as_the_budget_says(repairs: int, sent_back: bool) -> None:
    check = check_of(called=not sent_back, budget={"repairs": repairs})
    if sent_back:
        assert check.check("{}").reply is not None
        check.call()
    replies = [check.check("{}").reply for _ in range(repairs + 2)]
    assert [reply is not None for reply in replies] == [True] * repairs + [False, False]


def test_a_repair_names_each_error_by_its_place_and_no_more_than_some() -> None:
    reply = check_of().check(answer(advice(action="buy", rationale="$x ${y}", **{"$z": 1}))).reply
    assert reply is not None
    assert f"- {RECS}/0/action: 'buy' is not one of ['overweight', 'underweight', 'neutral']" in reply
    assert "$z" in reply
    many = check_of().check(answer(*(advice(f"S{at}", confidence_score=2) for at in range(SHOWN_ERRORS + 3)))).reply
    assert many is not None and "- and 3 more" in many
    assert many.count("- /sector") == SHOWN_ERRORS
    whole = check_of().check("words").reply
    assert whole is not None and "- the whole answer: the text holds no JSON object" in whole


def test_an_error_about_a_long_value_is_short() -> None:
    checked = check_of().check(answer(advice(action="x" * 5000)))
    assert len(checked.errors[0]["message"]) <= 300


def test_pointers_escape_what_pointers_have_to() -> None:
    check = check_of(response_format={"type": "object", "properties": {"a/b~c": {"type": "string"}}})
    assert found(check.check('{"a/b~c": 1}')) == [("/a~1b~0c", "type")]
