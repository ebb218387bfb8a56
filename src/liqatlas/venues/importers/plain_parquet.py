"""Plain tables kept as Parquet: columns under our names, instrument in the file's metadata.

The metadata key ``liqatlas.instrument`` holds a JSON object with the fields of :class:`~liqatlas.base.instruments.Instrument`
(decimals as text); a file with ``price_ticks`` needs it, as nothing else says how large a tick is.
"""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import polars as pl

from liqatlas.base.errors import FormatError
from liqatlas.base.instruments import Instrument
from liqatlas.venues.importers.pieces import Counts, judge
from liqatlas.venues.importers.recognition import unit_ns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from liqatlas.venues.importers.plain_columns import PlainColumns
    from liqatlas.venues.importers.sources import Source

INSTRUMENT_KEY = "liqatlas.instrument"
_DECIMALS = ("tick_size", "lot_size", "contract_value")
_POSITIVE = ("price", "price_ticks", "open", "high", "low", "close", "qty", "mark_price")
_NOT_NEGATIVE = ("oi", "oi_one_sided", "oi_value", "volume", "long_usd", "short_usd", "notional_usd")
_MUST = ("time", *_POSITIVE[:7], "oi", "oi_one_sided", "long_usd", "short_usd", "funding_rate", "liquidated")


def instrument_in(metadata: Mapping[str, str]) -> Instrument | None:
    """Return the instrument that a file's metadata describes, ``None`` where it holds none that can be used."""
    text = metadata.get(INSTRUMENT_KEY)
    if not text:
        return None
    try:
        said: dict[str, Any] = json.loads(text)
        fields: dict[str, Any] = {
            name: Decimal(str(value)) if name in _DECIMALS else value for name, value in said.items()
        }
        return Instrument(**fields)
    except (ValueError, TypeError, InvalidOperation):
        return None


def instrument_json(instrument: Instrument) -> str:
    """Return the metadata text that :func:`instrument_in` reads."""
    from dataclasses import asdict

    return json.dumps(
        {name: str(value) if name in _DECIMALS else value for name, value in asdict(instrument).items()}
    )


def frame_of_parquet(
    source: Source, plain: PlainColumns, names: dict[str, str]
) -> tuple[pl.DataFrame, Counts, tuple[str, ...]]:
    """Return the columns of a Parquet file under our names, bad rows left out.

    Raises
    ------
    FormatError
        If the file cannot be read, a type does not fit, or too many rows are bad.
    """
    try:
        have = {name.lower(): name for name in pl.read_parquet_schema(source.path)}
        frame = pl.read_parquet(
            source.path, columns=list(dict.fromkeys(have[name] for name in names.values()))
        )
        frame = frame.select(pl.col(have[name]).alias(ours) for ours, name in names.items())
        frame = frame.with_columns(_typed(frame, source.label))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise FormatError(
            source.label, f"the Parquet file cannot be read: {str(error).splitlines()[0]}"
        ) from None
    opens = plain.table in ("bars", "liquidation_bars")
    frame = frame.rename({"time": "ts_open_ns" if opens else "ts_event_ns"})
    if "ts_close" in frame.columns:
        frame = frame.rename({"ts_close": "ts_close_ns"})
    return _sound(source, frame)


def _typed(frame: pl.DataFrame, label: str) -> list[pl.Expr]:
    """Return expressions that give moments in ns and sizes as floats."""
    expressions = []
    for name, dtype in frame.schema.items():
        if name in ("time", "ts_close"):
            expressions.append(_moment(frame[name], label))
        elif name in ("price_ticks", "trade_id"):
            expressions.append(pl.col(name).cast(pl.Int64, strict=False))
        elif name in ("liquidated", "taker_side", "side"):
            expressions.append(pl.col(name).cast(pl.String).str.to_lowercase())
        elif dtype.is_numeric() or (dtype == pl.String and name in (*_POSITIVE, *_NOT_NEGATIVE)):
            expressions.append(pl.col(name).cast(pl.Float64, strict=False))
    return expressions


def _moment(column: pl.Series, label: str) -> pl.Expr:
    if isinstance(column.dtype, pl.Datetime):
        return pl.col(column.name).dt.timestamp("ns").cast(pl.Int64)
    if column.dtype == pl.Date:
        return pl.col(column.name).cast(pl.Datetime("ns")).dt.timestamp("ns").cast(pl.Int64)
    if column.dtype.is_integer():
        said = column.drop_nulls()
        return pl.col(column.name).cast(pl.Int64) * unit_ns(int(said[0]) if len(said) else 0)
    raise FormatError(
        label, f"column {column.name} holds {column.dtype}; wanted a moment or an integer epoch"
    )


def _sound(source: Source, frame: pl.DataFrame) -> tuple[pl.DataFrame, Counts, tuple[str, ...]]:
    """Leave out rows with empty cells or impossible numbers; look closely only where there are any."""
    wrong = pl.lit(value=False)
    for name in frame.columns:
        dtype = frame.schema[name]
        number = pl.col(name)
        if (name in _MUST or name.startswith("ts_")) and frame[name].null_count():
            wrong |= number.is_null()
        if dtype == pl.Float64:
            wrong |= ~number.is_finite().fill_null(value=True)
        if name in _POSITIVE:
            wrong |= (number <= 0).fill_null(value=False)
        if name in _NOT_NEGATIVE:
            wrong |= (number < 0).fill_null(value=False)
    bad = frame.select(wrong.arg_true()).to_series()
    counts = Counts(
        rows=frame.height - bad.len(), bad=bad.len(), bad_line=int(bad[0]) + 1 if bad.len() else 0,
        bad_reason="an empty cell, or a number that is not finite or not positive" if bad.len() else "",
    )  # fmt: skip
    return (frame.filter(~wrong) if bad.len() else frame), counts, judge(source, counts)
