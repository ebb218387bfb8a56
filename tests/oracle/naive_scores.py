"""A score as an outsider would write it: two CSV files in, one number out. Imports none of our maths.

Reads the hourly price and the realised totals of ``liquidations_ohlc_1h.csv`` and predictions as
``hour_start_utc,liquidated,predicted_usd``; fits the regression B3 (range against the position, prints and volatility of the day
before) by plain maximum likelihood and compares log-likelihoods row by row.
"""

from __future__ import annotations

import csv
import itertools
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.stats import nbinom

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

UNIT = 10_000.0
HOUR = 3600


@dataclass
class Row:
    """One hour and position."""

    hour: int
    short: bool
    features: list[float]
    amount: float
    predicted: float


def seconds(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def rows_of(folder: Path, predictions: Path) -> list[Row]:
    """Return the rows that have a price, a realised amount, a day before them and a prediction."""
    told: dict[tuple[int, str], float] = {}
    with predictions.open() as file:
        for line in csv.DictReader(file):
            told[seconds(line["hour_start_utc"]), line["liquidated"]] = float(line["predicted_usd"])
    hours: dict[int, dict[str, float]] = {}
    with (folder / "liquidations_ohlc_1h.csv").open() as file:
        for line in csv.DictReader(file):
            names = {k: v for k, v in line.items() if k.startswith(("price_", "liquidation_")) and v}
            hours[int(line["timestamp"]) // 1000] = {k: float(v) for k, v in names.items()}
    out = []
    for hour, bar in sorted(hours.items()):
        before = [hours[h] for h in range(hour - 24 * HOUR, hour, HOUR) if h in hours]
        closes = [hours[h]["price_close"] for h in range(hour - 25 * HOUR, hour, HOUR) if h in hours]
        if len(before) < 12:
            continue
        steps = [math.log(b / a) for a, b in itertools.pairwise(closes)]
        volatility = 0.5 * math.log(sum(s * s for s in steps) / len(steps) + 1e-8)
        for position in ("long", "short"):
            if (hour, position) not in told:
                continue
            down = math.log(bar["price_open"] / bar["price_low"])
            up = math.log(bar["price_high"] / bar["price_open"])
            usual = sum(b[f"liquidation_{position}_usd"] for b in before) / len(before) / UNIT
            own = max(down if position == "long" else up, 0.0)
            features = [
                0.5 if position == "long" else -0.5,
                math.log(own + 1e-3),
                math.log(24 * usual + 1.0),
                volatility,
            ]
            amount = bar[f"liquidation_{position}_usd"] / UNIT
            out.append(Row(hour, position == "short", features, amount, told[hour, position] / UNIT))
    return out


def likelihood(amount: Floats, mean: Floats, dispersion: float) -> Floats:
    """Log-likelihood of the negative binomial, real amounts allowed."""
    from scipy.special import betaln

    size = 1 / dispersion
    chance = size / (size + mean)
    # the binomial coefficient through the beta function, real amounts allowed
    coefficient = -np.log(amount + size) - betaln(amount + 1, size)
    return np.asarray(coefficient + size * np.log(chance) + amount * np.log1p(-chance))


def best_dispersion(amount: Floats, mean: Floats) -> float:
    """The dispersion of maximum likelihood on a fine grid."""
    grid = np.exp(np.linspace(-4, 4, 801))
    return float(grid[int(np.argmax([likelihood(amount, mean, a).sum() for a in grid]))])


def crossed_likelihood(judged: list[Row], mean: Floats) -> Floats:
    """Every row under the dispersion that the rows of other days choose; up to ten days, so that each is a block."""
    day = np.array([r.hour // (24 * HOUR) for r in judged])
    amount = np.array([r.amount for r in judged])
    out = np.empty(len(judged))
    for one in sorted(set(day.tolist())):
        there = day == one
        out[there] = likelihood(amount[there], mean[there], best_dispersion(amount[~there], mean[~there]))
    return out


def gain_over_b3(
    rows: list[Row], train: tuple[int, int], test: tuple[int, int], *, crossed: bool = False
) -> float:
    """Return nats per hour and position by which the predictions beat B3 on the test hours.

    With ``crossed`` both dispersions come from the other test days, as for a file that holds no training hour.
    """
    fitted = [r for r in rows if train[0] <= r.hour < train[1]]
    judged = [r for r in rows if test[0] <= r.hour < test[1]]
    x = np.array([[1.0, *r.features] for r in fitted])
    y = np.array([r.amount for r in fitted])

    def loss(theta: Floats) -> float:
        return -float(likelihood(y, np.exp(x @ theta[:-1]), math.exp(theta[-1])).sum())

    start = np.zeros(x.shape[1] + 1)
    start[2] = 1.0
    start[0] = math.log(y.mean()) - float(x[:, 2].mean())
    found = minimize(loss, start, method="BFGS", options={"gtol": 1e-3}).x
    told = np.array([r.predicted for r in judged])
    regressed = np.exp(np.array([[1.0, *r.features] for r in judged]) @ found[:-1])
    if crossed:
        return float((crossed_likelihood(judged, told) - crossed_likelihood(judged, regressed)).mean())
    ours = best_dispersion(y, np.array([r.predicted for r in fitted]))
    theirs = best_dispersion(y, np.exp(x @ found[:-1]))
    amount = np.array([r.amount for r in judged])
    mine = likelihood(amount, told, ours)
    other = likelihood(amount, regressed, theirs)
    return float((mine - other).mean())


def whole_number_likelihood(amount: int, mean: float, dispersion: float) -> float:
    """What scipy says for a whole number."""
    return float(nbinom.logpmf(amount, 1 / dispersion, 1 / (1 + dispersion * mean)))
