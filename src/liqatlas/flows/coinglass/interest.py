"""Open interest in the interface's shapes. It is one-sided everywhere; the interface does not say which of the two it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from liqatlas.base.clock import HOUR_NS, MINUTE_NS, NS_PER_MS
from liqatlas.flows.coinglass.names import exchange_of
from liqatlas.maps.candles import candles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from liqatlas.base.recording import Recording
    from liqatlas.flows.coinglass.history import Buckets
    from liqatlas.flows.serving import Market, Source

Unit = Literal["usd", "coin"]
_TABLES = ("open_interest", "marks", "bars")
_CHANGES = {
    "5m": 5 * MINUTE_NS, "15m": 15 * MINUTE_NS, "30m": 30 * MINUTE_NS, "1h": HOUR_NS, "4h": 4 * HOUR_NS, "24h": 24 * HOUR_NS,
}  # fmt: skip
#: A sample older than this says nothing of a moment any more.
_STALE_NS = 6 * HOUR_NS


class Samples:
    """Open interest of one instrument at its samples: USD and coins."""

    def __init__(self, recording: Recording) -> None:
        table = recording.open_interest
        self.moments: NDArray[np.int64] = table["ts_event_ns"].to_numpy()
        native = table["oi_native"].to_numpy()
        price = _prices_at(recording, self.moments)
        usd = native if recording.instrument.is_inverse else native * price
        given = table["oi_usd"].to_numpy()
        self.usd: NDArray[np.float64] = np.where(np.isfinite(usd), usd, given)
        coins = recording.instrument.price_multiplier * native
        self.coins: NDArray[np.float64] = usd / price if recording.instrument.is_inverse else coins
        self.coin_margined = recording.instrument.is_inverse

    def of(self, unit: Unit) -> NDArray[np.float64]:
        """Return the samples in a unit."""
        return self.usd if unit == "usd" else self.coins

    def at(self, moments: NDArray[np.int64], unit: Unit) -> NDArray[np.float64]:
        """Return the newest sample at or before each moment, NaN where there is none of the last six hours."""
        which = np.searchsorted(self.moments, moments, side="right") - 1
        held = self.moments[np.maximum(which, 0)]
        known = (which >= 0) & (moments - held <= _STALE_NS)
        return np.where(known, self.of(unit)[np.maximum(which, 0)], np.nan)


def _prices_at(recording: Recording, moments: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the newest mark, else close, at or before each moment; the first one before all."""
    if recording.marks.height:
        known, values = recording.marks["ts_event_ns"].to_numpy(), recording.marks["mark_price"].to_numpy()
    elif recording.bars.height:
        known, values = recording.bars["ts_close_ns"].to_numpy(), recording.bars["close"].to_numpy()
    elif recording.trades.height:
        edges = np.unique(np.append(moments, moments[-1] + 1))
        frame = candles(recording, np.append(edges[:1] - HOUR_NS, edges))
        known, values = frame["ts_close_ns"].to_numpy(), frame["close"].to_numpy()
    else:
        known, values = moments[:0], np.empty(0)
    if not len(known):
        return np.full(len(moments), np.nan)
    which = np.searchsorted(known, moments, side="right") - 1
    return np.asarray(values[np.maximum(which, 0)])


def samples_of(
    source: Source, markets: Sequence[Market], span: tuple[int, int]
) -> list[tuple[Market, Samples]]:
    """Return the samples of every instrument that has any in a span."""
    out = []
    for market in markets:
        if "open_interest" not in market.tables:
            continue
        tables = _TABLES if {"marks", "bars"} & set(market.tables) else (*_TABLES, "trades")
        recording = source.tables(market, tables, (span[0] - _STALE_NS, span[1]))
        if recording.open_interest.height:
            out.append((market, Samples(recording)))
    return out


