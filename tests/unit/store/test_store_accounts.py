"""The registry of accounts: what only rises, what an older answer may not undo, a file of a newer program, backup and repair."""

from __future__ import annotations

import math
import sqlite3
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from liqatlas.base.account_tables import ACCOUNT_TRADES, ACCOUNTS, EMPTIED
from liqatlas.base.errors import InputError, LakeVersionError
from liqatlas.store import Lake
from liqatlas.store.layout import ACCOUNTS as FILE

if TYPE_CHECKING:
    from pathlib import Path

VENUE = "hyperliquid"


def account(name: str, **known: Any) -> pl.DataFrame:
    row = {
        "account": name, "found_in": "list", "outcome": "holds positions", "last_seen_ns": 100, "last_tried_ns": 100,
        "traded_ns": 0, "notional_usd": 5.0, "distance": math.inf, "failures": 0, "hint_usd": 0.0,
    }  # fmt: skip
    return ACCOUNTS.conform(pl.DataFrame([row | known]))


def trades(*rows: tuple[int, str, float]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=ACCOUNT_TRADES.schema, orient="row")


def test_what_was_put_comes_back_infinite_distance_included(tmp_path: Path) -> None:
    near = account("0xb", distance=0.02, outcome="failed", failures=3)
    with Lake.create(tmp_path / "lake") as lake:
        lake.accounts.put(VENUE, account("0xa"))
        lake.accounts.put(VENUE, near)
        lake.accounts.put("other", account("0xc"))
    with Lake.open(tmp_path / "lake") as lake:
        assert lake.accounts.table(VENUE).equals(pl.concat([account("0xa"), near]))


def test_recorder_and_scan_write_at_once_and_neither_undoes_the_other(tmp_path: Path) -> None:
    with Lake.create(tmp_path / "lake") as lake:
        assert (
            lake.accounts.discover(VENUE, trades((50, "0xa", 7.0), (60, "0xa", 1.0)), found_in="trades") == 1
        )
        lake.accounts.put(VENUE, account("0xa", found_in="list"))
        assert (
            lake.accounts.discover(VENUE, trades((90, "0xa", 3.0), (91, "0xb", 3.0)), found_in="trades") == 1
        )
        lake.accounts.put(VENUE, account("0xa", outcome="failed", last_tried_ns=20))  # an older answer
        (row, other) = lake.accounts.table(VENUE).rows(named=True)
    assert (row["found_in"], row["outcome"], row["traded_ns"], row["hint_usd"]) == (
        "trades",
        "holds positions",
        90,
        8.0,
    )
    assert (other["account"], other["outcome"], other["last_seen_ns"]) == ("0xb", "new", 0)


def test_closings_are_kept_once_and_forgotten_with_the_positions(tmp_path: Path) -> None:
    closed = pl.DataFrame([(10, "0xa"), (2 * 10**18, "0xa")], schema=EMPTIED.schema, orient="row")
    with Lake.create(tmp_path / "lake") as lake:
        lake.accounts.put(VENUE, account("0xa"), closed)
        lake.accounts.put(VENUE, account("0xa"), closed)
        assert lake.accounts.emptied(VENUE, (0, 11)).rows() == [(10, "0xa")]
        lake.retain(at_ns=2 * 10**18 + 10**9)
        assert lake.accounts.emptied(VENUE, (0, 3 * 10**18)).rows() == [(2 * 10**18, "0xa")]


def test_a_lake_from_before_the_registry_knows_nobody_and_learns(tmp_path: Path) -> None:
    Lake.create(tmp_path / "lake").close()
    assert not (tmp_path / "lake" / FILE).exists()
    with Lake.open(tmp_path / "lake") as lake:
        assert lake.accounts.table(VENUE).is_empty()
        assert lake.accounts.emptied(VENUE, (0, 10**18)).is_empty()
        with pytest.raises(InputError, match="opened for reading"):
            lake.accounts.put(VENUE, account("0xa"))
    with Lake.create(tmp_path / "lake") as lake:
        lake.accounts.put(VENUE, account("0xa"))
        assert lake.accounts.table(VENUE).height == 1


def test_a_registry_of_a_newer_program_is_refused_and_unchanged(tmp_path: Path) -> None:
    with Lake.create(tmp_path / "lake") as lake:
        lake.accounts.put(VENUE, account("0xa"))
    with sqlite3.connect(tmp_path / "lake" / FILE) as connection:
        connection.execute("PRAGMA user_version = 9")
    with Lake.create(tmp_path / "lake") as lake:
        for action in (lambda: lake.accounts.table(VENUE), lambda: lake.accounts.put(VENUE, account("0xb"))):
            with pytest.raises(LakeVersionError, match="layout 9"):
                action()


def test_a_backup_holds_the_registry_and_repair_sets_a_damaged_one_aside(tmp_path: Path) -> None:
    with Lake.create(tmp_path / "lake") as lake:
        lake.accounts.put(VENUE, account("0xa"))
        lake.backup(tmp_path / "copy")
    Lake.restore(tmp_path / "copy", tmp_path / "again")
    with Lake.open(tmp_path / "again") as lake:
        assert lake.accounts.table(VENUE)["account"].to_list() == ["0xa"]
    path = tmp_path / "again" / FILE
    path.write_bytes(b"no database at all" * 300)
    assert any("accounts: damaged" in line for line in Lake.repair(tmp_path / "again").actions)
    with Lake.open(tmp_path / "again") as lake:
        assert lake.accounts.table(VENUE).is_empty()
