"""The time axis: moments as matplotlib counts them, labels in the chosen zone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FixedFormatter, FixedLocator

from liqatlas.base.clock import DAY_NS, MINUTE_NS, datetime_to_ns, to_datetime

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from liqatlas.plot.sheet import Sheet

# strftime speaks the language of the machine; pictures do not.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720)
_DAYS = (1, 2, 3, 5, 7, 10, 14)
_MONTHS_APART = (1, 2, 3, 6, 12, 24, 60, 120)


def days(moments_ns: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return moments [ns since 1970] as matplotlib's days since 1970."""
    return np.asarray(moments_ns / DAY_NS, dtype=np.float64)


def draw_time_axis(axes: Axes, zone: tzinfo, sheet: Sheet) -> None:
    """Put ticks at round local times between the limits already set, and name the zone."""
    low, high = (round(at * DAY_NS) for at in axes.get_xlim())
    moments = round_moments(low, high, zone, most=max(4, int(axes.bbox.width / (110 * sheet.scale))))
    axes.xaxis.set_major_locator(FixedLocator([datetime_to_ns(m) / DAY_NS for m in moments]))
    axes.xaxis.set_major_formatter(FixedFormatter(time_labels(moments)))
    name = to_datetime(high, zone).tzname() or "UTC"
    axes.set_xlabel(f"time, {name}", color=sheet.theme.muted, fontsize=sheet.points(10))


def round_moments(first_ns: int, last_ns: int, zone: tzinfo, *, most: int) -> list[datetime]:
    """Return at most about ``most`` round local times within a span, ascending.

    Round is a divisor of the day, a midnight every few days, or the first of a month; the finest that fits is taken.
    """
    span = last_ns - first_ns
    for minutes in _MINUTES:
        if span / (minutes * MINUTE_NS) <= most:
            return _steps(first_ns, last_ns, zone, timedelta(minutes=minutes))
    for days_apart in _DAYS:
        if span / (days_apart * DAY_NS) <= most:
            midnights = _steps(first_ns, last_ns, zone, timedelta(days=1))
            return [m for m in midnights if m.toordinal() % days_apart == 0]
    months = next((n for n in _MONTHS_APART if span / (n * 30 * DAY_NS) <= most), _MONTHS_APART[-1])
    begins = [m for m in _steps(first_ns, last_ns, zone, timedelta(days=1)) if m.day == 1]
    return [m for m in begins if (m.year * 12 + m.month - 1) % months == 0]


def _steps(first_ns: int, last_ns: int, zone: tzinfo, step: timedelta) -> list[datetime]:
    """Return local times a step apart, counted from the local midnight before the span."""
    start = to_datetime(first_ns, zone)
    wall = datetime(start.year, start.month, start.day)  # noqa: DTZ001 - local clock time, the zone follows below
    out: list[datetime] = []
    latest = first_ns - 1
    while True:
        moment = wall.replace(tzinfo=zone)
        at = datetime_to_ns(moment)
        if at > last_ns:
            break
        # Where clocks are changed an hour stands twice or not at all; only what moves forward is kept.
        if at > latest:
            out.append(moment)
            latest = at
        wall += step
    return out


def time_labels(moments: Sequence[datetime]) -> list[str]:
    r"""Return labels of a time axis: the date where a day begins, else the time; the year where it is new.

    Examples
    --------
    >>> time_labels([datetime(2026, 2, 1), datetime(2026, 2, 1, 12)])
    ['01 Feb\n2026', '12:00']
    """
    labels: list[str] = []
    year = 0
    for moment in moments:
        midnight = moment.hour == moment.minute == 0
        date = f"{moment.day:02d} {_MONTHS[moment.month - 1]}"
        label = date if midnight else f"{moment.hour:02d}:{moment.minute:02d}"
        if moment.year != year:
            label += f"\n{moment.year}" if midnight else f"\n{date} {moment.year}"
            year = moment.year
        labels.append(label)
    return labels
