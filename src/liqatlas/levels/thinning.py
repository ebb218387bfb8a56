"""Censored prints: how much of what was liquidated a venue lets through, learnt by throttling a full feed again.

Binance publishes the last order per symbol and second. How much that hides depends on how prints come in bursts, so the share that is
let through is taken from a full feed, throttled in the same way, as a curve over the number of prints that got through in an hour.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl

from liqatlas.base import schemas
from liqatlas.base.clock import HOUR_NS, NS_PER_S
from liqatlas.base.errors import ConfigError, InputError, NotEnoughDataError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from liqatlas.base.recording import Recording

_FEWEST_HOURS = 20
_KNOTS = 6


class ThinningCurve(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Share of liquidated USD that is let through, over the number of prints let through in an hour.

    Attributes
    ----------
    rule
        ``last_per_second``.
    kept, share
        Knots: prints let through per hour, ascending; published over true USD, not ascending.
    hours, true_usd
        What it was learnt from.
    data_reference, made_by, made_on
        Data, command and date.
    """

    rule: str
    kept: tuple[float, ...]
    share: tuple[float, ...]
    hours: int
    true_usd: float
    data_reference: str
    made_by: str
    made_on: str

    def __post_init__(self) -> None:
        sound = (
            len(self.kept) == len(self.share) > 0
            and all(a < b for a, b in pairwise(self.kept))
            and all(a >= b for a, b in pairwise(self.share))
            and all(0 < s <= 1 for s in self.share)
            and self.kept[0] > 0
        )
        if not sound:
            raise ConfigError(
                "a thinning curve wants ascending positive counts and shares in (0, 1] that do not rise"
            )

    def share_at(self, kept: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the share let through in hours with so many published prints; one where there was none."""
        known = np.maximum(kept, 1e-9)
        told = np.interp(np.log(known), np.log(self.kept), self.share)
        return np.asarray(np.where(kept > 0, told, 1.0))


def load_thinning(file: Path) -> ThinningCurve:
    """Return the curve in a file.

    Raises
    ------
    ConfigError
        If the file is missing or does not hold one.
    """
    try:
        return msgspec.json.decode(file.read_bytes(), type=ThinningCurve)
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigError(f"thinning curve {file} cannot be read: {error}") from None


def throttled(prints: pl.DataFrame) -> pl.DataFrame:
    """Return the last print of each second of the clock: what Binance lets through of one symbol."""
    second = prints.with_columns(_second=pl.col("ts_event_ns") // NS_PER_S).sort(
        "ts_event_ns", maintain_order=True
    )
    return second.group_by("_second", maintain_order=True).last().drop("_second")


def learn_thinning(
    feeds: list[pl.DataFrame], *, data_reference: str, made_by: str, made_on: str
) -> ThinningCurve:
    """Learn the curve from full feeds, one table of prints per symbol.

    Parameters
    ----------
    feeds
        ``ts_event_ns`` and ``notional_usd`` of every print.

    Raises
    ------
    NotEnoughDataError
        If fewer than twenty hours hold a print.
    """
    rows = []
    for feed in feeds:
        hour = (pl.col("ts_event_ns") // HOUR_NS).alias("hour")
        whole = feed.group_by(hour).agg(pl.col("notional_usd").sum().alias("true"))
        part = (
            throttled(feed)
            .group_by(hour)
            .agg(pl.len().alias("kept"), pl.col("notional_usd").sum().alias("published"))
        )
        rows.append(whole.join(part, on="hour"))
    table = pl.concat(rows).sort("kept") if rows else pl.DataFrame()
    if table.height < _FEWEST_HOURS:
        raise NotEnoughDataError(
            f"{table.height} hours with prints: a thinning curve wants at least {_FEWEST_HOURS} of a full feed"
        )
    kept, true, published = (table[c].to_numpy().astype(np.float64) for c in ("kept", "true", "published"))
    group = np.minimum(np.arange(len(kept)) * _KNOTS // len(kept), _KNOTS - 1)
    middle = np.array([np.exp(np.log(kept[group == g]).mean()) for g in range(_KNOTS)])
    sums = np.array([[published[group == g].sum(), true[group == g].sum()] for g in range(_KNOTS)])
    middle, share = _falling(middle, sums)
    return ThinningCurve(
        rule="last_per_second",
        kept=tuple(middle.tolist()),
        share=tuple(share.tolist()),
        hours=table.height,
        true_usd=float(true.sum()),
        data_reference=data_reference,
        made_by=made_by,
        made_on=made_on,
    )


def _falling(
    middle: NDArray[np.float64], sums: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return knots whose share does not rise: neighbours that do are pooled, equal counts are joined."""
    pools: list[tuple[float, float, float, int]] = []
    for at, (published, true) in zip(middle.tolist(), sums.tolist(), strict=True):
        pools.append((at, published, true, 1))
        while len(pools) > 1 and (
            pools[-1][0] <= pools[-2][0] or pools[-1][1] / pools[-1][2] > pools[-2][1] / pools[-2][2]
        ):
            b, a = pools.pop(), pools.pop()
            n = a[3] + b[3]
            pools.append(((a[0] * a[3] + b[0] * b[3]) / n, a[1] + b[1], a[2] + b[2], n))
    return np.array([p[0] for p in pools]), np.array([p[1] / p[2] for p in pools])


def unthinned(recording: Recording, curve: ThinningCurve) -> Recording:
    """Return a recording whose prints stand as hourly totals with what the venue hides put back.

    Raises
    ------
    InputError
        If the recording holds no single prints: totals of a vendor cannot be corrected print by print.
    """
    prints = recording.liquidations
    if prints.is_empty():
        raise InputError(
            f"{recording.instrument.key}: thinning is undone print by print, and there are none; leave --thinning out"
        )
    hour = ((pl.col("ts_event_ns") // HOUR_NS) * HOUR_NS).alias("ts_open_ns")
    usd = pl.col("notional_usd")
    table = prints.group_by(hour).agg(
        pl.len().alias("kept"),
        usd.filter(pl.col("liquidated") == "long").sum().alias("long_usd"),
        usd.filter(pl.col("liquidated") == "short").sum().alias("short_usd"),
    )
    first, last = int(prints["ts_event_ns"].min()), int(prints["ts_event_ns"].max())  # type: ignore[arg-type]
    hours = pl.DataFrame(
        {"ts_open_ns": np.arange(-(-first // HOUR_NS), last // HOUR_NS, dtype=np.int64) * HOUR_NS}
    )
    table = hours.join(table, on="ts_open_ns", how="left").fill_null(0)
    share = curve.share_at(table["kept"].to_numpy().astype(np.float64))
    bars = table.select(
        "ts_open_ns",
        (pl.col("ts_open_ns") + HOUR_NS).alias("ts_close_ns"),
        pl.col("long_usd") / pl.Series(share),
        pl.col("short_usd") / pl.Series(share),
    )
    before = recording.prints_scope or recording.instrument.venue
    return replace(
        recording,
        liquidation_bars=schemas.LIQUIDATION_BARS.conform(bars),
        prints_scope=f"{before}; what the venue hides put back ({curve.rule}, learnt on {curve.data_reference})",
    )
