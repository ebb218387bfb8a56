"""What one order-book snapshot says: spread, depth within distances, depth on the way to a level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base.clock import HOUR_NS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.base.recording import Recording


@dataclass(frozen=True, slots=True)
class BookView:
    """The newest snapshot of a book at a moment.

    Attributes
    ----------
    ts_ns
        Moment of the snapshot.
    mid, spread
        Middle of best bid and ask [quote]; their difference as a share of it.
    bid_distance, ask_distance
        Distance of each level from the middle, ascending (fraction).
    bid_usd, ask_usd
        Cumulative resting amount up to that level [USD].
    """

    ts_ns: int
    mid: float
    spread: float
    bid_distance: NDArray[np.float64]
    bid_usd: NDArray[np.float64]
    ask_distance: NDArray[np.float64]
    ask_usd: NDArray[np.float64]

    def within(self, position: str, distance: float) -> tuple[float, bool]:
        """Return resting USD that liquidations of a position meet up to a distance, and whether the book was seen that far.

        Liquidated longs sell into the bids, liquidated shorts buy from the asks.
        """
        at, usd = (
            (self.bid_distance, self.bid_usd) if position == "long" else (self.ask_distance, self.ask_usd)
        )
        count = int(np.searchsorted(at, distance, side="right"))
        return (float(usd[count - 1]) if count else 0.0), bool(at[-1] >= distance)


def book_view(recording: Recording, as_of_ns: int, *, most_age_h: float) -> BookView | None:
    """Return the newest two-sided snapshot at or before a moment, or None where there is none that young."""
    moment = pl.col("ts_event_ns")
    oldest = as_of_ns - round(most_age_h * HOUR_NS)
    levels = recording.book_levels.filter((moment <= as_of_ns) & (moment >= oldest))
    for ts in levels["ts_event_ns"].unique().sort(descending=True).head(5):
        at = levels.filter(pl.col("ts_event_ns") == ts)
        bids = at.filter(pl.col("book_side") == "bid").sort("price", descending=True)
        asks = at.filter(pl.col("book_side") == "ask").sort("price")
        if bids.is_empty() or asks.is_empty():
            continue
        best_bid, best_ask = float(bids[0, "price"]), float(asks[0, "price"])
        mid = (best_bid + best_ask) / 2
        sides = []
        for frame in (bids, asks):
            price, size = frame["price"].to_numpy(), frame["qty_native"].to_numpy()
            usd = size if recording.instrument.is_inverse else size * price
            sides += [np.abs(price / mid - 1.0), np.cumsum(usd)]
        return BookView(int(ts), mid, (best_ask - best_bid) / mid, sides[0], sides[1], sides[2], sides[3])
    return None
