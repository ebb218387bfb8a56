"""The report of an asset: compute the facts, run the cascade, compare with the report before."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from liqatlas.base.clock import DAY_NS, to_datetime
from liqatlas.base.errors import NotEnoughDataError, RuleError
from liqatlas.flows.books import BookChoice
from liqatlas.flows.build import read_for
from liqatlas.flows.choose import choose
from liqatlas.flows.clusters import build_clusters
from liqatlas.flows.report_cascade import build_engine
from liqatlas.flows.reporter import SILENT
from liqatlas.report.facts import Facts, VenueFacts
from liqatlas.report.tree import report_tree
from liqatlas.rules import margin_rule
from liqatlas.signals.book_view import book_view
from liqatlas.signals.clusters import find_clusters
from liqatlas.signals.event_signals import (
    hunt_signal,
    scaled_threshold,
    stop_hunts,
    washout_signal,
    wipe_levels,
    wipe_signal,
)
from liqatlas.signals.liquidated import has_liquidations, hourly_liquidations
from liqatlas.signals.map_signals import map_signals
from liqatlas.signals.metrics import asset_scale, day_metrics
from liqatlas.signals.panel import cascade_phase, confirmation_panel
from liqatlas.signals.settings import load_settings
from liqatlas.signals.volatility import hourly_bars

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from liqatlas.base.recording import Recording
    from liqatlas.flows.clusters import ClusterResult
    from liqatlas.flows.report_render import ReportFormat
    from liqatlas.flows.reporter import Reporter
    from liqatlas.flows.request import Request
    from liqatlas.maps.liquidation_map import LiquidationMap
    from liqatlas.report.engine import Engine
    from liqatlas.signals.settings import Settings
    from liqatlas.signals.signal import Signal

#: How far back wiped levels and ranks of moves are looked for.
LOOK_BACK_DAYS = 365.0
TOP_CLUSTERS = 3


@dataclass(frozen=True, slots=True)
class ReportResult:
    """A report as a tree, and what its pictures are drawn from."""

    tree: dict[str, Any]
    clusters: ClusterResult
    request: Request
    engine: Engine | None = None

    def render(self, form: ReportFormat, *, width: int = 100) -> bytes:
        """Return the report as ``term``, ``md``, ``html``, ``pdf`` or ``json``; text is UTF-8."""
        from liqatlas.flows.report_render import render_report

        return render_report(self, form, width=width)

    def __str__(self) -> str:
        return self.render("term").decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportChoice:
    """What a report is compared with and computed from, beside the recordings.

    Attributes
    ----------
    past
        Trees of earlier reports of the asset, oldest first. The newest is compared with, all are held to what they said; without
        any, one is made of the same data ``since_ns`` earlier, where they reach.
    settings_file
        Signal settings in place of the shipped ones.
    books
        Books or depths that the caller names.
    """

    past: Sequence[Mapping[str, Any]] = ()
    since_ns: int = DAY_NS
    settings_file: Path | None = None
    books: BookChoice = field(default_factory=BookChoice)


def build_report(
    request: Request,
    recordings: Sequence[Recording] | None = None,
    *,
    choice: ReportChoice | None = None,
    reporter: Reporter = SILENT,
) -> ReportResult:
    """Return the report of an asset.

    Raises
    ------
    NotEnoughDataError
        If the map cannot be built, or named files hold no book of its venues.
    """
    choice = choice or ReportChoice()
    settings = load_settings(choice.settings_file)
    chosen = choose(read_for(request, reporter, books=True) if recordings is None else recordings, request)
    found = build_clusters(
        request, chosen, settings_file=choice.settings_file, books=choice.books, reporter=reporter
    )
    earlier, note = _earlier(request, found, choice, reporter)
    past = list(choice.past)
    if not past and earlier is not None:
        past = [report_tree(_facts(earlier, settings))]
    engine, reason = build_engine(found, request, reporter)
    facts = _facts(found, settings, earlier)
    facts = replace(
        facts, previous=past[-1] if past else None, archive=choice.past, engine=engine, engine_reason=reason, notes=(note,) if note else ()
    )  # fmt: skip
    return ReportResult(report_tree(facts), found, request, engine)


def _earlier(
    request: Request, found: ClusterResult, choice: ReportChoice, reporter: Reporter
) -> tuple[ClusterResult | None, str]:
    """Return the clusters of an earlier moment, or None and why there are none."""
    before = replace(request, as_of_ns=found.map.head.as_of_ns - choice.since_ns)
    try:
        return build_clusters(
            before,
            found.recordings,
            settings_file=choice.settings_file,
            with_history=False,
            reporter=reporter,
        ), ""
    except NotEnoughDataError as error:
        return None, f"no earlier map to compare with: {error}"


def _facts(found: ClusterResult, settings: Settings, earlier: ClusterResult | None = None) -> Facts:
    """Return everything a report says of its own moment, computed; ``earlier`` are the clusters that hunts are looked for at."""
    head, clusters = found.map.head, found.clusters
    ordered = reference_first(found.map, found.recordings)
    reference = ordered[0]
    as_of, interest = head.as_of_ns, head.open_interest_usd
    age = settings.grades.book_most_age_h
    book = next((v for r in ordered if (v := book_view(r, as_of, most_age_h=age))), None)
    metrics = day_metrics(ordered, settings, as_of_ns=as_of, open_interest_usd=interest, book=book)
    signs = confirmation_panel(ordered, clusters, metrics, settings)
    wiped, washed = event_signals(found.map, ordered, settings)
    hunts = None if earlier is None else stop_hunts(
        reference, earlier.clusters.all, settings, as_of_ns=as_of, since_ns=earlier.map.head.as_of_ns,
        daily_volatility=clusters.daily_volatility,
    )  # fmt: skip
    return Facts(
        map=found.map,
        clusters=clusters,
        signals=(
            *map_signals(found.map, clusters, settings),
            wiped,
            washed,
            hunt_signal(hunts, settings, as_of_ns=as_of),
        ),
        metrics=metrics,
        signs=signs,
        phase=cascade_phase(signs, metrics, washed.value, settings),
        settings=settings,
        venues=_venues(found, settings),
        bars=hourly_bars(reference, as_of_ns=as_of, days=LOOK_BACK_DAYS),
        hours=hourly_liquidations(ordered, as_of_ns=as_of, days=LOOK_BACK_DAYS),
        hunts=hunts or (),
    )


def reference_first(result: LiquidationMap, recordings: Sequence[Recording]) -> list[Recording]:
    """Return recordings with the one first whose mark is the map's reference price."""
    named = [r for r in recordings if result.head.reference.startswith(r.instrument.key)]
    first = (named or list(recordings))[0]
    return [first, *(r for r in recordings if r is not first)]


