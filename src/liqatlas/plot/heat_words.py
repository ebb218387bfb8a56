"""The words around a heatmap; every number in them is read from the heatmap drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base.format import format_price, format_usd
from liqatlas.maps.head import LONG, SHORT
from liqatlas.plot import words

if TYPE_CHECKING:
    from datetime import tzinfo

    from numpy.typing import NDArray

    from liqatlas.maps.head import Head
    from liqatlas.maps.heatmap import Heatmap
    from liqatlas.plot.cells import Cells


def header_lines(head: Head, zone: tzinfo) -> list[str]:
    """Return the lines under the headline of a heatmap."""
    return [
        f"{words.quantity_words(head)} · unit {head.unit} · each column shows what was known before the candle over it",
        f"{words.when(head, zone)} · {words.price_words(head)}",
    ]


def bar_label(heatmap: Heatmap, cells: Cells, faintest: float) -> str:
    """Return the label of the colour bar: what a cell holds, and what is too faint to be drawn."""
    row = f"{format_price(cells.step)} {words.quote(heatmap.head)}"
    return (
        f"{words.amount_words(heatmap.head)} per row of {row}, log scale; below {format_usd(faintest)} blank"
    )


def caption(heatmap: Heatmap, cells: Cells, *, hidden: tuple[int, float] = (0, 0.0)) -> list[str]:
    """Return the heaviest rows of the last column, the prints, and what is not drawn."""
    head = heatmap.head
    sentences = []
    for name, usd in (("long", cells.last[LONG]), ("short", cells.last[SHORT])):
        sentences.append(_heaviest_row(head, name, usd, cells))
    sentences.append(_prints_sentence(heatmap, hidden))
    left_out = [
        f"{format_usd(amount)} of {name}"
        for name, amount in zip(("longs", "shorts"), cells.left_out, strict=True)
        if amount > 0.005 * max(1.0, float(heatmap.long_usd[-1].sum() + heatmap.short_usd[-1].sum()))
    ]
    if left_out:
        sentences.append(f"Beyond this range in the last column: {' and '.join(left_out)}.")
    if cells.merged > 1:
        sentences.append(f"{cells.merged} columns are drawn as one, the strongest value of each row.")
    return sentences


def _heaviest_row(head: Head, name: str, usd: NDArray[np.float64], cells: Cells) -> str:
    total = float(usd.sum())
    if not total > 0:
        return f"No {name} levels in the drawn range at the as-of moment."
    row = int(np.argmax(usd))
    low, high = (format_price(float(cells.price_edges[row + i]), step=cells.step) for i in (0, 1))
    what = {"outstanding": "open", "expected": "expected to be liquidated", "liquidated": "liquidated"}
    return (
        f"As of the last column {format_usd(total)} of {name}s are {what[head.quantity]} in the drawn range, the heaviest row "
        f"{low}–{high} with {format_usd(float(usd[row]))}."
    )


def _prints_sentence(heatmap: Heatmap, hidden: tuple[int, float]) -> str:
    prints = heatmap.prints
    if prints.height == 0:
        return "No liquidation prints were given with it."
    sums = {
        name: float(
            prints.filter(pl.col("liquidated").cast(pl.String) == name)
            .select(pl.col("notional_usd").sum())
            .item()
        )
        for name in ("long", "short")
    }
    text = f"Prints: {format_usd(sums['long'])} of longs and {format_usd(sums['short'])} of shorts liquidated ({prints.height:,} prints)"
    if hidden[0]:
        text += f"; the {hidden[0]:,} smallest marks, {format_usd(hidden[1])} together, are not drawn"
    return text + "."
