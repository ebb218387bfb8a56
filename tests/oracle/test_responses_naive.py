"""The compiled engine equals the plain loop over parcels, and its profile equals what is left."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest

from liqatlas.levels.estimator_settings import load_settings
from liqatlas.levels.hour_legs import legs_of
from liqatlas.levels.responses import DISTANCES, UNIT_USD, held_mass, respond
from tests.oracle import naive_responses
from tests.unit.levels.hour_markets import START_NS, random_market

pytestmark = pytest.mark.kernels
SETTINGS = msgspec.structs.replace(
    load_settings(),
    bucket_edges=(0.001, 0.004, 0.01, 0.03),
    hazard_cap=20.0,
    bins_per_bucket=4,
    entry_points=2,
)
ASKED = np.minimum(np.diff(SETTINGS.edges()) / SETTINGS.bins_per_bucket, SETTINGS.widest_bin).tolist()
WIDTHS = [math.log(10) / math.ceil(math.log(10) / width) for width in ASKED]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_engine_equals_parcels(seed: int) -> None:
    market = random_market(6, seed, volatility=0.002)
    legs = legs_of(market, SETTINGS)
    churn = np.maximum(legs.volume - np.abs(legs.interest_change), 0.0) * 0.5
    opened = np.maximum(legs.interest_change, 0.0) + churn
    closed = (np.maximum(-legs.interest_change, 0.0) + churn) / legs.interest
    rows = list(
        zip(
            legs.hour.tolist(),
            legs.begin.tolist(),
            legs.end.tolist(),
            opened.tolist(),
            closed.tolist(),
            strict=True,
        )
    )
    touched, fresh, left = naive_responses.responses(
        rows, SETTINGS.edges().tolist(), SETTINGS.hazard().tolist(), WIDTHS, points=2
    )
    got = respond(market, SETTINGS)
    assert sum(touched.values()) > 0
    for name, wanted in (("touched", touched), ("fresh", fresh)):
        table = np.zeros((6, 2, 3))
        for key, value in wanted.items():
            table[key] = value / UNIT_USD
        np.testing.assert_allclose(getattr(got, name), table, rtol=1e-9, atol=1e-9)
    held = held_mass(market, SETTINGS, scale=SETTINGS.hazard_scale, since_ns=START_NS)
    for p in range(2):
        for k in range(3):
            kept = sum(x.coins for x in left if (x.position, x.bucket) == (p, k))
            assert held.coins[p, k].sum() == pytest.approx(kept, rel=1e-9)


def test_profile_counts_what_is_left_within_each_distance() -> None:
    market = random_market(5, 7, volatility=0.002)
    whole = respond(market, SETTINGS)
    held = held_mass(market.first(4), SETTINGS, scale=SETTINGS.hazard_scale, since_ns=START_NS)
    mark = math.log(market.open[4])
    for d in (4, 20, 60):
        for k in range(3):
            edges, coins = held.edges[k], held.coins[:, k]
            middle = np.exp((edges[:-1] + edges[1:]) / 2)
            width = np.diff(edges)
            above = np.clip((edges[1:] - (mark - DISTANCES[d])) / width, 0, 1)
            below = np.clip((mark + DISTANCES[d] - edges[:-1]) / width, 0, 1)
            assert whole.profile[4, 0, k, d] == pytest.approx(
                float((coins[0] * middle * above).sum()) / UNIT_USD, rel=1e-5, abs=1e-6
            )
            assert whole.profile[4, 1, k, d] == pytest.approx(
                float((coins[1] * middle * below).sum()) / UNIT_USD, rel=1e-5, abs=1e-6
            )


def test_without_bookkeeping_nothing_is_ever_removed() -> None:
    market = random_market(12, 3, volatility=0.003)
    kept, free = respond(market, SETTINGS), respond(market, SETTINGS, bookkeeping=False)
    assert np.all(free.reach >= -1e-6)
    assert free.profile[-1].astype(float).sum() > kept.profile[-1].astype(float).sum()
