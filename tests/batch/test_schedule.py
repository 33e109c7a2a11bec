from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from agent.batch.schedule import Calendar, ScheduleSpec, Slot, due, next_slot
from agent.errors import SpecError, UsageError

NATIONAL_DAY = date(2026, 9, 2)
"""A Wednesday; 31 August and 7 September of that year are Mondays."""


def spec(**keys: Any) -> ScheduleSpec:
    return ScheduleSpec.model_validate({"at": "17:30", "zone": "Asia/Ho_Chi_Minh"} | keys)


def calendar(**keys: Any) -> Calendar:
    return Calendar(spec(**keys), frozenset({NATIONAL_DAY}), date(2026, 9, 11), Path("holidays.txt"))


def september(text: str) -> datetime:
    """ "4 17:30" is that day and time in Vietnam."""
    return datetime.strptime(f"2026-09-{text} +0700", "%Y-%m-%d %H:%M:%S %z")


def due_days(plan: Calendar, now: datetime, finished: Collection[int] = ()) -> list[int]:
    return [slot.session.day for slot in due(plan, now, {f"2026-09-{day:02}" for day in finished})]


@pytest.mark.parametrize(
    ("now", "finished", "latest", "every", "none"),
    [
        pytest.param("04 17:30:00", [1, 3], [4], [4], [4], id="on time"),
        pytest.param("04 17:29:59", [1, 3], [], [], [], id="a second early"),
        pytest.param("04 23:59:59", [1, 3], [4], [4], [4], id="late"),
        pytest.param("04 17:31:00", [1, 3, 4], [], [], [], id="woken up twice"),
        pytest.param("05 00:00:00", [1, 3], [4], [4], [], id="after midnight"),
        pytest.param("06 12:00:00", [1, 3], [4], [4], [], id="on Sunday for Friday"),
        pytest.param("06 12:00:00", [1, 3, 4], [], [], [], id="on Sunday with Friday finished"),
        pytest.param("02 18:00:00", [], [1], [1], [], id="on a holiday for the day before"),
        pytest.param("02 18:00:00", [1], [], [], [], id="on a holiday with the day before finished"),
        pytest.param("11 18:00:00", [4], [11], [7, 8, 9, 10, 11], [11], id="at the end of a missed week"),
        pytest.param("11 12:00:00", [4], [10], [7, 8, 9, 10], [], id="before the slot, after missed ones"),
        pytest.param("11 18:00:00", [8, 10], [11], [7, 9, 11], [11], id="gaps before the newest"),
        pytest.param("11 18:00:00", [11], [], [7, 8, 9, 10], [], id="older ones missed, the newest finished"),
    ],
)
def test_what_is_due_follows_from_the_calendar_and_what_is_finished(
    now: str, finished: list[int], latest: list[int], every: list[int], none: list[int]
) -> None:
    for catch_up, expected in (("latest", latest), ("all", every), ("none", none)):
        plan = calendar(catch_up=catch_up, since="2026-09-01")
        assert due_days(plan, september(now), finished) == expected, catch_up


def test_a_slot_is_due_until_it_is_older_than_max_age_and_no_longer() -> None:
    plan = calendar(max_age="12 hours")
    assert due_days(plan, september("05 05:30:00")) == [4]
    assert due_days(plan, september("05 05:30:00") + timedelta(microseconds=1)) == []


def test_an_hour_of_age_is_an_hour_on_the_night_in_which_clocks_change() -> None:
    plan = Calendar(spec(at="12:00", zone="Europe/Berlin", days="daily", max_age="24 hours", catch_up="all"))
    berlin = ZoneInfo("Europe/Berlin")
    at_the_limit = datetime(2026, 3, 29, 13, 0, tzinfo=berlin)
    assert [slot.session.day for slot in due(plan, at_the_limit, ())] == [28, 29]
    assert [slot.session.day for slot in due(plan, at_the_limit + timedelta(seconds=1), ())] == [29]


@pytest.mark.parametrize(("text", "days"), [("36 hours", 1.5), ("1 day", 1), ("5 days", 5), ("2 weeks", 14)])
def test_ages_are_written_in_words(text: str, days: float) -> None:
    assert spec(max_age=text).age_limit == timedelta(days=days)


def test_no_slot_lies_before_since() -> None:
    plan = calendar(catch_up="all", since="2026-09-03", max_age="2000 weeks")
    assert due_days(plan, september("04 18:00:00")) == [3, 4]
    assert due_days(plan, september("02 18:00:00")) == []
    assert next_slot(plan, september("01 08:00:00")).id == "2026-09-03"


