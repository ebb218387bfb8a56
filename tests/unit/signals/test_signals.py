"""Each signal's formula on hand-made cases, with the thresholds that guides state."""

from __future__ import annotations

import numpy as np
import pytest

from liqatlas.base.clock import HOUR_NS
from liqatlas.base.errors import ConfigError, InputError, NotEnoughDataError
from liqatlas.signals.clusters import find_clusters
from liqatlas.signals.event_signals import (
    hunt_signal,
    scaled_threshold,
    stop_hunts,
    washout,
    washout_signal,
    wipe_levels,
)
from liqatlas.signals.grades import grade, intensity_history, with_intensity, with_risk
from liqatlas.signals.map_signals import asymmetry, cascade_risk, liquidation_peaks, magnet, map_signals
from liqatlas.signals.metrics import asset_scale, day_metrics, market_state, ratio_word
from liqatlas.signals.panel import cascade_phase, confirmation_panel
from liqatlas.signals.settings import load_settings
from liqatlas.signals.threshold import threshold_clusters
from liqatlas.signals.volatility import realised_volatility, walk_touch
from tests.unit.signals.scenes import AS_OF, hill, make_map, recording

SETTINGS = load_settings()
RULES = SETTINGS.signals
DAILY = 0.03


@pytest.mark.parametrize(
    ("above", "below", "value"),
    [
        (201.0, 100.0, "upward_magnet"),
        (200.0, 100.0, "balanced"),
        (100.0, 201.0, "downward_magnet"),
        (100.0, 200.0, "balanced"),
        (100.0, 100.0, "balanced"),
        (None, 100.0, None),
        (100.0, None, None),
    ],
)
def test_magnet_takes_more_than_twice(above: float | None, below: float | None, value: str | None) -> None:
    assert magnet(above, below, RULES) == value


@pytest.mark.parametrize(
    ("prices", "value", "gap"),
    [
        ([98.0, 96.1], "high", 0.019),
        ([98.0, 96.0], "moderate", 0.02),
        ([98.0, 93.1], "moderate", 0.049),
        ([98.0, 93.0], "low", 0.05),
        ([70.0, 90.0, 71.0], "high", 0.01),
        ([98.0], "low", None),
        ([], "low", None),
    ],
)
def test_cascade_risk_by_the_smallest_gap(prices: list[float], value: str, gap: float | None) -> None:
    found = cascade_risk(prices, 100.0, RULES)
    assert found[0] == value
    assert found[1] is None if gap is None else found[1] == pytest.approx(gap)


def test_asymmetry_counts_only_near_the_price() -> None:
    """Equal totals, but near the price twice as much on the long side."""
    result = make_map(
        [hill(-0.015, 0.001, 2e6), hill(-0.2, 0.001, 1e6), hill(0.015, 0.001, 1e6), hill(0.2, 0.001, 2e6)]
    )
    by_range = {b.range: b for b in asymmetry(result, SETTINGS)}
    assert by_range[0.01].leaning == "empty" or by_range[0.01].long_usd < 1e3
    assert by_range[0.05].long_usd == pytest.approx(2e6, rel=1e-3)
    assert (by_range[0.05].leaning, by_range[0.1].leaning) == ("long", "long")
    assert result.long_usd.sum() == pytest.approx(result.short_usd.sum(), rel=1e-3)


def test_peaks_are_named_by_their_side() -> None:
    peaks = liquidation_peaks(make_map([hill(-0.05, 0.004, 3e6), hill(0.08, 0.004, 1e6)]), 0.003)
    assert peaks["long_liquidation_peak_price"] == pytest.approx(100 * np.exp(-0.05), rel=1e-3)
    assert peaks["short_liquidation_peak_price"] == pytest.approx(100 * np.exp(0.08), rel=1e-3)


def test_map_with_one_side_only() -> None:
    result = make_map([hill(-0.05, 0.004, 3e6)])
    clusters = find_clusters(result, SETTINGS, daily_volatility=DAILY)
    signals = {s.name: s for s in map_signals(result, clusters, SETTINGS)}
    assert signals["magnet"].value is None
    assert "each side" in signals["magnet"].missing
    assert signals["liquidation_peak"].value == "longs below"
    assert all(s.hit_rate is not None or s.hit_rate_reason for s in signals.values())


