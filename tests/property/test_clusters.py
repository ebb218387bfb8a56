"""Clusters stay where they are, whatever the bins; a flat map has none."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqatlas.signals.clusters import ClusterSet, find_clusters
from liqatlas.signals.settings import load_settings
from tests.unit.signals.scenes import Density, hill, make_map

SETTINGS = load_settings()
DAILY = 0.03
SMOOTHING = SETTINGS.clusters.smoothing(DAILY)
#: Stated tolerance for bins up to a third of the smoothing: peak within a quarter of it, mass within 6 %.
PEAK_TOLERANCE, MASS_TOLERANCE = 0.25 * SMOOTHING, 0.06

centres = st.lists(
    st.sampled_from([-0.3, -0.24, -0.18, -0.12, -0.06, 0.07, 0.13, 0.19, 0.25, 0.31]),
    min_size=1,
    max_size=5,
    unique=True,
)


def found(densities: list[Density], **bins: float) -> ClusterSet:
    return find_clusters(make_map(densities, **bins), SETTINGS, daily_volatility=DAILY)  # type: ignore[arg-type]


@given(
    places=centres,
    widths=st.lists(st.floats(0.003, 0.009), min_size=5, max_size=5),
    amounts=st.lists(st.floats(2e6, 2e7), min_size=5, max_size=5),
    step=st.floats(0.2 * SMOOTHING / 2, SMOOTHING / 3),
    shift=st.floats(0.0, 1.0),
)
def test_other_bins_and_shifted_bins_give_the_same_clusters(
    places: list[float], widths: list[float], amounts: list[float], step: float, shift: float
) -> None:
    hills = [hill(c, w, a) for c, w, a in zip(places, widths, amounts, strict=False)]
    fine, other = found(hills, step=SMOOTHING / 20), found(hills, step=step, shift=shift * step)
    strong = [c for c in fine.all if c.excess > 2 * SETTINGS.clusters.least_excess and c.share_of_side > 0.02]
    assert len(strong) >= 1
    for cluster in strong:
        near = [
            c
            for c in other.side(cluster.position)
            if abs(np.log(c.peak_price / cluster.peak_price)) <= PEAK_TOLERANCE
        ]
        assert len(near) == 1, (cluster, other.side(cluster.position))
        assert near[0].usd == pytest.approx(cluster.usd, rel=MASS_TOLERANCE)


@given(places=centres, step=st.floats(0.0003, 0.0012))
def test_clusters_and_gaps_do_not_overlap_and_hold_what_the_map_holds(
    places: list[float], step: float
) -> None:
    result = make_map([hill(c, 0.006, 1e7) for c in places], step=step)
    clusters = find_clusters(result, SETTINGS, daily_volatility=DAILY)
    assert len(clusters.all) == len(places)
    for position in ("long", "short"):
        side = clusters.side(position)
        away = [abs(c.distance) for c in side]
        assert away == sorted(away)
        bands = sorted((c.price_low, c.price_high) for c in side)
        assert all(a[1] <= b[0] for a, b in pairwise(bands))
        total = float((result.long_usd if position == "long" else result.short_usd).sum())
        assert sum(c.usd for c in side) <= total * (1 + 1e-9)
        for c in side:
            assert c.usd_low <= c.usd <= c.usd_high
            assert sum(c.venues.values()) == pytest.approx(1.0)
            assert sum(c.leverage.values()) == pytest.approx(1.0)
    for gap in clusters.gaps:
        assert not any(
            c.price_low < gap.price_high - 1e-9 and c.price_high > gap.price_low + 1e-9 for c in clusters.all
        )


@given(factor=st.floats(1e-6, 1e6), places=centres)
def test_another_currency_unit_changes_amounts_only(factor: float, places: list[float]) -> None:
    hills = [hill(c, 0.006, 1e7) for c in places]
    plain, scaled = (
        found(hills),
        find_clusters(make_map(hills, price=100.0 * factor), SETTINGS, daily_volatility=DAILY),
    )
    assert [c.distance for c in plain.all] == pytest.approx([c.distance for c in scaled.all], abs=1e-9)
    assert [c.usd for c in plain.all] == pytest.approx([c.usd for c in scaled.all], rel=1e-6)


@given(level=st.floats(1e3, 1e9), step=st.floats(0.0004, 0.002))
def test_flat_map_has_no_cluster_away_from_its_ends(level: float, step: float) -> None:
    clusters = found([lambda x: np.full_like(x, level)], step=step, reach=0.6)
    inside = [c for c in clusters.all if abs(c.distance) < 0.3]
    assert [c for c in inside if c.near_distance * np.sign(c.distance) > 0.02] == []


def test_empty_map_has_no_cluster_and_says_so() -> None:
    clusters = found([])
    assert clusters.all == ()
    assert clusters.notes == ("the map holds no long levels", "the map holds no short levels")
