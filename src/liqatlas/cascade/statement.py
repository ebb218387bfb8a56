"""A cascade in a few facts, for whoever shows it beside other things: a report, a page, an alert."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from liqatlas.base.clock import NS_PER_S
from liqatlas.base.format import format_duration, format_usd
from liqatlas.cascade.sequence import share_band
from liqatlas.cascade.serialise import number, quantiles

if TYPE_CHECKING:
    from liqatlas.cascade.simulation import CascadeResult


def cascade_statement(result: CascadeResult) -> dict[str, Any]:
    """Return the main event of a cascade with its probability, where that is known, as JSON-ready data.

    Returns
    -------
    dict
        ``event`` in words; ``over_usd``; ``probability``, None where it is not calibrated; ``band``, shares of runs among the
        sturdiest and the most fragile third; ``calibration``, on what the probability was calibrated and its skill, None where
        it was not; ``calibrated``; ``shock`` in words; ``direction``; ``horizon_s``; ``reached`` and ``liquidated_usd`` as
        quantiles; ``warnings``.

    Notes
    -----
    The event of a drawn shock is the one its calibration was judged on: more than four of five training hours brought. That of a
    named shock is half of its runs' median.
    """
    outlook, table, ladder = result.outlook, result.table, result.ladder
    horizon_s = result.settings.beliefs.horizon_s
    over = outlook.calibration.main.threshold if outlook else 0.5 * float(np.median(table.liquidated))
    chance = calibration = None
    if outlook is not None and outlook.calibrated:
        law = outlook.calibration
        mean = float(table.liquidated.mean())
        chance = float(law.chance_liquidated(np.array([over]), mean, outlook.scale)[0])
        value, low, high = law.main.over_climatology
        calibration = (
            f"{law.instrument}, {law.main.hours:,} unseen hours of {law.judged[0][:10]} to {law.judged[1][:10]} "
            f"(Brier skill {value:.2f} [{low:.2f}, {high:.2f}] over the base rate)"
        )
    liquidated = "longs" if ladder.direction == "down" else "shorts"
    within = format_duration(int(horizon_s * NS_PER_S))
    hit = table.liquidated > over
    return {
        "event": f"more than {format_usd(over)} of {liquidated} liquidated within {within}",
        "over_usd": number(over),
        "probability": None if chance is None else number(chance, 3),
        "band": [number(share, 3) for share in share_band(hit, result.fragility)],
        "calibration": calibration,
        "calibrated": result.calibrated,
        "shock": result.shock.describe(result.head.price),
        "direction": ladder.direction,
        "horizon_s": number(horizon_s),
        "reached": quantiles(result.reached_prices),
        "liquidated_usd": quantiles(table.liquidated),
        "warnings": list(result.warnings),
    }
