"""What nobody outside sees: every position, every liquidation, every flow, and the parameters that made them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base import schemas
from liqatlas.base.clock import isoformat
from liqatlas.base.errors import InputError
from liqatlas.rules import Positions, direction_of, tiered_liquidation_price
from liqatlas.simulate.kernels_state import FILL_KINDS, NEVER_MS
from liqatlas.simulate.tape import labels, moment_ns, sample_moments_ms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.base.instruments import Instrument
    from liqatlas.rules import TierTable
    from liqatlas.simulate.config import SimulatedVenue, SimulationConfig
    from liqatlas.simulate.kernels_state import World
    from liqatlas.simulate.tape import Tape

_LEVEL_COLUMNS = (
    "venue", "symbol", "position_id", "position", "margin_mode", "qty", "entry_price", "liquidation_price", "leverage",
    "margin_usd", "opened_ns",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MarketTruth:
    """The truth of one instrument.

    Attributes
    ----------
    positions
        One row per stretch in which a position's size and margin stayed the same: ``position_id``, ``position``,
        ``margin_mode``, ``account`` (null where isolated), ``herd`` (null without), ``qty`` [coins], ``entry_price``,
        ``liquidation_price`` [quote; null for cross accounts, whose level moves with their other position],
        ``leverage``, ``margin_usd`` (the common wallet of a cross account), ``stop`` (part of the way from entry to
        liquidation where a stop order waits; null without), ``opened_ns``, ``from_ns``, ``until_ns`` (exclusive; null while open), ``ended_by``
        (null while open, ``changed`` where another stretch follows, else a name of ``kernels_state.FILL_KINDS``).
        A liquidated position ends at the mark that touched it; its closing trade follows within the same mark step.
    prints
        Every liquidation order before thinning, see ``prints.true_prints``.
    flows
        One row per interval of open-interest samples: ``ts_open_ns``, ``ts_close_ns`` and in lots ``volume``, ``oi_open``,
        ``oi_close``, ``opened_long``, ``opened_short``, ``closed_long``, ``closed_short``, ``off_book`` (closed on each
        side by auto-deleveraging). Opens sum to volume + change + off-book, closes to volume - change + off-book.
    marks
        ``ts_event_ns``, ``mark_price``, warm-up included.
    """

    instrument: Instrument
    positions: pl.DataFrame
    prints: pl.DataFrame
    flows: pl.DataFrame
    marks: pl.DataFrame

    def alive(self, as_of_ns: int) -> pl.DataFrame:
        """Return the stretches valid at a moment."""
        return self.positions.filter(
            (pl.col("from_ns") <= as_of_ns) & (pl.col("until_ns").is_null() | (pl.col("until_ns") > as_of_ns))
        )

    def mark(self, as_of_ns: int) -> float:
        """Return the last mark published at or before a moment [quote].

        Raises
        ------
        InputError
            If the world had not begun.
        """
        at = int(self.marks["ts_event_ns"].search_sorted(as_of_ns, side="right")) - 1
        if at < 0:
            raise InputError(
                f"{isoformat(as_of_ns)} is before this world's first mark at {isoformat(self.marks['ts_event_ns'][0])}"
            )
        return float(self.marks["mark_price"][at])


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth of a whole simulation; ``parameters`` are the true ones."""

    parameters: SimulationConfig
    markets: tuple[MarketTruth, ...]

    def levels(self, as_of_ns: int, *, venue: str | None = None, asset: str | None = None) -> pl.DataFrame:
        """Return the leveraged positions open at a moment with the mark price that would liquidate each.

        A cross position's level is the price of its own coin at which its account is liquidated while the other coin stands
        still; null where there is none.

        Returns
        -------
        ``venue, symbol, position_id, position, margin_mode, qty`` [coins], ``entry_price, liquidation_price`` [quote],
        ``leverage, margin_usd, opened_ns``; ordered by market and position.

        Raises
        ------
        InputError
            If no market fits, or the moment is before the world began.
        """
        chosen = [
            market
            for market in self.markets
            if venue in (None, market.instrument.venue) and asset in (None, market.instrument.asset)
        ]
        if not chosen:
            known = ", ".join(market.instrument.key for market in self.markets)
            raise InputError(f"no simulated market fits venue {venue}, asset {asset}; there are {known}")
        return pl.concat([self._market_levels(market, as_of_ns) for market in chosen])

    def _market_levels(self, market: MarketTruth, as_of_ns: int) -> pl.DataFrame:
        market.mark(as_of_ns)
        alive = market.alive(as_of_ns)
        if alive["account"].null_count() < alive.height:
            alive = self._with_cross_levels(market, alive, as_of_ns)
        return alive.with_columns(
            venue=pl.lit(market.instrument.venue), symbol=pl.lit(market.instrument.symbol)
        ).select(_LEVEL_COLUMNS)

    def _with_cross_levels(self, market: MarketTruth, alive: pl.DataFrame, as_of_ns: int) -> pl.DataFrame:
        """Fill in the levels of cross positions: the account's wallet plus what its other position leaves of it."""
        tiers = next(
            v.engine.tiers for v in self.parameters.venues if v.key == market.instrument.venue
        ).table()
        others = [
            m for m in self.markets if m.instrument.venue == market.instrument.venue and m is not market
        ]
        left = pl.concat([_left_in_account(other, tiers, as_of_ns) for other in others])
        joined = alive.join(left, on="account", how="left", maintain_order="left")
        positions = Positions.of(
            direction_of((joined["position"] == "long").to_numpy()),
            joined["qty"].to_numpy(),
            entry=joined["entry_price"].to_numpy(),
            margin=joined["margin_usd"].to_numpy(),
            cross_remainder=joined["left"].fill_null(0.0).to_numpy(),
        )
        levels = tiered_liquidation_price(positions, tiers)
        cross = pl.Series(np.where(levels > 0, levels, np.nan)).fill_nan(None)
        own = pl.col("account").is_null()
        return alive.with_columns(liquidation_price=pl.when(own).then("liquidation_price").otherwise(cross))


