"""Public positions of many accounts and coins in one table, with what each owes at its mark and at its published level.

One row is one position at one snapshot. Rows that cannot be used are not repaired: :class:`Flaws` counts them by kind.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base.clock import isoformat, to_datetime
from liqatlas.base.errors import NotEnoughDataError, TiersUnknownError
from liqatlas.rules import Positions, TierTable, tiered_liquidation_price, tiers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from liqatlas.base.recording import Recording

#: Venues that publish positions and equity but no liquidation price: it is computed, so there is nothing to test it against.
SILENT_VENUES = frozenset({"dydx"})
#: Loans: collateral that is held, not a futures position; outside open interest, without a margin table.
COLLATERAL_VENUES = frozenset({"defi_lending"})
#: One snapshot of one account.
ACCOUNT = ("venue", "ts_event_ns", "account")


_NOBODY = pl.DataFrame(schema={"venue": pl.String(), "account": pl.String(), "ts_event_ns": pl.Int64()})


@dataclass(frozen=True, slots=True)
class Flaws:
    """Rows by what is wrong with them; see ``docs/reference/positions_json.md``.

    Attributes
    ----------
    no_mark
        Left out: the snapshot names no mark price.
    no_level
        Kept apart: the venue publishes no liquidation price (null or 0.0), so none is reachable.
    wrong_side
        Left out of the map: a long's level above its mark, or a short's below.
    unknown_tiers
        Kept, but not checked: no sourced margin table for the coin.
    """

    no_mark: int = 0
    no_level: int = 0
    wrong_side: int = 0
    unknown_tiers: int = 0
    unknown_coins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Holdings:
    """Positions of accounts over all coins and snapshots.

    Attributes
    ----------
    frame
        Columns of ``schemas.POSITIONS`` and ``venue``, ``symbol``, ``asset``, ``direction`` (+1, -1), ``level`` (NaN where none
        is published), ``owed`` and ``owed_at_level`` (maintenance [USD] at mark and level, NaN where the tiers are unknown),
        ``table`` (index into ``tables``, -1 where unknown).
    tables
        The margin tables used.
    flaws
        What is wrong with rows, counted.
    warnings
        Sentences for people.
    emptied
        Columns ``venue``, ``account``, ``ts_event_ns``: who was seen to hold nothing, and when.
    """

    frame: pl.DataFrame
    tables: tuple[TierTable, ...]
    flaws: Flaws
    warnings: tuple[str, ...] = ()
    emptied: pl.DataFrame = field(default_factory=lambda: _NOBODY)

    def until(self, as_of_ns: int) -> Holdings:
        """Return the snapshots at or before a moment; the flaws stay those of everything read.

        Raises
        ------
        NotEnoughDataError
            If there is none; names the first one.
        """
        known = self.frame.filter(pl.col("ts_event_ns") <= as_of_ns)
        if known.is_empty():
            first = self.frame["ts_event_ns"].min()
            assert isinstance(first, int)
            raise NotEnoughDataError(
                f"no snapshot at or before {isoformat(as_of_ns)}; the first one is of {isoformat(first)}"
            )
        return replace(self, frame=known, emptied=self.emptied.filter(pl.col("ts_event_ns") <= as_of_ns))

    def newest(self, *, as_of_ns: int, window_ns: int) -> pl.DataFrame:
        """Return each account's newest snapshot in ``(as_of - window, as_of]``; one that holds nothing since has none.

        Raises
        ------
        NotEnoughDataError
            If no snapshot lies there; names the newest one before.
        """
        return newest_per_account(self.frame, as_of_ns=as_of_ns, window_ns=window_ns, emptied=self.emptied)

    def by_table(self, frame: pl.DataFrame) -> Iterator[tuple[TierTable, np.ndarray, pl.DataFrame]]:
        """Yield each margin table with the row numbers and rows of a frame that it governs."""
        numbered = frame.with_row_index("_row")
        for (index,), part in numbered.group_by("table", maintain_order=True):
            if isinstance(index, int) and index >= 0:
                yield self.tables[index], part["_row"].to_numpy(), part


@dataclass(slots=True)
class TableShelf:
    """Margin tables by coin and day: the caller's own first, then the shipped ones; one object per distinct table.

    Attributes
    ----------
    own
        Tables by coin that the caller loaded, such as a fresh answer to ``meta``, oldest first: the newest seen by a row's day
        governs it, or the first where all were seen later.
    """

    own: Mapping[str, Sequence[TierTable]] = field(default_factory=dict)
    tables: list[TierTable] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    warnings: dict[str, None] = field(default_factory=dict)
    _index: dict[tuple[str, str, date], int] = field(default_factory=dict)

    def index_of(self, venue: str, symbol: str, day: date) -> int:
        """Return the number of the table in force, or -1 where none is sourced."""
        if venue in COLLATERAL_VENUES:
            return -1
        if symbol in self.own:
            seen = [one for one in self.own[symbol] if one.valid_from <= day]
            table = seen[-1] if seen else self.own[symbol][0]
        else:
            try:
                table = tiers(venue, symbol, day)
            except TiersUnknownError:
                self.unknown.add(symbol)
                return -1
        key = (venue, symbol, table.valid_from)
        if key not in self._index:
            self._index[key] = len(self.tables)
            self.tables.append(table)
        if table.warning and table.valid_from > day:
            self.warnings[f"some margin tables were seen after the positions (from {table.valid_from})"] = (
                None
            )
        return self._index[key]


def holdings_of(
    recordings: Sequence[Recording], *, own_tables: Mapping[str, Sequence[TierTable]] | None = None
) -> Holdings:
    """Return the positions of all recordings as one table.

    Raises
    ------
    NotEnoughDataError
        If no recording holds a position with a mark price.
    """
    parts = [
        r.positions.with_columns(
            venue=pl.lit(r.instrument.venue),
            symbol=pl.lit(r.instrument.symbol),
            asset=pl.lit(r.instrument.asset),
            position=pl.col("position").cast(pl.String),
            margin_mode=pl.col("margin_mode").cast(pl.String),
        )
        for r in recordings
        if not r.positions.is_empty()
    ]
    if not parts:
        raise NotEnoughDataError(
            "the files hold no public positions; give a snapshot of accounts with --from"
        )
    every = _with_marks(pl.concat(parts)).sort(
        "venue", "ts_event_ns", "account", "symbol", maintain_order=True
    )
    usable = every.filter(pl.col("mark_price").is_finite() & (pl.col("mark_price") > 0))
    if usable.is_empty():
        raise NotEnoughDataError(
            "no position names the mark price of its snapshot, so no level can be computed"
        )
    shelf = TableShelf(own_tables or {})
    frame = _with_computed(_with_owed(_with_tables(_with_level(usable), shelf), shelf.tables), shelf.tables)
    flaws = Flaws(
        no_mark=every.height - usable.height,
        no_level=int(frame["level"].is_nan().sum()),
        wrong_side=int(frame["wrong_side"].sum()),
        unknown_tiers=int((frame["table"] < 0).sum()),
        unknown_coins=tuple(sorted(shelf.unknown)),
    )
    # Of other coins only what concerns their positions matters here.
    said = (w for r in recordings for w in r.warnings if not w.startswith(("open_interest:", "marks:")))
    warnings = tuple(dict.fromkeys(said))
    return Holdings(
        frame, tuple(shelf.tables), flaws, (*warnings, *shelf.warnings), emptied=_emptied(recordings)
    )


def _emptied(recordings: Sequence[Recording]) -> pl.DataFrame:
    """Return who was seen to hold nothing, each moment once: the recordings of a venue repeat it."""
    told = [
        r.emptied.select(pl.lit(r.instrument.venue).alias("venue"), "account", "ts_event_ns")
        for r in recordings
        if not r.emptied.is_empty()
    ]
    return pl.concat(told).unique(maintain_order=True) if told else _NOBODY


def _with_marks(every: pl.DataFrame) -> pl.DataFrame:
    """Fill a missing mark with the newest one of the same asset elsewhere: spot collateral is priced by the asset itself."""
    known = every.filter(pl.col("mark_price").is_finite()).select("asset", "ts_event_ns", known="mark_price")
    if known.is_empty() or not every["mark_price"].null_count():
        return every
    known = known.group_by("asset", "ts_event_ns").agg(pl.col("known").median()).sort("ts_event_ns")
    joined = every.sort("ts_event_ns").join_asof(
        known, on="ts_event_ns", by="asset", strategy="nearest", check_sortedness=False
    )
    return joined.with_columns(mark_price=pl.coalesce("mark_price", "known")).drop("known")


def _with_computed(frame: pl.DataFrame, tables: Sequence[TierTable]) -> pl.DataFrame:
    """Compute the level where the venue publishes none at all: the account's equity and the tiers name it."""
    mine = (
        pl.col("venue").is_in(list(SILENT_VENUES))
        & (pl.col("table") >= 0)
        & pl.col("account_value_usd").is_not_null()
    )
    if not frame.select(mine.any()).item():
        return frame
    numbered = frame.with_row_index("_row").with_columns(
        margin=pl.col("account_value_usd") - pl.col("owed").sum().over(ACCOUNT) + pl.col("owed")
    )
    whole = (pl.col("table") >= 0).all().over(ACCOUNT)
    level = frame["level"].to_numpy().copy()
    for (index,), part in numbered.filter(mine & whole).group_by("table"):
        assert isinstance(index, int)
        held = Positions.of(
            part["direction"].to_numpy(), part["qty_native"].to_numpy(), entry=part["mark_price"].to_numpy(),
            margin=part["margin"].to_numpy(),
        )  # fmt: skip
        price = tiered_liquidation_price(held, tables[index])
        level[part["_row"].to_numpy()] = np.where(np.isfinite(price) & (price > 0), price, np.nan)
    return frame.with_columns(level=pl.Series(level))


