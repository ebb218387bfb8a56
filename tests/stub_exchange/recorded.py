"""Recorded frames played by the stub: the real Binance stream of 2024-08-08 on today's paths and channel names."""

from __future__ import annotations

# ruff: noqa: ARG002 -- a wire need not use all it is given
import gzip
import json
from typing import TYPE_CHECKING, Any

from tests.stub_exchange.wire_binance import CONTRACTS, BinanceWire

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


#: The recording's streams and what a client of today asks for.
TODAY = {
    "btcusdt@trade": "btcusdt@aggTrade",
    "btcusdt@depth@0ms": "btcusdt@depth@100ms",
    "btcusdt@bookTicker": "btcusdt@bookTicker",
}


class RecordedMarket:
    """Frames in the order and number they were received."""

    def __init__(self, path: Path, frames: int) -> None:
        self.contracts = {"BTCUSDT": CONTRACTS[0]}
        self.frames: list[str] = []
        self.snapshot = ""
        self.cursor = 0
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                payload = line.partition(" ")[2].rstrip()
                if payload.startswith('{"stream"'):
                    self.frames.append(payload)
                else:
                    self.snapshot = payload
                if len(self.frames) >= frames:
                    break

    def advance(self) -> str | None:
        """Let the next frame happen and return it."""
        if self.cursor >= len(self.frames):
            return None
        self.cursor += 1
        return self.frames[self.cursor - 1]


class RecordedWire(BinanceWire):
    """Frames as they were; the book snapshot as it was."""

    def frame(self, event: object, market: Any, shift_ms: int) -> tuple[str, str] | None:
        assert isinstance(event, str)
        stream = event[11 : event.index('"', 11)]
        return TODAY[stream], event

    def answer(self, path: str, query: Mapping[str, str], body: bytes, market: Any) -> object:
        if path == "/fapi/v1/depth":
            return json.loads(market.snapshot)
        return super().answer(path, query, body, market)