def test_threshold_method_of_the_guides() -> None:
    result = make_map([hill(-0.05, 0.004, 3e6), hill(0.08, 0.004, 9e6)], step=0.01)
    found = threshold_clusters(result, 5e5)
    total = result.long_usd + result.short_usd
    assert len(found) == int((total > 5e5).sum())
    assert [c.magnitude for c in found] == sorted((c.magnitude for c in found), reverse=True)
    assert found[0].type == "short"
    assert all(c.type == ("long" if c.price < 100 else "short") for c in found)
    with pytest.raises(InputError, match="positive"):
        threshold_clusters(result, 0.0)


@pytest.mark.parametrize(
    ("total", "state"),
    [
        (49.9e6, "calm"),
        (50e6, "normal"),
        (199e6, "normal"),
        (200e6, "elevated"),
        (500e6, "high"),
        (999e6, "high"),
        (1e9, "extreme"),
    ],
)
def test_market_state_by_the_table(total: float, state: str) -> None:
    assert market_state(total, SETTINGS) == state
    assert market_state(total * 0.05, SETTINGS, scale=0.05) == state


@pytest.mark.parametrize(
    ("long", "short", "ratio", "word"),
    [
        (201.0, 100.0, 2.01, "longs squeezed"),
        (200.0, 100.0, 2.0, "both sides"),
        (50.0, 100.0, 0.5, "both sides"),
        (49.0, 100.0, 0.49, "shorts squeezed"),
        (1.0, 0.0, None, "longs squeezed"),
        (0.0, 0.0, None, "nothing liquidated"),
    ],
)
def test_ratio_words(long: float, short: float, ratio: float | None, word: str) -> None:
    found = ratio_word(long, short, SETTINGS)
    assert found[1] == word
    assert found[0] is None if ratio is None else found[0] == pytest.approx(ratio)


def test_day_metrics_by_hand() -> None:
    one = recording(
        [100.0] * 60,
        open_interest=[1000.0] * 59 + [900.0],
        funding=[0.0001] * 40 + [0.0009],
        liquidated=[(0, 3e6, 1e6), (23, 1e6, 0.0), (24, 9e9, 9e9)],
        prints=[(1, "short", 101.0, 12e6), (2, "long", 99.0, 3e6)],
    )
    found = day_metrics([one], SETTINGS, as_of_ns=AS_OF, open_interest_usd=1.4e9, book=None)
    assert (found.total_usd, found.long_usd, found.short_usd, found.ratio) == (5e6, 4e6, 1e6, 4.0)
    assert found.ratio_word == "longs squeezed"
    assert found.state == market_state(500e6, SETTINGS) == "high"
    assert (found.largest_usd, found.largest_position, found.whale) == (12e6, "short", True)
    assert found.oi_change_native == -100.0
    assert found.funding_8h == pytest.approx(0.0009)
    assert found.funding_spike is True
    assert found.missing["spread"] == "no book"


def test_metrics_of_nothing_say_what_is_missing() -> None:
    found = day_metrics(
        [recording([100.0] * 30)], SETTINGS, as_of_ns=AS_OF, open_interest_usd=float("nan"), book=None
    )
    assert found.total_usd is None
    assert set(found.missing) >= {"total_usd", "largest_usd", "funding_8h", "spread"}


@pytest.mark.parametrize(
    ("fall", "rate", "value"),
    [
        (0.19, -0.001, "no"),
        (0.20, -0.001, "yes"),
        (0.29, -0.001, "yes"),
        (0.30, -0.001, "deep"),
        (0.25, 0.0, "open interest fell, funding has not turned"),
        (None, -0.001, None),
        (0.25, None, None),
    ],
)
def test_washout_by_the_guides(fall: float | None, rate: float | None, value: str | None) -> None:
    assert washout(fall, rate, SETTINGS) == value


def test_washout_counts_contracts_not_dollars() -> None:
    """The price halves, contracts stay: nothing was washed out."""
    one = recording([100.0] * 20 + [50.0] * 20, open_interest=[1000.0] * 40, funding=[-0.001] * 3)
    assert washout_signal(one, SETTINGS, as_of_ns=AS_OF).value == "no"


def test_wiped_longs_leave_support_and_wiped_shorts_resistance() -> None:
    prices = [100.0] * 48
    prices[30], prices[40] = 80.0, 120.0
    one = recording(prices, liquidated=[(17, 150e6, 0.0), (16, 60e6, 1e6), (7, 0.0, 120e6), (3, 99e6, 99e6)])
    found = wipe_levels([one], SETTINGS, as_of_ns=AS_OF, days=3, threshold_usd=100e6)
    assert [(level.type, level.price, level.strength_usd) for level in found] == [
        ("resistance", 120.0, 120e6),
        ("support", 80.0, 210e6),
    ]
    assert found[1].end_ns - found[1].start_ns == 2 * HOUR_NS


