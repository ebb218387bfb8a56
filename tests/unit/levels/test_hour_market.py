"""Hours from recordings: basis, gaps, absent volume, single prints, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from liqatlas.base import schemas
from liqatlas.base.errors import NotEnoughDataError
from liqatlas.base.instruments import Instrument
from liqatlas.base.recording import Recording
from liqatlas.levels.estimator_settings import load_settings
from liqatlas.levels.hour_legs import legs_of
from liqatlas.levels.hour_market import hour_market
from tests.unit.levels.hour_markets import HOUR_NS, START_NS, random_market

SETTINGS = load_settings()
STEP_NS = HOUR_NS // 12
HOURS = 30


def recording(*, basis: float = 1.0005, **changes: pl.DataFrame) -> Recording:
    """Spot bars, and marks a constant basis above them."""
    market = random_market(HOURS, 3)
    at = START_NS + STEP_NS * np.arange(HOURS * 12 + 1)
    mark = np.append(market.path[:, :-1].ravel(), market.path[-1, -1])
    held = np.append(market.open_interest[:, :-1].ravel(), market.open_interest[-1, -1])
    bars = pl.DataFrame(
        {"ts_open_ns": market.start_ns, "ts_close_ns": market.start_ns + HOUR_NS}
        | {n: getattr(market, n) / basis for n in ("open", "high", "low", "close")}
        | {"volume_native": market.volume, "price_kind": "spot"}
    )
    totals = pl.DataFrame(
        {
            "ts_open_ns": market.start_ns, "ts_close_ns": market.start_ns + HOUR_NS,
            "long_usd": market.printed_usd[:, 0], "short_usd": market.printed_usd[:, 1],
        }
    )  # fmt: skip
    base = Recording(
        Instrument("binance", "BTCUSDT", "BTC"),
        bars=schemas.BARS.conform(bars),
        marks=schemas.MARKS.conform(pl.DataFrame({"ts_event_ns": at, "mark_price": mark})),
        open_interest=schemas.OPEN_INTEREST.conform(
            pl.DataFrame({"ts_event_ns": at, "oi_native": held, "oi_published": held})
        ),
        liquidation_bars=schemas.LIQUIDATION_BARS.conform(totals),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def test_spot_extremes_are_moved_to_the_mark() -> None:
    got, wanted = hour_market(recording(), SETTINGS), random_market(HOURS, 3)
    for name in ("open", "low", "high", "close"):
        np.testing.assert_allclose(getattr(got, name), getattr(wanted, name), rtol=1e-9)
    np.testing.assert_allclose(got.volume, wanted.volume * SETTINGS.spot_turnover)
    np.testing.assert_allclose(got.printed_usd, wanted.printed_usd)
    assert got.sampled.all()
    assert any("belief" in w for w in got.warnings)


def test_missing_samples_leave_hours_without_a_path() -> None:
    whole = recording()
    at = (whole.marks["ts_event_ns"] - START_NS) // HOUR_NS
    got = hour_market(replace(whole, marks=whole.marks.filter((at < 10) | (at > 13))), SETTINGS)
    assert not got.sampled[11:13].any()
    assert got.sampled[:9].all()
    assert np.isnan(got.path[12]).all()
    legs = legs_of(got, SETTINGS)
    assert (legs.hour == 12).sum() == 3
    assert (legs.hour == 5).sum() == 36


def test_missing_bars_hold_the_last_close_and_the_days_volume() -> None:
    whole = recording()
    got = hour_market(
        replace(whole, bars=whole.bars.filter(~pl.col("ts_open_ns").is_in([START_NS + 25 * HOUR_NS]))),
        SETTINGS,
    )
    full = hour_market(whole, SETTINGS)
    assert len(got) == HOURS
    assert got.volume[25] == pytest.approx(full.volume[1:25].mean())
    assert got.low[25] <= got.path[25].min()


def test_no_volume_becomes_a_share_of_open_interest() -> None:
    whole = recording()
    silent = whole.bars.with_columns(pl.lit(0.0).alias("volume_native"))
    got = hour_market(replace(whole, bars=silent), SETTINGS)
    np.testing.assert_allclose(got.volume, SETTINGS.turnover_per_hour * got.open_interest[:, 0])


def test_single_prints_are_summed_and_silent_hours_are_zero() -> None:
    whole = recording()
    prints = pl.DataFrame(
        {
            "ts_event_ns": [START_NS + HOUR_NS // 2, START_NS + 3 * HOUR_NS, START_NS + 3 * HOUR_NS + 5, START_NS + 9 * HOUR_NS],
            "liquidated": ["long", "short", "short", "long"], "price": 100.0, "price_kind": "order", "qty_native": 1.0,
            "notional_usd": [5.0, 7.0, 8.0, 9.0],
        }
    )  # fmt: skip
    only = replace(
        whole,
        liquidations=schemas.LIQUIDATIONS.conform(prints),
        liquidation_bars=schemas.LIQUIDATION_BARS.empty(),
    )
    got = hour_market(only, SETTINGS).printed_usd
    assert np.isnan(got[0]).all()
    assert np.isnan(got[9:]).all()
    assert got[3].tolist() == [0.0, 15.0]
    assert got[1].tolist() == [0.0, 0.0]


def test_legs_keep_volume_interest_and_extremes() -> None:
    market = random_market(HOURS, 5)
    legs = legs_of(market, SETTINGS)
    for hour in range(HOURS):
        mine = legs.hour == hour
        assert legs.volume[mine].sum() == pytest.approx(market.volume[hour])
        change = market.open_interest[hour, -1] - market.open_interest[hour, 0]
        assert legs.interest_change[mine].sum() == pytest.approx(change, abs=1e-6)
        reached = np.exp(np.concatenate([legs.begin[mine], legs.end[mine]]))
        assert reached.min() == pytest.approx(market.low[hour])
        assert reached.max() == pytest.approx(market.high[hour])
        np.testing.assert_allclose(legs.begin[mine][1:], legs.end[mine][:-1])


@pytest.mark.parametrize(
    ("table", "said"), [("open_interest", "no open interest"), ("bars", "neither bars nor trades")]
)
def test_what_is_missing_is_named(table: str, said: str) -> None:
    whole = recording()
    with pytest.raises(NotEnoughDataError, match=said):
        hour_market(replace(whole, **{table: getattr(whole, table).clear()}), SETTINGS)


def test_hourly_bars_alone_give_a_path_of_four_points() -> None:
    whole = recording()
    got = hour_market(replace(whole, marks=whole.marks.clear()), SETTINGS)
    assert not got.sampled.any()
    assert any("no five-minute samples" in w for w in got.warnings)
    legs = legs_of(got, SETTINGS)
    assert np.bincount(legs.hour).tolist() == [3] * len(got)
    for hour in range(len(got)):
        mine = legs.hour == hour
        assert np.exp(np.append(legs.begin[mine], legs.end[mine])).min() == pytest.approx(got.low[hour])


def test_dense_marks_give_the_extremes_of_every_interval() -> None:
    whole = recording()
    minute = HOUR_NS // 60
    at = START_NS + minute * np.arange(HOURS * 60 + 1)
    mark = np.interp(at, whole.marks["ts_event_ns"].to_numpy(), whole.marks["mark_price"].to_numpy())
    mark[7] *= 0.99  # between the second and the third five-minute moment
    dense = schemas.MARKS.conform(pl.DataFrame({"ts_event_ns": at, "mark_price": mark}))
    got = hour_market(replace(whole, marks=dense), SETTINGS)
    assert got.interval_low is not None
    assert got.interval_low[0, 1] == pytest.approx(mark[7])
    assert got.low[0] == pytest.approx(mark[7])
    legs = legs_of(got, SETTINGS)
    second = slice(3, 6)
    assert np.exp(legs.end[second]).min() == pytest.approx(mark[7])
    assert hour_market(whole, SETTINGS).interval_low is None
