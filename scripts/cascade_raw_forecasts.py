"""Raw forecasts of the cascade for the hours of one market, forward in time: what `calibrate_cascade.py` recalibrates and judges."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from liqatlas.base.clock import DAY_NS, HOUR_NS, isoformat, parse_time
from liqatlas.book.depth import Depth
from liqatlas.cascade.beliefs import load_cascade_beliefs
from liqatlas.cascade.excursions import FEWEST_HOURS, ExcursionLaw, excursion_features
from liqatlas.cascade.inputs import drawn_runs, make_market, printed_shares
from liqatlas.cascade.kernels_state import Plan
from liqatlas.cascade.ladder import Ladder
from liqatlas.cascade.monte_carlo import run_many
from liqatlas.cascade.venue_rules import plain_rules
from liqatlas.flows.estimator_source import market_with_prints
from liqatlas.flows.reporter import SILENT
from liqatlas.flows.request import Request
from liqatlas.levels.calibrate import Provenance, calibrate_responses, profile_hazard
from liqatlas.levels.estimator_settings import load_settings
from liqatlas.levels.forecast import levels_of
from liqatlas.levels.hour_covariates import read_out_covariates
from liqatlas.levels.hour_market import hour_market
from liqatlas.levels.responses import DISTANCES, UNIT_USD, HourResponses, respond
from liqatlas.maps.expected import POSTERIOR_DRAWS

if TYPE_CHECKING:
    from pathlib import Path

    from liqatlas.levels.hour_market import HourMarket

Floats = NDArray[np.float64]
RUNS, SEED = 400, 5
WEEK_NS = 7 * DAY_NS


@dataclass(frozen=True)
class World:
    """Hours of one market, and when what happens."""

    name: str
    market: HourMarket
    first: int
    developed_until: int
    until: int
    data_reference: str


@dataclass
class Forecasts:
    """Raw forecasts of one horizon, forward in time; NaN before the first week. ``(n, 2)``: hour, position."""

    horizon_h: int
    features: Floats
    excursion: Floats
    liquidated: Floats
    plain: Floats  # volatility and open interest, (n, 2)
    mean: Floats
    scale: Floats
    laws: dict[int, tuple[ExcursionLaw, ExcursionLaw]]
    weeks: NDArray[np.int64]
    starts: NDArray[np.int64]


def real(data: Path) -> World:
    """Return BTC: Binance's open interest and mark, liquidations of three venues."""
    request = Request(asset="BTC", paths=(data / "binance_btc_5m_oi",))
    market = market_with_prints(request, load_settings(), SILENT)
    first, developed, until = map(parse_time, ("2025-12-18", "2026-01-25", "2026-04-01"))
    return World("real", market, first, developed, until, "binance_btc_5m_oi")


def simulated(depth_usd: float, days: float = 120.0) -> World:
    """Return one simulated venue whose orders move its price."""
    from liqatlas.simulate import Engine, SimulatedVenue, SimulationConfig, simulate

    engine = Engine(depth_usd_per_percent=depth_usd)
    recording = simulate(
        SimulationConfig(seed=11, days=days, venues=(SimulatedVenue(engine=engine),))
    ).recording
    market = hour_market(recording, load_settings())
    start = int(market.start_ns[0]) // DAY_NS * DAY_NS
    until = int(market.start_ns[-1])
    return World(
        f"simulated_{depth_usd / 1e6:g}M", market, start + 3 * WEEK_NS, start + 6 * WEEK_NS, until, f"simulated, seed 11, {days:g} days"
    )  # fmt: skip


def ahead(values: Floats, hours: int, fold: Any) -> Floats:
    """Return ``fold`` over the next hours of every hour, NaN where they are not all there."""
    out = np.full(values.shape, np.nan)
    for i in range(len(values) - hours + 1):
        out[i] = fold(values[i : i + hours], axis=0)
    return out


