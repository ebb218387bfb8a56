"""Quotes that are treated as dollars and are not worth one: told by the marks of the same asset in other quotes."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Beyond this a difference between quotes is no premium any more.
LARGEST_PREMIUM = 0.02


def peg_warnings(marks: Iterable[tuple[str, float]]) -> list[str]:
    """Return a sentence for each quote whose marks stand off those in USD (or, without any, off the others').

    Amounts of such venues are in that quote, taken as dollars: the sentence says by how much they are off. Levels are not, because
    each is moved by the ratio of the marks.

    Parameters
    ----------
    marks
        ``(quote, mark)`` of perpetuals of one asset.

    Examples
    --------
    >>> peg_warnings([("USD", 100.0), ("USDT", 111.0)])
    ['marks quoted in USDT stand +11.0 % off those in USD: USDT is not at its peg, or a premium of that size; amounts in it are off by as much']
    """
    by_quote: dict[str, list[float]] = {}
    for quote, mark in marks:
        by_quote.setdefault(quote, []).append(mark)
    if len(by_quote) < 2:
        return []
    anchor = "USD" if "USD" in by_quote else max(by_quote, key=lambda quote: len(by_quote[quote]))
    dollar = median(by_quote[anchor])
    out = []
    for quote, found in by_quote.items():
        off = median(found) / dollar - 1
        if abs(off) > LARGEST_PREMIUM:
            out.append(
                f"marks quoted in {quote} stand {100 * off:+.1f} % off those in {anchor}: {quote} is not at its peg, or a premium of that "
                "size; amounts in it are off by as much"
            )
    return out
