"""What stands around a picture in words: title, caption, provenance. Every number in them is read from the object drawn."""

from __future__ import annotations

import math
from datetime import UTC
from typing import TYPE_CHECKING

from liqatlas.base.clock import format_moment, format_window
from liqatlas.base.format import (
    format_change,
    format_duration,
    format_price,
    format_share,
    format_usd,
)
from liqatlas.base.instruments import venue_name
from liqatlas.plot.zones import heaviest

if TYPE_CHECKING:
    from datetime import tzinfo

    from liqatlas.maps.head import Coverage, DistanceCoverage, Head, SideCoverage
    from liqatlas.maps.liquidation_map import LiquidationMap
    from liqatlas.plot.view import MapView
    from liqatlas.plot.zones import Zone

SIMULATED = "SIMULATED"
#: Names of the long and the short side, each from the longest to the shortest form.
SIDES = (
    ("◀ LONGS · liquidated as the price falls", "◀ LONGS", "◀ L"),
    ("SHORTS · liquidated as the price rises ▶", "SHORTS ▶", "S ▶"),
)
SIDES_HANGING = (
    ("▼ liquidated LONGS hang below zero", "▼ LONGS", "▼ L"),
    ("liquidated SHORTS stand above zero ▲", "SHORTS ▲", "S ▲"),
)

_QUANTITY = {
    "outstanding": "outstanding: open positions by liquidation price, at the as-of mark price",
    "expected": "expected: published liquidation prints if the price got there",
    "liquidated": "liquidated: what was closed by force, by price",
}
_AMOUNT = {
    "outstanding": "USD of open positions",
    "expected": "USD of expected prints",
    "liquidated": "USD liquidated",
}


def title(head: Head, what: str = "liquidation map") -> str:
    """Return the headline: asset, what it is, its kind."""
    prefix = f"{SIMULATED} · " if head.simulated else ""
    return f"{prefix}{head.asset} {what} · {head.kind.upper()}"


def quantity_words(head: Head) -> str:
    """Return what the amounts are, in words."""
    return _QUANTITY[head.quantity]


def amount_words(head: Head) -> str:
    """Return the name of an amount for an axis."""
    return _AMOUNT[head.quantity].replace("USD", head.unit)


def when(head: Head, zone: tzinfo = UTC) -> str:
    """Return window and as-of moment with its zone."""
    return f"window {format_window(head.window_ns)} · as of {format_moment(head.as_of_ns, zone)}"


def quote(head: Head) -> str:
    """Return the currency of the price axis: the venues' one quote, or USD where they differ."""
    quotes = {info.quote for info in head.venues}
    return quotes.pop() if len(quotes) == 1 else "USD"


def price_words(head: Head) -> str:
    """Return the current price with its currency and where it is from."""
    reference = f" ({head.reference})" if head.reference else ""
    return f"price {format_price(head.price, digits=7)} {quote(head)}{reference}"


def zone_label(zone: Zone, step: float) -> str:
    """Return a zone's prices and amount on two lines."""
    return f"{price_span(zone, step)}\n{format_usd(zone.usd)}"


def short_zone_label(zone: Zone, step: float) -> str:
    """Return the price at which a zone is passed, and its amount: for zones of many digits."""
    return f"{format_price(zone.far_price, step=step)}\n{format_usd(zone.usd)}"


def price_span(zone: Zone, step: float) -> str:
    """Return a zone's prices, lowest first."""
    return f"{format_price(zone.price_low, step=step)}–{format_price(zone.price_high, step=step)}"


def caption(whole: LiquidationMap, view: MapView, zones: tuple[Zone, ...]) -> list[str]:
    """Return one sentence a side, and what the drawn range leaves out."""
    head = whole.head
    sentences = []
    for position in ("long", "short"):
        zone = heaviest(zones, position)
        if zone is None:
            sentences.append(_nothing(whole, position))
        elif head.quantity == "liquidated":
            sentences.append(
                f"{format_usd(zone.usd)} of {position}s were liquidated between {_between(zone, view.label_step)}."
            )
        else:
            sentences.append(_if_sentence(whole, zone, view.label_step))
    left_out = [
        f"{format_usd(amount)} of {name}"
        for name, amount in (("longs", view.left_out_long), ("shorts", view.left_out_short))
        if amount > 0.005 * max(1.0, float(whole.usd.sum()))
    ]
    if left_out:
        sentences.append(f"Not drawn, beyond this range: {' and '.join(left_out)}.")
    if head.identified_distance > 0:
        sentences.append(
            f"Grey: farther than {format_share(head.identified_distance)} from the price the calibration cannot tell "
            f"levels apart."
        )
    return sentences


def provenance(head: Head) -> list[str]:
    """Return where the numbers are from: coverage, venues with freshness, model, scope; warnings are apart."""
    lines = [_open_interest_line(head)]
    if head.venues:
        lines.append("Data, age at as-of: " + " · ".join(_venue_words(head)))
    lines += _measured_lines(head) if head.kind == "measured" else [_model_line(head)]
    if head.prints_scope:
        lines.append(f"Prints counted: {head.prints_scope}")
    return lines


