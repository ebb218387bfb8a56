"""Make the beliefs of the cascade: ``python scripts/fit_cascade_beliefs.py DATA_FOLDER``.

Writes ``src/liqatlas/cascade/data/cascade_2026-11-22.json``. Fitted: the law of print sizes (OKX liquidations of BTC and ETH,
March 2026, with the contract multiplier that the file lacks). Everything else is an assumption and says so.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import polars as pl

TARGET = Path(__file__).parents[1] / "src" / "liqatlas" / "cascade" / "data" / "cascade_2026-11-22.json"
#: Coins of one OKX contract; inferred, see the data's own notes.
OKX_CONTRACT = {"BTC": 0.01, "ETH": 0.1}
QUANTILES = 64


def main() -> None:
    """Fit, print and write."""
    table = pl.read_parquet(Path(sys.argv[1]) / "okx_liquidations" / "liquidations.parquet")
    okx = table.filter((pl.col("venue") == "okx") & pl.col("coin").is_in(list(OKX_CONTRACT)))
    usd = (okx["size_usd"] * okx["coin"].replace_strict(OKX_CONTRACT, return_dtype=pl.Float64)).to_numpy()
    usd = usd[usd > 0]
    sizes = np.array(
        [part.mean() for part in np.array_split(np.sort(usd), QUANTILES)]
    )  # means keep the heavy tail
    large = float(usd[usd > 100_000].sum() / usd.sum())
    beliefs = {
        "name": "cascades beyond map and book", "made_on": "2026-11-22", "made_by": "scripts/fit_cascade_beliefs.py",
        "data_until": "2026-03-05", "release_median": 0.06, "release_sigma": 0.9, "expected_sigma": 0.78, "own_mark_weight": 0.3,
        "size_usd": round(float(usd.mean()), 1), "size_quantiles": [float(f"{q:.4g}") for q in sizes / sizes.mean()],
        "large_share": round(large, 3), "first_share": 0.5, "step_down": 0.001, "maintenance_rate": 0.004, "fund_share": 0.01,
        "unwind_share": 0.1, "round_s": 5.0, "shock_s": 300.0, "horizon_s": 3600.0,
        "basis": {
            "release": "chosen by Brier score on BTC training hours of December 2025 and January 2026 (scripts/calibrate_cascade.py real): 0.10 "
            "for longs, 0.02 to 0.05 for shorts; published prints of three venues over a map of one, so the truth can differ either way",
            "expected_sigma": "sqrt(ln(1 + 0.83)): the log-normal with the dispersion that calibration_btc_2026-04-01 found around its "
            "expected prints",
            "own_mark_weight": "assumption: marks follow an index of several venues plus a smoothed basis of the own contract",
            "size": f"fit: {len(usd)} OKX prints of BTC and ETH, 2026-03-04/05, at most one a second and contract",
            "large_share": "fit: share of those prints' notional above 100,000 USD; positions can be larger than their prints",
            "first_share": "assumption: half of a large position lies above the lower tier",
            "step_down": "Binance BTCUSDT tiers of 2024-10-24: 0.4 % then 0.5 %",
            "maintenance_rate": "lowest tier of most majors; used where no sourced tier is known",
            "fund_share": "assumption: one percent of the symbol's open interest",
            "unwind_share": "assumption: a fund sells a tenth of the most it held each round",
            "times": "assumption: 5 s from mark to fill, a shock of 5 minutes, an hour in all",
        },
    }  # fmt: skip
    TARGET.write_text(json.dumps(beliefs, indent=1) + "\n", encoding="utf-8")
    print(
        f"{len(usd)} prints, mean ${usd.mean():,.0f}, median ${np.median(usd):,.0f}, above $100k {large:.1%}"
    )


if __name__ == "__main__":
    main()
