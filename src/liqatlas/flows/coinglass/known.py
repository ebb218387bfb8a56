"""Of which instruments, and of when, liquidations are known: where nothing was recorded, zero would say that there were none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from liqatlas.base.clock import DAY_NS, format_moment
from liqatlas.base.errors import NotEnoughDataError
from liqatlas.flows.coinglass.names import exchange_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.flows.serving import Market, Source

#: An exchange of which no liquidation came for so long is not listened to; a quiet stretch is shorter.
SILENT_NS = DAY_NS


def known_of(source: Source, markets: Sequence[Market]) -> tuple[Market, ...]:
    """Return the instruments whose liquidations are known, their spans narrowed to when.

    A quiet instrument's span goes on for as long as the instrument is recorded, up to a day after its exchange's newest row.

    Raises
    ------
    NotEnoughDataError
        If there is none; names the exchanges.
    """
    heard = _heard(source)
    known = tuple(
        replace(
            one,
            first_ns=one.prints_ns[0],
            last_ts_ns=max(one.prints_ns[1], min(one.last_ts_ns, heard[exchange_of(one.venue)] + SILENT_NS)),
        )
        for one in markets
        if one.prints_ns
    )
    if not known:
        named = ", ".join(dict.fromkeys(exchange_of(one.venue) for one in markets)) or "the exchanges named"
        raise NotEnoughDataError(
            f"no liquidation of {named} is recorded here, which does not mean that there was none: record them, or ingest "
            "files that hold them"
        )
    return known


def known_now(source: Source, markets: Sequence[Market]) -> tuple[Market, ...]:
    """Return the instruments whose liquidations are known up to now.

    Raises
    ------
    NotEnoughDataError
        If there is none; says where the newest end.
    """
    known, heard, since = known_of(source, markets), _heard(source), source.now_ns() - SILENT_NS
    reaching = tuple(one for one in known if one.last_ts_ns > since and heard[exchange_of(one.venue)] > since)
    if not reaching:
        newest = max(one.prints_ns[1] for one in known if one.prints_ns)
        raise NotEnoughDataError(
            f"the newest liquidations recorded here are of {format_moment(newest)}: those of the last day are not known"
        )
    return reaching


def _heard(source: Source) -> dict[str, int]:
    """Return until when liquidations of each exchange are known [ns]."""
    out: dict[str, int] = {}
    for one in source.markets():
        if one.prints_ns:
            exchange = exchange_of(one.venue)
            out[exchange] = max(out.get(exchange, 0), one.prints_ns[1])
    return out