def test_latest_runs_nothing_older_than_what_is_finished_when_the_clock_was_set_back() -> None:
    assert due_days(calendar(), september("04 18:00:00"), finished=[7]) == []
    assert due_days(calendar(catch_up="none"), september("04 18:00:00"), finished=[7]) == []
    assert due_days(calendar(catch_up="all", max_age="1 day"), september("04 18:00:00"), finished=[7]) == [4]


def test_the_day_is_that_of_the_zone_and_not_of_utc() -> None:
    plan = calendar(at="05:00", catch_up="none")
    sunday_in_utc = datetime(2026, 9, 6, 22, 0, tzinfo=UTC)
    assert due(plan, sunday_in_utc, ()) == [Slot(date(2026, 9, 7), date(2026, 9, 7), sunday_in_utc)]
    assert due(plan, sunday_in_utc - timedelta(seconds=1), ()) == []
    assert next_slot(plan, sunday_in_utc).id == "2026-09-08"
    assert due_days(plan, datetime(2026, 9, 7, 16, 59, tzinfo=UTC)) == [7]
    assert due_days(plan, datetime(2026, 9, 7, 17, 0, tzinfo=UTC)) == []


def test_live_data_are_those_of_a_slot_until_its_as_of_day_ends_in_its_zone() -> None:
    plan = calendar()
    (slot,) = due(plan, september("04 17:30:00"), ())
    assert slot.live_until(plan.spec) == datetime(2026, 9, 4, 17, 0, tzinfo=UTC)


def test_slot_before_the_market_opens_is_due_on_its_day_alone() -> None:
    plan = calendar(at="07:00", as_of="previous", catch_up="none")
    (slot,) = due(plan, september("04 07:05:00"), ())
    assert slot.session.day == 4 and slot.live_until(plan.spec) < slot.time
    assert due(plan, september("05 00:00:01"), ()) == []


@pytest.mark.parametrize(
    ("day", "as_of"),
    [
        pytest.param(date(2026, 9, 4), date(2026, 9, 3), id="the day before"),
        pytest.param(date(2026, 9, 7), date(2026, 9, 4), id="over a weekend"),
        pytest.param(date(2026, 9, 3), date(2026, 9, 1), id="over a holiday"),
        pytest.param(date(2026, 9, 1), date(2026, 8, 31), id="before since"),
    ],
)
def test_previous_is_the_session_before(day: date, as_of: date) -> None:
    plan = calendar(at="08:00", as_of="previous", since="2026-09-01")
    (slot,) = due(plan, datetime.combine(day, time(8), ZoneInfo("Asia/Ho_Chi_Minh")), ())
    assert (slot.session, slot.as_of) == (day, as_of)


@pytest.mark.parametrize(
    ("zone", "at", "day", "instant"),
    [
        pytest.param("Europe/Berlin", "17:30", date(2026, 1, 15), "2026-01-15T16:30", id="winter"),
        pytest.param("Europe/Berlin", "17:30", date(2026, 7, 15), "2026-07-15T15:30", id="summer"),
        pytest.param("America/New_York", "02:30", date(2026, 3, 8), "2026-03-08T07:30", id="New York's gap"),
        pytest.param("Europe/Berlin", "02:30", date(2026, 3, 29), "2026-03-29T01:30", id="Berlin's gap"),
        pytest.param("America/New_York", "01:30", date(2026, 11, 1), "2026-11-01T05:30", id="New York's fold"),
        pytest.param("Europe/Berlin", "02:30", date(2026, 10, 25), "2026-10-25T00:30", id="Berlin's fold"),
    ],
)
def test_a_day_has_one_slot_also_when_clocks_change(zone: str, at: str, day: date, instant: str) -> None:
    plan = Calendar(spec(at=at, zone=zone, days="daily", catch_up="all", since=day.isoformat()))
    first = datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
    finished: dict[str, Slot] = {}
    for quarter in range(4 * 22):
        for slot in due(plan, first + quarter * timedelta(minutes=15), finished):
            assert slot.id not in finished
            finished[slot.id] = slot
    assert finished == {day.isoformat(): Slot(day, day, datetime.fromisoformat(instant + "+00:00"))}


@pytest.mark.parametrize(
    ("now", "session"),
    [("04 17:29:59", 4), ("04 17:30:00", 7), ("01 17:30:00", 3)],
    ids=["today", "after a weekend", "after a holiday"],
)
def test_the_next_slot_lies_after_now(now: str, session: int) -> None:
    assert next_slot(calendar(), september(now)).session == date(2026, 9, session)


def test_time_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 9, 4, 18, 0)
    for asked in (lambda: due(calendar(), naive, ()), lambda: next_slot(calendar(), naive)):
        with pytest.raises(ValueError, match="without a zone"):
            asked()


