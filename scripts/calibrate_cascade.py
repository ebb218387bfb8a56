"""Judge the cascade's event forecasts: ``python scripts/calibrate_cascade.py real DATA_FOLDER`` or ``… simulated``.

Event: more than X USD of one side's positions are liquidated within the hour, X the 80 % quantile of the training hours. Made
from prints alone. Forecasts are frozen at the hour: the map of that moment, a price excursion drawn from the training hours'
excursions over their volatility times today's, the engine for what follows. Release and the scale of the excursion are chosen
on the training half by Brier score, an isotonic map on the next fifth, the rest is the test. Baselines: the rate of the
training hours, and a logistic on volatility and open interest.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from liqatlas.base.clock import DAY_NS, HOUR_NS, isoformat, parse_time
from liqatlas.book.beliefs import BookRegime, load_book_beliefs
from liqatlas.book.depth import Depth, thinned
from liqatlas.cascade.beliefs import load_cascade_beliefs
from liqatlas.cascade.calibration import brier, isotonic, logistic, reliability, reliability_z, skill
from liqatlas.cascade.inputs import make_market
from liqatlas.cascade.kernels_state import Plan, Runs
from liqatlas.cascade.ladder import Ladder, coarser
from liqatlas.cascade.monte_carlo import run_many
from liqatlas.cascade.venue_rules import plain_rules
from liqatlas.flows.build import build_heatmap
from liqatlas.flows.read import read
from liqatlas.flows.request import Request

Floats = NDArray[np.float64]
RUNS = 400
SIDES = (("down", "long"), ("up", "short"))


@dataclass(frozen=True)
class Hours:
    """One row per hour: start, price then, excursion down and up [log], liquidated (long, short), features, map rows."""

    ts: NDArray[np.int64]
    price: Floats
    excursion: Floats
    liquidated: Floats
    vol: Floats
    interest: Floats
    edges: Floats
    usd: Floats  # (2, hours, rows)


def ladder_at(hours: Hours, i: int, side: int, depth: Depth) -> Ladder:
    """Return one side of the frozen map."""
    middle = np.sqrt(hours.edges[:-1] * hours.edges[1:])
    distance = np.log(hours.price[i] / middle) if side == 0 else np.log(middle / hours.price[i])
    order = np.flatnonzero((distance > 0) & (distance < 0.35))
    order = order[np.argsort(distance[order])]
    whole = Ladder(
        "down" if side == 0 else "up",
        float(hours.price[i]),
        ("all",),
        distance[order],
        hours.usd[side, i, order][None],
        (depth,),
    )
    return coarser(whole, 200)


@dataclass(frozen=True)
class Setting:
    """What is chosen on the training hours; ``impact`` 0 switches the books off (infinite depth)."""

    release: float
    impact: float
    scale: float


def forecasts(
    hours: Hours,
    side: int,
    ask: tuple[Floats, float],
    setting: Setting,
    world: dict[str, Any],
    *,
    rows: NDArray[np.int64] | None = None,
) -> Floats:
    """Return P(liquidated > over) for hours; ``ask`` holds standardised excursions and the amount."""
    shocks, over = ask
    rows = np.arange(len(hours.ts)) if rows is None else rows
    beliefs, regime = load_cascade_beliefs(), world["regime"]
    rng = np.random.Generator(np.random.Philox(key=5))
    draws = rng.standard_normal((RUNS, 3))
    factor = (
        regime.depth_factor_median
        * np.exp(regime.depth_factor_sigma * draws[:, 0])
        / max(setting.impact, 1e-9)
    )
    release = setting.release * np.exp(world["release_sigma"] * draws[:, 1])
    keep = 0.5 ** (
        beliefs.round_s / (regime.recovery_half_life_s * np.exp(regime.recovery_sigma * draws[:, 2]))
    )
    quantile = shocks[np.linspace(0, len(shocks) - 1, RUNS).round().astype(int)]
    quantile = quantile[rng.permutation(RUNS)] * setting.scale
    out = np.empty(len(rows))
    for n, i in enumerate(rows):
        ladder = ladder_at(hours, int(i), side, world["depth"])
        market = make_market(ladder, plain_rules(1), size_usd=world["size_usd"], sizes=beliefs.size_quantiles)
        runs = Runs(np.zeros((RUNS, 1)), np.maximum(quantile * hours.vol[i], 0.0), factor, release, keep)
        table = run_many(market, runs, Plan(9, 12, 120, 0), workers=1)
        out[n] = (table.liquidated > over).mean()
    return out


def judge(hours: Hours, side: int, world: dict[str, Any]) -> dict[str, Any]:
    """Return scores of one side."""
    count = len(hours.ts)
    train, valid, test = np.split(np.arange(count), [count // 2, count * 7 // 10])
    over = float(np.quantile(hours.liquidated[side, train], 0.8))
    event = (hours.liquidated[side] > over).astype(np.float64)
    shocks = np.sort(hours.excursion[side, train] / hours.vol[train])
    some = train[:: max(1, len(train) // 300)]
    best = (np.inf, Setting(0, 0, 0))
    table = {}
    for impact in (0.0, 1.0):
        for scale in (0.7, 1.0):
            for release in (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3.0):
                setting = Setting(release, impact, scale)
                score = brier(forecasts(hours, side, (shocks, over), setting, world, rows=some), event[some])
                table[f"impact {impact:g}, scale {scale:g}, release {release:g}"] = round(score, 4)
                best = min(best, (score, setting), key=lambda b: b[0])
    setting = best[1]
    raw = forecasts(hours, side, (shocks, over), setting, world)
    fixed = isotonic(raw[valid], event[valid])
    ours = fixed(raw[test])
    features = np.column_stack((np.log(hours.vol), np.log(hours.interest)))
    rate = np.full(len(test), event[train].mean())
    both = np.append(train, valid)
    regression = logistic(features[both], event[both])(features[test])
    joint = np.column_stack(
        (features, np.log(np.clip(raw, 1e-3, 1 - 1e-3) / (1 - np.clip(raw, 1e-3, 1 - 1e-3))))
    )
    added = logistic(joint[both], event[both])(joint[test])
    told = {
        "side": SIDES[side][1], "over_usd": round(over), "hours": [len(train), len(valid), len(test)],
        "event_rate": [round(float(event[part].mean()), 4) for part in (train, valid, test)],
        "chosen": setting.__dict__, "train_brier": round(best[0], 4),
        "brier": {"climatology": brier(rate, event[test]), "logistic": brier(regression, event[test]), "raw": brier(raw[test], event[test]),
                  "recalibrated": brier(ours, event[test]), "logistic with cascade": brier(added, event[test])},
        "skill_over_climatology": {"raw": vars_of(skill(raw[test], rate, event[test], block=24)), "recalibrated": vars_of(skill(ours, rate, event[test], block=24)),
                                   "logistic": vars_of(skill(regression, rate, event[test], block=24))},
        "skill_over_logistic": {"raw": vars_of(skill(raw[test], regression, event[test], block=24)), "recalibrated": vars_of(skill(ours, regression, event[test], block=24)),
                                "logistic with cascade": vars_of(skill(added, regression, event[test], block=24))},
        "reliability_z": {"raw": reliability_z(raw[test], event[test]), "recalibrated": reliability_z(ours, event[test])},
        "reliability": [[round(b.forecast, 3), round(b.observed, 3), b.count] for b in reliability(ours, event[test], bins=8)],
        "isotonic": [[round(float(a), 4), round(float(b), 4)] for a, b in zip(fixed.raw[:: max(1, len(fixed.raw) // 12)], fixed.fitted[:: max(1, len(fixed.raw) // 12)], strict=True)],
        "brier_of_settings": table,
    }  # fmt: skip
    told["_raw"], told["_event"], told["_shocks"], told["_setting"] = raw, event, shocks, setting
    return told


def vars_of(one: Any) -> list[float]:
    """Return a skill as a list."""
    return [round(one.value, 3), round(one.low, 3), round(one.high, 3)]


def volatility(close: Floats, hours: int = 24) -> Floats:
    """Return trailing root mean square of hourly log returns, known at each hour's start."""
    square = np.append(0.0, np.diff(np.log(close)) ** 2)
    running = np.append(0.0, np.cumsum(square))
    at = np.arange(len(close))
    first = np.maximum(at - hours, 0)
    return np.asarray(np.sqrt((running[at] - running[first] + 1e-8) / np.maximum(at - first, 1)))


