"""What a stream tells: prices, prints, maps and heatmaps as states that know how they differ from an earlier one."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import polars as pl

from liqatlas.base.clock import NS_PER_S, isoformat
from liqatlas.flows.serving_series import prices, print_entry
from liqatlas.maps.binning import edges_by_count, full_range
from liqatlas.maps.serialise import head_tree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.flows.request import Request
    from liqatlas.flows.serving import Source

#: Takes what was found in; called where states are told, so that nobody sees half of it.
Change = Callable[[], None]
Channel = Literal["price", "prints", "map", "heatmap"]
CHANNELS: tuple[Channel, ...] = ("price", "prints", "map", "heatmap")
#: Bins of a streamed map, as many as its JSON has.
BINS = 400
#: A streamed map keeps its bins until the price left this share of it; then it is sent whole on new bins.
DRIFT = 0.02
#: States kept to tell differences from; who is further behind is sent the whole.
STATES_KEPT = 32
#: Prints kept for who is behind; older ones are counted as skipped.
PRINTS_KEPT = 500


@dataclass(frozen=True, slots=True)
class News:
    """What to tell somebody: the data, whether it stands alone, the moment it is of, and what he missed."""

    data: dict[str, Any]
    whole: bool
    as_of_ns: int
    skipped: int


class Topic(Protocol):
    """One channel of one asset; ``seq`` counts its states from 1 and 0 stands for "nothing seen"."""

    seq: int
    every_s: float

    def look(self) -> Change | None:
        """Look for what is new, in a thread, never twice at once; return what takes it in, to be called where states are told."""

    def since(self, seen: int) -> News | None:
        """Return what somebody who saw state ``seen`` is to be told; nothing where there is no state yet."""


@dataclass(slots=True)
class PriceTopic:
    """The newest mark price of each instrument; the price is that of the instrument whose price is newest."""

    source: Source
    asset: str
    every_s: float = 0.1
    seq: int = 0
    _prices: dict[str, tuple[int, float]] = field(default_factory=dict)

    def look(self) -> Change | None:
        """Look for newer prices."""
        found = prices(self.source, self.asset)
        return None if not found or found == self._prices else partial(self._take, found)

    def _take(self, found: dict[str, tuple[int, float]]) -> None:
        self._prices = found
        self.seq += 1

    def since(self, seen: int) -> News | None:
        """Return the newest prices."""
        if not self.seq:
            return None
        held = self._prices
        moment, price = max(held.values())
        data = {
            "price": price,
            "venues": {key: {"price": p, "time": isoformat(ns)} for key, (ns, p) in held.items()},
        }
        return News(data, whole=True, as_of_ns=moment, skipped=max(self.seq - seen - 1, 0) if seen else 0)


@dataclass(slots=True)
class PrintsTopic:
    """Liquidations as they happen; who is behind gets all he missed, as far as they are kept."""

    source: Source
    asset: str
    every_s: float = 0.2
    seq: int = 0
    _rows: deque[tuple[int, dict[str, Any]]] = field(default_factory=lambda: deque(maxlen=PRINTS_KEPT))
    _last_ns: int = 0
    _at_last: int = 0
    _begun: bool = False

    def look(self) -> Change | None:
        """Look for prints that came since."""
        last = self._last_ns
        frames = []
        for one in (
            self.source.tail(self.asset, last, ("liquidations",))
            if self._begun
            else self.source.newest_prints(self.asset)
        ):
            if one.liquidations.height:
                instrument = one.instrument
                frames.append(
                    one.liquidations.with_columns(
                        venue=pl.lit(instrument.venue), symbol=pl.lit(instrument.symbol)
                    )
                )
        self._begun = True
        if not frames:
            return None
        rows = (
            pl.concat(frames).sort("ts_event_ns", maintain_order=True).filter(pl.col("ts_event_ns") >= last)
        )
        seen = rows.filter(pl.col("ts_event_ns") == last).height
        fresh = rows.tail(rows.height - min(self._at_last, seen))
        if fresh.is_empty():
            return None
        self._last_ns = int(rows["ts_event_ns"][-1])
        self._at_last = rows.filter(pl.col("ts_event_ns") == self._last_ns).height
        return partial(self._take, [print_entry(row) for row in fresh.iter_rows(named=True)])

    def _take(self, entries: list[dict[str, Any]]) -> None:
        for entry in entries:
            self.seq += 1
            self._rows.append((self.seq, entry))

    def since(self, seen: int) -> News | None:
        """Return the prints after state ``seen``; of a first look the newest 50."""
        if not self.seq:
            return None
        held = list(self._rows)
        missed = max(held[0][0] - seen - 1, 0) if seen else 0
        fresh = [row for number, row in held if number > seen] if seen else [row for _, row in held[-50:]]
        return News({"prints": fresh}, whole=not seen, as_of_ns=self._last_ns, skipped=missed)


@dataclass(frozen=True, slots=True)
class _MapState:
    edges: NDArray[np.float64]
    long_usd: NDArray[np.float64]
    short_usd: NDArray[np.float64]
    head: dict[str, Any]
    as_of_ns: int


@dataclass(slots=True)
class MapTopic:
    """The map of one window: whole first, afterwards the bins that changed since what the viewer has."""

    source: Source
    request: Request
    every_s: float = 0.2
    seq: int = 0
    _states: OrderedDict[int, _MapState] = field(default_factory=OrderedDict)
    _centre: float = 0.0

    def look(self) -> Change | None:
        """Look for a newer map."""
        result = self.source.map(self.request)
        newest = next(reversed(self._states.values()), None)
        price = result.head.price
        if newest is not None and newest.as_of_ns == result.head.as_of_ns:
            return None
        edges = newest.edges if newest is not None else np.empty(0)
        if not len(edges) or abs(price / self._centre - 1) > DRIFT:
            edges = edges_by_count(price, *full_range(result), BINS)
            self._centre = price
        drawn = result.rebin(edges)
        state = _MapState(
            edges,
            np.round(drawn.long_usd, 2),
            np.round(drawn.short_usd, 2),
            head_tree(result.head),
            result.head.as_of_ns,
        )
        return partial(self._take, state)

    def _take(self, state: _MapState) -> None:
        self.seq += 1
        self._states[self.seq] = state
        while len(self._states) > STATES_KEPT:
            self._states.popitem(last=False)

    def since(self, seen: int) -> News | None:
        """Return the whole map, or the bins that changed since state ``seen`` where its bins are the same."""
        if not self.seq:
            return None
        now = self._states[self.seq]
        skipped = max(self.seq - seen - 1, 0) if seen else 0
        before = self._states.get(seen)
        totals = {
            "long_usd": round(float(now.long_usd.sum()), 2),
            "short_usd": round(float(now.short_usd.sum()), 2),
        }
        if before is None or before.edges is not now.edges:
            data = {
                "snapshot": True,
                **now.head,
                "price_edges": now.edges.tolist(),
                "long_usd": now.long_usd.tolist(),
                "short_usd": now.short_usd.tolist(),
                "totals": totals,
            }
            return News(data, whole=True, as_of_ns=now.as_of_ns, skipped=skipped)
        changed = np.flatnonzero((now.long_usd != before.long_usd) | (now.short_usd != before.short_usd))
        data = {
            "snapshot": False,
            "since_seq": seen,
            "price": now.head["price"],
            "open_interest_usd": now.head["open_interest_usd"],
            "bins": [[int(i), float(now.long_usd[i]), float(now.short_usd[i])] for i in changed],
            "totals": totals,
        }
        return News(data, whole=False, as_of_ns=now.as_of_ns, skipped=skipped)


@dataclass(slots=True)
class HeatmapTopic:
    """A word whenever the heatmap has a new column to fetch; its cells go over HTTP, compressed and cached."""

    source: Source
    request: Request
    every_s: float = 5.0
    seq: int = 0
    _as_of_ns: int = 0

    def look(self) -> Change | None:
        """Look whether a new column began."""
        newest = self.source.now_ns()
        column = max(self.request.window_ns // 400, NS_PER_S)
        if newest // column == self._as_of_ns // column:
            return None
        return partial(self._take, newest)

    def _take(self, newest: int) -> None:
        self._as_of_ns = newest
        self.seq += 1

    def since(self, seen: int) -> News | None:
        """Return up to when the heatmap reaches now."""
        if not self.seq:
            return None
        data = {"fetch": True, "until": isoformat(self._as_of_ns)}
        skipped = max(self.seq - seen - 1, 0) if seen else 0
        return News(data, whole=True, as_of_ns=self._as_of_ns, skipped=skipped)


def make_topic(source: Source, channel: Channel, request: Request) -> Topic:
    """Return the topic of a channel."""
    if channel == "price":
        return PriceTopic(source, source.asset(request.asset))
    if channel == "prints":
        return PrintsTopic(source, source.asset(request.asset))
    if channel == "map":
        return MapTopic(source, request)
    return HeatmapTopic(source, request)
