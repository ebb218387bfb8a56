"""Score the estimator against the measured map of Hyperliquid, as far as the recordings allow.

No recording holds Hyperliquid's own trades in the weeks of the position sample (January and February 2026). Its hourly open
interest is there; price and turnover are stood in for by another venue's hourly bars, the turnover times a factor that the run
names. So this judges the estimator with a borrowed tape, against a sample of large accounts: a lower bound of what it can do. Where
trades, open interest and positions are of one source, ``liqatlas evaluate --judge measured`` does it without loan.

    PYTHONPATH=src python scripts/judge_on_hyperliquid.py [ASSET … [--lender VENUE] [--as-of TIME] [--factor F]]
"""

from __future__ import annotations

import argparse
import os
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


def borrowed_tape(asset: str, lender: str, factor: float) -> Recording:
    """Return Hyperliquid's open interest of a coin with another venue's hourly bars, their turnover times a factor."""
    lent = read_paths([DATA / "okx_liquidations"], asset=asset, venues=[lender])[0]
    interest = pl.read_parquet(DATA / "okx_liquidations" / "open_interest.parquet").filter(
        (pl.col("venue") == "hyperliquid") & (pl.col("coin") == asset)
    )
    moments = interest.select(
        ts_event_ns=pl.col("timestamp").dt.epoch("ns"), oi_usd=pl.col("oi_usd") / 2
    ).sort("ts_event_ns")
    price = lent.bars.select(ts_event_ns="ts_close_ns", price="close").sort("ts_event_ns")
    table = moments.join_asof(price, on="ts_event_ns").drop_nulls()
    native = pl.col("oi_usd") / pl.col("price")
    table = table.select("ts_event_ns", oi_native=native, oi_published=2 * native, oi_usd="oi_usd")
    bars = lent.bars.with_columns(
        volume_native=pl.col("volume_native") * factor, taker_buy_native=pl.col("taker_buy_native") * factor
    )
    return Recording(
        Instrument("hyperliquid", asset, asset, "USD", "USDC"),
        bars=bars,
        open_interest=table,
        warnings=(
            f"price and turnover are {lender}'s hourly bars x {factor:g}; open interest is Hyperliquid's, hourly",
        ),
    )


def main() -> int:
    """Print the score of each asset."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("assets", nargs="*", default=["BTC", "ETH", "SOL"])
    parser.add_argument("--lender", default="bybit")
    parser.add_argument("--as-of", default="2026-02-10T20:09:07Z")
    parser.add_argument("--factor", type=float, default=1.0)
    parser.add_argument("--window", default="60d")
    options = parser.parse_args()
    positions = (DATA / "hyperliquid_positions", DATA / "okx_liquidations" / "open_interest.parquet")
    for asset in options.assets:
        request = Request(
            asset=asset, kind="measured", as_of_ns=parse_time(options.as_of), window_ns=parse_window("24h")
        )
        measured = build_map(replace(request, paths=positions, venues=("hyperliquid",)))
        asked = replace(request, kind="modelled", window_ns=parse_window(options.window))
        tape = borrowed_tape(asset, options.lender, options.factor)
        print(judgement_text(judge_estimate(build_map(asked, [tape]), measured)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
