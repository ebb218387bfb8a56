"""The compact form in which dated tier tables ship with the package: ``data/<venue>.json``.

A file holds snapshots, each of one day; symbols with the same schedule share it. A schedule is a list of rows
``[cap, maintenance_rate, max_leverage]``, smallest first, with ``null`` for a cap that does not exist. Floors are the caps below;
deductions are the continuous ones, and the script that writes the file has checked them against the venue's own.
"""

from __future__ import annotations

from datetime import date  # noqa: TC003 - msgspec resolves the annotation at run time
from functools import cache
from importlib import resources

import msgspec
import numpy as np

from liqatlas.base.errors import InternalError
from liqatlas.rules.tier_table import FloorUnit, TierTable, continuous_deductions

FORMAT = 1


class Snapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Tables of one venue as seen on one day.

    ``complete`` is false where only the lowest tiers are sourced; ``note`` says what else a reader must know, and becomes part
    of the table's warning where ``complete`` is false.
    """

    valid_from: date
    read_on: date
    source: str
    floor_unit: FloorUnit
    schedules: dict[str, list[tuple[float | None, float, float]]]
    symbols: dict[str, list[str]]
    whole_position: bool = False
    cap_inclusive: bool = True
    complete: bool = True
    note: str = ""
    contract_values: dict[str, float] = {}

    def schedule_of(self, symbol: str) -> str | None:
        """Return the name of a symbol's schedule, or ``None``."""
        return next((name for name, members in self.symbols.items() if symbol in members), None)


class TierFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One venue's file."""

    format: int
    venue: str
    snapshots: list[Snapshot]


@cache
def tier_file(venue: str) -> TierFile | None:
    """Return a venue's shipped tables, or ``None`` where none ship.

    Raises
    ------
    InternalError
        If a shipped file does not follow its own format.
    """
    path = resources.files("liqatlas.rules") / "data" / f"{venue}.json"
    if not venue.isidentifier() or not path.is_file():
        return None
    try:
        file = msgspec.json.decode(path.read_bytes(), type=TierFile)
    except msgspec.DecodeError as error:
        raise InternalError(f"shipped tier file of {venue} cannot be read: {error}") from None
    if file.format != FORMAT or file.venue != venue:
        raise InternalError(f"shipped tier file of {venue} is of format {file.format}, venue {file.venue}")
    return file


def table_from(venue: str, symbol: str, snapshot: Snapshot) -> TierTable | None:
    """Return a symbol's table of one snapshot, or ``None`` where the snapshot does not hold it."""
    name = snapshot.schedule_of(symbol)
    if name is None:
        return None
    rows = snapshot.schedules[name]
    caps = np.array([np.inf if cap is None else cap for cap, _, _ in rows])
    rates = np.array([rate for _, rate, _ in rows])
    floors = np.concatenate(([0.0], caps[:-1]))
    limit = float(caps[-1])
    partial = (
        f"only tiers up to {limit:,.0f} {snapshot.floor_unit} are sourced, beyond them the last rate goes on"
    )
    return TierTable(
        venue=venue,
        symbol=symbol,
        floors=floors,
        rates=rates,
        deductions=np.zeros_like(floors) if snapshot.whole_position else continuous_deductions(floors, rates),
        max_leverages=np.array([lever for _, _, lever in rows], dtype=np.float64),
        floor_unit=snapshot.floor_unit,
        valid_from=snapshot.valid_from,
        source=snapshot.source,
        read_on=snapshot.read_on,
        size_limit=limit,
        whole_position=snapshot.whole_position,
        cap_inclusive=snapshot.cap_inclusive,
        contract_value=snapshot.contract_values.get(symbol, np.nan),
        warning="" if snapshot.complete else f"{symbol} on {venue}: {partial}",
    )