def real_hours(data: Path) -> Hours:
    """Return BTC, December 2025 to March 2026: vendor totals of Binance, Bybit and OKX; map from Binance's open interest."""
    bars = pl.read_csv(data / "binance_btc_5m_oi" / "liquidations_ohlc_1h.csv").sort("timestamp")
    ts = bars["timestamp"].to_numpy() * 1_000_000
    start, end = int(ts[0]) + 7 * DAY_NS, int(ts[-1])
    columns = (end - start) // HOUR_NS
    request = Request(
        asset="BTC", paths=(data / "binance_btc_5m_oi",), as_of_ns=end, window_ns=int(columns * HOUR_NS)
    )
    heat = build_heatmap(
        request, read(data / "binance_btc_5m_oi", asset="BTC"), columns=int(columns), rows=1000
    )
    keep = np.isin(ts, heat.times_ns)
    at = np.searchsorted(heat.times_ns, ts[keep])
    o, h, low, c = (bars[n].to_numpy() for n in ("price_open", "price_high", "price_low", "price_close"))
    vol = volatility(np.append(o[0], c)[:-1])
    excursion = np.stack((np.log(o / low), np.log(h / o)))
    liquidated = np.stack((bars["liquidation_long_usd"].to_numpy(), bars["liquidation_short_usd"].to_numpy()))
    interest = bars["oi_open"].to_numpy().astype(np.float64)
    return Hours(ts[keep], o[keep], excursion[:, keep], liquidated[:, keep], vol[keep], interest[keep], heat.price_edges,
                 np.stack((heat.long_usd[at], heat.short_usd[at])))  # fmt: skip


