"""Alert rules: when the price comes near a cluster, when a cluster was swept, when a feed is stale.

A rule raises one event when its condition begins to hold and is silent until it has ceased; the same event always has the same id.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from liqatlas.base.clock import NS_PER_S, format_window, isoformat, now_ns
from liqatlas.base.errors import NotEnoughDataError
from liqatlas.base.format import format_change, format_price, format_usd
from liqatlas.base.units import prices_from_ticks
from liqatlas.flows.request import Request
from liqatlas.flows.serving_series import prices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.flows.serving import Source
    from liqatlas.signals.clusters import Cluster

Condition = Literal["price-near-cluster", "cluster-swept", "feed-stale"]
Position = Literal["long", "short"]
#: A condition has ceased when the price is this many times the distance of the rule away.
REARM = 1.5
#: Clusters are found anew at most this often [ns].
CLUSTERS_EVERY_NS = 30 * NS_PER_S
#: A cluster that no map shows any more is remembered this long, as it may have gone because it was swept [ns].
REMEMBER_NS = 600 * NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule.

    Attributes
    ----------
    within
        Distance from the price to the near edge of a cluster, as a fraction (price-near-cluster).
    min_usd
        Smallest cluster that counts [USD].
    older_than_ns
        Age of the newest row from which a feed is stale [ns] (feed-stale).
    """

    name: str
    when: Condition
    asset: str = ""
    window_ns: int = 7 * 86_400 * NS_PER_S
    within: float = 0.01
    min_usd: float = 1e6
    position: Position | None = None
    venue: str = ""
    older_than_ns: int = 120 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Event:
    """Something a rule found; ``key`` names the condition, ``id`` this time it began."""

    id: str
    rule: str
    key: str
    as_of_ns: int
    tree: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Zone:
    """What is remembered of a cluster."""

    position: str
    low: float
    high: float
    peak: float
    usd: float

    def same(self, other: Zone) -> bool:
        """Tell whether two zones of one side overlap."""
        return self.position == other.position and self.low < other.high and other.low < self.high

    @property
    def key(self) -> str:
        """A name that is the same for the same zone."""
        return f"{self.position} {self.peak:.6g}"


@dataclass(slots=True)
class RuleState:
    """What a rule remembers: zones or feeds whose condition holds, by key, and zones seen lately with the moment."""

    holding: dict[str, Zone | None] = field(default_factory=dict)
    seen: list[tuple[Zone, int]] = field(default_factory=list)
    looked_ns: int = 0
    clusters_ns: int = 0
    zones: tuple[Zone, ...] = ()