def event_signals(
    result: LiquidationMap, recordings: Sequence[Recording], settings: Settings
) -> tuple[Signal, Signal]:
    """Return the signals read off what happened: levels left by wipe-outs, and the wash-out of leverage."""
    ordered, as_of = reference_first(result, recordings), result.head.as_of_ns
    scale, _ = asset_scale(ordered, settings, as_of_ns=as_of, open_interest_usd=result.head.open_interest_usd)
    threshold = scaled_threshold(settings, scale)
    levels = wipe_levels(
        ordered, settings, as_of_ns=as_of, days=settings.confluence.swing_days, threshold_usd=threshold
    )
    wiped = wipe_signal(levels, as_of_ns=as_of, threshold_usd=threshold, known=has_liquidations(ordered))
    return wiped, washout_signal(ordered[0], settings, as_of_ns=as_of)


def _venues(found: ClusterResult, settings: Settings) -> tuple[VenueFacts, ...]:
    """Return each venue's heaviest clusters and its engine, largest venue first."""
    result, daily = found.map, found.clusters.daily_volatility
    total = float(result.usd.sum())
    out = []
    for venue, amounts in sorted(result.by_venue().items(), key=lambda item: -float(item[1].sum())):
        own = find_clusters(result.select(venues=(venue,)), settings, daily_volatility=daily)
        top = tuple(sorted(own.all, key=lambda c: -c.usd)[:TOP_CLUSTERS])
        kinds = {r.instrument.kind for r in found.recordings if r.instrument.venue == venue}
        engine, sources = _engine(venue, kinds, result.head.as_of_ns)
        out.append(
            VenueFacts(venue, float(amounts.sum()) / total if total > 0 else 0.0, top, engine, sources)
        )
    return tuple(out)


def _engine(venue: str, kinds: set[Any], as_of_ns: int) -> tuple[str, tuple[str, ...]]:
    """Return how a venue liquidates, in words from its sourced rule."""
    if venue.startswith("simulated"):
        return "SIMULATED exchange", ()
    try:
        steps = margin_rule(
            venue, "inverse" if kinds == {"inverse"} else "linear", to_datetime(as_of_ns).date()
        ).steps
    except RuleError:
        return "not sourced", ()
    first: str = steps.first_target
    if steps.first_share is not None and first == "share":
        first = f"{steps.first_share:.0%} of the position"
    on_chain = "; on-chain, the protocol liquidates" if venue in {"dydx", "hyperliquid"} else ""
    return (
        f"first {first} ({steps.order}); then {steps.takeover}; deleveraging: {steps.deleveraging}{on_chain}",
        steps.sources,
    )
