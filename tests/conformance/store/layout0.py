"""A lake of layout 0, as it was before the first release: hot rows without keys or numbers, a manifest without digests."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from tests.conformance.store.rows import DAY

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from liqatlas.base.instruments import Instrument

TABLES = """
CREATE TABLE series (series INTEGER PRIMARY KEY, venue TEXT, symbol TEXT, tick_size TEXT);
CREATE TABLE instrument (series INTEGER, valid_from_ns INTEGER, asset TEXT, quote TEXT, settle TEXT, kind TEXT,
    tick_size TEXT, lot_size TEXT, contract_value TEXT, price_multiplier INTEGER, expiry_ns INTEGER);
CREATE TABLE manifest (dataset TEXT, series INTEGER, day_ns INTEGER, path TEXT, rows INTEGER);
CREATE TABLE gap (gap INTEGER PRIMARY KEY, dataset TEXT, venue TEXT, symbol TEXT, start_ns INTEGER, end_ns INTEGER,
    reason TEXT);
CREATE TABLE checkpoint (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE hot_trades (series INTEGER, ts_event_ns INTEGER, price_ticks INTEGER, qty_native REAL, taker_buy INTEGER,
    trade_id INTEGER);
CREATE TABLE hot_liquidations (series INTEGER, ts_event_ns INTEGER, liquidated TEXT, price REAL, price_kind TEXT,
    qty_native REAL, notional_usd REAL, mark_price REAL);
PRAGMA user_version = 0;
"""


def build(
    root: Path,
    instrument: Instrument,
    *,
    filed: dict[int, pl.DataFrame],
    hot: pl.DataFrame,
    liquidations: pl.DataFrame,
) -> None:
    """Make a lake of layout 0 with trades in files by day, and trades and liquidations in hot rows."""
    root.mkdir(parents=True)
    connection = sqlite3.connect(root / "catalogue.sqlite")
    connection.executescript(TABLES)
    item = instrument
    connection.execute(
        "INSERT INTO series VALUES (1, ?, ?, ?)", (item.venue, item.symbol, str(item.tick_size))
    )
    connection.execute(
        "INSERT INTO instrument VALUES (1, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            item.asset, item.quote, item.settle, item.kind, str(item.tick_size), str(item.lot_size),
            str(item.contract_value), item.price_multiplier, item.expiry_ns,
        ),
    )  # fmt: skip
    for day, rows in filed.items():
        path = f"trades-{item.symbol}-{day // DAY}.parquet"
        rows.write_parquet(root / path)
        connection.execute("INSERT INTO manifest VALUES ('trades', 1, ?, ?, ?)", (day, path, rows.height))
    connection.executemany("INSERT INTO hot_trades VALUES (1, ?, ?, ?, ?, ?)", hot.rows())
    connection.executemany(
        "INSERT INTO hot_liquidations VALUES (1, ?, ?, ?, ?, ?, ?, ?)", liquidations.rows()
    )
    connection.execute(
        "INSERT INTO gap VALUES (1, 'trades', ?, ?, 5, NULL, 'connection lost')", (item.venue, item.symbol)
    )
    connection.execute("INSERT INTO checkpoint VALUES ('btc', '42')")
    connection.commit()
    connection.close()
