"""The Python face of clusters, signals, report and stress: objects in, objects out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from liqatlas.base.clock import parse_time, parse_window
from liqatlas.base.errors import FormatError
from liqatlas.flows.books import BookChoice, gather_books
from liqatlas.flows.clusters import clusters_of
from liqatlas.flows.lake_source import LakeSource, recordings_of
from liqatlas.flows.report import ReportChoice, build_report, event_signals
from liqatlas.flows.request import Request
from liqatlas.flows.stress import build_stress
from liqatlas.flows.stress_market import StressRequest
from liqatlas.signals.map_signals import map_signals
from liqatlas.signals.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from liqatlas.base.recording import Recording
    from liqatlas.flows.report import ReportResult
    from liqatlas.flows.stress import StressResult
    from liqatlas.maps.liquidation_map import LiquidationMap
    from liqatlas.signals.clusters import ClusterSet
    from liqatlas.signals.signal import Signal


def clusters(
    result: LiquidationMap,
    *,
    source: Sequence[Recording] | LakeSource = (),
    daily_volatility: float | None = None,
) -> ClusterSet:
    """Return the zones of a map, nearest first on each side, with the clean gaps between them.

    Parameters
    ----------
    source
        Recordings or a lake: they give the volatility that scales the zones, landmarks, and books for risk grades. Without
        them a nominal volatility is used and ``notes`` says so.
    daily_volatility
        Takes the place of the realised one.

    Examples
    --------
    >>> import liqatlas as lq
    >>> market = lq.simulated(days=4)
    >>> m = lq.liquidation_map("BTC", window="3d", source=market)
    >>> c = lq.clusters(m, source=market)
    >>> all(one.price_high <= m.head.price * 1.01 for one in c.below), c.volatility_measured
    (True, True)
    """
    settings, recordings = load_settings(), _around(result, source)
    books = gather_books(result, recordings, BookChoice(), most_age_h=settings.grades.book_most_age_h)
    return clusters_of(
        result, tuple(recordings), settings, daily_volatility=daily_volatility, books=books
    ).clusters


def signals(result: LiquidationMap, *, source: Sequence[Recording] | LakeSource = ()) -> tuple[Signal, ...]:
    """Return every signal of a map with its hit rate; those that need recordings are there where recordings are given.

    Examples
    --------
    >>> import liqatlas as lq
    >>> market = lq.simulated(days=4)
    >>> m = lq.liquidation_map("BTC", window="3d", source=market)
    >>> [s.name for s in lq.signals(m)][:3], len(lq.signals(m, source=market))
    (['magnet', 'cascade_risk_down', 'cascade_risk_up'], 7)
    """
    settings = load_settings()
    recordings = _around(result, source)
    found = clusters(result, source=recordings)
    of_map = map_signals(result, found, settings)
    return (*of_map, *event_signals(result, recordings, settings)) if recordings else of_map


def _around(result: LiquidationMap, source: Sequence[Recording] | LakeSource) -> Sequence[Recording]:
    """Return the recordings of a map's asset, window and moment."""
    head = result.head
    return recordings_of(source, head.asset, window_ns=head.window_ns, as_of_ns=head.as_of_ns)


def report(
    asset: str,
    *,
    source: Sequence[Recording] | LakeSource,
    window: str = "7d",
    as_of: str | datetime | None = None,
    past: Sequence[Mapping[str, Any]] = (),
    depth_usd: float | None = None,
) -> ReportResult:
    """Return the report of an asset: ``tree`` holds it, ``render("html")`` writes it, ``str()`` is its terminal text.

    Parameters
    ----------
    past
        Trees of earlier reports, oldest first: the newest is compared with, all are held to what they said.
    depth_usd
        Depth within 1 % on each side to assume for venues without a book [USD]; said wherever it is used.

    Raises
    ------
    UnknownSymbolError, NotEnoughDataError, TiersUnknownError
        If the recordings cannot give it; the message says what is missing.

    Examples
    --------
    >>> import liqatlas as lq
    >>> r = lq.report("BTC", source=lq.simulated(days=4), window="3d")
    >>> r.tree["simulated"], str(r).startswith("SIMULATED BTC liquidation report")
    (True, True)
    """
    moment = None if as_of is None else parse_time(as_of if isinstance(as_of, str) else as_of.isoformat())
    request = Request(asset=asset, window_ns=parse_window(window), as_of_ns=moment)
    books = BookChoice(depths={} if depth_usd is None else {"*": depth_usd})
    recordings = None if isinstance(source, LakeSource) else source
    request = replace(request, lake=source.path) if isinstance(source, LakeSource) else request
    return build_report(request, recordings, choice=ReportChoice(past=past, books=books))


def stress(
    positions: str | Path | Sequence[Mapping[str, Any]],
    *,
    prices: Mapping[str, float] | None = None,
    source: Sequence[Recording] | LakeSource = (),
    as_of: str | datetime | None = None,
    daily_volatility: float | None = None,
    option_delta: float = 0.5,
    hedge_share: float = 1.0,
) -> StressResult:
    """Return levels, outcomes and remedies of positions: ``tree`` holds them, ``str()`` is the page.

    Parameters
    ----------
    positions
        A file, or rows with its columns (docs/reference/stress.md).
    prices
        Marks by symbol or asset [quote].
    source
        Recordings or a lake, for prices, volatility and the clusters on the way.

    Raises
    ------
    FormatError
        If the file is no positions file; a row that cannot be computed is an entry with its ``error``.

    Examples
    --------
    >>> import liqatlas as lq
    >>> row = {"venue": "binance", "symbol": "BTCUSDT", "position": "long", "size": 0.5, "entry_price": 65000, "leverage": 10}
    >>> one = lq.stress([row], prices={"BTC": 64000}, as_of="2026-09-29").tree["positions"][0]
    >>> one["bankruptcy_price"], one["state"]
    (58500.0, 'open')
    """
    moment = None if as_of is None else parse_time(as_of if isinstance(as_of, str) else as_of.isoformat())
    text, name = _positions_text(positions)
    return build_stress(
        StressRequest(
            text=text, name=name, prices=dict(prices or {}), recordings=_reader(source), as_of_ns=moment, daily_volatility=daily_volatility,
            option_delta=option_delta, hedge_share=hedge_share,
        )
    )  # fmt: skip


def _reader(
    source: Sequence[Recording] | LakeSource,
) -> Callable[[Request], Sequence[Recording]] | None:
    """Return what gives an asset's recordings, None where there are none."""
    if isinstance(source, LakeSource):
        return lambda wanted: source.recordings(
            wanted.asset, window_ns=wanted.window_ns, as_of_ns=wanted.as_of_ns
        )
    held = tuple(source)
    return (lambda _: held) if held else None


def _positions_text(positions: str | Path | Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Return the text of a file or of rows, and what messages call it."""
    if not isinstance(positions, str | Path):
        return json.dumps([dict(row) for row in positions]), "positions"
    try:
        return Path(positions).read_text(encoding="utf-8-sig"), str(positions)
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(positions, f"cannot be read: {error}") from None
