"""A cascade: map, books, rules and a shock in; distributions out."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from liqatlas.base.clock import to_datetime
from liqatlas.base.errors import InputError
from liqatlas.base.format import format_change, format_price
from liqatlas.book.beliefs import load_book_beliefs
from liqatlas.book.depth import thinned
from liqatlas.cascade.beliefs import load_cascade_beliefs
from liqatlas.cascade.caveats import book_caveats, map_caveats, outlook_caveats, run_caveats
from liqatlas.cascade.exceedance import Exceedance, exceedance
from liqatlas.cascade.execution import Execution, execution
from liqatlas.cascade.inputs import drawn_runs, make_market, make_runs, printed_shares, released_shares
from liqatlas.cascade.ladder import FURTHEST, Ladder, coarser, ladder_of, nearer
from liqatlas.cascade.monte_carlo import MOST_RUNS, RunTable, run_many
from liqatlas.cascade.outlook import level_chance
from liqatlas.cascade.sequence import Step, sequence
from liqatlas.cascade.shock_needed import Branching, ShockNeeded, branching, shock_needed
from liqatlas.cascade.venue_rules import Exposure, plain_rules, venue_rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from liqatlas.base.instruments import ContractKind
    from liqatlas.book.beliefs import BookBeliefs, BookRegime
    from liqatlas.book.depth import Book, Direction
    from liqatlas.cascade.beliefs import CascadeBeliefs
    from liqatlas.cascade.kernels_state import Runs
    from liqatlas.cascade.outlook import LevelChance, Outlook
    from liqatlas.cascade.shock import Shock
    from liqatlas.maps.head import Head
    from liqatlas.maps.liquidation_map import LiquidationMap

LEVELS = 400
#: Runs whose path is kept.
TRACED = 200


@dataclass(frozen=True, slots=True)
class CascadeSettings:
    """How to compute.

    Attributes
    ----------
    runs, seed
        Of the Monte Carlo; the same seed gives the same answer whatever ``workers``.
    regime
        Name of the books' state: see ``book.beliefs``.
    print_thinning
        For an *expected* map: published prints over true liquidations, in (0, 1].
    venue_rules
        False switches partial steps, funds and deleveraging off.
    """

    runs: int = 2_000
    seed: int = 1
    workers: int = 0
    regime: str | None = None
    print_thinning: float = 1.0
    venue_rules: bool = True
    maintenance_rates: Mapping[str, float] = field(default_factory=dict)
    book_beliefs: BookBeliefs = field(default_factory=load_book_beliefs)
    beliefs: CascadeBeliefs = field(default_factory=load_cascade_beliefs)

    def __post_init__(self) -> None:
        if not 1 <= self.runs <= MOST_RUNS:
            raise InputError(f"{self.runs} runs were asked for; wanted 1 to {MOST_RUNS:,}")
        if not 0 <= self.seed < 2**63 or self.workers < 0:
            raise InputError(
                f"seed {self.seed} and workers {self.workers} must not be negative, the seed below 2^63"
            )
        if not 0 < self.print_thinning <= 1:
            raise InputError(f"print thinning {self.print_thinning} is not in (0, 1]")


@dataclass(frozen=True, slots=True)
class CascadeResult:
    """How far a shock runs.

    Attributes
    ----------
    head
        Of the map it was computed from.
    ladder
        What the move met, depth factor 1 and release 1; of a drawn shock only what lies within its furthest excursion.
    needed, branching
        Closed forms at the median depth factor and release.
    table, draws
        Every run's outcome and its inputs.
    steps, exceeded
        Levels and amounts with how often they are reached; each says whether that is a calibrated probability.
    outlook
        What the shock was drawn from; absent for a shock that somebody named.
    execution
        What a market order costs, and where forced orders would fill it; absent for any other shock.
    level
        How likely a named level is reached by itself; absent for any other shock, or where volatility is not known.
    """

    head: Head
    shock: Shock
    settings: CascadeSettings
    regime_name: str
    regime: BookRegime
    ladder: Ladder
    needed: ShockNeeded
    branching: Branching
    table: RunTable
    draws: Runs
    steps: tuple[Step, ...]
    exceeded: tuple[Exceedance, ...]
    warnings: tuple[str, ...]
    outlook: Outlook | None = None
    execution: Execution | None = None
    level: LevelChance | None = None

    @property
    def calibrated(self) -> bool:
        """Whether probabilities are shown: the shock is drawn, and forecasts of its kind were judged on unseen hours."""
        return self.outlook is not None and self.outlook.calibrated

    def to_json(self) -> bytes:
        """Return the cascade as UTF-8 JSON in the documented schema."""
        import orjson

        from liqatlas.cascade.serialise import cascade_tree

        return orjson.dumps(cascade_tree(self), option=orjson.OPT_APPEND_NEWLINE)

    @property
    def depth_factor(self) -> float:
        """Factor on the books' depth at which ``needed`` and ``branching`` are read: the middle of the runs'."""
        return _middle_factor(self.draws, self.regime, self.outlook)

    @property
    def fragility(self) -> NDArray[np.float64]:
        """Release over depth factor of each run."""
        return np.asarray(self.draws.release / self.draws.depth_factor)

    @property
    def reached_prices(self) -> NDArray[np.float64]:
        """Furthest mark of each run [quote]."""
        return self.ladder.price_at(self.table.reach)

    @property
    def amplification(self) -> NDArray[np.float64]:
        """Reach over what the shock alone would have reached, per run."""
        return np.divide(
            self.table.reach, self.table.alone, out=np.ones_like(self.table.reach), where=self.table.alone > 0
        )


def run_cascade(
    result: LiquidationMap,
    books: Mapping[str, Book],
    shock: Shock,
    settings: CascadeSettings | None = None,
    outlook: Outlook | None = None,
) -> CascadeResult:
    """Return how far a shock runs through a map and the venues' books.

    Parameters
    ----------
    outlook
        What a *drawn* shock is drawn from; for a *level*, what says how likely it is by itself. No other shock takes one.

    Raises
    ------
    NotEnoughDataError
        If a venue has no book.
    InputError
        If the map is of the past (realised), or shock and settings cannot be used.
    """
    settings = settings or CascadeSettings()
    head = result.head
    if head.quantity == "liquidated":
        raise InputError("a realised map holds what is gone: a cascade needs an outstanding or expected map")
    if (shock.kind == "drawn" and outlook is None) or (
        shock.kind in {"move", "order"} and outlook is not None
    ):
        raise InputError(
            "a shock that is drawn needs an outlook to be drawn from, and a move or an order takes none"
        )
    _check_reach(shock, head.price)
    chance = None
    if shock.kind == "level" and outlook is not None:
        chance, outlook = _level_chance(outlook, shock, head.price), None
    regime_name = settings.regime or settings.book_beliefs.default_regime
    regime = settings.book_beliefs.regime(regime_name)
    fine = ladder_of(result, books, shock.direction(head.price))
    whole = coarser(fine, LEVELS)
    whole = replace(whole, depths=_in_regime(whole, regime))
    expected = head.quantity == "expected"
    draws = _draws(whole, shock, settings, regime, (expected, outlook))
    median = _medians(draws, settings, regime, (expected, outlook))
    ladder, said = whole, list[str]()
    if outlook is None:
        rules, said = _rules(result, ladder, settings)
    else:
        # no run goes beyond its excursion: what is near is kept as fine as the map has it
        ladder = replace(coarser(nearer(fine, float(draws.move.max())), LEVELS), depths=whole.depths)
        # what was printed in hours of such an excursion holds partial steps and takeovers already
        rules = plain_rules(len(ladder.venues))
        settings = _over_the_horizon(settings)
    table = _run(ladder, rules, draws, settings)
    warnings = (
        *map_caveats(head, posterior=ladder.draws is not None),
        *outlook_caveats(outlook),
        *said,
        *book_caveats(head.as_of_ns, [books[v] for v in ladder.venues], regime_name, regime),
        *(run_caveats(table, shock, ladder) if outlook is None else ()),
    )
    steps, exceeded = _chances(ladder, shock, table, draws, outlook)
    order = _order(result, books, ladder, (shock, draws, regime))
    return CascadeResult(
        head, shock, settings, regime_name, regime, ladder, shock_needed(whole, **median), branching(whole, **median), table,
        draws, steps, exceeded, warnings, outlook, order, chance,
    )  # fmt: skip


def _check_reach(shock: Shock, price: float) -> None:
    """Refuse a level or a move beyond what books are followed to: there every run only ends where the book does."""
    if shock.kind not in {"level", "move"}:
        return
    target = shock.amount if shock.kind == "level" else price * (1.0 + shock.amount)
    if abs(math.log(target / price)) > FURTHEST:
        asked = "the level" if shock.kind == "level" else f"the move of {format_change(shock.amount)} to"
        ends = [math.exp(sign * FURTHEST) for sign in (-1, 1)]
        prices, changes = (
            [format_price(price * end) for end in ends],
            [format_change(end - 1) for end in ends],
        )
        raise InputError(
            f"{asked} {format_price(target)} is too far from the price {format_price(price)}: books are followed from "
            f"{' to '.join(prices)} ({' to '.join(changes)})"
        )


def _level_chance(outlook: Outlook, shock: Shock, price: float) -> LevelChance:
    return level_chance(outlook, abs(float(np.log(shock.amount / price))))


def _medians(
    draws: Runs, settings: CascadeSettings, regime: BookRegime, what: tuple[bool, Outlook | None]
) -> dict[str, float]:
    """Return the release and the depth factor at which the closed forms are read."""
    expected, outlook = what
    release = 1.0 / settings.print_thinning if expected else float(np.median(draws.release))
    return {"release": release, "depth_factor": _middle_factor(draws, regime, outlook)}


def _middle_factor(draws: Runs, regime: BookRegime, outlook: Outlook | None) -> float:
    return float(np.median(draws.depth_factor)) if outlook is None else regime.depth_factor_median


def _over_the_horizon(settings: CascadeSettings) -> CascadeSettings:
    """Return settings whose shock takes the whole horizon: an excursion is the furthest of it."""
    beliefs = settings.beliefs
    return replace(settings, beliefs=beliefs.lasting(horizon_s=None, shock_s=beliefs.horizon_s))


def _order(
    result: LiquidationMap,
    books: Mapping[str, Book],
    ladder: Ladder,
    what: tuple[Shock, Runs, BookRegime],
) -> Execution | None:
    """Return what a market order costs and where the other side of the map would fill it; None for another shock."""
    shock, draws, regime = what
    if shock.kind != "order":
        return None
    other: Direction = "up" if ladder.direction == "down" else "down"
    opposite = coarser(ladder_of(result, books, other), LEVELS)
    opposite = replace(opposite, depths=_in_regime(opposite, regime))
    release = float(np.median(draws.release))
    return execution(ladder, opposite, abs(shock.amount), release=release, depth_factor=draws.depth_factor)


def _draws(
    ladder: Ladder,
    shock: Shock,
    settings: CascadeSettings,
    regime: BookRegime,
    what: tuple[bool, Outlook | None],
) -> Runs:
    """Return each run's inputs."""
    expected, outlook = what
    beliefs, count, seed = settings.beliefs, settings.runs, settings.seed
    if not expected:
        release = released_shares(beliefs, count, seed)
    else:
        # an expected map counts published prints: what is sold is that over the thinning
        share = np.ones(count) if outlook is None else printed_shares(beliefs, count, seed)
        release = share / settings.print_thinning
    if outlook is not None:
        return drawn_runs(outlook.draw(settings.runs, settings.seed), release, len(ladder.venues))
    return make_runs(
        ladder, shock, settings.runs, settings.seed, regime=regime, beliefs=settings.beliefs, release=release
    )


