"""The Python face: objects in, objects out; nothing prints, nothing writes behind the caller's back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from liqatlas.base.clock import parse_time, parse_window
from liqatlas.base.errors import InputError
from liqatlas.flows.api_signals import clusters, report, signals, stress
from liqatlas.flows.build import build_heatmap, build_map
from liqatlas.flows.cascade import cascade
from liqatlas.flows.features import build_features, build_maps
from liqatlas.flows.lake_source import LakeSource, lake, recordings_of
from liqatlas.flows.read import read
from liqatlas.flows.request import Request
from liqatlas.flows.simulated import simulated_market
from liqatlas.maps.heatmap import Heatmap

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import polars as pl

    from liqatlas.base.recording import Recording
    from liqatlas.maps.liquidation_map import LiquidationMap
    from liqatlas.plot.figure import Figure

__all__ = [
    "cascade",
    "clusters",
    "features",
    "heatmap",
    "lake",
    "liquidation_map",
    "maps",
    "plot",
    "read",
    "report",
    "signals",
    "simulated",
    "stress",
]


def simulated(*, seed: int = 1, days: float = 14.0) -> tuple[Recording, ...]:
    """Return recordings of a simulated market of BTC; every result made of them says SIMULATED."""
    return simulated_market(seed=seed, days=days)


def _request(asset: str, window: str, as_of: str | datetime | None) -> Request:
    moment = None if as_of is None else parse_time(as_of if isinstance(as_of, str) else as_of.isoformat())
    return Request(asset=asset, window_ns=parse_window(window), as_of_ns=moment)


def _from(
    request: Request, source: Sequence[Recording] | LakeSource
) -> tuple[Request, Sequence[Recording] | None]:
    """Return a request and its recordings; of a lake only the request knows.

    Raises
    ------
    InputError
        If the source is a path, which says nothing of what lies there.
    """
    if isinstance(source, str | Path):
        raise InputError(
            f"source {str(source)!r} is a path: wanted lq.read({str(source)!r}) or lq.lake({str(source)!r})"
        )
    if isinstance(source, LakeSource):
        return replace(request, lake=source.path), None
    return request, source


def liquidation_map(
    asset: str,
    *,
    source: Sequence[Recording] | LakeSource,
    window: str = "7d",
    as_of: str | datetime | None = None,
    kind: Literal["modelled", "realised"] = "modelled",
    open_interest_usd: float | None = None,
) -> LiquidationMap:
    """Return the map of positions opened in the window and still open.

    Parameters
    ----------
    asset
        An asset such as ``ETH`` or a venue's symbol.
    source
        Recordings, such as :func:`read` returns, or a :func:`lake`.
    window
        ``12h``, ``7d``, ``1y``, …
    as_of
        Moment of the map, UTC unless a zone is given; default is the newest in the data.
    open_interest_usd
        One-sided open interest to assume where the recordings hold none.

    Raises
    ------
    UnknownSymbolError, NotEnoughDataError, TiersUnknownError
        If the recordings cannot give it; the message says what is missing.
    """
    request = replace(_request(asset, window, as_of), kind=kind, open_interest_usd=open_interest_usd)
    return build_map(*_from(request, source))


def heatmap(
    asset: str,
    *,
    source: Sequence[Recording] | LakeSource,
    window: str = "7d",
    as_of: str | datetime | None = None,
    columns: int = 400,
    rows: int = 300,
) -> Heatmap:
    """Return the levels over time; each column is as of its own moment. Raises as :func:`liquidation_map`."""
    return build_heatmap(*_from(_request(asset, window, as_of), source), columns=columns, rows=rows)


def features(
    asset: str,
    *,
    source: Sequence[Recording] | LakeSource,
    every: str = "1h",
    calibration: Path | None = None,
) -> pl.DataFrame:
    """Return numbers of the expected map per moment, for models and back-tests: masses within bands, asymmetry, gaps, clusters.

    Parameters
    ----------
    every
        ``1h``, ``4h``, ``1d``, … on the hour, UTC.
    calibration
        A calibration file; by default the shipped one that fits best. ``lookahead`` marks moments before the end of its training.

    Raises
    ------
    InputError, NotEnoughDataError, UnknownSymbolError
        If the step is not whole hours, or the recordings cannot give it.
    """
    recordings = recordings_of(source, asset)
    return build_features(
        Request(asset=asset), recordings, every_ns=parse_window(every), calibration=calibration
    )


def maps(
    asset: str,
    *,
    source: Sequence[Recording] | LakeSource,
    every: str = "1h",
    calibration: Path | None = None,
) -> pl.DataFrame:
    """Return the expected map per moment as lists over distance from the mark. Parameters and errors as :func:`features`."""
    recordings = recordings_of(source, asset)
    return build_maps(Request(asset=asset), recordings, every_ns=parse_window(every), calibration=calibration)


def plot(
    result: LiquidationMap | Heatmap,
    *,
    by: Literal["venue", "leverage"] = "venue",
    theme: Literal["dark", "light"] = "dark",
) -> Figure:
    """Return the picture of a result; ``.save("eth.png")`` writes it, a notebook shows it."""
    if isinstance(result, Heatmap):
        from liqatlas.plot.heatmap_picture import heatmap_figure

        return heatmap_figure(result, theme=theme)
    from liqatlas.plot.map_picture import map_figure

    return map_figure(result, by=by, theme=theme)
