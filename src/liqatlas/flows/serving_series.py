"""Rows for the panes of a chart: candles with volume, open interest and funding; large trades; prints; book depth; feeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from liqatlas.base.clock import HOUR_NS, NS_PER_MS, NS_PER_S, isoformat, now_ns
from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.base.units import prices_from_ticks
from liqatlas.maps.candles import candles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from liqatlas.base.instruments import Instrument
    from liqatlas.base.recording import Recording
    from liqatlas.flows.request import Request
    from liqatlas.flows.serving import Source

#: Most candles of one answer.
MOST_CANDLES = 5_000
#: A feed whose newest row is older than this is stale [s].
STALE_S = 120.0


@dataclass(frozen=True, slots=True)
class Span:
    """The stretch of a request ``(start, end]`` [ns] and what is served of it."""

    start_ns: int
    end_ns: int
    recordings: tuple[Recording, ...]


def span_of(source: Source, request: Request) -> Span:
    """Return the stretch a request means; its end is its moment, else the newest row there is."""
    found = source.recordings(request)
    newest = max(span[1] for r in found if (span := r.span_ns()))
    end = newest if request.as_of_ns is None else request.as_of_ns
    return Span(end - request.window_ns, end, found)


def candles_tree(source: Source, request: Request, interval_ns: int) -> dict[str, Any]:
    """Return candles of the reference price, with the turnover, open interest and funding of all instruments shown.

    Parameters
    ----------
    interval_ns
        Length of a candle [ns]; candles begin at its multiples.

    Raises
    ------
    InputError
        If that makes more than :data:`MOST_CANDLES`.
    NotEnoughDataError
        If there is no price.
    """
    if request.window_ns / interval_ns > MOST_CANDLES:
        raise InputError(
            f"{request.window_ns / interval_ns:,.0f} candles were asked for: wanted at most {MOST_CANDLES:,}, "
            "ask for a longer interval or a shorter window"
        )
    span = span_of(source, request)
    first = span.start_ns // interval_ns * interval_ns
    edges = np.arange(first, span.end_ns + interval_ns + 1, interval_ns, dtype=np.int64)
    reference = max(span.recordings, key=lambda r: (r.trades.height, r.bars.height, r.marks.height))
    rows = candles(reference, edges)
    if rows.is_empty():
        raise NotEnoughDataError(f"no price of {request.asset} in the window asked for")
    at = np.searchsorted(edges, rows["ts_open_ns"].to_numpy())
    closes = rows["close"].to_numpy()
    volume = np.sum([turnover(r, edges, at, closes) for r in span.recordings], axis=0)
    ends = edges[at + 1]
    interest = [_interest(r, ends, closes) for r in span.recordings if r.open_interest.height]
    return {
        "asset": reference.instrument.asset,
        "reference": reference.instrument.key,
        "simulated": source.simulated,
        "interval_s": interval_ns / NS_PER_S,
        "time_ms": (rows["ts_open_ns"] // NS_PER_MS).to_list(),
        **{name: _plain(rows[name].to_numpy()) for name in ("open", "high", "low", "close")},
        "volume_usd": _plain(volume),
        "open_interest_usd": _plain(np.nansum(interest, axis=0) if interest else np.full(len(ends), np.nan)),
        "funding_rate_8h": _plain(_funding(span.recordings, ends)),
    }


def _plain(values: NDArray[np.float64]) -> list[float | None]:
    """Return numbers fit for JSON, 10 digits; NaN is null."""
    return [float(f"{v:.10g}") if np.isfinite(v) else None for v in values.tolist()]


def turnover(
    recording: Recording, edges: NDArray[np.int64], at: NDArray[np.int64], closes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the turnover of each candle [USD]."""
    one = recording.instrument
    if recording.trades.height:
        moments = recording.trades["ts_event_ns"].to_numpy()
        sizes = recording.trades["qty_native"].to_numpy()
        if not one.is_inverse:
            sizes = sizes * prices_from_ticks(recording.trades["price_ticks"].to_numpy(), one.tick_size)
    elif recording.bars.height:
        moments = recording.bars["ts_open_ns"].to_numpy()
        sizes = recording.bars["volume_native"].fill_null(0.0).to_numpy()
        if not one.is_inverse:
            sizes = sizes * recording.bars["close"].to_numpy()
    else:
        return np.zeros(len(closes))
    running = np.concatenate(([0.0], np.cumsum(sizes)))
    cut = np.searchsorted(moments, edges)
    return np.asarray((running[cut[1:]] - running[cut[:-1]])[at])


