"""What works here: which venues answer, what each gives, how fresh and complete the lake is, how long its disk lasts."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from liqatlas.base.clock import isoformat, now_ns
from liqatlas.base.errors import LakeError, LiqAtlasError, SourceUnavailableError
from liqatlas.base.format import format_duration
from liqatlas.flows.venue_access import HASTY
from liqatlas.store import Lake
from liqatlas.venues import capabilities

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from liqatlas.flows.venue_access import Access
    from liqatlas.venues.capability import VenueCapabilities

#: A clock further off than this is worth a warning [ns].
_SKEW_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class VenueHealth:
    """One venue: its offer, and whether it answered just now."""

    offer: VenueCapabilities
    reachable: bool
    skew_ns: int | None
    problem: str


def examine_venues(access: Access, keys: Sequence[str], *, ask: bool = True) -> list[VenueHealth]:
    """Return each venue's health; with ``ask`` false nothing is sent and none counts as reachable."""
    offers = [offer for offer in capabilities() if offer.venue in keys]
    if not ask:
        return [VenueHealth(offer, False, None, "not asked") for offer in offers]
    return asyncio.run(_examine(access, offers))


async def _examine(access: Access, offers: list[VenueCapabilities]) -> list[VenueHealth]:
    return list(await asyncio.gather(*(_one(access, offer) for offer in offers)))


async def _one(access: Access, offer: VenueCapabilities) -> VenueHealth:
    async with access.client(offer.venue, HASTY) as client:
        try:
            skew = await asyncio.wait_for(client.clock_skew(), 2 * HASTY.timeout_s)
        except TimeoutError:
            return VenueHealth(offer, False, None, f"no answer within {2 * HASTY.timeout_s:g} s")
        except LiqAtlasError as error:
            return VenueHealth(offer, False, None, str(error))
    off = abs(skew.skew_ns) > _SKEW_NS + skew.round_trip_ns
    words = f"its clock is {skew.skew_ns / 1e9:+.1f} s off this machine's" if off else ""
    return VenueHealth(offer, True, skew.skew_ns, words)


def examine_lake(path: Path) -> dict[str, Any]:
    """Return a lake's state as a JSON tree; ``problem`` says why it cannot be read."""
    tree: dict[str, Any] = {"path": str(path), "there": False, "problem": ""}
    try:
        with Lake.open(path) as lake:
            use, now = lake.disk_use(), now_ns()
            gaps = lake.list_gaps(filled=False)
            return tree | {
                "there": True,
                "bytes": use.used_bytes,
                "gb_per_day": use.gb_per_day,
                "days_left": use.days_left,
                "gaps": [str(gap) for gap in gaps[-50:]],
                "gaps_open": len(gaps),
                "freshness": [
                    {
                        "venue": row.venue,
                        "symbol": row.symbol,
                        "dataset": row.dataset,
                        "last": isoformat(row.last_event_ns),
                        "age_s": (now - row.last_event_ns) / 1e9,
                    }
                    for row in lake.freshness()
                ],
            }
    except LakeError as error:
        return tree | {"there": True, "problem": str(error)}
    except SourceUnavailableError as error:
        return tree | {"problem": str(error)}


def doctor_json(venues: Sequence[VenueHealth], lake: dict[str, Any]) -> bytes:
    """Return the report as JSON."""
    tree = {
        "venues": [
            {
                "venue": one.offer.venue,
                "reachable": one.reachable,
                "capabilities": msgspec.structs.asdict(one.offer.capabilities),
                "liquidations_censoring": one.offer.liquidations_censoring,
                "source": one.offer.source,
                "read_on": one.offer.read_on,
                "clock_skew_ms": None if one.skew_ns is None else one.skew_ns / 1e6,
                "problem": one.problem,
            }
            for one in venues
        ],
        "lake": lake,
    }
    return orjson.dumps(tree, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_INDENT_2)


def doctor_text(venues: Sequence[VenueHealth], lake: dict[str, Any]) -> str:
    """Return the report as text."""
    names = list(msgspec.structs.asdict(venues[0].offer.capabilities)) if venues else []
    out = [f"{'':24}" + "".join(f"{one.offer.venue:>13}" for one in venues)]
    answers = ["yes" if one.reachable else "no" for one in venues]
    out.append(f"{'answers':24}" + "".join(f"{answer:>13}" for answer in answers))
    for name in names:
        cells = [getattr(one.offer.capabilities, name) for one in venues]
        out.append(f"{name.replace('_', ' '):24}" + "".join(f"{cell:>13}" for cell in cells))
    out.append("")
    for one in venues:
        out.append(
            f"{one.offer.venue} prints: {one.offer.liquidations_censoring} ({one.offer.source}, read {one.offer.read_on})"
        )
        if one.problem:
            out.append(f"  ! {one.problem}")
    if venues and not any(one.reachable for one in venues):
        out.append("no venue answers: is there a network? `liqatlas demo` works without one")
    out += ["", *_lake_text(lake)]
    return "\n".join(out) + "\n"


def _lake_text(lake: dict[str, Any]) -> list[str]:
    if lake["problem"]:
        return [f"lake: {lake['problem']}"]
    left = lake["days_left"]
    out = [
        f"lake {lake['path']}: {lake['bytes'] / 1e9:.2f} GB"
        + ("" if lake["gb_per_day"] is None else f", {lake['gb_per_day']:.2f} GB per day")
        + (f", room for {left:,.0f} days" if left is not None and left < 1e6 else "")
    ]
    newest: dict[str, float] = {}
    for row in lake["freshness"]:
        key = f"{row['venue']}:{row['symbol']}"
        newest[key] = min(newest.get(key, row["age_s"]), row["age_s"])
    out += [f"  {key}: newest row {format_duration(round(age * 1e9))} ago" for key, age in newest.items()]
    out += [f"  gap: {gap}" for gap in lake["gaps"][-5:]]
    if lake["gaps_open"] > 5:
        out.append(f"  {lake['gaps_open'] - 5} more gaps")
    return out
