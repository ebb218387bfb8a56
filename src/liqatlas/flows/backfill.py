"""History over REST, without keys, into the lake: cut into days that are done, open or failed, so that it can be taken up again."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from liqatlas.base.clock import DAY_NS, HOUR_NS, MINUTE_NS, isoformat, now_ns
from liqatlas.base.errors import (
    InputError,
    LakeError,
    LiqAtlasError,
    NotEnoughDataError,
    SourceUnavailableError,
    UnknownSymbolError,
)
from liqatlas.flows.read import read
from liqatlas.flows.reporter import SILENT
from liqatlas.flows.venue_access import out_of_reach
from liqatlas.store import Lake
from liqatlas.venues.rows import RowBatch, table_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from liqatlas.base.instruments import Instrument
    from liqatlas.flows.reporter import Reporter
    from liqatlas.flows.venue_access import Access
    from liqatlas.venues.client import VenueClient

#: What is fetched: our dataset, the venue's, the capability that gives it, and the step asked for.
FETCHED = (
    ("bars", "bars", "klines", "1m"),
    ("bars", "mark_bars", "mark", "1m"),
    ("open_interest", "open_interest", "open_interest_history", "5m"),
    ("funding", "funding", "funding", "1m"),
    ("long_short_ratios", "long_short_ratios", "long_short_ratio", "5m"),
)
#: Marks the parts that come from a venue's daily files.
FILES = "files:"
#: How far back the first run of ``record --once`` goes.
FIRST_ONCE_NS = DAY_NS
#: The newest bars are fetched again: the last one was not over.
OVERLAP_NS = 10 * MINUTE_NS


@dataclass(frozen=True, slots=True)
class BackfillPlan:
    """What to fetch.

    Attributes
    ----------
    since_ns, until_ns
        ``[since, until)``.
    since_last
        Begin where each series ends in the lake, in place of ``since_ns``.
    """

    names: tuple[str, ...]
    venues: tuple[str, ...]
    lake: Path
    access: Access
    since_ns: int = 0
    until_ns: int | None = None
    since_last: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One dataset of one instrument in one stretch, at most a day."""

    venue: str
    symbol: str
    dataset: str
    start_ns: int
    end_ns: int

    @property
    def name(self) -> str:
        """How the job knows it."""
        return f"{self.venue} {self.symbol} {self.dataset} {self.start_ns} {self.end_ns}"

    @classmethod
    def named(cls, name: str) -> Part:
        """Return the part of a name."""
        venue, symbol, dataset, start, end = name.rsplit(" ", 4)
        return cls(venue, symbol, dataset, int(start), int(end))


@dataclass(frozen=True, slots=True)
class Backfilled:
    """What came of it: rows kept, parts done and failed, and a sentence for each thing that could not be had."""

    rows: int
    done: int
    failed: int
    notes: tuple[str, ...]


def backfill(plan: BackfillPlan, reporter: Reporter = SILENT) -> Backfilled:
    """Fetch what is missing and keep it; parts that are done stay done, so the same call again goes on.

    Raises
    ------
    UnknownSymbolError
        If no venue that answers lists any of the names.
    SourceUnavailableError
        If no venue answers, or a part could not be had after all tries (the rest is kept).
    InputError
        If there is no name, or the stretch ends before it begins.
    LakeError
        If the lake cannot be written.
    """
    if not plan.names:
        raise InputError(
            "nothing to fetch: name an asset or symbol, such as liqatlas backfill BTC --since 30d"
        )
    until = now_ns() if plan.until_ns is None else plan.until_ns
    if not plan.since_last and plan.since_ns >= until:
        raise InputError(
            f"the stretch from {isoformat(plan.since_ns)} to {isoformat(until)} is empty: begin earlier"
        )
    with Lake.create(plan.lake) as lake:
        return asyncio.run(_backfill(plan, lake, until, reporter))


