"""Public positions: read them from files, test their levels, make the measured map and the table of them."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.errors import InputError, UnknownSymbolError
from liqatlas.base.symbols import near_names, parse_symbol
from liqatlas.flows.margin_history import differing_from_shipped, tables_of_file, tables_of_scans
from liqatlas.flows.reporter import SILENT
from liqatlas.maps.measured import MeasuredTerms, measured_map
from liqatlas.maps.measured_check import SelfTest, self_test
from liqatlas.maps.measured_heatmap import measured_heatmap
from liqatlas.maps.measured_holdings import Holdings, holdings_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from liqatlas.base.instruments import Instrument
    from liqatlas.base.recording import Recording
    from liqatlas.flows.reporter import Reporter
    from liqatlas.flows.request import Request
    from liqatlas.maps.columns import HeatmapSize
    from liqatlas.maps.head import Head
    from liqatlas.maps.heatmap import Heatmap
    from liqatlas.maps.liquidation_map import LiquidationMap
    from liqatlas.rules import TierTable


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything read of public positions, ready for use."""

    recordings: tuple[Recording, ...]
    holdings: Holdings

    def until(self, as_of_ns: int) -> Snapshot:
        """Return what was known at a moment.

        Raises
        ------
        NotEnoughDataError
            If nothing was.
        """
        return replace(self, holdings=self.holdings.until(as_of_ns))


def newest_moment(snapshot: Snapshot) -> int:
    """Return the moment of the newest position [ns]."""
    newest = snapshot.holdings.frame["ts_event_ns"].max()
    assert isinstance(newest, int)
    return newest


def read_positions(
    paths: Sequence[Path | str],
    *,
    venues: Sequence[str] = (),
    meta: Path | None = None,
    reporter: Reporter = SILENT,
) -> Snapshot:
    """Return the positions of all coins that files hold: other coins back a cross account, so none is left out.

    Parameters
    ----------
    meta
        The venue's own answer to ``meta``: its margin tables go before the shipped ones.

    Raises
    ------
    InputError
        If no path was given or ``meta`` cannot be read.
    FormatError
        If a file cannot be read.
    NotEnoughDataError
        If no position is in them.
    """
    if not paths:
        raise InputError(
            "no data named: give files or folders of public positions with --from, or a lake with --lake"
        )
    recordings = read_paths_of_positions(paths, venues=venues, reporter=reporter)
    own = tables_of_scans(paths) | tables_of_file(meta)
    return Snapshot(tuple(recordings), _told(holdings_of(recordings, own_tables=own), own))


def _told(holdings: Holdings, own: Mapping[str, Sequence[TierTable]]) -> Holdings:
    """Add a sentence where the margin tables used are not the shipped ones."""
    held = set(holdings.frame["symbol"].unique().to_list())
    other = [symbol for symbol in differing_from_shipped("hyperliquid", own) if symbol in held]
    if not other:
        return holdings
    named = ", ".join(other[:6]) + (" and more" if len(other) > 6 else "")
    told = f"margin tables of {len(other):,} coins ({named}) are not the shipped ones any more: those given are used, from their date on"
    return replace(holdings, warnings=(*holdings.warnings, told))


def read_paths_of_positions(
    paths: Sequence[Path | str], *, venues: Sequence[str] = (), reporter: Reporter = SILENT
) -> list[Recording]:
    """Return the recordings of files with positions, open interest and marks."""
    from liqatlas.venues.importers import read_paths

    return read_paths(
        paths,
        venues=venues,
        tables={"positions", "open_interest", "marks"},
        progress=lambda known, done, total: reporter.progress(f"reading {known.title}", done, total),
    )


def positions_in(request: Request, reporter: Reporter = SILENT) -> Snapshot:
    """Return the positions that a request's files, or its lake, hold; nothing later than its moment is read from a lake.

    Raises
    ------
    InputError
        If neither is named.
    FormatError, NotEnoughDataError, SourceUnavailableError
        As :func:`read_positions`, ``positions_lake.recordings_of_lake`` and ``venues.download``.
    """
    from liqatlas.flows.positions_lake import recordings_of_lake

    with tempfile.TemporaryDirectory() as folder:
        paths = [*request.paths, *_downloaded(request.urls, Path(folder), reporter)]
        if request.lake is None or request.paths:
            return read_positions(paths, venues=request.venues, meta=request.meta_file, reporter=reporter)
        recordings, tables = recordings_of_lake(
            request.lake, venues=request.venues, as_of_ns=request.as_of_ns, window_ns=request.window_ns, reporter=reporter
        )  # fmt: skip
        if paths:
            recordings += read_paths_of_positions(paths, venues=request.venues, reporter=reporter)
    own = tables | tables_of_file(request.meta_file)
    return Snapshot(tuple(recordings), _told(holdings_of(recordings, own_tables=own), own))