def open_high_low_close(
    series: Sequence[Samples], asked: Buckets, unit: Unit
) -> tuple[list[int], NDArray[np.float64]]:
    """Return the intervals [ms] in which every held series is known and their open, high, low, close, ``(n, 4)``."""
    if not series or not asked.count:
        return [], np.empty((0, 4))
    first, last = asked.span
    inside = [one.moments[(one.moments >= first) & (one.moments < last)] for one in series]
    starts = first + asked.length_ns * np.arange(asked.count, dtype=np.int64)
    moments = np.unique(np.concatenate((starts, *inside)))
    values = [one.at(moments, unit) for one in series]
    together = np.where(np.isfinite(values).any(axis=0), np.nansum(values, axis=0), np.nan)
    cut = np.searchsorted(moments, starts)
    times, rows = [], []
    for i, (begin, end) in enumerate(zip(cut, [*cut[1:], len(moments)], strict=True)):
        known = together[begin:end][np.isfinite(together[begin:end])]
        if known.size:
            times.append(int(starts[i]) // NS_PER_MS)
            rows.append((known[0], known.max(), known.min(), known[-1]))
    return times, np.array(rows).reshape(-1, 4)


def history(
    source: Source, markets: Sequence[Market], asked: Buckets, unit: Unit, margin: str = ""
) -> list[dict[str, Any]]:
    """Return open interest per interval, prices as text.

    Parameters
    ----------
    margin
        ``coin`` or ``stable`` keeps the contracts margined so.
    """
    series = [
        one
        for _, one in samples_of(source, markets, asked.span)
        if not margin or one.coin_margined == (margin == "coin")
    ]
    times, rows = open_high_low_close(series, asked, unit)
    names = ("open", "high", "low", "close")
    return [
        {"time": time} | {name: f"{value:.10g}" for name, value in zip(names, row, strict=True)}
        for time, row in zip(times, rows.tolist(), strict=True)
    ]


def exchange_list(source: Source, coin: str, markets: Sequence[Market]) -> list[dict[str, Any]]:
    """Return each exchange's open interest now, its parts by margin and its change; the row "All" first."""
    now = source.now_ns()
    span = (now - _CHANGES["24h"] - HOUR_NS, now + 1)
    held = samples_of(source, markets, span)
    exchanges = dict.fromkeys(exchange_of(market.venue) for market, _ in held)
    rows = [
        _exchange(exchange, coin, [one for market, one in held if exchange_of(market.venue) == exchange], now)
        for exchange in exchanges
    ]
    rows.sort(key=lambda row: -row["open_interest_usd"])
    return [_exchange("All", coin, [one for _, one in held], now), *rows] if rows else []


def _exchange(exchange: str, coin: str, series: Sequence[Samples], now: int) -> dict[str, Any]:
    def now_in(unit: Unit, margin: bool | None = None) -> float:
        kept = [one for one in series if margin is None or one.coin_margined is margin]
        return round(float(np.nansum([one.at(np.array([now]), unit)[0] for one in kept])), 4)

    row: dict[str, Any] = {
        "exchange": exchange,
        "symbol": coin,
        "open_interest_usd": now_in("usd"),
        "open_interest_quantity": now_in("coin"),
        "open_interest_by_coin_margin": now_in("usd", margin=True),
        "open_interest_by_stable_coin_margin": now_in("usd", margin=False),
        "open_interest_quantity_by_coin_margin": now_in("coin", margin=True),
        "open_interest_quantity_by_stable_coin_margin": now_in("coin", margin=False),
    }
    for name, length in _CHANGES.items():
        pairs = [(one.at(np.array([now - length, now]), "usd")) for one in series]
        known = [pair for pair in pairs if np.isfinite(pair).all()]
        before, after = np.sum(known, axis=0) if known else (0.0, 0.0)
        row[f"open_interest_change_percent_{name}"] = (
            round(float(after / before - 1) * 100, 2) if before > 0 else None
        )
    return row


def history_chart(source: Source, markets: Sequence[Market], asked: Buckets, unit: Unit) -> dict[str, Any]:
    """Return closes per interval: ``time_list``, ``price_list`` and one list an exchange under ``data_map``."""
    held = samples_of(source, markets, asked.span)
    first, last = asked.span
    ends = first + asked.length_ns * np.arange(1, asked.count + 1, dtype=np.int64) - 1
    data: dict[str, list[float | None]] = {}
    for exchange in dict.fromkeys(exchange_of(market.venue) for market, _ in held):
        values = [one.at(ends, unit) for market, one in held if exchange_of(market.venue) == exchange]
        known = np.isfinite(values).any(axis=0)
        data[exchange] = _plain(np.where(known, np.nansum(values, axis=0), np.nan))
    prices = np.full(asked.count, np.nan)
    if markets and asked.count:
        reference = max(markets, key=lambda one: (len(one.tables), one.last_ts_ns))
        recording = source.tables(reference, ("marks", "bars", "trades"), (first, last))
        prices = _prices_at(recording, ends)
    return {
        "time_list": asked.starts_ms,
        "price_list": _plain(prices),
        "data_map": data,
    }


def _plain(values: NDArray[np.float64]) -> list[float | None]:
    return [float(f"{value:.10g}") if np.isfinite(value) else None for value in values.tolist()]