def _interest(
    recording: Recording, ends: NDArray[np.int64], closes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return one-sided open interest at each candle's end [USD]; NaN before the first sample."""
    table = recording.open_interest
    which = np.searchsorted(table["ts_event_ns"].to_numpy(), ends, side="left") - 1
    native = np.where(which >= 0, table["oi_native"].to_numpy()[np.maximum(which, 0)], np.nan)
    return native if recording.instrument.is_inverse else native * closes


def _funding(recordings: Sequence[Recording], ends: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean over instruments of the newest funding rate at each candle's end, per 8 hours."""
    out = []
    for recording in recordings:
        table = recording.funding
        if not table.height:
            continue
        rate = (table["funding_rate"] / table["interval_h"] * 8.0).to_numpy()
        which = np.searchsorted(table["ts_event_ns"].to_numpy(), ends, side="left") - 1
        out.append(np.where(which >= 0, rate[np.maximum(which, 0)], np.nan))
    if not out:
        return np.full(len(ends), np.nan)
    known = np.sum(np.isfinite(out), axis=0)
    return np.where(known > 0, np.nansum(out, axis=0) / np.maximum(known, 1), np.nan)


def trades_tree(source: Source, request: Request, *, min_usd: float, limit: int) -> dict[str, Any]:
    """Return the newest trades of at least ``min_usd``, newest first.

    Raises
    ------
    NotEnoughDataError
        If no trades are recorded.
    """
    span = span_of(source, request)
    frames = [_large(r, span, min_usd, limit) for r in span.recordings if r.trades.height]
    if not frames:
        raise NotEnoughDataError(f"no trades of {request.asset} are recorded here, only bars or prints")
    rows = pl.concat(frames).sort("ts_event_ns", descending=True).head(limit)
    return _head(source, span) | {
        "min_usd": min_usd,
        "trades": [
            {
                "time": isoformat(row["ts_event_ns"]),
                "venue": row["venue"],
                "symbol": row["symbol"],
                "price": float(f"{row['price']:.10g}"),
                "usd": round(row["usd"], 2),
                "taker_side": None if row["taker_buy"] is None else "buy" if row["taker_buy"] else "sell",
            }
            for row in rows.iter_rows(named=True)
        ],
    }


def _large(recording: Recording, span: Span, min_usd: float, limit: int) -> pl.DataFrame:
    one = recording.instrument
    inside = recording.trades.filter(
        pl.col("ts_event_ns").is_between(span.start_ns, span.end_ns, closed="right")
    )
    price = prices_from_ticks(inside["price_ticks"].to_numpy(), one.tick_size)
    usd = inside["qty_native"].to_numpy() * (1.0 if one.is_inverse else price)
    return (
        inside.select("ts_event_ns", "taker_buy")
        .with_columns(
            price=pl.Series(price, dtype=pl.Float64),
            usd=pl.Series(usd, dtype=pl.Float64),
            venue=pl.lit(one.venue),
            symbol=pl.lit(one.symbol),
        )
        .filter(pl.col("usd") >= min_usd)
        .tail(limit)
    )


def prints_tree(source: Source, request: Request, *, limit: int) -> dict[str, Any]:
    """Return the newest liquidation prints, newest first.

    Raises
    ------
    NotEnoughDataError
        If none are recorded.
    """
    span = span_of(source, request)
    frames = [_prints(r, span) for r in span.recordings if r.liquidations.height]
    if not frames:
        raise NotEnoughDataError(f"no liquidation prints of {request.asset} are recorded here")
    rows = pl.concat(frames)
    tree = _head(source, span) | {"in_window": rows.height}
    newest = rows.sort("ts_event_ns", descending=True).head(limit)
    return tree | {"prints": [print_entry(row) for row in newest.iter_rows(named=True)]}


def print_entry(row: dict[str, Any]) -> dict[str, Any]:
    """Return a liquidation print for JSON."""
    return {
        "time": isoformat(row["ts_event_ns"]),
        "venue": row["venue"],
        "symbol": row["symbol"],
        "liquidated": row["liquidated"],
        "price": float(f"{row['price']:.10g}"),
        "price_kind": row["price_kind"],
        "usd": round(row["notional_usd"], 2),
    }


def _prints(recording: Recording, span: Span) -> pl.DataFrame:
    one = recording.instrument
    return recording.liquidations.filter(
        pl.col("ts_event_ns").is_between(span.start_ns, span.end_ns, closed="right")
    ).with_columns(venue=pl.lit(one.venue), symbol=pl.lit(one.symbol))


def _head(source: Source, span: Span) -> dict[str, Any]:
    return {
        "asset": span.recordings[0].instrument.asset,
        "simulated": source.simulated,
        "as_of": isoformat(span.end_ns),
        "from": isoformat(span.start_ns),
        "unit": "USD",
    }


def depth_tree(source: Source, request: Request) -> dict[str, Any]:
    """Return the newest recorded order book of each instrument at the request's moment.

    Raises
    ------
    NotEnoughDataError
        If no book is recorded.
    """
    return {
        "asset": source.asset(request.asset),
        "simulated": source.simulated,
        "books": [_book(r) for r in source.books(request)],
    }


def _book(recording: Recording) -> dict[str, Any]:
    levels = recording.book_levels
    moment = int(levels["ts_event_ns"][-1])
    newest = levels.filter(pl.col("ts_event_ns") == moment)
    return {
        "venue": recording.instrument.venue,
        "symbol": recording.instrument.symbol,
        "time": isoformat(moment),
        **{f"{name}s": _ladder(newest, name, recording.instrument) for name in ("bid", "ask")},
    }


def _ladder(levels: pl.DataFrame, name: str, instrument: Instrument) -> dict[str, list[float | None]]:
    mine = levels.filter(pl.col("book_side") == name).sort("level")
    price, size = mine["price"].to_numpy(), mine["qty_native"].to_numpy()
    return {"price": _plain(price), "usd": _plain(size if instrument.is_inverse else size * price)}


def prices(source: Source, asset: str) -> dict[str, tuple[int, float]]:
    """Return moment [ns] and price of the newest mark, or else trade or bar, of each instrument by ``venue:symbol``."""
    from liqatlas.flows.request import Request

    out: dict[str, tuple[int, float]] = {}
    for recording in source.newest(Request(asset=asset)):
        one, found = recording.instrument, (0, 0.0)
        if recording.trades.height:
            ticks = recording.trades["price_ticks"].to_numpy()[-1:]
            found = (
                int(recording.trades["ts_event_ns"][-1]),
                float(prices_from_ticks(ticks, one.tick_size)[0]),
            )
        elif recording.bars.height:
            found = (int(recording.bars["ts_close_ns"][-1]), float(recording.bars["close"][-1]))
        if recording.marks.height and int(recording.marks["ts_event_ns"][-1]) >= found[0] - NS_PER_S:
            found = (int(recording.marks["ts_event_ns"][-1]), float(recording.marks["mark_price"][-1]))
        if found[1] > 0:
            out[one.key] = found
    return out


def health_tree(source: Source) -> dict[str, Any]:
    """Return how fresh each feed is; ages count from the newest row of all where nothing is recorded now."""
    now = now_ns() if source.live else source.now_ns()
    feeds = [
        {
            "venue": one.venue,
            "symbol": one.symbol,
            "asset": one.asset,
            "tables": list(one.tables),
            "first_ts": isoformat(one.first_ns),
            "last_ts": isoformat(one.last_ts_ns),
            "age_s": round((now - one.last_ts_ns) / NS_PER_S, 3),
            "gaps": source.gaps(one.venue, one.symbol, now - 24 * HOUR_NS, now),
            "stale": (now - one.last_ts_ns) / NS_PER_S > STALE_S,
        }
        for one in source.markets()
    ]
    return {
        "live": source.live,
        "simulated": source.simulated,
        "now": isoformat(now),
        "stale_after_s": STALE_S,
        "feeds": feeds,
    }


def markets_tree(source: Source) -> dict[str, Any]:
    """Return the assets served, each with its instruments and span."""
    assets = source.assets()
    of: dict[str, list[Any]] = {asset: [] for asset in assets}
    for one in source.markets():
        of[one.asset].append(one)
    return {
        "markets": [
            {
                "asset": asset,
                "venues": [
                    {"venue": m.venue, "symbol": m.symbol, "tables": list(m.tables)} for m in of[asset]
                ],
                "first": isoformat(min(m.first_ns for m in of[asset])),
                "last": isoformat(max(m.last_ts_ns for m in of[asset])),
            }
            for asset in assets
        ],
        "default_asset": assets[0] if assets else None,
        "simulated": source.simulated,
        "live": source.live,
        "as_of": isoformat(source.now_ns()),
    }