def _downloaded(urls: Sequence[str], folder: Path, reporter: Reporter) -> list[Path]:
    """Save what web addresses answer, each in a folder of its own."""
    from liqatlas.venues.download import download

    found = []
    for number, url in enumerate(urls):
        reporter.progress(f"fetching {url}", number, len(urls))
        place = folder / str(number)
        place.mkdir()
        found.append(asyncio.run(download(url, place)))
    return found


def check_positions(snapshot: Snapshot) -> SelfTest:
    """Return the self-test over all snapshots read."""
    return self_test(snapshot.holdings)


def build_measured_map(
    request: Request, recordings: Sequence[Recording] | None = None, reporter: Reporter = SILENT
) -> LiquidationMap:
    """Return the measured map a request asks for, tested on all positions read; raises as :func:`read_positions`."""
    snapshot, terms = _prepared(request, recordings, reporter)
    instruments = instruments_of(snapshot, request.asset)
    result = measured_map(snapshot.holdings, instruments, terms)
    keys = {one.key for one in instruments}
    interest = (
        warning
        for recording in snapshot.recordings
        if recording.instrument.key in keys
        for warning in recording.warnings
        if warning.startswith("open_interest:") and np.isfinite(terms.open_interest_usd)
    )
    return replace(result, head=replace(result.head, warnings=(*result.head.warnings, *interest)))


def seen_share(snapshot: Snapshot, request: Request) -> Head:
    """Return the head of the measured map of a request's asset: what share of the market the positions are, and its grade.

    Raises
    ------
    UnknownSymbolError, NotEnoughDataError
        If nobody seen in the window holds the asset.
    """
    known, terms = _tested(snapshot, request)
    return measured_map(known.holdings, instruments_of(known, request.asset), terms).head


def build_measured_heatmap(
    request: Request,
    recordings: Sequence[Recording] | None = None,
    *,
    size: HeatmapSize,
    reporter: Reporter = SILENT,
) -> Heatmap:
    """Return the heatmap over snapshots a request asks for; raises as :func:`read_positions`."""
    snapshot, terms = _prepared(request, recordings, reporter)
    return measured_heatmap(snapshot.holdings, instruments_of(snapshot, request.asset), terms, size)


def _prepared(
    request: Request, recordings: Sequence[Recording] | None, reporter: Reporter
) -> tuple[Snapshot, MeasuredTerms]:
    """Return what was known at the request's moment, tested, and the terms of the map."""
    if recordings is None:
        snapshot = positions_in(request, reporter)
    else:
        snapshot = Snapshot(tuple(recordings), holdings_of(recordings))
    return _tested(snapshot, request)


def _tested(snapshot: Snapshot, request: Request) -> tuple[Snapshot, MeasuredTerms]:
    """Return what was known at the request's moment, and the terms of the map."""
    as_of = request.as_of_ns if request.as_of_ns is not None else newest_moment(snapshot)
    snapshot = snapshot.until(as_of)
    terms = MeasuredTerms(
        as_of_ns=as_of,
        window_ns=request.window_ns,
        others=request.others,
        open_interest_usd=open_interest_of(snapshot, request, as_of),
        self_test=check_positions(snapshot),
    )
    return snapshot, terms


def instruments_of(snapshot: Snapshot, asset: str) -> list[Instrument]:
    """Return the contracts of an asset among the positions; those quoted in single coins first, spot collateral last.

    Raises
    ------
    UnknownSymbolError
        If there is none; names near ones.
    """
    wanted = parse_symbol(asset).asset
    held = [r.instrument for r in snapshot.recordings if not r.positions.is_empty()]
    mine = [one for one in held if one.asset == wanted or one.symbol.upper() == asset.upper()]
    if not mine:
        known = sorted({one.asset for one in held})
        raise UnknownSymbolError(asset, near_names(wanted, known) or known[:5], where="the positions given")
    return sorted(mine, key=lambda one: (one.settle == "spot collateral", one.price_multiplier, one.key))


def open_interest_of(snapshot: Snapshot, request: Request, as_of_ns: int) -> float:
    """Return the one-sided open interest [USD]: the caller's, else the newest the files hold, else NaN."""
    if request.open_interest_usd is not None:
        return request.open_interest_usd
    total, found = 0.0, False
    keys = {one.key for one in instruments_of(snapshot, request.asset)}
    for recording in snapshot.recordings:
        if recording.instrument.key not in keys:
            continue
        known = recording.until(as_of_ns).open_interest
        marks = recording.until(as_of_ns).positions["mark_price"].drop_nulls()
        if known.is_empty() or marks.is_empty():
            continue
        found = True
        total += recording.instrument.notional_usd(float(known["oi_native"][-1]), float(marks[-1]))
    return total if found else float("nan")