def _with_level(frame: pl.DataFrame) -> pl.DataFrame:
    """Add direction, the published level (0.0 and null both mean none) and whether it is on the wrong side."""
    published = pl.col("liquidation_price").fill_nan(None)
    return frame.with_columns(
        direction=pl.when(pl.col("position") == "long").then(1.0).otherwise(-1.0),
        level=pl.when(published > 0).then(published).otherwise(float("nan")).fill_null(float("nan")),
    ).with_columns(
        wrong_side=pl.col("level").is_not_nan()
        & (pl.col("direction") * (pl.col("mark_price") - pl.col("level")) <= 0)
    )


def _with_tables(frame: pl.DataFrame, shelf: TableShelf) -> pl.DataFrame:
    """Add the number of each row's margin table."""
    days = frame.with_columns(day=pl.from_epoch("ts_event_ns", time_unit="ns").dt.date())
    keys = days.select("venue", "symbol", "day").unique(maintain_order=True)
    numbers = [shelf.index_of(*row) for row in keys.iter_rows()]
    return days.join(
        keys.with_columns(table=pl.Series(numbers, dtype=pl.Int32)),
        on=["venue", "symbol", "day"],
        how="left",
        maintain_order="left",
    ).drop("day")


def _with_owed(frame: pl.DataFrame, tables: Sequence[TierTable]) -> pl.DataFrame:
    """Add maintenance [USD] at the mark and at the level."""
    owed, at_level = np.full(frame.height, np.nan), np.full(frame.height, np.nan)
    numbers = frame["table"].to_numpy()
    quantity, mark, level = (frame[c].to_numpy() for c in ("qty_native", "mark_price", "level"))
    for index, table in enumerate(tables):
        mine = np.flatnonzero(numbers == index)
        owed[mine] = table.maintenance_amount(quantity[mine] * mark[mine])
        reachable = mine[np.isfinite(level[mine])]
        at_level[reachable] = table.maintenance_amount(quantity[reachable] * level[reachable])
    return frame.with_columns(owed=pl.Series(owed), owed_at_level=pl.Series(at_level))


