"""``liqatlas record``: live rows of several venues into the lake."""

from __future__ import annotations

import sys
from pathlib import Path  # noqa: TC003  (cyclopts reads the annotations)
from typing import Annotated

from cyclopts import Parameter

from liqatlas.base.clock import NS_PER_S, parse_window
from liqatlas.base.config import load_settings
from liqatlas.cli.output import reporting, say
from liqatlas.flows.backfill import BackfillPlan, backfill
from liqatlas.flows.record import RecordPlan
from liqatlas.flows.record import record as record_
from liqatlas.flows.request import parse_bytes
from liqatlas.flows.venue_access import chosen_venues, make_access


def record(
    names: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    /,
    *,
    venues: Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative="")] = (),
    lake: Path | None = None,
    symbols: Path | None = None,
    once: Annotated[bool, Parameter(negative="")] = False,
    for_: Annotated[str | None, Parameter(name="--for")] = None,
    max_disk: str | None = None,
    bound: float = 1.0,
    watchdog: float = 120.0,
    heartbeat_file: Path | None = None,
    heartbeat_url: str | None = None,
    metrics: int | None = None,
    host: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    proxy: Annotated[tuple[str, ...], Parameter(negative="")] = (),
) -> int:
    """Record live rows into the lake until stopped; every gap is filled or written down.

    Parameters
    ----------
    names
        Assets such as BTC, or symbols.
    venues
        Which venues; all with a live client by default.
    lake
        Folder of the lake, made where there is none; default is that of the settings.
    symbols
        File with one asset or symbol a line, read again on SIGHUP.
    once
        Fetch over REST what came since the last time, and leave: for cron.
    for_
        Stop after this long, such as 10m.
    max_disk
        Keep the lake under this size, such as 50GB: oldest days go first, prints and segments last.
    bound
        Seconds that a crash may lose at most.
    watchdog
        Seconds without a frame after which a venue's feed is opened anew.
    heartbeat_file
        Written while rows arrive and become durable.
    heartbeat_url
        Asked for while rows arrive and become durable.
    metrics
        Port on loopback for /metrics and /healthz.
    host
        VENUE=URL: a mirror or regional address in place of the venue's own.
    proxy
        VENUE=URL: a proxy for that venue.
    """
    plan = RecordPlan(
        names=names,
        venues=chosen_venues(venues),
        lake=lake or load_settings().lake_path,
        access=make_access(host, proxy),
        names_file=symbols,
        bound_s=bound,
        silent_s=watchdog,
        max_bytes=parse_bytes(max_disk) if max_disk else None,
        heartbeat_file=heartbeat_file,
        heartbeat_url=heartbeat_url,
        metrics_port=metrics,
        stop_after_s=parse_window(for_) / NS_PER_S if for_ else None,
    )
    if once:
        with reporting() as reporter:
            backfill(BackfillPlan(plan.names, plan.venues, plan.lake, plan.access, since_last=True), reporter)
        return 0
    terminal = sys.stderr.isatty()

    def show(line: str) -> None:
        print(
            f"\r\x1b[K{line}" if terminal else line, end="" if terminal else "\n", file=sys.stderr, flush=True
        )

    record_(plan, show, say, show_every_s=2.0 if terminal else 60.0)
    return 0
