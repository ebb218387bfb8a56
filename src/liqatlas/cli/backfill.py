"""``liqatlas backfill``: history over REST into the lake."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  (cyclopts reads the annotations)
from typing import Annotated

from cyclopts import Parameter

from liqatlas.base.clock import now_ns, parse_window
from liqatlas.base.config import load_settings
from liqatlas.cli.output import reporting, say
from liqatlas.flows.backfill import BackfillPlan
from liqatlas.flows.backfill import backfill as backfill_
from liqatlas.flows.request import moment
from liqatlas.flows.venue_access import chosen_venues, make_access


def backfill(
    names: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    /,
    *,
    since: str = "30d",
    until: str | None = None,
    venues: Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative="")] = (),
    lake: Path | None = None,
    host: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    proxy: Annotated[tuple[str, ...], Parameter(negative="")] = (),
) -> int:
    """Fetch bars, marks, open interest and funding of the past into the lake; the same command again goes on.

    Parameters
    ----------
    names
        Assets such as BTC, or symbols.
    since
        How far back, such as 30d, or a moment.
    until
        Moment at which to end; default is now.
    venues
        Which venues; all with a live client by default. ``ccxt:NAME`` is an exchange read by ccxt.
    lake
        Folder of the lake, made where there is none; default is that of the settings.
    host
        VENUE=URL: a mirror or regional address in place of the venue's own.
    proxy
        VENUE=URL: a proxy for that venue.
    """
    end = moment(until)
    begin = moment(since) if since[:4].isdigit() and "-" in since else (end or now_ns()) - parse_window(since)
    plan = BackfillPlan(
        names,
        chosen_venues(venues),
        lake or load_settings().lake_path,
        make_access(host, proxy),
        since_ns=begin or 0,
        until_ns=end,
    )
    with reporting() as reporter:
        out = backfill_(plan, reporter)
    say(f"{out.rows:,} rows kept in {plan.lake}")
    return 0
