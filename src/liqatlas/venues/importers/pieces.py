"""One table out of one file, on its way into a recording, with what was noticed while reading it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from liqatlas.base.errors import FormatError
from liqatlas.base.format import format_count

if TYPE_CHECKING:
    import polars as pl

    from liqatlas.base.instruments import Instrument
    from liqatlas.venues.importers.sources import Source

#: A file with a larger share of unreadable rows is not what it seems.
MAX_BAD_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Counts:
    """What a reader met, in rows.

    ``bad`` rows could not be used and were left out; ``bad_line`` (1-based) and ``bad_reason`` are of the first of them.
    """

    rows: int = 0
    bad: int = 0
    bad_line: int = 0
    bad_reason: str = ""
    blank: int = 0
    cut_off: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of one table of one instrument out of one file.

    Attributes
    ----------
    table
        Name of the recording's table.
    frame
        Its columns. Trades carry ``price_scaled`` (whole numbers of ``10**-price_decimals``) in place of ticks; open interest
        may carry ``oi_usd`` alone.
    stream
        Which of several descriptions of the same events this is, such as aggTrades or trades; pieces of different streams
        are never added up.
    rank
        Smaller wins where pieces describe the same stretch of time.
    price_decimals, lot_decimals
        Digits after the point of prices and sizes; -1 where unknown.
    prints_scope
        Whose liquidations these are, where not this instrument's alone.
    if_used
        A warning that holds only where rows of this piece are taken.
    instrument
        The instrument as the file itself describes it; ``price_scaled`` then counts its ticks.
    """

    venue: str
    symbol: str
    table: str
    frame: pl.DataFrame
    title: str
    label: str
    counts: Counts = field(default_factory=Counts)
    warnings: tuple[str, ...] = ()
    stream: str = ""
    rank: int = 0
    price_decimals: int = -1
    lot_decimals: int = -1
    prints_scope: str = ""
    if_used: str = ""
    instrument: Instrument | None = None

    def warn(self, *sentences: str) -> Piece:
        """Return the piece with more warnings, each naming the file."""
        fresh = tuple(f"{self.label}: {sentence}" for sentence in sentences if sentence)
        return replace(self, warnings=self.warnings + fresh)

    def derived(self, sentence: str) -> Piece:
        """Return the piece with a warning for the case that it is used."""
        return replace(self, if_used=f"{self.label}: {sentence}")

    def told(self, sentences: tuple[str, ...]) -> Piece:
        """Return the piece with more warnings that already name their place."""
        return replace(self, warnings=self.warnings + sentences)


def judge(source: Source, counts: Counts) -> tuple[str, ...]:
    """Return warnings on what a reader met in a source.

    Raises
    ------
    FormatError
        If nothing could be read, or more than 1 % of the rows are bad.
    """
    where = f"{source.label}:{counts.bad_line}" if counts.bad_line else source.label
    first = f"first at line {counts.bad_line}: {counts.bad_reason}"
    if counts.bad and counts.bad > MAX_BAD_SHARE * (counts.rows + counts.bad):
        raise FormatError(
            source.label,
            f"{counts.bad:,} of {counts.rows + counts.bad:,} rows cannot be read ({counts.bad_reason}), wanted at most "
            f"{MAX_BAD_SHARE:.0%}; repair or remove the file",
            line=counts.bad_line or None,
        )
    if not counts.rows:
        why = f"{counts.cut_off}, and " if counts.cut_off else ""
        raise FormatError(source.label, f"{why}no row could be read; get the file again")
    told = []
    if counts.bad:
        told.append(
            f"{where}: {format_count(counts.bad, 'bad row')} of {counts.rows + counts.bad:,} left out, {first}"
        )
    if counts.cut_off:
        told.append(
            f"{source.label}:{counts.rows + counts.bad + counts.blank}: {counts.cut_off}; {format_count(counts.rows, 'row')} before the cut read"
        )
    return tuple(told)
