"""Liquidation totals per interval as CoinGlass and Coinalyze answer them: saved answers of their history endpoints.

CoinGlass v4 ``/api/futures/liquidation/history`` and ``/aggregated-history``: ``{"code": "0", "data": [{"time": ms,
"long_liquidation_usd", "short_liquidation_usd"}]}``, the aggregated one with ``aggregated_`` before each; USD. The answer names neither
exchange nor symbol, so the file's name must (``coinglass_binance_BTCUSDT_1h.json``; aggregated: ``coinglass_BTC_1h.json``).

Coinalyze v1 ``/liquidation-history``: ``[{"symbol": "BTCUSDT_PERP.A", "history": [{"t": s, "l", "s"}]}]``, longs and shorts; USD only
where asked for with ``convert_to_usd=true``, which the answer does not tell. The letter after the point is their code of the exchange.

Both read 2026-11-22 from saved answers and clients in public repositories; the vendors' own pages were not to be had.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import polars as pl

from liqatlas.base.clock import NS_PER_MS, NS_PER_S
from liqatlas.base.errors import FormatError
from liqatlas.venues.importers.names import usdt_symbol, venue_in
from liqatlas.venues.importers.oi_folder import bar_length
from liqatlas.venues.importers.pieces import Counts, Piece, judge
from liqatlas.venues.importers.recognition import Format, found

if TYPE_CHECKING:
    from liqatlas.venues.importers.recognition import Head, Recognised
    from liqatlas.venues.importers.selection import Wanted
    from liqatlas.venues.importers.sources import Source

_PAIRS = (
    ("aggregated_long_liquidation_usd", "aggregated_short_liquidation_usd"),
    ("long_liquidation_usd", "short_liquidation_usd"),
)
_SYMBOL = re.compile(r"[A-Z0-9]{2,20}")
_NOT_SYMBOLS = {"USD", "API", "JSON"}
Row = tuple[int, float, float]


def _match(head: Head) -> Recognised | None:
    raw = head.raw
    if b"_liquidation_usd" in raw and b'"time"' in raw:
        vendor, title = "coinglass", "CoinGlass liquidation history"
    elif b'"history"' in raw and b'"symbol"' in raw and all(f'"{k}"'.encode() in raw for k in "tls"):
        vendor, title = "coinalyze", "Coinalyze liquidation history"
    else:
        return None
    return found(
        head, format=f"{vendor}_liquidations", title=title, tables=("liquidation_bars",), how="by fields",
        details={"vendor": vendor, "several": True},
    )  # fmt: skip


def _read(source: Source, known: Recognised, wanted: Wanted) -> list[Piece]:
    if not wanted.takes_table("liquidation_bars"):
        return []
    try:
        tree = msgspec.json.decode(source.read())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FormatError(source.label, f"not JSON ({error}); get the answer again") from None
    make = _coinglass if known.details["vendor"] == "coinglass" else _coinalyze
    pieces = [_piece(source, known, part) for part in make(source, tree)]
    if not pieces:
        raise FormatError(source.label, "the answer holds no interval; ask for a stretch that has some")
    return pieces


class _Totals(NamedTuple):
    """One instrument's intervals as the answer has them, and what is to be told of them."""

    venue: str
    symbol: str
    scope: str
    rows: list[Any]
    told: str


