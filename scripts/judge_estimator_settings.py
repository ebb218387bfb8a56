"""Judge every choice of the estimator: ``python scripts/judge_estimator_settings.py FOLDER [-o FILE]``.

FOLDER is laid out like ``binance_btc_5m_oi`` and holds December 2025 to March 2026 of BTC. Each choice is switched alone; a cell is the
difference to the shipped settings in nats per hour and position with its day-block interval, negative where the switch is worse. The inner
cross-validation has five blocks of 12 to 16 days between 2025-12-05 and 2026-02-25 with an embargo of a day, the first weeks of February left
out; choices were made on it alone. March and the crash are shown beside it and chose nothing.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads for twenty unknowns cost more than they do

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from liqatlas.base.clock import DAY_NS, parse_time
from liqatlas.evaluate.bootstrap import Interval, block_mean
from liqatlas.evaluate.comparison import row_likelihood
from liqatlas.flows.estimator_source import judged_hours
from liqatlas.flows.read import read
from liqatlas.levels.calibrate import Provenance, calibrate_responses
from liqatlas.levels.estimator_settings import load_settings
from liqatlas.levels.forecast import forecast
from liqatlas.levels.hour_market import hour_market
from liqatlas.levels.responses import respond

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.base.recording import Recording
    from liqatlas.levels.estimator_settings import EstimatorSettings

BLOCKS = (
    ("2025-12-05", "2025-12-17"),
    ("2025-12-17", "2025-12-30"),
    ("2025-12-30", "2026-01-12"),
    ("2026-01-12", "2026-01-25"),
    ("2026-02-09", "2026-02-25"),
)
TESTS = {
    "March": (("2025-12-04", "2026-02-25"), ("2026-03-01", "2026-04-01")),
    "crash": (("2026-02-12", "2026-04-01"), ("2026-01-25", "2026-02-09")),
}
WHO = Provenance("binance_btc_5m_oi", "scripts/judge_estimator_settings.py", "judged")
NEVER = 1e9


@dataclass(frozen=True)
class Likelihoods:
    """Log-likelihood of every hour and position, frozen and running, NaN outside the test: per place."""

    frozen: dict[str, NDArray[np.float64]]
    running: dict[str, NDArray[np.float64]]


def switches(base: EstimatorSettings) -> dict[str, dict[str, object]]:
    """Return what each switch changes."""
    edges = base.bucket_edges
    return {
        "no closing": {"hazard_scale": 0.0},
        "closing alike at all distances": {"hazard_power": 0.0},
        "closing, power 1": {"hazard_power": 1.0},
        "closing, power 2": {"hazard_power": 2.0},
        "closing / 3": {"hazard_scale": base.hazard_scale / 3},
        "closing x 3": {"hazard_scale": base.hazard_scale * 3},
        "closing by the clock": {"hazard_clock": 1.0},
        "closing half by the clock": {"hazard_clock": 0.5},
        "phi 0.5, closing kept in time": {"phi": 0.5, "hazard_scale": base.hazard_scale * 2},
        "theta 0.45": {"theta": 0.45},
        "theta 0.55": {"theta": 0.55},
        "five-minute ends only": {"excursion": 0.0},
        "excursion 0.75": {"excursion": 0.75},
        "excursion 1.75": {"excursion": 1.75},
        "volume even in time": {"move_share": 0.0},
        "volume by moves only": {"move_share": 1.0},
        "entry at the middle of a leg": {"entry_points": 1},
        "bins twice as fine": {
            "bins_per_bucket": base.bins_per_bucket * 2,
            "widest_bin": base.widest_bin / 2,
        },
        "buckets from 0.1 %": {"bucket_edges": edges[1:]},
        "buckets from 0.35 %": {"bucket_edges": edges[3:]},
        "eight buckets": {"bucket_edges": edges[::2]},
        "smoothness x 16": {"smoothness": base.smoothness * 16, "flatness": base.flatness * 16},
        "no smoothness": {"smoothness": 0.0, "flatness": 0.0, "tie": 0.25},
        "far weights held to the mean of all": {"smoothness": 4.0, "flatness": 0.0, "tie": 0.25},
        "no slow level": {"slow_shrinkage_h": NEVER},
        "no fast level": {"fast_shrinkage_h": NEVER},
        "turnover half": {"spot_turnover": base.spot_turnover / 2, "hazard_scale": base.hazard_scale * 2},
        "turnover double": {"spot_turnover": base.spot_turnover * 2, "hazard_scale": base.hazard_scale / 2},
    }


def judge(recording: Recording, settings: EstimatorSettings) -> Likelihoods:
    """Fit and predict every place."""
    market = hour_market(recording, settings)
    hours = judged_hours(market)
    responses = respond(market, settings, scale=settings.hazard_scale)
    out = Likelihoods({}, {})

    def between(a: str, b: str, wider_ns: int = 0) -> NDArray[np.bool_]:
        return market.between(parse_time(a) - wider_ns, parse_time(b) + wider_ns)

    def add(place: str, train: NDArray[np.bool_], test: NDArray[np.bool_]) -> None:
        made = calibrate_responses(
            market, responses, settings, train, provenance=WHO, profile=(settings.hazard_scale, ())
        )
        result = forecast(market, made, responses)
        for table, mean in ((out.frozen, result.frozen), (out.running, result.running)):
            rows = np.where(test[:, None], row_likelihood(hours, mean, train), np.nan)
            table[place] = np.where(test[:, None], rows, table.get(place, np.full_like(rows, np.nan)))

    inner = np.any([between(*block) for block in BLOCKS], axis=0)
    for block in BLOCKS:
        add("inner", inner & ~between(*block, wider_ns=DAY_NS), between(*block))
    for name, (train, test) in TESTS.items():
        add(name, between(*train), between(*test))
    return out


def differences(one: Likelihoods, base: Likelihoods, day: NDArray[np.int64]) -> list[Interval]:
    """Return the difference of each place, frozen and running."""
    days = np.repeat(day[:, None], 2, axis=1)
    pairs = ((one.frozen, base.frozen), (one.running, base.running))
    return [
        block_mean(mine[place] - other[place], days) for mine, other in pairs for place in ("inner", *TESTS)
    ]


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--only", default="", help="switches whose name holds this text")
    chosen = parser.parse_args()
    (recording,) = read(chosen.folder, asset="BTC")
    settings = load_settings()
    base = judge(recording, settings)
    day = hour_market(recording, settings).start_ns // DAY_NS
    lines = [
        "| switched | frozen, inner | frozen, March | frozen, crash | running, inner | running, March | running, crash |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, change in switches(settings).items():
        if chosen.only not in name:
            continue
        other = judge(recording, msgspec.structs.replace(settings, **change))
        lines.append(f"| {name} | " + " | ".join(str(d) for d in differences(other, base, day)) + " |")
        print(lines[-1], file=sys.stderr, flush=True)
        if chosen.output:
            chosen.output.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
