"""From the socket to the map: how long a message takes to the updated map in memory and to the disk, as a table.

    python -m benchmarks.record_latency 15 1000 5000 20000      (seconds, messages a second …)

A child process sends trades at the rate; here the recorder writes them into a real lake while its :class:`LiveBoard` follows its rows, as with
``record --live-map``. The moment of receipt is the one the connection stamps on the frame; the map counts when its levels in USD have been
read out, after every batch of rows.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
import tempfile
import time
from array import array
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from liqatlas.base.clock import NS_PER_MS, now_ns
from liqatlas.base.errors import NotEnoughDataError, UnknownSymbolError
from liqatlas.flows.live_board import LiveBoard
from liqatlas.flows.record import SWITCH_S
from liqatlas.flows.recorder import VenueRecorder
from liqatlas.flows.venue_access import Access
from liqatlas.store import Lake
from liqatlas.venues.feed import FeedOptions
from liqatlas.venues.inbox import Inbox, RawFrame
from tests.stub_exchange.endless import SYMBOL, Tape, endless

if TYPE_CHECKING:
    from liqatlas.base.instruments import Instrument
    from liqatlas.flows.live_map import LiveLevels
    from liqatlas.store.receipts import Ticket
    from liqatlas.venues.rows import RowBatch

#: Seconds at the start that do not count: compilation, first bars.
WARM_S = 4.0


class Pairs:
    """Moments of receipt and of arrival [ns]; plain numbers, so that the collector of garbage has nothing to walk through."""

    def __init__(self) -> None:
        self.received, self.arrived = array("q"), array("q")

    def add(self, received: int, arrived: int) -> None:
        self.received.append(received)
        self.arrived.append(arrived)

    def __len__(self) -> int:
        return len(self.received)


class Watch:
    """When trades were received, shown in the map and durable [ns]."""

    def __init__(self) -> None:
        self.received: deque[int] = deque()
        self.to_map, self.to_disk = Pairs(), Pairs()
        self.last: list[tuple[Instrument, LiveLevels]] = []
        self.own = ""
        self._flushing: deque[int] = deque()
        self._tickets: deque[tuple[int, list[int]]] = deque()

    def frame(self, frame: RawFrame) -> None:
        if b"aggTrade" in frame.payload:
            self.received.append(frame.recv_ns)

    def shown(self, count: int) -> None:
        now = time.time_ns()
        for _ in range(count):
            moment = self.received.popleft()
            self.to_map.add(moment, now)
            self._flushing.append(moment)

    def appended(self, ticket: int, count: int) -> None:
        self._tickets.append((ticket, [self._flushing.popleft() for _ in range(count)]))

    def durable(self, upto: int) -> None:
        now = time.time_ns()
        while self._tickets and self._tickets[0][0] <= upto:
            for moment in self._tickets.popleft()[1]:
                self.to_disk.add(moment, now)


def follow(watch: Watch) -> None:
    """Have every frame that enters an inbox noted."""
    keep = Inbox._keep  # noqa: SLF001

    def noted(self: Inbox, frame: RawFrame, size: int) -> None:
        watch.frame(frame)
        keep(self, frame, size)

    Inbox._keep = noted  # type: ignore[method-assign]  # noqa: SLF001


async def run(rate: float, seconds: float, folder: Path, watch: Watch) -> float:
    """Record at a rate; return the CPU share of this process."""
    tape = Tape(int(rate * seconds), now_ns() // NS_PER_MS, per_hour=int(rate * 3_600), rate=rate)
    access, stop = Access(), asyncio.Event()
    with contextlib.ExitStack() as stack, endless(tape) as (url, sent):
        access.hosts["binance"] = url
        with Lake.create(folder) as lake, lake.writer(on_durable=watch.durable) as writer:
            append = writer.append

            def noted(dataset: str, instrument: Any, frame: Any, **options: Any) -> Ticket:
                ticket = append(dataset, instrument, frame, **options)
                if dataset == "trades" and frame.height and "stream" in options:
                    watch.appended(ticket.number, frame.height)
                return ticket

            writer.append = noted  # type: ignore[method-assign]
            async with access.client("binance") as client:
                board = stack.enter_context(contextlib.closing(LiveBoard(lake)))
                hear = board.ear(lambda: recorder.instruments)

                def shown(rows: RowBatch, received_ns: int) -> None:
                    hear(rows, received_ns)
                    with contextlib.suppress(NotEnoughDataError, UnknownSymbolError):
                        watch.last = board.now("BTC")
                    watch.shown(len(rows.of("trades", SYMBOL)))

                recorder = VenueRecorder(
                    lake, writer, client, ["BTC"], silent_s=60, options=FeedOptions(poll_s=1.0, audit_s=0)
                )
                recorder.on_rows = shown
                task = asyncio.create_task(recorder.run(stop))
                while not sent.value:  # noqa: ASYNC110 (another process counts)
                    await asyncio.sleep(0.05)
                gc.freeze()  # as ``record`` does
                begin, cpu = time.perf_counter(), time.process_time()
                while sent.value < tape.count and time.perf_counter() - begin < 3 * seconds:  # noqa: ASYNC110 (another process counts)
                    await asyncio.sleep(0.2)
                share = (time.process_time() - cpu) / (time.perf_counter() - begin)
                await asyncio.sleep(2)
                stop.set()
                await task
                watch.own = board.metrics_text()
    return share


def percentiles(pairs: Pairs) -> tuple[float, float, float]:
    """Return p50, p99 and the maximum [ms] after the warm-up."""
    received, arrived = np.array(pairs.received), np.array(pairs.arrived)
    warm = received >= received[0] + int(WARM_S * 1e9)
    spans = (arrived - received)[warm] / NS_PER_MS
    return float(np.percentile(spans, 50)), float(np.percentile(spans, 99)), float(spans.max())


def main(seconds: float, rates: list[float]) -> int:
    print(
        f"{'messages/s':>10} {'messages':>10} {'map p50':>9} {'p99':>9} {'max [ms]':>9} {'durable p50':>12} {'p99 [ms]':>9} {'CPU':>6} {'late':>5}"
    )
    wrong = 0
    sys.setswitchinterval(SWITCH_S)  # as ``record`` does
    for rate in rates:
        watch = Watch()
        keep = Inbox._keep  # noqa: SLF001
        follow(watch)
        with tempfile.TemporaryDirectory() as place:
            share = asyncio.run(run(rate, seconds, Path(place) / "lake", watch))
        Inbox._keep = keep  # type: ignore[method-assign]  # noqa: SLF001
        shown, disk = percentiles(watch.to_map), percentiles(watch.to_disk)
        late = [line.rpartition(" ")[2] for line in watch.own.splitlines() if "late_rows" in line]
        wrong += not watch.last or not watch.last[0][1].usd.any() or len(watch.to_map) < rate * seconds
        print(
            f"{rate:10,.0f} {len(watch.to_map):10,} {shown[0]:9.2f} {shown[1]:9.2f} {shown[2]:9.1f} {disk[0]:12.0f} {disk[1]:9.0f} "
            f"{share:6.0%} {late[0]:>5}",
            flush=True,
        )
    return wrong


if __name__ == "__main__":
    given = [float(text) for text in sys.argv[1:]] or [15.0, 1_000.0, 5_000.0, 20_000.0]
    sys.exit(bool(main(given[0], given[1:])))
