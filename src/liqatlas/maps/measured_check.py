"""The running self-test of the measured map: our liquidation price against the one the venue publishes.

The margin never comes from the position that is tested: it is the account's own statement (equity, or the isolated margin)
where the source gives one, else what the account's OTHER positions name (leave one out). Every disagreement is put into a class
by a test that could fail; what no test explains is counted as unexplained.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from liqatlas.base.clock import isoformat
from liqatlas.maps.measured_equity import named_equity, others_equity
from liqatlas.maps.measured_holdings import ACCOUNT, SILENT_VENUES
from liqatlas.maps.measured_memory import EXPLAINED, best_table, candidates, with_memory
from liqatlas.rules import Positions, tiered_liquidation_price

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.maps.measured_holdings import Holdings
    from liqatlas.rules import TierTable

#: Relative difference of two prices up to which a position counts as reproduced.
TOLERANCE = 1e-3
#: Isolated margin over the initial margin that an isolated position at its own leverage can show after funding.
_INITIAL = (0.5, 1.5)

MEANINGS = {
    "isolated_margin": "isolated, and its own margin does not name the published price",
    "own_initial_margin": "its level fits an isolated position with its own initial margin (0.5 to 1.5 times size x entry / "
    "leverage), though the file does not mark it isolated",
    "own_changed_margin": "its level lies nearer than the account's equity allows, as with an isolated position whose margin was "
    "added to or taken from; the file does not mark it isolated",
    "another_margin_table": "another margin table of this venue reproduces the price to 1e-5: the position keeps the table of "
    "when it was opened, or the account (a vault) has its own",
    "only_other_is_different": "the account's only other position is itself isolated (it names the smaller equity) or under "
    "another margin table, so it says nothing about this one",
    "others_disagree": "no two of the account's other positions name the same equity, so the margin is a guess",
    "moved_within_snapshot": "between 0.1 % and 1 % off: the positions of the account were not read at one moment",
    "unexplained": "no test explains it",
}


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One class of positions whose price we do not reproduce."""

    name: str
    count: int
    meaning: str
    example: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What the self-test found.

    Attributes
    ----------
    checked, within
        Positions with an independent margin; those reproduced within :data:`TOLERANCE`.
    accounts
        Account snapshots they are of.
    error_quantiles
        Relative |difference| at 50, 90, 95 and 99 % of the checked.
    disagreements
        Classes, largest first; their counts sum to ``checked - within``.
    apart
        Positions not checked, by reason.
    no_level_checked, no_level_agreed
        Positions without a published level whose account's equity is known; those for which we find none within reach either.
    tables
        Rows checked per date of their margin table.
    remembered, remembered_within
        Rows whose margin table the earlier snapshot of the same position names; all rows reproduced when those are judged by it
        (see ``measured_memory``). ``within`` knows nothing of this.
    """

    checked: int
    within: int
    accounts: int
    error_quantiles: dict[str, float]
    disagreements: tuple[Disagreement, ...]
    apart: dict[str, int]
    no_level_checked: int
    no_level_agreed: int
    tables: dict[str, int]
    remembered: int = 0
    remembered_within: int = 0

    @property
    def share(self) -> float:
        """Reproduced share of the checked; NaN where nothing could be checked."""
        return self.within / self.checked if self.checked else float("nan")


def self_test(holdings: Holdings) -> SelfTest:
    """Return how many published liquidation prices our rules reproduce, and why the others differ."""
    frame = holdings.frame.with_row_index("row")
    frame = frame.filter(~pl.col("venue").is_in(list(SILENT_VENUES)))
    # NaN where a cross position of the account is under unknown tiers: its equity then says nothing of the others' margin.
    cross_owed = pl.when(_isolated()).then(0.0).otherwise(pl.col("owed")).sum().over(ACCOUNT)
    frame = frame.with_columns(cross_owed=cross_owed)
    usable = frame.filter(pl.col("level").is_finite() & ~pl.col("wrong_side") & (pl.col("table") >= 0))
    unbacked = _isolated() & pl.col("margin_usd").is_null()
    isolated_unknown = usable.filter(unbacked).height
    usable = usable.filter(~unbacked)
    tested = _with_margin(usable)
    predicted = np.full(tested.height, np.nan)
    has_margin = np.isfinite(tested["margin"].to_numpy())
    for table, rows, part in holdings.by_table(tested):
        mine = has_margin[rows]
        predicted[rows[mine]] = _price(part.filter(pl.Series(mine)), table)
    tested = tested.with_columns(ours=pl.Series(predicted)).filter(pl.Series(has_margin))
    tested = tested.with_columns(error=(pl.col("ours") / pl.col("level") - 1).abs())
    off = tested.filter(~(pl.col("error") < TOLERANCE))
    disagreements = _classified(off, usable, holdings) if off.height else ()
    seen, agreed = _without_level(frame, tested, holdings)
    flaws = holdings.flaws
    memory = (0, 0)
    if tested.height:
        memory = with_memory(tested, candidates(holdings.tables), tolerance=TOLERANCE, closely=EXPLAINED)
    return SelfTest(
        checked=tested.height,
        within=tested.height - off.height,
        accounts=tested.select(ACCOUNT).n_unique() if tested.height else 0,
        error_quantiles={f"{q:g}": float(np.quantile(tested["error"], q)) for q in (0.5, 0.9, 0.95, 0.99)}
        if tested.height
        else {},
        disagreements=disagreements,
        apart={
            "no_level_published": flaws.no_level,
            "level_on_the_wrong_side": flaws.wrong_side,
            "unknown_tiers": int(frame.filter((pl.col("table") < 0) & pl.col("level").is_finite()).height),
            "no_other_position": int((~has_margin).sum()),
            "isolated_margin_not_given": isolated_unknown,
            "no_mark_price": flaws.no_mark,
        },
        no_level_checked=seen,
        no_level_agreed=agreed,
        remembered=memory[0],
        remembered_within=memory[1],
        tables={f"{table.valid_from}": part.height for table, part in _by_date(holdings, tested)},
    )


def _by_date(holdings: Holdings, tested: pl.DataFrame) -> list[tuple[TierTable, pl.DataFrame]]:
    dates = {i: str(t.valid_from) for i, t in enumerate(holdings.tables)}
    dated = tested.with_columns(date=pl.col("table").replace_strict(dates, return_dtype=pl.String))
    return [
        (holdings.tables[int(part["table"][0])], part)
        for _, part in dated.group_by("date", maintain_order=True)
    ]


def _with_margin(usable: pl.DataFrame) -> pl.DataFrame:
    """Add ``margin`` [USD], the equity at the mark that backs each position, and where it is from.

    An isolated position brings its own; an account that states its equity, and whose every cross coin has a known table, gives
    it; else the others name the free equity F, and the margin is F and what the position itself owes.
    """
    named = usable.with_columns(named=named_equity())
    cross = ~named.select(_isolated()).to_series().to_numpy()
    found = others_equity(named.filter(cross), named.filter(cross)["named"].to_numpy())
    equity, votes, count = np.full(len(cross), np.nan), np.zeros(len(cross), int), np.zeros(len(cross), int)
    equity[cross], votes[cross], count[cross] = found.equity, found.votes, found.others
    own = _isolated() & pl.col("margin_usd").is_not_null()
    stated = ~_isolated() & pl.col("account_value_usd").is_not_null() & pl.col("cross_owed").is_not_nan()
    return named.with_columns(
        others=pl.Series(equity), votes=pl.Series(votes), other_count=pl.Series(count)
    ).with_columns(
        margin=pl.when(own)
        .then(pl.col("margin_usd"))
        .when(stated)
        .then(pl.col("account_value_usd") - pl.col("cross_owed") + pl.col("owed"))
        .otherwise(pl.col("others") + pl.col("owed")),
        margin_from=pl.when(own)
        .then(pl.lit("isolated margin"))
        .when(stated)
        .then(pl.lit("account equity"))
        .otherwise(pl.lit("other positions")),
    )


def _isolated() -> pl.Expr:
    """Return whether a position is marked isolated; where the source does not say, it is taken for cross."""
    return (pl.col("margin_mode") == "isolated").fill_null(value=False)


def _price(
    part: pl.DataFrame, table: TierTable, margin: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return our liquidation prices of rows, restated at their mark; unreachable levels as in ``rules``."""
    held = Positions.of(
        part["direction"].to_numpy(),
        part["qty_native"].to_numpy(),
        entry=part["mark_price"].to_numpy(),
        margin=part["margin"].to_numpy() if margin is None else margin,
    )
    return tiered_liquidation_price(held, table)


