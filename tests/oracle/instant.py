"""Event times: RFC 3339 read by hand, and written in UTC with milliseconds. An instant is milliseconds since 1970."""

import functools
import re

_RFC_3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
_DAY_MS = 86_400_000
_LAST_MINUTE_OF_DAY = 23 * 60 + 59


def is_leap_year(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in_month(year, month):
    if month == 2:
        return 29 if is_leap_year(year) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def days_before_year(year):
    """Days from 0000-01-01 (proleptic Gregorian) to the first of January of `year`."""
    return 365 * year + (year + 3) // 4 - (year + 99) // 100 + (year + 399) // 400


_DAYS_BEFORE_1970 = days_before_year(1970)


def days_since_1970(year, month, day):
    days = days_before_year(year) - _DAYS_BEFORE_1970
    for earlier in range(1, month):
        days += days_in_month(year, earlier)
    return days + day - 1


EARLIEST = days_since_1970(2000, 1, 1) * _DAY_MS
AFTER_LATEST = days_since_1970(2101, 1, 1) * _DAY_MS


def in_range(instant):
    """From the year 2000 to the year 2100, both included."""
    return EARLIEST <= instant < AFTER_LATEST


def read_rfc3339(text):
    """The instant, or None where the text is not an RFC 3339 time (whatever its year)."""
    match = _RFC_3339.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second = (int(match.group(index)) for index in range(1, 7))
    fraction, sign, offset_hour, offset_minute = match.group(7, 8, 9, 10)
    if not 1 <= month <= 12 or not 1 <= day <= days_in_month(year, month):
        return None
    if hour > 23 or minute > 59 or second > 60:
        return None
    offset = 0
    if sign:
        if int(offset_hour) > 23 or int(offset_minute) > 59:
            return None
        offset = int(offset_hour) * 60 + int(offset_minute)
        offset = -offset if sign == "-" else offset
    minutes = days_since_1970(year, month, day) * 1440 + hour * 60 + minute - offset
    if second == 60 and minutes % 1440 != _LAST_MINUTE_OF_DAY:
        return None
    milliseconds = int((fraction + "00")[:3]) if fraction else 0
    return (minutes * 60 + second) * 1000 + milliseconds


@functools.lru_cache(maxsize=1 << 16)
def _date_text(day):
    year = 1970 + day // 366
    while days_since_1970(year + 1, 1, 1) <= day:
        year += 1
    month = 1
    while days_since_1970(year, month, days_in_month(year, month)) < day:
        month += 1
    return f"{year:04d}-{month:02d}-{day - days_since_1970(year, month, 1) + 1:02d}"


def instant_text(instant):
    day, rest = divmod(instant, _DAY_MS)
    seconds, milliseconds = divmod(rest, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{_date_text(day)}T{hour:02d}:{minute:02d}:{second:02d}.{milliseconds:03d}Z"
