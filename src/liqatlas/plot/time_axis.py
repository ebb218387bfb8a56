"""The time axis: moments as matplotlib counts them, labels in the chosen zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.dates import AutoDateLocator
from matplotlib.ticker import FixedFormatter, FixedLocator

from liqatlas.base.clock import DAY_NS, to_datetime

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, tzinfo

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from liqatlas.plot.sheet import Sheet

# strftime speaks the language of the machine; pictures do not.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def days(moments_ns: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return moments [ns since 1970] as matplotlib's days since 1970."""
    return np.asarray(moments_ns / DAY_NS, dtype=np.float64)


def draw_time_axis(axes: Axes, zone: tzinfo, sheet: Sheet) -> None:
    """Put ticks at round local times between the limits already set, and name the zone."""
    low, high = axes.get_xlim()
    most = max(5, int(axes.bbox.width / (110 * sheet.scale)))
    locator = AutoDateLocator(minticks=4, maxticks=most, tz=zone)  # type: ignore[no-untyped-call]
    ends = (to_datetime(round(low * DAY_NS), zone), to_datetime(round(high * DAY_NS), zone))
    ticks = [at for at in locator.tick_values(*ends) if low <= at <= high]  # type: ignore[no-untyped-call]
    labels = time_labels([to_datetime(round(at * DAY_NS / 1e9) * 10**9, zone) for at in ticks])
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FixedFormatter(labels))
    axes.set_xlabel(f"time, {ends[1].tzname() or 'UTC'}", color=sheet.theme.muted, fontsize=sheet.points(10))


def time_labels(moments: Sequence[datetime]) -> list[str]:
    r"""Return labels of a time axis: the date where a day begins, else the time; the year where it is new.

    Examples
    --------
    >>> from datetime import datetime
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