def warning_lines(head: Head) -> list[str]:
    """Return what a reader must be warned of, the gravest first."""
    lines = []
    if head.simulated:
        lines.append(f"{SIMULATED}: made by a simulated exchange, says nothing about a real market.")
    if head.lookahead:
        lines.append(
            "Look-ahead: something younger than the as-of moment was used (calibration, tiers or data)."
        )
    return lines + list(head.warnings)


def _nothing(whole: LiquidationMap, position: str) -> str:
    mass = float((whole.long_usd if position == "long" else whole.short_usd).sum())
    if mass > 0:
        return f"No {position} level stands out in the drawn range; the whole map holds {format_usd(mass)} of {position}s."
    return f"This map holds no {position} levels."


def _if_sentence(whole: LiquidationMap, zone: Zone, step: float) -> str:
    head = whole.head
    # The amount belongs to the price as written: a reader who asks for that price gets the same number.
    target = float(format_price(zone.far_price, step=step).replace(",", ""))
    longs, shorts = whole.to(target)["all"]
    verb = "falls" if zone.position == "long" else "rises"
    amount = longs if zone.position == "long" else shorts
    fate = "would be" if head.quantity == "outstanding" else "are expected to be"
    return (
        f"If {head.asset} {verb} to {format_price(target, step=step)} ({format_change(target / head.price - 1)}), about "
        f"{format_usd(amount)} of {zone.position}s {fate} liquidated on the way; the heaviest zone is "
        f"{price_span(zone, step)} with {format_usd(zone.usd)}."
    )


def _between(zone: Zone, step: float) -> str:
    return f"{format_price(zone.price_low, step=step)} and {format_price(zone.price_high, step=step)}"


def _open_interest_line(head: Head) -> str:
    text = f"Open interest {format_usd(head.open_interest_usd)} (one-sided)."
    if head.coverage is None:
        return text
    cover = head.coverage
    if head.kind == "measured":
        return f"{text} {_seen_words(cover)}"
    text += f" Coverage {format_share(cover.share)}."
    return f"{text} Longs: {_side_words(cover.long)}. Shorts: {_side_words(cover.short)}."


def _seen_words(cover: Coverage) -> str:
    """Return what a measured map has seen: its share of open interest, and the levels by distance."""
    longs, shorts = (format_usd(side.observed_usd) for side in (cover.long, cover.short))
    bands = [
        f"{_band_words(b)} longs {format_usd(b.long_usd)}, shorts {format_usd(b.short_usd)} ({b.accounts} accounts)"
        for b in cover.by_distance
    ]
    share = format_share(cover.observed_share)
    return f"Coverage {share}: seen {longs} of longs, {shorts} of shorts. Levels away from the price: {'; '.join(bands)}."


def _band_words(band: DistanceCoverage) -> str:
    if math.isinf(band.high):
        return f"over {format_share(band.low)}"
    return f"{format_share(band.low)}–{format_share(band.high)}"


def _side_words(side: SideCoverage) -> str:
    total = side.open_interest_usd
    parts = (
        ("in these levels", side.explained_usd),
        ("opened before the window", side.outside_window_usd),
        ("older than the history", side.older_usd),
        ("no reachable level", side.unreachable_usd),
    )
    if not (total > 0):
        return "open interest unknown"
    return ", ".join(f"{format_share(usd / total)} {name}" for name, usd in parts if usd > 0.0005 * total)


def _venue_words(head: Head) -> list[str]:
    return [
        f"{venue_name(v.venue)} {v.symbol} {format_duration(head.as_of_ns - v.last_ts_ns)}"
        for v in head.venues
    ]


def _model_line(head: Head) -> str:
    """Return the model in one line; arrays and tables are left to the JSON."""
    model = head.model
    scalars = [
        f"{name} {value:g}" for name, value in model.parameters.items() if isinstance(value, (int, float))
    ]
    rest = "other parameters in the JSON" if len(scalars) < len(model.parameters) else ""
    return f"Model {model.name} {model.version}, calibration: {model.calibration}; {', '.join([*scalars, *([rest] if rest else [])])}."


#: Betas named in a caption, those with the largest part in the accounts first; the JSON has all.
_BETAS_SHOWN = 8


def _measured_lines(head: Head) -> list[str]:
    """Return what stands behind a measured map: accounts, self-test, grade with its reasons, and betas where they shape it."""
    known = head.model.parameters
    accounts = f"{known.get('accounts', 0):,} accounts, {known.get('positions', 0):,} positions"
    checked = known.get("self_test_checked")
    tested = (
        f"; {format_share(known['self_test_share'])} of {checked:,} published levels reproduced within 0.1 %"
        if checked
        else "; no published level could be checked"
    )
    grade = f"Grade {known['grade']}: {', '.join(known['grade_reasons'])}." if "grade" in known else ""
    lines = [f"Levels: {head.model.name} of {accounts}{tested}.", grade]
    betas, changes = known.get("betas", {}), known.get("betas_price_changes", {})
    others = [symbol for symbol in betas if betas[symbol] != 1][:_BETAS_SHOWN]
    if others:
        named = ", ".join(f"{symbol} {betas[symbol]:.2f}" for symbol in others)
        least = min(changes[symbol] for symbol in others)
        more = f" and {len(betas) - len(others)} more in the JSON" if len(betas) > len(others) else ""
        lines.append(
            f"Betas to {head.asset} from the snapshots' own marks, {least} price changes or more each: {named}{more}."
        )
    return [line for line in lines if line]
