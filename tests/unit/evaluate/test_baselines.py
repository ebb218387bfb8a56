from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.evaluate.baselines import BASELINES, WINDOWS_H, baseline_features, fit_baseline, persistence
from liqatlas.evaluate.comparison import gain
from liqatlas.evaluate.hours import HOUR_NS, Hours

if TYPE_CHECKING:
    from numpy.typing import NDArray

CUT = 300


def _hours(seed: int = 0, n: int = 500) -> Hours:
    rng = np.random.default_rng(seed)
    step = rng.normal(0, 0.0015, (n, 12))
    log_path = np.log(60_000) + np.concatenate([[0.0], np.cumsum(step)])
    path = np.exp(log_path[(12 * np.arange(n))[:, None] + np.arange(13)])
    usd = rng.gamma(1.0, 1e6, (n, 2))
    usd[rng.random(n) < 0.02] = np.nan
    return Hours(
        start_ns=np.arange(n, dtype=np.int64) * HOUR_NS,
        open=path[:, 0],
        high=path.max(axis=1) * 1.0003,
        low=path.min(axis=1) * 0.9997,
        close=path[:, -1],
        volume=rng.gamma(4.0, 1000.0, n),
        oi_usd=np.full(n, 5e9),
        path=path,
        printed_usd=usd,
    )


def _rewritten_after(hours: Hours, cut: int) -> Hours:
    other = _hours(seed=9, n=len(hours))
    late = np.arange(len(hours)) >= cut

    def mix(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(late if a.ndim == 1 else late[:, None], b, a)

    return replace(
        hours,
        open=mix(hours.open, other.open),
        high=mix(hours.high, other.high),
        low=mix(hours.low, other.low),
        close=mix(hours.close, other.close),
        volume=mix(hours.volume, other.volume),
        oi_usd=mix(hours.oi_usd, 1.1 * other.oi_usd),
        path=mix(hours.path, other.path),
        printed_usd=mix(hours.printed_usd, other.printed_usd),
    )


def test_the_future_changes_no_feature_of_the_past() -> None:
    hours = _hours()
    before, after = baseline_features(hours), baseline_features(_rewritten_after(hours, CUT))
    assert set(before) == {name for columns in BASELINES.values() for name in columns}
    for name, value in before.items():
        assert np.array_equal(value[:CUT], after[name][:CUT]), name
        if name != "position":
            assert not np.array_equal(value[CUT:], after[name][CUT:]), name


def test_prints_of_the_hour_itself_enter_no_feature() -> None:
    hours = _hours()
    usd = hours.printed_usd.copy()
    usd[CUT] = 1e12
    changed = baseline_features(replace(hours, printed_usd=usd))
    for name, value in baseline_features(hours).items():
        assert np.array_equal(value[: CUT + 1], changed[name][: CUT + 1]), name


def test_beyond_is_a_plain_loop() -> None:
    hours = _hours()
    got = baseline_features(hours)
    for window in WINDOWS_H:
        for t in (170, 255, 411):
            low, high = hours.low[t - window : t].min(), hours.high[t - window : t].max()
            wanted = [
                max(np.log(low / hours.low[t]), 0) + 5e-4,
                max(np.log(hours.high[t] / high), 0) + 5e-4,
            ]
            assert got[f"beyond_{window}h"][t] == pytest.approx(np.log(wanted))


def test_predictions_do_not_read_prints_outside_training() -> None:
    hours = _hours()
    train = np.arange(500) < CUT
    usd = hours.printed_usd.copy()
    usd[CUT:] *= 50
    a = fit_baseline("B1", hours, train)
    assert np.array_equal(a, fit_baseline("B1", replace(hours, printed_usd=usd), train))


def test_unknown_path_gives_unknown_prediction_of_the_path_baseline_only() -> None:
    hours = _hours()
    path = hours.path.copy()
    path[400] = np.nan
    hours = replace(hours, path=path)
    train = np.arange(500) < CUT
    assert np.isnan(fit_baseline("B3xx", hours, train)[400]).all()
    assert np.isfinite(fit_baseline("B3h", hours, train)).all()


def test_persistence_scales_with_range_and_yesterday_and_reads_no_future() -> None:
    hours = _hours()
    train = np.arange(500) < CUT
    base = persistence(hours, train)
    known = train[:, None] & np.isfinite(hours.amount)
    assert base[known].sum() == pytest.approx(np.nansum(hours.amount[:CUT]))
    assert np.array_equal(base[:CUT], persistence(_rewritten_after(hours, CUT), train)[:CUT])
    deeper = replace(hours, low=np.where(np.arange(500) == 400, hours.low * 0.95, hours.low))
    assert persistence(deeper, train)[400, 0] > 5 * base[400, 0]
    assert persistence(deeper, train)[400, 1] == base[400, 1]


def test_persistence_without_prints_is_refused() -> None:
    hours = _hours()
    with pytest.raises(NotEnoughDataError):
        persistence(replace(hours, printed_usd=np.zeros((500, 2))), np.arange(500) < CUT)


def test_unknown_name_is_refused() -> None:
    with pytest.raises(InputError, match="B3h"):
        fit_baseline("B9", _hours(), np.ones(500, dtype=bool))


def test_hours_refuse_gaps_and_broken_ranges() -> None:
    hours = _hours()
    with pytest.raises(InputError, match="consecutive"):
        replace(hours, start_ns=hours.start_ns * 2)
    with pytest.raises(InputError, match="basis"):
        replace(hours, low=hours.open * 1.001)


@pytest.mark.data
def test_on_march_2026_the_order_of_the_baselines_holds(btc_hours: Hours) -> None:
    def ns(day: str) -> int:
        return int(np.datetime64(day, "ns").astype(np.int64))

    train = btc_hours.between(ns("2025-12-04"), ns("2026-02-25"))
    test = btc_hours.between(ns("2026-03-01"), ns("2026-04-01"))
    features = baseline_features(btc_hours)
    mean = {name: fit_baseline(name, btc_hours, train, features=features) for name in BASELINES}

    def over_b3(name: str) -> float:
        return gain(btc_hours, mean[name], mean["B3"], train=train, test=test).per_row.mean

    assert over_b3("B3") == 0
    assert over_b3("B1") < 0.02
    assert over_b3("B3h") > 0.25
    assert over_b3("B3xx") > over_b3("B3h")
    against = gain(btc_hours, mean["B3h"], mean["B3"], train=train, test=test)
    assert against.per_row.low > 0.15
    assert 0.8 < against.rank_ic < 0.9
