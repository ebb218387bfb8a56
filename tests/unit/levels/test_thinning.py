"""Thinning: the curve of a known feed, and prints put back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl
import pytest

from liqatlas.base import schemas
from liqatlas.base.errors import ConfigError, InputError, NotEnoughDataError
from liqatlas.base.instruments import Instrument
from liqatlas.base.recording import Recording
from liqatlas.levels.thinning import ThinningCurve, learn_thinning, load_thinning, throttled, unthinned

if TYPE_CHECKING:
    from pathlib import Path

SECOND, HOUR = 1_000_000_000, 3_600_000_000_000


def bursts(hours: int, seed: int) -> pl.DataFrame:
    """A feed whose busy stretches print several orders in a second: 1 + i // 10 equal orders of one position at once in the i-th hour."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[int, str]] = []
    for hour in range(hours):
        busy = hour // 10
        for stretch, position in enumerate(("long", "short", "long", "short")):
            for second in rng.choice(300, 1 + 3 * busy, replace=False).tolist():
                start = hour * HOUR + (stretch * 900 + second) * SECOND
                rows += [(start + k, position) for k in range(1 + busy)]
    at, side = zip(*sorted(rows), strict=True)
    return schemas.LIQUIDATIONS.conform(
        pl.DataFrame(
            {
                "ts_event_ns": at, "liquidated": side, "price": 100.0, "price_kind": "fill",
                "qty_native": 10.0, "notional_usd": 1000.0,
            }
        )
    )  # fmt: skip


def curve_of(hours: int = 60, seed: int = 1) -> ThinningCurve:
    return learn_thinning(
        [bursts(hours, seed)], data_reference="made up", made_by="test", made_on="2026-06-01"
    )


def test_the_last_order_of_each_second_is_let_through() -> None:
    feed = bursts(12, 3)
    kept = throttled(feed)
    assert kept.columns == feed.columns
    seconds = (feed["ts_event_ns"] // SECOND).to_numpy()
    last = np.append(seconds[1:] != seconds[:-1], True)
    assert kept["ts_event_ns"].to_list() == feed["ts_event_ns"].to_numpy()[last].tolist()


def test_what_is_hidden_is_put_back() -> None:
    curve = curve_of()
    assert curve.share[0] > 0.8
    assert curve.share[-1] < 0.25  # six orders in each second of a burst
    full = bursts(60, 2)
    seen = Recording(Instrument("binance", "BTCUSDT", "BTC", "USDT", "USDT"), liquidations=throttled(full))
    bars = unthinned(seen, curve).liquidation_bars
    inside = full.filter(
        pl.col("ts_event_ns").is_between(int(bars["ts_open_ns"][0]), int(bars["ts_close_ns"][-1]))
    )
    told, true = float((bars["long_usd"] + bars["short_usd"]).sum()), float(inside["notional_usd"].sum())
    hidden = float(throttled(inside)["notional_usd"].sum()) / true
    assert hidden < 0.35
    assert told / true == pytest.approx(1.0, abs=0.06)
    assert "put back" in unthinned(seen, curve).prints_scope
    assert 0 < curve.log_sd < 0.1


def test_a_few_shorts_beside_a_cascade_of_longs_are_not_multiplied() -> None:
    calm, wild = bursts(10, 5), bursts(60, 6).filter(pl.col("ts_event_ns") >= 50 * HOUR)
    beside = pl.concat(
        [
            calm.filter(pl.col("liquidated") == "short"),
            wild.filter(pl.col("liquidated") == "long").with_columns(pl.col("ts_event_ns") - 50 * HOUR),
        ]
    ).sort("ts_event_ns")
    seen = Recording(Instrument("binance", "BTCUSDT", "BTC", "USDT", "USDT"), liquidations=throttled(beside))
    bars = unthinned(seen, curve_of()).liquidation_bars
    inside = beside.filter(
        pl.col("ts_event_ns").is_between(int(bars["ts_open_ns"][0]), int(bars["ts_close_ns"][-1]))
    )
    shorts = inside.filter(pl.col("liquidated") == "short")["notional_usd"].sum()
    longs = inside.filter(pl.col("liquidated") == "long")["notional_usd"].sum()
    assert bars["short_usd"].sum() == pytest.approx(shorts, rel=0.1)
    assert bars["long_usd"].sum() == pytest.approx(longs, rel=0.1)


def test_what_cannot_be_learnt_or_undone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotEnoughDataError, match="thinning curve wants"):
        curve_of(hours=4)
    with pytest.raises(InputError, match="print by print"):
        unthinned(Recording(Instrument("binance", "BTCUSDT", "BTC", "USDT", "USDT")), curve_of())
    curve = curve_of()
    file = tmp_path / "curve.json"
    file.write_bytes(msgspec.json.encode(curve))
    assert load_thinning(file) == curve
    file.write_bytes(msgspec.json.encode({**msgspec.structs.asdict(curve), "share": [1.5] * len(curve.kept)}))
    with pytest.raises(ConfigError, match="ascending"):
        load_thinning(file)
    assert curve.share_at(np.zeros(1))[0] == 1.0
