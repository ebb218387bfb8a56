"""Delimited text of modest size → columns of text with their line numbers, and numbers out of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from liqatlas.base.clock import NS_PER_US
from liqatlas.base.errors import FormatError
from liqatlas.venues.importers.pieces import Counts, judge
from liqatlas.venues.importers.recognition import is_date, unit_ns
from liqatlas.venues.importers.trade_scan import TS_HIGH_NS, TS_LOW_NS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.venues.importers.sources import Source

_BLANKS = ' \t\r"'


@dataclass(slots=True)
class TextTable:
    """Rows of text fields; ``frame`` has ``line`` (1-based) and ``fields`` (list of text)."""

    source: Source
    frame: pl.DataFrame
    blank: int


def read_text_table(source: Source, *, header: bool) -> TextTable:
    """Read a whole delimited source; a last line cut off with its archive is left out."""
    text = source.read().decode("utf-8-sig", "replace")
    lines = text.split("\n")
    if source.cut_off or not lines[-1].strip():
        lines.pop()
    frame = pl.DataFrame({"text": lines}, schema={"text": pl.String}).with_row_index("line", offset=1)
    frame = frame.with_columns(pl.col("text").str.strip_chars(" \t\r"))
    filled = frame.filter(pl.col("text") != "")
    blank = frame.height - filled.height
    if header:
        filled = filled.slice(1)
    return TextTable(source, filled.select("line", pl.col("text").str.split(",").alias("fields")), blank)


class Columns:
    """Typed columns drawn out of a text table; rows that do not fit are marked with the first reason met."""

    def __init__(self, table: TextTable, width: int, places: dict[str, int]) -> None:
        self.source = table.source
        self.blank = table.blank
        self.frame = table.frame.select(
            pl.col("line"),
            pl.when(pl.col("fields").list.len() != width)
            .then(pl.lit("wrong number of columns"))
            .otherwise(None)
            .alias("_bad"),
            *(
                pl.col("fields").list.get(place, null_on_oob=True).str.strip_chars(_BLANKS).alias(name)
                for name, place in places.items()
            ),
        )

    def _mark(self, wrong: pl.Expr, reason: str) -> None:
        self.frame = self.frame.with_columns(
            pl.when(pl.col("_bad").is_null() & wrong)
            .then(pl.lit(reason))
            .otherwise(pl.col("_bad"))
            .alias("_bad")
        )

    def numbers(self, names: Sequence[str], *, optional: bool = False) -> None:
        """Turn text columns into float64; optional ones may be empty (null)."""
        for name in names:
            text = pl.col(name)
            number = text.cast(pl.Float64, strict=False)
            wrong = number.is_null() | ~number.is_finite()
            if optional:
                wrong &= text.is_not_null() & (text != "")
            self._mark(wrong, f"{name} is no finite number")
            self.frame = self.frame.with_columns(number.alias(name))

    def positive(self, names: Sequence[str], *, or_zero: bool = False) -> None:
        """Mark rows in which a number is not above (or at) zero; nulls pass."""
        for name in names:
            wrong = pl.col(name) < 0 if or_zero else pl.col(name) <= 0
            self._mark(wrong.fill_null(value=False), f"{name} is {'negative' if or_zero else 'not positive'}")

    def moments(self, name: str, alias: str = "ts_event_ns") -> None:
        """Turn a column of epochs (s, ms, us, ns) or ISO moments into ns since 1970 UTC."""
        sample = next((value for value in self.frame[name] if value), "")
        self.frame = self.frame.with_columns(_moment(name, sample).alias(alias))
        inside = pl.col(alias).is_between(TS_LOW_NS, TS_HIGH_NS)
        self._mark(~inside.fill_null(value=False), f"{name} is no moment between 2009 and 2100")

    def one_of(self, name: str, words: Sequence[str]) -> None:
        """Mark rows whose word, in lower case, is none of those known."""
        self.frame = self.frame.with_columns(pl.col(name).str.to_lowercase().alias(name))
        self._mark(
            ~pl.col(name).is_in(list(words)).fill_null(value=False), f"{name} is none of {', '.join(words)}"
        )

    def same(self, names: Sequence[str]) -> None:
        """Refuse a file in which a column that names its instrument changes.

        Raises
        ------
        FormatError
            At the first row that differs.
        """
        for name in names:
            sound = self.frame.filter(pl.col("_bad").is_null())
            other = sound.filter(pl.col(name) != sound[name].first()) if sound.height else sound
            if other.height:
                raise FormatError(
                    self.source.label,
                    f"two of {name} in one file ({sound[name][0]} and {other[name][0]}); split it",
                    line=int(other["line"][0]),
                )

    def check_bars(self) -> None:
        """Mark bars whose high is not the highest or low not the lowest of their prices."""
        top = pl.max_horizontal("open", "low", "close")
        bottom = pl.min_horizontal("open", "high", "close")
        wrong = (pl.col("high") < top) | (pl.col("low") > bottom)
        self._mark(wrong.fill_null(value=False), "high below or low above another price of the bar")

    def good(self) -> tuple[pl.DataFrame, Counts, tuple[str, ...]]:
        """Return the good rows, the counts and warnings on the others.

        Raises
        ------
        FormatError
            If too many rows are bad, or none is left.
        """
        good = self.frame.filter(pl.col("_bad").is_null())
        bad = self.frame.filter(pl.col("_bad").is_not_null())
        counts = Counts(
            rows=good.height,
            bad=bad.height,
            bad_line=int(bad["line"][0]) if bad.height else 0,
            bad_reason=str(bad["_bad"][0]) if bad.height else "",
            blank=self.blank,
            cut_off=self.source.cut_off,
        )
        return good.drop("_bad"), counts, judge(self.source, counts)


def _moment(name: str, sample: str) -> pl.Expr:
    """Return the expression that reads moments written like the sample."""
    text = pl.col(name)
    if is_date(sample):
        iso = text.str.replace(r"(Z|\+00:?00| UTC)$", "").str.replace("T", " ", literal=True)
        whole = iso.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
        minute = iso.str.to_datetime("%Y-%m-%d %H:%M", time_unit="us", strict=False)
        day = iso.str.to_datetime("%Y-%m-%d", time_unit="us", strict=False)
        return pl.coalesce(whole, minute, day).dt.epoch("us") * NS_PER_US
    number = text.cast(pl.Float64, strict=False)
    try:
        factor = unit_ns(int(float(sample)))
    except ValueError:
        return pl.lit(None, pl.Int64)
    whole_number = text.cast(pl.Int64, strict=False) * factor
    return pl.coalesce(
        whole_number, (number * (factor / NS_PER_US)).round().cast(pl.Int64, strict=False) * NS_PER_US
    )