def _chances(
    ladder: Ladder, shock: Shock, table: RunTable, draws: Runs, outlook: Outlook | None
) -> tuple[tuple[Step, ...], tuple[Exceedance, ...]]:
    """Return levels and amounts with shares of runs, or with probabilities where those are known."""
    named = (ladder.distance_of_price(shock.amount),) if shock.kind == "level" else ()
    fragility = draws.release / draws.depth_factor
    steps = sequence(ladder, table.reach, table.liquidated, fragility, named=named)
    # where probabilities are known, amounts are those they are known for
    known = outlook.calibration.usd if outlook is not None and outlook.calibrated else None
    exceeded = exceedance(table.liquidated, fragility, within=known)
    if outlook is None:
        return steps, exceeded
    return outlook.with_chances(steps), outlook.with_amounts(exceeded, float(table.liquidated.mean()))


def _run(ladder: Ladder, rules: NDArray[Any], draws: Runs, settings: CascadeSettings) -> RunTable:
    from liqatlas.cascade.kernels_state import Plan

    beliefs = settings.beliefs
    own = beliefs.own_mark_weight
    market = make_market(
        ladder, rules, own_mark_weight=own, size_usd=beliefs.size_usd, sizes=beliefs.size_quantiles
    )
    rounds = int(np.ceil(beliefs.horizon_s / beliefs.round_s))
    plan = Plan(settings.seed, max(1, round(beliefs.shock_s / beliefs.round_s)), rounds, TRACED)
    return run_many(market, draws, plan, workers=settings.workers)


