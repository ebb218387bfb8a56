"""Delimited trades of any size → columns, one pass, memory bounded by the result.

A thread inflates the next chunk while the compiled scanner reads the present one.
"""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.clock import parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from liqatlas.venues.importers.sources import Source

TS_LOW_NS = parse_time("2009-01-01")
TS_HIGH_NS = parse_time("2100-01-01")
_PREFETCH = 3


@dataclass(frozen=True, slots=True)
class TradeLayout:
    """Where a delimited file keeps what a trade needs; column indices from 0, -1 where it has none.

    ``ts_factor`` is ns per unit of the time column; ``flag_is_maker`` says that the flag speaks of the buyer being the
    maker (true: the taker sold) and not of the taker's side. ``same`` are up to two columns that must not change.
    """

    columns: int
    ts: int
    price: int
    qty: int
    flag: int = -1
    trade_id: int = -1
    same: tuple[int, ...] = ()
    ts_factor: int = 1_000_000
    delimiter: str = ","
    flag_is_maker: bool = False


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan found: columns of equal length, and counts of what was odd.

    ``price`` is in units of ``10**-decimals`` quote; ``taker_buy`` is 1, 0 or 255 (not said).
    """

    ts_ns: NDArray[np.int64]
    price: NDArray[np.int64]
    qty: NDArray[np.float64]
    taker_buy: NDArray[np.uint8]
    trade_id: NDArray[np.int64] | None
    decimals: int
    lot_decimals: int
    bad_rows: int
    bad_line: int
    bad_reason: str
    blank_rows: int
    ts_back: int
    id_back: int
    id_same: int
    mixed_line: int
    jump_line: int
    jump: tuple[float, float]


class _Columns:
    """Output arrays that grow; untouched pages of an over-long one cost nothing."""

    def __init__(self, rows: int, *, with_id: bool) -> None:
        self.ts = np.empty(rows, np.int64)
        self.price = np.empty(rows, np.int64)
        self.qty = np.empty(rows, np.float64)
        self.flag = np.empty(rows, np.uint8)
        self.id = np.empty(rows if with_id else 1, np.int64)
        self.with_id = with_id

    def grow(self) -> None:
        """Make room for half as many rows again."""
        extra = max(self.ts.size // 2, 4096)
        for name in ("ts", "price", "qty", "flag", "id"):
            if name == "id" and not self.with_id:
                continue
            old = getattr(self, name)
            setattr(self, name, np.concatenate([old, np.empty(extra, old.dtype)]))


def scan_source(source: Source, layout: TradeLayout, *, skip_lines: int, sample: bytes) -> Scan:
    """Read all trades of a delimited source.

    Parameters
    ----------
    source
        Bytes to read; its ``cut_off`` is set afterwards.
    layout
        Where the columns are.
    skip_lines
        Lines before the first row: 1 with a header, else 0; not more.
    sample
        The head of the bytes, for the width of a row and for the columns that must stay the same.

    Raises
    ------
    FormatError
        If the archive is damaged.
    """
    from liqatlas.venues.importers import kernels

    lines = [line for line in sample.split(b"\n")[skip_lines:-1] if line.strip()] or [b"x" * 40]
    width = max(8, sum(map(len, lines)) // len(lines))
    columns = _Columns(max(source.size_hint // width + 4096, 4096), with_id=layout.trade_id >= 0)
    state = np.zeros(kernels.STATE_SIZE, np.int64)
    state[kernels.LINE] = skip_lines
    packed = _packed_layout(layout)
    same = np.frombuffer(_same_bytes(lines[0], layout) or b"\n", np.uint8)
    for buffer in _whole_lines(_prefetched(source.chunks()), skip_lines, source):
        state[kernels.POS] = 0
        while True:
            told = kernels.scan_trades(
                buffer, packed, state, same, columns.ts, columns.price, columns.qty, columns.flag, columns.id
            )  # fmt: skip
            if told == 0:
                break
            if told == -1:
                columns.grow()
            else:
                columns.price[: state[kernels.ROW]] *= 10 ** (told - state[kernels.DECIMALS])
                state[kernels.DECIMALS] = told
    return _scan_of(columns, state)


def _packed_layout(layout: TradeLayout) -> NDArray[np.int64]:
    from liqatlas.venues.importers import kernels

    packed = np.full(kernels.LAYOUT_SIZE, -1, np.int64)
    packed[kernels.COLUMNS] = layout.columns
    packed[kernels.TS], packed[kernels.PRICE], packed[kernels.QTY] = layout.ts, layout.price, layout.qty
    packed[kernels.FLAG], packed[kernels.ID] = layout.flag, layout.trade_id
    for place, column in zip((kernels.SAME_A, kernels.SAME_B), layout.same, strict=False):
        packed[place] = column
    packed[kernels.TS_FACTOR] = layout.ts_factor
    packed[kernels.TS_LOW], packed[kernels.TS_HIGH] = TS_LOW_NS, TS_HIGH_NS
    packed[kernels.RAW_LOW] = TS_LOW_NS // layout.ts_factor
    packed[kernels.RAW_HIGH] = TS_HIGH_NS // layout.ts_factor
    packed[kernels.DELIMITER] = ord(layout.delimiter)
    packed[kernels.FLAG_IS_MAKER] = int(layout.flag_is_maker)
    return packed


def _same_bytes(line: bytes, layout: TradeLayout) -> bytes:
    """Return what the unchanging columns hold in the first row, each ended by a newline."""
    fields = line.split(layout.delimiter.encode())
    return b"".join(fields[k].strip(b' "\r') + b"\n" for k in layout.same if k < len(fields))


def _scan_of(columns: _Columns, state: NDArray[np.int64]) -> Scan:
    from liqatlas.venues.importers import kernels

    rows = int(state[kernels.ROW])
    reasons = {
        kernels.BAD_COLUMNS: "wrong number of columns",
        kernels.BAD_NUMBER: "text, NaN or infinity where a number is wanted",
        kernels.BAD_TIME: "time outside 2009 to 2100",
        kernels.BAD_PRICE: "price not positive",
        kernels.BAD_QTY: "size not positive",
        kernels.BAD_FLAG: "side neither buy nor sell, true nor false",
        kernels.BAD_SAME: "another venue or symbol than in the first row",
    }
    jump = (
        float(state[kernels.JUMP_FROM]) / 10.0 ** int(state[kernels.JUMP_FROM_DECIMALS]),
        float(state[kernels.JUMP_TO]) / 10.0 ** int(state[kernels.JUMP_TO_DECIMALS]),
    )
    return Scan(
        ts_ns=columns.ts[:rows],
        price=columns.price[:rows],
        qty=columns.qty[:rows],
        taker_buy=columns.flag[:rows],
        trade_id=columns.id[:rows] if columns.with_id else None,
        decimals=int(state[kernels.DECIMALS]),
        lot_decimals=int(state[kernels.LOT_DECIMALS]),
        bad_rows=int(state[kernels.BAD_ROWS]),
        bad_line=int(state[kernels.BAD_LINE]),
        bad_reason=reasons.get(int(state[kernels.BAD_CODE]), ""),
        blank_rows=int(state[kernels.BLANK_ROWS]),
        ts_back=int(state[kernels.TS_BACK]),
        id_back=int(state[kernels.ID_BACK]),
        id_same=int(state[kernels.ID_SAME]),
        mixed_line=int(state[kernels.MIXED_LINE]),
        jump_line=int(state[kernels.JUMP_LINE]),
        jump=jump,
    )


def _whole_lines(chunks: Iterable[bytes], skip_lines: int, source: Source) -> Iterator[NDArray[np.uint8]]:
    """Yield blocks that end with a newline, as views; a last line cut off with its archive is left out."""
    rest = b""
    begun = False
    for fresh in chunks:
        chunk = fresh if begun else fresh.removeprefix(b"\xef\xbb\xbf")
        begun = True
        start = chunk.find(b"\n") + 1
        if start == 0:
            rest += chunk
            continue
        first = rest + chunk[:start]
        end = chunk.rfind(b"\n") + 1
        rest = chunk[end:]
        if skip_lines:
            skip_lines -= 1
        else:
            yield np.frombuffer(first, np.uint8)
        if end > start:
            yield np.frombuffer(chunk, np.uint8, end - start, start)
    if rest and not source.cut_off:
        yield np.frombuffer(rest + b"\n", np.uint8)


def _prefetched(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what an iterator yields, made ahead of time by a thread; its errors surface here."""
    ready: queue.Queue[bytes | BaseException | None] = queue.Queue(_PREFETCH)
    stop = threading.Event()

    def fill() -> None:
        last: BaseException | None = None
        try:
            for chunk in chunks:
                while not stop.is_set():
                    try:
                        ready.put(chunk, timeout=0.1)
                        break
                    except queue.Full:
                        continue
                if stop.is_set():
                    return
        except BaseException as error:  # noqa: BLE001 (handed to the thread that reads)
            last = error
        ready.put(last)

    thread = threading.Thread(target=fill, name="liqatlas-inflate", daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        while thread.is_alive():
            try:
                ready.get(timeout=0.05)
            except queue.Empty:
                continue
