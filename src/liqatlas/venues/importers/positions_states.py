"""Answers of Hyperliquid accounts: the file a scan writes, or one saved answer to ``clearinghouseState``.

What is not a position is counted and said: addresses that are none, bodies that are no answer, positions of another perp dex,
lines that were cut off. Then the recording is marked partial.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl

from liqatlas.base import schemas
from liqatlas.base.account_tables import EMPTIED
from liqatlas.base.errors import FormatError
from liqatlas.base.instruments import VENUES
from liqatlas.venues.hyperliquid_accounts.addresses import is_address
from liqatlas.venues.hyperliquid_accounts.dump import ScanLine, read_line, read_lines
from liqatlas.venues.hyperliquid_accounts.state import Outcome, PositionRow, read_state
from liqatlas.venues.importers.pieces import Counts, Piece
from liqatlas.venues.importers.recognition import Format, found

if TYPE_CHECKING:
    from collections.abc import Iterable

    from liqatlas.venues.hyperliquid_accounts.state import AccountState
    from liqatlas.venues.importers.recognition import Head, Recognised
    from liqatlas.venues.importers.selection import Wanted
    from liqatlas.venues.importers.sources import Source

_VENUE = "hyperliquid"
_SCHEMA = {name: schemas.POSITIONS.columns[name].dtype for name in PositionRow._fields if name != "coin"}
_SCHEMA |= {"position": pl.String(), "margin_mode": pl.String()}


def _match(head: Head) -> Recognised | None:
    raw = head.raw[:65_536]
    scan = (
        b'"type":"clearinghouseState"' in raw
        or b'"type":"metaAndAssetCtxs"' in raw
        or b'"type":"failed"' in raw
        or b'"type":"scan"' in raw
    )
    single = b'"assetPositions"' in raw and b'"crossMarginSummary"' in raw
    if not (scan or single):
        return None
    return found(
        head, format="hyperliquid_states", title="Hyperliquid account states", venue=_VENUE, tables=("positions", "open_interest"),
        how="by fields", details={"several": True, "scan": scan},
    )  # fmt: skip


@dataclass(slots=True)
class _Heap:
    """What was read of a file so far."""

    rows: list[PositionRow] = field(default_factory=list)
    contexts: list[tuple[int, list[Any]]] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    bad: Counter[str] = field(default_factory=Counter)
    other_dex: int = 0
    emptied: list[tuple[int, str]] = field(default_factory=list)
    #: Accounts the newest scan in the file meant to look at (0: it ended, or there is no word of it), and those it did.
    planned: int = 0
    looked: set[str] = field(default_factory=set)
    stopped: str = ""

    def take(self, state: AccountState) -> None:
        """Keep what an account's answer gives."""
        self.outcomes[state.outcome.value] += 1
        self.looked.add(state.account)
        self.other_dex += state.other_dex
        if state.outcome is Outcome.FAILED:
            self.reasons[state.reason] += 1
        elif state.outcome is Outcome.EMPTY:
            self.emptied.append((state.ts_event_ns, state.account))
        self.rows += state.rows


def _read(source: Source, known: Recognised, wanted: Wanted) -> list[Piece]:
    heap = _scan(source) if known.details.get("scan") else _single(source)
    if not heap.rows and not heap.contexts:
        said = "; ".join(_told(heap)) or "no account holds a position"
        raise FormatError(source.label, f"no position could be read: {said}")
    told = tuple(f"{source.label}: {text}" for text in _told(heap))
    counts = Counts(rows=len(heap.rows), bad=sum(heap.bad.values()) + heap.outcomes[Outcome.FAILED.value])
    pieces = _position_pieces(source, known, heap, counts) if wanted.takes_table("positions") else []
    if wanted.takes_table("open_interest"):
        pieces += _interest_pieces(source, known, heap)
    if pieces:
        pieces = [piece.told(told) for piece in pieces]
    return pieces


def _scan(source: Source) -> _Heap:
    heap = _Heap()
    for line in read_lines(source.read().split(b"\n")):
        _keep(heap, line)
    return heap


