"""How this machine reaches each venue: addresses, proxies, one rate budget for all processes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from liqatlas.base.config import load_settings
from liqatlas.base.errors import InputError, SourceUnavailableError
from liqatlas.base.instruments import VENUES
from liqatlas.venues import CCXT, venue, venue_keys
from liqatlas.venues.budget import FileState, RateBudget
from liqatlas.venues.client import ClientOptions
from liqatlas.venues.subscriptions import Hosts
from liqatlas.venues.transport import Patience

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from liqatlas.venues.client import VenueClient

#: Asked once, quickly: to see whether a venue answers at all.
HASTY = Patience(attempts=1, timeout_s=4.0, max_wait_s=4.0)


@dataclass(frozen=True, slots=True)
class Access:
    """Addresses in place of the venues' own, proxies, and where rate budgets are shared.

    Attributes
    ----------
    hosts
        By venue: one address for REST (``http…``); streams are sought at the same host.
    proxies
        By venue.
    budgets
        Folder of the budgets that all processes of this machine share.
    """

    hosts: dict[str, str] = field(default_factory=dict)
    proxies: dict[str, str] = field(default_factory=dict)
    budgets: Path = field(default_factory=lambda: load_settings().cache_path / "budgets")

    def client(self, key: str, patience: Patience | None = None) -> VenueClient:
        """Return a client of a venue."""
        quotas = type(venue(key)).quotas
        options = ClientOptions(
            hosts=Hosts(host, "ws" + host.removeprefix("http"), host)
            if (host := self.hosts.get(key))
            else None,
            proxy=self.proxies.get(key),
            budget=RateBudget(quotas, state=FileState(self.budgets / f"{key}.json")),
            patience=patience or Patience(),
        )
        return venue(key, options)


def make_access(hosts: Iterable[str], proxies: Iterable[str]) -> Access:
    """Return the access described by ``VENUE=URL`` texts.

    Raises
    ------
    InputError
        If a text is no such pair or the venue has no live client.
    """
    return Access(_pairs(hosts, "--host"), _pairs(proxies, "--proxy"))


def _pairs(texts: Iterable[str], option: str) -> dict[str, str]:
    out = {}
    for text in texts:
        key, _, url = text.partition("=")
        if not url.startswith(("http://", "https://")):
            raise InputError(f"{option} {text!r} cannot be read: wanted VENUE=http://… or VENUE=https://…")
        out[known_venue(key)] = url.rstrip("/")
    return out


def known_venue(key: str) -> str:
    """Return a venue's key.

    Raises
    ------
    InputError
        If it has no live client; names those that have.
    """
    name = key.lower()
    if name.startswith(CCXT):
        venue(name)  # says whether the extra is installed and knows that exchange
    elif name not in venue_keys():
        closed = VENUES[name].closed_on if name in VENUES else ""
        why = f"closed on {closed}: its past is ingested from files" if closed else "has no live client"
        raise InputError(f"venue {key!r} {why}; wanted one of {', '.join(venue_keys())}, or {CCXT}NAME")
    return name


def chosen_venues(keys: Iterable[str]) -> tuple[str, ...]:
    """Return venues by key, commas allowed, all of them where none is named.

    Raises
    ------
    InputError
        As :func:`known_venue`.
    """
    named = tuple(known_venue(one) for text in keys for one in text.split(",") if one)
    return tuple(dict.fromkeys(named)) or venue_keys()


async def out_of_reach(access: Access, keys: Sequence[str]) -> dict[str, str]:
    """Return why each venue that does not answer does not, asked once and quickly.

    Raises
    ------
    SourceUnavailableError
        If none answers.
    """

    async def ask(key: str) -> str:
        async with access.client(key, HASTY) as client:
            try:
                await client.clock_skew()
            except SourceUnavailableError as error:
                return str(error)
        return ""

    answers = dict(zip(keys, await asyncio.gather(*(ask(key) for key in keys)), strict=True))
    down = {key: why for key, why in answers.items() if why}
    if len(down) == len(answers):
        raise SourceUnavailableError(
            f"no venue answers ({', '.join(keys)}): is there a network? `liqatlas demo` works without one"
        )
    return down
