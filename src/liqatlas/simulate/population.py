"""Everything that is decided about a trader before the market moves: when, which way, how much, how levered, how long."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.simulate.draws import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.simulate.config import Closing, SimulatedVenue, SimulationConfig
    from liqatlas.simulate.paths import IndexPaths

#: Trend that a herd follows, and the part of its members that take the herd's leverage.
HERD_LOOKBACK_S = 900
HERD_SAME_LEVERAGE = 0.8
#: A cross account's second position: same way with this probability, opened within seconds.
CROSS_SAME_WAY = 0.6
CROSS_DELAY_MS = 3000
#: However much margin somebody adds, the position stays levered.
LEAST_LEVERAGE = 1.1
#: Highest leverage of a cross account's wallet over all its positions.
CROSS_MAX_LEVERAGE = 25.0


@dataclass(frozen=True, slots=True)
class Traders:
    """One row per position that will be opened, in order of time; all arrays of shape ``(n,)``.

    Attributes
    ----------
    open_ms, close_ms
        int64 [ms since the world's first moment]; the close happens unless something forces it earlier.
    coin, direction, account
        int64: coin index; +1 long, -1 short; cross account or -1 where isolated.
    notional_usd, leverage
        float64 [USD]; notional over margin, what was added included.
    stop
        float64: stop order at this part of the way from entry to liquidation; NaN without one.
    open_passive, close_passive
        bool: whether the order rests, so that a maker is the taker.
    herd
        int64: herd number or -1.
    """

    open_ms: NDArray[np.int64]
    close_ms: NDArray[np.int64]
    coin: NDArray[np.int64]
    direction: NDArray[np.int64]
    account: NDArray[np.int64]
    notional_usd: NDArray[np.float64]
    leverage: NDArray[np.float64]
    stop: NDArray[np.float64]
    open_passive: NDArray[np.bool_]
    close_passive: NDArray[np.bool_]
    herd: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.open_ms)

    def take(self, index: NDArray[np.int64]) -> Traders:
        """Return the rows of an index array, in its order."""
        return Traders(*(getattr(self, f.name)[index] for f in fields(self)))


def arrival_times(
    rng: np.random.Generator, per_minute: float, activity: NDArray[np.float64], step_ms: int
) -> NDArray[np.int64]:
    """Draw a Poisson process whose rate follows market activity.

    Parameters
    ----------
    per_minute
        Mean rate at activity 1.
    activity
        float64, shape ``(steps,)``.

    Returns
    -------
    int64, ascending [ms], all in ``[0, steps * step_ms)``.
    """
    expected = np.concatenate(([0.0], np.cumsum(activity))) * (per_minute * step_ms / 60_000)
    drawn = np.sort(rng.random(int(rng.poisson(expected[-1])))) * expected[-1]
    moments = np.interp(drawn, expected, np.arange(len(expected), dtype=np.float64) * step_ms).astype(
        np.int64
    )
    last: NDArray[np.int64] = np.minimum(moments, len(activity) * step_ms - 1)
    return last


def draw_traders(config: SimulationConfig, venue: SimulatedVenue, paths: IndexPaths) -> Traders:
    """Draw all positions that one venue's traders will open."""
    who = config.population
    rate = who.arrivals_per_minute * venue.activity
    open_ms = arrival_times(stream(config.seed, venue.key, "arrivals"), rate, paths.activity, config.step_ms)
    count = len(open_ms)
    shares = np.array([coin.arrival_share for coin in config.coins])
    coin = stream(config.seed, venue.key, "coin").choice(len(shares), count, p=shares / shares.sum())
    rng = stream(config.seed, venue.key, "traders")
    direction = np.where(rng.random(count) < who.long_share, 1, -1)
    rank = rng.random(count)
    leverage = np.where(
        direction > 0, _pick(who.leverages, who.long_mix, rank), _pick(who.leverages, who.short_mix, rank)
    )
    notional = who.size_median_usd * np.exp(who.size_sigma * rng.standard_normal(count))
    stop_rng = stream(config.seed, venue.key, "stops")
    stop = np.where(stop_rng.random(count) < who.stop_share, stop_rng.uniform(*who.stop_range, count), np.nan)
    herd = np.full(count, -1)
    if who.herding_share > 0:
        herd, open_ms, direction, leverage = _follow(
            config, venue, paths, (herd, open_ms, direction, leverage)
        )
    if who.added_margin_sigma > 0:
        added = np.abs(stream(config.seed, venue.key, "margin").standard_normal(count))
        leverage = np.maximum(leverage * np.exp(-who.added_margin_sigma * added), LEAST_LEVERAGE)
    life_rng = stream(config.seed, venue.key, "lives")
    life_ms = np.maximum(lifetimes_h(life_rng, who.closing, leverage) * 3_600_000, 1.0)
    close_ms = open_ms + np.minimum(life_ms, 1e14).astype(np.int64)
    passive = stream(config.seed, venue.key, "passive").random((2, count)) < who.passive_share
    traders = Traders(
        open_ms, close_ms, coin.astype(np.int64), direction, np.full(count, -1), notional, leverage, stop,
        passive[0], passive[1], herd,
    )  # fmt: skip
    if who.cross_share > 0:
        traders = _with_cross_accounts(config, venue, traders)
    return traders.take(np.argsort(traders.open_ms, kind="stable"))


def lifetimes_h(
    rng: np.random.Generator, closing: Closing, leverage: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Draw holding times without liquidation [h], one per leverage given.

    Weibull with mean ``mean_life_h * multiple of the class * (10 / leverage) ** distance_exponent``; shape 1 is
    exponential.
    """
    from math import gamma

    shares = np.array([share for share, _ in closing.classes])
    multiples = np.array([multiple for _, multiple in closing.classes])
    kind = np.minimum(
        np.searchsorted(np.cumsum(shares), rng.random(len(leverage)), side="right"), len(shares) - 1
    )
    mean = closing.mean_life_h * multiples[kind] * (10.0 / leverage) ** closing.distance_exponent
    unit = rng.standard_exponential(len(leverage))
    if closing.weibull_shape == 1.0:
        return mean * unit
    return mean * unit ** (1.0 / closing.weibull_shape) / gamma(1.0 + 1.0 / closing.weibull_shape)


def _pick(
    values: tuple[float, ...], mix: tuple[float, ...], rank: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the value whose cumulative probability holds each rank in [0, 1)."""
    index = np.searchsorted(np.cumsum(mix), rank, side="right")
    return np.array(values)[np.minimum(index, len(values) - 1)]


_Columns = tuple["NDArray[np.int64]", "NDArray[np.int64]", "NDArray[np.int64]", "NDArray[np.float64]"]


def _follow(
    config: SimulationConfig, venue: SimulatedVenue, paths: IndexPaths, columns: _Columns
) -> _Columns:
    """Make a part of the traders follow herds, which form in proportion to the last quarter hour's move.

    Herds form at the same moments on all venues; a smaller venue has the first of them only.
    """
    herd, open_ms, direction, leverage = (
        columns[0].copy(),
        columns[1].copy(),
        columns[2].copy(),
        columns[3].copy(),
    )
    who, rng = config.population, stream(config.seed, venue.key, "herds")
    members = np.flatnonzero(rng.random(len(herd)) < who.herding_share)
    herds = max(1, round(len(members) / who.herd_size))
    lookback = max(1, HERD_LOOKBACK_S // config.mark_step_s)
    log_price = np.log(paths.price[0])
    trend = log_price[:-1] - log_price[np.maximum(np.arange(config.steps) - lookback, 0)]
    weight = np.abs(trend) + 1e-9
    steps = stream(config.seed, "herds").choice(config.steps, herds, p=weight / weight.sum())
    way = np.where(trend[steps] >= 0, 1, -1)
    herd_leverage = _pick(who.leverages, who.long_mix, stream(config.seed, "herds", "leverage").random(herds))
    herd[members] = rng.integers(0, herds, len(members))
    mine = herd[members]
    delay = rng.exponential(who.herd_minutes * 60_000, len(members)).astype(np.int64)
    open_ms[members] = np.minimum(steps[mine] * config.step_ms + delay, config.steps * config.step_ms - 1)
    direction[members] = way[mine]
    same = rng.random(len(members)) < HERD_SAME_LEVERAGE
    leverage[members] = np.where(same, herd_leverage[mine], leverage[members])
    return herd, open_ms, direction, leverage


def _with_cross_accounts(config: SimulationConfig, venue: SimulatedVenue, traders: Traders) -> Traders:
    """Turn a part of the first coin's traders into cross accounts and add their second position."""
    who, rng = config.population, stream(config.seed, venue.key, "cross")
    chosen = np.flatnonzero((traders.coin == 0) & (rng.random(len(traders)) < who.cross_share))
    count = len(chosen)
    account = traders.account.copy()
    account[chosen] = np.arange(count)
    leverage, stop = traders.leverage.copy(), traders.stop.copy()
    leverage[chosen] = np.minimum(leverage[chosen], CROSS_MAX_LEVERAGE)
    stop[chosen] = np.nan
    last = config.steps * config.step_ms - 1
    open_ms = np.minimum(traders.open_ms[chosen] + rng.integers(1, CROSS_DELAY_MS, count), last)
    life_ms = np.maximum(lifetimes_h(rng, who.closing, leverage[chosen]) * 3_600_000, 1.0)
    second = {
        "open_ms": open_ms,
        "close_ms": open_ms + np.minimum(life_ms, 1e14).astype(np.int64),
        "coin": np.ones(count, dtype=np.int64),
        "direction": np.where(rng.random(count) < CROSS_SAME_WAY, 1, -1) * traders.direction[chosen],
        "account": account[chosen],
        "notional_usd": traders.notional_usd[chosen] * np.exp(0.5 * rng.standard_normal(count)),
        "leverage": leverage[chosen],
        "stop": stop[chosen],
        "open_passive": rng.random(count) < who.passive_share,
        "close_passive": rng.random(count) < who.passive_share,
        "herd": traders.herd[chosen],
    }
    first = {f.name: getattr(traders, f.name) for f in fields(Traders)}
    first |= {"account": account, "leverage": leverage, "stop": stop}
    return Traders(**{name: np.concatenate((first[name], second[name])) for name in first})
