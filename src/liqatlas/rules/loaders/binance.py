"""Binance notional brackets: ``GET /fapi/v1/leverageBracket``, ``GET /dapi/v2/leverageBracket``, and ccxt's form of them.

USD-M brackets are USD of notional (``notionalFloor``, ``notionalCap``); COIN-M ones are coins (``qtyCap``, and ``qtyFloor``
or, as the venue really spells it, ``qtylFloor``). ccxt and freqtrade key by ``BTC/USDT:USDT`` and keep the raw row in ``info``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from liqatlas.base.errors import FormatError
from liqatlas.rules.loaders.reading import (
    Origin,
    Payload,
    Terms,
    Tier,
    build_table,
    decoded,
    number,
    optional_number,
    rows_of,
)

if TYPE_CHECKING:
    from liqatlas.rules.tier_table import FloorUnit, TierTable


def load_binance_brackets(payload: Payload, origin: Origin) -> dict[str, TierTable]:
    """Return tables by Binance symbol, such as ``BTCUSDT``, ``BTCUSDT_261225`` or ``BTCUSD_PERP``.

    Parameters
    ----------
    payload
        The endpoint's answer (a list, or one object when asked for one symbol), or ccxt's mapping.
    origin
        Where and when it was seen.

    Raises
    ------
    FormatError
        If a field is missing, tiers do not join, or ``cum`` is not the continuous deduction.
    """
    answer = decoded(payload, origin)
    if isinstance(answer, dict) and "brackets" not in answer:
        by_symbol = {_symbol_of_ccxt(name, origin): _raw_rows(rows, origin) for name, rows in answer.items()}
        notes: dict[str, str] = {}
    else:
        entries = rows_of([answer] if isinstance(answer, dict) else answer, origin, "the bracket answer")
        by_symbol = {
            _name(e, origin): rows_of(e.get("brackets"), origin, "field 'brackets'") for e in entries
        }
        notes = {_name(e, origin): _personal(e, origin) for e in entries}
    return {symbol: _table(symbol, rows, origin, notes.get(symbol, "")) for symbol, rows in by_symbol.items()}


def _table(symbol: str, rows: list[dict[str, Any]], origin: Origin, warning: str) -> TierTable:
    """Build one symbol's table; the row's own floors must join, since a gap would be a lost tier."""
    coin = bool(rows) and "qtyCap" in rows[0]
    floor_fields = ("qtyFloor", "qtylFloor") if coin else ("notionalFloor",)
    cap_field = "qtyCap" if coin else "notionalCap"
    unit: FloorUnit = "coin" if coin else "usd"
    tiers = [
        Tier(
            cap=number(row, cap_field, origin),
            rate=number(row, "maintMarginRatio", origin),
            max_leverage=number(row, "initialLeverage", origin),
            deduction=optional_number(row, "cum", origin),
        )
        for row in rows
    ]
    floors = [
        number(row, next((f for f in floor_fields if f in row), floor_fields[0]), origin) for row in rows
    ]
    joined = sorted(zip(floors, tiers, strict=True), key=lambda pair: pair[1].cap)
    expected = 0.0
    for floor, tier in joined:
        if floor != expected:
            raise FormatError(
                origin.source, f"{symbol}: a bracket starts at {floor:g}, the one below ends at {expected:g}"
            )
        expected = tier.cap
    venue = "binance_coinm" if coin else "binance"
    return build_table(venue, symbol, tiers, origin, Terms(floor_unit=unit, warning=warning))


def _name(entry: dict[str, Any], origin: Origin) -> str:
    """Return the symbol, or the pair that COIN-M's first version keyed by."""
    name = entry.get("symbol") or entry.get("pair")
    if not isinstance(name, str):
        raise FormatError(origin.source, f"no symbol in {entry}")
    return name


def _personal(entry: dict[str, Any], origin: Origin) -> str:
    """Say where brackets were widened for the account that asked."""
    factor = optional_number(entry, "notionalCoef", origin)
    if factor in (None, 1.0):
        return ""
    return f"brackets carry this account's own multiplier {factor:g}, others see different ones"


def _symbol_of_ccxt(name: str, origin: Origin) -> str:
    """Return ``BTCUSDT`` of ``BTC/USDT:USDT`` and ``BTCUSDT_261225`` of ``BTC/USDT:USDT-261225``."""
    pair, colon, settle = name.partition(":")
    if not colon or "/" not in pair:
        raise FormatError(origin.source, f"key {name!r} is not a ccxt symbol such as BTC/USDT:USDT")
    _, _, delivery = settle.partition("-")
    return pair.replace("/", "") + (f"_{delivery}" if delivery else "")


def _raw_rows(rows: Any, origin: Origin) -> list[dict[str, Any]]:
    """Return the venue's own rows that ccxt keeps in ``info``."""
    kept = [row.get("info") for row in rows_of(rows, origin, "a symbol's tiers")]
    return rows_of(kept, origin, "field 'info'")
