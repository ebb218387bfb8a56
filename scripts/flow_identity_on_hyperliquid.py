"""Try the flow identity on real Hyperliquid markets: ``python scripts/flow_identity_on_hyperliquid.py FOLDER [ASSET…]``.

FOLDER is laid out like ``hyperliquid_tape``: trades and a minute's open interest. For every stretch between two samples of open interest, lengthened step by step:

* feasible: share of stretches in which |ΔOI| <= turnover, as opens + closes = 2 x turnover demands of one-sided figures, and the same had
  the venue's figure been one-sided as published;
* net: share of turnover that must have opened or closed net, Σ|ΔOI| / Σ turnover; the rest may be either, and θ and φ say how much;
* opens, closes: turnover ± ΔOI over twice the turnover, tenth and ninetieth percentile over stretches.

Then how long what opens stays under the closing hazard of the shipped calibration, and the map before and after it is lent.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.format import format_usd
from liqatlas.flows.build import build_map
from liqatlas.flows.expected import lendable_calibration
from liqatlas.flows.read import read
from liqatlas.flows.request import Request
from liqatlas.levels.buckets import bucket_middle

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.base.recording import Recording
    from liqatlas.maps.liquidation_map import LiquidationMap

MINUTES = (1, 5, 60)
BANDS = (0.01, 0.02, 0.05, 0.10)
MINUTE_NS = 60_000_000_000
#: A stretch is left out where its samples lie farther apart than this many times its length: the tape has gaps.
LONGEST = 1.5


def stretches(
    recording: Recording, minutes: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return turnover, change of open interest and open interest of every whole stretch [coins]."""
    sample = recording.open_interest
    at, value = sample["ts_event_ns"].to_numpy(), sample["oi_native"].to_numpy()
    grid = np.arange(at[0], at[-1], minutes * MINUTE_NS)
    pick = np.unique(np.searchsorted(at, grid))
    at, value = at[pick], value[pick]
    trades = recording.trades
    total = np.concatenate([[0.0], np.cumsum(trades["qty_native"].to_numpy())])
    place = np.searchsorted(trades["ts_event_ns"].to_numpy(), at)
    turnover, length = np.diff(total[place]), np.diff(at)
    whole = (length <= LONGEST * minutes * MINUTE_NS) & (turnover > 0)
    return turnover[whole], np.diff(value)[whole], value[:-1][whole]


def identity_rows(recording: Recording) -> list[str]:
    """Return the table of the identity."""
    lines = [
        "| stretch | number | feasible | feasible if one-sided as published | net | opens, 10 to 90 % | closes, 10 to 90 % |",
        "|---|---|---|---|---|---|---|",
    ]
    sides = published_sides(recording)
    for minutes in MINUTES:
        turnover, change, _ = stretches(recording, minutes)
        opens, closes = (turnover + change) / (2 * turnover), (turnover - change) / (2 * turnover)
        ranges = [
            " to ".join(f"{q:.0%}" for q in np.quantile(np.clip(part, 0, 1), [0.1, 0.9]))
            for part in (opens, closes)
        ]
        lines.append(
            f"| {minutes} min | {len(turnover):,} | {np.mean(np.abs(change) <= turnover):.2%} | "
            f"{np.mean(sides * np.abs(change) <= turnover):.2%} | {np.abs(change).sum() / turnover.sum():.1%} | {ranges[0]} | {ranges[1]} |"
        )
    return lines


def published_sides(recording: Recording) -> float:
    """Return the venue's published figure over the one-sided one."""
    both = (
        recording.open_interest["oi_published"].to_numpy() / recording.open_interest["oi_native"].to_numpy()
    )
    return float(np.median(both))


def hazard_rows(recording: Recording) -> list[str]:
    """Return how long what opens stays, by distance, under the shipped hazard at this market's own pace."""
    calibration = lendable_calibration(recording.instrument.key, None)
    turnover, _, interest = stretches(recording, 60)
    pace = float((turnover / interest).mean())
    hazard = (
        calibration.settings.hazard(calibration.hazard_scale)
        * calibration.settings.phi
        * calibration.settings.theta
    )
    half = np.log(2) / (hazard * pace)
    shown = [
        f"{middle:.1%}: {hours:.1f} h"
        for middle, hours in zip(bucket_middle(calibration.settings.edges()), half, strict=True)
        if middle > 0.004
    ]
    return [
        (
            f"Turnover is {pace:.1%} of open interest per hour; under the closing hazard of {calibration.name} half of what opened at a distance "
            f"is closed after: {', '.join(shown[::2])}. The tape holds no liquidations, so neither hazard nor weights can be fitted here: they are lent."
        )
    ]


def mass(found: LiquidationMap) -> NDArray[np.float64]:
    """Return mass within each band, ``(2, bands)`` [USD]."""
    middle = np.sqrt(found.price_edges[:-1] * found.price_edges[1:])
    away = np.abs(middle / found.head.price - 1)
    return np.array(
        [[usd[away <= band].sum() for band in BANDS] for usd in (found.long_usd, found.short_usd)]
    )


def map_rows(asset: str, recordings: list[Recording]) -> list[str]:
    """Return the map before and after a calibration is lent."""
    request = Request(asset=asset)
    lines = [
        "| map | " + " | ".join(f"{p} within {b:.0%}" for p in ("longs", "shorts") for b in BANDS) + " |"
    ]
    lines.append("|---|" + "---|" * (2 * len(BANDS)))
    for name, quantity in (("outstanding, prior", "outstanding"), ("expected, calibration lent", "expected")):
        made = build_map(replace(request, quantity=quantity), recordings)  # type: ignore[arg-type]
        lines.append(f"| {name} | " + " | ".join(format_usd(x) for x in mass(made).ravel().tolist()) + " |")
    return lines


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("assets", nargs="*", default=["ETH", "WIF"])
    chosen = parser.parse_args()
    for asset in chosen.assets:
        recordings = read(chosen.folder, asset=asset)
        print(f"## {asset}\n")
        print(
            "\n".join(
                [
                    *identity_rows(recordings[0]),
                    "",
                    *hazard_rows(recordings[0]),
                    "",
                    *map_rows(asset, recordings),
                    "",
                ]
            )
        )


if __name__ == "__main__":
    main()
