"""The positions table: order, cohorts that sum, and every kind of change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from liqatlas.base.clock import HOUR_NS
from liqatlas.maps.measured_holdings import Flaws, Holdings
from liqatlas.maps.measured_table import changes, margin_split, pnl_cohorts, positions_table, size_cohorts

if TYPE_CHECKING:
    from liqatlas.maps.measured_table import SortKey

NOW = 1_770_000_000 * 10**9


def frame(
    rows: list[tuple[int, str, str, str, float, float | None]], emptied: list[tuple[int, str]] | None = None
) -> Holdings:
    """Return rows of (hours ago, account, coin, position, size, level) at a mark of 100."""
    made = [
        {
            "venue": "v", "ts_event_ns": NOW - hours * HOUR_NS, "account": account, "symbol": coin, "asset": coin,
            "position": position, "direction": 1.0 if position == "long" else -1.0, "qty_native": size, "entry_price": 90.0,
            "mark_price": 100.0, "level": float("nan") if level is None else level, "wrong_side": False, "leverage": 5.0,
            "margin_mode": "cross" if size < 500 else None, "unrealised_pnl_usd": None,
        }
        for hours, account, coin, position, size, level in rows
    ]  # fmt: skip
    gone = [{"venue": "v", "account": a, "ts_event_ns": NOW - hours * HOUR_NS} for hours, a in emptied or []]
    schema = {"venue": pl.String, "account": pl.String, "ts_event_ns": pl.Int64}
    table = pl.DataFrame(made, schema_overrides={"unrealised_pnl_usd": pl.Float64, "margin_mode": pl.String})
    return Holdings(table, (), Flaws(), emptied=pl.DataFrame(gone, schema=schema))


ROWS = [
    (30, "a", "ETH", "long", 10.0, 80.0),
    (30, "a", "BTC", "short", 1.0, 130.0),
    (1, "a", "ETH", "long", 10.0, 85.0),
    (1, "a", "SOL", "short", 5.0, None),
    (2, "b", "ETH", "short", 200_000.0, 104.0),
    (9, "b", "ETH", "long", 50.0, 70.0),
    (3, "c", "ETH", "short", 2_000.0, 150.0),
]


def test_newest_snapshot_of_each_account_and_its_columns() -> None:
    table = positions_table(frame(ROWS), as_of_ns=NOW, window_ns=48 * HOUR_NS)
    assert table.height == 4
    whale = table.row(0, named=True)
    assert (whale["account"], whale["whale"], whale["notional_usd"]) == ("b", True, 2e7)
    assert whale["distance"] == pytest.approx(0.04)
    assert whale["unrealised_pnl_usd"] == pytest.approx(-200_000 * 10)
    assert table.filter(pl.col("symbol") == "SOL")["distance"].to_list() == [None]


@pytest.mark.parametrize(
    ("sort", "column", "descending"),
    [
        ("size", "notional_usd", True),
        ("distance", "distance", False),
        ("pnl", "unrealised_pnl_usd", True),
        ("age", "age_s", True),
    ],
)
def test_order(sort: SortKey, column: str, descending: bool) -> None:
    found = positions_table(frame(ROWS), as_of_ns=NOW, window_ns=48 * HOUR_NS, sort=sort)[column].drop_nulls()
    assert found.to_list() == sorted(found.to_list(), reverse=descending)


def test_window_leaves_old_snapshots_out() -> None:
    table = positions_table(frame(ROWS), as_of_ns=NOW - 5 * HOUR_NS, window_ns=20 * HOUR_NS)
    assert table.select("account", "position").rows() == [("b", "long")]


def test_cohorts_sum_to_the_table() -> None:
    table = positions_table(frame(ROWS), as_of_ns=NOW, window_ns=48 * HOUR_NS)
    total = table["notional_usd"].sum()
    for cohorts in (size_cohorts(table), pnl_cohorts(table), margin_split(table)):
        assert float(
            cohorts.select(pl.col("long_usd") + pl.col("short_usd")).to_numpy().sum()
        ) == pytest.approx(total)
        assert cohorts["positions"].sum() == table.height
    sizes = size_cohorts(table)
    assert sizes.filter(pl.col("low_usd") == 1e7).select("accounts", "near_usd").rows() == [(1, 2e7)]


def test_changes_are_named() -> None:
    found = changes(frame(ROWS), as_of_ns=NOW, window_ns=48 * HOUR_NS)
    named = {(a, s): c for a, s, c in found.select("account", "symbol", "change").iter_rows()}
    assert named == {
        ("a", "BTC"): "closed", ("a", "SOL"): "opened", ("a", "ETH"): "level moved", ("b", "ETH"): "turned",
    }  # fmt: skip
    assert found.row(0, named=True)["account"] == "b"
    assert changes(frame(ROWS), as_of_ns=NOW, window_ns=48 * HOUR_NS, asset="SOL")["change"].to_list() == [
        "opened"
    ]


def test_growth_and_shrinking() -> None:
    rows: list[tuple[int, str, str, str, float, float | None]] = [
        (9, "a", "ETH", "long", 10.0, 80.0),
        (1, "a", "ETH", "long", 12.0, 80.0),
        (9, "b", "ETH", "long", 10.0, 80.0),
        (1, "b", "ETH", "long", 7.0, 80.0),
    ]
    found = changes(frame(rows), as_of_ns=NOW, window_ns=48 * HOUR_NS)
    assert dict(found.select("account", "change").iter_rows()) == {"a": "grown", "b": "shrunk"}


def test_an_account_that_holds_nothing_since_is_gone_and_its_closing_is_told() -> None:
    """Seen to hold nothing an hour ago, c's short of three hours ago is closed; b held something again after it was empty."""
    holdings = frame(ROWS, emptied=[(1, "c"), (5, "b")])
    table = positions_table(holdings, as_of_ns=NOW, window_ns=48 * HOUR_NS)
    assert set(table["account"]) == {"a", "b"}
    found = changes(holdings, as_of_ns=NOW, window_ns=48 * HOUR_NS).filter(pl.col("account") == "c")
    assert found.select("symbol", "change", "after_usd").rows() == [("ETH", "closed", 0.0)]
    opened = changes(holdings, as_of_ns=NOW, window_ns=48 * HOUR_NS).filter(pl.col("account") == "b")
    assert opened.select("change", "position").rows() == [("opened", "short")]
    before = positions_table(holdings, as_of_ns=NOW - 2 * HOUR_NS, window_ns=48 * HOUR_NS)
    assert "c" in set(before["account"])


def test_a_level_that_the_newest_mark_has_passed_is_marked() -> None:
    holdings = frame(
        [
            (5, "a", "ETH", "long", 10.0, 99.0),
            (5, "b", "ETH", "short", 10.0, 101.0),
            (1, "c", "ETH", "long", 1.0, None),
        ]
    )
    moved = holdings.frame.with_columns(
        mark_price=pl.when(pl.col("account") == "c").then(98.0).otherwise(pl.col("mark_price"))
    )
    table = positions_table(Holdings(moved, (), Flaws()), as_of_ns=NOW, window_ns=48 * HOUR_NS)
    assert dict(table.select("account", "passed").iter_rows()) == {"a": True, "b": False, "c": False}