async def _backfill(plan: BackfillPlan, lake: Lake, until: int, reporter: Reporter) -> Backfilled:
    down = await out_of_reach(plan.access, plan.venues)
    clients = {key: plan.access.client(key) for key in plan.venues if key not in down}
    try:
        found, notes = await _instruments(clients, plan.names)
        results = await asyncio.gather(
            *(
                _venue(plan, lake, clients[key], instruments, until=until, reporter=reporter)
                for key, instruments in found.items()
            )
        )
    finally:
        for client in clients.values():
            await client.close()
    notes += [f"going on without {key}: {why}" for key, why in down.items()]
    notes += [note for one in results for note in one.notes]
    out = Backfilled(
        sum(r.rows for r in results),
        sum(r.done for r in results),
        sum(r.failed for r in results),
        tuple(notes),
    )
    for note in out.notes:
        reporter.notice(note)
    if out.failed:
        raise SourceUnavailableError(
            f"{out.failed} of {out.failed + out.done} parts could not be had ({out.rows:,} rows kept); run the same command again to go on"
        )
    return out


async def _instruments(
    clients: dict[str, VenueClient], names: tuple[str, ...]
) -> tuple[dict[str, list[Instrument]], list[str]]:
    """Return the instruments of the names by venue, and a sentence for each venue that is left out."""

    async def ask(client: VenueClient) -> list[Instrument]:
        out, last = [], None
        for name in names:
            try:
                out.append((await client.listing(name)).instrument)
            except UnknownSymbolError as error:
                last = error
        if not out and last is not None:
            raise last
        return out

    answers = await asyncio.gather(*(ask(one) for one in clients.values()), return_exceptions=True)
    found, notes, unknown = {}, [], []
    for key, answer in zip(clients, answers, strict=True):
        if isinstance(answer, UnknownSymbolError):
            unknown.append(answer)
            notes.append(str(answer))
        elif isinstance(answer, LiqAtlasError):
            notes.append(f"going on without {key}: {answer}")
        elif isinstance(answer, BaseException):
            raise answer
        else:
            found[key] = answer
    if not found:
        if unknown:
            raise unknown[0]
        raise SourceUnavailableError(
            f"no venue answers ({', '.join(clients)}): is there a network? `liqatlas demo` works without one"
        )
    return found, notes


async def _venue(
    plan: BackfillPlan,
    lake: Lake,
    client: VenueClient,
    instruments: list[Instrument],
    *,
    until: int,
    reporter: Reporter,
) -> Backfilled:
    """Fetch one venue's parts one after the other; its rate budget is the limit anyway."""
    wanted, notes = _parts(plan, lake, client, instruments, until)
    by_symbol = {one.symbol: one for one in instruments}
    job = f"backfill {client.key} {','.join(by_symbol)} {min((p.start_ns for p in wanted), default=0)} {until if plan.since_last else until // DAY_NS}"
    lake.put_job(job, f"{plan.names} until {isoformat(until)}", [part.name for part in wanted])
    open_parts = [part for part in lake.job_parts(job) if part.state != "done"]
    rows = done = failed = 0
    for number, stored in enumerate(open_parts):
        part = Part.named(stored.part)
        reporter.progress(f"{part.venue} {part.symbol} {part.dataset}", number, len(open_parts))
        try:
            rows += await _fetch(lake, client, by_symbol[part.symbol], part)
        except LakeError:
            raise
        except (SourceUnavailableError, UnknownSymbolError) as error:
            failed += 1
            lake.mark_part(job, stored.part, "failed", note=str(error))
            notes.append(str(error))
            if failed > 3 and not done:
                break
            continue
        except (NotEnoughDataError, InputError) as error:
            notes.append(str(error))
        lake.mark_part(job, stored.part, "done")
        done += 1
    if client.names_accounts:
        notes += await _discover(lake, client, instruments)
    return Backfilled(rows, done, failed, tuple(dict.fromkeys(notes)))


async def _discover(lake: Lake, client: VenueClient, instruments: list[Instrument]) -> list[str]:
    """Note the accounts that the most recent trades name; return a sentence of what was found."""
    batch = RowBatch()
    try:
        for one in instruments:
            batch.merge(await client.missing_trades(one.symbol, None, None))
    except (SourceUnavailableError, UnknownSymbolError) as error:
        return [f"{client.name} gives no recent trades to find accounts in: {error}"]
    named = batch.of("account_trades")
    if not named:
        return []
    new = lake.accounts.discover(client.key, table_of("account_trades", named), found_in="trades")
    return [
        f"{client.name}: {new:,} new accounts found in recent trades; positions --scan-lake looks at them"
    ]


