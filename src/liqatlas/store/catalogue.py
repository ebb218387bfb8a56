"""The catalogue: which series there are, what their instruments were and when, and their margin tiers.

A series is one symbol of one venue. Its rows count prices in ONE tick, the finest any of its instruments had: a venue
that refines its tick rescales the hot rows; files keep the tick they were written with and are rescaled when read.
"""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

import polars as pl

from liqatlas.base import schemas
from liqatlas.base.errors import InputError, NotEnoughDataError, UnknownSymbolError
from liqatlas.base.instruments import Instrument
from liqatlas.base.symbols import near_names
from liqatlas.store.hot import HOT
from liqatlas.store.layout import PARTIAL, SERIES
from liqatlas.store.parquet import cannot_write, sync_folder

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

#: Start of validity of an instrument whose history is not known.
ALWAYS = 0
_FIELDS = (
    "asset", "quote", "settle", "kind", "tick_size", "lot_size", "contract_value", "price_multiplier", "expiry_ns",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Series:
    """One symbol of one venue as the store numbers it; ``tick_size`` is the step its price ticks count."""

    number: int
    venue: str
    symbol: str
    tick_size: Decimal


@dataclass(frozen=True, slots=True)
class InstrumentVersion:
    """An instrument and from when on it was so; ``delisted_ns`` is ``None`` while it trades."""

    instrument: Instrument
    valid_from_ns: int
    delisted_ns: int | None = None


def common_tick(first: Decimal, second: Decimal) -> Decimal:
    """Return the coarsest step of which both are whole multiples.

    Examples
    --------
    >>> common_tick(Decimal("0.5"), Decimal("0.2"))
    Decimal('0.1')
    """
    a, b = max(first, second), min(first, second)
    while b:
        a, b = b, a % b
    return a.normalize()


def find_series(connection: sqlite3.Connection, venue: str, symbol: str) -> Series:
    """Return a series that has been written.

    Raises
    ------
    UnknownSymbolError
        If it has not; carries similar names of the venue, or the new name where it was renamed.
    """
    row = connection.execute(
        "SELECT series, tick_size FROM series WHERE venue = ? AND symbol = ?", (venue, symbol)
    ).fetchone()
    if row is not None:
        return Series(int(row[0]), venue, symbol, Decimal(row[1]))
    known = [str(r[0]) for r in connection.execute("SELECT symbol FROM series WHERE venue = ?", (venue,))]
    raise UnknownSymbolError(symbol, near_names(symbol, known), where=f"{venue} in the lake")


def all_series(connection: sqlite3.Connection) -> dict[int, Series]:
    """Return every series by its number."""
    rows = connection.execute("SELECT series, venue, symbol, tick_size FROM series").fetchall()
    return {int(r[0]): Series(int(r[0]), r[1], r[2], Decimal(r[3])) for r in rows}


def ensure_series(connection: sqlite3.Connection, instrument: Instrument) -> Series:
    """Return an instrument's series inside a running transaction, made or refined to its tick where needed."""
    venue, symbol, tick = instrument.venue, instrument.symbol, instrument.tick_size.normalize()
    if tick <= 0:
        raise InputError(f"instrument {instrument.key}: tick size {tick} is not positive")
    row = connection.execute(
        "SELECT series, tick_size FROM series WHERE venue = ? AND symbol = ?", (venue, symbol)
    ).fetchone()
    if row is None:
        cursor = connection.execute(
            "INSERT INTO series (venue, symbol, tick_size) VALUES (?, ?, ?)",
            (venue, symbol, format(tick, "f")),
        )
        series = Series(int(cursor.lastrowid or 0), venue, symbol, tick)
        put_version(connection, series.number, InstrumentVersion(instrument, ALWAYS))
        return series
    number, old = int(row[0]), Decimal(row[1])
    new = common_tick(old, tick)
    if new != old:
        HOT["trades"].rescale(connection, number, int(old / new))
        connection.execute("UPDATE series SET tick_size = ? WHERE series = ?", (format(new, "f"), number))
    return Series(number, venue, symbol, new)


def put_version(connection: sqlite3.Connection, series: int, version: InstrumentVersion) -> None:
    """Write an instrument as it was from a moment on; the same moment again replaces it."""
    item = version.instrument
    values = {name: getattr(item, name) for name in _FIELDS}
    values |= {name: format(value, "f") for name, value in values.items() if isinstance(value, Decimal)}
    connection.execute(
        f"INSERT OR REPLACE INTO instrument (series, valid_from_ns, {', '.join(_FIELDS)}, delisted_ns) "  # noqa: S608
        f"VALUES ({', '.join('?' * (len(_FIELDS) + 3))})",
        (series, version.valid_from_ns, *values.values(), version.delisted_ns),
    )


def versions(connection: sqlite3.Connection, series: Series) -> list[InstrumentVersion]:
    """Return an instrument's versions, oldest first."""
    rows = connection.execute(
        f"SELECT valid_from_ns, delisted_ns, {', '.join(_FIELDS)} FROM instrument WHERE series = ? "  # noqa: S608
        "ORDER BY valid_from_ns",
        (series.number,),
    ).fetchall()
    found = []
    for valid_from, delisted, *fields in rows:
        values = dict(zip(_FIELDS, fields, strict=True))
        values |= {name: Decimal(values[name]) for name in ("tick_size", "lot_size", "contract_value")}
        instrument = Instrument(venue=series.venue, symbol=series.symbol, **values)
        found.append(InstrumentVersion(instrument, valid_from, delisted))
    return found


def instrument_at(connection: sqlite3.Connection, series: Series, as_of_ns: int) -> Instrument:
    """Return an instrument as it was at a moment, its ``tick_size`` the step that stored price ticks count."""
    known = versions(connection, series)
    if not known:
        raise NotEnoughDataError(
            f"{series.venue}:{series.symbol} has rows but no instrument in the catalogue; put its instrument first"
        )
    valid = [v for v in known if v.valid_from_ns <= as_of_ns] or known[:1]
    return replace(valid[-1].instrument, tick_size=series.tick_size)


def rename(connection: sqlite3.Connection, venue: str, old: str, new: str) -> None:
    """Note that a symbol goes on under another name; rows stay where they are."""
    series = find_series(connection, venue, old)
    connection.execute("UPDATE series SET renamed_to = ? WHERE series = ?", (new, series.number))


def renamed_to(connection: sqlite3.Connection, series: Series) -> str:
    """Return the name a symbol goes on under, empty where it kept its own."""
    row = connection.execute("SELECT renamed_to FROM series WHERE series = ?", (series.number,)).fetchone()
    return str(row[0] or "") if row else ""


def put_tiers(connection: sqlite3.Connection, series: int, valid_from_ns: int, tiers: pl.DataFrame) -> None:
    """Write the margin tiers valid from a moment on, replacing those of the same moment."""
    frame = schemas.MARGIN_TIERS.conform(tiers)
    connection.execute(
        "DELETE FROM margin_tier WHERE series = ? AND valid_from_ns = ?", (series, valid_from_ns)
    )
    connection.executemany(
        "INSERT INTO margin_tier VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(series, valid_from_ns, *row) for row in frame.rows()],
    )


def tiers_at(connection: sqlite3.Connection, series: Series, as_of_ns: int) -> pl.DataFrame:
    """Return the margin tiers in force at a moment.

    Raises
    ------
    NotEnoughDataError
        If none were written that were valid by then.
    """
    rows = connection.execute(
        "SELECT tier, floor, cap, maintenance_rate, deduction, max_leverage FROM margin_tier WHERE series = ? "
        "AND valid_from_ns = (SELECT max(valid_from_ns) FROM margin_tier WHERE series = ? AND valid_from_ns <= ?) "
        "ORDER BY tier",
        (series.number, series.number, as_of_ns),
    ).fetchall()
    if not rows:
        raise NotEnoughDataError(
            f"the lake holds no margin tiers of {series.venue}:{series.symbol} for that moment; fetch or import them"
        )
    return pl.DataFrame(rows, schema=schemas.MARGIN_TIERS.schema, orient="row")


def tier_history(connection: sqlite3.Connection, venue: str) -> list[tuple[str, int, pl.DataFrame]]:
    """Return every margin table of a venue as (symbol, valid from [ns], tiers), by symbol, oldest first."""
    rows = connection.execute(
        "SELECT symbol, valid_from_ns, tier, floor, cap, maintenance_rate, deduction, max_leverage FROM margin_tier "
        "JOIN series USING (series) WHERE venue = ? ORDER BY symbol, valid_from_ns, tier",
        (venue,),
    ).fetchall()
    found = []
    for (symbol, valid_from), part in groupby(rows, key=lambda r: (str(r[0]), int(r[1]))):
        tiers = [row[2:] for row in part]
        found.append(
            (symbol, valid_from, pl.DataFrame(tiers, schema=schemas.MARGIN_TIERS.schema, orient="row"))
        )
    return found


def write_sidecar(connection: sqlite3.Connection, root: Path) -> None:
    """Write which number stands for which series beside the catalogue, so that a damaged one can be read.

    Another process may do the same at the same time: each has a file of its own until it is whole, and who finds a series
    that came meanwhile writes again.
    """
    written: list[dict[str, object]] = []
    while (listed := _listed(connection)) != written:
        partial = root / f"{SERIES}.{os.getpid()}-{threading.get_ident()}{PARTIAL}"
        try:
            with partial.open("w", encoding="utf-8") as file:
                json.dump(listed, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(root / SERIES)
            sync_folder(root)
        except OSError as error:
            raise cannot_write(root / SERIES, error) from error
        written = listed


def _listed(connection: sqlite3.Connection) -> list[dict[str, object]]:
    return [
        {"series": s.number, "venue": s.venue, "symbol": s.symbol, "tick_size": format(s.tick_size, "f")}
        for s in all_series(connection).values()
    ]


def read_sidecar(root: Path) -> dict[int, Series]:
    """Return the series of the sidecar, none where it is absent or damaged."""
    try:
        listed = json.loads((root / SERIES).read_text(encoding="utf-8"))
        return {
            int(s["series"]): Series(int(s["series"]), s["venue"], s["symbol"], Decimal(s["tick_size"]))
            for s in listed
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}
