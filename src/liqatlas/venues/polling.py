"""Datasets without a stream, asked for again and again: Binance's open interest, insurance balances.

A sample that could not be had is a gap like any other: listed from the last good sample to the next.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from liqatlas.base.clock import now_ns
from liqatlas.base.errors import LiqAtlasError
from liqatlas.venues.continuity import Gap
from liqatlas.venues.inbox import Polled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.venues.client import VenueClient
    from liqatlas.venues.inbox import Inbox


class Poller:
    """Asks for each dataset and symbol once per ``every_s``, spread over that time; rows go through the inbox."""

    def __init__(self, client: VenueClient, inbox: Inbox, *, every_s: float) -> None:
        self.failures = 0
        self.last_trouble = ""
        self._client, self._inbox, self._every_s = client, inbox, every_s
        self._failing: dict[tuple[str, str], int] = {}
        self._last_good: dict[tuple[str, str], int] = {}

    async def run(self, datasets: Sequence[str], symbols: Sequence[str]) -> None:
        """Poll for ever. Venue-wide datasets are asked for once, by the first symbol."""
        wanted = [(d, s) for d in datasets for s in (symbols[:1] if d == "insurance_fund" else symbols)]
        while True:
            begin = asyncio.get_running_loop().time()
            for i, (dataset, symbol) in enumerate(wanted):
                await self._poll(dataset, symbol)
                due = begin + self._every_s * (i + 1) / len(wanted)
                await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))

    async def _poll(self, dataset: str, symbol: str) -> None:
        """Ask once; on the first success after failures list the stretch between the good samples."""
        key = (dataset, symbol)
        try:
            batch = await self._client.snapshot(dataset, symbol)
        except LiqAtlasError as error:
            self.failures += 1
            self.last_trouble = str(error)
            self._failing.setdefault(key, self._last_good.get(key, now_ns()))
            return
        since = self._failing.pop(key, None)
        self._last_good[key] = now_ns()
        gaps = () if since is None else (self._gap(dataset, symbol, since, self._last_good[key]),)
        self._inbox.tell(Polled(batch, gaps))

    def _gap(self, dataset: str, symbol: str, start_ns: int, end_ns: int) -> Gap:
        return Gap(self._client.key, dataset, symbol, start_ns, end_ns, "poll", status="listed")

    def finish(self, at_ns: int) -> list[Gap]:
        """Return the stretches that still fail, listed up to now."""
        return [self._gap(d, s, since, at_ns) for (d, s), since in self._failing.items()]
