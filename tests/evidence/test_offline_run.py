from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from agent.agentfile import load
from agent.evidence import Number, examine
from agent.gathering import result_of
from agent.result import RunResult
from agent.run import run
from agent.runs import log
from tests.cli.advisor import advisor


def examined(folder: Path) -> tuple[RunResult, list[Number]]:
    result = result_of(line.event for line in log.read(folder / log.FILE))
    return result, examine(result.answer, result.figures)


def check_grounded(result: RunResult, numbers: list[Number]) -> None:
    assert result.ok
    assert [(each.text, each.status, each.why) for each in numbers if each.counted and not each.supported] == []
    for at in range(len(result.answer["sector_recommendations"])):
        own = [each for each in numbers if each.pointer == f"/sector_recommendations/{at}/rationale"]
        assert any(each.counted for each in own)
        assert {each.why for each in own if not each.counted} <= {"rank", "period", "count", "year"}


def test_everything_that_the_planner_says_has_evidence(planned: Path) -> None:
    check_grounded(*examined(planned))


@pytest.mark.parametrize(
    "question",
    ["Which sectors lead?", "Which sectors hold up in a downturn?", "Do utilities gain when interest rates rise?"],
)
def test_so_it_has_over_real_months(question: str, home: Path) -> None:
    advisor("ask", "--offline", "-q", "-c", "us_sector_rotation", "--as-of", "2008-09-30", question)
    [folder] = (home / "runs").iterdir()
    check_grounded(*examined(folder))


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("rate_shock", ["2024-12-31", "2025-06-30"]),
        ("sector_pro", ["2023-09-29", "2025-03-31"]),
        ("us_sector_rotation", ["1955-06-30", "1974-09-30", "2008-09-30", "2017-01-31"]),
    ],
)
async def test_so_it_has_in_vietnamese(name: str, days: list[str]) -> None:
    spec = load(name).spec
    file = spec.model_dump(exclude_unset=True, by_alias=True) | {"language": "vi"}
    for day in days:
        for question in ("Lãi suất tăng thì ngành nào hưởng lợi?", "Ngành nào phòng thủ tốt khi suy thoái?"):
            result = await run(file, question, model="planner", as_of=day)
            check_grounded(result, examine(result.answer, result.figures, aliases=spec.aliases, language="vi"))
            told = " ".join(each["rationale"] for each in result.answer["sector_recommendations"])
            assert not re.search(r"\b(the|return|performance|volatility|flow|percent)\b", told)


def test_a_planner_with_another_number_is_caught(planned: Path) -> None:
    result, numbers = examined(planned)
    first = next(each for each in numbers if each.counted)
    text = result.answer["sector_recommendations"][0]["rationale"]
    changed = json.loads(json.dumps(result.answer))
    other = first.text.replace(first.text[0], "8" if first.text[0] == "9" else "9", 1)
    changed["sector_recommendations"][0]["rationale"] = text[: first.start] + other + text[first.end :]
    again = examine(changed, result.figures)
    assert next((each.text, each.supported) for each in again if each.start == first.start) == (other, False)
