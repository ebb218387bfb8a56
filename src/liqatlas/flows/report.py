"""The report of an asset: compute the facts, compare with the report before, write it in any format, keep an archive."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import orjson

from liqatlas.base.clock import DAY_NS, isoformat, to_datetime
from liqatlas.base.errors import FormatError, InputError, NotEnoughDataError, RuleError
from liqatlas.flows.build import build_heatmap, read_for
from liqatlas.flows.choose import choose
from liqatlas.flows.clusters import build_clusters
from liqatlas.flows.reporter import SILENT
from liqatlas.report.document import Picture, document
from liqatlas.report.facts import Facts, VenueFacts
from liqatlas.report.tree import SCHEMA_VERSION, SECTIONS, report_tree
from liqatlas.rules import margin_rule
from liqatlas.signals.book_view import book_view
from liqatlas.signals.clusters import find_clusters
from liqatlas.signals.event_signals import (
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
    from liqatlas.flows.reporter import Reporter
    from liqatlas.flows.request import Request
    from liqatlas.signals.settings import Settings

ReportFormat = Literal["term", "md", "html", "pdf", "json"]
#: How far back wiped levels and ranks of moves are looked for.
LOOK_BACK_DAYS = 365.0
TOP_CLUSTERS = 3


@dataclass(frozen=True, slots=True)
class ReportResult:
    """A report as a tree, and what its pictures are drawn from."""

    tree: dict[str, Any]
    clusters: ClusterResult
    request: Request


def build_report(
    request: Request,
    recordings: Sequence[Recording] | None = None,
    *,
    previous: Mapping[str, Any] | None = None,
    since_ns: int = DAY_NS,
    settings_file: Path | None = None,
    cascade: Mapping[str, Any] | None = None,
    reporter: Reporter = SILENT,
) -> ReportResult:
    """Return the report of an asset.

    Parameters
    ----------
    previous
        Tree of the report to compare with; by default one is made of the same data ``since_ns`` earlier, where they reach.
    cascade
        What a cascade engine says: ``event`` in words, ``probability``, and ``calibration`` that names how it was calibrated (null:
        the probability is then withheld from the text).

    Raises
    ------
    NotEnoughDataError
        If the map cannot be built.
    """
    settings = load_settings(settings_file)
    chosen = choose(read_for(request, reporter) if recordings is None else recordings, request)
    found = build_clusters(request, chosen, settings_file=settings_file, reporter=reporter)
    as_of = found.map.head.as_of_ns
    earlier: ClusterResult | None = None
    note = ""
    try:
        before = replace(request, as_of_ns=as_of - since_ns)
        earlier = build_clusters(
            before, chosen, settings_file=settings_file, with_history=False, reporter=reporter
        )
    except NotEnoughDataError as error:
        note = f"no earlier map to compare with: {error}"
    if previous is None and earlier is not None:
        previous = report_tree(_facts(earlier, settings, None, None))
    facts = _facts(found, settings, previous, earlier)
    return ReportResult(
        report_tree(replace(facts, cascade=cascade, notes=(note,) if note else ())), found, request
    )


def _facts(
    found: ClusterResult,
    settings: Settings,
    previous: Mapping[str, Any] | None,
    earlier: ClusterResult | None,
) -> Facts:
    """Return everything a report says, computed."""
    head, clusters, recordings = found.map.head, found.clusters, list(found.recordings)
    reference = next((r for r in recordings if head.reference.startswith(r.instrument.key)), recordings[0])
    ordered = [reference, *(r for r in recordings if r is not reference)]
    as_of, interest = head.as_of_ns, head.open_interest_usd
    book = next((v for r in ordered if (v := book_view(r, as_of))), None)
    metrics = day_metrics(ordered, settings, as_of_ns=as_of, open_interest_usd=interest, book=book)
    signs = confirmation_panel(ordered, clusters, metrics, settings)
    scale, _ = asset_scale(ordered, settings, as_of_ns=as_of, open_interest_usd=interest)
    threshold = scaled_threshold(settings, scale)
    levels = wipe_levels(
        ordered, settings, as_of_ns=as_of, days=settings.confluence.swing_days, threshold_usd=threshold
    )
    wiped = wipe_signal(levels, as_of_ns=as_of, threshold_usd=threshold, known=has_liquidations(ordered))
    washed = washout_signal(reference, settings, as_of_ns=as_of)
    hunts = () if earlier is None else stop_hunts(
        reference, earlier.clusters.all, settings, as_of_ns=as_of, since_ns=earlier.map.head.as_of_ns,
        daily_volatility=clusters.daily_volatility,
    )  # fmt: skip
    return Facts(
        map=found.map,
        clusters=clusters,
        signals=(*map_signals(found.map, clusters, settings), wiped, washed),
        metrics=metrics,
        signs=signs,
        phase=cascade_phase(signs, metrics, washed.value, settings),
        settings=settings,
        venues=_venues(found, settings),
        bars=hourly_bars(reference, as_of_ns=as_of, days=LOOK_BACK_DAYS),
        hours=hourly_liquidations(ordered, as_of_ns=as_of, days=LOOK_BACK_DAYS),
        hunts=hunts,
        previous=previous,
    )


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


def pictures(result: ReportResult, *, theme: Literal["dark", "light"] = "light") -> tuple[Picture, ...]:
    """Return the map and the heatmap as pictures; the heatmap is left out where it cannot be drawn."""
    from liqatlas.plot.heatmap_picture import heatmap_figure
    from liqatlas.plot.map_picture import map_figure

    figures = [map_figure(result.clusters.map, theme=theme)]
    try:
        heat = build_heatmap(result.request, result.clusters.recordings, columns=300, rows=300)
        figures.append(heatmap_figure(heat, theme=theme))
    except NotEnoughDataError:
        pass
    return tuple(Picture(f.to_bytes("png"), f.description) for f in figures)


def render_report(result: ReportResult, form: ReportFormat, *, width: int = 100) -> bytes:
    """Return a report in a format; text is UTF-8.

    Raises
    ------
    InputError
        If PDF is asked for and typst is not installed.
    """
    if form == "json":
        option = orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_INDENT_2
        return orjson.dumps(result.tree, option=option)
    if form == "pdf":
        from liqatlas.report.pdf import pdf

        return pdf(document(result.tree, pictures(result)))
    if form == "html":
        from liqatlas.report.html import html

        return html(document(result.tree, pictures(result))).encode()
    from liqatlas.report.text import markdown, terminal

    doc = document(result.tree, ())
    return (markdown(doc) if form == "md" else terminal(doc, width)).encode()


def read_previous(path: Path) -> dict[str, Any]:
    """Return the tree of a report written as JSON.

    Raises
    ------
    FormatError
        If the file is none.
    """
    try:
        tree = orjson.loads(path.read_bytes())
    except OSError as error:
        raise FormatError(path, f"cannot be read: {error.strerror or error}") from None
    except orjson.JSONDecodeError as error:
        raise FormatError(path, f"is not a report written with --format json: {error}") from None
    lacks = [s for s in SECTIONS if not isinstance(tree, dict) or s not in tree]
    if lacks:
        raise FormatError(path, f"is not a report written with --format json: {', '.join(lacks)} missing")
    if tree["schema_version"] != SCHEMA_VERSION:
        raise FormatError(
            path, f"is a report of schema {tree['schema_version']}, this version reads {SCHEMA_VERSION}"
        )
    return dict(tree)


def latest_in_archive(folder: Path, asset: str, before_ns: int | None) -> dict[str, Any] | None:
    """Return the newest report of an asset in an archive that is older than a moment, or None."""
    found = sorted(folder.glob(f"{asset.upper()}_*.json")) if folder.is_dir() else []
    limit = None if before_ns is None else _stem(asset, isoformat(before_ns))
    older = [p for p in found if limit is None or p.stem < limit]
    return read_previous(older[-1]) if older else None


def keep_in_archive(folder: Path, tree: Mapping[str, Any]) -> Path:
    """Write a report's tree into an archive, one file per asset and moment, and return its path.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    path = folder / f"{_stem(str(tree['asset']), str(tree['as_of']))}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(orjson.dumps(tree, option=orjson.OPT_SERIALIZE_NUMPY))
        unfinished.replace(path)
    except OSError as error:
        raise InputError(f"cannot write the archive {folder}: {error.strerror or error}") from None
    return path


def _stem(asset: str, moment: str) -> str:
    """Return a file name that sorts by time."""
    return f"{asset.upper()}_{moment[:19].replace('-', '').replace(':', '')}"