def _piece(source: Source, known: Recognised, totals: _Totals) -> Piece:
    """Return one instrument's totals; an interval whose numbers cannot be read is left out and counted."""
    good: list[Row] = []
    bad, first = 0, 0
    for number, row in enumerate(totals.rows, start=1):
        try:
            moment, long_usd, short_usd = int(row[0]), float(row[1]), float(row[2])
        except (TypeError, ValueError):
            bad, first = bad + 1, first or number
            continue
        if long_usd < 0 or short_usd < 0:
            bad, first = bad + 1, first or number
            continue
        good.append((moment, long_usd, short_usd))
    counts = Counts(rows=len(good), bad=bad, bad_line=first, bad_reason="not an interval with two amounts")
    schema = {"ts_open_ns": pl.Int64(), "long_usd": pl.Float64(), "short_usd": pl.Float64()}
    frame = (
        pl.DataFrame(good, schema=schema, orient="row").unique("ts_open_ns", keep="last").sort("ts_open_ns")
    )
    step = bar_length(source.label, frame["ts_open_ns"])
    table = frame.select(
        "ts_open_ns", (pl.col("ts_open_ns") + step).alias("ts_close_ns"), "long_usd", "short_usd"
    )
    made = Piece(
        totals.venue, totals.symbol, "liquidation_bars", table, known.title, source.label, counts, prints_scope=totals.scope
    )  # fmt: skip
    return made.warn(totals.told).told(judge(source, counts))


def _coinglass(source: Source, tree: Any) -> list[_Totals]:
    rows = tree.get("data") if isinstance(tree, dict) else tree
    if isinstance(tree, dict) and str(tree.get("code", "0")) != "0":
        raise FormatError(
            source.label,
            f"CoinGlass answered code {tree['code']}: {tree.get('msg', '')}; the key or its plan does not give this",
        )
    if not isinstance(rows, list) or not rows or not isinstance(rows[0], dict):
        raise FormatError(source.label, "wanted a list of intervals under data; get the answer again")
    long_name, short_name = next((pair for pair in _PAIRS if pair[0] in rows[0]), _PAIRS[1])
    together = long_name.startswith("aggregated")
    symbol = _named(source)
    exchange = "" if together else venue_in(source.path)
    if not symbol or not (together or exchange):
        raise FormatError(
            source.label,
            "the answer names neither exchange nor symbol: name the file so, as in coinglass_binance_BTCUSDT_1h.json "
            "(aggregated: coinglass_BTC_1h.json)",
        )
    whose = "several exchanges" if together else exchange
    values = [
        (_scaled(row.get("time"), NS_PER_MS), row.get(long_name), row.get(short_name))
        if isinstance(row, dict)
        else (None,) * 3
        for row in rows
    ]
    venue = "coinglass" if together else f"coinglass_{exchange}"
    return [_Totals(venue, usdt_symbol(symbol), f"CoinGlass totals of {whose}", values, "")]


def _named(source: Source) -> str:
    """Return the symbol or coin that a file's name spells in capitals, an empty text where none does."""
    words = re.split(r"[^A-Za-z0-9]+", source.path.stem)
    return next(
        (
            word
            for word in words
            if _SYMBOL.fullmatch(word) and word not in _NOT_SYMBOLS and not word.isdigit()
        ),
        "",
    )


def _coinalyze(source: Source, tree: Any) -> list[_Totals]:
    del source
    out = []
    for one in tree if isinstance(tree, list) else []:
        name, history = one.get("symbol"), one.get("history")
        if not isinstance(name, str) or not isinstance(history, list) or not history:
            continue
        contract, _, code = name.partition(".")
        rows = [
            (_scaled(row.get("t"), NS_PER_S), row.get("l"), row.get("s"))
            for row in history
            if isinstance(row, dict)
        ]
        told = f"amounts of {name} are taken as USD: the answer does not say whether it was asked for with convert_to_usd=true"
        venue = f"coinalyze_{code.lower()}" if code else "coinalyze"
        out.append(_Totals(venue, contract.removesuffix("_PERP"), f"Coinalyze totals of {name}", rows, told))
    return out


def _scaled(moment: Any, unit_ns: int) -> int | None:
    return int(moment) * unit_ns if isinstance(moment, int | float | str) and str(moment).isdigit() else None


FORMATS = (
    Format(
        "coinglass_liquidations", "CoinGlass or Coinalyze liquidation history (JSON answers)", _match, _read
    ),
)
