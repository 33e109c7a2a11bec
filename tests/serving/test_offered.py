"""The tool that an agent file makes."""

from __future__ import annotations

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import agentfile
from agent.errors import UsageError
from agent.serving.offered import Offered, tool_name, tools_of
from agent.source import Source
from tests.scripted import ANSWER, agent_file


def offered(**keys: object) -> Offered:
    [tool] = tools_of([agentfile.parse(Source("a mapping", agent_file(**keys)))]).values()
    return tool


@pytest.mark.parametrize(
    ("agent_name", "name"),
    [
        ("DynamicSectorAdvisor", "dynamic_sector_advisor"),
        ("US Sector Rotation", "us_sector_rotation"),
        ("USSectorRotation", "us_sector_rotation"),
        ("rate-shock  v2", "rate_shock_v2"),
        ("Cố vấn Đầu tư", "co_van_dau_tu"),
    ],
)
def test_a_tool_is_called_as_its_agent_in_snake_case(agent_name: str, name: str) -> None:
    assert tool_name(agent_name) == name


@given(st.text(min_size=1))
def test_any_name_makes_one_that_every_client_takes(agent_name: str) -> None:
    name = tool_name(agent_name)
    assert 1 <= len(name) <= 64 and name.isascii() and all(each.isalnum() or each == "_" for each in name)


def test_names_without_a_letter_of_ours_stay_apart() -> None:
    assert tool_name("板块") != tool_name("行业") and tool_name("板块") == tool_name("板块")


def test_two_files_of_one_name_are_refused_with_both() -> None:
    files = [agentfile.parse(Source(name, agent_file())) for name in ("one.yaml", "two.yaml")]
    with pytest.raises(UsageError, match=r"one\.yaml and two\.yaml both make a tool 'tester'"):
        tools_of(files)


def test_what_an_answers_schema_refers_to_is_still_found_in_the_tools_schema() -> None:
    each = {"type": "object", "properties": {"score": {"type": "integer"}}}
    form = {"type": "object", "properties": {"scores": {"type": "array", "items": {"$ref": "#/$defs/each"}}}}
    schema = offered(response_format={**form, "$defs": {"each": each}}).output_schema
    judge = jsonschema.Draft202012Validator({"$defs": schema["$defs"], **schema["properties"]["answer"]})
    assert judge.is_valid({"scores": [{"score": 1}]}) and judge.is_valid(None)
    assert not judge.is_valid({"scores": [{"score": "one"}]})


def test_the_answer_is_judged_as_strictly_as_in_a_run() -> None:
    schema = offered().output_schema
    judge = jsonschema.Draft202012Validator({"$defs": schema["$defs"], **schema["properties"]["answer"]})
    assert judge.is_valid(ANSWER)
    assert not judge.is_valid({"sector_recommendations": [], "heatmap_url": ""})


def test_a_question_has_to_be_given_where_the_file_has_none() -> None:
    assert offered().input_schema["required"] == ["question"]
    with_one = offered(objective="Which sectors lead?").input_schema
    with pytest.raises(UsageError, match="question: it is blank"):
        offered().checked({"question": " "})
    assert offered(objective="Which sectors lead?").checked({"question": " "}) == (None, None)
    assert "required" not in with_one and "Which sectors lead?" in with_one["properties"]["question"]["description"]
