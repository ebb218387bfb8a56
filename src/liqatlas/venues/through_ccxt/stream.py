"""One contract's trades from ccxt's ``watchTrades``, for ever: frames, breaks and drops go to the inbox like those of our own sockets."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import TYPE_CHECKING, Any

import orjson

from liqatlas.base.clock import now_ns
from liqatlas.venues.connection import ConnectionStats, Persistence
from liqatlas.venues.inbox import Broken, RawFrame, Resumed

if TYPE_CHECKING:
    from liqatlas.venues.inbox import BreakReason, Inbox
    from liqatlas.venues.subscriptions import Subscription
    from liqatlas.venues.through_ccxt.exchange import Meter

_FIELDS = ("timestamp", "price", "amount", "side", "id")


class WatchConnection:
    """Runs one contract's stream; ccxt shares the socket between contracts.

    A trade that ccxt parsed and did not hand on before a later one is lost: the loss is counted in the meter and told as a break, so
    that the stretch is asked for again.
    """

    def __init__(
        self,
        exchange: Any,
        name: str,
        subscription: Subscription,
        inbox: Inbox,
        *,
        meter: Meter,
        persistence: Persistence | None = None,
    ) -> None:
        self.subscription, self.inbox, self.meter = subscription, inbox, meter
        self.stats = ConnectionStats()
        self._exchange, self._name = exchange, name
        ((_, self._symbol),) = subscription.carries
        self._persistence = persistence or Persistence()
        self._last_ns = 0
        self._live = self._broken = False

    async def run(self) -> None:
        """Watch again and again until cancelled."""
        pause = self._persistence.first_pause_s
        while True:
            reason = await self._watch()
            if self._live:
                self.stats.disconnects += 1
                self._live = False
                pause = self._persistence.first_pause_s
            else:
                self.stats.failures += 1
            self._tell_broken(reason)
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 -- jitter, not a secret
            pause = min(pause * 2, self._persistence.longest_pause_s)

    async def _watch(self) -> BreakReason:
        """Hand trades on until the stream breaks; return how it did."""
        import ccxt

        while True:
            try:
                async with asyncio.timeout(self.subscription.silent_after_s):
                    found = await self._exchange.watch_trades(self._name)
            except TimeoutError:
                self.stats.stalls += 1
                await self._hang_up()
                return "stall"
            except (ccxt.BaseError, OSError, ConnectionError) as error:
                self.stats.refused = type(error).__name__
                return "disconnect"
            await self._take(list(found))

    async def _hang_up(self) -> None:
        """Close ccxt's sockets: it opens them anew when asked again."""
        import ccxt

        with contextlib.suppress(ccxt.BaseError, OSError):
            await self._exchange.close_ws_clients()

    async def _take(self, found: list[dict[str, Any]]) -> None:
        """Hand trades on, and tell what was parsed before the last look and never came."""
        moment = now_ns()
        if not self._live:
            self._live = True
            self.stats.connects += 1
        if self._broken:
            self._broken = False
            self.inbox.tell(Resumed(self.subscription, moment))
        lost = self.meter.hand(self._name, found)
        if lost:
            self.inbox.tell(Broken(self.subscription, self._last_ns or moment, moment, "dropped", lost))
            self.inbox.tell(Resumed(self.subscription, moment))
        self._last_ns = moment
        trades = [{field: trade.get(field) for field in _FIELDS} for trade in found]
        payload = orjson.dumps({"symbol": self._symbol, "trades": trades})
        frame = RawFrame(self.subscription, moment, payload)
        if not self.inbox.try_put(frame):
            await self.inbox.put(frame)

    def _tell_broken(self, reason: BreakReason) -> None:
        """Tell the reader once per break."""
        if not self._broken and self.stats.connects:
            self._broken = True
            self.inbox.tell(Broken(self.subscription, self._last_ns or now_ns(), now_ns(), reason))
