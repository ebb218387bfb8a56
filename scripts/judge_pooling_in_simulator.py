"""Show whether a small coin gains by borrowing from a large one: ``python scripts/judge_pooling_in_simulator.py [SEEDS]``.

SIMULATED: a large market and small ones whose traders choose leverage alike, seen for the same days. The small coin is calibrated on its own
and with the large coin's weights as its prior (``liqatlas calibrate COIN --pool FILE``); both are judged on the days after. *Error*: root
mean square of ln (fitted / true weight) over buckets that hold at least a fiftieth of the largest weight, up to a common factor; *gain*: what pooling
adds, nats per hour and position, with its day-block interval over all seeds.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace

import msgspec
import numpy as np

from liqatlas.evaluate.bootstrap import block_mean
from liqatlas.evaluate.comparison import row_likelihood
from liqatlas.flows.estimator_source import judged_hours
from liqatlas.levels.calibrate import Provenance, calibrate
from liqatlas.levels.estimator_settings import load_settings
from liqatlas.levels.forecast import forecast
from liqatlas.levels.hour_market import hour_market
from liqatlas.simulate import simulate

judged = importlib.import_module("judge_estimator_in_simulator")  # the script beside this one
TRAIN_SHARE, true_weights, worlds = judged.TRAIN_SHARE, judged.true_weights, judged.worlds
ACTIVITIES = (0.3, 0.1, 0.03)
WHO = Provenance("SIMULATED", "this script", "today")


def main() -> None:
    """Write the table."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    settings = msgspec.structs.replace(load_settings(), hazard_power=0.0, hazard_clock=1.0, hazard_scale=0.4)
    base = worlds()["as assumed"]
    large = hour_market(simulate(replace(base, seed=99)).recordings[0], settings)
    whole = np.arange(len(large)) < int(len(large) * TRAIN_SHARE)
    lender = calibrate(large, settings, whole, provenance=WHO)
    print(
        "| activity of the small coin | printed in training | error alone | error pooled | gain of pooling, frozen | running |"
    )
    print("|---|---|---|---|---|---|")
    for activity in ACTIVITIES:
        venue = replace(base.venues[0], activity=activity)
        gains: dict[str, list[np.ndarray[tuple[int, int], np.dtype[np.float64]]]] = {
            "frozen": [],
            "running": [],
        }
        errors: dict[str, list[float]] = {"alone": [], "pooled": []}
        days, printed = [], []
        for seed in range(1, seeds + 1):
            world = simulate(replace(base, seed=seed, venues=(venue,)))
            market = hour_market(world.recordings[0], settings)
            hours = judged_hours(market)
            train = np.arange(len(market)) < int(len(market) * TRAIN_SHARE)
            test = np.arange(len(market)) >= int(len(market) * TRAIN_SHARE) + 24
            truth = true_weights(world.truth.markets[0], market, settings).mean(axis=0)
            known = truth > 0.02 * truth.max()
            scores = {}
            for name, from_whom in (("alone", None), ("pooled", lender)):
                made = calibrate(
                    market,
                    settings,
                    train,
                    provenance=WHO,
                    hazard_scale=lender.hazard_scale,
                    lender=from_whom,
                )
                off = np.array(made.map.log_weight)[known] - np.log(truth[known])
                errors[name].append(float(np.std(off)))
                own = forecast(market, made)
                scores[name] = [
                    row_likelihood(hours, mean, train)[test] for mean in (own.frozen, own.running)
                ]
            for i, name in enumerate(("frozen", "running")):
                gains[name].append(scores["pooled"][i] - scores["alone"][i])
            days.append(hours.day[test] + 1000 * seed)
            printed.append(float(np.nansum(market.printed_usd[train])))
        block = np.repeat(np.concatenate(days)[:, None], 2, axis=1)
        cells = [str(block_mean(np.concatenate(gains[name]), block)) for name in ("frozen", "running")]
        print(
            f"| {activity:g} | {np.mean(printed) / 1e6:.1f} M USD | {np.mean(errors['alone']):.2f} | {np.mean(errors['pooled']):.2f} | "
            f"{cells[0]} | {cells[1]} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
