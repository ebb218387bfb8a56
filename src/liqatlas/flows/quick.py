"""A map with nothing but a network: five-minute bars and open interest of each venue, fetched at once. Coarse, and says so."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from liqatlas.base.clock import DAY_NS, now_ns
from liqatlas.base.errors import LiqAtlasError, NotEnoughDataError, UnknownSymbolError
from liqatlas.base.recording import Recording
from liqatlas.flows.reporter import SILENT
from liqatlas.flows.venue_access import Access, chosen_venues, out_of_reach
from liqatlas.venues.rows import RowBatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from liqatlas.flows.reporter import Reporter
    from liqatlas.flows.request import Request
    from liqatlas.venues.client import VenueClient

STEP = "5m"
#: Longest stretch fetched; more belongs into a lake.
LONGEST_NS = 30 * DAY_NS
COARSE = "coarse: five-minute bars fetched over REST, nothing recorded; record or backfill into a lake for a map of trades"


def quick_recordings(
    request: Request, access: Access | None = None, reporter: Reporter = SILENT
) -> list[Recording]:
    """Return what the venues give of an asset right now; one that does not answer is left out and named.

    Raises
    ------
    SourceUnavailableError
        If no venue answers; names the demo.
    UnknownSymbolError
        If none that answers lists the asset.
    NotEnoughDataError
        If none gives bars and open interest of the stretch.
    """
    return asyncio.run(_all(request, access or Access(), chosen_venues(request.venues), reporter))


async def _all(request: Request, access: Access, keys: Sequence[str], reporter: Reporter) -> list[Recording]:
    down = await out_of_reach(access, keys)
    for key, why in down.items():
        reporter.notice(f"going on without {key}: {why}")
    up = [key for key in keys if key not in down]
    answers: dict[str, Recording] = {}
    unknown: list[UnknownSymbolError] = []

    async def ask(key: str) -> None:
        async with access.client(key) as client:
            try:
                answers[key] = await _one(request, client)
            except UnknownSymbolError as error:
                unknown.append(error)
            except LiqAtlasError as error:
                reporter.notice(f"going on without {key}: {error}")
        reporter.progress("fetching venues", len(answers), len(up))

    reporter.progress("fetching venues", 0, len(up))
    await asyncio.gather(*(ask(key) for key in up))
    if not answers:
        if unknown:
            raise unknown[0]
        raise NotEnoughDataError(
            f"no venue that answers gives bars and open interest of {request.asset} over REST: backfill or record them into a lake"
        )
    return [answers[key] for key in up if key in answers]


async def _one(request: Request, client: VenueClient) -> Recording:
    instrument = (await client.listing(request.asset)).instrument
    end = now_ns() if request.as_of_ns is None else request.as_of_ns + 1
    start = end - min(request.window_ns, LONGEST_NS)
    reach = client.reach_ns("open_interest", STEP)
    samples = start if reach is None else max(start, now_ns() - reach + DAY_NS // 24)
    bars, interest = await asyncio.gather(
        _history(client, "bars", instrument.symbol, start, end),
        _history(client, "open_interest", instrument.symbol, samples, end),
    )
    recording = Recording(
        instrument, bars=bars, open_interest=interest, sources=(f"{client.name} REST",), warnings=(COARSE,)
    )
    if request.as_of_ns is not None:
        return recording
    now = (await client.snapshot("marks", instrument.symbol)).frames()
    marks = now.get(("marks", instrument.symbol))
    return recording if marks is None else replace(recording, marks=marks)


async def _history(client: VenueClient, dataset: str, symbol: str, start: int, end: int) -> pl.DataFrame:
    batch = RowBatch()
    async for page in client.history(dataset, symbol, start, end, interval=STEP):
        batch.merge(page)
    found = batch.frames().get((dataset, symbol))
    if found is None:
        raise NotEnoughDataError(f"{client.name} gives no {dataset} of {symbol} in that stretch")
    return found
