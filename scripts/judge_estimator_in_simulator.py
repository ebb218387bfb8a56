"""Judge the calibrated estimator where the truth is known: ``python scripts/judge_estimator_in_simulator.py [SEEDS] [-o FILE]``.

Every world is simulated (the first with SEEDS seeds, the others with a third of them, or as many as ``--others`` says), its recording calibrated on the first part and judged on
the rest against what really was open. The first row is the world the estimator assumes; each further row takes one assumption away
(docs/explanation/simulator.md). Columns:

* within 2 s.e.: share of identified buckets whose true weight lies within two standard errors;
* identified to: outer edge of the farthest identified bucket, median over seeds;
* map out to 4 %, 9 %: model's mass within that distance over the true one, sums over judged hours and both positions;
* gain kept: information gain over the range-only baseline, as a share of that with the true weights;
* band: share of the 90 % bands of the cumulative curves (weights and level drawn) that hold the true expected curve: true weights, true
  closing rate, no print read. Where traders close otherwise than at one rate by the clock there is no such curve, and the column is empty;
* heads: share of 90 % predictive intervals for the NUMBER of prints that open positions would make within 1, 2 and 4 % (weights and level
  drawn, then a Poisson draw) that hold the real one: needs no formula for the truth, but one mean size at all distances, so it is empty where tiers cap the large;
* placebo: gain of the map of seven days before over no map at all, per hour and position, with its standard error over seeds; at or
  below zero is right.

A weight is the share of modelled inflow that was opened to print in the bucket; the mixture of opened leverages is constant in
these worlds, so one number per bucket is the truth. What prints is what a map of *expected* prints estimates (``simulate/releases.py``):
positions with a stop leave unprinted, a position reduced in steps prints part at its level and the rest further on.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads for twenty unknowns cost more than they do

import argparse
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl

from liqatlas.evaluate.baselines import fit_baseline
from liqatlas.evaluate.comparison import row_likelihood
from liqatlas.flows.estimator_source import judged_hours
from liqatlas.levels.calibrate import Provenance, calibrate, frozen_with
from liqatlas.levels.estimator_settings import load_settings
from liqatlas.levels.forecast import forecast, level_factors, level_log_sd
from liqatlas.levels.hour_legs import legs_of, usual_pace
from liqatlas.levels.hour_market import hour_market
from liqatlas.levels.responses import DISTANCES, UNIT_USD, mass_within, respond
from liqatlas.levels.thinning import learn_thinning, unthinned
from liqatlas.simulate import (
    ETH,
    STEEP_TIERS,
    Closing,
    Coin,
    Engine,
    Population,
    SimulatedVenue,
    SimulationConfig,
    Tiers,
    simulate,
)
from liqatlas.simulate.releases import releases

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.levels.calibration import Calibration
    from liqatlas.levels.estimator_settings import EstimatorSettings
    from liqatlas.levels.hour_market import HourMarket
    from liqatlas.levels.responses import HourResponses
    from liqatlas.simulate import MarketTruth

DAYS = 28.0
DRAWS = 400
#: The row whose prints are put back by a curve learnt on another seed's full feed.
UNDONE = "the same, thinning undone"
LIMITS = (0.01, 0.02, 0.04)
TRAIN_SHARE = 0.6
NEAR, FAR = 0.04, 0.09
#: Maintenance rate where no leverage is to be the highest that anybody uses: it allows 500.
MAINTENANCE = 0.001


@dataclass(frozen=True)
class Verdict:
    """What one world said."""

    within: list[bool]
    near: tuple[float, float]
    far: tuple[float, float]
    gain: float
    true_gain: float
    band: list[bool]
    heads: list[bool]
    placebo: float
    identified: float


@dataclass(frozen=True)
class Posterior:
    """Draws of the weights, ``(draws, K)``, and of the level of every hour, ``(draws, n)``."""

    weight: NDArray[np.float64]
    level: NDArray[np.float64]


def worlds() -> dict[str, SimulationConfig]:
    """Return the assumed world and those that break one assumption each."""
    # levels that spread smoothly over distance, as the prior of the fit has it; no leverage is the highest
    distance = np.geomspace(0.0011, 0.38, 600)
    smooth = _people(1 / (distance + MAINTENANCE), np.exp(-0.5 * (np.log(distance / 0.08) / 1.1) ** 2))
    tail = np.geomspace(120, 2.5, 480)
    capped = _people(tail, np.exp(-0.5 * (np.log(tail / 12) / 1.1) ** 2))
    free = SimulatedVenue(engine=Engine(tiers=Tiers(rates=(MAINTENANCE,))))
    base = SimulationConfig(
        seed=1, days=DAYS, warmup_days=3.0, mark_step_s=5, population=smooth, venues=(free,)
    )
    people, venue, usual = base.population, free, SimulatedVenue()

    return {
        "as assumed": base,
        "open interest every 5 minutes": replace(base, venues=(replace(venue, oi_sample_s=300),)),
        "highest leverage 120": replace(base, population=capped, venues=(usual,)),
        "seven leverages only": replace(base, population=Population(), venues=(usual,)),
        "herds": replace(base, population=replace(people, herding_share=0.3)),
        "two holding classes": replace(
            base, population=replace(people, closing=Closing(classes=((0.7, 0.4), (0.3, 2.4))))
        ),
        "hazard falls with age": replace(
            base, population=replace(people, closing=Closing(weibull_shape=0.8))
        ),
        "high leverage closes sooner": replace(
            base, population=replace(people, closing=Closing(distance_exponent=0.5))
        ),
        "stops ahead of liquidation": replace(base, population=replace(people, stop_share=0.3)),
        "margin added": replace(base, population=replace(people, added_margin_sigma=0.3)),
        "cross accounts": replace(base, population=replace(people, cross_share=0.25), coins=(Coin(), ETH)),
        "partial steps": replace(
            base, venues=(replace(venue, engine=Engine(tiers=STEEP_TIERS, partial_steps=True)),)
        ),
        "price impact": replace(base, venues=(replace(venue, engine=Engine(depth_usd_per_percent=8e6)),)),
        "prints thinned as on Binance": replace(base, venues=(replace(venue, print_rule="last_per_second"),)),
        UNDONE: replace(base, venues=(replace(free, print_rule="last_per_second"),)),
        "last price off the mark": replace(base, venues=(replace(venue, last_sigma_bp=3.0),)),
    }


def _people(leverage: NDArray[np.float64], weight: NDArray[np.float64]) -> Population:
    """Return traders of these leverages, longs and shorts alike."""
    mix = tuple((weight / weight.sum()).tolist())
    return Population(leverages=tuple(leverage.tolist()), long_mix=mix, short_mix=mix)


def true_weights(
    truth: MarketTruth, market: HourMarket, settings: EstimatorSettings, engine: Engine | None = None
) -> NDArray[np.float64]:
    """Return the share of the model's inflow that was opened to print in each bucket, ``(2, K)``.

    Sizes depend on leverage only where tiers cap it; elsewhere shares are counted by head: a few huge positions would blur them.
    """
    engine = engine or Engine()
    opened = truth.positions.filter(
        (pl.col("from_ns") == pl.col("opened_ns")) & (pl.col("opened_ns") >= int(market.start_ns[0]))
    )
    printing = releases(opened, engine)
    share = (printing["qty"] / opened["qty"].gather(printing["row"])).to_numpy()
    if len(engine.tiers.rates) > 1:
        usd = (opened["qty"] * opened["entry_price"]).to_numpy()
        share = share * usd[printing["row"].to_numpy()] / usd.mean()
    distance = (printing["price"] / printing["entry_price"] - 1).abs().to_numpy()
    bucket = np.searchsorted(settings.edges(), distance) - 1
    legs = legs_of(market, settings)
    churn = settings.phi * np.maximum(legs.volume - np.abs(legs.interest_change), 0.0)
    inflow = float((np.maximum(legs.interest_change, 0.0) + 0.5 * churn).sum())
    out = np.zeros((2, len(settings.bucket_edges) - 1))
    inside = (bucket >= 0) & (bucket < out.shape[1])
    position = (printing["position"].to_numpy() == "short").astype(np.int64)
    np.add.at(out, (position[inside], bucket[inside]), share[inside])
    return out / opened.height * (float(opened["qty"].sum()) / inflow)


def true_profile(
    truth: MarketTruth, moment_ns: int, mark: float, engine: Engine
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return what would be printed [USD at the level] and in how many prints within each of ``DISTANCES``, ``(2, D)`` each."""
    alive = truth.alive(moment_ns).filter(pl.col("opened_ns") >= int(truth.flows["ts_open_ns"][0]))
    printing = releases(alive, engine)
    out, heads = np.zeros((2, len(DISTANCES))), np.zeros((2, len(DISTANCES)), np.int64)
    for p, name in enumerate(("long", "short")):
        mine = printing.filter(pl.col("position") == name)
        away = np.abs(np.log(mine["price"].to_numpy() / mark))
        usd = mine["qty"].to_numpy() * mine["price"].to_numpy()
        order = np.argsort(away)
        running = np.concatenate([[0.0], np.cumsum(usd[order])])
        heads[p] = np.searchsorted(away[order], DISTANCES, side="right")
        out[p] = running[heads[p]]
    return out, heads


