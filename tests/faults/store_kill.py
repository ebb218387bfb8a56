"""A recorder that is killed at random instants, and the judge that counts what is left.

The recorder appends numbered steps of made-up rows, each step the same in every run, and says which steps it appended and
which became durable. A second thread compacts and sweeps all the while. The judge kills it with SIGKILL, opens the lake
and compares it with what the steps must hold. The next recorder begins a few steps before the checkpoint, as one that
fetches the last page again.

``python -m tests.faults.store_kill FOLDER`` is the recorder.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from liqatlas.store import Lake
from tests.conformance.store.rows import BTC, DAY, ETH, HOUR, MINUTE, START, frame, trade

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

ROOT = Path(__file__).parents[2]
CHECKPOINT = "step"
#: Steps that a new recorder sends again.
REPEATED = 5
END = START + 400 * DAY
#: What a crash may lose [s]; the recorder runs with the store's default.
BOUND_S = 1.0


@dataclass(frozen=True, slots=True)
class Piece:
    """One append of a step."""

    dataset: str
    instrument: Any
    rows: pl.DataFrame
    stream: bool


def step(number: int) -> list[Piece]:
    """Return what a step appends: trades with ids and a late one, identical trades without ids, prints one by one."""
    r = random.Random(number)
    now = START + number * 5 * MINUTE
    count = r.randrange(1, 20)
    by_id = [
        trade(now + i, price=r.randrange(10**6), qty=r.random(), trade_id=1000 * number + i)
        for i in range(count)
    ]
    by_id.append(trade(max(START, now - 3 * HOUR), price=number, trade_id=1000 * number + 999))
    twins = [trade(now, price=r.randrange(2)) for _ in range(r.randrange(1, 6))]
    seen = {
        "ts_event_ns": now, "liquidated": "long", "price": 1.5, "price_kind": "fill", "qty_native": 1.0,
        "notional_usd": 1.5,
    }  # fmt: skip
    prints = [Piece("liquidations", BTC, frame("liquidations", [seen]), True) for _ in range(r.randrange(3))]
    return [
        Piece("trades", BTC, frame("trades", by_id), False),
        Piece("trades", ETH, frame("trades", twins), False),
        *prints,
    ]


def record(folder: Path) -> None:
    """Append steps until killed; tell on standard output."""
    lake = Lake.create(folder)
    first = max(0, int(lake.checkpoint(CHECKPOINT) or 0) - REPEATED)
    done: dict[int, int] = {}
    out = sys.stdout

    def durable(number: int) -> None:
        finished = [n for n in done if n <= number]
        if finished:
            out.write(f"durable {done[max(finished)]}\n")
            out.flush()
        for n in finished:
            del done[n]

    writer = lake.writer(bound_s=BOUND_S, on_durable=durable)
    threading.Thread(target=_compact_for_ever, args=(folder,), daemon=True).start()
    number = first
    while True:
        pieces = step(number)
        for i, piece in enumerate(pieces):
            mark = (CHECKPOINT, str(number + 1)) if i == len(pieces) - 1 else None
            stream = f"run-{first}" if piece.stream else None
            ticket = writer.append(
                piece.dataset, piece.instrument, piece.rows, stream=stream, checkpoint=mark
            )
        done[ticket.number] = number
        out.write(f"appended {number} {time.monotonic()}\n")
        out.flush()
        number += 1
        time.sleep(0.002)


def _compact_for_ever(folder: Path) -> None:
    """Close hours and days behind the recorder's back; now and then as if everything were over."""
    with Lake.create(folder) as lake:
        for turn in range(10**9):
            at = START + int(lake.checkpoint(CHECKPOINT) or 0) * 5 * MINUTE
            lake.compact(at_ns=END if turn % 40 == 39 else at, settle_ns=0)
            lake.sweep(grace_ns=-HOUR)


@dataclass(frozen=True, slots=True)
class Round:
    """What one kill left.

    Attributes
    ----------
    acknowledged, durable, appended
        Highest step told durable, found durable, and appended.
    lost, twice, strange
        Acknowledged rows that are missing; rows that are there more often than they happened; rows that never happened.
    lost_age_s
        Age of the oldest step that was appended and is gone, at the kill [s].
    strays
        Files left over that no reader sees.
    rows, files
        Rows and files in the lake.
    """

    acknowledged: int
    durable: int
    appended: int
    lost: int
    twice: int
    strange: int
    lost_age_s: float
    strays: int
    rows: int
    files: int


