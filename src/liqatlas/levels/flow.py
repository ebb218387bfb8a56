r"""Flow bars: what opened and closed between two samples of open interest, and where.

In any matched market, with V the one-sided turnover and ΔOI the change of one-sided open interest,

    OL + OS = V + ΔOI,   CL + CS = V - ΔOI,   OL = ΔOI⁺ + θ(V - |ΔOI|),   CS = ΔOI⁻ + (1 - θ)(V - |ΔOI|)

with one unknown share θ. A share φ of the turnover beyond \|ΔOI\| belongs to positions that stay; it scales opens and closes
alike and never ΔOI itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base.clock import MINUTE_NS, isoformat
from liqatlas.base.errors import NotEnoughDataError
from liqatlas.levels.events import Runs, mark_events, runs_of_bars, runs_of_trades

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from liqatlas.base.grid import LogGrid
    from liqatlas.base.recording import Recording

#: Spacing of constant samples where the caller gives one figure for the open interest.
CONSTANT_SPACING_NS = 5 * MINUTE_NS


@dataclass(frozen=True, slots=True)
class FlowBars:
    """Flow bars of one instrument, ``n`` of them, each ``[edge, next edge)``.

    Attributes
    ----------
    edges_ns
        int64 ``(n + 1,)``: moments of the open-interest samples.
    runs
        Touches and openings.
    volume, bought
        float64 ``(n,)``: turnover, and the part in which takers bought [native].
    open_interest
        float64 ``(n + 1,)``: one-sided open interest at the edges [native].
    last_is_provisional
        True where the last bar has no closing sample yet: its ΔOI counts as zero.
    order_known
        False where bars hide the order of prices inside them; results are then bracketed.
    mark_source, entry_source
        What touched, and where entries come from, in words.
    warnings
        What was noticed, one sentence each.
    """

    edges_ns: NDArray[np.int64]
    runs: Runs
    volume: NDArray[np.float64]
    bought: NDArray[np.float64]
    open_interest: NDArray[np.float64]
    last_is_provisional: bool
    mark_source: str
    entry_source: str
    warnings: tuple[str, ...] = ()
    order_known: bool = True

    @property
    def count(self) -> int:
        """Number of bars."""
        return len(self.edges_ns) - 1

    def bin_range(self) -> tuple[int, int]:
        """Return the lowest bin and the highest bin plus one over all entries and touches.

        Raises
        ------
        NotEnoughDataError
            If there is no run at all.
        """
        runs = self.runs
        touching = runs.low <= runs.high
        if len(runs.entry) == 0:
            raise NotEnoughDataError("no trade, bar or mark lies between two samples of open interest")
        lows = np.concatenate((runs.entry, runs.low[touching]))
        highs = np.concatenate((runs.entry, runs.high[touching]))
        return int(lows.min()), int(highs.max()) + 1


def joined(parts: Sequence[FlowBars]) -> FlowBars:
    """Return tables of flow bars that follow each other as one; what they say of their sources is of the last."""
    if len(parts) == 1:
        return parts[0]
    runs = [part.runs for part in parts]
    offsets = np.cumsum([0, *(len(one.entry) for one in runs[:-1])])
    return replace(
        parts[-1],
        edges_ns=np.concatenate([parts[0].edges_ns[:1], *(part.edges_ns[1:] for part in parts)]),
        runs=Runs(
            np.concatenate([one.entry for one in runs]),
            np.concatenate([one.low for one in runs]),
            np.concatenate([one.high for one in runs]),
            np.concatenate([one.qty for one in runs]),
            np.concatenate([[0], *(one.first[1:] + shift for one, shift in zip(runs, offsets, strict=True))]),
        ),
        volume=np.concatenate([part.volume for part in parts]),
        bought=np.concatenate([part.bought for part in parts]),
        open_interest=np.concatenate(
            [parts[0].open_interest[:1], *(part.open_interest[1:] for part in parts)]
        ),
        warnings=tuple(dict.fromkeys(text for part in parts for text in part.warnings)),
        order_known=all(part.order_known for part in parts),
    )


def opened_and_closed(
    volume: NDArray[np.float64], open_interest: NDArray[np.float64], *, theta: float, phi: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what opened, and the share of open interest that closed, per bar and position.

    Parameters
    ----------
    volume
        float64 ``(n,)`` [native]; where it is below ``|ΔOI|``, ``|ΔOI|`` counts as the turnover.
    open_interest
        float64 ``(n + 1,)`` one-sided [native].
    theta, phi
        See the module.

    Returns
    -------
    opened
        float64 ``(n, 2)`` [native], long and short.
    closed
        float64 ``(n, 2)`` in [0, 1]: closes over the open interest at the bar's start.
    """
    change = np.diff(open_interest)
    turnover = phi * np.maximum(volume - np.abs(change), 0.0)
    rise, fall = np.maximum(change, 0.0), np.maximum(-change, 0.0)
    shares = np.array((theta, 1.0 - theta))
    opened = rise[:, None] + turnover[:, None] * shares
    closed = fall[:, None] + turnover[:, None] * shares
    before = open_interest[:-1, None]
    share = np.divide(closed, before, out=np.ones_like(closed), where=before > 0)
    return opened, np.clip(share, 0.0, 1.0)


