from __future__ import annotations

import math

import pytest

from liqatlas.base import schemas
from liqatlas.base.errors import InputError, InternalError
from liqatlas.store.keys import KEYINGS, checked, counted, keying, merge
from tests.conformance.store.rows import IDENTITY, START, frame, made_up, trade, trades

ID = KEYINGS["trades"]
EVENT = KEYINGS["liquidations"]


def test_every_table_that_rests_has_a_key_of_its_columns() -> None:
    assert (
        set(KEYINGS) == set(schemas.ALL_TABLES) - {"margin_tiers"} == set(IDENTITY)
    )  # tiers rest with their instrument
    for name, rule in KEYINGS.items():
        assert set(rule.columns) <= set(rule.table.columns), name
        assert rule.time == rule.table.sort_by[0]


def test_unknown_dataset_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="wanted one of trades"):
        keying("candles")


def test_nan_is_refused_because_sqlite_would_make_it_a_null() -> None:
    rows = frame("trades", [trade(START, qty=math.nan)])
    with pytest.raises(InputError, match="NaN in qty_native"):
        checked("trades", rows)


def test_missing_column_is_refused() -> None:
    with pytest.raises(InternalError, match="price_ticks"):
        checked("trades", trades(2).drop("price_ticks"))


def test_identical_events_of_one_block_stay_two() -> None:
    block = frame("trades", [trade(START), trade(START)])
    assert merge(ID, ID.table.empty(), counted(ID, block)).height == 2


def test_a_repeated_block_adds_nothing() -> None:
    block = frame("trades", [trade(START), trade(START), trade(START + 1)])
    once = merge(ID, ID.table.empty(), counted(ID, block))
    assert merge(ID, once, counted(ID, block)).equals(once)


def test_two_sources_are_united_as_multisets() -> None:
    told_once = frame("trades", [trade(START)])
    told_thrice = frame("trades", [trade(START)] * 3)
    for first, second in ((told_once, told_thrice), (told_thrice, told_once)):
        once = merge(ID, ID.table.empty(), counted(ID, first))
        assert merge(ID, once, counted(ID, second)).height == 3


def test_equal_content_with_different_ids_is_two_trades_and_one_id_is_one() -> None:
    rows = frame("trades", [trade(START, trade_id=1), trade(START, trade_id=2), trade(START, trade_id=2)])
    assert merge(ID, ID.table.empty(), counted(ID, rows))["trade_id"].to_list() == [1, 2]


def test_a_row_with_an_id_stands_for_one_without_in_either_order() -> None:
    with_id = frame("trades", [trade(START, trade_id=7)])
    without = frame("trades", [trade(START), trade(START)])
    for first, second in ((with_id, without), (without, with_id)):
        once = merge(ID, ID.table.empty(), counted(ID, first))
        both = merge(ID, once, counted(ID, second))
        assert both["trade_id"].to_list() == [7, None]
        assert merge(ID, both, counted(ID, without)).equals(both)
        assert merge(ID, both, counted(ID, with_id)).equals(both)


def test_ids_told_later_replace_rows_without_one_by_one() -> None:
    held = merge(ID, ID.table.empty(), counted(ID, frame("trades", [trade(START)] * 3)))
    for number in (1, 2, 3, 4):
        held = merge(ID, held, counted(ID, frame("trades", [trade(START, trade_id=number)])))
    assert held["trade_id"].to_list() == [1, 2, 3, 4]


def test_within_a_moment_ids_order_and_rows_without_keep_their_arrival() -> None:
    by_id = frame("trades", [trade(START, price=9, trade_id=2), trade(START, price=5, trade_id=1)])
    assert merge(ID, ID.table.empty(), counted(ID, by_id))["price_ticks"].to_list() == [5, 9]
    arrived = frame("trades", [trade(START, price=9), trade(START, price=5)])
    assert merge(ID, ID.table.empty(), counted(ID, arrived))["price_ticks"].to_list() == [9, 5]


def test_the_later_state_stands() -> None:
    rule = KEYINGS["open_interest"]
    first = frame("open_interest", [{"ts_event_ns": START, "oi_native": 1.0, "oi_published": 1.0}])
    second = first.with_columns(oi_native=2.0)
    assert merge(rule, first, second).equals(second)


@pytest.mark.parametrize("dataset", sorted(KEYINGS))
def test_merge_twice_is_merge_once(dataset: str) -> None:
    rule = KEYINGS[dataset]
    first, second = (counted(rule, made_up(dataset, 60, seed)) for seed in (1, 2))
    held = merge(rule, merge(rule, rule.table.empty(), first), second)
    assert merge(rule, merge(rule, held, first) if rule.rule != "last" else held, second).equals(held)
    assert held.schema == rule.table.schema


def test_liquidations_that_differ_only_in_the_known_mark_are_one() -> None:
    row = {
        "ts_event_ns": START, "liquidated": "long", "price": 70_000.0, "price_kind": "fill", "qty_native": 0.1,
        "notional_usd": 7000.0, "mark_price": None,
    }  # fmt: skip
    told, again = frame("liquidations", [row]), frame("liquidations", [row | {"mark_price": 70_001.0}])
    once = merge(EVENT, EVENT.table.empty(), counted(EVENT, told))
    assert merge(EVENT, once, counted(EVENT, again)).equals(told)
