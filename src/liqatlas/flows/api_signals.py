"""The Python face of clusters, signals, report and stress: objects in, objects out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from liqatlas.base.clock import parse_time, parse_window
from liqatlas.base.errors import FormatError
from liqatlas.flows.books import BookChoice, gather_books
from liqatlas.flows.clusters import clusters_of
from liqatlas.flows.report import ReportChoice, build_report, event_signals
from liqatlas.flows.request import Request
from liqatlas.flows.stress import build_stress
from liqatlas.flows.stress_market import StressRequest
from liqatlas.signals.map_signals import map_signals
from liqatlas.signals.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
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
    source: Sequence[Recording] = (),
    daily_volatility: float | None = None,
) -> ClusterSet:
    """Return the zones of a map, nearest first on each side, with the clean gaps between them.

    Parameters
    ----------
    source
        Recordings: they give the volatility that scales the zones, landmarks, and books for risk grades. Without them a nominal
        volatility is used and ``notes`` says so.
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
    settings = load_settings()
    books = gather_books(result, source, BookChoice(), most_age_h=settings.grades.book_most_age_h)
    return clusters_of(
        result, tuple(source), settings, daily_volatility=daily_volatility, books=books
    ).clusters


def signals(result: LiquidationMap, *, source: Sequence[Recording] = ()) -> tuple[Signal, ...]:
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
    found = clusters(result, source=source)
    of_map = map_signals(result, found, settings)
    return (*of_map, *event_signals(result, source, settings)) if source else of_map


def report(
    asset: str,
    *,
    source: Sequence[Recording],
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
    return build_report(request, source, choice=ReportChoice(past=past, books=books))


def stress(
    positions: str | Path | Sequence[Mapping[str, Any]],
    *,
    prices: Mapping[str, float] | None = None,
    source: Sequence[Recording] = (),
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
        Recordings, for prices, volatility and the clusters on the way.

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
    held = tuple(source)
    text, name = _positions_text(positions)
    return build_stress(
        StressRequest(
            text=text, name=name, prices=dict(prices or {}), recordings=(lambda _: held) if held else None, as_of_ns=moment, daily_volatility=daily_volatility,
            option_delta=option_delta, hedge_share=hedge_share,
        )
    )  # fmt: skip


def _positions_text(positions: str | Path | Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Return the text of a file or of rows, and what messages call it."""
    if not isinstance(positions, str | Path):
        return json.dumps([dict(row) for row in positions]), "positions"
    try:
        return Path(positions).read_text(encoding="utf-8-sig"), str(positions)
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(positions, f"cannot be read: {error}") from None
