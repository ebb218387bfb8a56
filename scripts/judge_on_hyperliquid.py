"""Score the estimator's BTC map against the measured one of Hyperliquid, as far as the recordings allow.

No recording holds Hyperliquid's own trades in the weeks of the position sample (January and February 2026). Its hourly open
interest is there; price and turnover are stood in for by Binance's hourly SPOT bars, the turnover times a factor that the run names.
So this judges the estimator with a borrowed tape, against a sample of large accounts: a lower bound of what it can do.

    PYTHONPATH=src python scripts/judge_on_hyperliquid.py [AS_OF [FACTOR ...]]
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl

from liqatlas.base.clock import parse_time, parse_window
from liqatlas.base.instruments import Instrument
from liqatlas.base.recording import Recording
from liqatlas.flows.build import build_map
from liqatlas.flows.judge import judge_estimate, judgement_text
from liqatlas.flows.request import Request
from liqatlas.venues.importers import read_paths

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("LIQATLAS_TEST_DATA") or ROOT.parent / "shared" / "data")


def borrowed_tape(factor: float) -> Recording:
    """Return Hyperliquid's BTC open interest with Binance's spot bars, their turnover times a factor."""
    spot = read_paths([DATA / "binance_btc_5m_oi"], asset="BTC")[0]
    interest = pl.read_parquet(DATA / "okx_liquidations" / "open_interest.parquet").filter(
        (pl.col("venue") == "hyperliquid") & (pl.col("coin") == "BTC")
    )
    moments = interest.select(
        ts_event_ns=pl.col("timestamp").dt.epoch("ns"), oi_usd=pl.col("oi_usd") / 2
    ).sort("ts_event_ns")
    price = spot.bars.select(ts_event_ns="ts_close_ns", price="close").sort("ts_event_ns")
    table = moments.join_asof(price, on="ts_event_ns").drop_nulls()
    native = pl.col("oi_usd") / pl.col("price")
    table = table.select("ts_event_ns", oi_native=native, oi_published=2 * native, oi_usd="oi_usd")
    bars = spot.bars.with_columns(
        volume_native=pl.col("volume_native") * factor, taker_buy_native=pl.col("taker_buy_native") * factor
    )
    return Recording(
        Instrument("hyperliquid", "BTC", "BTC", "USD", "USDC"),
        bars=bars,
        open_interest=table,
        warnings=(
            f"price and turnover are Binance's spot bars x {factor:g}; open interest is Hyperliquid's, hourly",
        ),
    )


def main() -> int:
    """Print the score for each factor."""
    as_of = parse_time(sys.argv[1] if len(sys.argv) > 1 else "2026-02-10T20:09:07Z")
    factors = [float(text) for text in sys.argv[2:]] or [0.2, 1.0]
    request = Request(asset="BTC", kind="measured", as_of_ns=as_of, window_ns=parse_window("24h"))
    positions = (DATA / "hyperliquid_positions", DATA / "okx_liquidations" / "open_interest.parquet")
    measured = build_map(replace(request, paths=positions))
    for factor in factors:
        asked = replace(request, kind="modelled", window_ns=parse_window("60d"))
        estimated = build_map(asked, [borrowed_tape(factor)])
        print(f"— turnover factor {factor:g}, window of the estimate 60 d")
        print(judgement_text(judge_estimate(estimated, measured)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
