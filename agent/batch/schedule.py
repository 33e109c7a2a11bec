"""When a batch is due: its slots, computed from the calendar, the time that it is and what is finished already.

A timer is only a wake-up, which may come late, twice or not at all; nothing here depends on when it came.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, get_args
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from agent.errors import SpecError, UsageError
from agent.section import Section, Text

DayName: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_DAY = timedelta(days=1)
_DATE = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}")
_LINE = re.compile(r"\s*(valid\s+until\s*:)?\s*(?!#)(\S+)", re.IGNORECASE)
_HOLIDAYS_HINT = "a line is a date and any words (2026-09-02  National Day); one line is `valid until: 2026-12-31`"
_ZONE_HINT = "has to be the IANA name of a time zone that this machine knows, such as '{near}'"


def _day(text: str) -> date | None:
    """The date written as 2026-09-02, or None."""
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def _since(given: object) -> date:
    day = _day(given) if isinstance(given, str) else given
    if not isinstance(day, date):
        raise PydanticCustomError("iso_date", "has to be a date such as '2026-09-02'")
    return day


def _unique(days: list[str]) -> list[str]:
    if len(set(days)) < len(days):
        raise PydanticCustomError("unique", "a day stands twice")
    return days


_zones = cache(available_timezones)


def _zone(name: str) -> str:
    """A list of names is asked, and not the files: a path into them, or out of them, is no name."""
    if name in _zones():
        return name
    near = difflib.get_close_matches(name, _zones(), n=1) or ["Asia/Ho_Chi_Minh"]
    raise PydanticCustomError("zone", _ZONE_HINT, {"near": near[0]})


DayList: TypeAlias = Annotated[
    list[DayName], Field(min_length=1, json_schema_extra={"uniqueItems": True}), AfterValidator(_unique)
]


class ScheduleSpec(Section):
    at: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    """The slot's time, as the zone's clocks show it: HH:MM."""
    zone: Annotated[Text, AfterValidator(_zone)]
    """An IANA time zone, such as Asia/Ho_Chi_Minh."""
    days: Literal["weekdays", "daily"] | DayList = "weekdays"
    """The days that have a session unless they are holidays."""
    holidays: Text | None = None
    """A file beside the batch file: a date and any words on each line, and one line `valid until: DATE`."""
    as_of: Literal["session", "previous"] = "session"
    """The as-of date: the slot's own day, over by then; or the session before, for a slot before trading."""
    catch_up: Literal["latest", "all", "none"] = "latest"
    """What is run of the missed slots: the newest, all, or none once its day is over."""
    max_age: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,3} (hour|day|week)s?$")] = "5 days"
    """A slot whose time lies further back is not due any more."""
    since: Annotated[date, BeforeValidator(_since)] | None = None
    """The first day that may have a slot."""

    @property
    def timezone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def weekdays(self) -> list[int]:
        """The days as Python counts them, Monday being 0, in the week's order."""
        if isinstance(self.days, str):
            return list(range(5 if self.days == "weekdays" else 7))
        return [at for at, name in enumerate(get_args(DayName)) if name in self.days]

    @property
    def age_limit(self) -> timedelta:
        """`max_age` as a duration."""
        count, unit = self.max_age.split()
        return int(count) * timedelta(**{unit.removesuffix("s") + "s": 1})

    def instant(self, day: date) -> datetime:
        """When `at` comes on that day, in UTC: the first time of two, and past a gap as far as it lies in it."""
        return datetime.combine(day, time.fromisoformat(self.at), self.timezone).astimezone(UTC)


@dataclass(frozen=True)
class Slot:
    """One run of a batch that the schedule asks for. `time` is in UTC."""

    session: date
    as_of: date
    time: datetime

    @property
    def id(self) -> str:
        return self.session.isoformat()

    def live_until(self, spec: ScheduleSpec) -> datetime:
        """The end of the as-of date in the schedule's zone: live data may be those of a later session from then on."""
        return datetime.combine(self.as_of + _DAY, time(), spec.timezone).astimezone(UTC)