def _in_regime(ladder: Ladder, regime: BookRegime) -> tuple[Any, ...]:
    """Return the depths as makers thin them out in this state of the market."""
    if regime.thinning_per_percent == 0:
        return ladder.depths
    grid = np.geomspace(1e-5, FURTHEST, 600)
    return tuple(
        thinned(d, np.union1d(grid, d.distance[:: max(1, len(d.distance) // 200)]),
                per_percent=regime.thinning_per_percent, least=regime.least_share)
        for d in ladder.depths
    )  # fmt: skip


def _rules(
    result: LiquidationMap, ladder: Ladder, settings: CascadeSettings
) -> tuple[NDArray[Any], list[str]]:
    """Return a row of rules per venue of the ladder, and what has to be said."""
    rows = plain_rules(len(ladder.venues))
    if not settings.venue_rules:
        return rows, ["venue rules are off: all that is triggered is sold to the book at once"]
    beliefs, said = settings.beliefs, []
    on = to_datetime(result.head.as_of_ns).date()
    for i, venue in enumerate(ladder.venues):
        infos = [v for v in result.head.venues if v.venue == venue]
        known = [v.open_interest_usd for v in infos if np.isfinite(v.open_interest_usd)]
        exposure = Exposure(
            maintenance_rate=settings.maintenance_rates.get(venue, beliefs.maintenance_rate),
            step_down=beliefs.step_down,
            large_share=beliefs.large_share,
            first_share=beliefs.first_share,
            fund_usd=beliefs.fund_share * sum(known),
            unwind_share=beliefs.unwind_share,
        )
        kind: ContractKind = "inverse" if infos[0].settle == result.head.asset else "linear"
        rows[i], text = venue_rule(venue, kind, on, exposure, round_s=beliefs.round_s)
        said += [text] if text else []
    return rows, said