def empty_forecasts(world: World, horizon_h: int) -> Forecasts:
    """Return what is known without a model."""
    m, n = world.market, len(world.market)
    low, high = ahead(m.low, horizon_h, np.min), ahead(m.high, horizon_h, np.max)
    excursion = np.maximum(np.stack([np.log(m.open / low), np.log(high / m.open)], axis=1), 0.0)
    step = np.append(0.0, np.diff(np.log(m.close)))
    running = np.append(0.0, np.cumsum(step**2))
    begin = np.maximum(np.arange(n) - 24, 0)
    trailing = (running[np.arange(n)] - running[begin] + 1e-8) / np.maximum(np.arange(n) - begin, 1)
    plain = np.column_stack([0.5 * np.log(trailing), np.log(np.maximum(m.open_interest[:, 0] * m.open, 1.0))])
    weeks = np.append(np.arange(world.first, world.until, WEEK_NS), world.until)
    return Forecasts(
        horizon_h, excursion_features(m.start_ns, m.high, m.low)[:-1], excursion, ahead(m.printed_usd, horizon_h, np.sum),
        plain, np.full((n, 2), np.nan), np.full((n, 2), np.nan), {}, weeks, m.start_ns,
    )  # fmt: skip


def raw_forecasts(world: World, horizons_h: tuple[int, ...]) -> list[Forecasts]:
    """Return raw forecasts: each week with an estimator and a law fitted on the hours before it."""
    market, settings = world.market, load_settings()
    out = [empty_forecasts(world, h) for h in horizons_h]
    responses: dict[float, HourResponses] = {}
    weeks = out[0].weeks
    printed = np.isfinite(market.printed_usd).all(axis=1)
    for begin, end in pairwise(weeks):
        first = int(np.flatnonzero(printed)[0])
        train = (market.start_ns < begin) & (np.arange(len(market)) >= first)
        profile = profile_hazard(market, settings, train)
        scale = max(profile, key=lambda entry: entry[1])[0]
        if scale not in responses:
            responses[scale] = respond(market, settings, scale=scale)
        made = responses[scale]
        fit = calibrate_responses(
            market, made, settings, train, provenance=Provenance("", "", ""), profile=(scale, profile)
        )
        slow, fast = levels_of(market, made, fit.map.fit(), settings)
        factor = fit.running.fit().factor(read_out_covariates(fast.level[:-1], market.start_ns))
        level = np.exp(slow.level[:-1, None]) * factor * UNIT_USD
        weights = fit.draw_weights(POSTERIOR_DRAWS)
        for one in out:
            _week(world, one, (int(begin), int(end)), (made.profile, weights, level))
        print(f"{world.name}: week of {isoformat(int(begin))[:10]} (hazard scale {scale:g})", flush=True)
    return out


def _week(
    world: World, one: Forecasts, span: tuple[int, int], made: tuple[NDArray[np.float32], Floats, Floats]
) -> None:
    """Fill in one week of one horizon."""
    market, (begin, end), (profile, weights, level) = world.market, span, made
    past = (market.start_ns <= begin - one.horizon_h * HOUR_NS) & np.isfinite(one.excursion).all(axis=1)
    past[:FEWEST_HOURS] = False
    laws = tuple(ExcursionLaw.fit(one.features[past], one.excursion[past, p]) for p in (0, 1))
    one.laws[begin] = (laws[0], laws[1])
    rows = np.flatnonzero(
        (market.start_ns >= begin) & (market.start_ns < end) & np.isfinite(one.liquidated).all(axis=1)
    )
    beliefs = load_cascade_beliefs()
    release = printed_shares(beliefs, RUNS, SEED)
    order = np.random.Generator(np.random.Philox(key=SEED)).permutation(RUNS)
    book = (Depth(np.array([0.01]), np.array([1e9]), 1.0),)
    for p in (0, 1):
        one.scale[rows, p] = laws[p].scale(one.features[rows])
        for i in rows:
            within = weights @ profile[i, p].astype(np.float64) * level[i, p]
            draws = np.maximum(np.diff(within, axis=1), 0.0)[:, None]
            ladder = Ladder(
                "down", float(market.open[i]), ("all",), DISTANCES[1:], draws.mean(axis=0), book, None, draws
            )
            far = laws[p].draw(float(one.scale[i, p]), (order + 0.5) / RUNS)
            world_of = make_market(
                ladder, plain_rules(1), size_usd=beliefs.size_usd, sizes=beliefs.size_quantiles
            )
            table = run_many(world_of, drawn_runs(far, release, 1), Plan(9, 1, 3, 0), workers=1)
            one.mean[i, p] = table.liquidated.mean()
