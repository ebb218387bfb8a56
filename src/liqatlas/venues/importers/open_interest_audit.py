"""Does open interest fit the volume traded? |ΔOI| ≤ V holds between two samples of one venue, by the flow identity.

The audit only warns. Which venue publishes both sides is a sourced constant, never decided here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.clock import MINUTE_NS

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from liqatlas.base.recording import Recording

#: Share of intervals in which open interest may change by more than the volume, for clocks that are not quite the same.
_TOLERATED = 0.02
#: Fewer intervals than this say nothing.
_ENOUGH = 20
#: Volume is summed over at least this long, so that the two clocks' difference does not matter.
_SHORTEST_NS = 5 * MINUTE_NS
#: Open interest that is more than this many times a day's turnover, or less than its inverse, is of another unit.
_UNIT_FACTOR = 1_000.0
_DAY_NS = 24 * 60 * MINUTE_NS


def audit_open_interest(recording: Recording) -> list[str]:
    """Return warnings on open interest that does not fit the instrument's own volume and price.

    Parameters
    ----------
    recording
        With open interest, and trades or bars of this venue; spot volume is not judged by.
    """
    interest = recording.open_interest
    if interest.height < 2:
        return []
    told = _unit_by_value(recording)
    moments, volume = _running_volume(recording)
    if moments.size < 2:
        return told
    ts, oi = _spaced(interest, int(moments[0]), int(moments[-1]))
    if ts.size < _ENOUGH:
        return told
    traded = np.diff(_volume_at(ts, moments, volume))
    change = np.abs(np.diff(oi))
    told += _unit_by_turnover(oi, traded, ts)
    breaches = float(np.mean(change > traded * (1 + 1e-9)))
    if breaches > _TOLERATED:
        told.append(
            f"open interest of {recording.instrument.key} changes by more than the volume traded in {breaches:.1%} of "
            f"{traded.size:,} intervals, where at most {_TOLERATED:.0%} are expected: another unit, both sides counted, or "
            "missing trades"
        )
    return told


def _spaced(interest: pl.DataFrame, first: int, last: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return samples inside the volume's span, at least some minutes apart."""
    ts, oi = interest["ts_event_ns"].to_numpy(), interest["oi_native"].to_numpy()
    inside = (ts >= first) & (ts <= last)
    ts, oi = ts[inside], oi[inside]
    if ts.size < 2:
        return ts, oi
    usual = float(np.median(np.diff(ts)))
    stride = max(1, int(np.ceil(_SHORTEST_NS / max(usual, 1.0) - 1e-3)))
    return ts[::stride], oi[::stride]


def _running_volume(recording: Recording) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return moments and the native volume traded up to each."""
    if recording.trades.height:
        return recording.trades["ts_event_ns"].to_numpy(), np.cumsum(
            recording.trades["qty_native"].to_numpy()
        )
    bars = recording.bars
    own = bars.filter((bars["price_kind"] == "last") & bars["volume_native"].is_not_null())
    if own.is_empty():
        return np.empty(0, np.int64), np.empty(0)
    moments = np.concatenate([own["ts_open_ns"].to_numpy()[:1], own["ts_close_ns"].to_numpy()])
    return moments, np.concatenate([[0.0], np.cumsum(own["volume_native"].to_numpy())])


def _volume_at(
    ts: NDArray[np.int64], moments: NDArray[np.int64], volume: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the running volume at a few of millions of moments, linear between them."""
    after = np.clip(np.searchsorted(moments, ts, side="right"), 1, moments.size - 1)
    start, length = moments[after - 1], np.maximum(moments[after] - moments[after - 1], 1)
    part = np.clip((ts - start) / length, 0.0, 1.0)
    return np.asarray(volume[after - 1] + part * (volume[after] - volume[after - 1]))


def _unit_by_value(recording: Recording) -> list[str]:
    """Compare the price that oi_usd / oi implies with the prices of the recording."""
    interest = recording.open_interest.filter(recording.open_interest["oi_usd"].is_not_null())
    price = _typical_price(recording)
    if interest.is_empty() or not price or recording.instrument.is_inverse:
        return []
    implied = float(np.median((interest["oi_usd"] / interest["oi_native"]).to_numpy()))
    if 1 / 3 < implied / price < 3:
        return []
    sentence = (
        f"open interest of {recording.instrument.key}: its USD value divided by it is {implied:,.6g} where the price is about "
        f"{price:,.6g}: one of the two columns is of another unit; wanted coins and USD"
    )
    return [sentence]


def _typical_price(recording: Recording) -> float:
    for frame in (recording.bars, recording.mark_bars):
        if frame.height:
            return float(np.median(frame["close"].to_numpy()))
    if recording.trades.height:
        ticks = recording.trades["price_ticks"].gather_every(max(1, recording.trades.height // 10_000))
        return float(np.median(ticks.to_numpy())) * float(recording.instrument.tick_size)
    return 0.0


def _unit_by_turnover(
    oi: NDArray[np.float64], traded: NDArray[np.float64], ts: NDArray[np.int64]
) -> list[str]:
    """Compare open interest with a day's turnover: both are of the same order where both are in the same unit."""
    daily = float(traded.sum()) / (int(ts[-1]) - int(ts[0])) * _DAY_NS
    typical = float(np.median(oi))
    if daily <= 0 or 1 / _UNIT_FACTOR < typical / daily < _UNIT_FACTOR:
        return []
    sentence = (
        f"open interest is {typical:,.6g} where {daily:,.6g} are traded a day: another unit (USD or contracts in place of "
        "coins?)"
    )
    return [sentence]