def test_holidays_that_are_not_known_so_far_are_told_loudly() -> None:
    plan = calendar(days="daily", max_age="12 hours")
    assert plan.sessions(date(2026, 9, 10), date(2026, 9, 11)) == [date(2026, 9, 10), date(2026, 9, 11)]
    for asked in (
        lambda: plan.sessions(date(2026, 9, 1), date(2026, 9, 12)),
        lambda: due(plan, september("12 17:30:00"), ()),
        lambda: next_slot(plan, september("11 17:30:00")),
    ):
        with pytest.raises(UsageError, match=r"^holidays\.txt: the holidays are known until 2026-09-11") as caught:
            asked()
        assert "2026-09-12" in caught.value.message
        assert caught.value.hint == "add the holidays that follow, then change the line `valid until:`"


def test_the_last_known_slot_is_still_caught_up_on_the_morning_after() -> None:
    assert due_days(calendar(), september("12 17:29:59")) == [11]


@pytest.mark.parametrize(
    ("days", "expected"),
    [("weekdays", [4, 7]), ("daily", [4, 5, 6, 7]), (["sun", "fri"], [4, 6]), (["wed"], [])],
)
def test_sessions_fall_on_the_days_of_the_schedule(days: object, expected: list[int]) -> None:
    plain = Calendar(spec(days=days))
    assert [day.day for day in plain.sessions(date(2026, 9, 4), date(2026, 9, 7))] == expected
    assert plain.sessions(date(2026, 9, 7), date(2026, 9, 4)) == []


def test_holidays_are_read_from_the_file_beside_the_batch(tmp_path: Path) -> None:
    (tmp_path / "vn.txt").write_text(
        "\ufeff# Vietnam\n\n2026-09-02  National Day\n  2026-12-31\nValid until:  2026-12-31  as decreed\n",
        encoding="utf-8",
    )
    plan = Calendar.load(spec(holidays="vn.txt"), tmp_path)
    assert (set(plan.holidays), plan.valid_until) == ({NATIONAL_DAY, date(2026, 12, 31)}, date(2026, 12, 31))
    assert plan.file == tmp_path / "vn.txt"


def test_without_a_file_of_holidays_days_are_plain_and_have_no_end(tmp_path: Path) -> None:
    plan = Calendar.load(spec(), tmp_path)
    assert plan.sessions(NATIONAL_DAY, NATIONAL_DAY) == [NATIONAL_DAY]
    assert plan.sessions(date(2999, 12, 31), date(2999, 12, 31)) == [date(2999, 12, 31)]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("valid until: 2026-12-31\n\n2026-13-01\n", ["3: '2026-13-01' is no date"]),
        ("valid until: 2026-12-31\n20260902\n", ["2: '20260902' is no date"]),
        ("National Day 2026-09-02\nvalid until: 2026-12-31\n", ["1: 'National' is no date"]),
        ("# none\nvalid until: soon\n2026-09-02\n", ["2: 'soon' is no date"]),
        ("valid until: # soon\n", ["1: 'valid' is no date"]),
        ("# none\n2026-09-02\n", ["1: the line `valid until: DATE` is missing"]),
        ("", ["1: the line `valid until: DATE` is missing"]),
        ("valid until: 2026-12-31\n\nvalid until: 2027-12-31\n", ["3: `valid until` stands in line 1 already"]),
        ("2027-01-01\nvalid until: 2026-12-31\n", ["1: 2027-01-01 lies after `valid until: 2026-12-31`"]),
        (
            "2027-01-01\nvalid until: 2026-12-31\nthen\n",
            ["1: 2027-01-01 lies after `valid until: 2026-12-31`", "3: 'then' is no date"],
        ),
    ],
)
def test_every_problem_of_a_file_of_holidays_is_named_with_its_line(
    text: str, problems: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "vn.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        Calendar.load(spec(holidays="vn.txt"), tmp_path)
    told = [problem.partition(", without")[0] for problem in caught.value.problems]
    assert told == [f"{path}:{problem}" for problem in problems]
    assert caught.value.where == f"{path}:{problems[0].partition(':')[0]}"
    assert "2026-09-02  National Day" in str(caught.value.hint)


def test_a_file_of_holidays_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes("2026-09-02 Qu\xf4c kh\xe1nh".encode("latin-1"))
    for name, reason in (
        ("no.txt", "No such file"),
        (".", "Is a directory"),
        ("latin.txt", "can't decode"),
        ("\0", ""),
    ):
        with pytest.raises(SpecError, match=f"cannot be read: .*{reason}") as caught:
            Calendar.load(spec(holidays=name), tmp_path)
        assert caught.value.where == str(tmp_path / name)


@pytest.mark.parametrize("name", ["/etc/localtime", "../UTC", "Asia", "Asia/Hanoi", "a\0b", "UTC\n", "europe/berlin"])
def test_what_is_no_time_zone_is_told_with_the_name_of_one(name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        spec(zone=name)
    (problem,) = caught.value.errors()
    assert problem["loc"] == ("zone",)
    assert problem["msg"].startswith("has to be the IANA name of a time zone that this machine knows, such as '")


def test_misspelled_time_zone_is_told_with_the_nearest() -> None:
    with pytest.raises(ValidationError, match="such as 'America/New_York'"):
        spec(zone="America/NewYork")


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("at", ["", "24:00", "7:30", "17:60", "17:30\n", "١٧:٣٠", 1730]),
        ("zone", ["", None]),
        ("days", ["weekends", [], ["mon", "mon"], ["monday"], None]),
        ("holidays", [""]),
        ("max_age", ["0 days", "5days", "5 months", "-1 days", "10000 days", 5]),
        ("since", ["2026-02-30", "02.09.2026", "20260902", "9999-12-31", "2026-09-02T00:00", 20260902]),
        ("catch_up", ["newest"]),
        ("as_of", ["2026-09-02"]),
        ("until", ["2026-09-02"]),
    ],
)
def test_a_schedule_that_says_nothing_clear_is_refused_at_its_key(key: str, values: list[object]) -> None:
    for value in values:
        with pytest.raises(ValidationError) as caught:
            spec(**{key: value})
        assert {problem["loc"][0] for problem in caught.value.errors()} == {key}, value


