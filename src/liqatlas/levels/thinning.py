"""Censored prints: how much of what was liquidated a venue lets through, learnt by throttling a full feed again.

Binance publishes the last order per symbol and second. How much that hides depends on how prints come in bursts, so the share that is
let through is taken from a full feed, throttled in the same way, as a curve over the number of prints of one position that got through
in five minutes. Counted over an hour and both positions together, the few shorts printed beside a cascade of longs were taken for as
hidden as the longs: two and a half times too many.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl

from liqatlas.base import schemas
from liqatlas.base.clock import HOUR_NS, MINUTE_NS, NS_PER_S
from liqatlas.base.errors import ConfigError, InputError, NotEnoughDataError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from liqatlas.base.recording import Recording

_FEWEST = 20
_KNOTS = 16
_FEWEST_IN_A_KNOT = 6
_DRAWS = 200
#: Prints are counted over this long, each position on its own.
COUNTED_NS = 5 * MINUTE_NS


class ThinningCurve(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Share of liquidated USD that is let through, over the number of prints let through in a stretch of time.

    Attributes
    ----------
    rule
        ``last_per_second``.
    counted_s
        Length of the stretch [s]; prints of longs and of shorts are counted apart.
    kept, share
        Knots: prints let through, ascending; published over true USD, not ascending.
    log_sd
        How uncertain what is put back is in all: s.d. of its logarithm over draws of the hours learnt from.
    stretches, true_usd
        What it was learnt from.
    data_reference, made_by, made_on
        Data, command and date.
    """

    rule: str
    counted_s: int
    kept: tuple[float, ...]
    share: tuple[float, ...]
    log_sd: float
    stretches: int
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
            and self.counted_s > 0
            and self.log_sd >= 0
        )
        if not sound:
            raise ConfigError(
                "a thinning curve wants ascending positive counts and shares in (0, 1] that do not rise"
            )

    def share_at(self, kept: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the share let through in stretches with so many published prints; one where there was none."""
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
        raise ConfigError(
            f"thinning curve {file} cannot be read: {error}; scripts/learn_thinning.py makes one"
        ) from None


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
        ``ts_event_ns``, ``liquidated`` and ``notional_usd`` of every print.

    Raises
    ------
    NotEnoughDataError
        If fewer than twenty stretches hold a print that is let through.
    """
    tables = [_counted(feed).with_columns(feed=pl.lit(i)) for i, feed in enumerate(feeds)]
    table = pl.concat(tables).filter(pl.col("kept") > 0).sort("kept", "true") if tables else pl.DataFrame()
    if table.height < _FEWEST:
        raise NotEnoughDataError(
            f"{table.height} stretches of five minutes with prints: a thinning curve wants at least {_FEWEST} of a full feed"
        )
    kept, true, published = (table[c].to_numpy().astype(np.float64) for c in ("kept", "true", "published"))
    middle, share = _falling(*_grouped(kept, true, published))
    hour = table.select(pl.struct("feed", pl.col("at") // HOUR_NS).rank("dense") - 1).to_series().to_numpy()
    return ThinningCurve(
        rule="last_per_second",
        counted_s=COUNTED_NS // NS_PER_S,
        kept=tuple(middle.tolist()),
        share=tuple(share.tolist()),
        log_sd=_log_sd((kept, true, published), hour.astype(np.int64)),
        stretches=table.height,
        true_usd=float(true.sum()),
        data_reference=data_reference,
        made_by=made_by,
        made_on=made_on,
    )


def _counted(feed: pl.DataFrame) -> pl.DataFrame:
    """Return true and published USD and the published prints of every stretch and position that holds a print."""
    keys = [((pl.col("ts_event_ns") // COUNTED_NS) * COUNTED_NS).alias("at"), pl.col("liquidated")]
    whole = feed.group_by(keys).agg(true=pl.col("notional_usd").sum())
    part = throttled(feed).group_by(keys).agg(kept=pl.len(), published=pl.col("notional_usd").sum())
    return whole.join(part, on=["at", "liquidated"], how="left").with_columns(
        pl.col("kept", "published").fill_null(0)
    )


def _log_sd(
    rows: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]], hour: NDArray[np.int64]
) -> float:
    """Return the s.d. of the log of all that is put back, learnt on drawn hours and applied to what was published."""
    kept, true, published = rows
    generator, totals = np.random.default_rng(1), []
    for _ in range(_DRAWS):
        times = np.bincount(generator.integers(0, hour.max() + 1, hour.max() + 1), minlength=hour.max() + 1)[
            hour
        ]
        drawn = times > 0
        middle, share = _falling(
            *_grouped(kept[drawn], true[drawn] * times[drawn], published[drawn] * times[drawn])
        )
        totals.append(float((published / np.interp(np.log(kept), np.log(middle), share)).sum()))
    return float(np.std(np.log(totals)))


def _grouped(
    kept: NDArray[np.float64], true: NDArray[np.float64], published: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the middle count of each group of stretches and its sums ``(published, true)``; ``kept`` ascends.

    Groups hold like sums of the square root of USD, equal counts together: with as many stretches in each, one share would stand
    for all large ones, though it falls fastest there.
    """
    _, at = np.unique(kept, return_inverse=True)
    passed = np.cumsum(np.bincount(at, weights=np.sqrt(true)))
    group = np.minimum(((passed - 1e-9 * passed[-1]) / passed[-1] * _KNOTS).astype(np.int64), _KNOTS - 1)[at]
    for g in np.unique(group)[:0:-1]:  # a knot of few stretches joins the one below
        if np.count_nonzero(group == g) < _FEWEST_IN_A_KNOT:
            group[group == g] = group[group < g].max()
    middle, sums = [], []
    for g in np.unique(group):
        inside = group == g
        middle.append(float(np.exp(np.log(kept[inside]).mean())))
        sums.append((float(published[inside].sum()), float(true[inside].sum())))
    return np.array(middle), np.array(sums)


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
    step = curve.counted_s * NS_PER_S
    counted = prints.group_by((pl.col("ts_event_ns") // step * step).alias("at"), "liquidated").agg(
        kept=pl.len(), usd=pl.col("notional_usd").sum()
    )
    true = counted["usd"] / pl.Series(curve.share_at(counted["kept"].to_numpy().astype(np.float64)))
    usd = pl.col("usd")
    table = (
        counted.with_columns(true.alias("usd"))
        .group_by((pl.col("at") // HOUR_NS * HOUR_NS).alias("ts_open_ns"))
        .agg(
            usd.filter(pl.col("liquidated") == "long").sum().alias("long_usd"),
            usd.filter(pl.col("liquidated") == "short").sum().alias("short_usd"),
        )
    )
    first, last = int(prints["ts_event_ns"].min()), int(prints["ts_event_ns"].max())  # type: ignore[arg-type]
    hours = pl.DataFrame(
        {"ts_open_ns": np.arange(-(-first // HOUR_NS), last // HOUR_NS, dtype=np.int64) * HOUR_NS}
    )
    bars = (
        hours.join(table, on="ts_open_ns", how="left")
        .fill_null(0)
        .with_columns((pl.col("ts_open_ns") + HOUR_NS).alias("ts_close_ns"))
    )
    before = recording.prints_scope or recording.instrument.venue
    return replace(
        recording,
        liquidation_bars=schemas.LIQUIDATION_BARS.conform(bars),
        prints_scope=f"{before}; what the venue hides put back ({curve.rule}, learnt on {curve.data_reference})",
    )