def _classified(off: pl.DataFrame, usable: pl.DataFrame, holdings: Holdings) -> tuple[Disagreement, ...]:
    """Return the disagreements by class."""
    named = off["named"].to_numpy()
    others, votes, count = (off[c].to_numpy() for c in ("others", "votes", "other_count"))
    kinds = np.full(off.height, "unexplained", dtype=object)
    kinds[(votes == 1) & (count > 1)] = "others_disagree"
    kinds[(count == 1) & _other_is_different(off, usable, holdings)] = "only_other_is_different"
    ratio = _own_margin_ratio(off)
    kinds[named < others] = "own_changed_margin"
    kinds[off["error"].to_numpy() < 0.01] = "moved_within_snapshot"
    kinds[(ratio > _INITIAL[0]) & (ratio < _INITIAL[1])] = "own_initial_margin"
    kinds[_another_table(off, holdings)] = "another_margin_table"
    kinds[off.select(_isolated()).to_series().to_numpy()] = "isolated_margin"
    told = off.with_columns(kind=pl.Series(kinds, dtype=pl.String))
    groups = [(str(name), part) for (name,), part in told.group_by("kind", maintain_order=True)]
    groups.sort(key=lambda item: -item[1].height)
    return tuple(Disagreement(name, part.height, MEANINGS[name], _example(part)) for name, part in groups)


