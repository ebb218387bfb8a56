"""Table schemas: what crosses a room has exactly these columns."""

from __future__ import annotations

import polars as pl
import pytest

from liqatlas.base import schemas
from liqatlas.base.errors import InternalError
from liqatlas.base.schemas import ALL_TABLES, TRADES, Table

TABLES = pytest.mark.parametrize("table", ALL_TABLES.values(), ids=list(ALL_TABLES))


@TABLES
def test_empty_table_conforms(table: Table) -> None:
    empty = table.empty()
    assert empty.schema == table.schema
    assert table.conform(empty).equals(empty)


@TABLES
def test_every_column_has_a_meaning_and_numbers_have_a_unit(table: Table) -> None:
    for name, column in table.columns.items():
        assert column.meaning, name
        if name.endswith("_ns"):
            assert column.unit == "ns since 1970 UTC"
        if name.endswith("_usd"):
            assert column.unit == "USD"
        if name.endswith("_native"):
            assert column.unit == "native"
        if name.endswith("_ticks"):
            assert (column.unit, column.dtype) == ("ticks", pl.Int64())


@TABLES
def test_rows_are_sorted_by_columns_that_hold_a_value(table: Table) -> None:
    assert table.sort_by
    assert all(not table.columns[name].nullable for name in table.sort_by)


@TABLES
def test_no_bare_side(table: Table) -> None:
    assert "side" not in table.columns


def trades(**columns: object) -> pl.DataFrame:
    whole = {"ts_event_ns": [1, 2], "price_ticks": [10, 11], "qty_native": [0.5, 1.0]}
    return pl.DataFrame({**whole, **columns})


def test_conform_orders_casts_fills_and_drops() -> None:
    frame = trades(extra=["x", "y"], taker_buy=[True, None]).select(
        "qty_native", "extra", "taker_buy", pl.col("price_ticks").cast(pl.Int16), "ts_event_ns"
    )
    out = TRADES.conform(frame)
    assert out.schema == TRADES.schema
    assert out["price_ticks"].to_list() == [10, 11]
    assert out["taker_buy"].to_list() == [True, None]
    assert out["trade_id"].to_list() == [None, None]


def test_conform_makes_words_of_the_vocabulary() -> None:
    frame = pl.DataFrame(
        {
            "ts_event_ns": [1], "liquidated": ["long"], "price": [1.0], "price_kind": ["bankruptcy"], "qty_native": [1.0],
            "notional_usd": [1.0],
        }
    )  # fmt: skip
    assert schemas.LIQUIDATIONS.conform(frame)["liquidated"].dtype == schemas.POSITION
    with pytest.raises(InternalError, match="cannot be cast"):
        schemas.LIQUIDATIONS.conform(frame.with_columns(liquidated=pl.lit("sell")))


def test_conform_refuses_a_missing_column() -> None:
    with pytest.raises(InternalError, match="columns qty_native are missing"):
        TRADES.conform(trades().drop("qty_native"))


def test_conform_refuses_a_null_where_none_may_be() -> None:
    with pytest.raises(InternalError, match="columns price_ticks hold nulls"):
        TRADES.conform(trades(price_ticks=[10, None]))


def test_conform_refuses_text_in_a_number() -> None:
    with pytest.raises(InternalError, match="cannot be cast"):
        TRADES.conform(trades(qty_native=["1.0", "much"]))


@pytest.mark.parametrize("prices", [[10.0, 11.5], [10.0, float("nan")], [10.0, float("inf")]])
def test_conform_refuses_to_cut_fractions_off(prices: list[float]) -> None:
    with pytest.raises(InternalError, match="price_ticks holds fractions"):
        TRADES.conform(trades(price_ticks=prices))


def test_conform_takes_whole_floats_and_absent_ids() -> None:
    out = TRADES.conform(trades(price_ticks=[10.0, 11.0], trade_id=[None, 5.0]))
    assert out["price_ticks"].to_list() == [10, 11]
    assert out["trade_id"].to_list() == [None, 5]