def simulated_hours(days: float = 150.0, *, depth_usd_per_percent: float) -> Hours:
    """Return one simulated venue with impact on, judged by its own prints, mapped by the public estimator."""
    from liqatlas.simulate import Engine, SimulatedVenue, SimulationConfig, simulate

    engine = Engine(depth_usd_per_percent=depth_usd_per_percent)
    world = simulate(SimulationConfig(seed=11, days=days, venues=(SimulatedVenue(engine=engine),)))
    recording = world.recording
    first, last = recording.span_ns() or (0, 0)
    start = first - first % HOUR_NS + 5 * DAY_NS
    columns = (last - start) // HOUR_NS
    end = start + columns * HOUR_NS
    request = Request(asset="BTC", as_of_ns=int(end), window_ns=int(columns * HOUR_NS))
    heat = build_heatmap(request, [recording], columns=int(columns), rows=1000)
    ts = heat.times_ns[:-1]
    marks = recording.marks.sort("ts_event_ns")
    moment, mark = marks["ts_event_ns"].to_numpy(), marks["mark_price"].to_numpy()
    first_of = np.searchsorted(moment, heat.times_ns, "right") - 1
    price = mark[first_of[:-1]]
    low, high = (f.reduceat(mark, first_of)[:-1] for f in (np.minimum, np.maximum))
    prints = recording.liquidations
    liquidated = np.stack([
        np.histogram(part["ts_event_ns"].to_numpy(), heat.times_ns, weights=part["notional_usd"].to_numpy())[0]
        for part in (prints.filter(pl.col("liquidated") == side) for side in ("long", "short"))
    ])  # fmt: skip
    interest = recording.open_interest
    at = np.clip(np.searchsorted(interest["ts_event_ns"].to_numpy(), ts, "right") - 1, 0, None)
    amount = interest["oi_native"].to_numpy()[at] * price
    print(
        f"simulated: {len(ts)} hours, {prints.height} prints, {liquidated.sum() / 1e6:,.1f}M liquidated, open interest {amount.mean() / 1e6:,.0f}M"
    )
    return Hours(ts, price, np.stack((np.log(price / low), np.log(high / price))), liquidated, volatility(price), amount, heat.price_edges,
                 np.stack((heat.long_usd[:-1], heat.short_usd[:-1])))  # fmt: skip


