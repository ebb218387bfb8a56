"""Real BTC hours as the evaluation sees them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from liqatlas.evaluate.hours import HOUR_NS, Hours

ROOT = Path(__file__).resolve().parents[3]
STEP_MS, HOUR_MS = 300_000, 3_600_000


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Return the folder of real recordings; skip where it is absent, fail where it is absent under CI."""
    folder = Path(os.environ.get("LIQATLAS_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        reason = f"no recordings at {folder}: put them there or set LIQATLAS_TEST_DATA"
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session")
def btc_hours(data_dir: Path) -> Hours:
    """Return 2025-12-02 to 2026-03-31; spot extremes moved by one constant basis, widened to the mark samples."""
    folder = data_dir / "binance_btc_5m_oi"
    oi = pl.read_csv(folder / "oi_5m.csv")
    at = np.round(oi["t"].to_numpy() / STEP_MS).astype(np.int64)
    first = -(-int(at[0]) * STEP_MS // HOUR_MS) + 1
    start = np.arange(first, int(at[-1]) * STEP_MS // HOUR_MS, dtype=np.int64)
    mark = np.full(int(at[-1] - at[0]) + 1, np.nan)
    mark[at - at[0]] = (oi["oi_usd"] / oi["oi"]).to_numpy()
    mark = np.interp(np.arange(len(mark)), np.nonzero(np.isfinite(mark))[0], mark[np.isfinite(mark)])
    sample = (start * HOUR_MS // STEP_MS - at[0])[:, None] + np.arange(13)[None, :]
    path = mark[sample]
    spot = pl.read_csv(folder / "klines_1h.csv").with_columns(
        pl.col("timestamp").str.slice(0, 19).str.to_datetime("%Y-%m-%d %H:%M:%S").dt.epoch("ms").alias("t")
    )
    joined = pl.DataFrame({"t": start * HOUR_MS}).join(spot, on="t", how="left")
    basis = float(np.median(path[:, 0] / joined["open"].to_numpy()))
    prints = pl.read_csv(folder / "liquidations_ohlc_1h.csv").rename({"timestamp": "at"})
    amounts = pl.DataFrame({"at": start * HOUR_MS}).join(prints, on="at", how="left")
    usd = amounts.select("liquidation_long_usd", "liquidation_short_usd").to_numpy().astype(np.float64)
    oi_at = dict(zip(at.tolist(), oi["oi_usd"].to_list(), strict=True))
    return Hours(
        start_ns=start * HOUR_NS,
        open=path[:, 0],
        high=np.maximum(joined["high"].to_numpy() * basis, path.max(axis=1)),
        low=np.minimum(joined["low"].to_numpy() * basis, path.min(axis=1)),
        close=path[:, -1],
        volume=joined["volume"].to_numpy(),
        oi_usd=np.array([oi_at[int(h)] for h in start * HOUR_MS // STEP_MS]),
        path=path,
        printed_usd=usd,
    )
