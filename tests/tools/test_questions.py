from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mcp_types import ElicitRequestFormParams, ElicitRequestURLParams

from agent.spec import PolicySpec
from agent.tools.ports import Form
from agent.tools.questions import Questions, defaults_of

FORM: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string", "default": "Ann"}, "sure": {"type": "boolean"}},
    "required": ["name", "sure"],
}


class Answering:
    """A person who fills every form in the same way."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.asked: list[tuple[str, str]] = []

    async def fill(self, server: str, message: str, schema: dict[str, Any]) -> Form:
        self.asked.append((server, message))
        return self.form

    async def allow(self, server: str, tool: str, arguments: Any) -> bool:
        raise AssertionError("no call was to be allowed")


async def asked(questions: Questions, schema: dict[str, Any] = FORM, message: str = "Who?") -> tuple[str, Form]:
    result = await questions.elicit(None, ElicitRequestFormParams(message=message, requested_schema=schema))
    return result.action, result.content  # type: ignore[return-value]


def questions(policy: Any, person: Answering | None = None) -> Questions:
    return Questions("desk", PolicySpec(elicitation=policy), person)


async def test_question_is_declined_by_default_and_that_is_noted() -> None:
    desk = Questions("desk")
    assert await asked(desk) == ("decline", None)
    assert desk.notes == ["server 'desk' asked: 'Who?'; it was declined (policy.elicitation)"]


async def test_defaults_of_the_form_answer_it_where_the_policy_says_so() -> None:
    desk = questions("defaults")
    assert await asked(desk) == ("accept", {"name": "Ann", "sure": True})
    assert "accepted with the form's defaults" in desk.notes[0]


async def test_form_whose_defaults_do_not_fill_it_is_declined() -> None:
    missing = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
    assert await asked(questions("defaults"), missing) == ("decline", None)


async def test_person_is_asked_where_there_is_one_and_the_clock_stands_still() -> None:
    person, clock = Answering({"name": "Bo", "sure": False}), []
    desk = questions("ask", person)
    desk.paused = clock.append
    assert await asked(desk) == ("accept", {"name": "Bo", "sure": False})
    assert (person.asked, clock) == ([("desk", "Who?")], [True, False])


@pytest.mark.parametrize("form", [None, {"name": 3, "sure": True}, {"name": "Bo"}])
async def test_what_a_person_declines_or_does_not_fill_in_is_declined(form: Form) -> None:
    assert await asked(questions("ask", Answering(form))) == ("decline", None)


async def test_nobody_to_ask_is_no_answer() -> None:
    assert await asked(questions("ask")) == ("decline", None)


async def test_question_that_leads_to_a_page_is_declined() -> None:
    params = ElicitRequestURLParams(message="Sign in", url="https://example.com", elicitation_id="1")
    assert (await questions("defaults").elicit(None, params)).action == "decline"


async def test_question_is_shown_without_invisible_characters_and_not_for_ever() -> None:
    person = Answering(None)
    await asked(questions("ask", person), message="Wh\u202eo?" + "x" * 10_000)
    assert person.asked[0][1].startswith("Who?xx") and len(person.asked[0][1]) == 500


@pytest.mark.parametrize(
    ("schema", "defaults"),
    [
        ({}, {}),
        ({"properties": {"a": {"type": "boolean"}}}, {}),
        ({"properties": {"a": {"type": "boolean"}}, "required": ["a"]}, {"a": True}),
        ({"properties": {"a": {"default": False, "type": "boolean"}}, "required": ["a"]}, {"a": False}),
        ({"properties": {"a": True}}, {}),
    ],
)
def test_defaults_are_those_declared_and_yes_where_an_answer_is_required(
    schema: dict[str, Any], defaults: dict[str, Any]
) -> None:
    assert defaults_of(schema) == defaults


async def test_roots_are_the_folders_that_the_file_names(tmp_path: Path) -> None:
    told = await Questions("desk", PolicySpec(roots=[str(tmp_path)])).roots(None)
    assert [str(root.uri) for root in told.roots] == [tmp_path.as_uri()]
