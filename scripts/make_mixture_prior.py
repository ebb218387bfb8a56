"""Make the uncalibrated prior of the distance mixture: ``python scripts/make_mixture_prior.py``.

What is opened is not what is outstanding is not what gets liquidated: near levels are closed or hit soon. Sources say how the
OUTSTANDING open interest is spread over leverage; the mixture wanted is that of what is OPENED. In a stationary market
stock_k is proportional to weight_k / hazard_k, so weight_k is proportional to stock_k * hazard_k.

Beliefs and where they come from:

* Stock by leverage on Hyperliquid, 15 December 2025: 48 % of open interest at 3 to 7x, 36 % below 3x, the rest above 7x
  (phemex.com/news 45082). Distances follow from 1/L = m + d(1 - m) with m = 0.4 %.
* Of positions on Hyperliquid about 19 % publish no liquidation price: taken as the share without a reachable level, out of the
  36 %.
* Inside the part above 7x: relative weights of opened notional per distance, and hazard proportional to distance^-1.25
  (exponents -1 to -1.5 were found), as fitted on hourly BTC liquidations of December 2025 to February 2026.
* phi = 0.15: most turnover is churn that never becomes a position. With BTC's daily turnover of about twice the open interest it
  gives half-lives of 2 h at 0.4 % distance, 18 h at 2.5 % and 4 days at 10 %; 1.5 h, 21 h and 7 days were fitted.
* spot_turnover = 8.5: Binance's BTC perpetual trades six to ten times the volume of its spot market, 8.5 typically.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

EDGES = (
    0.001,
    0.002,
    0.0035,
    0.005,
    0.0075,
    0.01,
    0.015,
    0.02,
    0.03,
    0.04,
    0.06,
    0.08,
    0.12,
    0.18,
    0.27,
    0.40,
    0.65,
)
FITTED_FLOW = (2.1, 6.2, 10.8, 14.4, 7.4, 8.6, 8.4, 9.7, 10.2, 10.5, 6.8, 5.0, 5.1, 4.6, 5.6)
EXPONENT = -1.25
STOCK_ABOVE_7X, STOCK_3_TO_7X, STOCK_BELOW_3X = 0.16, 0.48, 0.36
UNREACHABLE = 0.19
PHI = 0.15
MAINTENANCE = 0.004
TARGET = Path(__file__).parents[1] / "src" / "liqatlas" / "levels" / "data" / "prior_2026-11-22.json"


def distance(leverage: float) -> float:
    """Return the liquidation distance of an isolated linear long."""
    return (1 / leverage - MAINTENANCE) / (1 - MAINTENANCE)


def main() -> None:
    """Write the prior."""
    edges = np.array(EDGES)
    middle = np.sqrt(edges[:-1] * edges[1:])
    hazard = middle**EXPONENT
    flow = np.append(FITTED_FLOW, FITTED_FLOW[-1])
    shape = flow / hazard
    d7, d3 = distance(7), distance(3)

    def part(low: float, high: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        covered = np.clip(np.minimum(edges[1:], high) - np.maximum(edges[:-1], low), 0, None) / np.diff(edges)
        return np.asarray(shape * covered)

    stock = np.zeros_like(shape)
    for low, high, share in (
        (0, d7, STOCK_ABOVE_7X),
        (d7, d3, STOCK_3_TO_7X),
        (d3, 1.0, STOCK_BELOW_3X - UNREACHABLE),
    ):
        inside = part(low, high)
        stock += share * inside / inside.sum()
    stock = np.append(stock, UNREACHABLE)
    hazard = np.append(hazard, hazard[-1])
    hazard /= (stock * hazard).sum()  # the stock as a whole closes at the observed rate
    weights = stock * hazard
    TARGET.write_text(
        json.dumps(
            {
                "name": "prior",
                "version": "2026-11-22",
                "made_on": "2026-11-22",
                "made_by": "scripts/make_mixture_prior.py",
                "data_until": "2026-02-25",
                "status": "uncalibrated prior",
                "grid_step": 0.0005,
                "bucket_edges": EDGES,
                "hazard": [float(f"{h:.6g}") for h in hazard],
                "weights": [float(w) for w in np.round(weights / weights.sum(), 9)],
                "theta": 0.5,
                "phi": PHI,
                "spot_turnover": 8.5,
                "sources": [
                    "stock by leverage: Hyperliquid, 2025-12-15, phemex.com/news 45082, read 2026-11",
                    "share without a reachable level: 19 % of Hyperliquid positions publish none, read 2026-11",
                    "phi: half-lives fitted on the same months",
                    "shape nearer than 7x and hazard exponent: fit on hourly BTC liquidations, 2025-12 to 2026-02",
                ],
            },
            indent=1,
        )
        + "\n",
        encoding="utf-8",
    )
    print(f"wrote {TARGET.name}: stock {np.round(stock, 4).tolist()}")


if __name__ == "__main__":
    main()