@dataclass(frozen=True)
class Calendar:
    """The sessions of a schedule. Without a file of holidays they are its plain days, without an end."""

    spec: ScheduleSpec
    holidays: frozenset[date] = frozenset()
    valid_until: date = date.max
    file: Path | None = None

    @classmethod
    def load(cls, spec: ScheduleSpec, folder: Path) -> Calendar:
        """`folder` is the batch file's. Raises SpecError with every problem of the file of holidays."""
        if spec.holidays is None:
            return cls(spec)
        path = folder / spec.holidays
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            hint = "`holidays` names a text file beside the batch file"
            raise SpecError([f"{path}: cannot be read: {reason}"], where=str(path), hint=hint) from None
        return cls(spec, *_read_holidays(text, path), path)

    def sessions(self, first: date, last: date) -> list[date]:
        """The days with a session, both ends included. Raises UsageError beyond the last day that the file knows."""
        if last > self.valid_until:
            raise UsageError(
                f"{self.file}: the holidays are known until {self.valid_until}, and {last} lies after it",
                hint="add the holidays that follow, then change the line `valid until:`",
                where=str(self.file),
            )
        weekdays = self.spec.weekdays
        return [day for day in _days(first, last) if day.weekday() in weekdays and day not in self.holidays]

    def slot(self, session: date) -> Slot:
        as_of = self.nearest(session - _DAY, -_DAY) if self.spec.as_of == "previous" else session
        return Slot(session, as_of, self.spec.instant(session))

    def nearest(self, day: date, step: timedelta) -> date:
        """The first session from a day on, that day included. It ends: holidays are finitely many."""
        while not self.sessions(day, day):
            day += step
        return day

    def slots(self, first: datetime, last: datetime) -> list[Slot]:
        """Whose time lies between two instants in UTC, both included, oldest first. Raises UsageError."""
        start, end = (instant.astimezone(self.spec.timezone).date() for instant in (first, last))
        start = max(start, self.spec.since or start)
        # The last day counts only once its time has come: until then it may be unknown whether it is a session.
        days = [day for day in _days(start, end) if first <= self.spec.instant(day) <= last]
        return [self.slot(day) for day in self.sessions(days[0], days[-1])] if days else []


def due(calendar: Calendar, now: datetime, finished: Collection[str]) -> list[Slot]:
    """The slots to run, oldest first; `finished` holds ids of slots.

    Unless all are caught up on, a slot is not run after a newer one, even if the clock was set back.
    Raises UsageError when the holidays are not known so far, ValueError for a time without a zone.
    """
    spec, now = calendar.spec, _utc(now)
    come = calendar.slots(now - spec.age_limit, now)
    if spec.catch_up == "all":
        return [slot for slot in come if slot.id not in finished]
    newest = [slot for slot in come[-1:] if all(done < slot.id for done in finished)]
    today = now.astimezone(spec.timezone).date()
    return [slot for slot in newest if spec.catch_up == "latest" or slot.session == today]


def next_slot(calendar: Calendar, now: datetime) -> Slot:
    """The first slot after a time. Raises UsageError when the holidays are not known so far, ValueError as `due`."""
    spec, now = calendar.spec, _utc(now)
    today = now.astimezone(spec.timezone).date()
    first = max(today, spec.since or today)
    return calendar.slot(calendar.nearest(first if spec.instant(first) > now else first + _DAY, _DAY))


def _utc(now: datetime) -> datetime:
    """In UTC, where hours are hours: a day's length differs in local time."""
    if now.tzinfo is None:
        raise ValueError("a time without a zone says nothing about what is due")
    return now.astimezone(UTC)


def _days(first: date, last: date) -> list[date]:
    return [first + n * _DAY for n in range((last - first).days + 1)]


def _read_holidays(text: str, path: Path) -> tuple[frozenset[date], date]:
    """The holidays, and the last day for which they are known. Raises SpecError."""
    holidays: list[tuple[int, date]] = []
    ends: list[tuple[int, date]] = []
    problems: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if found := _LINE.match(line):
            until, word = found.groups()
            if day := _day(word):
                (ends if until else holidays).append((number, day))
            else:
                problems.append((number, f"{word!r} is no date"))
    if not ends and not problems:
        problems.append((1, "the line `valid until: DATE` is missing, without which nobody sees that the file is old"))
    problems += [(number, f"`valid until` stands in line {ends[0][0]} already") for number, _ in ends[1:]]
    last = ends[0][1] if ends else date.max
    problems += [(number, f"{day} lies after `valid until: {last}`") for number, day in holidays if day > last]
    if problems:
        told = [f"{path}:{number}: {problem}" for number, problem in sorted(problems)]
        raise SpecError(told, where=told[0].partition(": ")[0], hint=_HOLIDAYS_HINT)
    return frozenset(day for _, day in holidays), last