def judge(config: SimulationConfig, settings: EstimatorSettings, *, undo_thinning: bool = False) -> Verdict:
    """Simulate, calibrate and compare one world."""
    world, engine, log_sd = simulate(config), config.venues[0].engine, 0.0
    recording, truth = world.recordings[0], world.truth.markets[0]
    if undo_thinning:
        full = simulate(replace(config, seed=config.seed + 1000)).truth.markets[0].prints
        curve = learn_thinning([full], data_reference="SIMULATED", made_by="this script", made_on="today")
        recording, log_sd = unthinned(recording, curve), curve.log_sd
    market = replace(hour_market(recording, settings), prints_log_sd=log_sd)
    cut = int(len(market) * TRAIN_SHARE)
    train = np.arange(len(market)) < cut
    test = np.arange(len(market)) >= cut + 24
    calibration = calibrate(
        market, settings, train, provenance=Provenance("SIMULATED", "this script", "today")
    )
    responses = respond(market, settings, scale=calibration.hazard_scale)
    weight = true_weights(truth, market, settings, engine)
    own = forecast(market, calibration, responses)
    noise = np.random.default_rng(3).standard_normal(DRAWS)[:, None]
    drawn = Posterior(
        calibration.draw_weights(DRAWS),
        level_factors(calibration, own.slow.level[:-1], own.fast.level[:-1], market.start_ns)
        * np.exp(noise * level_log_sd(calibration, own)[:-1]),
    )
    judged = np.flatnonzero(test)[::6]
    real = {
        h: true_profile(truth, int(market.start_ns[h]), float(market.open[h]), engine)
        for h in judged.tolist()
    }
    near, far = _map(calibration, responses, real)
    gain, true_gain, placebo = _scores(calibration, market, responses, weight, (train, test))
    return Verdict(
        _within(calibration, weight.mean(axis=0)),
        near,
        far,
        gain,
        true_gain,
        _band(config, (market, settings), (responses, weight.mean(axis=0)), drawn, judged[::4]),
        _heads((truth, engine), responses, drawn, {h: real[h][1] for h in judged[::4].tolist()}),
        placebo,
        calibration.identified_distance,
    )