def _left_in_account(market: MarketTruth, tiers: TierTable, as_of_ns: int) -> pl.DataFrame:
    """Return what cross positions in one coin add to their accounts: unrealised profit less maintenance [USD]."""
    legs, mark = market.alive(as_of_ns).filter(pl.col("account").is_not_null()), market.mark(as_of_ns)
    quantity = legs["qty"].to_numpy()
    profit = (
        direction_of((legs["position"] == "long").to_numpy())
        * quantity
        * (mark - legs["entry_price"].to_numpy())
    )
    return pl.DataFrame(
        {"account": legs["account"], "left": profit - tiers.maintenance_amount(quantity * mark)}
    )


def make_truth(
    config: SimulationConfig,
    venue: SimulatedVenue,
    instrument: Instrument,
    world: World,
    made: tuple[Tape, pl.DataFrame, NDArray[np.int64]],
    *,
    coin: int,
) -> MarketTruth:
    """Return the truth of one instrument; ``made`` holds its tape, its true prints and every trader's herd."""
    tape, prints, herd = made
    steps = np.arange(config.steps + 1)
    marks = pl.DataFrame(
        {"ts_event_ns": moment_ns(config, steps * config.step_ms), "mark_price": world.mark[coin]}
    )
    return MarketTruth(
        instrument,
        _stretches(config, world, herd, coin=coin),
        prints,
        _flows(config, venue, tape),
        marks,
    )


def _stretches(config: SimulationConfig, world: World, herd: NDArray[np.int64], *, coin: int) -> pl.DataFrame:
    """Return one row per stretch of each position's life, see ``MarketTruth.positions``."""
    changes = world.changes[: world.venue[0]["changes"]]
    changes = changes[world.positions["coin"][changes["position"]] == coin]
    changes = changes[np.argsort(changes["position"], kind="stable")]
    who, start = changes["position"], changes["ms"]
    owner = world.positions[who]
    follows = np.append(who[1:] == who[:-1], np.zeros(min(len(who), 1), np.bool_))
    until = np.where(follows, np.roll(start, -1), owner["ended_ms"])
    ended = np.where(follows, len(FILL_KINDS), owner["ended_kind"])
    still_open = until == NEVER_MS
    account = owner["account"]
    frame = pl.DataFrame(
        {
            "position_id": who,
            "position": labels(owner["direction"] < 0, schemas.POSITION),
            "margin_mode": labels(account >= 0, schemas.MARGIN_MODE),
            "account": account,
            "herd": herd[who],
            "qty": changes["lots"] / world.coins[coin]["lots_per_coin"],
            "entry_price": owner["entry"],
            "liquidation_price": np.where(changes["level"] > 0, changes["level"], np.nan),
            "leverage": owner["leverage"],
            "margin_usd": changes["margin"],
            "stop": owner["stop"],
            "opened_ns": moment_ns(config, owner["open_ms"]),
            "from_ns": moment_ns(config, start),
            "until_ns": moment_ns(config, np.where(still_open, start, until)),
            "ended_by": labels(np.where(still_open, 0, ended), pl.Enum([*FILL_KINDS, "changed"])),
            "_open": still_open,
        }
    )
    absent = pl.lit(None)
    return (
        frame.filter(pl.col("_open") | (pl.col("until_ns") > pl.col("from_ns")))
        .with_columns(
            pl.when(pl.col("account") >= 0).then("account").otherwise(absent).alias("account"),
            pl.when(pl.col("herd") >= 0).then("herd").otherwise(absent).alias("herd"),
            pl.col("liquidation_price").fill_nan(None),
            pl.col("stop").fill_nan(None),
            pl.when("_open").then(absent).otherwise("until_ns").alias("until_ns"),
            pl.when("_open").then(absent).otherwise("ended_by").alias("ended_by"),
        )
        .drop("_open")
    )


def _flows(config: SimulationConfig, venue: SimulatedVenue, tape: Tape) -> pl.DataFrame:
    """Return the flows per interval of open-interest samples [lots], see ``MarketTruth.flows``."""
    ms = sample_moments_ms(config, venue.oi_sample_s)
    amounts = {
        "volume": np.where(tape.on_book, tape.lots, 0),
        "opened_long": tape.opened_long,
        "opened_short": tape.opened_short,
        "closed_long": tape.closed_long,
        "closed_short": tape.closed_short,
        "off_book": np.where(tape.on_book, 0, tape.closed_long),
    }
    open_interest = tape.before(ms, tape.opened_long - tape.closed_long)
    return pl.DataFrame(
        {
            "ts_open_ns": moment_ns(config, ms[:-1]),
            "ts_close_ns": moment_ns(config, ms[1:]),
            "oi_open": open_interest[:-1],
            "oi_close": open_interest[1:],
        }
        | {name: np.diff(tape.before(ms, column)) for name, column in amounts.items()}
    )
