"""Judge the estimator where positions are public: its map against the measured one of the same venue and moment."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson

from liqatlas.base.clock import format_window, isoformat
from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.base.format import format_share, format_usd
from liqatlas.evaluate.map_agreement import BANDS, SideAgreement, side_agreement
from liqatlas.flows.build import build_map
from liqatlas.flows.positions_report import columns
from liqatlas.flows.reporter import SILENT
from liqatlas.maps.binning import edges_by_count

if TYPE_CHECKING:
    from liqatlas.flows.reporter import Reporter
    from liqatlas.flows.request import Request
    from liqatlas.maps.liquidation_map import LiquidationMap

#: The venue whose positions are public.
JUDGED = "hyperliquid"


@dataclass(frozen=True, slots=True)
class Judgement:
    """Both sides (None where one of the maps holds nothing on it), and what limits the comparison, in words."""

    long: SideAgreement | None
    short: SideAgreement | None
    limits: tuple[str, ...]
    asset: str
    as_of_ns: int
    window_ns: int
    observed_share: float
    estimate_of: tuple[str, ...]


def judge_estimate(estimated: LiquidationMap, measured: LiquidationMap, *, bins: int = 200) -> Judgement:
    """Return how well an estimated map agrees with the measured one within half of the price.

    Both are put on the measured map's price axis: what counts is the distance from each map's own price.

    Raises
    ------
    InputError
        If the two are not a modelled and a measured map of one asset, or are more than an hour apart.
    NotEnoughDataError
        If one of them is empty on both sides within half of the price.
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
    limits: list[str] = []
    pairs = {"long": (ours.long_usd, seen.long_usd), "short": (ours.short_usd, seen.short_usd)}
    sides: dict[str, SideAgreement] = {}
    for name, (mine, theirs) in pairs.items():
        if mine.sum() > 0 and theirs.sum() > 0:
            sides[name] = side_agreement(relative, mine, theirs, price=1.0)
        else:
            who = "estimate" if not mine.sum() > 0 else "measured map"
            limits.append(
                f"{name}s cannot be compared: the {who} holds none within {format_share(reach)} of the price"
            )
    if not sides:
        raise NotEnoughDataError(f"nothing to compare: {'; '.join(limits)}")
    share = second.coverage.observed_share if second.coverage else float("nan")
    limits.append(
        f"the measured map has seen {format_share(share)} of open interest: large accounts, whose levels lie farther away than others'"
        if share == share  # noqa: PLR0124 -- false for NaN only
        else "what share of open interest the measured map has seen is unknown"
    )
    limits += [f"estimate: {warning}" for warning in first.warnings]
    venues = tuple(f"{v.venue}:{v.symbol}" for v in first.venues)
    if any(v.venue != JUDGED for v in first.venues):
        limits.append("the estimate is of other venues than the positions: their traders are not the same")
    return Judgement(
        sides.get("long"),
        sides.get("short"),
        tuple(limits),
        first.asset,
        second.as_of_ns,
        first.window_ns,
        share,
        venues,
    )


def build_judgement(request: Request, *, measured_window_ns: int, reporter: Reporter = SILENT) -> Judgement:
    """Return how the estimate from a request's trades and open interest fares against the positions of the same source and moment.

    Parameters
    ----------
    request
        Of the estimate: its window and venues; without a moment that of the newest position is taken.
    measured_window_ns
        How old a snapshot of an account may be.

    Raises
    ------
    NotEnoughDataError
        If there are no positions, or no trades or bars with open interest at their moment.
    InputError
        As :func:`judge_estimate`.
    """
    seen = replace(request, kind="measured", venues=(JUDGED,), window_ns=measured_window_ns, quantity=None)
    measured = build_map(seen, reporter=reporter)
    asked = replace(
        request,
        kind="modelled",
        quantity="outstanding",
        as_of_ns=measured.head.as_of_ns,
        venues=request.venues or (JUDGED,),
        urls=(),
    )
    return judge_estimate(build_map(asked, reporter=reporter), measured)


def judgement_json(found: Judgement) -> bytes:
    """Return a judgement as JSON (docs/reference/evaluation.md)."""
    tree = {
        "schema_version": 1,
        "judge": "measured",
        "asset": found.asset,
        "as_of": isoformat(found.as_of_ns),
        "estimate": {"venues": list(found.estimate_of), "window": format_window(found.window_ns)},
        "observed_share": _number(found.observed_share),
        "long": _side_tree(found.long) if found.long else None,
        "short": _side_tree(found.short) if found.short else None,
        "limits": list(found.limits),
    }
    return orjson.dumps(tree, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_INDENT_2)


def _side_tree(side: SideAgreement) -> dict[str, Any]:
    return {
        "scale": _number(side.scale),
        "wasserstein_log_price": _number(side.wasserstein),
        "wasserstein_of_even_spread": _number(side.wasserstein_even),
        "overlap": _number(side.overlap),
        "rank_correlation": _number(side.rank_correlation),
        "bands": [
            {
                "low": b.low,
                "high": b.high,
                "estimated_usd": _number(b.estimated_usd),
                "measured_usd": _number(b.measured_usd),
                "ratio": _number(b.ratio),
                "rank_correlation": _number(b.rank_correlation),
            }
            for b in side.bands
        ],
        "calibration_by_estimate": [_pair(*p) for p in side.by_estimate],
        "calibration_by_measure": [_pair(*p) for p in side.by_measure],
    }


def _pair(estimated: float, measured: float) -> dict[str, float | None]:
    return {"estimated_usd": _number(estimated), "measured_usd": _number(measured)}


def _number(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None


def judgement_text(found: Judgement) -> str:
    """Return a judgement for people."""
    head = (
        f"{found.asset} as of {isoformat(found.as_of_ns)}: the estimate of {', '.join(found.estimate_of)} over "
        f"{format_window(found.window_ns)} against measured positions; each side scaled to what was seen"
    )
    lines = [head]
    for name, side in (("longs", found.long), ("shorts", found.short)):
        if side is None:
            continue
        lines.append(
            f"{name}: estimate x {side.scale:.3g}; mean misplacement {side.wasserstein:.3f} in log price ({side.wasserstein_even:.3f} if spread evenly), overlap "
            f"{format_share(side.overlap)}, rank correlation {side.rank_correlation:.2f}"
        )
        rows = [
            (
                f"{format_share(b.low)} to {format_share(b.high)}", format_usd(b.estimated_usd), format_usd(b.measured_usd),
                _text(b.ratio), _text(b.rank_correlation),
            )
            for b in side.bands
        ]  # fmt: skip
        table = columns(("away", "estimated", "measured", "ratio", "rank corr."), rows)
        lines += [f"  {line}" for line in table]
        for what, pairs in (("estimate", side.by_estimate), ("measure", side.by_measure)):
            means = ", ".join(f"{format_usd(a)} / {format_usd(b)}" for a, b in pairs)
            lines.append(f"  mean estimated / measured per bin, in fifths by the {what}: {means}")
    return "\n".join([*lines, *(f"! {limit}" for limit in found.limits)]) + "\n"


def _text(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "–"
