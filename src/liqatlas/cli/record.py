"""``liqatlas record``: live rows of several venues into the lake."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003  (cyclopts reads the annotations)
from typing import Annotated

from cyclopts import Parameter

from liqatlas.base.clock import NS_PER_S, parse_window
from liqatlas.base.config import load_settings
from liqatlas.base.errors import InputError
from liqatlas.cli.options import VenueOptions
from liqatlas.cli.output import reporting, say
from liqatlas.flows.backfill import BackfillPlan, backfill
from liqatlas.flows.record import RecordPlan, read_names
from liqatlas.flows.record import record as record_
from liqatlas.flows.request import parse_bytes
from liqatlas.flows.venue_access import chosen_venues, make_access


@Parameter(name="*", group="Recorder")
@dataclass(frozen=True, kw_only=True)
class RecordOptions:
    """How the recorder runs and tells of itself."""

    symbols: Path | None = None
    "File with one asset or symbol a line, read again on SIGHUP."
    once: Annotated[bool, Parameter(negative="")] = False
    "Fetch over REST what came since the last time, and leave: for cron."
    for_: Annotated[str | None, Parameter(name="--for")] = None
    "Stop after this long, such as 10m."
    max_disk: str | None = None
    "Keep the lake under this size, such as 50GB: oldest days go first, prints and segments last."
    bound: float = 1.0
    "Seconds that a crash may lose at most."
    watchdog: float = 120.0
    "Seconds without a frame after which a venue's feed is opened anew."
    heartbeat_file: Path | None = None
    "Written every 10 s while rows arrive and become durable."
    heartbeat_url: str | None = None
    "Asked for every 10 s while rows arrive and become durable."
    metrics: int | None = None
    "Port on loopback for /metrics and /healthz."
    live_map: Annotated[bool, Parameter(negative="")] = False
    "With --metrics: keep every open level in memory as rows come; /levels/ASSET shows it, /metrics how long it takes."


_HOW, _WHERE = RecordOptions(), VenueOptions()


def record(
    names: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    /,
    *,
    where: VenueOptions = _WHERE,
    how: RecordOptions = _HOW,
) -> int:
    """Record live rows into the lake until stopped; every gap is filled or written down.

    Parameters
    ----------
    names
        Assets such as BTC, or symbols.
    """
    if how.live_map and how.metrics is None:
        raise InputError("--live-map shows its map on the port of --metrics: give that too")
    plan = RecordPlan(
        names=names,
        venues=chosen_venues(where.venues),
        lake=where.lake or load_settings().lake_path,
        access=make_access(where.host, where.proxy),
        names_file=how.symbols,
        bound_s=how.bound,
        silent_s=how.watchdog,
        max_bytes=parse_bytes(how.max_disk) if how.max_disk else None,
        heartbeat_file=how.heartbeat_file,
        heartbeat_url=how.heartbeat_url,
        metrics_port=how.metrics,
        live_map=how.live_map,
        stop_after_s=parse_window(how.for_) / NS_PER_S if how.for_ else None,
    )
    if how.once:
        names = read_names(plan)
        with reporting() as reporter:
            backfill(BackfillPlan(names, plan.venues, plan.lake, plan.access, since_last=True), reporter)
        return 0
    terminal = sys.stderr.isatty()

    def show(line: str) -> None:
        text, end = (f"\r\x1b[K{line}", "") if terminal else (line, "\n")
        print(text, end=end, file=sys.stderr, flush=True)

    record_(plan, show, say, show_every_s=2.0 if terminal else 60.0)
    return 0
