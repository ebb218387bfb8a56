"""The realised map: liquidations that happened, by price."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base.errors import NotEnoughDataError
from liqatlas.base.grid import LogGrid
from liqatlas.maps.head import Head, ModelInfo, VenueInfo
from liqatlas.maps.liquidation_map import LeverageBand, LiquidationMap
from liqatlas.maps.modelled import mark_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.base.recording import Recording

ALL_LEVERAGES = (LeverageBand("all", 0.0, float("inf")),)


def realised_map(recordings: Sequence[Recording], *, as_of_ns: int, window_ns: int) -> LiquidationMap:
    """Return the published liquidation prints of a window by the price they carry.

    Raises
    ------
    NotEnoughDataError
        If no recording holds a print in the window; vendor totals per hour carry no price and do not count.
    """
    grid = LogGrid()
    parts, infos, counted = [], [], []
    for recording in recordings:
        prints = recording.liquidations.filter(
            (pl.col("ts_event_ns") > as_of_ns - window_ns) & (pl.col("ts_event_ns") <= as_of_ns)
        )
        if prints.is_empty():
            continue
        mark, source = _mark(recording, as_of_ns, prints)
        instrument = recording.instrument
        span = recording.until(as_of_ns).span_ns()
        infos.append(
            VenueInfo(
                instrument.venue,
                instrument.symbol,
                mark,
                source,
                float("nan"),
                span[1] if span else as_of_ns,
                quote=instrument.quote,
                settle=instrument.settle,
            )
        )
        parts.append(prints)
        counted.append(recording)
    if not parts:
        raise NotEnoughDataError(
            "no liquidation prints with prices in the window; give files that hold them, or another --kind"
        )
    bins = [grid.bins(p["price"].to_numpy()) for p in parts]
    low, high = min(int(b.min()) for b in bins), max(int(b.max()) for b in bins) + 1
    usd = np.zeros((len(parts), 1, 2, high - low))
    for i, (prints, where) in enumerate(zip(parts, bins, strict=True)):
        position = prints["liquidated"].to_physical().to_numpy()
        np.add.at(usd[i, 0], (position, where - low), prints["notional_usd"].to_numpy())
    kinds = sorted({str(k) for p in parts for k in p["price_kind"].unique()})
    head = Head(
        asset=counted[0].instrument.asset,
        kind="realised",
        quantity="liquidated",
        as_of_ns=as_of_ns,
        window_ns=window_ns,
        price=infos[0].price,
        reference=f"{counted[0].instrument.key} {infos[0].price_source}",
        open_interest_usd=float("nan"),
        venues=tuple(infos),
        model=ModelInfo(
            "prints", "1", "none needed", {"price_kinds": kinds, "prints": sum(p.height for p in parts)}
        ),
        simulated=any(r.simulated for r in counted),
        prints_scope=", ".join(dict.fromkeys(r.prints_scope or r.instrument.venue for r in counted)),
        warnings=tuple(dict.fromkeys(w for r in counted for w in r.warnings)),
    )
    return LiquidationMap(head, grid.edges(low, high), ALL_LEVERAGES, usd)


def _mark(recording: Recording, as_of_ns: int, prints: pl.DataFrame) -> tuple[float, str]:
    """Return a price for the price line: the mark, or the last print where the files hold nothing else."""
    try:
        return mark_at(recording.until(as_of_ns))
    except NotEnoughDataError:
        return float(prints[-1, "price"]), "last print (no mark given)"