def test_threshold_scales_with_the_asset() -> None:
    assert scaled_threshold(SETTINGS, 1.0) == 100e6
    assert scaled_threshold(SETTINGS, 0.1) == pytest.approx(10e6)
    assert scaled_threshold(SETTINGS, 7.0) == 100e6
    assert scaled_threshold(SETTINGS, 1e-6) == RULES.event_least_usd
    assert scaled_threshold(SETTINGS, None) == 100e6


def test_scale_is_the_asset_s_own_median_day_where_known() -> None:
    """Twenty past days of 25 M against the whole market's 100 M; today does not count; five days are too few."""
    days = [(24 * d + 1, 20e6, 5e6) for d in range(1, 21)]
    long = recording([100.0] * 3, liquidated=[*days, (0, 9e9, 0.0)])
    scale, source = asset_scale([long], SETTINGS, as_of_ns=AS_OF, open_interest_usd=1.4e9)
    assert scale == pytest.approx(0.25)
    assert source == "the median of its own 20 past days"
    short = recording([100.0] * 3, liquidated=days[:5])
    assert asset_scale([short], SETTINGS, as_of_ns=AS_OF, open_interest_usd=1.4e9)[0] == pytest.approx(0.01)
    assert (
        asset_scale([recording([1.0])], SETTINGS, as_of_ns=AS_OF, open_interest_usd=float("nan"))[0] is None
    )


def test_stop_hunt_is_a_touch_that_came_back() -> None:
    result = make_map([hill(-0.05, 0.004, 3e6), hill(0.08, 0.004, 1e6)])
    past = find_clusters(result, SETTINGS, daily_volatility=DAILY)
    near = past.below[0].near_price
    prices = [100.0] * 30 + [near * 0.999, 99.0, 100.0] + [100.0] * 5
    (hunt,) = stop_hunts(
        recording(prices), past.all, SETTINGS, as_of_ns=AS_OF, since_ns=0, daily_volatility=DAILY
    )
    assert hunt.position == "long"
    assert hunt.back_ns - hunt.touched_ns == 2 * HOUR_NS
    signal = hunt_signal((hunt,), SETTINGS, as_of_ns=AS_OF)
    assert signal.value == f"long cluster at {near * 0.999:.5g}"
    assert hunt_signal(None, SETTINGS, as_of_ns=AS_OF).missing == "no earlier map to look from"
    assert hunt_signal((), SETTINGS, as_of_ns=AS_OF).value == "none"
    stayed = [100.0] * 30 + [near * 0.999] * 8
    assert (
        stop_hunts(recording(stayed), past.all, SETTINGS, as_of_ns=AS_OF, since_ns=0, daily_volatility=DAILY)
        == ()
    )


def test_intensity_by_the_asset_s_own_quantiles() -> None:
    clusters = find_clusters(make_map([hill(-0.05, 0.004, 3e6)]), SETTINGS, daily_volatility=DAILY)
    density = clusters.below[0].usd_per_percent
    history = np.linspace(0.0, 2.0, 101) * density
    assert with_intensity(clusters, history, SETTINGS).below[0].intensity == "high"
    assert with_intensity(clusters, history * 0.4, SETTINGS).below[0].intensity == "extreme"
    short = with_intensity(clusters, history[:5], SETTINGS).below[0]
    assert short.intensity is None
    assert "5 past clusters" in short.missing["intensity"]


@pytest.mark.parametrize(
    ("usd", "name"), [(1e9, "moderate"), (9e6, "high"), (5e6, "critical"), (2e6, "extreme"), (1e6, "maximum")]
)
def test_risk_by_mass_against_depth(usd: float, name: str) -> None:
    result = make_map([hill(-0.05, 0.002, 3e6)])
    clusters = find_clusters(result, SETTINGS, daily_volatility=DAILY)
    (cluster,) = with_risk(clusters, result, SETTINGS, lambda *_: (usd, "seen")).below
    assert cluster.risk == name
    assert with_risk(clusters, result, SETTINGS, None).below[0].missing["risk"] == "no book"
    why = with_risk(clusters, result, SETTINGS, None, reason="the newest book is a day old").below[0]
    assert why.missing["risk"] == "the newest book is a day old"
    beyond = with_risk(clusters, result, SETTINGS, lambda *_: (usd, "extrapolated")).below[0]
    assert (beyond.risk, beyond.risk_basis) == (name, "extrapolated")


