"""The measured map: real positions at the liquidation prices their venue publishes, with what share of the market was seen."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from liqatlas.base.clock import HOUR_NS
from liqatlas.base.errors import NotEnoughDataError, UnknownSymbolError
from liqatlas.base.format import format_share, format_usd
from liqatlas.base.grid import LogGrid
from liqatlas.base.symbols import near_names
from liqatlas.maps.head import (
    LONG,
    SHORT,
    Coverage,
    DistanceCoverage,
    Head,
    ModelInfo,
    SideCoverage,
    VenueInfo,
)
from liqatlas.maps.liquidation_map import LiquidationMap
from liqatlas.maps.measured_grade import grade_of
from liqatlas.maps.measured_holdings import COLLATERAL_VENUES
from liqatlas.maps.measured_path import levels_on_common_path
from liqatlas.maps.readout import BANDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from liqatlas.base.instruments import Instrument
    from liqatlas.maps.measured_check import SelfTest
    from liqatlas.maps.measured_holdings import Holdings

#: Bounds of the distance bands that coverage is given for.
DISTANCES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, float("inf"))
#: Levels farther than this factor from the price are amounts, not bins.
REACH = 5.0
#: Age from which a snapshot is called old: after four days 19 % of positions were gone (INTERFACES of third parties, 2026).
OLD_NS = 24 * HOUR_NS
#: Whether the other coins of a cross account stand still or move along with the asset.
Others = Literal["still", "follow"]


@dataclass(frozen=True, slots=True)
class MeasuredTerms:
    """What a measured map is made for.

    Attributes
    ----------
    others
        ``still``: the published levels, other coins unmoved; ``follow``: other coins move with the asset.
    open_interest_usd
        One-sided open interest [USD]; NaN where unknown.
    self_test
        Of the positions the map is made of.
    """

    as_of_ns: int
    window_ns: int
    others: Others = "still"
    open_interest_usd: float = float("nan")
    self_test: SelfTest | None = None


@dataclass(slots=True)
class Tally:
    """Amounts [USD] by side (long, short) that have no bin."""

    no_level: NDArray[np.float64]
    far: NDArray[np.float64]
    passed: NDArray[np.float64]
    wrong_side: NDArray[np.float64]
    other_side: NDArray[np.float64]
    no_equity: NDArray[np.float64]

    @classmethod
    def empty(cls) -> Tally:
        """Return a tally of nothing."""
        return cls(*(np.zeros(2) for _ in range(6)))


def measured_map(
    holdings: Holdings, instruments: Sequence[Instrument], terms: MeasuredTerms
) -> LiquidationMap:
    """Return the map of public positions of one asset.

    Parameters
    ----------
    holdings
        Positions of ALL coins of the accounts: other coins back a cross account.
    instruments
        The asset's contracts, as chosen; their price is the newest mark among the positions.

    Raises
    ------
    UnknownSymbolError
        If no position is in them.
    NotEnoughDataError
        If no snapshot lies in the window, or no position is left.
    """
    seen = holdings.newest(as_of_ns=terms.as_of_ns, window_ns=terms.window_ns)
    keys = [(one.venue, one.symbol) for one in instruments]
    mine = seen.filter(pl.struct("venue", "symbol").is_in([{"venue": v, "symbol": s} for v, s in keys]))
    if mine.is_empty():
        raise _nothing(seen, instruments)
    marks = newest_marks(holdings.frame, instruments, terms.as_of_ns)
    present = [one for one in instruments if one.key in marks]
    reference = marks[present[0].key]
    path: dict[str, Any] = {}
    if terms.others == "follow":
        mine, path = levels_on_common_path(holdings, seen, mine, asset=present[0].asset)
    placed, tally = _placed(mine, marks)
    grid = LogGrid()
    usd, low, high = _binned(placed, present, marks, grid)
    futures = ~pl.col("venue").is_in(list(COLLATERAL_VENUES))
    coverage = _coverage(placed.filter(futures), tally, terms.open_interest_usd)
    head = _head(holdings, mine, present, marks, terms=terms, coverage=coverage)
    said = _warnings(mine.filter(futures), tally, terms, holdings)
    warnings = (*said, *_collateral(placed.filter(~futures)), *head.warnings)
    grade = grade_of(coverage, mine, terms)
    model = ModelInfo(
        "published positions" if terms.others == "still" else "common path",
        "1",
        "none needed",
        {
            "others": terms.others,
            "grade": grade.letter,
            "grade_reasons": list(grade.reasons),
            "accounts": mine["account"].n_unique(),
            "positions": mine.height,
            "leverage_bands": "leverage the account set",
            "apart_usd": {name: _sides(getattr(tally, name)) for name in Tally.__slots__},
            **(
                {"self_test_share": terms.self_test.share, "self_test_checked": terms.self_test.checked}
                if terms.self_test
                else {}
            ),
            **path,
        },
    )
    head = replace(head, model=model, price=reference, warnings=warnings)
    return LiquidationMap(head, grid.edges(low, high), BANDS, usd)


def _sides(values: NDArray[np.float64]) -> dict[str, float]:
    return {"long_usd": float(values[LONG]), "short_usd": float(values[SHORT])}


def newest_marks(frame: pl.DataFrame, instruments: Sequence[Instrument], as_of_ns: int) -> dict[str, float]:
    """Return the newest mark price at or before a moment, by instrument key; the median where accounts differ."""
    marks = {}
    for one in instruments:
        rows = frame.filter(
            (pl.col("venue") == one.venue)
            & (pl.col("symbol") == one.symbol)
            & (pl.col("ts_event_ns") <= as_of_ns)
        )
        if rows.height:
            newest = rows.filter(pl.col("ts_event_ns") == pl.col("ts_event_ns").max())
            marks[one.key] = float(np.median(newest["mark_price"].to_numpy()))
    return marks


def _placed(mine: pl.DataFrame, marks: dict[str, float]) -> tuple[pl.DataFrame, Tally]:
    """Return positions whose level has a place on the map as of now, and the amounts of the others."""
    key = pl.concat_str("venue", "symbol", separator=":")
    if "apart" not in mine.columns:
        mine = mine.with_columns(apart=pl.lit(""))
    rows = mine.with_columns(
        now=key.replace_strict(marks, default=None, return_dtype=pl.Float64)
    ).with_columns(usd=pl.col("qty_native") * pl.col("now"), ratio=pl.col("level") / pl.col("now"))
    why = (
        pl.when(pl.col("wrong_side")).then(pl.lit("wrong_side"))
        .when(pl.col("apart") != "").then(pl.col("apart"))
        .when(pl.col("level").is_nan()).then(pl.lit("no_level"))
        .when(pl.col("direction") * (pl.col("now") - pl.col("level")) <= 0).then(pl.lit("passed"))
        .when((pl.col("ratio") > REACH) | (pl.col("ratio") < 1 / REACH)).then(pl.lit("far"))
        .otherwise(pl.lit(""))
    )  # fmt: skip
    rows = rows.with_columns(why=why)
    tally = Tally.empty()
    left_out = rows.filter((pl.col("why") != "") & ~pl.col("venue").is_in(list(COLLATERAL_VENUES)))
    for (reason, position), part in left_out.group_by("why", "position"):
        side = LONG if position == "long" else SHORT
        getattr(tally, str(reason))[side] += float(part["usd"].sum())
    return rows.filter(pl.col("why") == ""), tally


def _binned(
    placed: pl.DataFrame, present: Sequence[Instrument], marks: dict[str, float], grid: LogGrid
) -> tuple[NDArray[np.float64], int, int]:
    """Return amounts by instrument, band, side and bin on the axis of the first instrument, and the range of bins."""
    reference = marks[present[0].key]
    centre = grid.bin(reference)
    where = grid.bins(placed["ratio"].to_numpy() * reference) if placed.height else np.empty(0, np.int32)
    low = min(int(where.min(initial=centre)), centre - 1)
    high = max(int(where.max(initial=centre)), centre + 1) + 1
    usd = np.zeros((len(present), len(BANDS), 2, high - low))
    number = {one.key: i for i, one in enumerate(present)}
    keys = placed.select("venue", "symbol").iter_rows()
    instrument = np.array([number[f"{venue}:{symbol}"] for venue, symbol in keys], dtype=np.int64)
    leverage = placed["leverage"].fill_null(0.0).to_numpy()
    band = np.searchsorted(-np.array([b.low for b in BANDS]), -leverage, side="left")
    side = np.where(placed["position"].to_numpy() == "long", LONG, SHORT)
    np.add.at(usd, (instrument, band, side, where - low), placed["usd"].to_numpy())
    return usd, low, high


def _coverage(placed: pl.DataFrame, tally: Tally, open_interest: float) -> Coverage:
    """Return what was seen, by side and by band of distance."""
    distance = (placed["ratio"] - 1).abs().to_numpy()
    long = placed["position"].to_numpy() == "long"
    usd, account = placed["usd"].to_numpy(), placed["account"].to_numpy()
    bands = []
    for low, high in itertools.pairwise(DISTANCES):
        inside = (distance >= low) & (distance < high)
        longs, shorts = float(usd[inside & long].sum()), float(usd[inside & ~long].sum())
        bands.append(
            DistanceCoverage(
                low,
                high,
                longs / open_interest,
                shorts / open_interest,
                longs,
                shorts,
                len(np.unique(account[inside])),
            )
        )
    sides = []
    for side, mask in ((LONG, long), (SHORT, ~long)):
        explained = float(usd[mask].sum())
        without = float(
            tally.no_level[side] + tally.far[side] + tally.other_side[side] + tally.no_equity[side]
        )
        unseen = max(open_interest - explained - without, 0.0) if np.isfinite(open_interest) else float("nan")
        sides.append(SideCoverage(open_interest, explained, 0.0, 0.0, without, unseen))
    return Coverage(sides[0], sides[1], tuple(bands))


def _head(
    holdings: Holdings,
    mine: pl.DataFrame,
    present: Sequence[Instrument],
    marks: dict[str, float],
    *,
    terms: MeasuredTerms,
    coverage: Coverage,
) -> Head:
    """Return the head, its model and price still to be filled in."""
    infos = []
    for one in present:
        rows = mine.filter((pl.col("venue") == one.venue) & (pl.col("symbol") == one.symbol))
        newest = rows["ts_event_ns"].max()
        assert newest is None or isinstance(newest, int)
        infos.append(
            VenueInfo(
                one.venue, one.symbol, marks[one.key], "mark at the newest snapshot",
                terms.open_interest_usd if len(present) == 1 else float("nan"),
                newest if newest is not None else terms.as_of_ns,
                mark_source="mark", entry_source="public positions", quote=one.quote, settle=one.settle,
            )
        )  # fmt: skip
    return Head(
        asset=present[0].asset,
        kind="measured",
        quantity="outstanding",
        as_of_ns=terms.as_of_ns,
        window_ns=terms.window_ns,
        price=marks[present[0].key],
        reference=f"{present[0].key} mark at the newest snapshot",
        open_interest_usd=terms.open_interest_usd,
        venues=tuple(infos),
        model=ModelInfo("", "", ""),
        coverage=coverage,
        warnings=holdings.warnings,
    )


def _collateral(loans: pl.DataFrame) -> tuple[str, ...]:
    """Say what is no futures position."""
    usd = float(loans["usd"].sum())
    if usd <= 0:
        return ()
    return (
        f"defi_lending: {format_usd(usd)} is spot collateral of loans, not futures; it counts neither in open interest nor in coverage",
    )


def _warnings(mine: pl.DataFrame, tally: Tally, terms: MeasuredTerms, holdings: Holdings) -> tuple[str, ...]:
    """Return what a reader must know: what is missing, old or apart."""
    said = []
    usd = _notional(mine)
    old = mine.filter(pl.col("ts_event_ns") < terms.as_of_ns - OLD_NS)
    old_usd = _notional(old)
    if terms.others == "follow":
        said.append(
            "common path: the other coins of each cross account move along with the asset by their betas (in the JSON)"
        )
    if not np.isfinite(terms.open_interest_usd):
        said.append(
            "open interest is unknown, so the share of the market seen is unknown: these are the positions of the accounts "
            "looked at, never the whole book; give --open-interest"
        )
    elif usd > 2 * terms.open_interest_usd * 1.001:
        said.append(
            "more was seen than open interest allows: the open interest given does not fit these snapshots"
        )
    if old_usd > 0.01 * usd:
        said.append(
            f"{format_share(old_usd / usd)} of the notional is of snapshots older than a day: those levels may have moved"
        )
    reasons = {
        "passed": "has a level the price has passed since its snapshot (left out)",
        "wrong_side": "is published with a level on the wrong side (left out)",
        "far": f"has a level more than {REACH:g} times away (not drawn)",
        "other_side": "is liquidated by a move in its own favour, its account being net on the other side (not drawn)",
        "no_equity": "belongs to accounts whose equity nothing tells (not drawn)",
    }
    for name, text in reasons.items():
        amount = float(getattr(tally, name).sum())
        if amount > 0:
            said.append(f"{format_usd(amount)} {text}")
    flaws = holdings.flaws
    if flaws.wrong_side or flaws.no_mark:
        said.append(
            f"partial: {flaws.wrong_side:,} rows with a level on the wrong side and {flaws.no_mark:,} without a mark price were "
            "left out"
        )
    if flaws.unknown_coins:
        said.append(
            f"no sourced margin table for {', '.join(flaws.unknown_coins[:8])}: their levels are taken unchecked"
        )
    return tuple(said)


def _notional(rows: pl.DataFrame) -> float:
    return float((rows["qty_native"] * rows["mark_price"]).to_numpy().sum())


def _nothing(
    seen: pl.DataFrame, instruments: Sequence[Instrument]
) -> UnknownSymbolError | NotEnoughDataError:
    asset = instruments[0].asset if instruments else ""
    known = sorted(seen["asset"].unique().to_list())
    if asset in known:
        return NotEnoughDataError(f"no account seen in the window holds {asset}; ask for a longer --window")
    return UnknownSymbolError(asset, near_names(asset, known) or known[:5], where="the positions given")