def test_a_day_given_twice_and_a_date_written_otherwise_are_told_in_words() -> None:
    with pytest.raises(ValidationError, match="a day stands twice"):
        spec(days=["mon", "tue", "mon"])
    with pytest.raises(ValidationError, match="has to be a date such as '2026-09-02'"):
        spec(since="02.09.2026")
    assert spec(since=NATIONAL_DAY).since == spec(since="2026-09-02").since == NATIONAL_DAY


def test_schema_of_a_schedule_asks_for_texts() -> None:
    schema = ScheduleSpec.model_json_schema()
    assert schema["required"] == ["at", "zone"]
    assert schema["properties"]["since"]["anyOf"][0] == {"type": "string", "format": "date"}
    assert schema["properties"]["days"]["anyOf"][1]["uniqueItems"] is True


schedules = st.builds(
    lambda zone, at, **keys: spec(zone=zone, at=at.strftime("%H:%M"), **keys),
    zone=st.sampled_from(["Asia/Ho_Chi_Minh", "America/New_York", "Europe/Berlin", "Pacific/Kiritimati", "Etc/GMT+12"]),
    at=st.times(),
    days=st.sampled_from(["weekdays", "daily", ["mon", "sat"]]),
    max_age=st.sampled_from(["1 hour", "12 hours", "3 days", "2 weeks"]),
)
# Both nights on which New York's clocks change, and Berlin's of spring, or of neither.
instants = st.datetimes(datetime(2026, 3, 5), datetime(2026, 4, 5), timezones=st.just(UTC)) | st.datetimes(
    datetime(2026, 10, 20), datetime(2026, 11, 5), timezones=st.just(UTC)
)


def run(schedule: ScheduleSpec, wake_ups: list[datetime]) -> list[str]:
    """The ids of the slots in the order in which they were run."""
    finished: list[str] = []
    for now in wake_ups:
        finished += [slot.id for slot in due(Calendar(schedule), now, finished)]
    return finished


def could_run(schedule: ScheduleSpec, day: date, wake_ups: list[datetime]) -> bool:
    come = datetime.combine(day, time.fromisoformat(schedule.at), ZoneInfo(schedule.zone)).astimezone(UTC)
    return day.weekday() in schedule.weekdays and any(come <= now <= come + schedule.age_limit for now in wake_ups)


@settings(deadline=None)
@given(schedule=schedules, wake_ups=st.lists(instants, max_size=12))
def test_all_runs_every_slot_once_that_any_wake_up_found_young_enough(
    schedule: ScheduleSpec, wake_ups: list[datetime]
) -> None:
    ids = run(schedule.model_copy(update={"catch_up": "all"}), wake_ups)
    year = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    assert sorted(ids) == [day.isoformat() for day in year if could_run(schedule, day, wake_ups)]


@settings(deadline=None)
@given(schedule=schedules, wake_ups=st.lists(instants, max_size=12), catch_up=st.sampled_from(["latest", "none"]))
def test_latest_and_none_never_run_a_slot_that_is_not_newer_than_all_that_ran(
    schedule: ScheduleSpec, wake_ups: list[datetime], catch_up: str
) -> None:
    ids = run(schedule.model_copy(update={"catch_up": catch_up}), wake_ups)
    assert ids == sorted(set(ids))