class Watch:
    """Rules over a source.

    Parameters
    ----------
    holding
        Conditions that held when the former run ended, by rule: they raise nothing again.
    """

    def __init__(
        self, source: Source, rules: Sequence[Rule], holding: dict[str, dict[str, Any]] | None = None
    ) -> None:
        self._source, self.rules = source, tuple(rules)
        self._states = {rule.name: RuleState() for rule in rules}
        for name, keys in (holding or {}).items():
            if name in self._states:
                self._states[name].holding = {
                    key: Zone(**zone) if zone else None for key, zone in keys.items()
                }

    def holding(self) -> dict[str, dict[str, Any]]:
        """Return the conditions that hold, fit for JSON."""
        from dataclasses import asdict

        return {
            name: {key: asdict(zone) if zone else None for key, zone in state.holding.items()}
            for name, state in self._states.items()
        }

    def look(self, clock_ns: int | None = None) -> list[Event]:
        """Return what began since the last look; a rule whose data do not reach yet raises nothing."""
        events: list[Event] = []
        for rule in self.rules:
            now = clock_ns if clock_ns is not None else now_ns()
            try:
                if rule.when == "feed-stale":
                    events += self._stale(rule, now)
                else:
                    events += self._clusters(rule)
            except NotEnoughDataError:
                continue
        return events

    def _stale(self, rule: Rule, now: int) -> list[Event]:
        holding = self._states[rule.name].holding
        events = []
        for one in self._source.markets():
            if (rule.venue and one.venue != rule.venue) or (rule.asset and one.asset != rule.asset):
                continue
            key, age = f"{one.venue}:{one.symbol}", now - one.last_ts_ns
            if age <= rule.older_than_ns:
                holding.pop(key, None)
            elif key not in holding:
                holding[key] = None
                text = f"{key}: no row for {format_window(age // NS_PER_S * NS_PER_S)}, the newest is of {isoformat(one.last_ts_ns)}"
                data = {"venue": one.venue, "symbol": one.symbol, "last_ts": isoformat(one.last_ts_ns)}
                events.append(self._event(rule, key, one.last_ts_ns, text, data))
        return events

    def _clusters(self, rule: Rule) -> list[Event]:
        state = self._states[rule.name]
        held = prices(self._source, rule.asset)
        if not held:
            return []
        moment, price = max(held.values())
        low, high = self._extremes(rule, state, price)
        state.looked_ns = moment
        if moment - state.clusters_ns >= CLUSTERS_EVERY_NS or not state.clusters_ns:
            state.zones = self._zones(rule)
            state.clusters_ns = moment
        if rule.when == "price-near-cluster":
            return self._near(rule, state, price, moment)
        return self._swept(rule, state, (low, high), moment)

    def _extremes(self, rule: Rule, state: RuleState, price: float) -> tuple[float, float]:
        """Return the lowest and highest price since the last look."""
        low = high = price
        if not state.looked_ns:
            return low, high
        for one in self._source.tail(rule.asset, state.looked_ns, ("trades", "bars", "marks")):
            if one.trades.height:
                ends = one.trades.select(
                    pl.col("price_ticks").min().alias("a"), pl.col("price_ticks").max().alias("b")
                )
                found = prices_from_ticks(ends.to_numpy()[0], one.instrument.tick_size)
                low, high = min(low, float(found[0])), max(high, float(found[1]))
            for table, bottom, top in ((one.bars, "low", "high"), (one.marks, "mark_price", "mark_price")):
                if table.height:
                    low = min(low, float(table[bottom].min()))  # type: ignore[arg-type]
                    high = max(high, float(table[top].max()))  # type: ignore[arg-type]
        return low, high

    def _zones(self, rule: Rule) -> tuple[Zone, ...]:
        result = self._source.clusters(
            Request(asset=rule.asset, window_ns=rule.window_ns), with_history=False
        )
        return tuple(
            _zone(one)
            for one in result.clusters.all
            if one.usd >= rule.min_usd and rule.position in {None, one.position}
        )

    def _near(self, rule: Rule, state: RuleState, price: float, moment: int) -> list[Event]:
        for key, zone in list(state.holding.items()):
            if zone is None or _distance(zone, price) > REARM * rule.within:
                del state.holding[key]
        events = []
        for zone in state.zones:
            away = _distance(zone, price)
            if away > rule.within or any(z and z.same(zone) for z in state.holding.values()):
                continue
            state.holding[zone.key] = zone
            text = (
                f"{rule.asset} {format_price(price)} is {format_change(away)} from a cluster of {zone.position}s, "
                f"{format_usd(zone.usd)} at {format_price(zone.low)}–{format_price(zone.high)}"
            )
            events.append(
                self._event(
                    rule, zone.key, moment, text, _zone_tree(zone) | {"price": price, "distance": away}
                )
            )
        return events

    def _swept(self, rule: Rule, state: RuleState, extremes: tuple[float, float], moment: int) -> list[Event]:
        low, high = extremes
        for key, zone in list(state.holding.items()):
            if zone is None or not any(zone.same(z) for z in state.zones):
                del state.holding[key]  # it is gone from the map; one that grows there later is another
        events = []
        for zone, since in list(state.seen):
            through = low <= zone.low if zone.position == "long" else high >= zone.high
            if not through:
                continue
            state.seen.remove((zone, since))
            if any(z and z.same(zone) for z in state.holding.values()):
                continue
            state.holding[zone.key] = zone
            text = (
                f"{rule.asset} went through a cluster of {zone.position}s, {format_usd(zone.usd)} at "
                f"{format_price(zone.low)}–{format_price(zone.high)}"
            )
            events.append(
                self._event(rule, zone.key, moment, text, _zone_tree(zone) | {"low": low, "high": high})
            )
        fresh = [zone for zone in state.zones if not any(zone.same(z) for z, _ in state.seen)]
        state.seen = [(z, moment if any(z.same(n) for n in state.zones) else t) for z, t in state.seen]
        state.seen = [(z, t) for z, t in state.seen if moment - t <= REMEMBER_NS]
        state.seen += [(zone, moment) for zone in fresh]
        return events

    def _event(self, rule: Rule, key: str, moment: int, text: str, data: dict[str, Any]) -> Event:
        identity = hashlib.sha256(f"{rule.name}\0{key}\0{moment}".encode()).hexdigest()[:32]
        simulated = self._source.simulated
        tree = {
            "id": identity,
            "rule": rule.name,
            "when": rule.when,
            "asset": rule.asset or None,
            "as_of": isoformat(moment),
            "simulated": simulated,
            "text": ("SIMULATED: " if simulated else "") + text,
            "data": data,
        }
        return Event(identity, rule.name, key, moment, tree)


def _zone(one: Cluster) -> Zone:
    return Zone(one.position, one.price_low, one.price_high, one.peak_price, one.usd)


def _zone_tree(zone: Zone) -> dict[str, Any]:
    return {
        "position": zone.position,
        "price_low": zone.low,
        "price_high": zone.high,
        "peak_price": zone.peak,
        "usd": zone.usd,
    }


def _distance(zone: Zone, price: float) -> float:
    """Return how far the price is from the near edge, as a fraction; 0 inside."""
    if zone.low <= price < zone.high:
        return 0.0
    return min(abs(zone.low / price - 1), abs(zone.high / price - 1))
