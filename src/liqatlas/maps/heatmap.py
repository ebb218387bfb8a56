"""The heatmap: how the levels looked over time, with candles and realised prints over it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from liqatlas.base.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from liqatlas.maps.head import Head


@dataclass(frozen=True, slots=True)
class Heatmap:
    """Amounts per time column and price row.

    Attributes
    ----------
    head
        As in a map; ``as_of_ns`` is the end of the last column.
    times_ns
        int64, shape ``(T,)``: the moment each column is as of, ascending. Column ``t`` shows what was open then.
    price_edges
        float64, shape ``(B + 1,)``, ascending [quote].
    long_usd, short_usd
        float64, shape ``(T, B)`` [USD].
    candles
        Columns ``ts_open_ns, ts_close_ns, open, high, low, close`` of the reference price, one per column of the heatmap.
    prints
        Realised prints: ``ts_event_ns, liquidated, price, notional_usd, venue``; possibly empty.
    """

    head: Head
    times_ns: NDArray[np.int64]
    price_edges: NDArray[np.float64]
    long_usd: NDArray[np.float64]
    short_usd: NDArray[np.float64]
    candles: pl.DataFrame
    prints: pl.DataFrame

    def __post_init__(self) -> None:
        wanted = (len(self.times_ns), len(self.price_edges) - 1)
        if self.long_usd.shape != wanted or self.short_usd.shape != wanted:
            raise InputError(
                f"heatmap cells have shapes {self.long_usd.shape}, {self.short_usd.shape}; wanted {wanted}"
            )

    def to_json(self) -> bytes:
        """Return the heatmap as UTF-8 JSON in the documented schema."""
        import orjson

        from liqatlas.maps.serialise import heatmap_tree

        return orjson.dumps(heatmap_tree(self))
