"""Binance's public daily files: what REST no longer gives, each beside its checksum.

Source: https://github.com/binance/binance-public-data (read 2026-11-22): ``data/futures/um/daily/metrics/SYMBOL/
SYMBOL-metrics-DATE.zip`` holds open interest every five minutes; a day's file comes the next day; ``.CHECKSUM`` beside it holds its
SHA-256 as ``sha256sum`` writes it. The files have no published rate limit; :data:`QUOTAS` is our own moderation.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from liqatlas.base.clock import to_datetime
from liqatlas.base.errors import FormatError, InputError, NotEnoughDataError
from liqatlas.venues.budget import Quota, RateBudget
from liqatlas.venues.transport import Question, Transport

if TYPE_CHECKING:
    from liqatlas.venues.transport import Answer, Patience

QUOTAS = (Quota("files", 600, 60),)
_HEX = 64


class DailyFiles:
    """The daily files of Binance USD-M.

    Parameters
    ----------
    address
        Where they lie; a mirror or stub may stand in.
    """

    def __init__(self, address: str, *, proxy: str | None, patience: Patience) -> None:
        self._transport = Transport(
            "Binance's daily files",
            address,
            RateBudget(QUOTAS),
            check=lambda _: None,
            proxy=proxy,
            patience=patience,
        )

    async def close(self) -> None:
        """Close connections."""
        await self._transport.close()

    async def metrics(self, symbol: str, day_ns: int) -> tuple[str, bytes]:
        """Return name and bytes of a day's open-interest file, its checksum compared.

        Raises
        ------
        NotEnoughDataError
            If there is no file of that day.
        SourceUnavailableError
            If it cannot be had, or never has the bytes its checksum names.
        """
        name = f"{symbol}-metrics-{to_datetime(day_ns):%Y-%m-%d}.zip"
        path = f"/data/futures/um/daily/metrics/{symbol}/{name}"
        try:
            digest = await self._transport.ask(Question(f"{path}.CHECKSUM", 1, "files"), _digest_of)
            return name, await self._transport.ask(
                Question(path, 1, "files"), lambda answer: _compared(answer, digest, name)
            )
        except InputError as error:
            if "HTTP 404" not in str(error):
                raise
            raise NotEnoughDataError(f"Binance has no daily file {name}") from None


def _digest_of(answer: Answer) -> str:
    digest = answer.body.split()[0].decode("ascii", "replace").lower() if answer.body.split() else ""
    if len(digest) != _HEX or not all(c in "0123456789abcdef" for c in digest):
        raise FormatError(
            "CHECKSUM", f"{answer.body[:80]!r} is no SHA-256: wanted 64 hexadecimal digits and a name"
        )
    return digest


def _compared(answer: Answer, digest: str, name: str) -> bytes:
    found = hashlib.sha256(answer.body).hexdigest()
    if found != digest:
        raise FormatError(
            name, f"has SHA-256 {found[:12]}…, its checksum file says {digest[:12]}…; it is fetched again"
        )
    return answer.body
