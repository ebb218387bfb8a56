"""``calibrate`` and ``evaluate`` on whatever folder holds prints: Tardis and plain files, bars only, holes, torn ends, silence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

import liqatlas as lq
from liqatlas.base.clock import DAY_NS, HOUR_NS, MINUTE_NS, NS_PER_US
from liqatlas.base.errors import NotEnoughDataError
from liqatlas.flows.calibrate import Period, build_calibration
from liqatlas.flows.estimator_source import markets_in
from liqatlas.flows.evaluate import build_evaluations, export_predictions
from liqatlas.flows.request import Request
from liqatlas.levels.estimator_settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from liqatlas.base.recording import Recording
    from tests.conftest import RunLiqatlas

DAYS = 7
TICK = 0.1


@pytest.fixture(scope="module")
def market() -> Recording:
    """Seven simulated days of one venue, its tick 0.1 and all its prints."""
    made = lq.simulated(seed=3, days=DAYS)[2]
    assert float(made.instrument.tick_size) == TICK
    return made


def minutes(market: Recording) -> pl.DataFrame:
    """Bars of a minute."""
    price = pl.col("price_ticks") * TICK
    return (
        market.trades.group_by(((pl.col("ts_event_ns") // MINUTE_NS) * MINUTE_NS).alias("ts_open_ns"))
        .agg(
            price.first().alias("open"), price.max().alias("high"), price.min().alias("low"), price.last().alias("close"),
            pl.col("qty_native").sum().alias("volume"),
        )
        .sort("ts_open_ns")
    )  # fmt: skip


def interest(market: Recording, every: int = 1) -> pl.DataFrame:
    return market.open_interest.select(time="ts_event_ns", open_interest="oi_native").gather_every(every)


def prints(market: Recording) -> pl.DataFrame:
    return market.liquidations.select("liquidated", "price", time="ts_event_ns", qty="qty_native")


def plain_bars(folder: Path, market: Recording) -> None:
    minutes(market).write_csv(folder / "binance_BTCUSDT_bars.csv")
    interest(market).write_csv(folder / "binance_BTCUSDT_open_interest.csv")
    prints(market).write_csv(folder / "binance_BTCUSDT_liquidations.csv")


def hourly_bars(folder: Path, market: Recording) -> None:
    hour = ((pl.col("ts_open_ns") // HOUR_NS) * HOUR_NS).alias("ts_open_ns")
    hours = minutes(market).group_by(hour, maintain_order=True).agg(
        pl.col("open").first(), pl.col("high").max(), pl.col("low").min(), pl.col("close").last(), pl.col("volume").sum()
    )  # fmt: skip
    hours.write_csv(folder / "binance_BTCUSDT_bars.csv")
    interest(market, 60).write_csv(folder / "binance_BTCUSDT_open_interest.csv")
    prints(market).write_csv(folder / "binance_BTCUSDT_liquidations.csv")


def with_holes(folder: Path, market: Recording) -> None:
    first = int(market.trades["ts_event_ns"][0])
    hole = pl.col("time").is_between(first + 2 * DAY_NS, first + 3 * DAY_NS)
    night = pl.col("ts_open_ns").is_between(first + 2 * DAY_NS, first + 2 * DAY_NS + 5 * HOUR_NS)
    minutes(market).filter(~night).write_csv(folder / "binance_BTCUSDT_bars.csv")
    interest(market, 5).filter(~hole).write_csv(folder / "binance_BTCUSDT_open_interest.csv")
    file = folder / "binance_BTCUSDT_liquidations.csv"
    prints(market).filter(~hole).write_csv(file)
    file.write_bytes(file.read_bytes()[:-9])  # the last line is torn


def tardis(folder: Path, market: Recording) -> None:
    who = (pl.lit("binance-futures").alias("exchange"), pl.lit("BTCUSDT").alias("symbol"))
    at = pl.col("ts_event_ns") // NS_PER_US
    both = (at.alias("timestamp"), (at + 1000).alias("local_timestamp"))
    sides = {"long": "sell", "short": "buy"}
    market.liquidations.select(
        *who, *both, pl.lit("").alias("id"), pl.col("liquidated").cast(pl.String).replace(sides).alias("side"), "price",
        pl.col("qty_native").alias("amount"),
    ).write_csv(folder / "binance-futures_liquidations_2026-01-05_BTCUSDT.csv.gz", compression="gzip")  # fmt: skip
    market.trades.select(
        *who, *both, pl.int_range(pl.len()).alias("id"),
        pl.when("taker_buy").then(pl.lit("buy")).otherwise(pl.lit("sell")).alias("side"),
        (pl.col("price_ticks") * TICK).round(1).alias("price"), pl.col("qty_native").alias("amount"),
    ).write_csv(folder / "binance-futures_trades_2026-01-05_BTCUSDT.csv.gz", compression="gzip")  # fmt: skip
    ticker = market.open_interest.join_asof(market.marks, on="ts_event_ns")
    nothing = pl.lit("")
    ticker.select(
        *who, *both, nothing.alias("funding_timestamp"), nothing.alias("funding_rate"), nothing.alias("predicted_funding_rate"),
        pl.col("oi_native").alias("open_interest"), nothing.alias("last_price"), nothing.alias("index_price"), "mark_price",
    ).write_csv(folder / "binance-futures_derivative_ticker_2026-01-05_BTCUSDT.csv.gz", compression="gzip")  # fmt: skip


@pytest.mark.parametrize("write", [plain_bars, hourly_bars, with_holes, tardis])
def test_every_layout_is_scored(
    write: Callable[[Path, Recording], None], market: Recording, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    write(folder, market)
    request = Request(asset="BTC", paths=(folder,))
    (report,) = build_evaluations(request, train=Period(), test=Period())
    frozen, running = report.evaluation.scores
    assert frozen.rows > 40
    assert running.gains["B1"].per_row.mean > -0.5
    assert 0.2 < running.predicted_over_realised < 5
    cut = int(market.trades["ts_event_ns"][0]) + 4 * DAY_NS
    assert export_predictions(request, tmp_path / "p.csv", "frozen", train=Period(None, cut)) >= 24 * (
        DAYS - 1
    )
    assert pl.read_csv(tmp_path / "p.csv")["predicted_usd"].is_finite().all()


def test_a_lake_is_scored_whole(run_liqatlas: RunLiqatlas, market: Recording, tmp_path: Path) -> None:
    folder, lake = tmp_path / "data", tmp_path / "lake"
    folder.mkdir()
    plain_bars(folder, market)
    done = run_liqatlas("ingest", folder, "--lake", lake)
    assert done.returncode == 0, done.stderr
    done = run_liqatlas("evaluate", "BTC", "--lake", lake, "--format", "json")
    assert done.returncode == 0, done.stderr
    tree = json.loads(done.stdout)
    assert tree["train"]["hours"] > 24 * (DAYS - 2) * 0.6
    assert tree["predictions"][0]["gain_over"]["B1"]["rows"] > 40


def test_each_venue_is_scored_on_its_own_prints(market: Recording) -> None:
    several = lq.simulated(seed=3, days=DAYS)
    found = markets_in(several, Request(asset="BTC"), load_settings())
    assert {m.key.split(":")[0] for m in found} == {r.instrument.venue for r in several}
    assert market.instrument.venue in {m.key.split(":")[0] for m in found}


def test_a_calibration_of_plain_files_names_them(market: Recording, tmp_path: Path) -> None:
    plain_bars(tmp_path, market)
    made = build_calibration(Request(asset="BTC", paths=(tmp_path,)), Period())
    assert made.printed_usd == pytest.approx(float(market.liquidations["notional_usd"].sum()), rel=0.05)
    assert tmp_path.name in made.data_reference


def test_silence_is_named(market: Recording, tmp_path: Path) -> None:
    plain_bars(tmp_path, market)
    (tmp_path / "binance_BTCUSDT_liquidations.csv").unlink()
    request = Request(asset="BTC", paths=(tmp_path,))
    for call in (
        lambda: build_evaluations(request, train=Period(), test=Period()),
        lambda: build_calibration(request, Period()),
    ):
        with pytest.raises(NotEnoughDataError, match="no liquidation prints or totals"):
            call()
