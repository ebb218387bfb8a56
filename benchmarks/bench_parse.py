"""Messages a second through parsing, beside the floor of a bare msgspec loop over the same bytes.

Run: python benchmarks/bench_parse.py [path to btcusdt_20240808.gz]. The numbers are ratios to the floor of the same run.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from liqatlas.base.instruments import Instrument
from liqatlas.venues.binance import parse as binance
from liqatlas.venues.bybit import parse as bybit
from liqatlas.venues.frames import Listing
from liqatlas.venues.hyperliquid import parse as hyperliquid
from liqatlas.venues.okx import parse as okx
from liqatlas.venues.rows import RowBatch

if TYPE_CHECKING:
    from collections.abc import Callable

COUNT = 100_000


def listing(venue: str, symbol: str, tick: str, value: str = "1") -> dict[str, Listing]:
    instrument = Instrument(venue, symbol, "BTC", tick_size=Decimal(tick), contract_value=Decimal(value))
    return {symbol: Listing(instrument, funding_interval_h=8.0)}


def generated() -> dict[str, tuple[list[bytes], Callable[[bytes], Any]]]:
    """One trade a message, as each venue sends it."""
    b, y = listing("binance", "BTCUSDT", "0.1"), listing("bybit", "BTCUSDT", "0.1")
    o, h = listing("okx", "BTC-USDT-SWAP", "0.1", "0.01"), listing("hyperliquid", "BTC", "1")
    agg = [
        {"stream": "btcusdt@aggTrade", "data": {"e": "aggTrade", "E": 1, "a": i, "s": "BTCUSDT", "p": f"{60000 + i % 99}.1",
         "q": "0.010", "f": 1, "l": 1, "T": 1_700_000_000_000 + i, "m": True}}
        for i in range(COUNT)
    ]  # fmt: skip
    public = [
        {"topic": "publicTrade.BTCUSDT", "type": "snapshot", "ts": 1, "data": [{"T": 1_700_000_000_000 + i, "s": "BTCUSDT",
         "S": "Buy", "v": "0.01", "p": "60000.5", "L": "PlusTick", "i": "20f43950-d8dd-5b31-9112-a178eb6023af", "BT": False}]}
        for i in range(COUNT)
    ]  # fmt: skip
    swaps = [
        {"arg": {"channel": "trades", "instId": "BTC-USDT-SWAP"}, "data": [{"instId": "BTC-USDT-SWAP", "tradeId": str(i),
         "px": "60000.1", "sz": "3", "side": "buy", "ts": "1700000000000", "count": "1", "source": "0", "seqId": 1}]}
        for i in range(COUNT)
    ]  # fmt: skip
    coins = [
        {"channel": "trades", "data": [{"coin": "BTC", "side": "B", "px": "60000.0", "sz": "0.01", "time": 1_700_000_000_000,
         "hash": "0x0", "tid": i, "users": ["0xa", "0xb"]}]}
        for i in range(COUNT)
    ]  # fmt: skip
    return {
        "binance aggTrade": (_bytes(agg), lambda p: binance.parse_frame(p, b)),
        "bybit publicTrade": (_bytes(public), lambda p: bybit.parse_frame(p, y)),
        "okx trades": (_bytes(swaps), lambda p: okx.parse_frame(p, o)),
        "hyperliquid trades": (_bytes(coins), lambda p: hyperliquid.parse_frame(p, h, 1)),
    }


def _bytes(messages: list[dict[str, Any]]) -> list[bytes]:
    return [json.dumps(m).encode() for m in messages]


def recorded(path: Path) -> tuple[list[bytes], Callable[[bytes], Any]]:
    """The real stream: depth, trades and best prices."""
    listings = listing("binance", "BTCUSDT", "0.1")
    with gzip.open(path) as file:
        lines = [line.partition(b" ")[2] for line in file]
    return [x for x in lines if x.startswith(b'{"stream"')], lambda p: binance.parse_frame(p, listings)


def measure(name: str, messages: list[bytes], parse: Callable[[bytes], Any]) -> None:
    decoder = msgspec.json.Decoder()
    floor = min(_seconds(messages, decoder.decode) for _ in range(3))
    ours = min(_seconds(messages, parse) for _ in range(3))
    print(
        f"{name:22s} {len(messages) / ours:>10,.0f} messages/s   {ours / len(messages) * 1e6:6.2f} µs each   "
        f"bare msgspec {len(messages) / floor:>10,.0f}/s   ratio {ours / floor:4.2f}"
    )


def _seconds(messages: list[bytes], work: Callable[[bytes], Any]) -> float:
    begin = time.perf_counter()
    for message in messages:
        work(message)
    return time.perf_counter() - begin


def main() -> None:
    for name, (messages, parse) in generated().items():
        measure(name, messages, parse)
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data/binance_raw_stream/btcusdt_20240808.gz")
    if path.is_file():
        measure("binance recorded", *recorded(path))
    batch = RowBatch()
    rows = [(1_700_000_000_000_000_000 + i, 600_001, 0.01, True, i) for i in range(COUNT)]
    begin = time.perf_counter()
    batch.extend("trades", "BTCUSDT", rows)
    batch.frames()
    print(f"{'rows to Polars':22s} {COUNT / (time.perf_counter() - begin):>10,.0f} rows/s")


if __name__ == "__main__":
    main()
