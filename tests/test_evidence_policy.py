"""What becomes of numbers that no tool result bears out: told, sent back once, or refused."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from agent.events import AnswerChecked
from agent.model.base import Turn
from tests.asking import ask, logged
from tests.scripted import ANSWER, LOOK, Scripted, answer, said


def saying(banks: str, energy: str = "It fell by 3.1 %.") -> Turn:
    """An answer with these rationales. The market's heatmap has Banks at 4.2 and Energy at -3.1 percent."""
    advice: dict[str, Any] = copy.deepcopy(ANSWER)
    for row, rationale in zip(advice["sector_recommendations"], (banks, energy), strict=True):
        row["rationale"] = rationale
    return answer(advice)


TRUE = saying("Up 4.2 % (3M).")
MADE_UP = saying("Up 9.7 % (3M).")


def statuses(result: Any) -> list[str]:
    return [number["status"] for number in result.evidence if number["status"] != "excluded"]


async def test_each_number_that_is_borne_out_names_its_call_and_cell() -> None:
    result = await ask(Scripted(said(LOOK), TRUE))
    first = next(number for number in result.evidence if number["text"].startswith("4.2"))
    assert (first["status"], first["pointer"]) == ("grounded", "/sector_recommendations/0/rationale")
    assert [(each["call"], each["pointer"], each["value"]) for each in first["figures"]] == [
        (LOOK["id"], "/rows/0/performance", 4.2)
    ]
    assert result.envelope()["evidence"]["counted"] == {"grounded": 2}
    assert not any("borne out" in warning for warning in result.warnings)


async def test_a_made_up_number_is_sent_back_once_with_what_it_is() -> None:
    model = Scripted(said(LOOK), MADE_UP, TRUE)
    result = await ask(model)
    told = model.requests[2].messages[-1]["content"][-1]["text"]
    assert "9.7 %" in told and "/sector_recommendations/0/rationale" in told and "3.1" not in told
    assert (result.status, result.repairs, statuses(result)) == ("ok", 1, ["grounded", "grounded"])


@pytest.mark.parametrize(
    ("banks", "energy", "code"),
    [
        ("Up 9.7 %.", "It fell by 3.1 %.", "ungrounded"),
        ("Up 4.2 %.", "It rose by 3.1 %.", "wrong_sign"),
        ("Up 4.2 %.", "It is up 4.2 %.", "wrong_sector"),
    ],
)
async def test_what_is_wrong_with_a_number_stands_in_the_log(banks: str, energy: str, code: str) -> None:
    result = await ask(Scripted(said(LOOK), saying(banks, energy), TRUE))
    first = next(event for event in logged(result) if isinstance(event, AnswerChecked))
    assert [error["code"] for error in first.errors] == [code]
    assert not first.valid and first.evidence


async def test_a_second_answer_with_made_up_numbers_is_kept_and_told() -> None:
    result = await ask(Scripted(said(LOOK), MADE_UP, saying("Up 8.8 % (3M).")))
    assert result.ok and statuses(result) == ["ungrounded", "grounded"]
    [warning] = [each for each in result.warnings if "borne out" in each]
    assert "1 of 2 numbers" in warning and "8.8 %" in warning


async def test_a_policy_that_warns_sends_nothing_back() -> None:
    result = await ask(Scripted(said(LOOK), MADE_UP), keys={"policy": {"evidence": "warn"}})
    assert result.ok and result.repairs == 0
    assert any("9.7 %" in warning for warning in result.warnings)


async def test_a_policy_that_refuses_takes_no_answer_with_made_up_numbers() -> None:
    keys = {"policy": {"evidence": "refuse"}, "budget": {"repairs": 1}}
    result = await ask(Scripted(said(LOOK), MADE_UP, MADE_UP), keys=keys)
    assert result.status == "invalid" and "9.7 %" in result.stop_reason


@pytest.mark.parametrize("limits", [{"repairs": 0}, {"turns": 2}, {"tool_calls": 1}])
async def test_nothing_is_sent_back_where_the_model_can_hardly_be_asked_again(limits: dict[str, int]) -> None:
    result = await ask(Scripted(said(LOOK), MADE_UP), keys={"budget": limits})
    assert result.ok and any("9.7 %" in warning for warning in result.warnings)


async def test_schema_and_numbers_are_sent_back_together_and_the_schema_again() -> None:
    broken = json.loads(MADE_UP.content[0]["text"])
    broken["sector_recommendations"][0]["confidence_score"] = 7
    model = Scripted(said(LOOK), answer(broken), answer(broken), MADE_UP)
    result = await ask(model)
    assert "9.7 %" in model.requests[2].messages[-1]["content"][-1]["text"]
    assert "9.7 %" not in model.requests[3].messages[-1]["content"][-1]["text"]
    assert result.ok and result.repairs == 2


async def test_numbers_after_no_result_at_all_are_made_up() -> None:
    model = Scripted(
        said(LOOK | {"name": "nothing"}), said(LOOK | {"id": "2", "input": {"lookback_period": 3}}), MADE_UP, MADE_UP
    )
    result = await ask(model, keys={"policy": {"require_calls": False}})
    assert statuses(result) == ["ungrounded", "ungrounded"]


async def test_vietnamese_numbers_are_read_as_they_are_written() -> None:
    result = await ask(Scripted(said(LOOK), saying("Tăng 4,2% trong 3 tháng.", "Giảm 3,1%.")), keys={"language": "vi"})
    assert statuses(result) == ["grounded", "grounded"]
