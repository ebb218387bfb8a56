"""Serve while recording: a recorder in a thread writes the lake that is served."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from liqatlas.base.errors import InputError, LiqAtlasError, SourceUnavailableError
from liqatlas.flows.record import Inside, RecordPlan, record
from liqatlas.flows.record_watch import metrics_text
from liqatlas.flows.reporter import SILENT, Reporter
from liqatlas.flows.serving import Source, open_source
from liqatlas.flows.venue_access import chosen_venues, make_access

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from liqatlas.flows.record_watch import Recording

#: What a crash may lose at most, and how late a row is seen [s].
BOUND_S = 0.2
#: The recorder has this long to reach its venues before the server starts without it [s].
BEGIN_WITHIN_S = 30.0


class Recorder:
    """A recorder in a thread."""

    def __init__(self, plan: RecordPlan, reporter: Reporter = SILENT) -> None:
        self._plan, self._reporter = plan, reporter
        self._stop, self._begun = threading.Event(), threading.Event()
        self._recording: Recording | None = None
        self.failure: LiqAtlasError | None = None
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    def _run(self) -> None:
        def silent(_: str) -> None:
            """Show no status line: /metrics has it."""

        try:
            record(
                self._plan,
                silent,
                self._reporter.notice,
                show_every_s=60.0,
                inside=Inside(self._stop, self._began),
            )
        except LiqAtlasError as error:
            self.failure = error
            self._reporter.notice(f"recording ended: {error}")
        finally:
            self._begun.set()

    def _began(self, recording: Recording) -> None:
        self._recording = recording
        self._begun.set()

    def start(self) -> None:
        """Start, and wait until rows may come.

        Raises
        ------
        LiqAtlasError
            What kept it from starting.
        """
        self._thread.start()
        self._begun.wait(BEGIN_WITHIN_S)
        if self.failure is not None:
            raise self.failure

    def metrics_text(self) -> str:
        """Return the recorder's counters in Prometheus' text format."""
        up = int(self._thread.is_alive())
        return f"liqatlas_recorder_up {up}\n" + (metrics_text(self._recording) if self._recording else "")

    def close(self) -> None:
        """Stop and wait until everything is durable."""
        self._stop.set()
        self._thread.join(30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants served.

    Attributes
    ----------
    names, venues, hosts
        With ``live``: assets to record, venues (all where none is named), and ``VENUE=URL`` texts in place of their addresses.
    """

    lake: Path | None = None
    paths: tuple[Path, ...] = ()
    live: bool = False
    demo: bool = False
    names: tuple[str, ...] = ()
    venues: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


@contextlib.contextmanager
def open_served(wish: Wish, reporter: Reporter = SILENT) -> Iterator[Source]:
    """Yield the source to serve; with ``live`` a recorder writes its lake meanwhile.

    Raises
    ------
    InputError
        If the sources contradict, or there is nothing to record.
    SourceUnavailableError
        If no venue answers or the lake cannot be used.
    """
    if not wish.live:
        source = open_source(lake=wish.lake, paths=wish.paths, demo=wish.demo, reporter=reporter)
        try:
            yield source
        finally:
            source.close()
        return
    lake = wish.lake
    if lake is None or wish.paths or wish.demo:
        raise InputError("live recording wants a lake and no other source")
    if not wish.names:
        raise InputError("nothing to record: name assets with --assets BTC ETH")
    plan = RecordPlan(
        names=wish.names,
        venues=chosen_venues(wish.venues),
        lake=lake,
        access=make_access(wish.hosts, ()),
        bound_s=BOUND_S,
    )
    recorder = Recorder(plan, reporter)
    reporter.progress("reaching the venues", 0, 1)
    recorder.start()
    try:
        if not (lake / "catalogue.sqlite").is_file():
            raise SourceUnavailableError(f"no lake came to be at {lake}: is the folder writable?")
        source = open_source(lake=lake, live=True)
        source.more_metrics.append(recorder.metrics_text)
        yield source
        source.close()
    finally:
        recorder.close()
