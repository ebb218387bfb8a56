"""Predictions as a CSV of ``hour_start_utc,liquidated,predicted_usd``: what others can score, and what we score of others."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base.clock import HOUR_NS, isoformat, parse_time
from liqatlas.base.errors import FormatError, InputError, TimeError
from liqatlas.evaluate.hours import SCORE_UNIT_USD

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from liqatlas.evaluate.hours import Hours

COLUMNS = ("hour_start_utc", "liquidated", "predicted_usd")
_POSITIONS = {"long": 0, "short": 1}


def write_predictions(file: Path, start_ns: NDArray[np.int64], mean: NDArray[np.float64]) -> None:
    """Write means [10,000 USD], ``(n, 2)``, one row per hour and position.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    frame = pl.DataFrame(
        {
            "hour_start_utc": [isoformat(int(t)) for t in start_ns for _ in _POSITIONS],
            "liquidated": list(_POSITIONS) * len(start_ns),
            "predicted_usd": np.round(mean.ravel() * SCORE_UNIT_USD, 2),
        }
    )
    unfinished = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        frame.write_csv(unfinished)
        unfinished.replace(file)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise InputError(f"cannot write {file}: {error.strerror or error}") from None


def read_predictions(
    file: Path, hours: Hours, *, scored: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """Return the predictions of a file on the given hours, ``(n, 2)`` [10,000 USD]; NaN where it says nothing.

    Parameters
    ----------
    scored
        bool ``(n,)``: hours that are scored; by default all.

    Raises
    ------
    FormatError
        If columns are missing, a value cannot be read, an hour stands twice, or none of the hours scored is in the file.
    """
    try:
        frame = pl.read_csv(file, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise FormatError(file, f"cannot be read as CSV: {error}") from None
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing:
        raise FormatError(
            file, f"columns {', '.join(missing)} are missing; wanted {','.join(COLUMNS)}", line=1
        )
    out = np.full((len(hours), 2), np.nan)
    for line, row in enumerate(frame.select(COLUMNS).iter_rows(), start=2):
        moment, position, value = _row(file, line, row)
        place, rest = divmod(moment - int(hours.start_ns[0]), HOUR_NS)
        if rest:
            raise FormatError(file, f"{row[0]} is not the start of an hour", line=line)
        if not 0 <= place < len(hours):
            continue
        if np.isfinite(out[place, position]):
            raise FormatError(file, f"{row[0]} {row[1]} stands twice", line=line)
        out[place, position] = value / SCORE_UNIT_USD
    if not bool(np.isfinite(out).any()):
        span = f"{isoformat(int(hours.start_ns[0]))} to {isoformat(int(hours.start_ns[-1]))}"
        raise FormatError(file, f"no row lies in the hours of the data, {span}")
    if scored is not None and not bool(np.isfinite(out[scored]).any()):
        first, last = hours.start_ns[scored][[0, -1]]
        raise FormatError(
            file, f"no row lies in the hours scored, {isoformat(int(first))} to {isoformat(int(last))}"
        )
    return out


def _row(file: Path, line: int, row: tuple[str | None, ...]) -> tuple[int, int, float]:
    """Return moment, position and value of one row."""
    when, position, value = (str(part or "").strip() for part in row)
    try:
        moment = parse_time(when)
        amount = float(value)
    except (TimeError, ValueError):
        raise FormatError(
            file, f"{row!r} cannot be read; wanted an ISO time and a number of USD", line=line
        ) from None
    if position not in _POSITIONS:
        raise FormatError(file, f"liquidated is {position!r}, wanted long or short", line=line)
    if not (np.isfinite(amount) and amount >= 0):
        raise FormatError(file, f"predicted_usd is {value}, wanted a finite number of at least 0", line=line)
    return moment, _POSITIONS[position], amount
