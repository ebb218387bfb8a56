"""Table schemas: name, type, unit and meaning of every column that crosses a room.

Prices of trades rest as integer ticks; prices that venues publish with more digits than the tick (mark, index, averages)
rest as floats. Sizes are native quantities (see ``instruments``). Moments are ns since 1970 UTC. A null is "the source
does not say", never zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from liqatlas.base.errors import InternalError

if TYPE_CHECKING:
    from polars._typing import PolarsDataType

POSITION = pl.Enum(["long", "short"])
BOOK_SIDE = pl.Enum(["bid", "ask"])
PRICE_KIND = pl.Enum(["last", "mark", "index", "spot"])
PRINT_PRICE_KIND = pl.Enum(["fill", "bankruptcy", "order", "mark"])
MARGIN_MODE = pl.Enum(["isolated", "cross"])
RATIO_OF = pl.Enum(["accounts", "top_accounts", "top_positions"])
ADL_STATE = pl.Enum(["normal", "warning", "adl"])


@dataclass(frozen=True, slots=True)
class Column:
    """One column: type, unit, meaning and whether a null is allowed."""

    dtype: PolarsDataType
    unit: str
    meaning: str
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table schema; ``columns`` in their order, rows sorted by ``sort_by``."""

    name: str
    meaning: str
    columns: dict[str, Column]
    sort_by: tuple[str, ...]

    @property
    def schema(self) -> pl.Schema:
        """The Polars schema."""
        return pl.Schema({name: column.dtype for name, column in self.columns.items()})

    def empty(self) -> pl.DataFrame:
        """Return a table of no rows."""
        made = _EMPTY.get(self.name)
        if made is None:
            made = _EMPTY[self.name] = pl.DataFrame(schema=self.schema)
        return made.clone()

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the frame with exactly these columns in this order, absent nullable ones filled with null.

        Raises
        ------
        InternalError
            If a column that must be there is missing, cannot be cast or holds a null.
        """
        missing = [n for n, c in self.columns.items() if n not in frame.columns and not c.nullable]
        if missing:
            raise InternalError(
                f"table {self.name}: columns {', '.join(missing)} are missing; got {frame.columns}"
            )
        for name in frame.columns:
            wanted = self.columns.get(name)
            if (
                wanted
                and wanted.dtype.is_integer()
                and frame[name].dtype.is_float()
                and (frame[name] % 1 != 0).any()
            ):
                raise InternalError(
                    f"table {self.name}: column {name} holds fractions where whole numbers are wanted"
                )
        try:
            out = frame.select(
                (pl.col(n) if n in frame.columns else pl.lit(None, dtype=c.dtype)).cast(c.dtype).alias(n)
                for n, c in self.columns.items()
            )
        except pl.exceptions.PolarsError as error:
            raise InternalError(f"table {self.name}: a column cannot be cast: {error}") from None
        nulls = [n for n, c in self.columns.items() if not c.nullable and out[n].null_count() > 0]
        if nulls:
            raise InternalError(f"table {self.name}: columns {', '.join(nulls)} hold nulls and may not")
        return out


#: The empty table of each name, made once: every recording holds a dozen of them.
_EMPTY: dict[str, pl.DataFrame] = {}

_TS = Column(pl.Int64(), "ns since 1970 UTC", "moment the venue gives the event")
_RECV = Column(pl.Int64(), "ns since 1970 UTC", "moment we received it", nullable=True)
_F = pl.Float64()

TRADES = Table(
    "trades",
    "one row per (aggregate) trade, in the venue's order",
    {
        "ts_event_ns": _TS,
        "price_ticks": Column(pl.Int64(), "ticks", "price divided by the instrument's tick size"),
        "qty_native": Column(_F, "native", "size, one-sided"),
        "taker_buy": Column(
            pl.Boolean(), "", "true where the taker bought; taker_side is buy", nullable=True
        ),
        "trade_id": Column(pl.Int64(), "", "the venue's id where it gives one", nullable=True),
    },
    ("ts_event_ns",),
)

BARS = Table(
    "bars",
    "price bars [ts_open, ts_close)",
    {
        "ts_open_ns": Column(pl.Int64(), "ns since 1970 UTC", "start, inclusive"),
        "ts_close_ns": Column(pl.Int64(), "ns since 1970 UTC", "end, exclusive"),
        "open": Column(_F, "quote", "first price"),
        "high": Column(_F, "quote", "highest price"),
        "low": Column(_F, "quote", "lowest price"),
        "close": Column(_F, "quote", "last price"),
        "volume_native": Column(
            _F, "native", "turnover, one-sided; null for mark and index bars", nullable=True
        ),
        "taker_buy_native": Column(
            _F, "native", "part of the turnover in which the taker bought", nullable=True
        ),
        "price_kind": Column(PRICE_KIND, "", "which price the bar is of"),
    },
    ("ts_open_ns",),
)

OPEN_INTEREST = Table(
    "open_interest",
    "samples of open interest",
    {
        "ts_event_ns": _TS,
        "oi_native": Column(
            _F, "native", "open interest, ONE-SIDED (halved where the venue counts both sides)"
        ),
        "oi_published": Column(_F, "native", "the figure as published"),
        "oi_usd": Column(_F, "USD", "one-sided value where the source gives it", nullable=True),
    },
    ("ts_event_ns",),
)

MARKS = Table(
    "marks",
    "samples of the mark price",
    {
        "ts_event_ns": _TS,
        "mark_price": Column(_F, "quote", "the price that triggers liquidation"),
        "index_price": Column(_F, "quote", "index or oracle price", nullable=True),
    },
    ("ts_event_ns",),
)

FUNDING = Table(
    "funding",
    "funding rates",
    {
        "ts_event_ns": _TS,
        "funding_rate": Column(
            _F, "fraction", "rate per interval, longs pay shorts where positive; never percent"
        ),
        "interval_h": Column(_F, "h", "hours the rate covers"),
        "settled": Column(pl.Boolean(), "", "true for a payment that happened, false for a prediction"),
    },
    ("ts_event_ns",),
)

LIQUIDATIONS = Table(
    "liquidations",
    "liquidation prints, one row per published event",
    {
        "ts_event_ns": _TS,
        "liquidated": Column(POSITION, "", "the position that was closed; a liquidated long sells"),
        "price": Column(_F, "quote", "price as published"),
        "price_kind": Column(PRINT_PRICE_KIND, "", "what that price is"),
        "qty_native": Column(_F, "native", "size"),
        "notional_usd": Column(_F, "USD", "size at that price"),
        "mark_price": Column(_F, "quote", "mark at the print where known", nullable=True),
    },
    ("ts_event_ns",),
)

LIQUIDATION_BARS = Table(
    "liquidation_bars",
    "liquidation totals per interval, as a vendor or venue aggregates them",
    {
        "ts_open_ns": Column(pl.Int64(), "ns since 1970 UTC", "start, inclusive"),
        "ts_close_ns": Column(pl.Int64(), "ns since 1970 UTC", "end, exclusive"),
        "long_usd": Column(_F, "USD", "liquidated longs"),
        "short_usd": Column(_F, "USD", "liquidated shorts"),
    },
    ("ts_open_ns",),
)

BOOK_LEVELS = Table(
    "book_levels",
    "order-book snapshots, one row per level",
    {
        "ts_event_ns": _TS,
        "book_side": Column(BOOK_SIDE, "", "bid or ask"),
        "level": Column(pl.Int32(), "", "0 is the best price"),
        "price": Column(_F, "quote", "limit price"),
        "qty_native": Column(_F, "native", "resting size"),
    },
    ("ts_event_ns", "book_side", "level"),
)

POSITIONS = Table(
    "positions",
    "public positions at a snapshot",
    {
        "ts_event_ns": _TS,
        "account": Column(pl.String(), "", "address or account name"),
        "position": Column(POSITION, "", "long or short"),
        "qty_native": Column(_F, "native", "size, positive"),
        "entry_price": Column(_F, "quote", "average entry"),
        "mark_price": Column(_F, "quote", "mark at the snapshot", nullable=True),
        "leverage": Column(_F, "", "leverage the account set", nullable=True),
        "margin_mode": Column(MARGIN_MODE, "", "isolated or cross", nullable=True),
        "margin_usd": Column(_F, "USD", "margin of the position", nullable=True),
        "account_value_usd": Column(_F, "USD", "equity that backs it (cross)", nullable=True),
        "liquidation_price": Column(_F, "quote", "as the venue publishes it", nullable=True),
        "max_leverage": Column(_F, "", "the venue's cap for the coin then", nullable=True),
        "unrealised_pnl_usd": Column(_F, "USD", "as published", nullable=True),
    },
    ("ts_event_ns", "account"),
)

MARGIN_TIERS = Table(
    "margin_tiers",
    "maintenance-margin tiers of one symbol, valid from a date",
    {
        "tier": Column(pl.Int32(), "", "1 is the smallest"),
        "floor": Column(_F, "floor_unit", "position size from which the tier holds"),
        "cap": Column(_F, "floor_unit", "size up to which it holds; infinite in the last one"),
        "maintenance_rate": Column(_F, "fraction", "maintenance margin per notional"),
        "deduction": Column(_F, "settle", "constant taken off the maintenance margin"),
        "max_leverage": Column(_F, "", "highest leverage allowed in the tier"),
    },
    ("tier",),
)

LONG_SHORT_RATIOS = Table(
    "long_short_ratios",
    "share of accounts (or of top traders' positions) that is net long; a count of holders, never of notional",
    {
        "ts_event_ns": _TS,
        "long_share": Column(_F, "fraction", "net long / (net long + net short)"),
        "ratio_of": Column(
            RATIO_OF, "", "what is counted: all accounts, top accounts, or top accounts' positions"
        ),
    },
    ("ts_event_ns", "ratio_of"),
)

INSURANCE_FUND = Table(
    "insurance_fund",
    "insurance-pool balances and what a venue says about auto-deleveraging",
    {
        "ts_event_ns": _TS,
        "currency": Column(pl.String(), "", "coin the pool is kept in"),
        "balance": Column(_F, "currency", "balance of the pool"),
        "balance_peak": Column(
            _F, "currency", "highest balance of the last 8 h where published", nullable=True
        ),
        "adl_state": Column(ADL_STATE, "", "auto-deleveraging state where published", nullable=True),
    },
    ("ts_event_ns", "currency"),
)

ALL_TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        TRADES, BARS, OPEN_INTEREST, MARKS, FUNDING, LIQUIDATIONS, LIQUIDATION_BARS, BOOK_LEVELS, POSITIONS, MARGIN_TIERS,
        LONG_SHORT_RATIOS, INSURANCE_FUND,
    )
}  # fmt: skip