def flow_bars(
    recording: Recording,
    grid: LogGrid,
    *,
    as_of_ns: int,
    nearest: tuple[int, int],
    constant_oi_native: float | None = None,
    spot_turnover: float = 1.0,
) -> FlowBars:
    """Return the flow bars of a recording up to a moment.

    Parameters
    ----------
    recording
        Needs trades or bars, and open interest unless a constant is given.
    as_of_ns
        Nothing later is used. Events after the last sample of open interest form a provisional bar.
    nearest
        Smallest level offset of a (long, short) in bins; runs merge only where that is exact.
    constant_oi_native
        One-sided open interest to assume throughout where the recording holds none [native].
    spot_turnover
        Multiple of the turnover where only spot bars are given.

    Raises
    ------
    NotEnoughDataError
        If there are neither trades nor bars, or no open interest; says what to give.
    """
    known = recording.until(as_of_ns)
    if known.trades.is_empty() and known.bars.is_empty():
        raise NotEnoughDataError(
            f"{recording.instrument.key}: no trades and no bars up to {isoformat(as_of_ns)}"
        )
    edges, open_interest, provisional, warnings = _samples(known, as_of_ns, constant_oi_native)
    bars = bars_between(
        known,
        grid,
        edges=edges,
        open_interest=open_interest,
        nearest=nearest,
        spot_turnover=spot_turnover,
    )
    return replace(
        bars,
        last_is_provisional=provisional,
        warnings=(*warnings, *bars.warnings, *_audit(bars.volume, open_interest, known)),
    )


def bars_between(
    known: Recording,
    grid: LogGrid,
    *,
    edges: NDArray[np.int64],
    open_interest: NDArray[np.float64],
    nearest: tuple[int, int],
    spot_turnover: float = 1.0,
    carry: NDArray[np.float64] | None = None,
) -> FlowBars:
    """Return flow bars between given samples of open interest.

    Parameters
    ----------
    known
        Its trades count, or its bars where it holds bars alone.
    edges, open_interest
        int64 and float64 ``(n + 1,)``.
    carry
        float64 ``(3,)``: what the trades and marks before the first edge left, see ``trade_runs``; ``known`` then holds only
        trades at or after the first edge and marks after it. By default the recording begins there.
    """
    marks, mark_source = mark_events(known, grid)
    per_bar = (
        np.zeros(len(edges), dtype=np.int64),
        np.zeros(len(edges) - 1, dtype=np.float64),
        np.zeros(len(edges) - 1, dtype=np.float64),
    )
    warnings: list[str] = []
    if not known.trades.is_empty() or known.bars.is_empty():
        entry_source = "trades"
        mark_source = (
            f"{mark_source}, trades x last mark/trade ratio between them"
            if mark_source
            else "trade price (no mark given)"
        )
        runs = runs_of_trades(
            known, grid, marks=marks, edges=edges, nearest=nearest, per_bar=per_bar, carry=carry
        )
    else:
        kind = str(known.bars["price_kind"][0])
        entry_source = f"{kind} bars, volume spread evenly over time and price"
        warnings.append(f"{known.instrument.key}: no trades given; entries are {entry_source}")
        mark_source = mark_source or f"{kind} bars (no mark given)"
        if kind == "spot":
            known = replace(
                known,
                bars=known.bars.with_columns(pl.col("volume_native", "taker_buy_native") * spot_turnover),
            )
            warnings.append(
                f"{known.instrument.key}: turnover is the spot market's times {spot_turnover:g}, a belief of the model"
            )
        runs = runs_of_bars(known, grid, edges=edges, nearest=nearest, per_bar=per_bar)
    return FlowBars(
        edges,
        runs,
        per_bar[1],
        per_bar[2],
        open_interest,
        last_is_provisional=False,
        mark_source=mark_source,
        entry_source=entry_source,
        warnings=tuple(warnings),
        order_known=entry_source == "trades",
    )


