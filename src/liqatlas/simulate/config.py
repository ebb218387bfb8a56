"""What a simulated world is made of. These are the true parameters of an invented market, not beliefs about a real one.

The defaults are the minimal form: one coin, one venue, independent traders, isolated margin, constant closing hazard,
full liquidation at the mark price, every print published. Each departure from it is one field.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from liqatlas.base.clock import DAY_NS, NS_PER_MS, parse_time
from liqatlas.simulate.engine import Engine, require

PrintRule = Literal["all", "last_per_second", "first_per_second"]
PrintPrice = Literal["fill", "bankruptcy"]
DAY_MS = DAY_NS // NS_PER_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Coin:
    """One underlying and its perpetual.

    Attributes
    ----------
    price
        Index price at the recording's first moment [quote].
    annual_vol
        Volatility of the diffusive part per year of 365 days, as a fraction.
    correlation
        Of its returns with the first coin's; ignored for the first coin.
    arrival_share
        Part of the venue's arriving traders that trade it; shares are normalised.
    """

    asset: str = "BTC"
    symbol: str = "BTCUSDT"
    price: float = 60_000.0
    tick_size: Decimal = Decimal("0.1")
    lot_size: Decimal = Decimal("0.001")
    annual_vol: float = 0.6
    correlation: float = 0.8
    arrival_share: float = 1.0

    def __post_init__(self) -> None:
        require(
            self.price > 0 and self.arrival_share > 0, f"coin {self.asset}: price and share must be positive"
        )
        require(0 < self.annual_vol <= 5, f"coin {self.asset}: annual_vol {self.annual_vol} is not in (0, 5]")
        require(-1 <= self.correlation <= 1, f"coin {self.asset}: correlation is not in [-1, 1]")
        for name in ("tick_size", "lot_size"):
            step = getattr(self, name)
            require(
                step > 0 and (1 / step) == (1 / step).to_integral_value(),
                f"coin {self.asset}: {name} {step} must divide 1, such as 0.1",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePath:
    """How the index moves.

    Attributes
    ----------
    fast_hours, fast_sigma, slow_hours, slow_sigma
        Two mean-reverting parts of log volatility: relaxation time [h] and stationary deviation.
    jumps_per_week
        Fast one-way moves; their number over the whole stretch is this rate times its length, rounded.
    jump_floor, jump_mean
        Smallest size and mean excess over it, in log price.
    jump_minutes
        Minutes a jump takes; spread evenly over the mark steps in them.
    activity_exponent
        Traders arrive in proportion to volatility to this power.
    """

    fast_hours: float = 1.5
    fast_sigma: float = 0.35
    slow_hours: float = 36.0
    slow_sigma: float = 0.4
    jumps_per_week: float = 1.0
    jump_floor: float = 0.015
    jump_mean: float = 0.012
    jump_minutes: float = 8.0
    activity_exponent: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """When traders close by themselves.

    Attributes
    ----------
    mean_life_h
        Mean of the holding time without liquidation [h].
    classes
        Heterogeneous traders: ``(share, multiple of mean_life_h)`` each; the default is one class.
    weibull_shape
        Age dependence: hazard grows with age above 1, falls below 1; 1 is the constant hazard.
    distance_exponent
        Mean life is proportional to ``(10 / leverage)`` to this power; 0 makes closing independent of leverage.
    """

    mean_life_h: float = 24.0
    classes: tuple[tuple[float, float], ...] = ((1.0, 1.0),)
    weibull_shape: float = 1.0
    distance_exponent: float = 0.0

    def __post_init__(self) -> None:
        require(self.mean_life_h > 0, f"mean_life_h {self.mean_life_h} must be positive")
        require(
            bool(self.classes) and all(share >= 0 and multiple > 0 for share, multiple in self.classes),
            "closing classes must be (share >= 0, multiple > 0) pairs",
        )
        require(math.isclose(sum(s for s, _ in self.classes), 1.0), "shares of closing classes must sum to 1")
        require(0.2 <= self.weibull_shape <= 5, f"weibull_shape {self.weibull_shape} is not in [0.2, 5]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Who trades on one venue.

    Attributes
    ----------
    arrivals_per_minute
        Leveraged positions opened per minute at mean volatility, both positions and all coins together.
    leverages, long_mix, short_mix
        Leverages and the probability of each among arriving longs and shorts.
    added_margin_sigma
        Traders add margin to what their leverage asks for: the logarithm of margin over initial margin is half-normal with
        this parameter; 0 adds none.
    long_share
        Part of the arriving traders that go long.
    size_median_usd, size_sigma
        Log-normal law of the opened notional [USD].
    passive_share
        Part of voluntary orders that rest in the book, so that the other side is the taker.
    herding_share, herd_size, herd_minutes
        Part of the traders that follow a herd: they arrive within minutes of each other, go with the last quarter hour's
        move and mostly use one leverage; mean number in a herd; minutes over which it arrives.
    cross_share
        Part of the first coin's traders that hold a second position in the second coin on one common wallet.
    stop_share, stop_range
        Part of the traders with a stop order on the mark price; it lies at a part of the way from entry to liquidation
        drawn evenly from the range.
    """

    arrivals_per_minute: float = 8.0
    leverages: tuple[float, ...] = (100.0, 50.0, 25.0, 20.0, 10.0, 5.0, 3.0)
    long_mix: tuple[float, ...] = (0.03, 0.06, 0.11, 0.15, 0.27, 0.25, 0.13)
    short_mix: tuple[float, ...] = (0.02, 0.05, 0.10, 0.15, 0.28, 0.26, 0.14)
    added_margin_sigma: float = 0.0
    long_share: float = 0.5
    size_median_usd: float = 8_000.0
    size_sigma: float = 1.4
    passive_share: float = 0.35
    closing: Closing = field(default_factory=Closing)
    herding_share: float = 0.0
    herd_size: float = 40.0
    herd_minutes: float = 3.0
    cross_share: float = 0.0
    stop_share: float = 0.0
    stop_range: tuple[float, float] = (0.5, 0.95)

    def __post_init__(self) -> None:
        require(self.arrivals_per_minute > 0, "arrivals_per_minute must be positive")
        require(all(1 < x <= 500 for x in self.leverages), f"leverages {self.leverages} must lie in (1, 500]")
        for name in ("long_mix", "short_mix"):
            mix = getattr(self, name)
            require(
                len(mix) == len(self.leverages) and min(mix) >= 0 and math.isclose(sum(mix), 1.0),
                f"{name} must hold one probability per leverage and sum to 1; it is {mix}",
            )
        require(
            0 <= self.added_margin_sigma <= 1,
            f"added_margin_sigma {self.added_margin_sigma} is not in [0, 1]",
        )
        for name in ("long_share", "passive_share", "herding_share", "cross_share", "stop_share"):
            require(0 <= getattr(self, name) <= 1, f"{name} {getattr(self, name)} is not in [0, 1]")
        require(
            0 < self.stop_range[0] <= self.stop_range[1] < 1,
            f"stop_range {self.stop_range} is not inside (0, 1)",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Makers:
    """Unlevered market makers: they take the other side of every trader and trade among themselves.

    ``churn_per_minute`` counts trades between makers at mean volatility; ``churn_median_usd`` and ``churn_sigma`` give
    their log-normal size.
    """

    count: int = 12
    churn_per_minute: float = 6.0
    churn_median_usd: float = 2_500.0
    churn_sigma: float = 1.2

    def __post_init__(self) -> None:
        require(self.count >= 2, "at least two makers are needed")
        require(self.churn_per_minute >= 0, "churn_per_minute may not be negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedVenue:
    """One exchange: its basis to the index, its engine, what it publishes.

    Attributes
    ----------
    key
        Must begin with ``simulated``, so that no row can be taken for a real venue's.
    activity
        Multiplies arrivals and churn.
    basis_mean_bp, basis_sigma_bp, basis_hours
        Mark against index: mean, stationary deviation [basis points] and relaxation time [h].
    last_sigma_bp, last_minutes
        Last price against mark: stationary deviation [basis points] and relaxation time [min]; 0: they agree to a tick.
    oi_sample_s
        Seconds between samples of open interest.
    print_rule
        ``all``; ``last_per_second`` as Binance (last order per symbol per 1000 ms); ``first_per_second`` as OKX (at most
        one per contract per second).
    print_price
        ``fill`` or ``bankruptcy`` price on the print.
    """

    key: str = "simulated"
    activity: float = 1.0
    basis_mean_bp: float = 0.0
    basis_sigma_bp: float = 2.0
    basis_hours: float = 1.0
    last_sigma_bp: float = 0.0
    last_minutes: float = 5.0
    oi_sample_s: int = 60
    print_rule: PrintRule = "all"
    print_price: PrintPrice = "fill"
    engine: Engine = field(default_factory=Engine)

    def __post_init__(self) -> None:
        require(
            self.key.startswith("simulated") and self.key == self.key.lower(),
            f"venue {self.key!r}: a simulated venue's key is lower case and begins with 'simulated'",
        )
        require(
            self.activity > 0 and self.oi_sample_s > 0,
            f"venue {self.key}: activity and oi_sample_s must be positive",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationConfig:
    """A whole world.

    Attributes
    ----------
    seed
        Every draw follows from it; each purpose has its own stream, so that a switch changes nothing else.
    start_ns, days
        What is recorded: ``[start, start + days)``.
    warmup_days
        Days lived before the recording, so that open interest does not begin at zero. Their positions are truth, their
        trades are not recorded.
    mark_step_s
        Seconds between mark prices; levels are touched at these moments only.
    """

    seed: int = 1
    start_ns: int = parse_time("2026-01-05")
    days: float = 14.0
    warmup_days: float = 3.0
    mark_step_s: int = 5
    coins: tuple[Coin, ...] = (Coin(),)
    path: PricePath = field(default_factory=PricePath)
    population: Population = field(default_factory=Population)
    makers: Makers = field(default_factory=Makers)
    venues: tuple[SimulatedVenue, ...] = (SimulatedVenue(),)

    def __post_init__(self) -> None:
        require(self.days > 0 and self.warmup_days >= 0, "days must be positive, warmup_days not negative")
        require(1 <= len(self.coins) <= 2, f"one or two coins are simulated, not {len(self.coins)}")
        require(self.population.cross_share == 0 or len(self.coins) == 2, "cross accounts need two coins")
        require(
            1 <= self.mark_step_s <= 60 and 60 % self.mark_step_s == 0, "mark_step_s must divide a minute"
        )
        require(
            bool(self.venues) and len({v.key for v in self.venues}) == len(self.venues),
            "venue keys must differ",
        )
        for venue in self.venues:
            require(
                venue.oi_sample_s % self.mark_step_s == 0,
                f"venue {venue.key}: oi_sample_s {venue.oi_sample_s} must be a multiple of mark_step_s",
            )

    @property
    def step_ms(self) -> int:
        """Length of a mark step [ms]."""
        return self.mark_step_s * 1000

    @property
    def warmup_steps(self) -> int:
        """Mark steps before the recording."""
        return round(self.warmup_days * DAY_MS / self.step_ms)

    @property
    def steps(self) -> int:
        """Mark steps, warm-up included; there is one mark more than steps."""
        return self.warmup_steps + max(1, round(self.days * DAY_MS / self.step_ms))

    @property
    def end_ns(self) -> int:
        """End of the recording, exclusive for trades."""
        return self.start_ns + (self.steps - self.warmup_steps) * self.step_ms * NS_PER_MS
