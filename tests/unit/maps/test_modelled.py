"""Read-out on markets small enough to work out by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from liqatlas.base import schemas
from liqatlas.base.grid import LogGrid
from liqatlas.base.instruments import Instrument
from liqatlas.base.recording import Recording
from liqatlas.levels.buckets import bucket_offsets
from liqatlas.levels.parameters import EstimatorParameters
from liqatlas.maps.columns import HeatmapSize, modelled_heatmap
from liqatlas.maps.modelled import RiskTerms, modelled_map, prepare
from liqatlas.maps.readout import mixture_under_cap, moved

if TYPE_CHECKING:
    from liqatlas.maps.liquidation_map import LiquidationMap

pytestmark = pytest.mark.kernels
S = 1_000_000_000
TERMS = RiskTerms(0.005, 100.0, (0.005, 0.005), "hand")
PARAMETERS = EstimatorParameters(
    name="hand",
    version="1",
    made_on="2026-01-01",
    made_by="hand",
    data_until="2020-01-01",
    status="hand-made",
    grid_step=0.001,
    bucket_edges=(0.01, 0.02, 0.1),
    hazard=(1.0, 1.0, 1.0),
    weights=(0.5, 0.3, 0.2),
)
LINEAR = Instrument("alpha", "XUSDT", "X", tick_size=Decimal("0.01"))
INVERSE = replace(LINEAR, venue="beta", symbol="XUSD", quote="USD", settle="X", kind="inverse")


def market(
    instrument: Instrument, price: float, *, opened: float = 40.0, start_oi: float = 100.0
) -> Recording:
    """One trade at 10 s after which open interest has risen by what was traded: all of it opens."""
    return Recording(
        instrument,
        trades=schemas.TRADES.conform(
            pl.DataFrame(
                {
                    "ts_event_ns": [10 * S],
                    "price_ticks": [round(price * 100)],
                    "qty_native": [opened],
                    "taker_buy": [True],
                }
            )
        ),
        marks=schemas.MARKS.conform(
            pl.DataFrame({"ts_event_ns": [5 * S, 50 * S], "mark_price": [price, price]})
        ),
        open_interest=schemas.OPEN_INTEREST.conform(
            pl.DataFrame(
                {
                    "ts_event_ns": [0, 60 * S],
                    "oi_native": [start_oi, start_oi + opened],
                    "oi_published": [0.0, 0.0],
                }
            )
        ),
    )


def map_of(*recordings: Recording, window_ns: int = 3600 * S) -> LiquidationMap:
    prepared = [prepare(r, PARAMETERS, TERMS, as_of_ns=60 * S) for r in recordings]
    return modelled_map(prepared, PARAMETERS, as_of_ns=60 * S, window_ns=window_ns)


def test_one_opening_is_spread_by_the_mixture_and_valued_at_the_mark() -> None:
    result = map_of(market(LINEAR, 100.0))
    assert np.isclose(result.long_usd.sum(), 40 * 0.8 * 100)
    assert np.isclose(result.short_usd.sum(), 40 * 0.8 * 100)
    near = result.to(98.0)["all"][0]
    assert np.isclose(near, 40 * 0.5 * 100, rtol=0.06), "the bucket of 1 to 2 % holds half of what was opened"
    coverage = result.head.coverage
    assert coverage is not None
    assert np.isclose(coverage.long.unreachable_usd, 40 * 0.2 * 100)
    assert np.isclose(coverage.long.older_usd, 100 * 100)
    assert coverage.long.outside_window_usd == 0


def test_inverse_sizes_are_usd_whatever_the_price() -> None:
    result = map_of(market(INVERSE, 100.0, opened=4000.0, start_oi=10_000.0))
    assert np.isclose(result.long_usd.sum(), 4000 * 0.8)
    assert np.isclose(result.head.open_interest_usd, 14_000)


def test_survivors_are_scaled_down_to_open_interest_and_never_up() -> None:
    shrunk = market(LINEAR, 100.0)
    shrunk = replace(
        shrunk,
        open_interest=schemas.OPEN_INTEREST.conform(
            pl.DataFrame(
                {
                    "ts_event_ns": [0, 60 * S, 61 * S],
                    "oi_native": [100.0, 140.0, 10.0],
                    "oi_published": [0.0, 0.0, 0.0],
                }
            )
        ),
    )
    one = prepare(shrunk, PARAMETERS, TERMS, as_of_ns=61 * S)
    result = modelled_map([one], PARAMETERS, as_of_ns=61 * S, window_ns=3600 * S)
    assert result.long_usd.sum() <= 10 * 100 * (1 + 1e-12)


def test_two_venues_share_one_axis_and_keep_their_sums() -> None:
    alpha, beta = (
        market(LINEAR, 100.0),
        market(replace(LINEAR, venue="gamma"), 103.0, opened=20.0, start_oi=10.0),
    )
    both = map_of(alpha, beta)
    parts = both.by_venue()
    assert both.head.price == 100.0
    assert both.head.reference.startswith("alpha:XUSDT")
    assert np.isclose(parts["alpha"][0].sum(), 40 * 0.8 * 100)
    assert np.isclose(parts["gamma"][0].sum(), 20 * 0.8 * 103)
    centre = {v: float((a[0] * both.price_mid).sum() / a[0].sum()) for v, a in parts.items()}
    assert np.isclose(centre["alpha"], centre["gamma"], rtol=1e-3), (
        "a level stands at level / own mark x reference"
    )
    native = {v.venue: v.price for v in both.head.venues}
    assert native == {"alpha": 100.0, "gamma": 103.0}


def test_a_window_holds_only_what_was_opened_in_it() -> None:
    recording = market(LINEAR, 100.0)
    later = replace(
        recording,
        trades=pl.concat([recording.trades, recording.trades.with_columns(pl.col("ts_event_ns") + 7200 * S)]),
        open_interest=schemas.OPEN_INTEREST.conform(
            pl.DataFrame(
                {
                    "ts_event_ns": [0, 60 * S, 7200 * S, 7260 * S],
                    "oi_native": [100.0, 140.0, 140.0, 180.0],
                    "oi_published": [0.0] * 4,
                }
            )
        ),
    )
    one = prepare(later, PARAMETERS, TERMS, as_of_ns=7260 * S)
    maps = [modelled_map([one], PARAMETERS, as_of_ns=7260 * S, window_ns=w * S) for w in (600, 86_400)]
    assert np.isclose(maps[0].long_usd.sum(), 40 * 0.8 * 100)
    assert np.isclose(maps[1].long_usd.sum(), 80 * 0.8 * 100)
    assert maps[0].head.coverage is not None
    assert np.isclose(maps[0].head.coverage.long.outside_window_usd, 40 * 0.8 * 100)


def test_heatmap_columns_are_the_maps_of_their_moments() -> None:
    recording = market(LINEAR, 100.0)
    one = prepare(recording, PARAMETERS, TERMS, as_of_ns=60 * S)
    edges = np.geomspace(80, 125, 200)
    heat = modelled_heatmap(
        [one], PARAMETERS, as_of_ns=60 * S, window_ns=60 * S, size=HeatmapSize(columns=4, price_edges=edges)
    )
    assert heat.times_ns.tolist() == [15 * S, 30 * S, 45 * S, 60 * S]
    assert heat.long_usd[:3].sum() == 0, (
        "nothing is known to have opened before the sample that closes the bar"
    )
    assert np.allclose(heat.long_usd[3], map_of(recording).rebin(edges).long_usd, rtol=1e-6, atol=1e-6)


def test_levels_under_the_leverage_cap_move_to_what_is_allowed() -> None:
    grid, edges, weights = LogGrid(0.001), np.array(PARAMETERS.bucket_edges), np.array(PARAMETERS.weights)
    capped = mixture_under_cap(weights, bucket_offsets(edges, grid, (0.03, 0.03)), edges)
    assert capped[0] == 0
    assert np.isclose(capped.sum(), 1)
    assert capped[2] == weights[2]
    half = mixture_under_cap(weights, bucket_offsets(edges, grid, (0.015, 0.015)), edges)
    assert 0 < half[0] < weights[0]


def test_moving_by_a_part_of_a_bin_keeps_mass() -> None:
    amounts = np.array([[0.0, 2.0, 4.0, 0.0]])
    out = moved(amounts, 10, 1.25, (5, 25))
    assert np.isclose(out.sum(), 6.0)
    assert np.allclose(out[0, 6:10], [0.0, 1.5, 3.5, 1.0])


def test_json_conserves_amounts_and_names_its_parts() -> None:
    result = map_of(market(LINEAR, 100.0), market(INVERSE, 100.5, opened=4000.0))
    tree = json.loads(result.to_json())
    assert np.isclose(sum(b["long_usd"] for b in tree["bins"]), tree["totals"]["long_usd"], rtol=1e-8)
    assert {v for b in tree["bins"] for v in b["by_venue"]} == {"alpha", "beta"}
    assert tree["coverage"]["long"]["explained_usd"] == pytest.approx(tree["totals"]["long_usd"])
    assert tree["venues"][0]["age_s"] == 0


def test_select_and_rebin_keep_what_they_say() -> None:
    result = map_of(market(LINEAR, 100.0), market(INVERSE, 100.0, opened=4000.0))
    only = result.select(venues=("beta",))
    assert np.isclose(only.long_usd.sum(), 4000 * 0.8)
    low, high = result.price_edges[0], result.price_edges[-1]
    coarse = result.rebin(np.linspace(low, high, 7))
    assert np.isclose(coarse.long_usd.sum(), result.long_usd.sum())
    assert (coarse.usd >= 0).all()


@pytest.mark.parametrize(("days", "told"), [(0.5, False), (3.0, True)])
def test_a_map_of_a_moment_long_after_the_data_says_so(days: float, told: bool) -> None:
    as_of = 60 * S + round(days * 86_400) * S
    prepared = [prepare(market(LINEAR, 100.0), PARAMETERS, TERMS, as_of_ns=as_of)]
    head = modelled_map(prepared, PARAMETERS, as_of_ns=as_of, window_ns=3600 * S).head
    stale = [w for w in head.warnings if "older than this moment" in w]
    assert stale == (["alpha:XUSDT: its newest row is 3 d older than this moment: price, levels and open interest are those of then"] if told else [])  # fmt: skip
