from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqatlas.base.errors import InputError
from liqatlas.base.format import format_usd
from liqatlas.plot import words
from liqatlas.plot.view import default_range, fitting_edges, round_edges, round_step, view_of
from liqatlas.plot.zones import heaviest_zones
from tests.unit.plot.plot_scenes import SIX_VENUES, map_of


@given(
    low=st.floats(1e-8, 1e6),
    ratio=st.floats(1.001, 20.0),
    bars=st.integers(2, 400),
)
def test_edges_cover_the_range_with_a_round_step(low: float, ratio: float, bars: int) -> None:
    high = low * ratio
    for make in (round_edges, fitting_edges):
        edges, step = make(low, high, bars)
        assert np.all(np.diff(edges) > 0)
        assert edges[0] <= low * (1 + 1e-6) or edges[0] == pytest.approx(step)
        assert edges[-1] >= high * (1 - 1e-6)
        assert np.allclose(edges / step, np.rint(edges / step), rtol=1e-9)
    assert len(fitting_edges(low, high, bars)[0]) - 1 <= bars


@pytest.mark.parametrize(("raw", "step"), [(1.3, 1.0), (1.6, 2.0), (23, 25.0), (0.0004, 0.0005), (8, 10.0)])
def test_step_is_the_nearest_round_number(raw: float, step: float) -> None:
    assert round_step(raw) == step


def test_tiny_edges_are_the_floats_nearest_to_their_decimals() -> None:
    edges, step = round_edges(1.1e-5, 1.36e-5, 50)
    assert step == 5e-8
    assert edges[0] == 1.1e-5
    assert edges[1] == 1.105e-5


def test_default_range_holds_95_percent_of_each_side_and_ten_percent_of_the_price() -> None:
    whole = map_of(SIX_VENUES)
    low, high = default_range(whole)
    inside_long = whole.long_usd[whole.price_edges[:-1] >= low].sum()
    inside_short = whole.short_usd[whole.price_edges[1:] <= high].sum()
    assert inside_long >= 0.95 * whole.long_usd.sum()
    assert inside_short >= 0.95 * whole.short_usd.sum()
    price = whole.head.price
    assert low <= 0.9 * price
    assert high >= 1.1 * price
    one_bin_less = whole.long_usd[whole.price_edges[:-1] > low * 1.002].sum()
    assert one_bin_less < 0.95 * whole.long_usd.sum()


def test_default_range_ignores_what_is_not_identified() -> None:
    whole = map_of(SIX_VENUES, identified_distance=0.05)
    low, high = default_range(whole)
    assert low == pytest.approx(0.9 * whole.head.price)
    assert high == pytest.approx(1.1 * whole.head.price)


def test_realised_range_is_trimmed_at_both_ends() -> None:
    whole = map_of(quantity="liquidated", kind="realised")
    low, high = default_range(whole)
    both = whole.long_usd + whole.short_usd
    inside = both[(whole.price_edges[:-1] >= low) & (whole.price_edges[1:] <= high)].sum()
    assert inside >= 0.95 * both.sum()


def test_view_keeps_every_dollar_drawn_or_counted() -> None:
    whole = map_of(SIX_VENUES)
    view = view_of(whole, price_range=(1500, 1800))
    assert view.shown.long_usd.sum() + view.left_out_long == pytest.approx(whole.long_usd.sum())
    assert view.shown.short_usd.sum() + view.left_out_short == pytest.approx(whole.short_usd.sum())
    assert view.left_out_long > 0


def test_curves_are_those_of_the_whole_map_at_the_drawn_edges() -> None:
    whole = map_of(SIX_VENUES)
    view = view_of(whole)
    for i in range(0, len(view.shown.price_edges), 17):
        longs, shorts = whole.to(float(view.shown.price_edges[i]))["all"]
        assert view.curve_long[i] == pytest.approx(longs, abs=1.0)
        assert view.curve_short[i] == pytest.approx(shorts, abs=1.0)


@pytest.mark.parametrize(
    "bad", [(0.0, 10.0), (10.0, 5.0), (5.0, 5.0), (-1.0, 2.0), (1.0, np.inf), (np.nan, 2.0)]
)
def test_impossible_range_is_refused(bad: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="price range"):
        view_of(map_of(), price_range=bad)


def test_map_without_price_is_refused() -> None:
    whole = map_of()
    with pytest.raises(InputError, match="price"):
        view_of(replace(whole, head=replace(whole.head, price=float("nan"))))


def test_zones_hold_the_mass_of_their_prices_and_stay_apart() -> None:
    whole = map_of(SIX_VENUES)
    view = view_of(whole)
    zones = heaviest_zones(view)
    assert [z.position for z in zones] == ["long"] * 3 + ["short"] * 3
    for zone in zones:
        cut = whole.rebin(np.array([zone.price_low, zone.price_high]))
        there = cut.long_usd if zone.position == "long" else cut.short_usd
        assert zone.usd == pytest.approx(float(there.sum()), rel=1e-9)
    for position in ("long", "short"):
        side = sorted((z for z in zones if z.position == position), key=lambda z: z.price_low)
        assert all(a.price_high < b.price_low for a, b in itertools.pairwise(side))


def test_first_zone_is_the_heaviest_window_of_all() -> None:
    whole = map_of(SIX_VENUES, seed=11)
    view = view_of(whole)
    zone = heaviest_zones(view)[0]
    width = round((zone.price_high - zone.price_low) / view.step)
    mass = view.shown.long_usd
    best = max(mass[i : i + width].sum() for i in range(len(mass) - width + 1))
    assert zone.usd == pytest.approx(best)


def test_zones_never_lie_where_levels_are_not_identified() -> None:
    whole = map_of(SIX_VENUES, identified_distance=0.05)
    for zone in heaviest_zones(view_of(whole)):
        assert zone.price_low >= whole.head.price * 0.95 * (1 - 1e-9)
        assert zone.price_high <= whole.head.price * 1.05 * (1 + 1e-9)


def test_empty_side_has_no_zone() -> None:
    zones = heaviest_zones(view_of(map_of(sides=(1, 0))))
    assert {z.position for z in zones} == {"long"}


def test_few_even_bins_of_the_map_are_kept() -> None:
    own = np.linspace(1500.0, 1860.0, 61)
    whole = map_of(SIX_VENUES).rebin(own)
    view = view_of(whole)
    assert set(view.shown.price_edges) <= set(own)
    assert view.step == pytest.approx(6.0)
    assert view.label_step == 1.0
    assert np.allclose(view.shown.long_usd, whole.long_usd[: len(view.shown.long_usd)])


def test_bars_are_not_finer_than_the_maps_bins() -> None:
    whole = map_of(SIX_VENUES).rebin(np.geomspace(1200, 2300, 41))
    shown = view_of(whole).shown
    assert len(shown.price_edges) - 1 <= 60
    assert shown.long_usd.sum() == pytest.approx(whole.long_usd.sum(), rel=0.06)


def test_caption_of_odd_edges_asks_for_the_price_it_writes() -> None:
    whole = map_of(SIX_VENUES).rebin(np.linspace(1503.123, 1838.777, 51))
    view = view_of(whole)
    assert view.label_step == 0.01
    zone = heaviest_zones(view)[0]
    text = words.caption(whole, view, heaviest_zones(view))[0]
    written = round(zone.price_low, 2)
    assert f"falls to {written:,.2f} " in text
    assert f"about {format_usd(whole.to(written)['all'][0])} of longs" in text
