"""What moves a level away: added margin, reduced size, a stop outside the clusters, a hedge."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from liqatlas.signals.stress.levels import Level, account_levels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.signals.clusters import Cluster, ClusterSet
    from liqatlas.signals.stress.held import Held

ADDED, REDUCED, TARGETS = (0.25, 0.5, 1.0), (0.25, 0.5, 0.75), (0.10, 0.20, 0.30)


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A change of one position and the level it gives.

    Attributes
    ----------
    change
        ``add margin``, ``reduce size``, or ``margin for distance``.
    share
        Of the present margin, of the present size, or the distance aimed at.
    amount
        Margin added [settle], or native quantity closed.
    liquidation_price, distance
        After the change; None where no price liquidates it or the mark is not known.
    """

    change: str
    share: float
    amount: float
    liquidation_price: float | None
    distance: float | None


def what_ifs(one: Held, everyone: Sequence[Held]) -> tuple[WhatIf, ...]:
    """Return levels under added margin and reduced size, the rest of the account as it is.

    A reduction closes at the mark (at the entry where that is not known) and leaves the margin and what was realised in the
    position or wallet. Venues that hand margin back in proportion leave an isolated level where it was.
    """
    out = []
    for share in ADDED:
        amount = abs(one.margin) * share
        level = _level_with(one, everyone, wallet=one.margin + amount, quantity=one.quantity)
        out.append(_what_if("add margin", share, amount, level))
    for share in REDUCED:
        closed = one.quantity * share
        realised = one.profit_at(one.mark or one.entry) * share
        level = _level_with(one, everyone, wallet=one.margin + realised, quantity=one.quantity - closed)
        out.append(_what_if("reduce size", share, closed, level))
    out += [needed for target in TARGETS if (needed := _margin_for(one, everyone, target))]
    return tuple(out)


def _margin_for(one: Held, everyone: Sequence[Held], target: float) -> WhatIf | None:
    """Return the margin to add so that the level lies a target distance away; None where it does already or nothing is known.

    At the level equity equals maintenance, so ``added = maintenance(P) - profit(P) - X - W`` at the price P aimed at. The same
    rule then computes the level again: what is shown is its answer.
    """
    present = _level_with(one, everyone, wallet=one.margin, quantity=one.quantity)
    if one.mark is None or present is None or present.distance is None or present.liquidation_price is None:
        return None
    if present.state == "open" and abs(present.distance) >= target:
        return None
    price = one.mark * (1.0 - target * one.direction)
    rest = 0.0
    if one.mode == "cross":
        others = [m for m in everyone if m.mode == "cross" and m.purse == one.purse and m.key != one.key]
        if any(m.symbol == one.symbol or m.mark is None for m in others):
            return None
        rest = sum(m.profit_at(m.mark) - m.maintenance_at(m.mark) for m in others if m.mark is not None)
    added = one.maintenance_at(price) - one.profit_at(price) - rest - one.margin
    if added <= 0:
        return None
    level = _level_with(one, everyone, wallet=one.margin + added, quantity=one.quantity)
    return _what_if("margin for distance", target, added, level)


def _level_with(one: Held, everyone: Sequence[Held], *, wallet: float, quantity: float) -> Level | None:
    """Return the level of a position after its wallet and quantity changed."""
    changed = []
    for other in everyone:
        if other.key == one.key:
            changed.append(replace(other, margin=wallet, quantity=quantity))
        elif one.mode == "cross" and other.mode == "cross" and other.purse == one.purse:
            changed.append(replace(other, margin=wallet))
    level = account_levels(changed).get(one.key)
    return level if isinstance(level, Level) else None


def _what_if(change: str, share: float, amount: float, level: Level | None) -> WhatIf:
    return WhatIf(
        change, share, amount, level.liquidation_price if level else None, level.distance if level else None
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop price between the mark and the level, outside every cluster.

    Attributes
    ----------
    price, distance
        The stop [quote] and its relative distance from the mark.
    inside_gap
        Edges of the cluster-free stretch it lies in [quote].
    reason
        Why there, in a sentence.
    """

    price: float
    distance: float
    inside_gap: tuple[float, float]
    reason: str


def clear_stop(one: Held, level: Level, clusters: ClusterSet, *, buffer_vols: float) -> Stop | None:
    """Return a stop half way to the level, moved toward the price where that falls into a cluster; None without a way.

    The stop keeps ``buffer_vols`` daily volatilities from the cluster's edge, so that a touch of the zone does not trigger it,
    and stands before the cluster: behind it the forced orders have already moved the price.
    """
    mark, at = one.mark, level.liquidation_price
    if mark is None or at is None or level.state != "open" or mark == at:
        return None
    down = at < mark
    buffer = mark * clusters.daily_volatility * buffer_vols
    met = [c for c in clusters.all if min(at, mark) < c.price_high and c.price_low < max(at, mark)]
    price = (mark + at) / 2.0
    reason = "half way to the level; no cluster stands there"
    for cluster in sorted(met, key=lambda c: abs(c.peak_price - at)):
        if cluster.price_low - buffer < price < cluster.price_high + buffer:
            price = cluster.price_high + buffer if down else cluster.price_low - buffer
            reason = (
                f"before the {cluster.position} cluster {cluster.price_low:,.6g}–{cluster.price_high:,.6g}"
            )
    inside = any(c.price_low <= price < c.price_high for c in clusters.all)
    if inside or not (at < price < mark if down else mark < price < at):
        return None
    return Stop(price, price / mark - 1.0, _free(price, met, (mark, at)), reason)


def _free(price: float, met: Sequence[Cluster], ends: tuple[float, float]) -> tuple[float, float]:
    """Return the stretch around a price without clusters, within two ends."""
    low = max([min(ends), *(c.price_high for c in met if c.price_high <= price)])
    high = min([max(ends), *(c.price_low for c in met if c.price_low >= price)])
    return low, high


@dataclass(frozen=True, slots=True)
class Hedge:
    """What offsets a share of a position's exposure at the present price.

    Attributes
    ----------
    share
        Share of the exposure offset.
    position
        Side of the hedge in futures: the opposite one.
    coins
        Size in a linear contract [base coins].
    inverse_face_usd
        Size in an inverse contract [USD face].
    option, option_coins, option_delta
        A long protects itself with puts, a short with calls; number of options on one coin each of that absolute delta.
    """

    share: float
    position: str
    coins: float
    inverse_face_usd: float
    option: str
    option_coins: float
    option_delta: float


def hedge(one: Held, *, share: float = 1.0, option_delta: float = 0.5) -> Hedge | None:
    """Return the hedge of a share of a position's exposure, or None where the mark is not known.

    The exposure is the change of value in USD per USD of price: q coins of a linear contract. For an inverse contract held
    beside its coin margin it is the face value over the price. Options change their delta as the price moves.
    """
    if one.mark is None:
        return None
    coins = (one.quantity / one.mark if one.kind == "inverse" else one.quantity) * share
    return Hedge(
        share,
        "short" if one.position == "long" else "long",
        coins,
        coins * one.mark,
        "put" if one.position == "long" else "call",
        coins / option_delta,
        option_delta,
    )
