"""Moments and windows: UTC, nanoseconds, exact."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqatlas.base import clock
from liqatlas.base.clock import DAY_NS, HOUR_NS, NS_PER_S, NS_PER_US
from liqatlas.base.errors import TimeError

MOMENTS_US = st.integers(-(2**63) // NS_PER_US + 1, 2**63 // NS_PER_US - 1)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("12h", 12),
        ("24h", 24),
        ("1d", 24),
        ("3d", 72),
        ("1w", 168),
        ("1y", 8760),
        ("90m", 1.5),
        ("1.5H", 1.5),
        (" 7 d ", 168),
    ],
)
def test_window(text: str, hours: float) -> None:
    assert clock.parse_window(text) == hours * HOUR_NS


def test_every_preset_is_read_and_written_back() -> None:
    assert [clock.format_window(clock.parse_window(text)) for text in clock.WINDOW_PRESETS] == list(
        clock.WINDOW_PRESETS
    )


@given(st.integers(1, 100 * 365 * 86_400))
def test_window_of_whole_seconds_is_written_and_read_back(seconds: int) -> None:
    length = seconds * NS_PER_S
    assert clock.parse_window(clock.format_window(length)) == length


@pytest.mark.parametrize(
    "text",
    ["", "d", "7", "-1d", "0d", "0.0000000001s", "1e3d", "7 days", "٣d", "nan d", "101y", "9" * 400 + "d"],
)
def test_window_that_is_none(text: str) -> None:
    with pytest.raises(TimeError, match="24h, 7d, 1y"):
        clock.parse_window(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-05T18:00Z",
        "2026-02-05 18:00",
        "2026-02-05T18",
        "20260205T1800",
        "2026-02-05T19:00+01:00",
        "2026-02-05T13:00:00.000-05:00",
        "1770314400",
        "1770314400000",
        "1770314400000000",
        "1770314400000000000",
    ],
)
def test_one_moment_in_many_spellings(text: str) -> None:
    assert clock.parse_time(text) == 1_770_314_400 * NS_PER_S


def test_a_date_is_its_midnight() -> None:
    assert clock.parse_time("2026-02-05") == clock.parse_time("2026-02-05T00:00Z")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-02-30",
        "2026-02-05T25:00",
        "12345",
        "0001-01-01T00:00+23:00",
        "9999-12-31",
        "9999999999999999999",
        "1.5e9",
    ],
)
def test_time_that_is_none(text: str) -> None:
    with pytest.raises(TimeError, match=r"time .* is outside|cannot be read"):
        clock.parse_time(text)


@given(st.text(max_size=40))
def test_any_text_is_a_moment_or_a_time_error(text: str) -> None:
    try:
        ts_ns = clock.parse_time(text)
    except TimeError:
        return
    assert -(2**63) <= ts_ns < 2**63


@given(MOMENTS_US)
def test_moment_is_written_and_read_back(micros: int) -> None:
    ts_ns = micros * NS_PER_US
    assert clock.parse_time(clock.isoformat(ts_ns)) == ts_ns
    assert clock.datetime_to_ns(clock.to_datetime(ts_ns)) == ts_ns


@given(st.datetimes(datetime(2001, 9, 10), datetime(2262, 1, 1)))  # noqa: DTZ001 (hypothesis wants naive bounds)
def test_epoch_unit_follows_from_its_digits(naive: datetime) -> None:
    moment = naive.replace(tzinfo=UTC)
    seconds = int(moment.timestamp())
    for factor in (1, 10**3, 10**6, 10**9):
        assert clock.epoch_to_ns(seconds * factor) == seconds * NS_PER_S


@pytest.mark.parametrize(
    ("ts_ns", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_500_000_000, "1970-01-01T00:00:01.500Z"),
        (1_000_001_000, "1970-01-01T00:00:01.000001Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),  # truncated downwards, never into the future
    ],
)
def test_isoformat(ts_ns: int, text: str) -> None:
    assert clock.isoformat(ts_ns) == text


def test_moment_for_people_names_its_zone() -> None:
    summer, winter = clock.parse_time("2026-07-01T12:00Z"), clock.parse_time("2026-01-01T12:00Z")
    berlin = clock.parse_zone("Europe/Berlin")
    assert clock.format_moment(summer) == "2026-07-01 12:00 UTC"
    assert clock.format_moment(summer, berlin) == "2026-07-01 14:00 CEST"
    assert clock.format_moment(winter, berlin) == "2026-01-01 13:00 CET"


def test_zone() -> None:
    assert clock.parse_zone("utc") is UTC
    assert clock.parse_zone("Asia/Tokyo") == ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize("name", ["", "Europe", "Berlin", "../etc/passwd", "UTC+25", "a\0b"])
def test_zone_that_is_none(name: str) -> None:
    with pytest.raises(TimeError, match="IANA name"):
        clock.parse_zone(name)


def test_now_is_now() -> None:
    before = datetime.now(UTC)
    assert before - timedelta(microseconds=1) <= clock.to_datetime(clock.now_ns()) <= datetime.now(UTC)
    assert clock.now_ns() > 56 * 365 * DAY_NS
