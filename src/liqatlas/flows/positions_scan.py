"""Scan public accounts: find them, ask within the limit, write every answer down, resume where a scan was cut off."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from liqatlas.base.clock import now_ns
from liqatlas.base.errors import FormatError, InputError
from liqatlas.flows.reporter import SILENT
from liqatlas.flows.scan_sinks import VENUE, FileSink, LakeSink
from liqatlas.flows.scan_targets import addresses_of_file, note, resume
from liqatlas.maps.accounts import AccountRegistry
from liqatlas.store import Lake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from liqatlas.flows.reporter import Reporter
    from liqatlas.flows.scan_sinks import Sink
    from liqatlas.venues.hyperliquid_accounts.asking import AccountClient
    from liqatlas.venues.hyperliquid_accounts.state import AccountState

#: Accounts taken off the list at a time: few enough that a near one need not wait long.
_ROUND = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanPlan:
    """How to scan.

    Attributes
    ----------
    rounds_s
        Look again at accounts whose turn comes during the scan until this many seconds have passed; 0 looks at each once.
    retries
        Further attempts at an account that failed.
    workers
        Requests under way at once; sources report failures from 64 on, none at 36.
    batch
        Try the batch request first.
    """

    rounds_s: float = 0.0
    retries: int = 2
    workers: int = 16
    batch: bool = True


@dataclass(slots=True)
class ScanResult:
    """What a scan found, in accounts by outcome and in attempts.

    Attributes
    ----------
    hard, soft
        Attempts that failed without an answer, and with an answer that is none.
    resumed
        Accounts known from an earlier, cut-off scan.
    bad_lines
        Lines of that scan's file that could not be read.
    stopped
        Where the leaderboard stopped; empty where it came whole.
    """

    holds: int = 0
    empty: int = 0
    failed: list[str] = field(default_factory=list)
    attempts: int = 0
    hard: int = 0
    soft: int = 0
    resumed: int = 0
    bad_lines: int = 0
    used_batches: bool = False
    stopped: str = ""

    def sentence(self) -> str:
        """Return the result for people."""
        seen = self.holds + self.empty
        failures = f"{len(self.failed):,} failed" if self.failed else "none failed"
        return (
            f"{seen + len(self.failed):,} accounts: {self.holds:,} hold positions, {self.empty:,} hold none, {failures} "
            f"({self.attempts:,} attempts, {self.hard:,} without an answer, {self.soft:,} with an answer that is none)"
            + (f"; partial: {self.stopped}" if self.stopped else "")
        )


class Scan:
    """One scan: a client, a registry, a file.

    Parameters
    ----------
    client
        Inside its ``async with``.
    registry
        Accounts to look at; what is found is noted in it.
    sink
        Where answers are written.
    clock_ns
        The present [ns].
    """

    def __init__(
        self,
        client: AccountClient,
        registry: AccountRegistry,
        sink: Sink,
        *,
        plan: ScanPlan | None = None,
        clock_ns: Callable[[], int] = now_ns,
        reporter: Reporter = SILENT,
    ) -> None:
        self.client, self.registry, self.sink = client, registry, sink
        self.plan, self.clock_ns, self.reporter = plan or ScanPlan(), clock_ns, reporter
        self.result = ScanResult()
        self._batches = self.plan.batch
        self._seen: set[str] = set()

    async def run(self) -> ScanResult:
        """Look at every account that is due, again at those that failed, and report three outcomes."""
        self.sink.begin(len(self.registry), self.clock_ns(), self.result.stopped)
        await self._contexts()
        started = self.clock_ns()
        while wanted := self._next():
            await self._round(wanted)
        while self.plan.rounds_s and (self.clock_ns() - started) / 1e9 < self.plan.rounds_s:
            due = self.registry.due(self.clock_ns(), _ROUND)
            if due:
                await self._round(due)
            else:
                await self.client.limiter.sleep(1.0)
        self.sink.end(self.clock_ns())
        self._count()
        return self.result

    def _next(self) -> list[str]:
        """Return accounts not yet looked at in this scan, the most urgent first."""
        new = [a for a in self.registry.due(self.clock_ns(), len(self.registry)) if a not in self._seen]
        return new[:_ROUND]

    async def _round(self, accounts: Sequence[str]) -> None:
        """Look at some accounts; those that fail are tried again at the end of the round."""
        left = list(accounts)
        self._seen.update(accounts)
        for attempt in range(self.plan.retries + 1):
            states = await self._ask(left)
            left = [state.account for state in states if state.outcome.value == "failed"]
            last = attempt == self.plan.retries
            for state in states:
                if state.account not in left or last:
                    note(self.registry, state, self.clock_ns())
            if not left:
                break
        self.sink.keep(self.registry)
        self.reporter.progress("scanning accounts", len(self._seen), len(self.registry))

    async def _ask(self, accounts: Sequence[str]) -> list[AccountState]:
        """Ask for accounts, in batches where the endpoint has them, else one by one; write every answer down."""
        from liqatlas.venues.hyperliquid_accounts.asking import BATCH

        gate = asyncio.Semaphore(self.plan.workers)
        if self._batches:
            batches = [accounts[i : i + BATCH] for i in range(0, len(accounts), BATCH)]
            found = [await self._ask_batch(batches[0])]
            if found[0] is None:
                self._batches = False
            else:
                self.result.used_batches = True
                found += await asyncio.gather(*(self._gated(gate, self._ask_batch(b)) for b in batches[1:]))
                states = [state for part in found if part is not None for state in part]
                missing = [a for part, b in zip(found, batches, strict=True) if part is None for a in b]
                return states + await self._singly(missing, gate)
        return await self._singly(accounts, gate)

    async def _gated(self, gate: asyncio.Semaphore, work: object) -> list[AccountState] | None:
        async with gate:
            return await work  # type: ignore[misc, no-any-return]

    async def _singly(self, accounts: Iterable[str], gate: asyncio.Semaphore) -> list[AccountState]:
        async def one(account: str) -> AccountState:
            async with gate:
                answer = await self.client.state(account)
            return self._read(account, answer.body, answer.reason)

        return list(await asyncio.gather(*(one(account) for account in accounts)))

    async def _ask_batch(self, accounts: Sequence[str]) -> list[AccountState] | None:
        bodies = await self.client.states(accounts)
        if bodies is None:
            return None
        return [self._read(account, body, "") for account, body in zip(accounts, bodies, strict=True)]

    def _read(self, account: str, body: bytes, reason: str) -> AccountState:
        """Write an answer down and say what it is."""
        from liqatlas.venues.hyperliquid_accounts.state import failed, read_state

        now = self.clock_ns()
        self.result.attempts += 1
        if reason:
            self.result.hard += 1
            state = failed(account, now, reason)
        else:
            state = read_state(body, account, now)
            self.result.soft += state.outcome.value == "failed"
        self.sink.answer(state, body, now, held=self.registry.accounts[account].notional_usd > 0)
        return state

    async def _contexts(self) -> None:
        """Write marks and open interest of all coins down first; a scan goes on without them."""
        answer = await self.client.contexts()
        if answer.reason:
            self.reporter.notice(
                f"marks and open interest were not given ({answer.reason}): coverage will be unknown"
            )
            return
        try:
            self.sink.contexts(answer.body, self.clock_ns())
        except FormatError as error:
            self.reporter.notice(
                f"marks and open interest could not be read ({error}): coverage will be unknown"
            )

    def _count(self) -> None:
        """Count the accounts by outcome."""
        for account in self.registry.accounts.values():
            if account.outcome == "holds positions":
                self.result.holds += 1
            elif account.outcome == "holds no position":
                self.result.empty += 1
            elif account.outcome == "failed":
                self.result.failed.append(account.account)


async def scan_accounts(
    output: Path,
    accounts: Sequence[str],
    client: AccountClient,
    *,
    leaderboard: bool = False,
    plan: ScanPlan | None = None,
    clock_ns: Callable[[], int] = now_ns,
    reporter: Reporter = SILENT,
) -> ScanResult:
    """Scan accounts into a file, going on where an earlier scan of the same file stopped.

    Parameters
    ----------
    accounts
        Addresses to look at.
    leaderboard
        Also those of the venue's leaderboard, the largest first.

    Raises
    ------
    InputError
        If there is nothing to scan, or the file cannot be written.
    SourceUnavailableError
        If the leaderboard cannot be had.
    """
    registry, bad = resume(output)
    resumed = len(registry)
    async with client:
        stopped = await _gather(registry, accounts, client, leaderboard=leaderboard)
        with contextlib.ExitStack() as stack:
            try:
                file = stack.enter_context(output.open("ab"))
            except OSError as error:
                raise InputError(f"cannot write {output}: {error.strerror or error}") from None
            scan = Scan(client, registry, FileSink(file), plan=plan, clock_ns=clock_ns, reporter=reporter)
            scan.result.stopped = stopped
            result = await scan.run()
    result.resumed, result.bad_lines = resumed, bad
    return result


async def scan_into_lake(
    lake: Lake,
    accounts: Sequence[str],
    client: AccountClient,
    *,
    leaderboard: bool = False,
    plan: ScanPlan | None = None,
    clock_ns: Callable[[], int] = now_ns,
    reporter: Reporter = SILENT,
) -> ScanResult:
    """Look at every account of the lake's registry whose turn it is, the given ones added; keep snapshots as rows.

    A scan that was killed goes on where it stopped: accounts it looked at are not due yet. Parameters and errors are those of
    :func:`scan_accounts`.

    Raises
    ------
    LakeLockedError
        If another process scans into this lake.
    """
    registry = AccountRegistry.from_polars(lake.accounts.table(VENUE))
    resumed = sum(one.outcome != "new" for one in registry.accounts.values())
    async with client:
        stopped = await _gather(registry, accounts, client, leaderboard=leaderboard)
        with lake.writer(role="scan") as writer:
            lake.accounts.put(VENUE, registry.to_polars())
            sink = LakeSink(lake, writer)
            scan = Scan(client, registry, sink, plan=plan, clock_ns=clock_ns, reporter=reporter)
            scan.result.stopped = stopped
            result = await scan.run()
    result.resumed = resumed
    return result


async def _gather(
    registry: AccountRegistry, accounts: Sequence[str], client: AccountClient, *, leaderboard: bool
) -> str:
    """Add addresses to the registry; return where the leaderboard stopped, empty where it came whole."""
    for account in accounts:
        registry.add(account)
    stopped = ""
    if leaderboard:
        ranked = await client.leaderboard()
        stopped = ranked.stopped
        for account, value in ranked.accounts.items():
            registry.add(account, value, found_in="leaderboard")
    if not len(registry):
        raise InputError(
            "no account to scan: give --addresses FILE or --leaderboard (a lake also knows those of recorded trades)"
        )
    return stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRequest:
    """A scan somebody wants.

    Attributes
    ----------
    output, lake
        File or lake to write to; one of them.
    addresses
        Files with addresses.
    keep_on_s
        Go on looking again at accounts whose turn comes for this long [s].
    leaderboard_url
        Where the leaderboard is; empty for the venue's.
    """

    output: Path | None = None
    lake: Path | None = None
    addresses: tuple[Path, ...] = ()
    leaderboard: bool = False
    url: str = ""
    leaderboard_url: str = ""
    keep_on_s: float = 0.0


def run_scan(request: ScanRequest, reporter: Reporter = SILENT) -> ScanResult:
    """Scan the accounts that files name, those of the leaderboard and, into a lake, those it knows; raises as :func:`scan_accounts`."""
    from liqatlas.venues.hyperliquid_accounts.asking import API, LEADERBOARD, AccountClient

    wanted = [account for path in request.addresses for account in addresses_of_file(path, reporter)]
    client = AccountClient(request.url or API, leaderboard_url=request.leaderboard_url or LEADERBOARD)
    plan = ScanPlan(rounds_s=request.keep_on_s)
    if request.lake is None:
        if request.output is None:
            raise InputError("a scan needs a place: give --scan FILE, or --scan-lake")
        return asyncio.run(
            scan_accounts(
                request.output, wanted, client, leaderboard=request.leaderboard, plan=plan, reporter=reporter
            )
        )
    with Lake.create(request.lake) as lake:
        return asyncio.run(
            scan_into_lake(
                lake, wanted, client, leaderboard=request.leaderboard, plan=plan, reporter=reporter
            )
        )
