"""Public positions out of the lake, as of any moment, and what the registry of accounts says of their completeness."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from liqatlas.base.clock import DAY_NS, isoformat
from liqatlas.base.errors import NotEnoughDataError
from liqatlas.base.recording import Recording
from liqatlas.flows.margin_history import changed_coins, tables_of_lake
from liqatlas.flows.reporter import SILENT
from liqatlas.flows.scan_sinks import SCAN_STATE, VENUE
from liqatlas.store import Lake

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from liqatlas.base.instruments import Instrument
    from liqatlas.flows.reporter import Reporter
    from liqatlas.rules import TierTable

#: How old the newest sample of open interest may be.
_INTEREST_BACK_NS = DAY_NS


def recordings_of_lake(
    path: Path,
    *,
    venues: Sequence[str] = (),
    as_of_ns: int | None = None,
    window_ns: int,
    reporter: Reporter = SILENT,
) -> tuple[list[Recording], dict[str, list[TierTable]]]:
    """Return the positions of all coins in ``(as_of - window, as_of]``, and the margin tables seen by then.

    Parameters
    ----------
    as_of_ns
        Nothing later is read; None takes the newest position.

    Raises
    ------
    SourceUnavailableError
        If there is no lake.
    NotEnoughDataError
        If it holds no positions, or none of that time; names when there are some.
    """
    with Lake.open(path) as lake:
        held = {
            (row.venue, row.symbol): row
            for row in lake.freshness()
            if row.dataset == "positions" and (not venues or row.venue in venues)
        }
        if not held:
            raise NotEnoughDataError(
                f"the lake {path} holds no public positions: scan accounts with positions --scan-lake, or ingest files of them"
            )
        newest = max(row.last_event_ns for row in held.values())
        end = newest if as_of_ns is None else as_of_ns
        span = (end - window_ns + 1, end + 1)
        mine = [one for one in lake.instruments(as_of_ns=end) if (one.venue, one.symbol) in held]
        out = []
        for done, one in enumerate(mine):
            reporter.progress(f"reading positions of {one.key}", done, len(mine))
            out.append(_recording(lake, one, span))
        out = [one for one in out if not one.positions.is_empty()]
        if not out:
            first = min(row.first_event_ns for row in held.values())
            raise NotEnoughDataError(
                f"the lake {path} holds no snapshot of positions from {isoformat(span[0])} to {isoformat(end)}; it holds "
                f"{isoformat(first)} to {isoformat(newest)}"
            )
        tables = tables_of_lake(lake, VENUE, until_ns=end)
        told = [*_registry_warnings(lake, newest_asked=end >= newest), *_table_warnings(tables)]
    return [_warned(one, told) for one in out], tables


def _recording(lake: Lake, one: Instrument, span: tuple[int, int]) -> Recording:
    """Return one coin's snapshots, and the open interest shortly before the end."""
    start, end = span
    return Recording(
        one,
        positions=lake.read("positions", one.venue, one.symbol, start, end),
        open_interest=lake.read("open_interest", one.venue, one.symbol, max(end - _INTEREST_BACK_NS, 0), end),
        emptied=lake.accounts.emptied(one.venue, span),
        sources=(f"lake: positions of {one.key} {isoformat(start)} to {isoformat(end)}",),
    )


def _warned(one: Recording, told: list[str]) -> Recording:
    return replace(one, warnings=(*one.warnings, *told)) if one.instrument.venue == VENUE else one


def _registry_warnings(lake: Lake, *, newest_asked: bool) -> list[str]:
    """Return what is missing by the registry's own count; it knows the present only."""
    if not newest_asked:
        return []
    known = lake.accounts.table(VENUE)
    counts = dict(known["outcome"].cast(str).value_counts().iter_rows())
    said = []
    for outcome, what in (
        ("new", "have not been looked at yet"),
        ("failed", "failed at the last attempt: their older snapshots stand, none counts as empty"),
    ):
        if counts.get(outcome):
            said.append(f"partial: {counts[outcome]:,} of {known.height:,} known accounts {what}")
    state = lake.checkpoint(SCAN_STATE)
    plan = msgspec.json.decode(state) if state else {}
    if plan and not plan["ended_ns"]:
        said.append(
            f"partial: the scan that began {isoformat(plan['since_ns'])} has not come to its end; --scan-lake goes on"
        )
    if plan.get("stopped"):
        said.append(f"partial: {plan['stopped']}")
    return said


def _table_warnings(tables: dict[str, list[TierTable]]) -> list[str]:
    changed = changed_coins(tables)
    if not changed:
        return []
    named = ", ".join(f"{c} ({tables[c][-1].valid_from})" for c in changed[:6])
    return [
        f"margin tables changed: {named}{' and more' if len(changed) > 6 else ''}; each snapshot is judged by that of its day"
    ]
