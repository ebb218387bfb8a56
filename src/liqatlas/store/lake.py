"""The lake: one object in front of everything this room does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.base.clock import now_ns
from liqatlas.store import (
    accounts,
    backup,
    bulk,
    catalogue,
    compaction,
    coverage,
    gaps,
    jobs,
    reading,
    recording,
    repair,
    retention,
    segments,
    verification,
)
from liqatlas.store.database import sqlite_errors
from liqatlas.store.folder import LakeFolder
from liqatlas.store.keys import keying
from liqatlas.store.lock import Lock
from liqatlas.store.writer import BOUND_S, MAX_PENDING_BYTES, Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from decimal import Decimal
    from pathlib import Path

    import polars as pl

    from liqatlas.base.instruments import Instrument
    from liqatlas.base.recording import Recording
    from liqatlas.store.backup import Backup
    from liqatlas.store.catalogue import InstrumentVersion
    from liqatlas.store.compaction import Compaction
    from liqatlas.store.coverage import Coverage, Freshness, Span, Standing, TouchedHour
    from liqatlas.store.gaps import Gap
    from liqatlas.store.jobs import Job, JobPart, PartState
    from liqatlas.store.repair import Repair
    from liqatlas.store.retention import DiskUse, Retention
    from liqatlas.store.segments import Level, SegmentEntry, StoredSegment
    from liqatlas.store.verification import Verification


class Lake(LakeFolder):
    """A folder of everything recorded; open it with :meth:`open` or :meth:`create`.

    Reading works in any number of processes and threads while one records. A lake opened for reading cannot change
    anything. Intervals are ``[start_ns, end_ns)``, ns since 1970 UTC.

    Examples
    --------
    >>> lake = Lake.create(folder)  # doctest: +SKIP
    >>> with lake.writer() as writer:  # doctest: +SKIP
    ...     ticket = writer.append("trades", instrument, frame)
    ...     writer.wait(ticket)
    >>> lake.read("trades", "binance", "BTCUSDT", start_ns, end_ns)  # doctest: +SKIP
    """

    def __init__(self, root: Path, *, writable: bool) -> None:
        super().__init__(root, writable=writable)
        self._reader = reading.Reader(root)
        self._segments = segments.SegmentStore(root, writable=writable)
        #: The registry of public accounts.
        self.accounts = accounts.AccountStore(root, writable=writable)

    def close(self) -> None:
        """Close every connection; the lake can be opened again."""
        super().close()
        self._segments.close()

    # -- writing rows ---------------------------------------------------------------------------------------------

    def writer(
        self,
        *,
        role: str = "recorder",
        bound_s: float = BOUND_S,
        max_pending_bytes: int = MAX_PENDING_BYTES,
        on_durable: Callable[[int], None] | None = None,
    ) -> Writer:
        """Return a writer that holds the lake for its role; see :class:`~liqatlas.store.writer.Writer`."""
        self._for_writing()
        return Writer(
            self.root, role=role, bound_s=bound_s, max_pending_bytes=max_pending_bytes, on_durable=on_durable
        )

    def ingest(
        self,
        dataset: str,
        instrument: Instrument,
        frame: pl.DataFrame,
        *,
        covers: Span | None = None,
        checkpoint: tuple[str, str] | None = None,
    ) -> int:
        """Write many rows straight into the files of their days; durable on return.

        Rows that are there already add nothing. Returns how many days were rewritten. ``covers`` and ``checkpoint`` are
        those of :meth:`Writer.append` and are written last.
        """
        connection = self._for_writing()
        with Lock(self.root, ""), sqlite_errors(self._path):
            return bulk.ingest(
                connection, self.root, dataset, instrument, frame, covers=covers, checkpoint=checkpoint
            )

    # -- reading rows ---------------------------------------------------------------------------------------------

    def read(self, dataset: str, venue: str, symbol: str, start_ns: int, end_ns: int) -> pl.DataFrame:
        """Return rows of a window, exact and sorted; ``price_ticks`` count :meth:`tick_size`."""
        with sqlite_errors(self._path):
            return self._reader.read(self._connection(), dataset, venue, symbol, (start_ns, end_ns))[0]

    def rows_near(self, dataset: str, venue: str, symbol: str, start_ns: int, end_ns: int) -> int:
        """Return how many rows lie in a window or in one file with it, without reading them."""
        with sqlite_errors(self._path):
            return self._reader.count(self._connection(), dataset, venue, symbol, (start_ns, end_ns))

    def recording(self, venue: str, symbol: str, start_ns: int, end_ns: int) -> Recording:
        """Return everything of one instrument in a window, its ``tick_size`` the step of its price ticks.

        The instrument is as it was at the end of the window; gaps in the window are among its warnings.
        """
        with sqlite_errors(self._path):
            return recording.recording(self._connection(), self._reader, venue, symbol, (start_ns, end_ns))

    # -- catalogue ------------------------------------------------------------------------------------------------

    def instruments(self, *, as_of_ns: int | None = None) -> list[Instrument]:
        """Return the instrument of every series as it was at a moment, by default now."""
        moment = now_ns() if as_of_ns is None else as_of_ns
        with self._reading() as connection:
            return [
                catalogue.instrument_at(connection, series, moment)
                for series in catalogue.all_series(connection).values()
                if catalogue.versions(connection, series)
            ]

    def instrument_versions(self, venue: str, symbol: str) -> list[InstrumentVersion]:
        """Return what an instrument was and from when on, oldest first."""
        with self._reading() as connection:
            return catalogue.versions(connection, catalogue.find_series(connection, venue, symbol))

    def put_instrument(
        self, instrument: Instrument, *, valid_from_ns: int = catalogue.ALWAYS, delisted_ns: int | None = None
    ) -> None:
        """Write what an instrument is from a moment on: another contract value, lot or tick, or its delisting."""
        with self._writing() as connection:
            series = catalogue.ensure_series(connection, instrument)
            version = catalogue.InstrumentVersion(instrument, valid_from_ns, delisted_ns)
            catalogue.put_version(connection, series.number, version)
        with sqlite_errors(self._path):
            catalogue.write_sidecar(self._connection(), self.root)

    def tick_size(self, venue: str, symbol: str) -> Decimal:
        """Return the step that this series' stored price ticks count."""
        with self._reading() as connection:
            return catalogue.find_series(connection, venue, symbol).tick_size

    def rename_symbol(self, venue: str, old: str, new: str) -> None:
        """Note that a symbol goes on under another name."""
        with self._writing() as connection:
            catalogue.rename(connection, venue, old, new)

    def renamed_to(self, venue: str, symbol: str) -> str:
        """Return the name a symbol goes on under, empty where it kept its own."""
        with self._reading() as connection:
            return catalogue.renamed_to(connection, catalogue.find_series(connection, venue, symbol))

    def put_margin_tiers(self, instrument: Instrument, valid_from_ns: int, tiers: pl.DataFrame) -> None:
        """Write the margin tiers an instrument has from a moment on."""
        with self._writing() as connection:
            series = catalogue.ensure_series(connection, instrument)
            catalogue.put_tiers(connection, series.number, valid_from_ns, tiers)

    def margin_tiers(self, venue: str, symbol: str, *, as_of_ns: int) -> pl.DataFrame:
        """Return the margin tiers in force at a moment."""
        with self._reading() as connection:
            return catalogue.tiers_at(connection, catalogue.find_series(connection, venue, symbol), as_of_ns)

    def margin_tier_history(self, venue: str) -> list[tuple[str, int, pl.DataFrame]]:
        """Return every margin table of a venue as (symbol, valid from [ns], tiers), by symbol, oldest first."""
        with self._reading() as connection:
            return catalogue.tier_history(connection, venue)

    # -- what is known, and what is missing -----------------------------------------------------------------------

    def coverage(self, dataset: str, venue: str, symbol: str, start_ns: int, end_ns: int) -> Coverage:
        """Return which part of a window was recorded, and the gaps that meet it."""
        keying(dataset)
        with self._reading() as connection:
            series = catalogue.find_series(connection, venue, symbol)
            return coverage.coverage(connection, dataset, series, start_ns, end_ns)

    def freshness(self, venue: str = gaps.EVERY, symbol: str = gaps.EVERY) -> list[Freshness]:
        """Return the newest and oldest row of every dataset, of all series or of one."""
        with self._reading() as connection:
            series = catalogue.all_series(connection).values()
            wanted = [
                s for s in series if venue in (gaps.EVERY, s.venue) and symbol in (gaps.EVERY, s.symbol)
            ]
            return coverage.freshness(connection, wanted)

    def touched_since(self, venue: str, symbol: str, seq: int) -> list[TouchedHour]:
        """Return the hours of a series written after write number ``seq``: what is derived from them is stale."""
        with self._reading() as connection:
            return coverage.touched_since(connection, catalogue.find_series(connection, venue, symbol), seq)

    def standing(self, venue: str, symbol: str) -> Standing:
        """Return where a series stands, to ask later what was written since."""
        with self._reading() as connection:
            return coverage.standing(connection, catalogue.find_series(connection, venue, symbol))

    def new_files(self, venue: str, symbol: str, *, since: Standing, start_ns: int, end_ns: int) -> bool:
        """Return whether files with rows of ``[start_ns, end_ns)`` were made after a standing."""
        with self._reading() as connection:
            series = catalogue.find_series(connection, venue, symbol)
            return coverage.new_files(connection, series, since, (start_ns, end_ns))

    def wrote_before(
        self, dataset: str, venue: str, symbol: str, *, since: Standing, start_ns: int, end_ns: int
    ) -> bool:
        """Return whether rows of ``[start_ns, end_ns)`` that are not in files yet were written after a standing.

        Costs a look at each hot row of that time.
        """
        with self._reading() as connection:
            series = catalogue.find_series(connection, venue, symbol)
            return coverage.wrote_before(connection, dataset, series, since.seq, (start_ns, end_ns))

    def open_gap(
        self, dataset: str, venue: str, symbol: str, start_ns: int, *, reason: str, end_ns: int | None = None
    ) -> int:
        """Write down that rows are missing from a moment on; ``*`` for every dataset or symbol. Durable on return."""
        with self._writing() as connection:
            place = gaps.Place(dataset, venue, symbol)
            return gaps.open_gap(connection, place, start_ns, end_ns=end_ns, reason=reason)

    def close_gap(self, number: int, end_ns: int, *, filled: bool = False) -> None:
        """Write down where a gap ends, and whether its rows have been fetched since."""
        with self._writing() as connection:
            gaps.close_gap(connection, number, end_ns, filled=filled)

    def list_gaps(
        self,
        *,
        dataset: str = gaps.EVERY,
        venue: str = gaps.EVERY,
        symbol: str = gaps.EVERY,
        span: Span | None = None,
        filled: bool | None = None,
    ) -> list[Gap]:
        """Return gaps, oldest first, all of them or those that meet a place and a span."""
        with self._reading() as connection:
            return gaps.list_gaps(connection, gaps.Place(dataset, venue, symbol), span=span, filled=filled)

    # -- checkpoints and jobs -------------------------------------------------------------------------------------

    def put_checkpoint(self, name: str, value: str) -> None:
        """Write a checkpoint; one that belongs to rows goes with :meth:`Writer.append`."""
        with self._writing() as connection:
            jobs.put_checkpoint(connection, name, value)

    def checkpoint(self, name: str) -> str | None:
        """Return a checkpoint's value, ``None`` if it was never written."""
        with self._reading() as connection:
            return jobs.checkpoint(connection, name)

    def put_job(self, job: str, spec: str, parts: Sequence[str]) -> None:
        """Write a job cut into parts; a known one keeps what was marked."""
        with self._writing() as connection:
            jobs.put_job(connection, job, spec, parts)

    def mark_part(self, job: str, part: str, state: PartState, *, note: str = "") -> None:
        """Set where a part of a job stands."""
        with self._writing() as connection:
            jobs.mark_part(connection, job, part, state, note=note)

    def job_parts(self, job: str, *, state: PartState | None = None) -> list[JobPart]:
        """Return a job's parts in order."""
        with self._reading() as connection:
            return jobs.parts(connection, job, state=state)

    def jobs(self) -> list[Job]:
        """Return every job, oldest first."""
        with self._reading() as connection:
            return jobs.jobs(connection)

    # -- segments -------------------------------------------------------------------------------------------------

    def write_segments(
        self,
        venue: str,
        symbol: str,
        items: Sequence[StoredSegment],
        *,
        version: str,
        progress: Mapping[str, int] | None = None,
    ) -> None:
        """Write derived segments, and how far they reach, in one transaction."""
        self._for_writing()
        self._segments.write(venue, symbol, items, version=version, progress=progress)

    def segment_progress(self, venue: str, symbol: str, *, version: str) -> dict[str, int] | None:
        """Return how far the segments of a version reach, ``None`` where there are none."""
        return self._segments.progress(venue, symbol, version)

    def read_segments(
        self, venue: str, symbol: str, start_ns: int, end_ns: int, *, version: str, level: Level
    ) -> list[StoredSegment]:
        """Return the segments of one level that lie within a window, in order."""
        return self._segments.read(venue, symbol, version=version, level=level, span=(start_ns, end_ns))

    def last_segment(
        self, venue: str, symbol: str, *, version: str, level: Level, before_ns: int
    ) -> StoredSegment | None:
        """Return the newest segment of one level that ends at or before a moment, ``None`` where there is none."""
        return self._segments.last(venue, symbol, version=version, level=level, before_ns=before_ns)

    def segment_entries(self, venue: str, symbol: str, *, version: str) -> list[SegmentEntry]:
        """Return which segments there are and from which write numbers they were built."""
        return self._segments.entries(venue, symbol, version)

    def delete_segments(self, venue: str, symbol: str, *, version: str) -> int:
        """Remove the segments of a version."""
        self._for_writing()
        return self._segments.delete(venue, symbol, version)

    # -- upkeep ---------------------------------------------------------------------------------------------------

    def compact(self, *, at_ns: int | None = None, settle_ns: int = compaction.SETTLE_NS) -> Compaction:
        """Write closed hours and days to files; safe beside a recorder."""
        connection = self._for_writing()
        with Lock(self.root, ""), sqlite_errors(self._path):
            return compaction.compact(connection, self.root, at_ns=at_ns, settle_ns=settle_ns)

    def sweep(self, *, at_ns: int | None = None, grace_ns: int = compaction.GRACE_NS) -> int:
        """Remove files from the disk that left the lake before the grace; return how many."""
        connection = self._for_writing()
        with Lock(self.root, ""), sqlite_errors(self._path):
            return compaction.sweep(connection, self.root, at_ns=at_ns, grace_ns=grace_ns)

    def disk_use(self, *, max_bytes: int | None = None, at_ns: int | None = None) -> DiskUse:
        """Return what the lake takes, how fast it grows and how long the room lasts."""
        with sqlite_errors(self._path):
            return retention.disk_use(self._connection(), self.root, max_bytes=max_bytes, at_ns=at_ns)

    def due(
        self,
        *,
        keep_days: Mapping[str, int | None] | None = None,
        max_bytes: int | None = None,
        at_ns: int | None = None,
    ) -> list[tuple[str, str, str]]:
        """Return dataset, venue and symbol of what :meth:`retain` would remove now."""
        with sqlite_errors(self._path):
            return retention.due(
                self._connection(), self.root, keep_days=keep_days, max_bytes=max_bytes, at_ns=at_ns
            )

    def retain(
        self,
        *,
        keep_days: Mapping[str, int | None] | None = None,
        max_bytes: int | None = None,
        at_ns: int | None = None,
    ) -> Retention:
        """Remove what is older than its dataset is kept, then what exceeds the limit; prints and segments go last."""
        connection = self._for_writing()
        with Lock(self.root, ""), sqlite_errors(self._path):
            result = retention.retain(
                connection, self.root, keep_days=keep_days, max_bytes=max_bytes, at_ns=at_ns
            )
        if kept := retention.keep_ns("positions", keep_days):
            self.accounts.forget((now_ns() if at_ns is None else at_ns) - kept)
        return result

    def backup(self, target: Path, *, link: bool = True) -> Backup:
        """Copy the lake as of this moment into a new folder, while others record."""
        connection = self._for_writing()
        with Lock(self.root, ""):
            return backup.backup(connection, self.root, target, link=link)

    def verify(self, *, young_s: float = verification.YOUNG_S) -> Verification:
        """Compare the lake with its manifest; changes nothing."""
        with sqlite_errors(self._path):
            return verification.verify(self._connection(), self.root, young_s=young_s)

    @staticmethod
    def restore(source: Path, root: Path) -> Backup:
        """Make a lake from a backup, every file checked."""
        return backup.restore(source, root)

    @staticmethod
    def repair(root: Path) -> Repair:
        """Set aside what is damaged and note what is missing; needs the lake alone and no open lake object."""
        return repair.repair(root)