def newest_per_account(
    frame: pl.DataFrame, *, as_of_ns: int, window_ns: int, emptied: pl.DataFrame = _NOBODY
) -> pl.DataFrame:
    """Return each account's newest snapshot in ``(as_of - window, as_of]``, those left out who hold nothing since.

    Raises
    ------
    NotEnoughDataError
        If no snapshot lies there; names the newest one before.
    """
    inside = frame.filter(pl.col("ts_event_ns").is_between(as_of_ns - window_ns, as_of_ns, closed="right"))
    if inside.is_empty():
        first, last = frame["ts_event_ns"].min(), frame["ts_event_ns"].max()
        assert isinstance(first, int)
        assert isinstance(last, int)
        raise NotEnoughDataError(
            f"no snapshot of positions in the window that ends at {to_datetime(as_of_ns):%Y-%m-%d %H:%M} UTC; the files hold "
            f"{to_datetime(first):%Y-%m-%d %H:%M} to {to_datetime(last):%Y-%m-%d %H:%M}"
        )
    newest = inside.filter(pl.col("ts_event_ns") == pl.col("ts_event_ns").max().over("venue", "account"))
    if not emptied.is_empty():
        gone = (
            emptied.filter(pl.col("ts_event_ns") <= as_of_ns)
            .group_by("venue", "account")
            .agg(pl.col("ts_event_ns").max().alias("gone_ns"))
        )
        newest = (
            newest.join(gone, on=["venue", "account"], how="left", maintain_order="left")
            .filter(pl.col("gone_ns").is_null() | (pl.col("gone_ns") <= pl.col("ts_event_ns")))
            .drop("gone_ns")
        )
    # One order whatever the moments, so that sums of the same positions are the same to the last bit.
    return newest.sort("venue", "account", "symbol", maintain_order=True)