def _parts(
    plan: BackfillPlan, lake: Lake, client: VenueClient, instruments: list[Instrument], until: int
) -> tuple[list[Part], list[str]]:
    """Return what to fetch day by day, less what the lake's own word says is there, and what cannot be had."""
    offers = client.capabilities().capabilities
    notes: list[str] = []
    out: list[Part] = []
    for ours, theirs, capability, step in FETCHED:
        if getattr(offers, capability) not in {"history", "both"}:
            notes.append(f"{client.name} gives no history of {theirs.replace('_', ' ')}")
            continue
        reach = client.reach_ns(theirs, step)
        earliest = 0 if reach is None else now_ns() - reach + HOUR_NS
        for instrument in instruments:
            start = _since_last(lake, ours, instrument, until) if plan.since_last else plan.since_ns
            if start < earliest and theirs in client.filed:
                older = (start // DAY_NS * DAY_NS, -(-min(earliest, until) // DAY_NS) * DAY_NS)
                out += [
                    Part(client.key, instrument.symbol, FILES + theirs, low, high)
                    for low, high in days(*older)
                ]
                start = min(earliest, until)
            elif start < earliest:
                notes.append(
                    f"{client.name} gives {theirs.replace('_', ' ')} back to {isoformat(earliest)} only"
                )
                start = earliest
            out += [
                Part(client.key, instrument.symbol, theirs, low, high) for low, high in days(start, until)
            ]
    return out, notes


def days(start_ns: int, end_ns: int) -> Iterator[tuple[int, int]]:
    """Yield ``[start, end)`` cut at midnights UTC."""
    while start_ns < end_ns:
        stop = min((start_ns // DAY_NS + 1) * DAY_NS, end_ns)
        yield start_ns, stop
        start_ns = stop


def _since_last(lake: Lake, dataset: str, instrument: Instrument, until: int) -> int:
    for row in lake.freshness():
        if (row.dataset, row.venue, row.symbol) == (dataset, instrument.venue, instrument.symbol):
            return row.last_event_ns - OVERLAP_NS
    return until - FIRST_ONCE_NS


async def _fetch(lake: Lake, client: VenueClient, instrument: Instrument, part: Part) -> int:
    """Fetch one part to its end and keep it; bars that are not over yet are left out."""
    if part.dataset.startswith(FILES):
        return await _fetch_file(lake, client, instrument, part)
    step = next(step for _, theirs, _, step in FETCHED if theirs == part.dataset)
    dataset = next(ours for ours, theirs, _, _ in FETCHED if theirs == part.dataset)
    batch = RowBatch()
    async for page in client.history(part.dataset, part.symbol, part.start_ns, part.end_ns, interval=step):
        batch.merge(page)
    frame = batch.frames().get((part.dataset, part.symbol))
    if frame is None:
        return 0
    if "ts_close_ns" in frame.columns:
        frame = frame.filter(frame["ts_close_ns"] <= now_ns())
    # Bars of trades vouch for their dataset; those of the mark lie in the same one and vouch for nothing.
    covers = (part.start_ns, part.end_ns) if part.dataset != "mark_bars" else None
    lake.ingest(dataset, instrument, frame, covers=covers)
    return frame.height


async def _fetch_file(lake: Lake, client: VenueClient, instrument: Instrument, part: Part) -> int:
    """Fetch a venue's file of a day, read it as ``ingest`` would, and keep the dataset."""
    dataset = part.dataset.removeprefix(FILES)
    name, data = await client.daily_file(dataset, part.symbol, part.start_ns)

    def rows() -> pl.DataFrame:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(data)
            found = [r for r in read(path) if r.instrument.key == instrument.key]
        if not found:
            raise NotEnoughDataError(f"{name} holds nothing of {instrument.key}")
        table: pl.DataFrame = getattr(found[0], dataset)
        return table

    frame = await asyncio.to_thread(rows)
    lake.ingest(dataset, instrument, frame, covers=(part.start_ns, part.end_ns))
    return frame.height
