"""When two rows are the same event: the key of each dataset, and the one merge that all reading goes through.

Three rules:

``last``
    A state at a moment (a bar, a sample): one row per key, the one written last stands.
``count``
    Events without an id: real events can be identical, so a row is known by its content AND its number among the
    identical rows of its source. Two sources that tell of the same events are united as multisets: of an event that one
    tells twice and the other once, two rows stand.
``id``
    Events with the venue's id: the id within its UTC minute is the key. Rows whose source gives no id follow ``count``;
    where both kinds meet, a row with an id stands for one identical row without.

No key reaches over the edge of a UTC minute: a merge minute by minute is the merge of the whole, so that files of any size
are merged in little memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from liqatlas.base import schemas
from liqatlas.base.clock import MINUTE_NS
from liqatlas.base.errors import InputError

if TYPE_CHECKING:
    from liqatlas.base.schemas import Table

#: What equals across its edge is told apart: rows can be merged stretch by stretch, each of whole cells of this length.
CELL_NS = MINUTE_NS
#: Column that numbers identical rows of one source; exists in hot rows and during a merge, never in files.
OCCURRENCE = "occurrence"
_CELL = "cell"


@dataclass(frozen=True, slots=True)
class Keying:
    """How rows of one dataset are told apart.

    Attributes
    ----------
    table
        The schema of ``base.schemas``.
    rule
        ``last``, ``count`` or ``id``.
    columns
        What makes two rows identical, without the id; the first is the moment that files and windows go by.
    id_column
        The venue's id under the rule ``id``, else empty.
    """

    table: Table
    rule: Literal["last", "count", "id"]
    columns: tuple[str, ...]
    id_column: str = ""

    @property
    def time(self) -> str:
        """The column that orders the rows and places them in a day."""
        return self.columns[0]


KEYINGS: dict[str, Keying] = {
    keying.table.name: keying
    for keying in (
        Keying(schemas.TRADES, "id", ("ts_event_ns", "price_ticks", "qty_native", "taker_buy"), "trade_id"),
        Keying(
            schemas.LIQUIDATIONS, "count", ("ts_event_ns", "liquidated", "price", "price_kind", "qty_native")
        ),
        Keying(schemas.BARS, "last", ("ts_open_ns", "ts_close_ns", "price_kind")),
        Keying(schemas.OPEN_INTEREST, "last", ("ts_event_ns",)),
        Keying(schemas.MARKS, "last", ("ts_event_ns",)),
        Keying(schemas.FUNDING, "last", ("ts_event_ns", "settled")),
        Keying(schemas.LIQUIDATION_BARS, "last", ("ts_open_ns", "ts_close_ns")),
        Keying(schemas.BOOK_LEVELS, "last", ("ts_event_ns", "book_side", "level")),
        Keying(schemas.POSITIONS, "last", ("ts_event_ns", "account", "position")),
        Keying(schemas.LONG_SHORT_RATIOS, "last", ("ts_event_ns", "ratio_of")),
        Keying(schemas.INSURANCE_FUND, "last", ("ts_event_ns", "currency")),
    )
}


def keying(dataset: str) -> Keying:
    """Return a dataset's keying.

    Raises
    ------
    InputError
        If the store keeps no such dataset.
    """
    try:
        return KEYINGS[dataset]
    except KeyError:
        raise InputError(
            f"dataset {dataset!r} is not kept in rows: wanted one of {', '.join(KEYINGS)}"
        ) from None


def checked(dataset: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame in its dataset's schema, refused if a number is not one.

    Raises
    ------
    InternalError
        If columns are missing, of another type or null where a null has no meaning.
    InputError
        If a float is NaN: SQLite would turn it into a null, which means "the source does not say".
    """
    table = keying(dataset).table
    out = frame
    required = (name for name, column in table.columns.items() if not column.nullable)
    if frame.schema != table.schema or any(frame[name].null_count() for name in required):
        out = table.conform(frame)
    floats = (name for name, column in table.columns.items() if column.dtype == pl.Float64)
    names = [name for name in floats if _has_nan(out[name])]
    if names:
        raise InputError(
            f"dataset {dataset}: NaN in {', '.join(names)}; wanted a number, or null where the source does not say"
        )
    return out