def _keep(heap: _Heap, line: ScanLine) -> None:
    if line.bad:
        heap.bad["no address" if "no address" in line.bad else line.bad] += 1
    if line.planned is not None:
        heap.planned = max(line.planned, 0)
        heap.stopped = line.stopped or heap.stopped
    if line.contexts is not None:
        heap.contexts.append(line.contexts)
    if line.state is not None:
        heap.take(line.state)


def _single(source: Source) -> _Heap:
    """Read one saved answer; its file name is the account where it is an address."""
    heap = _Heap()
    try:
        tree = msgspec.json.decode(source.read())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FormatError(source.label, f"not JSON ({error}); get the answer again") from None
    if isinstance(tree, dict) and "type" in tree and "data" in tree:
        _keep(heap, read_line(tree))
        return heap
    name = Path(source.name).name.split(".")[0]
    account = name.lower() if is_address(name) else name
    state = read_state(tree, account, 0)
    if state.outcome is not Outcome.FAILED and not state.ts_event_ns:
        raise FormatError(
            source.label, "the answer carries no time, so its moment is unknown; add its 'time' [ms]"
        )
    heap.take(state)
    return heap


def _told(heap: _Heap) -> list[str]:
    """Return what a reader must know of what is missing."""
    said = []
    if count := heap.outcomes[Outcome.FAILED.value]:
        reasons = ", ".join(f"{reason} ({n:,})" for reason, n in heap.reasons.most_common(3))
        said.append(
            f"partial: {count:,} of {sum(heap.outcomes.values()):,} answers are failures, no empty accounts: {reasons}"
        )
    if heap.bad:
        said.append(
            f"partial: {sum(heap.bad.values()):,} lines left out: "
            + ", ".join(f"{k} ({n:,})" for k, n in heap.bad.items())
        )
    if heap.planned:
        said.append(
            f"partial: the scan was cut off after {len(heap.looked):,} of {heap.planned:,} accounts; the same --scan goes on"
        )
    if heap.stopped:
        said.append(f"partial: {heap.stopped}")
    if heap.other_dex:
        said.append(
            f"{heap.other_dex:,} positions of other perp dexes left out: they have a margin of their own"
        )
    return said


def _position_pieces(source: Source, known: Recognised, heap: _Heap, counts: Counts) -> list[Piece]:
    frame = pl.DataFrame(heap.rows, schema={"coin": pl.String(), **_SCHEMA}, orient="row")
    emptied = (
        pl.DataFrame(heap.emptied, schema=EMPTIED.schema, orient="row")
        .unique()
        .sort("ts_event_ns", "account")
    )
    return [
        piece
        for (coin,), part in frame.group_by(["coin"], maintain_order=True)
        for piece in (
            Piece(
                _VENUE, str(coin), "positions", part.drop("coin"), known.title, source.label, counts=counts
            ),
            Piece(_VENUE, str(coin), "emptied", emptied, known.title, source.label),
        )
    ]


def _interest_pieces(source: Source, known: Recognised, heap: _Heap) -> list[Piece]:
    """Return open interest by coin, as published: assembling halves what counts both sides."""
    rows: dict[str, list[tuple[int, float, float]]] = {}
    for when, data in heap.contexts:
        for coin, context in _coins(data):
            rows.setdefault(coin, []).append((when, *_one_sided(float(context["openInterest"]))))
    held = {row.coin for row in heap.rows}
    return [
        Piece(
            _VENUE, coin, "open_interest",
            pl.DataFrame(found, schema={"ts_event_ns": pl.Int64(), "oi_native": pl.Float64(), "oi_published": pl.Float64()}, orient="row"),
            known.title, source.label,
        )
        for coin, found in rows.items() if coin in held
    ]  # fmt: skip


def _one_sided(published: float) -> tuple[float, float]:
    """Return the one-sided figure and the one published."""
    return published / VENUES[_VENUE].open_interest_sides, published


def _coins(data: list[Any]) -> Iterable[tuple[str, dict[str, Any]]]:
    if len(data) != 2 or "universe" not in data[0]:
        return []
    pairs = zip(data[0]["universe"], data[1], strict=False)
    return [(coin["name"], context) for coin, context in pairs if context.get("openInterest") is not None]


FORMATS = (Format("hyperliquid_states", "Hyperliquid account states", _match, _read),)
"""All formats, most telling first."""
