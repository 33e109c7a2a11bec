from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from agent.as_of_date import as_of_day
from agent.errors import UsageError
from agent.events import ToolAnswered
from agent.run import run
from agent.runs import store
from tests.resuming import cut_after, go_on, sitting
from tests.scripted import LOOK, Scripted, agent_file, answer, said

TONIGHT = datetime(2026, 3, 1, 9, 59, tzinfo=UTC)
"""A minute before 2 March begins where days begin first."""


@pytest.mark.parametrize(
    ("day", "now"),
    [
        ("2026-03-01", TONIGHT),
        ("2008-09-30", TONIGHT),
        (date(2026, 3, 1), TONIGHT),
        ("2026-03-02", TONIGHT + timedelta(minutes=1)),
        ("2026-03-02", datetime(2026, 3, 1, 23, 0, tzinfo=timezone(timedelta(hours=-12)))),
    ],
)
def test_a_day_that_has_begun_somewhere_is_taken(day: str | date, now: datetime) -> None:
    assert as_of_day(day, now=now) == str(day)


@pytest.mark.parametrize("day", ["2026-03-02", date(2026, 3, 2), "9999-12-31"])
def test_a_day_that_has_begun_nowhere_is_refused_with_what_to_do(day: str | date) -> None:
    with pytest.raises(UsageError) as caught:
        as_of_day(day, now=TONIGHT)
    assert caught.value.message == f"--as-of: {day} lies in the future: today is 2026-03-01 (UTC)"
    assert caught.value.exit_code == 2 and caught.value.where == "--as-of"
    assert caught.value.hint == "ask as of today, or of a day before; without a date, the newest data are asked for"


@pytest.mark.parametrize("day", ["2008-13-01", "yesterday", "20080930", "2008-09-30\n", "", "٢٠٠٨-٠٩-٣٠"])
def test_what_is_no_date_is_refused_with_how_it_is_written(day: str) -> None:
    with pytest.raises(UsageError, match="is no date") as caught:
        as_of_day(day, "as_of")
    assert (caught.value.where, caught.value.hint) == ("as_of", "write it as 2008-09-30")


async def test_a_run_as_of_a_future_day_asks_nothing_and_leaves_nothing() -> None:
    model = Scripted()
    with pytest.raises(UsageError, match="9999-12-31 lies in the future"):
        await run(agent_file(), "Which?", as_of="9999-12-31", model=model)
    assert store.all_runs() == []


async def test_a_run_that_began_with_a_future_date_goes_on_all_the_same(tmp_path: Path) -> None:
    begun = await sitting(Scripted(said(LOOK), answer()), tmp_path / "run", as_of="2999-12-31").run()
    folder = cut_after(begun, ToolAnswered)
    resumed = await go_on(folder, Scripted(answer()))
    assert resumed.ok and resumed.as_of == "2999-12-31"