def show(scores: list[dict[str, Any]], name: str) -> None:
    """Print and keep the scores."""
    plain = [{k: v for k, v in s.items() if not k.startswith("_")} for s in scores]
    for s in plain:
        print(
            json.dumps(
                {k: v for k, v in s.items() if k != "brier_of_settings"},
                indent=1,
                default=lambda v: round(float(v), 4),
            )
        )
    Path(f"cascade_calibration_{name}.json").write_text(
        json.dumps(plain, indent=1, default=float), encoding="utf-8"
    )


def main() -> None:
    """Judge one world."""
    calm = load_book_beliefs().regime("calm")
    if sys.argv[1] == "real":
        hours = real_hours(Path(sys.argv[2]))
        side = Depth(np.array([0.01]), np.array([400e6]), load_book_beliefs().tail_exponent)
        grid = np.geomspace(1e-5, 0.7, 300)
        depth = thinned(side, grid, per_percent=calm.thinning_per_percent, least=calm.least_share)
        world: dict[str, Any] = {
            "regime": calm,
            "depth": depth,
            "release_sigma": 0.7,
            "size_usd": load_cascade_beliefs().size_usd,
        }
        scores = [judge(hours, s, world) for s in (0, 1)]
        show(scores, "real")
        replay(hours, scores[0])
        return
    per_percent = float(sys.argv[2]) if len(sys.argv) > 2 else 8e6
    hours = simulated_hours(depth_usd_per_percent=per_percent)
    known = BookRegime(basis="known", note="the simulated exchange's own book", depth_factor_median=1.0, depth_factor_sigma=0.0,
                       thinning_per_percent=0.0, least_share=1.0, recovery_half_life_s=60.0, recovery_sigma=0.0)  # fmt: skip
    world = {
        "regime": known,
        "depth": Depth(np.array([0.01]), np.array([per_percent]), 1.0),
        "release_sigma": 0.3,
        "size_usd": 20e3,
    }
    show([judge(hours, s, world) for s in (0, 1)], "simulated")


def replay(hours: Hours, score: dict[str, Any]) -> None:
    """Say what the frozen forecasts said around the fall of 2026-02-05 and what came."""
    print("2026-02-05/06, longs: hour, forecast, P of events there, price, liquidated, fall")
    first, last = parse_time("2026-02-05T08:00Z"), parse_time("2026-02-06T02:00Z")
    for i in np.flatnonzero((hours.ts >= first) & (hours.ts <= last)):
        print(isoformat(int(hours.ts[i])), f"{score['_raw'][i]:.3f}", int(score["_event"][i]), f"{hours.price[i]:,.0f}",
              f"{hours.liquidated[0, i] / 1e6:,.1f}M", f"{-100 * np.expm1(-hours.excursion[0, i]):.2f} %")  # fmt: skip
    rank = (score["_raw"] < score["_raw"][np.argmax(hours.liquidated[0])]).mean()
    print("the worst hour's forecast was above", f"{rank:.1%}", "of all hours' forecasts")


if __name__ == "__main__":
    main()
