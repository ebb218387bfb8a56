"""Account addresses out of whatever holds them: leaderboard, public trades, fills and states that a node writes, lists.

An address is ``0x`` and 40 hexadecimal digits; all these sources write it so, in JSON or plain text. Text is read in pieces: the
leaderboard is about 40 MB, a node's state much more.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from liqatlas.base.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ADDRESS = re.compile(rb"0x[0-9a-fA-F]{40}(?![0-9a-fA-F])")
#: ``{"ethAddress":"0x…","accountValue":"123.4",…}`` of the leaderboard; read 2026-11-22 from third-party clients of it.
_RANKED = re.compile(rb'"ethAddress"\s*:\s*"(0x[0-9a-fA-F]{40})"\s*,\s*"accountValue"\s*:\s*"(-?[0-9.]+)"')
_WORD = re.compile(rb"(?<![0-9a-zA-Z])0x[0-9a-zA-Z]+")
_OTHER = re.compile(rb"0x(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{32})")
_OVERLAP = 256


def is_address(text: str) -> bool:
    """Tell whether a text is one address and nothing else.

    Examples
    --------
    >>> is_address("0x31ca8395cf837de08b24da3f660e77761dfb974b"), is_address("0x31ca")
    (True, False)
    """
    return bool(_ADDRESS.fullmatch(text.encode()))


def checked(address: str) -> str:
    """Return an address in lower case.

    Raises
    ------
    InputError
        If it is none.
    """
    if not is_address(address.strip()):
        raise InputError(
            f"{address!r} is no account address: wanted 0x and 40 hexadecimal digits, such as 0x31ca…974b in full"
        )
    return address.strip().lower()


def addresses_in(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield every address in a text that arrives in pieces, once each, lower case, in order of appearance."""
    seen: set[str] = set()
    for text, more in _overlapping(pieces):
        for match in _ADDRESS.finditer(text):
            found = match[0].decode().lower()
            if found not in seen and not (more and match.end() == len(text)):
                seen.add(found)
                yield found


def no_addresses_in(pieces: Iterable[bytes]) -> list[str]:
    """Return the words in a text that begin like an address and are none, once each, in order of appearance.

    Transaction hashes (64 digits) and client order ids (32) are something else and do not count.
    """
    found: dict[str, None] = {}
    for text, more in _overlapping(pieces):
        for match in _WORD.finditer(text):
            word = match[0]
            if not (
                (more and match.end() == len(text)) or _ADDRESS.fullmatch(word) or _OTHER.fullmatch(word)
            ):
                found[word[:50].decode()] = None
    return list(found)


def ranked_accounts(pieces: Iterable[bytes]) -> dict[str, float]:
    """Return the leaderboard's accounts with their account value [USD]; it only tells where to look first."""
    return {
        match[1].decode().lower(): float(match[2])
        for text, _ in _overlapping(pieces)
        for match in _RANKED.finditer(text)
    }


def _overlapping(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield the pieces, each with the end of the one before, and whether more follow: a match across a border is seen whole.

    What ends exactly where a piece ends may go on in the next (a longer hash is no address); it is seen again there.
    """
    kept = b""
    for piece in pieces:
        text = kept + piece
        if len(text) <= _OVERLAP:
            kept = text
            continue
        yield text, True
        kept = text[-_OVERLAP:]
    if kept:
        yield kept, False