def _has_nan(values: pl.Series) -> bool:
    # by NumPy where it can be: appends are many and small, an expression costs more than the look
    return bool(values.is_nan().any() if values.null_count() else np.isnan(values.to_numpy()).any())


def counted(rule: Keying, frame: pl.DataFrame) -> pl.DataFrame:
    """Return rows as they arrive from one source, identical rows without an id numbered from zero.

    A row with an id has number zero: its id alone tells it from others.
    """
    if rule.rule == "last":
        return frame
    if rule.id_column and not frame[rule.id_column].null_count():
        return frame.hstack([pl.Series(OCCURRENCE, np.zeros(frame.height, np.int64))])
    within = pl.int_range(pl.len(), dtype=pl.Int64).over(*_content(rule))
    if rule.id_column:
        within = pl.when(pl.col(rule.id_column).is_null()).then(within).otherwise(0)
    return frame.with_columns(within.alias(OCCURRENCE))


def _content(rule: Keying) -> tuple[str, ...]:
    return (*rule.columns, *((rule.id_column,) if rule.id_column else ()))


def numbered(rule: Keying, frame: pl.DataFrame) -> pl.DataFrame:
    """Return an exact table with its identical rows numbered; one without an id comes after all identical ones with an id."""
    out = counted(rule, frame)
    if not rule.id_column:
        return out
    has_id = pl.col(rule.id_column).is_not_null()
    told = has_id.cast(pl.Int64).sum().over(*rule.columns)
    return out.with_columns(pl.when(has_id).then(0).otherwise(pl.col(OCCURRENCE) + told).alias(OCCURRENCE))


def merge(rule: Keying, older: pl.DataFrame, newer: pl.DataFrame) -> pl.DataFrame:
    """Return the union of two exact tables as an exact, sorted table.

    Parameters
    ----------
    rule
        The dataset's keying.
    older
        Rows of a file: the table's columns, already exact.
    newer
        Rows written later: the table's columns and :data:`OCCURRENCE`, in the order they arrived.

    Returns
    -------
    The table's columns, sorted by moment; rows of one moment stand by id, those without in the order they arrived.

    Notes
    -----
    ``merge(r, merge(r, a, b), b) == merge(r, a, b)``: writing the same rows again changes nothing.
    """
    if rule.rule == "last":
        both = pl.concat([older, newer.select(older.columns)])
        unique = both.unique(subset=rule.columns, keep="last", maintain_order=True)
        return unique.sort(*rule.columns, maintain_order=True)
    both = pl.concat([numbered(rule, older), newer.select(*older.columns, OCCURRENCE)])
    if not rule.id_column:
        unique = both.unique(subset=(*rule.columns, OCCURRENCE), keep="first", maintain_order=True)
        return unique.drop(OCCURRENCE).sort(rule.time, maintain_order=True)
    return _merge_by_id(rule, both).drop(OCCURRENCE)


def _merge_by_id(rule: Keying, both: pl.DataFrame) -> pl.DataFrame:
    """Unite rows with and without ids; see the rule ``id`` at the head of this file."""
    has_id = pl.col(rule.id_column).is_not_null()
    with_id = both.filter(has_id).with_columns((pl.col(rule.time) // CELL_NS).alias(_CELL))
    with_id = with_id.unique(subset=(rule.id_column, _CELL), keep="first", maintain_order=True).drop(_CELL)
    without = both.filter(~has_id)
    if not without.is_empty():
        without = without.unique(subset=(*rule.columns, OCCURRENCE), keep="first", maintain_order=True)
        told = with_id.group_by(*rule.columns).agg(pl.len().cast(pl.Int64).alias("told"))
        without = (
            without.join(told, on=rule.columns, how="left", nulls_equal=True, maintain_order="left")
            .filter(pl.col(OCCURRENCE) >= pl.col("told").fill_null(0))
            .drop("told")
        )
    return pl.concat([with_id, without]).sort(rule.time, rule.id_column, nulls_last=True, maintain_order=True)