def test_grade_at_its_thresholds() -> None:
    assert [grade(v, (1.0, 2.0), ("a", "b", "c")) for v in (0.9, 1.0, 1.9, 2.0)] == ["a", "b", "b", "c"]


def test_the_plain_walk_is_the_reflection_formula() -> None:
    """At one standard deviation 2 Φ(-1) = 0.3173; it falls with distance; a level infinitely far is never met."""
    at = walk_touch(1.0)
    assert float(at) == pytest.approx(0.31731, abs=1e-5)
    walk = np.random.default_rng(3).normal(0.0, 0.03 / np.sqrt(2000), size=(4000, 2000)).cumsum(axis=1)
    assert float(at) == pytest.approx((walk.min(axis=1) <= -0.03).mean(), abs=0.025)
    far = walk_touch(np.array([0.0, 0.3, 1.0, np.inf]))
    assert (np.diff(far) < 0).all()
    assert (far[0], far[-1]) == (1.0, 0.0)


def test_realised_volatility_of_a_known_walk() -> None:
    steps = np.random.default_rng(5).normal(0.0, 0.04 / np.sqrt(24), size=24 * 60)
    found = realised_volatility(recording(100 * np.exp(steps.cumsum())), as_of_ns=AS_OF, days=60)
    assert found.daily == pytest.approx(0.04, rel=0.06)
    with pytest.raises(NotEnoughDataError, match="hourly returns"):
        realised_volatility(recording([100.0, 101.0]), as_of_ns=AS_OF, days=7)


def test_panel_and_phase() -> None:
    clusters = find_clusters(make_map([hill(-0.05, 0.004, 3e6)]), SETTINGS, daily_volatility=DAILY)
    falling = list(np.linspace(110.0, 100.0, 60))
    burning = [(h, 1e5, 0.0) for h in range(1, 24)] + [(0, 6e6, 0.0)]
    one = recording(
        falling,
        open_interest=list(np.linspace(1000.0, 1200.0, 60)),
        funding=[0.0001] * 40 + [0.0009],
        liquidated=burning,
    )
    metrics = day_metrics([one], SETTINGS, as_of_ns=AS_OF, open_interest_usd=1.4e9, book=None)
    signs = {s.name: s for s in confirmation_panel([one], clusters, metrics, SETTINGS)}
    assert {name for name, s in signs.items() if s.on} == {"heat", "open_interest", "funding", "lower_highs"}
    assert signs["spread"].on is None
    assert signs["spread"].missing == "no book"
    assert cascade_phase(list(signs.values()), metrics, "no", SETTINGS)[0] == "during"
    quiet = [s for s in signs.values() if s.name != "heat"]
    assert cascade_phase(quiet, metrics, "yes", SETTINGS)[0] == "after"


def test_phase_of_nothing_is_unknown() -> None:
    blind = recording([100.0, 100.0])
    metrics = day_metrics([blind], SETTINGS, as_of_ns=AS_OF, open_interest_usd=float("nan"), book=None)
    clusters = find_clusters(make_map([]), SETTINGS, daily_volatility=DAILY)
    signs = confirmation_panel([blind], clusters, metrics, SETTINGS)
    assert cascade_phase(signs, metrics, None, SETTINGS)[0] == "unknown"


def test_history_of_a_heatmap_without_columns_is_empty() -> None:
    from dataclasses import replace

    from liqatlas.maps.heatmap import Heatmap

    result = make_map([hill(-0.05, 0.004, 3e6)])
    import polars as pl

    candles = pl.DataFrame({"close": [100.0]})
    heat = Heatmap(
        replace(result.head),
        np.array([AS_OF]),
        result.price_edges,
        result.long_usd[None],
        result.short_usd[None],
        candles,
        candles,
    )
    assert len(intensity_history(heat, SETTINGS, smoothing=0.003)) == 0
    twice = replace(
        heat,
        times_ns=np.array([AS_OF, AS_OF]),
        long_usd=np.vstack([heat.long_usd] * 2),
        short_usd=np.vstack([heat.short_usd] * 2),
    )
    assert len(intensity_history(twice, SETTINGS, smoothing=0.003)) == 1


def test_settings_file_that_cannot_be_used(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("s") / "s.json"
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(path)
