"""As-of dates that people give: ISO dates of days that have begun."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Annotated, TypeAlias

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from agent.errors import UsageError

FIRST_ZONE = timezone(timedelta(hours=14))
"""Where each day begins first: markets east of UTC are a day ahead of it for some hours."""
EXAMPLE = "2008-09-30"


def as_of_day(day: str | date | None, called: str = "--as-of", now: datetime | None = None) -> str | None:
    """The date as it is written in logs; `called` is its name where it was given, `now` the time with its zone.

    Raises UsageError unless it is None, a date, or one written as 2008-09-30, of a day that has begun somewhere by now.
    """
    if day is None:
        return None
    text = day.isoformat()[:10] if isinstance(day, date) else day
    if not _is_written_well(text):
        raise UsageError(f"{called}: {text[:40]!r} is no date", hint=f"write it as {EXAMPLE}", where=called)
    now = now or datetime.now(UTC)
    if _lies_ahead(text, now):
        raise UsageError(
            f"{called}: {text} lies in the future: today is {now.astimezone(UTC).date()} (UTC)",
            hint="ask as of today, or of a day before; without a date, the newest data are asked for",
            where=called,
        )
    return text


def _day(text: str) -> str:
    if not _is_written_well(text):
        raise PydanticCustomError("day", f"has to be a date such as {EXAMPLE}")
    if _lies_ahead(text, datetime.now(UTC)):
        raise PydanticCustomError("day", "has to be a day that has begun")
    return text


Day: TypeAlias = Annotated[str, AfterValidator(_day)]
"""The same in a file."""


def _is_written_well(text: str) -> bool:
    try:
        return bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) and date.fromisoformat(text))
    except ValueError:
        return False


def _lies_ahead(text: str, now: datetime) -> bool:
    return date.fromisoformat(text) > now.astimezone(FIRST_ZONE).date()