class Judge:
    """Runs a recorder, kills it, compares; keeps what the steps hold so that each is made once."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.random = random.Random(seed)
        self._must: Counter[tuple[Any, ...]] = Counter()
        self._counted = 0
        self._last = 0

    def rounds(self, count: int) -> Iterator[Round]:
        """Yield what each of ``count`` kills left."""
        for _ in range(count):
            told, killed_at = self._run_and_kill(self.random.uniform(0.0, 2.5))
            yield self._compare(told, killed_at)

    def _run_and_kill(self, after_s: float) -> tuple[list[list[str]], float]:
        command = [sys.executable, "-m", "tests.faults.store_kill", str(self.folder)]
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=self.environment())
        assert child.stdout is not None
        lines = [child.stdout.readline()]
        timer = threading.Timer(after_s, child.send_signal, (signal.SIGKILL,))
        timer.start()
        lines += child.stdout.readlines()
        killed_at = time.monotonic()
        assert child.wait() == -signal.SIGKILL, "the recorder ended by itself"
        child.stdout.close()
        self.after_kill()
        return [line.split() for line in lines if line.endswith("\n")], killed_at

    def after_kill(self) -> None:
        """Do to the lake what the fault does beside killing the process; nothing here."""

    def _compare(self, told: list[list[str]], killed_at: float) -> Round:
        appended = {int(t[1]): float(t[2]) for t in told if t[0] == "appended"}
        acknowledged = max((int(t[1]) for t in told if t[0] == "durable"), default=-1)
        # the one after may have been appended and not told; what an earlier run began stays begun
        self._last = max(self._last, max(appended, default=-1) + 1)
        with Lake.open(self.folder) as lake:
            durable = int(lake.checkpoint(CHECKPOINT) or 0) - 1
            found: Counter[tuple[Any, ...]] = Counter()
            for dataset, item in (("trades", BTC), ("trades", ETH), ("liquidations", BTC)):
                found.update(_events(dataset, item, self._read(lake, dataset, item)))
            checked = lake.verify(young_s=-1)
        assert {p.kind for p in checked.problems} <= {"orphan", "partial"}, checked.problems
        self._count_until(max(durable, acknowledged) + 1)
        may = Counter(self._must)
        for number in range(self._counted, max(self._last, durable) + 1):
            may.update(_of_step(number))
        gone = [killed_at - at for number, at in appended.items() if number > durable]
        return Round(
            acknowledged=acknowledged,
            durable=durable,
            appended=max(appended, default=-1),
            lost=(self._must - found).total(),
            twice=sum(n - may[key] for key, n in found.items() if key in may and n > may[key]),
            strange=sum(n for key, n in found.items() if key not in may),
            lost_age_s=max(gone, default=0.0),
            strays=len(checked.problems),
            rows=found.total(),
            files=checked.files,
        )

    def environment(self) -> dict[str, str]:
        """Return the recorder's environment."""
        return dict(os.environ)

    @staticmethod
    def _read(lake: Lake, dataset: str, item: Any) -> pl.DataFrame:
        known = {(i.venue, i.symbol) for i in lake.instruments()}
        if (item.venue, item.symbol) not in known:
            return frame(dataset, [])
        return lake.read(dataset, item.venue, item.symbol, START, END)

    def _count_until(self, number: int) -> None:
        for i in range(self._counted, number):
            self._must.update(_of_step(i))
        self._counted = max(self._counted, number)


def _events(dataset: str, item: Any, rows: pl.DataFrame) -> list[tuple[Any, ...]]:
    return [(dataset, item.symbol, *row) for row in rows.rows()]


def _of_step(number: int) -> list[tuple[Any, ...]]:
    return [event for p in step(number) for event in _events(p.dataset, p.instrument, p.rows)]


HEADER = "round  acknowledged  durable  appended     rows  files  strays  lost  twice  strange  unacknowledged loss, s"


def line(number: int, found: Round) -> str:
    """Return one round as a line under :data:`HEADER`."""
    return (
        f"{number:5d}  {found.acknowledged:12d}  {found.durable:7d}  {found.appended:8d}  {found.rows:7d}  {found.files:5d}  "
        f"{found.strays:6d}  {found.lost:4d}  {found.twice:5d}  {found.strange:7d}  {found.lost_age_s:23.3f}"
    )


if __name__ == "__main__":
    record(Path(sys.argv[1]))
