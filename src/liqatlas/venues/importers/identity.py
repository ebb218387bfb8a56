"""Venue and symbol of a file → the instrument its rows belong to."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from liqatlas.base.instruments import ContractKind, Instrument
from liqatlas.base.symbols import DOLLAR_QUOTES, parse_symbol
from liqatlas.base.units import decimals_step
from liqatlas.venues.importers.contract_values import contract_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from liqatlas.venues.importers.pieces import Piece

#: Venues whose dollar contracts without a named margin currency are coin-margined.
_COIN_MARGINED = frozenset({"binance_coinm", "bitget_coinm", "bybit", "okx", "bitmex", "deribit"})
#: Quote and margin currency of venues whose symbols are bare coins.
_VENUE_QUOTE = {
    "hyperliquid": ("USD", "USDC"),
    "dydx": ("USD", "USDC"),
    "defi_lending": ("USD", "spot collateral"),
}
_BAR_DECIMALS = 8
_LOT_DECIMALS = 8


def instrument_of(
    venue: str, symbol: str, pieces: Sequence[Piece], tables: Mapping[str, pl.DataFrame]
) -> Instrument:
    """Return the instrument, its steps inferred from the digits of its own prices and sizes.

    Parameters
    ----------
    pieces
        What was read of it; trades carry the digits of their prices.
    tables
        The assembled tables other than trades.
    """
    described = described_by(pieces)
    if described is not None:
        return described
    meaning = parse_symbol(symbol)
    quote, settle = _VENUE_QUOTE.get(venue, (meaning.quote or "USDT", meaning.quote or "USDT"))
    kind: ContractKind = "linear"
    if is_inverse(venue, symbol):
        kind, settle = "inverse", meaning.asset
    value = contract_value(venue, symbol) or 1.0
    return Instrument(
        venue=venue,
        symbol=symbol,
        asset=meaning.asset,
        quote=quote,
        settle=settle,
        kind=kind,
        tick_size=_tick(pieces, tables),
        lot_size=_lot(pieces, tables),
        contract_value=Decimal(int(value)) if value == int(value) else Decimal(str(value)),
        price_multiplier=meaning.price_multiplier,
        expiry_ns=meaning.expiry_ns,
    )


def is_inverse(venue: str, symbol: str) -> bool:
    """Tell whether a contract is coin-margined, so that its sizes are USD."""
    meaning = parse_symbol(symbol)
    return meaning.coin_margined is True and venue in _COIN_MARGINED and meaning.quote in DOLLAR_QUOTES


def described_by(pieces: Sequence[Piece]) -> Instrument | None:
    """Return the instrument that all files of trades describe alike, else ``None``."""
    told = [piece.instrument for piece in pieces if piece.table == "trades"]
    return told[0] if told and all(one == told[0] for one in told) else None


def _tick(pieces: Sequence[Piece], tables: Mapping[str, pl.DataFrame]) -> Decimal:
    """Return the step of prices: of trades, else of bars of traded prices, else of marks."""
    decimals = [
        piece.price_decimals for piece in pieces if piece.table == "trades" and piece.price_decimals >= 0
    ]
    if decimals:
        return Decimal(1).scaleb(-max(decimals))
    bars = tables.get("bars")
    if bars is not None and not bars.is_empty():
        return decimals_step(bars["close"].unique().to_numpy(), _BAR_DECIMALS)
    for name, column in (("liquidations", "price"), ("mark_bars", "close")):
        table = tables.get(name)
        if table is not None and not table.is_empty():
            return decimals_step(table[column].unique().to_numpy(), _BAR_DECIMALS)
    return Instrument("", "", "").tick_size


def _lot(pieces: Sequence[Piece], tables: Mapping[str, pl.DataFrame]) -> Decimal:
    """Return the step of sizes: of trades, else of open interest."""
    decimals = [piece.lot_decimals for piece in pieces if piece.table == "trades" and piece.lot_decimals >= 0]
    if decimals:
        return Decimal(1).scaleb(-max(decimals))
    for name, column in (("open_interest", "oi_published"), ("liquidations", "qty_native")):
        table = tables.get(name)
        if table is not None and not table.is_empty():
            return decimals_step(table[column].unique().to_numpy(), _LOT_DECIMALS)
    return Instrument("", "", "").lot_size
