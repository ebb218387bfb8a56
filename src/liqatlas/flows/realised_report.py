"""Realised liquidations as text, JSON, a table or a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from liqatlas.base.clock import format_moment, isoformat
from liqatlas.base.errors import InputError
from liqatlas.base.format import format_price, format_share, format_usd

if TYPE_CHECKING:
    from datetime import tzinfo

    from liqatlas.flows.realised import Exchange, Realised, Total
    from liqatlas.flows.render import Format, Look

_NO_ESTIMATE = "no estimate, these venues do not say by which rule they leave out prints"


def render_realised(result: Realised, form: Format, look: Look) -> bytes:
    """Return the result in a format; text is UTF-8.

    Raises
    ------
    InputError
        If it cannot be given in that format.
    """
    if form == "json":
        return orjson.dumps(realised_tree(result), option=orjson.OPT_APPEND_NEWLINE)
    if form == "csv":
        return totals_table(result).write_csv().encode()
    if form == "term":
        return realised_text(result, look.zone).encode()
    if form in {"png", "svg"}:
        from liqatlas.plot.realised_picture import PrintsPicture, realised_figure

        picture = PrintsPicture(
            result.asset,
            result.prints,
            isoformat(result.as_of_ns),
            result.simulated,
            _sentences(result),
            result.warnings,
        )
        return realised_figure(picture, theme=look.theme, zone=look.zone).to_bytes(form)
    raise InputError(f"realised cannot be given as {form}: wanted term, json, csv, png or svg")


def _sentences(result: Realised) -> tuple[str, ...]:
    out = [_amount(total) + f" in {total.hours} h" for total in result.together]
    return ("Liquidated: " + ", ".join(out) + ".", *(f"{e.venue}: {e.censoring}." for e in result.exchanges))


def _amount(total: Total) -> str:
    return ("≥ " if total.at_least else "") + format_usd(total.usd)


def realised_text(result: Realised, zone: tzinfo) -> str:
    """Return the totals as text."""
    label = "SIMULATED · " if result.simulated else ""
    out = [
        f"{label}{result.asset} realised liquidations · USD · until {format_moment(result.as_of_ns, zone)}",
        "",
    ]
    out.append(f"{'':22}" + "".join(f"{f'{hours} h':>12}" for hours in _hours(result)))
    summed = any(e.source == "totals" for e in result.exchanges)
    rows = [("all with prints" if summed else "all exchanges", result.together)] if result.together else []
    rows += [(f"{e.venue}{' (totals)' if e.source == 'totals' else ''}", e.totals) for e in result.exchanges]
    for name, totals in rows:
        out.append(f"{name:22}" + "".join(f"{_amount(t):>12}" for t in totals))
        out.append(f"{'  longs / shorts':22}" + "".join(f"{_split(t):>12}" for t in totals))
        if any(t.corrected_usd is not None for t in totals):
            out.append(f"{'  corrected, about':22}" + "".join(f"{_estimate(t):>12}" for t in totals))
    out.append("")
    if result.largest:
        big = result.largest
        out.append(
            f"largest: {format_usd(big.usd)} {big.liquidated} at {format_price(big.price)}, {big.venue}:{big.symbol}, "
            f"{format_moment(big.ts_event_ns, zone)}"
        )
    out += [f"{one.venue}: {one.censoring}; {_recorded(one)}" for one in result.exchanges]
    if any(t.at_least for e in result.exchanges for t in e.totals):
        out.append("≥ where prints are thinned or part of the stretch was not recorded")
    if any(t.at_least for t in result.together):
        out.append(f"corrected: {_about_correction(result)}")
    out += [f"! {warning}" for warning in result.warnings]
    return "\n".join(out) + "\n"


def _estimate(total: Total) -> str:
    return "–" if total.corrected_usd is None else format_usd(total.corrected_usd)


def _about_correction(result: Realised) -> str:
    """Say how the corrected estimates were made, or why there are none."""
    return result.correction or _NO_ESTIMATE


def _hours(result: Realised) -> list[int]:
    return [total.hours for total in result.exchanges[0].totals]


def _split(total: Total) -> str:
    share = total.long_share
    return "–" if share is None else f"{share:.0%}/{1 - share:.0%}"


def _recorded(one: Exchange) -> str:
    share = one.totals[-1].recorded_share
    if one.source == "totals":
        short = [f"{t.hours} h {format_share(t.recorded_share or 0.0)}" for t in one.totals if t.at_least]
        lacks = f", which cover of {', '.join(short)}" if short else ""
        return f"intervals that lie whole inside the stretch{lacks}"
    return "nobody vouches for the stretch" if share is None else f"{format_share(share)} of 24 h recorded"


def realised_tree(result: Realised) -> dict[str, Any]:
    """Return the result as a JSON tree."""
    big = result.largest
    return {
        "kind": "realised",
        "quantity": "liquidated",
        "simulated": result.simulated,
        "unit": "USD",
        "asset": result.asset,
        "as_of": isoformat(result.as_of_ns),
        "prints_scope": result.scope,
        "totals": [_total_tree(t) for t in result.together],
        "exchanges": [
            {
                "venue": e.venue,
                "symbols": list(e.symbols),
                "source": e.source,
                "censoring": e.censoring,
                "totals": [_total_tree(t) for t in e.totals],
            }
            for e in result.exchanges
        ],
        "largest": big
        and {
            "venue": big.venue,
            "symbol": big.symbol,
            "time": isoformat(big.ts_event_ns),
            "liquidated": big.liquidated,
            "price": big.price,
            "usd": big.usd,
        },
        "correction": _about_correction(result) if any(t.at_least for t in result.together) else "",
        "warnings": list(result.warnings),
    }


def _total_tree(total: Total) -> dict[str, Any]:
    ratio = total.long_usd / total.short_usd if total.short_usd > 0 else None
    return {
        "hours": total.hours,
        "long_usd": total.long_usd,
        "short_usd": total.short_usd,
        "usd": total.usd,
        "long_share": total.long_share,
        "long_short_ratio": ratio,
        "prints": total.prints,
        "at_least": total.at_least,
        "recorded_share": total.recorded_share,
        "corrected_usd": total.corrected_usd,
    }


def totals_table(result: Realised) -> pl.DataFrame:
    """Return one row per exchange and stretch; ``all`` first."""
    named = [("all", "prints", result.together)] if result.together else []
    named += [(e.venue, e.source, e.totals) for e in result.exchanges]
    return pl.DataFrame(
        [
            {"venue": venue, "source": source, **_total_tree(total)}
            for venue, source, totals in named
            for total in totals
        ]
    )
