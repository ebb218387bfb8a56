"""What may come by itself, as part of a report's tree: probabilities where they are calibrated, shares of runs where not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from liqatlas.cascade.outlook import level_chance
from liqatlas.cascade.sequence import share_band
from liqatlas.cascade.serialise import number
from liqatlas.cascade.statement import cascade_statement

if TYPE_CHECKING:
    from liqatlas.cascade.simulation import CascadeResult
    from liqatlas.signals.clusters import Cluster


def forecast_tree(result: CascadeResult) -> dict[str, Any]:
    """Return what a drawn shock says: its main event, and how likely more than round amounts are liquidated.

    Parameters
    ----------
    result
        Of a drawn shock.
    """
    told = cascade_statement(result)
    kept = (
        "shock", "event", "over_usd", "probability", "band", "calibrated", "calibration", "horizon_s", "reached", "liquidated_usd", "warnings",
    )  # fmt: skip
    burnt = result.table.liquidated
    return {name: told[name] for name in kept} | {
        "uncalibrated_because": list(result.outlook.reasons) if result.outlook else [],
        "exceeded": [
            {
                "usd": number(one.usd),
                "probability": number(one.share, 3) if one.calibrated else None,
                "share_of_runs": float((burnt > one.usd).mean()),
                "band": list(one.band),
                "calibrated": one.calibrated,
            }
            for one in result.exceeded
        ],
    }


def by_itself(result: CascadeResult | None, cluster: Cluster) -> dict[str, Any] | None:
    """Return how likely the mark gets to a cluster's near edge by itself, or None where nothing was drawn.

    Returns
    -------
    dict
        ``probability``, None where it is not calibrated; ``at_most``, a calibrated bound of what lies further than was judged;
        ``share_of_runs`` and ``band``; ``calibrated``, whether either of the first two is there; ``uncalibrated_because``.
    """
    if result is None or result.outlook is None:
        return None
    near = result.ladder.distance_of_price(cluster.near_price)
    chance = level_chance(result.outlook, near)
    hit = result.table.reach >= near
    return {
        "probability": None if chance.probability is None else number(chance.probability, 3),
        "at_most": None if chance.at_most is None else number(chance.at_most, 3),
        "share_of_runs": float(hit.mean()),
        "band": list(share_band(hit, result.fragility)),
        "calibrated": chance.probability is not None or chance.at_most is not None,
        "uncalibrated_because": list(chance.reasons),
    }
