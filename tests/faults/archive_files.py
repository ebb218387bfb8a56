"""Rows of Binance's archive, written as files: what the tests of bad input start from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.venues.importers import read_paths

if TYPE_CHECKING:
    from pathlib import Path

    from liqatlas.base.recording import Recording

T0 = 1_717_200_000_000
HEADER = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker"
NAME = "BTCUSDT-aggTrades-2024-06-01.csv"


def agg_rows(count: int, *, first: int = 1, price: float = 61_800.0, step_ms: int = 100) -> list[str]:
    """Rows as Binance's archive writes them."""
    return [
        f"{i},{price + (i % 7) / 10:.1f},0.{i % 9 + 1:03d},{i},{i},{T0 + i * step_ms},{'true' if i % 2 else 'false'}"
        for i in range(first, first + count)
    ]


def written(folder: Path, rows: list[str], *, name: str = NAME, header: str = HEADER) -> Path:
    path = folder / name
    lines = [header, *rows] if header else rows
    path.write_bytes(("\n".join(lines) + "\n").encode())
    return path


def read_one(path: Path) -> Recording:
    (recording,) = read_paths([path])
    return recording
