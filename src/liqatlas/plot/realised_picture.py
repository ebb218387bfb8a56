"""Liquidations that happened, by time and price: one dot per print, its area the amount."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from liqatlas.base.errors import NotEnoughDataError
from liqatlas.base.format import format_price, format_usd
from liqatlas.plot.figure import Figure, drawing
from liqatlas.plot.sheet import Sheet
from liqatlas.plot.theme import theme_of
from liqatlas.plot.time_axis import days, draw_time_axis

if TYPE_CHECKING:
    from datetime import tzinfo

    import polars as pl
    from matplotlib.axes import Axes

SIZE = (1600, 900)
#: Area of the largest dot [square points].
_LARGEST = 900.0


@dataclass(frozen=True, slots=True)
class PrintsPicture:
    """What is drawn: prints with ``ts_event_ns``, ``price``, ``notional_usd``, ``liquidated`` and ``venue``."""

    asset: str
    prints: pl.DataFrame
    as_of: str
    simulated: bool
    sentences: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def realised_figure(
    what: PrintsPicture, *, theme: str = "dark", zone: tzinfo = UTC, size: tuple[int, int] = SIZE
) -> Figure:
    """Return the picture of prints.

    Raises
    ------
    NotEnoughDataError
        If there is no print: totals carry no price.
    InputError
        If theme or size cannot be used.
    """
    if what.prints.is_empty():
        raise NotEnoughDataError(
            "no prints with prices to draw: totals per interval carry none; ask for another format"
        )
    look = theme_of(theme)
    title = f"{'SIMULATED ' if what.simulated else ''}{what.asset} realised liquidations"
    with drawing():
        sheet = Sheet(look, size)
        sheet.header(
            title, [f"one dot per published print, area = USD · until {what.as_of}"], alarm=what.simulated
        )
        sheet.notes(what.sentences, what.warnings, ())
        sheet.bottom += 56 * sheet.scale  # labels of the time axis
        axes = sheet.figure.add_axes(sheet.rectangle(90 * sheet.scale, 40 * sheet.scale))
        sheet.style(axes)
        _draw_prints(axes, what.prints, sheet)
        draw_time_axis(axes, zone, sheet)
        if what.simulated:
            sheet.watermark()
    return Figure(sheet.figure, title=title, description="\n".join([*what.sentences, *what.warnings]))


def _draw_prints(axes: Axes, prints: pl.DataFrame, sheet: Sheet) -> None:
    theme = sheet.theme
    largest = float(prints["notional_usd"].max())  # type: ignore[arg-type]
    area = np.maximum(prints["notional_usd"].to_numpy() / max(largest, 1e-9) * _LARGEST, 4.0) * sheet.scale**2
    longs = (prints["liquidated"] == "long").to_numpy()
    moments, price = days(prints["ts_event_ns"].to_numpy()), prints["price"].to_numpy()
    for mask, colour, shape, name in (
        (longs, theme.long, "v", "liquidated longs"),
        (~longs, theme.short, "^", "liquidated shorts"),
    ):
        axes.scatter(
            moments[mask],
            price[mask],
            s=area[mask],
            c=colour,
            marker=shape,
            alpha=0.65,
            linewidths=0,
            gid=name,
        )
    axes.yaxis.set_major_locator(MaxNLocator(9))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_price(float(value))))
    axes.set_ylabel("price of the print", color=theme.muted, fontsize=sheet.points(10))
    handles = [
        Line2D([], [], marker="v", color=theme.long, linestyle="", label="longs"),
        Line2D([], [], marker="^", color=theme.short, linestyle="", label="shorts"),
        Line2D([], [], linestyle="", label=f"largest {format_usd(largest)}"),
    ]
    axes.legend(
        handles=handles, loc="upper left", frameon=False, labelcolor=theme.text, fontsize=sheet.points(10)
    )
