"""Fit the probability of touching a level to hourly candles, hold it against later months, and write the dated file.

    python scripts/calibrate_touch.py candles.parquet [OUT]

The file holds hourly ``timestamp, venue, coin, o, h, l, c`` of perpetuals; Binance's are used. Every three hours, for each coin: σ is
the realised volatility of the 168 hourly closes before; the highest high and lowest low of the next 1, 24 and 168 hours, over σ√T,
say which levels were touched. Scale and tails are fitted to the shares touched of levels at fixed multiples of σ√T, all
coins together, both sides; moments whose horizon reaches into the test are left out. The test begins on 1 December 2025. Blocks of
the intervals are weeks (four weeks for the longest horizon), all coins and both sides of one block together.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from scipy.optimize import minimize

from liqatlas.evaluate.bootstrap import block_mean
from liqatlas.signals.touch import TOUCH_FILE, student_touch
from liqatlas.signals.volatility import walk_touch

if TYPE_CHECKING:
    from numpy.typing import NDArray

COINS = ("BTC", "ETH", "SOL", "DOGE")
HORIZONS = (1, 24, 168)
BLOCK_HOURS = {1: 168, 24: 168, 168: 672}
DISTANCES = np.array([0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0])
PAST_H, STEP_H = 168, 3
CUT = datetime(2025, 12, 1, tzinfo=UTC)


def excursions(candles: pl.DataFrame, coin: str, horizon: int) -> pl.DataFrame:
    """Return ``hour, z`` twice a moment: the excursion up and the one down, over σ√T."""
    one = candles.filter((pl.col("venue") == "binance") & (pl.col("coin") == coin)).sort("timestamp")
    hours = one["timestamp"].dt.epoch("s").to_numpy() // 3600
    if (np.diff(hours) != 1).any():
        raise SystemExit(f"{coin}: candles have gaps, wanted every hour")
    high, low, close = (np.log(one[name].to_numpy()) for name in ("h", "l", "c"))
    squares = np.concatenate(([0.0], np.cumsum(np.diff(close) ** 2)))
    at = np.arange(PAST_H + 1, len(close) - horizon, STEP_H)
    spread = np.sqrt((squares[at] - squares[at - PAST_H]) / PAST_H * horizon)
    view = np.lib.stride_tricks.sliding_window_view
    up = view(high, horizon)[at + 1].max(axis=1) - close[at]
    down = close[at] - view(low, horizon)[at + 1].min(axis=1)
    z = np.concatenate((up / spread, down / spread))
    return pl.DataFrame({"hour": np.tile(hours[at], 2), "z": z}).with_columns(coin=pl.lit(coin))


def fit(z: NDArray[np.float64]) -> tuple[float, float]:
    """Return scale and degrees of freedom with the least log loss over the shares touched at the fixed distances."""
    seen = np.array([(z >= d).mean() for d in DISTANCES])

    def loss(at: NDArray[np.float64]) -> float:
        said = np.clip(
            student_touch(DISTANCES, scale=np.exp(at[0]), freedom=1 + np.exp(at[1])), 1e-9, 1 - 1e-9
        )
        return -float((seen * np.log(said) + (1 - seen) * np.log1p(-said)).sum())

    best = minimize(loss, np.array([0.0, 1.5]), method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-12})
    return float(np.exp(best.x[0])), float(1 + np.exp(best.x[1]))


def main() -> None:
    """Fit, test, write."""
    candles = pl.read_parquet(sys.argv[1])
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else Path("src/liqatlas/signals/data") / TOUCH_FILE
    cut = int(CUT.timestamp()) // 3600
    horizons, rows = [], []
    for hours in HORIZONS:
        frame = pl.concat(excursions(candles, coin, hours) for coin in COINS)
        scale, freedom = fit(frame.filter(pl.col("hour") < cut - hours)["z"].to_numpy())
        test = frame.filter(pl.col("hour") >= cut)
        z, block = test["z"].to_numpy(), test["hour"].to_numpy() // BLOCK_HOURS[hours]
        said, walk = student_touch(DISTANCES, scale=scale, freedom=freedom), walk_touch(DISTANCES)
        touched = (z[:, None] >= DISTANCES[None, :]).astype(np.float64)
        plain = ((walk - touched) ** 2).mean()
        gain = block_mean(((walk - touched) ** 2 - (said - touched) ** 2).mean(axis=1) / plain, block)
        horizons.append(
            {
                "hours": hours,
                "scale": scale,
                "freedom": freedom,
                "skill": gain.mean,
                "low": gain.low,
                "high": gain.high,
            }
        )
        rows += _reliability(hours, test, touched, (walk, said), block)
    days = candles["timestamp"].sort().dt.strftime("%Y-%m-%d")
    tree: dict[str, Any] = {
        "made_on": "2026-11-22",
        "made_by": "scripts/calibrate_touch.py",
        "data": "okx_liquidations/candles.parquet, Binance's hourly candles of perpetuals (last price)",
        "fitted": f"{days[0]} to {CUT:%Y-%m-%d}",
        "tested": f"{CUT:%Y-%m-%d} to {days[-1]}",
        "assets": list(COINS),
        "horizons": horizons,
        "reliability": rows,
    }  # fmt: skip
    out.write_text(json.dumps(tree, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(tree, indent=1))


def _reliability(
    hours: int,
    test: pl.DataFrame,
    touched: NDArray[np.float64],
    stated: tuple[NDArray[np.float64], NDArray[np.float64]],
    block: NDArray[np.int64],
) -> list[dict[str, Any]]:
    """Return stated against observed shares at each distance."""
    coins = test["coin"].to_numpy()
    out = []
    for i, distance in enumerate(DISTANCES):
        seen = block_mean(touched[:, i], block)
        out.append(
            {
                "horizon_h": hours, "distance_vols": float(distance), "walk": float(stated[0][i]), "stated": float(stated[1][i]),
                "observed": seen.mean, "low": seen.low, "high": seen.high, "cases": len(touched),
                "by_asset": {coin: float(touched[coins == coin, i].mean()) for coin in COINS},
            }
        )  # fmt: skip
    return out


if __name__ == "__main__":
    main()
