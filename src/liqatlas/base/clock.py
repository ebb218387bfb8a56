"""Moments, windows and intervals: nanoseconds since 1970 UTC, intervals ``[start, end)``."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from liqatlas.base.errors import TimeError

NS_PER_US = 1_000
NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000
MINUTE_NS = 60 * NS_PER_S
HOUR_NS = 3_600 * NS_PER_S
DAY_NS = 86_400 * NS_PER_S

#: Windows offered as presets; ``1d`` means 24 hours, never a calendar day.
WINDOW_PRESETS = ("12h", "24h", "3d", "7d", "14d", "30d", "90d", "180d", "1y")

_UNIT_NS = {"s": NS_PER_S, "m": MINUTE_NS, "h": HOUR_NS, "d": DAY_NS, "w": 7 * DAY_NS, "y": 365 * DAY_NS}
_LONGEST_NS = 100 * _UNIT_NS["y"]
_WINDOW = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdwy])", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_window(text: str) -> int:
    """Return a window's length [ns]; ``1d`` = 24 h, ``1y`` = 365 d.

    Raises
    ------
    TimeError
        If the text is not a positive number with one of the units s m h d w y, or is longer than 100 years.

    Examples
    --------
    >>> parse_window("3d") == 72 * HOUR_NS
    True
    """
    match = _WINDOW.fullmatch(text.strip().lower())
    length = float(match[1]) * _UNIT_NS[match[2]] if match else 0.0
    if not (1 <= length <= _LONGEST_NS):
        raise TimeError(
            f"window {text!r} cannot be read: wanted a number with s, m, h, d, w or y, such as 24h, 7d, 1y, "
            "at most 100y"
        )
    return round(length)


def parse_time(text: str) -> int:
    """Return a moment [ns since 1970 UTC] from ISO 8601 text or an epoch in s, ms, us or ns.

    A time without a zone is UTC; a date alone is its midnight UTC.

    Raises
    ------
    TimeError
        If the text is neither, or lies outside the years 1678 to 2261 that int64 ns can hold.

    Examples
    --------
    >>> parse_time("2026-02-05T18:00Z") == parse_time("2026-02-05 18:00")
    True
    """
    stripped = text.strip()
    if re.fullmatch(r"\d{9,19}", stripped, re.ASCII):
        return _within_int64(epoch_to_ns(int(stripped)), text)
    try:
        moment = datetime.fromisoformat(stripped)
        ts_ns = datetime_to_ns(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise TimeError(
            f"time {text!r} cannot be read: wanted ISO 8601 such as 2026-02-05T18:00Z (UTC unless a zone is given)"
        ) from None
    return _within_int64(ts_ns, text)


def _within_int64(ts_ns: int, text: str) -> int:
    """Return the moment where tables can hold it."""
    if not (-(2**63) <= ts_ns < 2**63):
        raise TimeError(f"time {text!r} is outside the years 1678 to 2261 that can be stored")
    return ts_ns


def datetime_to_ns(moment: datetime) -> int:
    """Return an aware datetime as ns since 1970 UTC, exact to the microsecond."""
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * NS_PER_S + delta.microseconds * NS_PER_US


def epoch_to_ns(value: int) -> int:
    """Return an epoch of unknown unit as ns; the unit follows from the number of digits (years 2001 to 2286)."""
    for limit, factor in ((10**11, NS_PER_S), (10**14, NS_PER_MS), (10**17, NS_PER_US)):
        if value < limit:
            return value * factor
    return value


def to_datetime(ts_ns: int, zone: tzinfo = UTC) -> datetime:
    """Return ns since 1970 as an aware datetime, truncated to the microsecond."""
    return (_EPOCH + timedelta(microseconds=ts_ns // NS_PER_US)).astimezone(zone)


def parse_zone(name: str) -> tzinfo:
    """Return a time zone by its IANA name.

    Raises
    ------
    TimeError
        If no such zone is known.
    """
    if name.upper() in {"UTC", "Z"}:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise TimeError(
            f"time zone {name!r} is unknown: wanted an IANA name such as Europe/Berlin, or UTC"
        ) from None


def isoformat(ts_ns: int) -> str:
    """Return ns since 1970 as ISO 8601 UTC text with ``Z``; sub-second digits only where present."""
    moment = to_datetime(ts_ns)
    spec = (
        "seconds"
        if moment.microsecond == 0
        else "milliseconds"
        if moment.microsecond % 1000 == 0
        else "microseconds"
    )
    return moment.isoformat(timespec=spec).replace("+00:00", "Z")


def format_moment(ts_ns: int, zone: tzinfo = UTC) -> str:
    """Return a moment for people: ``2026-02-05 18:00 UTC``, the zone always named."""
    moment = to_datetime(ts_ns, zone)
    return moment.strftime("%Y-%m-%d %H:%M ") + (moment.tzname() or "UTC")


def format_window(length_ns: int) -> str:
    """Return a window's length as the shortest exact text, such as ``24h`` or ``3d``.

    Examples
    --------
    >>> format_window(parse_window("3d")), format_window(DAY_NS)
    ('3d', '24h')
    """
    if length_ns % (365 * DAY_NS) == 0:
        return f"{length_ns // (365 * DAY_NS)}y"
    if length_ns % DAY_NS == 0 and length_ns > DAY_NS:
        return f"{length_ns // DAY_NS}d"
    for unit in ("h", "m", "s"):
        if length_ns % _UNIT_NS[unit] == 0:
            return f"{length_ns // _UNIT_NS[unit]}{unit}"
    return f"{length_ns / NS_PER_S:g}s"


def now_ns() -> int:
    """Return the present moment [ns since 1970 UTC] of this machine's clock."""
    return datetime_to_ns(datetime.now(UTC))
