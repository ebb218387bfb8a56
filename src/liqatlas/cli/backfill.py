"""``liqatlas backfill``: history over REST into the lake."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from liqatlas.base.clock import now_ns, parse_window
from liqatlas.base.config import load_settings
from liqatlas.base.format import format_count
from liqatlas.cli.options import VenueOptions
from liqatlas.cli.output import reporting, say
from liqatlas.flows.backfill import BackfillPlan
from liqatlas.flows.backfill import backfill as backfill_
from liqatlas.flows.request import moment
from liqatlas.flows.venue_access import chosen_venues, make_access

_WHERE = VenueOptions()


def backfill(
    names: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    /,
    *,
    since: str = "30d",
    until: str | None = None,
    where: VenueOptions = _WHERE,
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
    """
    end = moment(until)
    begin = moment(since) if since[:4].isdigit() and "-" in since else (end or now_ns()) - parse_window(since)
    plan = BackfillPlan(
        names,
        chosen_venues(where.venues),
        where.lake or load_settings().lake_path,
        make_access(where.host, where.proxy),
        since_ns=begin or 0,
        until_ns=end,
    )
    with reporting() as reporter:
        out = backfill_(plan, reporter)
    say(f"{format_count(out.rows, 'row')} kept in {plan.lake}")
    return 0