def _within(calibration: Calibration, weight: NDArray[np.float64]) -> list[bool]:
    fitted = np.array(calibration.map.log_weight)
    known = calibration.identified & (weight > 0.02 * weight.max())
    score = (fitted[known] - np.log(weight[known])) / calibration.log_weight_sd[known]
    return [bool(abs(z) <= 2) for z in score]


def _band(
    config: SimulationConfig,
    known: tuple[HourMarket, EstimatorSettings],
    modelled: tuple[HourResponses, NDArray[np.float64]],
    drawn: Posterior,
    hours: NDArray[np.int64],
) -> list[bool]:
    """Tell for each band whether it holds the curve of true weights and true closing rate; none where that is not the truth."""
    if config.population.closing != Closing():
        return []
    (market, settings), (responses, weight) = known, modelled
    rate = 1.0 / config.population.closing.mean_life_h
    by_clock = msgspec.structs.replace(settings, hazard_clock=1.0)
    true = respond(market, by_clock, scale=rate / (0.5 * settings.phi * float(usual_pace(market).mean())))
    out = []
    for hour in hours.tolist():
        for p in range(2):
            for limit in LIMITS:
                at = int(np.searchsorted(DISTANCES, limit))
                curves = (drawn.weight @ responses.profile[hour, p, :, at].astype(np.float64)) * drawn.level[
                    :, hour
                ]
                low, high = np.quantile(curves, [0.05, 0.95])
                out.append(bool(low <= weight @ true.profile[hour, p, :, at].astype(np.float64) <= high))
    return out


def _heads(
    known: tuple[MarketTruth, Engine],
    responses: HourResponses,
    drawn: Posterior,
    real: dict[int, NDArray[np.int64]],
) -> list[bool]:
    """Tell for each interval whether it holds the number of prints that would be made."""
    truth, engine = known
    if len(engine.tiers.rates) > 1:
        return []
    opened = truth.positions.filter(pl.col("from_ns") == pl.col("opened_ns"))
    printing = releases(opened, engine)
    mean_usd = float((printing["qty"] * printing["entry_price"]).mean())  # type: ignore[arg-type]
    generator, out = np.random.default_rng(4), []
    for hour, heads in real.items():
        for p in range(2):
            for limit in LIMITS:
                at = int(np.searchsorted(DISTANCES, limit))
                curves = (drawn.weight @ responses.profile[hour, p, :, at].astype(np.float64)) * drawn.level[
                    :, hour
                ]
                low, high = np.quantile(generator.poisson(curves * UNIT_USD / mean_usd), [0.05, 0.95])
                out.append(bool(low <= heads[p, at] <= high))
    return out


