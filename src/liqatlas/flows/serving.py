"""The source a running server reads: results of every verb, made once for each content and shared by all who ask."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from liqatlas.base.clock import DAY_NS, MINUTE_NS, now_ns
from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.flows.build import build_heatmap, build_map, read_out
from liqatlas.flows.choose import choose
from liqatlas.flows.positions import Snapshot
from liqatlas.flows.positions_report import PositionsReport, TableRequest, report_positions
from liqatlas.flows.reporter import SILENT
from liqatlas.flows.request import Request
from liqatlas.flows.serving_backing import FOLLOWED, Market, known_asset
from liqatlas.flows.serving_cache import Kept
from liqatlas.flows.serving_held import FilesBacking, HeldBacking
from liqatlas.flows.serving_lake import LakeBacking
from liqatlas.flows.simulated import simulated_market

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from liqatlas.base.recording import Recording
    from liqatlas.cascade.simulation import CascadeResult
    from liqatlas.flows.clusters import ClusterResult
    from liqatlas.flows.evaluate import EvaluationReport
    from liqatlas.flows.realised import Realised
    from liqatlas.flows.report import ReportResult
    from liqatlas.flows.reporter import Reporter
    from liqatlas.flows.serving_backing import Backing
    from liqatlas.flows.stress import StressResult
    from liqatlas.flows.stress_market import StressRequest
    from liqatlas.maps.heatmap import Heatmap
    from liqatlas.maps.liquidation_map import LiquidationMap

R = TypeVar("R")
#: A row this young was recorded now.
FRESH_NS = MINUTE_NS
#: Results kept of all kinds together.
RESULTS_KEPT = 64

__all__ = ["Market", "Source", "open_source"]


class Source:
    """What a running server reads; every method may be called from any thread.

    Parameters
    ----------
    backing
        Where recordings come from.
    live
        Whether rows arrive now; a lake whose newest row was seen as fresh as :data:`FRESH_NS` counts as that by itself.

    Attributes
    ----------
    more_metrics
        Give counters of what feeds the source, in Prometheus' text format.
    """

    def __init__(self, backing: Backing, *, live: bool = False) -> None:
        self._backing = backing
        self._results: Kept[Any] = Kept(RESULTS_KEPT)
        self._live = live
        self._places = tuple(place.encode() for place in backing.places)
        memory = backing.memory
        self.more_metrics: list[Callable[[], str]] = [] if memory is None else [memory.metrics_text]

    @property
    def simulated(self) -> bool:
        """Whether everything here is simulated."""
        return self._backing.simulated

    @property
    def live(self) -> bool:
        """Whether rows arrive now: the clock is then the newest moment, and a feed that falls silent grows old.

        Once live, a source stays so: a recorder in another process that died must show.
        """
        if not self._live and self.grows:
            newest = max((one.last_ts_ns for one in self.markets()), default=0)
            self._live = abs(now_ns() - newest) < FRESH_NS
        return self._live

    @property
    def grows(self) -> bool:
        """Whether rows may be added while this is served."""
        return self._backing.grows

    def without_places(self, body: bytes) -> bytes:
        """Return a text in which paths begin after the folders of what is served, which are nobody's business."""
        for place in self._places:
            body = body.replace(place, b"")
        return body

    def close(self) -> None:
        """Let go of what is open."""
        self._backing.close()

    def markets(self) -> tuple[Market, ...]:
        """Return every instrument that is served, by asset, venue and symbol."""
        return self._backing.markets()

    def assets(self) -> tuple[str, ...]:
        """Return the assets served, the one with the most instruments and then the most tables first."""
        weight: dict[str, tuple[int, int]] = {}
        for one in self.markets():
            mapped = "open_interest" in one.tables and bool({"trades", "bars"} & set(one.tables))
            before = weight.get(one.asset, (0, 0))
            weight[one.asset] = (before[0] + mapped, before[1] + len(one.tables))
        return tuple(sorted(weight, key=lambda asset: (-weight[asset][0], -weight[asset][1], asset)))

    def asset(self, name: str) -> str:
        """Return the asset a name means; raises UnknownSymbolError where it is not served."""
        return known_asset(name, self.markets())

    def now_ns(self) -> int:
        """Return the newest moment of the data, or the clock where rows arrive now [ns]."""
        if self.live:
            return now_ns()
        return max((one.last_ts_ns for one in self.markets()), default=0)

    def version(self, asset: str = "") -> Hashable:
        """Return a token that changes whenever a result of the asset (all assets: "") may change."""
        return self._backing.version(asset)

    def request(self, request: Request) -> Request:
        """Return a request that reads from here."""
        return self._backing.fill(request)

    # -- what is read ---------------------------------------------------------------------------------------------

    def recordings(self, request: Request) -> tuple[Recording, ...]:
        """Return the tables of the request's instruments, at least for its window, cut at its moment.

        Raises
        ------
        UnknownSymbolError, InputError, NotEnoughDataError
            If nothing is served that the request means.
        """
        chosen = choose(self._backing.rows(request), replace(request, dated=True))
        if request.as_of_ns is None:
            return tuple(chosen)
        known = [r for r in (one.until(request.as_of_ns) for one in chosen) if r.tables()]
        if not known:
            raise NotEnoughDataError(f"nothing of {request.asset} was known by the moment asked for")
        return tuple(known)

    def recording(
        self, asset: str, *, venue: str = "", as_of_ns: int | None = None, window_ns: int | None = None
    ) -> Recording:
        """Return the recording of an asset, or of one venue's symbol, that holds the most tables and rows.

        Raises
        ------
        UnknownSymbolError, InputError, NotEnoughDataError
            If nothing is served of it.
        """
        request = Request(asset=asset, venues=(venue,) if venue else (), as_of_ns=as_of_ns)
        if window_ns is not None:
            request = replace(request, window_ns=window_ns)
        found = self.recordings(request)
        return max(found, key=lambda r: (len(r.tables()), sum(t.height for t in r.tables().values())))

    def books(self, request: Request) -> tuple[Recording, ...]:
        """Return recordings that hold order books of the request's asset, cut at its moment.

        Raises
        ------
        NotEnoughDataError
            If there is none.
        """
        asset = self.asset(request.asset)
        held = self._backing.books(replace(request, asset=asset))
        if request.as_of_ns is not None:
            held = tuple(r.until(request.as_of_ns) for r in held)
        found = tuple(r for r in held if r.book_levels.height)
        if request.venues:
            found = tuple(r for r in found if r.instrument.venue in request.venues)
        if not found:
            raise NotEnoughDataError(f"no order book of {asset} is recorded here")
        return found

    def newest(self, request: Request) -> tuple[Recording, ...]:
        """Return the last rows of each of the asset's instruments."""
        asset = self.asset(request.asset)
        return self._results.get(  # type: ignore[no-any-return]
            ("newest", asset, self.version(asset)),
            lambda: self._backing.newest(asset),
        )

    def newest_prints(self, asset: str) -> tuple[Recording, ...]:
        """Return the liquidation prints of the asset's last day, where there are any."""
        last = max((m.last_ts_ns for m in self.markets() if m.asset == self.asset(asset)), default=0)
        return self.tail(asset, last - DAY_NS, ("liquidations",))

    def tail(self, asset: str, since_ns: int, tables: Sequence[str] = FOLLOWED) -> tuple[Recording, ...]:
        """Return rows of some tables of the asset's instruments at or after a moment."""
        return self._backing.tail(self.asset(asset), since_ns, tables)

    def tables(self, market: Market, names: Sequence[str], span: tuple[int, int]) -> Recording:
        """Return some tables of one instrument, rows of ``[start, end)`` [ns] at least."""
        return self._backing.tables(market, names, span)

    def gaps(self, venue: str, symbol: str, start_ns: int, end_ns: int) -> int:
        """Return how many known gaps of an instrument are not filled."""
        return self._backing.gaps(venue, symbol, start_ns, end_ns)

    # -- results of the verbs -------------------------------------------------------------------------------------

    def map(self, request: Request) -> LiquidationMap:
        """Return the map a request asks for, as the verb ``map`` makes it; bins, range and leverage only read out of one."""
        whole = replace(request, bins=None, price_step=None, price_range=None, leverage=None)
        result = self._result(
            "map",
            whole,
            lambda full: build_map(full, self._for_map(full), memory=self._backing.memory),
            all_coins=_measured(request),
        )
        return read_out(result, request)

    def heatmap(self, request: Request, *, columns: int = 400, rows: int = 300) -> Heatmap:
        """Return the heatmap a request asks for, as the verb ``heatmap`` makes it."""
        return self._result(
            "heatmap",
            request,
            lambda full: build_heatmap(full, self._for_map(full), columns=columns, rows=rows),
            (columns, rows),
            all_coins=_measured(request),
        )

    def realised(self, request: Request) -> Realised:
        """Return the realised liquidations of an asset."""
        from liqatlas.flows.realised import build_realised

        return self._result(
            "realised", request, lambda full: build_realised(full, self._backing.recordings(full))
        )

    def clusters(self, request: Request, *, with_history: bool = True) -> ClusterResult:
        """Return the clusters of the map a request asks for."""
        from liqatlas.flows.clusters import build_clusters

        return self._result(
            "clusters",
            request,
            lambda full: build_clusters(full, self._for_map(full, books=True), with_history=with_history),
            (with_history,),
            all_coins=_measured(request),
        )

    def report(self, request: Request) -> ReportResult:
        """Return the report of an asset."""
        from liqatlas.flows.report import build_report

        return self._result(
            "report", request, lambda full: build_report(full, self._backing.recordings(full, books=True))
        )

    def cascade(
        self,
        request: Request,
        *,
        shock: str = "-5%",
        runs: int = 2_000,
        seed: int = 1,
        depths: Mapping[str, float] | None = None,
        stress: str | None = None,
    ) -> CascadeResult:
        """Return how far a shock runs, against recorded books or assumed depth [USD within 1 %] by venue or ``*``."""
        from liqatlas.flows.cascade import build_cascade, make_settings, read_shock

        wanted = read_shock(shock, None)
        settings = make_settings(runs=runs, seed=seed, regime=stress)
        assumed = tuple(sorted((depths or {}).items()))
        return self._result(
            "cascade",
            request,
            lambda full: build_cascade(
                full, wanted, settings, depths=dict(assumed), recordings=self._backing.recordings(full)
            ),
            (shock, runs, seed, assumed, stress),
        )

    def accuracy(self, request: Request) -> EvaluationReport:
        """Return the scores of the estimator on the prints there are."""
        from liqatlas.flows.calibrate import Period
        from liqatlas.flows.evaluate import build_evaluation

        return self._result(
            "accuracy",
            request,
            lambda full: build_evaluation(
                full, train=Period(), test=Period(), recordings=self._backing.rows(full)
            ),
        )

    def positions(self, request: TableRequest) -> PositionsReport:
        """Return the table of public positions; ``as_of_ns`` 0 means the newest."""
        from liqatlas.flows.positions import newest_moment

        snapshot = self.snapshot()
        if not request.as_of_ns:
            request = replace(request, as_of_ns=newest_moment(snapshot))
        key = ("positions", request, self.version())
        return self._results.get(key, lambda: report_positions(snapshot, request))  # type: ignore[no-any-return]

    def snapshot(self) -> Snapshot:
        """Return all public positions.

        Raises
        ------
        NotEnoughDataError
            If there are none.
        """
        from liqatlas.maps.measured_holdings import holdings_of

        def make() -> Snapshot:
            held = self._positions()
            return Snapshot(held, holdings_of(held))

        return self._results.get(("snapshot", self.version()), make)  # type: ignore[no-any-return]

    def stress(self, request: StressRequest) -> StressResult:
        """Return levels, outcomes and remedies of a caller's positions; never kept."""
        from liqatlas.flows.stress import build_stress

        return build_stress(replace(request, paths=(), recordings=self._for_stress))

    def _for_stress(self, request: Request) -> Sequence[Recording]:
        return self._backing.rows(request)

    def _positions(self) -> tuple[Recording, ...]:
        held = self._backing.positions()
        if not held:
            raise NotEnoughDataError("no public positions are served here")
        return held

    def _for_map(self, request: Request, *, books: bool = False) -> Sequence[Recording] | None:
        return self._positions() if _measured(request) else self._backing.recordings(request, books=books)

    def _result(
        self,
        kind: str,
        request: Request,
        make: Callable[[Request], R],
        extra: tuple[Hashable, ...] = (),
        *,
        all_coins: bool = False,
    ) -> R:
        """Return a result that is kept for as long as the content it was made of stays as it is."""
        asset = "" if all_coins else self.asset(request.asset)
        full = self.request(request)
        key = (kind, full, extra, self.version(asset))
        result: R = self._results.get(key, lambda: make(full))
        return result


def _measured(request: Request) -> bool:
    return request.kind == "measured"


def open_source(
    *,
    lake: Path | None = None,
    paths: Sequence[Path] = (),
    demo: bool = False,
    live: bool = False,
    seed: int = 1,
    reporter: Reporter = SILENT,
) -> Source:
    """Return the source that exactly one of a lake, paths and the demo gives.

    Parameters
    ----------
    live
        Rows arrive in the lake while it is served.

    Raises
    ------
    InputError
        If none or several are named.
    SourceUnavailableError, FormatError, NotEnoughDataError
        If the lake or the files cannot be read, or hold nothing.
    """
    given = (lake is not None) + bool(paths) + demo
    if given != 1:
        raise InputError(
            f"{given or 'no'} sources to serve were named: wanted one of a lake, files, the demo, or live recording"
        )
    if demo:
        reporter.progress("simulating a market", 0, 1)
        return Source(HeldBacking(simulated_market(seed=seed), simulated=True))
    if lake is not None:
        return Source(LakeBacking(lake), live=live)
    return Source(FilesBacking(paths, reporter))