def _own_margin_ratio(rows: pl.DataFrame) -> NDArray[np.float64]:
    """Return the margin an isolated position would need for its level, over its initial margin; NaN without a leverage."""
    return (
        rows.select(
            (
                pl.col("owed_at_level")
                - pl.col("direction") * pl.col("qty_native") * (pl.col("level") - pl.col("entry_price"))
            )
            * pl.col("leverage")
            / (pl.col("qty_native") * pl.col("entry_price"))
        )
        .to_series()
        .fill_null(float("nan"))
        .to_numpy()
    )


def _another_table(rows: pl.DataFrame, holdings: Holdings) -> NDArray[np.bool_]:
    """Tell which rows another of the venue's margin tables reproduces from the equity the others name."""
    return best_table(rows, candidates(holdings.tables), closely=EXPLAINED) >= 0


def _other_is_different(off: pl.DataFrame, usable: pl.DataFrame, holdings: Holdings) -> NDArray[np.bool_]:
    """Tell which rows are themselves right, their account's only other position being margined otherwise.

    The other one is asked in turn: is it isolated by its level, or does another table bring it to the equity this row names?
    """
    key = [*ACCOUNT, "symbol"]
    pairs = usable.with_columns(pl.len().over(ACCOUNT).alias("_size"), named=named_equity()).filter(
        pl.col("_size") == 2
    )
    if pairs.is_empty():
        return np.zeros(off.height, dtype=bool)
    swapped = pairs.with_columns(others=(pl.col("named").sum().over(ACCOUNT) - pl.col("named")))
    ratio = _own_margin_ratio(swapped)
    nearer = (swapped["named"] < swapped["others"]).to_numpy()
    different = _another_table(swapped, holdings) | ((ratio > _INITIAL[0]) & (ratio < _INITIAL[1])) | nearer
    flags = swapped.with_columns(different=pl.Series(different)).select(*key, "different")
    partner = flags.with_columns(
        partner=(pl.col("different").sum().over(ACCOUNT) - pl.col("different").cast(pl.UInt32)) > 0
    )
    joined = off.join(partner.select(*key, "partner"), on=key, how="left", maintain_order="left")
    return joined["partner"].fill_null(value=False).to_numpy()


def _without_level(frame: pl.DataFrame, tested: pl.DataFrame, holdings: Holdings) -> tuple[int, int]:
    """Return the positions without a published level that can be checked, and for how many we find none either.

    Their account's free equity is what its positions with a level agree on. A long has none where the price would be negative.
    """
    agreed_on = (
        tested.filter(pl.col("votes") > 1).group_by(ACCOUNT).agg(pl.col("others").median().alias("free"))
    )
    silent = frame.filter(pl.col("level").is_nan() & (pl.col("table") >= 0) & ~_isolated()).join(
        agreed_on, on=ACCOUNT, how="inner"
    )
    agreed = 0
    for table, _, part in holdings.by_table(silent):
        margin = (part["free"] + part["owed"]).to_numpy()
        price = _price(part, table, margin)
        agreed += int(np.sum(~(np.isfinite(price) & (price > 0))))
    return silent.height, agreed


def _example(part: pl.DataFrame) -> dict[str, Any]:
    """Return the largest position of a class as an example."""
    row = part.sort(pl.col("qty_native") * pl.col("mark_price"), descending=True).row(0, named=True)
    return {
        "account": row["account"],
        "time": isoformat(row["ts_event_ns"]),
        "symbol": row["symbol"],
        "position": row["position"],
        "qty_native": row["qty_native"],
        "entry_price": row["entry_price"],
        "mark_price": row["mark_price"],
        "leverage": row["leverage"],
        "published": row["level"],
        "ours": row["ours"] if np.isfinite(row["ours"]) else None,
        "margin_from": row["margin_from"],
        "other_positions": row["other_count"],
        "others_that_agree": row["votes"],
    }
