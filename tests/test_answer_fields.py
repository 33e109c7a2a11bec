"""The fields of an answer that are ours to set: the heatmap's URL, and the labels before each rationale."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.events import PAGE_URL
from tests.test_answer import ARTICLE, OTHER, OTHER_ANSWER, TOOL_URL, advice, answer, check_of


@pytest.mark.parametrize("url", ["", None, PAGE_URL])
def test_a_missing_heatmap_is_ours_without_a_word(url: Any) -> None:
    checked = check_of().check(answer(advice(), url=url))
    assert (checked.valid, checked.answer["heatmap_url"], checked.notes) == (True, PAGE_URL, [])
    absent = check_of().check(json.dumps({"sector_recommendations": [advice()]}))
    assert (absent.valid, absent.answer["heatmap_url"], absent.notes) == (True, PAGE_URL, [])


def test_a_heatmap_that_a_tool_returned_is_kept() -> None:
    checked = check_of().check(answer(advice(), url=TOOL_URL))
    assert (checked.answer["heatmap_url"], checked.notes) == (TOOL_URL, [])


@pytest.mark.parametrize("url", ["https://evil.example/x", TOOL_URL + "?q=secret", TOOL_URL[:-4], 7, ["x"], {"a": 1}])
def test_any_other_heatmap_is_replaced_and_the_replacement_noted(url: Any) -> None:
    checked = check_of().check(answer(advice(), url=url))
    assert (checked.valid, checked.answer["heatmap_url"]) == (True, PAGE_URL)
    assert checked.notes == [f"heatmap_url {url!r} came from no tool of this run and was replaced"]


def test_a_tools_heatmap_is_kept_only_on_a_host_that_the_file_names() -> None:
    assert check_of(policy={"links": ["example"]}).check(answer(advice(), url=TOOL_URL)).notes == []
    checked = check_of(policy={"links": ["maps.example"]}).check(answer(advice(), url=TOOL_URL))
    assert (checked.valid, checked.answer["heatmap_url"]) == (True, PAGE_URL)
    assert checked.notes == [
        f"heatmap_url {TOOL_URL!r} leads to a host that policy.links does not name and was replaced"
    ]


def test_a_schema_without_a_heatmap_gets_none() -> None:
    checked = check_of(response_format=OTHER).check(json.dumps(OTHER_ANSWER))
    assert "heatmap_url" not in checked.answer


@pytest.mark.parametrize("rule", [{"pattern": "^(https?|file)://"}, {"format": "uri", "minLength": 20}])
def test_a_rule_for_urls_does_not_make_every_answer_invalid(rule: dict[str, Any]) -> None:
    # What stands in the log is a stand-in for the page's address, which is known only later.
    response_format = {
        "type": "object",
        "properties": ARTICLE["response_format"]["properties"] | {"heatmap_url": {"type": "string"} | rule},
    }
    assert check_of(response_format=response_format).check(answer(advice())).valid


def rationale(text: str, *labels: str, **keys: Any) -> Any:
    checked = check_of(labels=list(labels), **keys).check(answer(advice(rationale=text)))
    return checked.answer["sector_recommendations"][0]["rationale"]


@pytest.mark.parametrize(
    ("labels", "written", "means"),
    [
        ([], "It rose.", "It rose."),
        (["SIMULATED"], "It rose.", "[SIMULATED] It rose."),
        (["RULES"], "It rose.", "[RULES] It rose."),
        (["SIMULATED", "RULES"], "It rose.", "[SIMULATED, RULES] It rose."),
        (["SIMULATED"], "[SIMULATED] It rose.", "[SIMULATED] It rose."),
        (["SIMULATED", "RULES"], "[SIMULATED] It rose.", "[SIMULATED, RULES] It rose."),
        (["SIMULATED", "RULES"], "[SIMULATED, RULES] It rose.", "[SIMULATED, RULES] It rose."),
        (["SIMULATED", "RULES"], "[SIMULATED] [RULES]It rose.", "[SIMULATED, RULES] It rose."),
        (["SIMULATED"], "[OTHER] It rose.", "[SIMULATED] [OTHER] It rose."),
        (["SIMULATED"], "It rose [SIMULATED].", "[SIMULATED] It rose [SIMULATED]."),
    ],
)
def test_labels_begin_a_rationale_once(labels: list[str], written: str, means: str) -> None:
    assert rationale(written, *labels) == means


def test_labels_stand_in_files_that_are_not_strict_too() -> None:
    assert rationale("It rose.", "SIMULATED", strict=False) == "[SIMULATED] It rose."


@pytest.mark.parametrize("broken", [None, 5, ["x"], {"a": 1}])
def test_a_rationale_that_is_no_text_is_left_as_it_is(broken: Any) -> None:
    checked = check_of(labels=["RULES"]).check(answer(advice() | {"rationale": broken}))
    assert checked.answer["sector_recommendations"][0]["rationale"] == broken
    assert not checked.valid


def test_what_the_answer_holds_elsewhere_is_not_touched() -> None:
    given = json.loads(answer(advice("Ngân hàng"), url=TOOL_URL))
    checked = check_of().check(json.dumps(given))
    assert checked.answer == given
