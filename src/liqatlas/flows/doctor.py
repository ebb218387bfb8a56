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
from liqatlas.flows.venue_access import HASTY, known_venue
from liqatlas.store import Lake
from liqatlas.venues import capabilities, venue

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
    """Return each venue's health, of all venues (closed ones too) where none is named.

    With ``ask`` false nothing is sent and none counts as reachable.

    Raises
    ------
    InputError
        If a name is no venue.
    """
    table = {offer.venue: offer for offer in capabilities()}
    names = [name for key in keys for name in key.lower().split(",") if name]
    named = [name if name in table else known_venue(name) for name in names]
    offers = [table[key] if key in table else venue(key).capabilities() for key in named or table]
    return asyncio.run(_examine(access, offers, ask=ask))


async def _examine(access: Access, offers: list[VenueCapabilities], *, ask: bool) -> list[VenueHealth]:
    return list(await asyncio.gather(*(_one(access, offer, ask=ask) for offer in offers)))


async def _one(access: Access, offer: VenueCapabilities, *, ask: bool) -> VenueHealth:
    if offer.closed_on:
        return VenueHealth(
            offer, False, None, f"closed on {offer.closed_on}: its past is ingested from files"
        )
    if not ask:
        return VenueHealth(offer, False, None, "not asked")
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
                "capabilities": {name: _plainly(offer) for name, offer in _offers(one).items()},
                "unknown": [name for name, offer in _offers(one).items() if offer == "unknown"],
                "liquidations_censoring": one.offer.liquidations_censoring,
                "source": one.offer.source,
                "read_on": one.offer.read_on,
                "closed_on": one.offer.closed_on or None,
                "clock_skew_ms": None if one.skew_ns is None else one.skew_ns / 1e6,
                "problem": one.problem,
            }
            for one in venues
        ],
        "lake": lake,
    }
    return orjson.dumps(tree, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_INDENT_2)


def _offers(one: VenueHealth) -> dict[str, str]:
    return dict(msgspec.structs.asdict(one.offer.capabilities))


def _plainly(offer: str) -> str:
    """Return an offer as ``live``, ``history``, ``both`` or ``none``: files are history, what nobody publishes is none."""
    return {"files": "history", "unknown": "none"}.get(offer, offer)


def doctor_text(venues: Sequence[VenueHealth], lake: dict[str, Any]) -> str:
    """Return the report as text."""
    names = list(msgspec.structs.asdict(venues[0].offer.capabilities)) if venues else []
    widths = [max(10, len(one.offer.venue) + 1) for one in venues]
    heads = zip((one.offer.venue for one in venues), widths, strict=True)
    out = [f"{'':24}" + "".join(f"{head:>{wide}}" for head, wide in heads)]
    answers = ["closed" if one.offer.closed_on else "yes" if one.reachable else "no" for one in venues]
    out.append(
        f"{'answers':24}" + "".join(f"{answer:>{wide}}" for answer, wide in zip(answers, widths, strict=True))
    )
    for name in names:
        cells = [getattr(one.offer.capabilities, name) for one in venues]
        columns = zip(cells, widths, strict=True)
        out.append(f"{name.replace('_', ' '):24}" + "".join(f"{cell:>{wide}}" for cell, wide in columns))
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
