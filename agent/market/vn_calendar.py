"""Sessions of the simulated market: weekdays without Vietnam's public holidays.

Holidays follow the Labour Code, article 112; one that falls on a weekend moves to the next working day.
Working Saturdays and the bridge days swapped for them, which are decreed from year to year, are left out.
"""

from __future__ import annotations

from datetime import date, timedelta

# The Lunar New Year: month and day on which a closure of seven days begins.
_TET = {
    2016: (2, 8),
    2017: (1, 26),
    2018: (2, 14),
    2019: (2, 4),
    2020: (1, 23),
    2021: (2, 10),
    2022: (1, 31),
    2023: (1, 20),
    2024: (2, 8),
    2025: (1, 27),
}
# The Hung Kings' day, tenth of the third lunar month: its day of April.
_HUNG_KINGS = {
    2016: 16,
    2017: 6,
    2018: 25,
    2019: 14,
    2020: 2,
    2021: 21,
    2022: 10,
    2023: 29,
    2024: 18,
    2025: 7,
}
# National Day is 2 September and, since 2021, a day next to it.
_SECOND_NATIONAL_DAY = {2021: 3, 2022: 1, 2023: 1, 2024: 3, 2025: 1}

_DAY = timedelta(1)


def holidays(year: int) -> set[date]:
    """Weekdays of the year without a session. Raises KeyError outside 2016 to 2025."""
    tet = date(year, *_TET[year])
    days = {tet + i * _DAY for i in range(7)}
    fixed = [date(year, 1, 1), date(year, 4, _HUNG_KINGS[year]), date(year, 4, 30), date(year, 5, 1)]
    national = sorted({2, _SECOND_NATIONAL_DAY.get(year, 2)})
    fixed += [date(year, 9, day) for day in national]
    days |= {day for day in fixed if day.weekday() < 5}
    for day in fixed:
        if day.weekday() >= 5:
            while day.weekday() >= 5 or day in days:
                day += _DAY
            days.add(day)
    return {day for day in days if day.weekday() < 5}


def sessions(first: date, last: date) -> tuple[date, ...]:
    """The trading days from first to last, both included."""
    closed = set().union(*(holidays(year) for year in range(first.year, last.year + 1)))
    days = (first + i * _DAY for i in range((last - first).days + 1))
    return tuple(day for day in days if day.weekday() < 5 and day not in closed)
