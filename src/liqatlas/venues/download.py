"""One file from the web, within limits: http or https, a size, a time. For data people publish at an address."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp

from liqatlas.base.errors import InputError, SourceUnavailableError

if TYPE_CHECKING:
    from pathlib import Path

#: Largest answer taken [bytes].
MOST_BYTES = 64 * 2**20
#: Longest time for the whole of it, and for a stretch without a byte [s].
LONGEST_S, STALL_S = 120.0, 20.0
_REDIRECTS = 5


def checked_url(url: str) -> str:
    """Return an address that may be asked for.

    Raises
    ------
    InputError
        If it is not http or https with a host, or carries a password.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InputError(f"{url!r} is no web address: wanted http://… or https://…; give files with --from")
    if parts.password:
        raise InputError("the address carries a password: give one without")
    return url.strip()


async def download(
    url: str,
    folder: Path,
    *,
    most_bytes: int = MOST_BYTES,
    longest_s: float = LONGEST_S,
    stall_s: float = STALL_S,
) -> Path:
    """Save what an address answers into a folder; return the file, whole or not at all.

    Raises
    ------
    InputError
        If the address is none.
    SourceUnavailableError
        If it cannot be had within the limits; what had arrived is removed.
    """
    target = folder / _name_of(checked_url(url))
    timeout = aiohttp.ClientTimeout(total=longest_s, sock_connect=stall_s, sock_read=stall_s)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, headers={"User-Agent": "liqatlas"}) as session,
            session.get(url.strip(), max_redirects=_REDIRECTS) as response,
        ):
            response.raise_for_status()
            whole = await _save(response, target, most_bytes)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        size = target.stat().st_size if target.exists() else 0
        target.unlink(missing_ok=True)
        why = (
            f"HTTP {error.status}" if isinstance(error, aiohttp.ClientResponseError) else type(error).__name__
        )
        raise SourceUnavailableError(
            f"{url} could not be had ({why} after {size / 2**20:.1f} MB): try again later, or give a file with --from"
        ) from None
    if not whole:
        target.unlink()
        raise SourceUnavailableError(
            f"{url} sends more than {most_bytes / 2**20:g} MB: save it yourself and give the file with --from"
        )
    return target


async def _save(response: aiohttp.ClientResponse, target: Path, most_bytes: int) -> bool:
    """Write an answer to a file; return whether all of it fitted."""
    size = 0
    with target.open("wb") as file:
        async for piece in response.content.iter_chunked(1 << 16):
            size += len(piece)
            if size > most_bytes:
                return False
            await asyncio.to_thread(file.write, piece)
    return True


def _name_of(url: str) -> str:
    """Return a file name that keeps the address's last part, which importers may read."""
    last = urlsplit(url).path.rstrip("/").rsplit("/", 1)[-1]
    plain = "".join(c if c.isalnum() or c in "._-" else "_" for c in last).lstrip(".")
    return plain[-80:] or "answer.json"
