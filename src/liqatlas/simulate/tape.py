"""From what happened to what is seen: makers join, everything is put in order of time, tables of ``base.schemas`` are cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from liqatlas.base import schemas
from liqatlas.base.clock import HOUR_NS, NS_PER_MS
from liqatlas.simulate.draws import stream
from liqatlas.simulate.kernels_state import ADL, ADL_OPPOSITE, OPEN
from liqatlas.simulate.population import arrival_times

if TYPE_CHECKING:
    from decimal import Decimal

    from numpy.typing import NDArray

    from liqatlas.simulate.config import SimulatedVenue, SimulationConfig
    from liqatlas.simulate.kernels_state import World
    from liqatlas.simulate.paths import IndexPaths

#: Funding as venues commonly set it: premium plus the clamped distance to a fixed interest, per eight hours.
FUNDING_HOURS = 8
FUNDING_INTEREST = 1e-4
FUNDING_CLAMP = 5e-4


@dataclass(frozen=True, slots=True)
class Tape:
    """Every trade of one market in order of time, warm-up included; arrays of shape ``(n,)``.

    Attributes
    ----------
    ms
        int64 [ms since the world's first moment].
    ticks, lots
        int64.
    taker_buy, on_book
        bool; off the book are only closings by auto-deleveraging.
    opened_long, opened_short, closed_long, closed_short
        int64 [lots], traders and makers together. Off the book each row holds its own side's closing only.
    """

    ms: NDArray[np.int64]
    ticks: NDArray[np.int64]
    lots: NDArray[np.int64]
    taker_buy: NDArray[np.bool_]
    on_book: NDArray[np.bool_]
    opened_long: NDArray[np.int64]
    opened_short: NDArray[np.int64]
    closed_long: NDArray[np.int64]
    closed_short: NDArray[np.int64]

    def before(self, ms: NDArray[np.int64], amounts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the sum of amounts of all rows earlier than each moment, shape of ``ms``."""
        running = np.concatenate((np.zeros(1, np.int64), np.cumsum(amounts)))
        return running[np.searchsorted(self.ms, ms, side="left")]


def make_tape(
    config: SimulationConfig, venue: SimulatedVenue, paths: IndexPaths, world: World, *, coin: int
) -> Tape:
    """Return all trades of one coin on one venue: the traders' fills and the makers' trades among themselves."""
    from liqatlas.simulate.kernels_series import match

    fills = coin_fills(world, coin)
    kind, opens = fills["kind"], fills["kind"] == OPEN
    direction = world.positions["direction"][fills["position"]]
    churn = _churn(config, venue, paths, world, coin=coin)
    ms = np.concatenate((fills["ms"], churn.ms))
    order = np.argsort(ms, kind="stable")
    lots = np.concatenate((fills["lots"], churn.lots))[order]
    on_book = np.concatenate(((kind != ADL) & (kind != ADL_OPPOSITE), churn.on_book))[order]
    long, filler = direction > 0, np.zeros(len(churn.ms), np.bool_)
    flows = [
        np.where(np.concatenate((mask, filler))[order], lots, 0)
        for mask in (opens & long, opens & ~long, ~opens & long, ~opens & ~long)
    ]
    sells = np.concatenate((np.where(opens == long, 0, 1), np.full(len(churn.ms), 2)))[order]
    rng = stream(config.seed, venue.key, "makers", str(coin))
    first = rng.integers(0, config.makers.count, len(ms))
    second = (first + rng.integers(1, config.makers.count, len(ms))) % config.makers.count
    made = match(
        lots,
        np.where(on_book, sells, -1),
        np.column_stack((first, second)),
        np.zeros(config.makers.count, np.int64),
    )
    return Tape(
        ms[order],
        np.concatenate((fills["ticks"], churn.ticks))[order],
        lots,
        np.concatenate((fills["taker_buy"], churn.taker_buy))[order],
        on_book,
        *(flow + made[:, i] for i, flow in enumerate(flows)),
    )


def coin_fills(world: World, coin: int) -> NDArray[Any]:
    """Return the fills of one coin in the order they were written, as ``kernels_state.FILL``."""
    fills = world.fills[: world.venue[0]["fills"]]
    if len(world.coins) > 1:
        fills = fills[world.positions["coin"][fills["position"]] == coin]
    return fills


def _churn(
    config: SimulationConfig, venue: SimulatedVenue, paths: IndexPaths, world: World, *, coin: int
) -> Tape:
    """Draw the makers' trades among themselves at the last price."""
    shares = np.array([c.arrival_share for c in config.coins])
    rng = stream(config.seed, venue.key, "churn", str(coin))
    rate = config.makers.churn_per_minute * venue.activity * shares[coin] / shares.sum()
    ms = arrival_times(rng, rate, paths.activity, config.step_ms)
    buys = rng.random(len(ms)) < 0.5
    usd = config.makers.churn_median_usd * np.exp(config.makers.churn_sigma * rng.standard_normal(len(ms)))
    last = world.last[coin, ms // config.step_ms]
    what = config.coins[coin]
    ticks = np.maximum(np.floor(last * float(1 / what.tick_size)).astype(np.int64) + buys, 1)
    lots = np.maximum(np.rint(usd / last * float(1 / what.lot_size)).astype(np.int64), 1)
    none = np.zeros(len(ms), np.int64)
    return Tape(ms, ticks, lots, buys, np.ones(len(ms), np.bool_), none, none, none, none)


def trades_table(config: SimulationConfig, tape: Tape, lot_size: Decimal) -> pl.DataFrame:
    """Return the public trades inside the recording."""
    keep = tape.on_book & (tape.ms >= config.warmup_steps * config.step_ms)
    frame = pl.DataFrame(
        {
            "ts_event_ns": moment_ns(config, tape.ms[keep]),
            "price_ticks": tape.ticks[keep],
            "qty_native": tape.lots[keep] / float(1 / lot_size),
            "taker_buy": tape.taker_buy[keep],
            "trade_id": np.arange(1, int(keep.sum()) + 1),
        }
    )
    return schemas.TRADES.conform(frame)


def sample_moments_ms(config: SimulationConfig, sample_s: int) -> NDArray[np.int64]:
    """Return the sampling moments of the recording, its start and its last full interval's end included [ms]."""
    start, end = config.warmup_steps * config.step_ms, config.steps * config.step_ms
    return np.arange(start, end + 1, sample_s * 1000, dtype=np.int64)


def open_interest_table(
    config: SimulationConfig, venue: SimulatedVenue, tape: Tape, world: World, *, coin: int
) -> pl.DataFrame:
    """Return samples of one-sided open interest; a sample at ``t`` counts the trades before ``t``."""
    ms = sample_moments_ms(config, venue.oi_sample_s)
    coins = tape.before(ms, tape.opened_long - tape.closed_long) / float(1 / config.coins[coin].lot_size)
    frame = pl.DataFrame(
        {
            "ts_event_ns": moment_ns(config, ms),
            "oi_native": coins,
            "oi_published": coins,
            "oi_usd": coins * world.mark[coin, ms // config.step_ms],
        }
    )
    return schemas.OPEN_INTEREST.conform(frame)


def marks_table(config: SimulationConfig, world: World, paths: IndexPaths, *, coin: int) -> pl.DataFrame:
    """Return every published mark of the recording, both ends included."""
    steps = np.arange(config.warmup_steps, config.steps + 1)
    frame = pl.DataFrame(
        {
            "ts_event_ns": moment_ns(config, steps * config.step_ms),
            "mark_price": world.mark[coin, steps],
            "index_price": np.round(paths.price[coin, steps], 8),
        }
    )
    return schemas.MARKS.conform(frame)


def funding_table(config: SimulationConfig, world: World, paths: IndexPaths, *, coin: int) -> pl.DataFrame:
    """Return the settled funding rates: mean premium over eight hours, pulled to the interest rate within the clamp."""
    period_ns = FUNDING_HOURS * HOUR_NS
    moments = np.arange(
        -(-config.start_ns // period_ns) * period_ns, config.end_ns + 1, period_ns, dtype=np.int64
    )
    steps = config.warmup_steps + (moments - config.start_ns) // (config.step_ms * NS_PER_MS)
    width = period_ns // (config.step_ms * NS_PER_MS)
    running = np.concatenate(([0.0], np.cumsum(world.mark[coin] / paths.price[coin] - 1.0)))
    first = np.maximum(steps - width, 0)
    premium = (running[steps + 1] - running[first]) / (steps + 1 - first)
    rate = premium + np.clip(FUNDING_INTEREST - premium, -FUNDING_CLAMP, FUNDING_CLAMP)
    frame = pl.DataFrame(
        {
            "ts_event_ns": moments,
            "funding_rate": np.round(rate, 8),
            "interval_h": np.full(len(moments), float(FUNDING_HOURS)),
            "settled": np.ones(len(moments), np.bool_),
        }
    )
    return schemas.FUNDING.conform(frame)


def labels(codes: NDArray[Any], names: pl.Enum) -> pl.Series:
    """Return the names that stand at positions 0, 1, … of an enumeration."""
    return pl.Series(codes.astype(np.uint8)).cat.to(names)


def moment_ns(config: SimulationConfig, ms: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return moments of the world [ms since its first] as ns since 1970 UTC."""
    return (ms - config.warmup_steps * config.step_ms) * NS_PER_MS + config.start_ns
