"""Hourly maps and features without look-ahead, as Polars frames for models and back-tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base.clock import HOUR_NS, format_window, parse_time
from liqatlas.base.errors import InputError
from liqatlas.flows.estimator_source import best_market
from liqatlas.flows.expected import lendable_calibration
from liqatlas.levels.calibration import load_calibration
from liqatlas.levels.hourly_maps import hourly_maps, map_features

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from liqatlas.base.recording import Recording
    from liqatlas.flows.request import Request
    from liqatlas.levels.calibration import Calibration
    from liqatlas.levels.hourly_maps import HourlyMaps


def build_features(
    request: Request, source: Sequence[Recording], *, every_ns: int = HOUR_NS, calibration: Path | None = None
) -> pl.DataFrame:
    """Return one row per moment: ``moment, instrument, price, level, lookahead`` and what ``map_features`` names.

    ``lookahead`` is true where the calibration read prints of later than the moment; the row itself reads none.

    Raises
    ------
    InputError
        If the step is not a whole number of hours.
    NotEnoughDataError
        If no recording has bars or trades and open interest.
    """
    key, maps, used = _maps(request, source, every_ns, calibration)
    return _heads(key, maps, used).hstack(pl.DataFrame(map_features(maps)))


def build_maps(
    request: Request, source: Sequence[Recording], *, every_ns: int = HOUR_NS, calibration: Path | None = None
) -> pl.DataFrame:
    """Return the maps themselves: the columns of a head and ``distance, long_usd, short_usd``, lists of equal length.

    ``long_usd[i]`` are the expected prints of longs if the mark fell by ``distance[i]`` in log price. Raises as :func:`build_features`.
    """
    key, maps, used = _maps(request, source, every_ns, calibration)
    distance = np.broadcast_to(maps.distance, (len(maps.start_ns), len(maps.distance)))
    lists = {
        "distance": distance,
        "long_usd": maps.within_usd[:, 0],
        "short_usd": maps.within_usd[:, 1],
    }
    return _heads(key, maps, used).hstack(
        pl.DataFrame(
            {name: pl.Series(np.ascontiguousarray(rows)).arr.to_list() for name, rows in lists.items()}
        )
    )


def _maps(
    request: Request, source: Sequence[Recording], every_ns: int, calibration: Path | None
) -> tuple[str, HourlyMaps, Calibration]:
    every, rest = divmod(every_ns, HOUR_NS)
    if rest or every < 1:
        raise InputError(f"maps are made on the hour: a step of {format_window(every_ns)} is not whole hours")
    given = None if calibration is None else load_calibration(calibration)
    market, used = best_market(
        request,
        source,
        lambda recording: given or lendable_calibration(recording.instrument.key, request.as_of_ns),
    )
    return market.key, hourly_maps(market, used).thinned(every), used


def _heads(key: str, maps: HourlyMaps, used: Calibration) -> pl.DataFrame:
    known = parse_time(used.trained_until)
    return pl.DataFrame(
        {
            "moment": pl.Series(maps.start_ns).cast(pl.Datetime("ns", "UTC")),
            "instrument": key,
            "calibration": used.name,
            "price": maps.price,
            "level": maps.level,
            "lookahead": maps.start_ns < known,
        }
    )
