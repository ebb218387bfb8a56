"""A file of positions as people write it: CSV with a header, or JSON; every row read or refused by itself."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import dataclass
from typing import Any, Literal

from liqatlas.base.errors import FormatError, InputError

REQUIRED = ("venue", "symbol", "position", "size", "entry_price")
OPTIONAL = ("leverage", "margin_mode", "margin", "wallet_balance", "account", "size_unit", "collateral_asset", "mark_price",
            "maintenance_rate", "maintenance_deduction", "taker_fee")  # fmt: skip
_WORDS = {
    "position": ("long", "short"),
    "margin_mode": ("isolated", "cross"),
    "size_unit": ("base", "contracts", "usd"),
}
_TEXT = frozenset({"venue", "symbol", "position", "margin_mode", "account", "size_unit", "collateral_asset"})
#: Fields that may be zero or negative: a wallet can be empty, a maintenance deduction is often zero.
_ANY_SIGN = frozenset({"wallet_balance", "margin"})
_ZERO = frozenset({"maintenance_deduction", "taker_fee"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One position as written; None where a field is empty. Units: see docs/reference/stress.md."""

    line: int
    venue: str
    symbol: str
    position: Literal["long", "short"]
    size: float
    entry_price: float
    leverage: float | None = None
    margin_mode: Literal["isolated", "cross"] = "isolated"
    margin: float | None = None
    wallet_balance: float | None = None
    account: str = ""
    size_unit: Literal["", "base", "contracts", "usd"] = ""
    collateral_asset: str = ""
    mark_price: float | None = None
    maintenance_rate: float | None = None
    maintenance_deduction: float | None = None
    taker_fee: float | None = None


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read: where, what was written, and what is wrong."""

    line: int
    written: dict[str, Any]
    error: str


def parse_positions(text: str, name: str) -> tuple[list[Row | BadRow], tuple[str, ...]]:
    """Return the rows of a positions file and notes about it.

    Parameters
    ----------
    text
        CSV with a header line, or a JSON list of objects, or an object with the list under ``positions``.
    name
        What messages call the file.

    Raises
    ------
    FormatError
        If it is neither, lacks a needed column, or holds no position.
    """
    stripped = text.lstrip("\ufeff").strip()
    if not stripped:
        raise FormatError(
            name, f"is empty: wanted a header line {','.join(REQUIRED)},… and one line a position"
        )
    records = _from_json(stripped, name) if stripped[0] in "[{" else _from_csv(stripped, name)
    if not records:
        raise FormatError(name, "holds a header but no position")
    unknown = sorted({key for _, record in records for key in record} - {*REQUIRED, *OPTIONAL})
    notes = (f"columns not known and not read: {', '.join(unknown)}",) if unknown else ()
    return [_row(line, record) for line, record in records], notes


def _from_csv(text: str, name: str) -> list[tuple[int, dict[str, Any]]]:
    reader = csv.reader(io.StringIO(text))
    header = [cell.strip().lower() for cell in next(reader)]
    missing = [column for column in REQUIRED if column not in header]
    if missing:
        raise FormatError(
            name,
            f"lacks the columns {', '.join(missing)}; wanted {','.join((*REQUIRED, *OPTIONAL[:4]))}",
            line=1,
        )
    out = []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(header):
            raise FormatError(
                name, f"{len(cells)} cells where the header names {len(header)}", line=reader.line_num
            )
        out.append((reader.line_num, dict(zip(header, cells, strict=False))))
    return out


def _from_json(text: str, name: str) -> list[tuple[int, dict[str, Any]]]:
    try:
        tree = json.loads(text)
    except json.JSONDecodeError as error:
        raise FormatError(name, f"is not valid JSON: {error.msg}", line=error.lineno) from None
    rows = tree.get("positions") if isinstance(tree, dict) else tree
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise FormatError(name, 'wanted a list of objects, or {"positions": [...]}')
    return [(i + 1, {str(k).lower(): v for k, v in row.items()}) for i, row in enumerate(rows)]


def _row(line: int, record: dict[str, Any]) -> Row | BadRow:
    """Return a record as a row, or why it cannot be one."""
    try:
        return Row(line=line, **_fields(record))
    except InputError as error:
        return BadRow(line, record, str(error))


def _fields(record: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that hold something, read."""
    fields: dict[str, Any] = {}
    for key in (*REQUIRED, *OPTIONAL):
        raw = record.get(key)
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            if key in REQUIRED:
                raise InputError(f"{key} is empty")
            continue
        fields[key] = str(raw).strip() if key in _TEXT else _number(key, raw)
    fields["venue"] = fields["venue"].lower()
    for key, allowed in _WORDS.items():
        if key in fields:
            fields[key] = _word(key, fields[key], allowed)
    return fields


def _word(key: str, value: str, allowed: tuple[str, ...]) -> str:
    if value.lower() not in allowed:
        raise InputError(f"{key} is {value!r}: wanted {' or '.join(allowed)}")
    return value.lower()


def _number(key: str, raw: Any) -> float:
    """Return a number, positive unless the field may be otherwise."""
    try:
        value = float(raw) if not isinstance(raw, bool) else math.nan
    except (TypeError, ValueError):
        value = math.nan
    lowest = "any finite number" if key in _ANY_SIGN else "0 or more" if key in _ZERO else "a number above 0"
    fits = math.isfinite(value) and (key in _ANY_SIGN or value > 0 or (key in _ZERO and value == 0))
    if not fits:
        raise InputError(f"{key} is {raw!r}: wanted {lowest}, such as 1250.5")
    return value
