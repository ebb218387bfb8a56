"""Loans with public liquidation prices, in the rows that DefiLlama's liquidation adapters emit.

A row is ``{owner, liqPrice, collateral, collateralAmount, extra}``: ``collateral`` is ``chain:token``, ``collateralAmount`` the raw
amount with the token's decimals. The collateral is held, not leveraged by contract: its own layer, venue ``defi_lending``, settled
in ``spot collateral``. Rows carry neither entry nor mark: the entry is NaN, the mark that of the asset elsewhere in the files.

Format: https://github.com/DefiLlama/DefiLlama-Adapters/blob/main/liquidations/README.md (third-party mirrors), read 2026-11-22.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl

from liqatlas.base.clock import NS_PER_S
from liqatlas.base.errors import FormatError
from liqatlas.venues.importers.pieces import Counts, Piece
from liqatlas.venues.importers.recognition import Format, found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from liqatlas.venues.importers.recognition import Head, Recognised
    from liqatlas.venues.importers.selection import Wanted
    from liqatlas.venues.importers.sources import Source

VENUE = "defi_lending"
#: Token → (asset, decimals): contracts that stand for the coin one to one. Source: the issuers' contract pages, read 2026-11-22.
TOKENS = {
    "ethereum:0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2": ("ETH", 18),
    "ethereum:0x2260fac5e5542a773aa44fbcfedf7c193bc2c599": ("BTC", 8),
    "ethereum:0xcbb7c0000ab88b473b1f5afd9ef808440eed33bf": ("BTC", 8),
    "arbitrum:0x82af49447d8a07e3bd95bd0d56f35241523fbab1": ("ETH", 18),
    "optimism:0x4200000000000000000000000000000000000006": ("ETH", 18),
    "base:0x4200000000000000000000000000000000000006": ("ETH", 18),
}
_SCHEMA = {
    "ts_event_ns": pl.Int64(), "account": pl.String(), "position": pl.String(), "qty_native": pl.Float64(),
    "entry_price": pl.Float64(), "liquidation_price": pl.Float64(), "margin_mode": pl.String(),
}  # fmt: skip


def _match(head: Head) -> Recognised | None:
    raw = head.raw[:65_536]
    if not (b'"liqPrice"' in raw and b'"collateralAmount"' in raw):
        return None
    return found(
        head, format="defillama_liquidations", title="loans as DefiLlama lists them", venue=VENUE, tables=("positions",),
        how="by fields", details={"several": True},
    )  # fmt: skip


def _read(source: Source, known: Recognised, wanted: Wanted) -> list[Piece]:
    if not wanted.takes_table("positions"):
        return []
    try:
        tree = msgspec.json.decode(source.read())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FormatError(source.label, f"not JSON ({error}); get the file again") from None
    stated = _time_of(tree)
    when = stated if stated is not None else int(source.path.stat().st_mtime * NS_PER_S)
    by_asset: dict[str, list[tuple[Any, ...]]] = {}
    bad: Counter[str] = Counter()
    for row in _rows(tree):
        token = TOKENS.get(str(row.get("collateral", "")).lower())
        if token is None:
            bad["of tokens that are not listed"] += 1
            continue
        try:
            level = float(row["liqPrice"])
            amount = float(Decimal(str(row["collateralAmount"])).scaleb(-token[1]))
            owner = str(row["owner"])
        except (KeyError, TypeError, ValueError, ArithmeticError):
            bad["that cannot be read"] += 1
            continue
        if not (0 < amount < float("inf") and 0 < level < float("inf")):
            bad["without a positive amount and price"] += 1
            continue
        by_asset.setdefault(token[0], []).append(
            (when, owner, "long", amount, float("nan"), level, "isolated")
        )
    if not by_asset:
        raise FormatError(source.label, f"no loan could be used: {_said(bad) or 'the list is empty'}")
    told = [f"partial: loans left out: {_said(bad)}"] if bad else []
    if stated is None:
        told.append("the file states no time; that of the file on disk is taken")
    return [_piece(source, known, asset, rows, bad).warn(*told) for asset, rows in sorted(by_asset.items())]


def _piece(
    source: Source, known: Recognised, asset: str, rows: list[tuple[Any, ...]], bad: Counter[str]
) -> Piece:
    """Return one asset's loans; one owner's several loans in one file are numbered apart."""
    frame = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    nth = pl.int_range(pl.len()).over("account")
    frame = frame.with_columns(
        account=pl.when(nth > 0).then(pl.concat_str("account", pl.lit("#"), nth + 1)).otherwise("account")
    )
    counts = Counts(rows=len(rows), bad=sum(bad.values()))
    return Piece(VENUE, asset, "positions", frame, known.title, source.label, counts=counts)


def _rows(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield rows of a bare list, or of an object of chains."""
    if isinstance(tree, list):
        yield from (row for row in tree if isinstance(row, dict))
    elif isinstance(tree, dict):
        for value in tree.values():
            if isinstance(value, (list, dict)):
                yield from _rows(value)


def _time_of(tree: Any) -> int | None:
    """Return the stated time [ns] of a list: ``time`` in seconds."""
    if isinstance(tree, dict) and isinstance(tree.get("time"), (int, float)):
        return int(tree["time"] * NS_PER_S)
    return None


def _said(bad: Counter[str]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in bad.most_common())


FORMATS = (Format("defillama_liquidations", "loans as DefiLlama lists them", _match, _read),)
"""All formats, most telling first."""
