"""Where a scan of accounts writes: a file it resumes from, or the lake with its registry of accounts."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import msgspec
import polars as pl

from liqatlas.base import schemas
from liqatlas.base.account_tables import EMPTIED
from liqatlas.base.clock import NS_PER_MS
from liqatlas.base.instruments import Instrument
from liqatlas.flows.margin_history import keep_margin_tables
from liqatlas.store import KEEP_DAYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from liqatlas.maps.accounts import AccountRegistry
    from liqatlas.store import Lake, Writer
    from liqatlas.venues.hyperliquid_accounts.state import AccountState, PositionRow

VENUE = "hyperliquid"
#: The checkpoint a scan leaves in the lake: how many accounts it meant to look at, and whether it came to its end.
SCAN_STATE = f"scan {VENUE}"


#: How often files are written and old snapshots removed during a long scan [s].
UPKEEP_S = 3600.0


class Sink(Protocol):
    """What a scan needs of the place it writes to."""

    def begin(self, accounts: int, when_ns: int, stopped: str) -> None:
        """Note how many accounts the scan means to look at, and where the leaderboard stopped."""

    def contexts(self, body: bytes, when_ns: int) -> None:
        """Keep marks, open interest and margin tables of all coins.

        Raises
        ------
        FormatError
            If the answer cannot be read.
        """

    def answer(self, state: AccountState, body: bytes, asked_ns: int, *, held: bool) -> None:
        """Take one answer or failure; ``held`` says that the account held something before."""

    def keep(self, registry: AccountRegistry) -> None:
        """Make everything taken durable."""

    def end(self, when_ns: int) -> None:
        """Note that the scan came to its end."""


class FileSink:
    """Answers as they came, one JSON line each, flushed at once."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def begin(self, accounts: int, when_ns: int, stopped: str) -> None:
        """See :class:`Sink`."""
        from liqatlas.venues.hyperliquid_accounts.dump import scan_line

        self._write(scan_line(when_ns // NS_PER_MS, accounts=accounts, stopped=stopped))

    def contexts(self, body: bytes, when_ns: int) -> None:
        """See :class:`Sink`."""
        from liqatlas.venues.hyperliquid_accounts.dump import contexts_line

        self._write(contexts_line(when_ns // NS_PER_MS, body))

    def answer(self, state: AccountState, body: bytes, asked_ns: int, *, held: bool) -> None:
        """See :class:`Sink`."""
        from liqatlas.venues.hyperliquid_accounts.dump import answer_line, failure_line

        del held
        when = asked_ns // NS_PER_MS
        failed = state.outcome.value == "failed"
        self._write(
            failure_line(state.account, when, state.reason)
            if failed
            else answer_line(state.account, when, body)
        )

    def keep(self, registry: AccountRegistry) -> None:
        """See :class:`Sink`; every line is flushed as it is written."""

    def end(self, when_ns: int) -> None:
        """See :class:`Sink`."""
        from liqatlas.venues.hyperliquid_accounts.dump import scan_line

        self._write(scan_line(when_ns // NS_PER_MS))

    def _write(self, line: bytes) -> None:
        self._file.write(line)
        self._file.flush()


@dataclass(slots=True)
class LakeSink:
    """Positions as rows, accounts in the registry; rows are durable before the registry speaks of them."""

    lake: Lake
    writer: Writer
    _instruments: dict[str, Instrument] = field(default_factory=dict)
    _states: list[AccountState] = field(default_factory=list)
    _emptied: list[tuple[int, str]] = field(default_factory=list)
    _plan: dict[str, Any] = field(default_factory=dict)
    _now_ns: int = 0
    _kept_up: float = field(default_factory=time.monotonic)

    def begin(self, accounts: int, when_ns: int, stopped: str) -> None:
        """See :class:`Sink`."""
        self._plan = {"accounts": accounts, "since_ns": when_ns, "stopped": stopped, "ended_ns": 0}
        self.lake.put_checkpoint(SCAN_STATE, msgspec.json.encode(self._plan).decode())

    def contexts(self, body: bytes, when_ns: int) -> None:
        """See :class:`Sink`; margin tables are kept where they differ from the newest ones."""
        from liqatlas.venues.hyperliquid.parse_rest import parse_contexts, parse_instruments

        listings = parse_instruments(body)
        frames = parse_contexts(body, when_ns).batch.frames()
        self._instruments = {symbol: one.instrument for symbol, one in listings.items()}
        keep_margin_tables(self.lake, body, self._instruments, when_ns)
        for (dataset, symbol), frame in frames.items():
            if dataset in {"marks", "open_interest"}:
                self.writer.append(dataset, self._instruments[symbol], frame)

    def answer(self, state: AccountState, body: bytes, asked_ns: int, *, held: bool) -> None:
        """See :class:`Sink`."""
        del body
        self._now_ns = asked_ns
        self._states.append(state)
        if held and state.outcome.value == "holds no position":
            self._emptied.append((state.ts_event_ns, state.account))

    def keep(self, registry: AccountRegistry) -> None:
        """See :class:`Sink`."""
        ticket = None
        for coin, frame in position_frames(row for s in self._states for row in s.rows).items():
            ticket = self.writer.append("positions", self._instrument(coin), frame)
        if ticket is not None:
            self.writer.wait(ticket)
        touched = registry.to_polars(dict.fromkeys(s.account for s in self._states))
        emptied = pl.DataFrame(self._emptied, schema=EMPTIED.schema, orient="row")
        self.lake.accounts.put(VENUE, touched, emptied)
        self._states, self._emptied = [], []
        if time.monotonic() - self._kept_up > UPKEEP_S:
            self.upkeep(self._now_ns)

    def upkeep(self, at_ns: int) -> None:
        """Write closed hours and days to files, and remove snapshots older than they are kept; other datasets stay."""
        self._kept_up = time.monotonic()
        kept = dict.fromkeys(KEEP_DAYS) | {"positions": KEEP_DAYS["positions"]}
        self.lake.compact(at_ns=at_ns)
        self.lake.retain(keep_days=kept, at_ns=at_ns)
        self.lake.sweep()

    def end(self, when_ns: int) -> None:
        """See :class:`Sink`."""
        ended = self._plan | {"ended_ns": when_ns}
        self.lake.put_checkpoint(SCAN_STATE, msgspec.json.encode(ended).decode())
        self.upkeep(when_ns)

    def _instrument(self, coin: str) -> Instrument:
        """Return a coin's perpetual; one the venue did not list is taken for a plain one."""
        from liqatlas.venues.payload import coin_of

        if coin not in self._instruments:
            asset, multiplier = coin_of(coin)
            self._instruments[coin] = Instrument(
                VENUE, coin, asset, quote="USD", settle="USDC", price_multiplier=multiplier
            )
        return self._instruments[coin]


def position_frames(rows: Iterable[PositionRow]) -> Mapping[str, pl.DataFrame]:
    """Return tables of positions by coin."""
    by_coin: dict[str, list[tuple[object, ...]]] = {}
    for row in rows:
        by_coin.setdefault(row.coin, []).append(row[1:])
    names = list(schemas.POSITIONS.columns)
    return {
        coin: schemas.POSITIONS.conform(
            pl.DataFrame(mine, schema=names, orient="row", infer_schema_length=None)
        )
        for coin, mine in by_coin.items()
    }