def _samples(
    known: Recording, as_of_ns: int, constant: float | None
) -> tuple[NDArray[np.int64], NDArray[np.float64], bool, list[str]]:
    """Return bar edges and open interest at them; the flow before the first and after the last sample gets bars of its own."""
    table = known.trades if not known.trades.is_empty() else known.bars
    first = int(table["ts_event_ns" if "ts_event_ns" in table.columns else "ts_open_ns"][0])
    last = (
        min(
            as_of_ns,
            max(int(table[-1, "ts_event_ns" if "ts_event_ns" in table.columns else "ts_close_ns"]), first),
        )
        + 1
    )
    warnings: list[str] = []
    if known.open_interest.is_empty():
        if constant is None:
            raise NotEnoughDataError(
                f"{known.instrument.key}: no open interest up to {isoformat(as_of_ns)}; "
                "give files that hold it, or a constant with --open-interest USD"
            )
        warnings.append(
            f"open interest is a constant {constant:,.6g} native units given by the caller, not data"
        )
        edges = np.arange(first - first % CONSTANT_SPACING_NS, last, CONSTANT_SPACING_NS, dtype=np.int64)
        values = np.full(len(edges), constant)
    else:
        edges = known.open_interest["ts_event_ns"].to_numpy().astype(np.int64)
        values = known.open_interest["oi_native"].to_numpy().astype(np.float64)
        keep = np.append(np.diff(edges) > 0, True)
        edges, values = edges[keep], values[keep]
    if first < edges[0]:
        lead = edges[0] - first
        if lead > 60 * MINUTE_NS:
            warnings.append(
                f"open interest before {isoformat(int(edges[0]))} is unknown and taken as its first sample for {lead / 3.6e12:.1f} h"
            )
        edges, values = np.insert(edges, 0, first), np.insert(values, 0, values[0])
    provisional = bool(last > edges[-1])
    if provisional:
        edges, values = np.append(edges, last), np.append(values, values[-1])
    return edges, values, provisional, warnings


def _audit(volume: NDArray[np.float64], open_interest: NDArray[np.float64], known: Recording) -> list[str]:
    """Warn where open interest changed by more than was traded; see SCIENCE of the flow identity in the docs."""
    change = np.abs(np.diff(open_interest))
    traded = volume > 0
    share = float(np.mean(change[traded] > volume[traded] * (1 + 1e-9))) if traded.any() else 0.0
    out = []
    if share > 0.05:
        out.append(
            f"{known.instrument.key}: |change of open interest| exceeds the turnover in {share:.0%} of intervals: "
            "trades are missing, or the open interest has another unit or counts both sides"
        )
    silent = int(np.sum(~traded & (change > 0)))
    if silent > 0.2 * len(volume) and known.trades is not None:
        out.append(
            f"{known.instrument.key}: {silent:,} of {len(volume):,} intervals have no turnover although open interest changed"
        )
    return out
