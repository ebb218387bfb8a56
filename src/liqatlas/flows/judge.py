"""Judge the estimator where positions are public: its map against the measured one of the same venue and moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from liqatlas.base.errors import InputError
from liqatlas.base.format import format_share, format_usd
from liqatlas.evaluate.map_agreement import BANDS, SideAgreement, side_agreement
from liqatlas.maps.binning import edges_by_count

if TYPE_CHECKING:
    from liqatlas.maps.liquidation_map import LiquidationMap


@dataclass(frozen=True, slots=True)
class Judgement:
    """Both sides, and what limits the comparison, in words."""

    long: SideAgreement
    short: SideAgreement
    limits: tuple[str, ...]


def judge_estimate(estimated: LiquidationMap, measured: LiquidationMap, *, bins: int = 200) -> Judgement:
    """Return how well an estimated map agrees with the measured one within half of the price.

    Both are put on the measured map's price axis: what counts is the distance from each map's own price.

    Raises
    ------
    InputError
        If the two are not a modelled and a measured map of one asset, or are more than an hour apart.
    NotEnoughDataError
        If one side of one of them is empty.
    """
    first, second = estimated.head, measured.head
    if (first.kind, second.kind) != ("modelled", "measured") or first.asset != second.asset:
        raise InputError(
            f"a judgement takes a modelled and a measured map of one asset; these are {first.kind} {first.asset} and {second.kind} "
            f"{second.asset}"
        )
    apart = abs(first.as_of_ns - second.as_of_ns) / 3.6e12
    if apart > 1:
        raise InputError(
            f"the maps are {apart:.1f} hours apart; ask for both as of the same moment (--as-of)"
        )
    reach = BANDS[-1]
    relative = edges_by_count(1.0, 1 - reach, 1 + reach, bins)
    ours, seen = (m.rebin(relative * m.head.price) for m in (estimated, measured))
    sides = [
        side_agreement(relative, mine, theirs, price=1.0)
        for mine, theirs in ((ours.long_usd, seen.long_usd), (ours.short_usd, seen.short_usd))
    ]
    limits = []
    share = second.coverage.observed_share if second.coverage else float("nan")
    limits.append(
        f"the measured map has seen {format_share(share)} of open interest: large accounts, whose levels lie farther away than others'"
        if share == share  # noqa: PLR0124 -- false for NaN only
        else "what share of open interest the measured map has seen is unknown"
    )
    limits += [f"estimate: {warning}" for warning in first.warnings]
    return Judgement(sides[0], sides[1], tuple(limits))


def judgement_text(found: Judgement) -> str:
    """Return a judgement for people."""
    lines = []
    for name, side in (("longs", found.long), ("shorts", found.short)):
        lines.append(
            f"{name}: estimate scaled by {side.scale:.3g}; mean misplacement {side.wasserstein:.3f} in log price, overlap "
            f"{format_share(side.overlap)}, rank correlation {side.rank_correlation:.2f}"
        )
        lines += [
            f"  {format_share(b.low)} to {format_share(b.high)} away: estimated {format_usd(b.estimated_usd)}, measured "
            f"{format_usd(b.measured_usd)}, ratio {b.ratio:.2f}, rank correlation {b.rank_correlation:.2f}"
            for b in side.bands
        ]
        for what, pairs in (("estimate", side.by_estimate), ("measure", side.by_measure)):
            means = ", ".join(f"{format_usd(a)} / {format_usd(b)}" for a, b in pairs)
            lines.append(f"  estimated / measured per bin, grouped by the {what}: {means}")
    return "\n".join([*lines, *(f"! {limit}" for limit in found.limits)]) + "\n"