def _map(
    calibration: Calibration,
    responses: HourResponses,
    real: dict[int, tuple[NDArray[np.float64], NDArray[np.int64]]],
) -> tuple[tuple[float, float], tuple[float, float]]:
    weight = np.exp(np.array(calibration.map.log_weight))
    totals = np.zeros((2, 2))
    for hour, (usd, _) in real.items():
        model = np.einsum("k,pkd->pd", weight, responses.profile[hour].astype(np.float64)) * UNIT_USD
        for i, limit in enumerate((NEAR, FAR)):
            at = int(np.searchsorted(DISTANCES, limit))
            totals[i] += (model[:, at].sum(), usd[:, at].sum())
    return (float(totals[0, 0]), float(totals[0, 1])), (float(totals[1, 0]), float(totals[1, 1]))


def _scores(
    calibration: Calibration,
    market: HourMarket,
    responses: HourResponses,
    weight: NDArray[np.float64],
    split: tuple[NDArray[np.bool_], NDArray[np.bool_]],
) -> tuple[float, float, float]:
    train, test = split
    hours = judged_hours(market)

    def total(mean: NDArray[np.float64]) -> float:
        return float(np.nansum(row_likelihood(hours, mean, train)[test]))

    base = total(fit_baseline("B1", hours, train))
    known = np.einsum("npk,pk->np", responses.touched, weight) + 1e-3
    own = forecast(market, calibration, responses)
    week = 168
    earlier = np.concatenate([np.repeat(responses.profile[:1], week, axis=0), responses.profile[:-week]])
    shifted = frozen_with(market, calibration, mass_within(earlier, market.depth), train, responses)
    none = frozen_with(market, calibration, np.full_like(responses.reach, 1e-9), train, responses)
    rows = 2 * int(test.sum())
    return total(own.running) - base, total(known) - base, (total(shifted) - total(none)) / rows


def row(name: str, verdicts: list[Verdict]) -> str:
    """Return one line of the table."""

    def share(flags: list[bool]) -> str:
        return f"{np.mean(flags):.0%}" if flags else ""

    near = sum(v.near[0] for v in verdicts) / sum(v.near[1] for v in verdicts)
    far = sum(v.far[0] for v in verdicts) / sum(v.far[1] for v in verdicts)
    kept = sum(v.gain for v in verdicts) / sum(v.true_gain for v in verdicts)
    placebo = np.array([v.placebo for v in verdicts])
    reach = np.median([v.identified for v in verdicts])
    error = placebo.std(ddof=1) / np.sqrt(len(placebo)) if len(placebo) > 1 else float("nan")
    return (
        f"| {name} | {len(verdicts)} | {share([w for v in verdicts for w in v.within])} | {reach:.1%} | {near:.2f} | {far:.2f} | "
        f"{kept:.0%} | {share([b for v in verdicts for b in v.band])} | {share([h for v in verdicts for h in v.heads])} | "
        f"{placebo.mean():+.3f} ± {error:.3f} |"
    )


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("seeds", nargs="?", type=int, default=20)
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--others", type=int, help="seeds of every other world")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    chosen = parser.parse_args()
    # the simulated exchange closes by the clock, alike at every distance
    settings = msgspec.structs.replace(
        load_settings(),
        hazard_power=0.0,
        hazard_clock=1.0,
        hazard_scales=(0.1, 0.2, 0.4, 0.8, 1.6),
        hazard_scale=0.4,
    )
    lines = [
        "| world | seeds | within 2 s.e. | identified to | map to 4 % | map to 9 % | gain kept | band 90 % | heads 90 % | placebo |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, config in worlds().items():
        if chosen.only and chosen.only not in name:
            continue
        started = time.monotonic()
        others = max(chosen.seeds // 3, 1) if chosen.others is None else chosen.others
        count = chosen.seeds if name == "as assumed" else others
        verdicts = [
            judge(replace(config, seed=seed), settings, undo_thinning=name == UNDONE)
            for seed in range(chosen.first, chosen.first + count)
        ]
        lines.append(row(name, verdicts))
        print(lines[-1], f"{time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
        if chosen.output:
            chosen.output.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
