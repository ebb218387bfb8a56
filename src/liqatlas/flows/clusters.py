"""Clusters of a request: the map, the volatility that scales them, grades and landmarks, and their renderings."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import orjson

from liqatlas.base.clock import isoformat
from liqatlas.base.errors import NotEnoughDataError
from liqatlas.base.format import format_change, format_price, format_share, format_usd
from liqatlas.base.instruments import venue_name
from liqatlas.flows.books import NO_BOOK, BookChoice, Books, depth_on_the_way, gather_books
from liqatlas.flows.build import build_heatmap, build_map, read_for
from liqatlas.flows.choose import choose
from liqatlas.flows.reporter import SILENT
from liqatlas.maps.serialise import head_tree
from liqatlas.report.words.numbers import chance
from liqatlas.signals.clusters import find_clusters
from liqatlas.signals.confluence import landmarks, with_confluence
from liqatlas.signals.grades import intensity_history, with_intensity, with_risk
from liqatlas.signals.settings import load_settings
from liqatlas.signals.threshold import threshold_clusters
from liqatlas.signals.touch import touch_calibration, touch_words
from liqatlas.signals.volatility import realised_volatility

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from liqatlas.base.recording import Recording
    from liqatlas.flows.reporter import Reporter
    from liqatlas.flows.request import Request
    from liqatlas.maps.heatmap import Heatmap
    from liqatlas.maps.liquidation_map import LiquidationMap
    from liqatlas.signals.clusters import Cluster, ClusterSet
    from liqatlas.signals.settings import Settings
    from liqatlas.signals.threshold import ThresholdCluster
    from liqatlas.signals.volatility import Volatility

ClusterFormat = Literal["term", "json", "csv", "md"]
NO_HISTORY = "no past maps to compare with"


@dataclass(frozen=True, slots=True)
class ClusterResult:
    """Clusters with what they were found on."""

    map: LiquidationMap
    clusters: ClusterSet
    recordings: tuple[Recording, ...]
    heatmap: Heatmap | None
    volatility: Volatility | None
    books: Books = field(default_factory=lambda: Books({}, {}))


def build_clusters(
    request: Request,
    recordings: Sequence[Recording] | None = None,
    *,
    daily_volatility: float | None = None,
    settings_file: Path | None = None,
    with_history: bool = True,
    books: BookChoice | None = None,
    reporter: Reporter = SILENT,
) -> ClusterResult:
    """Return the clusters of the map a request asks for, graded as far as the data reach.

    Parameters
    ----------
    daily_volatility
        Takes the place of the realised one.
    with_history
        Whether to grade intensity against past maps, which costs a heatmap.
    books
        Books or depths that the caller names, beside those in the recordings.

    Raises
    ------
    NotEnoughDataError
        If the map cannot be built.
    """
    settings = load_settings(settings_file)
    chosen = choose(read_for(request, reporter, books=True) if recordings is None else recordings, request)
    result = build_map(request, chosen, reporter)
    heatmap = _history(request, chosen, settings, reporter) if with_history else None
    return clusters_of(
        result,
        chosen,
        settings,
        daily_volatility=daily_volatility,
        heatmap=heatmap,
        books=gather_books(
            result,
            chosen,
            books or BookChoice(),
            most_age_h=settings.grades.book_most_age_h,
            reporter=reporter,
        ),
    )


def clusters_of(
    result: LiquidationMap,
    recordings: Sequence[Recording],
    settings: Settings,
    *,
    daily_volatility: float | None = None,
    heatmap: Heatmap | None = None,
    books: Books | None = None,
) -> ClusterResult:
    """Return the clusters of a map, graded as far as recordings, past maps and books reach; all of them may be missing."""
    as_of, volatility, note = result.head.as_of_ns, None, ""
    daily, source = daily_volatility or 0.0, "given by the caller"
    if not daily_volatility:
        volatility, daily, source, note = _scale(recordings, as_of, settings)
    clusters = find_clusters(
        result,
        settings,
        daily_volatility=daily,
        volatility_source=source,
        volatility_measured=not daily_volatility and not note,
    )
    clusters = replace(clusters, notes=(*clusters.notes, *(n for n in (note, _foresight(as_of)) if n)))
    history = intensity_history(heatmap, settings, smoothing=clusters.smoothing) if heatmap else None
    clusters = _without_history(clusters) if history is None else with_intensity(clusters, history, settings)
    known = books or Books({}, {info.venue: NO_BOOK for info in result.head.venues})
    clusters = with_risk(clusters, result, settings, depth_on_the_way(known), reason=known.reason or NO_BOOK)
    if recordings:
        reference, price = _reference(result, recordings), result.head.price
        marks = landmarks(reference, settings, price=price, as_of_ns=as_of, smoothing=clusters.smoothing)
        clusters = with_confluence(clusters, marks)
    return ClusterResult(result, clusters, tuple(recordings), heatmap, volatility, known)


def _foresight(as_of_ns: int) -> str:
    """Return a note where the probabilities of a touch were fitted on days after a map's moment."""
    until = touch_calibration().fitted_until
    if isoformat(as_of_ns)[:10] >= until:
        return ""
    return f"look-ahead: the probabilities of a touch were fitted on prices until {until}"


def _scale(
    recordings: Sequence[Recording], as_of_ns: int, settings: Settings
) -> tuple[Volatility | None, float, str, str]:
    """Return the measured volatility, the daily figure to use, its source, and a note where it is only nominal."""
    try:
        measured = volatility_of(recordings, as_of_ns, settings)
        if measured.daily > 0:
            return measured, measured.daily, measured.source, ""
        why = "the price did not move"
    except NotEnoughDataError as error:
        measured, why = None, str(error)
    nominal = settings.plan.nominal_daily_volatility
    note = f"no volatility can be measured ({why}): zones, distances and touch probabilities use a nominal {nominal:.0%} a day"
    return measured, nominal, "nominal", note


def volatility_of(recordings: Sequence[Recording], as_of_ns: int, settings: Settings) -> Volatility:
    """Return the realised volatility of the recording that knows most returns; raises where none knows enough."""
    found, last = [], None
    for recording in recordings:
        try:
            found.append(
                realised_volatility(recording, as_of_ns=as_of_ns, days=settings.plan.volatility_days)
            )
        except NotEnoughDataError as error:
            last = error
    if not found:
        raise last or NotEnoughDataError("no price to measure a volatility from")
    return max(found, key=lambda v: v.returns)


def _reference(result: LiquidationMap, recordings: Sequence[Recording]) -> Recording:
    """Return the recording whose mark is the map's reference price."""
    return next((r for r in recordings if result.head.reference.startswith(r.instrument.key)), recordings[0])


def _history(
    request: Request, chosen: Sequence[Recording], settings: Settings, reporter: Reporter
) -> Heatmap | None:
    """Return a heatmap of past maps, or None where the data do not give one."""
    if request.kind != "modelled":
        return None
    try:
        return build_heatmap(
            replace(request, leverage=None),
            chosen,
            columns=settings.grades.intensity_columns,
            rows=600,
            reporter=reporter,
        )
    except NotEnoughDataError:
        return None


def _without_history(clusters: ClusterSet) -> ClusterSet:
    def say(cluster: Cluster) -> Cluster:
        return replace(cluster, missing=cluster.missing | {"intensity": NO_HISTORY})

    return replace(clusters, below=tuple(map(say, clusters.below)), above=tuple(map(say, clusters.above)))


def clusters_tree(result: ClusterResult, threshold_usd: float | None = None) -> dict[str, Any]:
    """Return the clusters as JSON-ready data, with the head of the map."""
    found = result.clusters
    tree: dict[str, Any] = head_tree(result.map.head) | {
        "below": [asdict(c) for c in found.below],
        "above": [asdict(c) for c in found.above],
        "gaps": [asdict(g) for g in found.gaps],
        "daily_volatility": found.daily_volatility,
        "volatility_source": found.volatility_source,
        "touch_probabilities": touch_words(found.volatility_source, measured=found.volatility_measured),
        "smoothing": found.smoothing,
        "settings": found.settings,
        "notes": list(found.notes),
    }
    if threshold_usd is not None:
        tree["threshold_usd"] = threshold_usd
        tree["threshold_clusters"] = [asdict(c) for c in threshold_clusters(result.map, threshold_usd)]
    return tree


def render_clusters(result: ClusterResult, form: ClusterFormat, threshold_usd: float | None = None) -> bytes:
    """Return clusters in a format; text is UTF-8."""
    if form == "json":
        return orjson.dumps(
            clusters_tree(result, threshold_usd),
            option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY,
        )
    if form == "csv":
        return _csv(result).encode()
    lines = _lines(result, markdown=form == "md")
    if threshold_usd is not None:
        lines += _threshold_lines(threshold_clusters(result.map, threshold_usd), threshold_usd)
    return ("\n".join(lines) + "\n").encode()


def _csv(result: ClusterResult) -> str:
    names = ("position", "price_low", "price_high", "peak_price", "usd", "share_of_side", "distance", "distance_vols", "usd_low",
             "usd_high", "intensity", "risk", "touch_probability", "priority")  # fmt: skip
    rows = [",".join(names)]
    for cluster in result.clusters.all:
        values = (getattr(cluster, name) for name in names)
        rows.append(",".join("" if v is None else str(v) for v in values))
    return "\n".join(rows) + "\n"


COLUMNS = ("zone", "peak", "amount", "share", "away", "vols", "intensity", "risk", "leverage", "venues", "P(touch 24h)", "priority", "also there")  # fmt: skip


def cluster_row(cluster: Cluster) -> tuple[str, ...]:
    """Return a cluster's cells as text, in the order of :data:`COLUMNS`."""
    venues = ", ".join(f"{venue_name(v)} {format_share(s)}" for v, s in list(cluster.venues.items())[:3])
    return (
        f"{format_price(cluster.price_low)}–{format_price(cluster.price_high)}",
        format_price(cluster.peak_price),
        format_usd(cluster.usd),
        format_share(cluster.share_of_side),
        format_change(cluster.distance),
        f"{cluster.distance_vols:.1f}",
        cluster.intensity or f"– ({cluster.missing.get('intensity', 'unknown')})",
        _risk(cluster),
        cluster.dominant_leverage,
        venues,
        chance(cluster.touch_probability),
        cluster.priority,
        "; ".join(cluster.confluence) or "–",
    )


def _risk(cluster: Cluster) -> str:
    """Return the risk grade, with ~ where the depth on the way was not seen, or why there is none."""
    if cluster.risk is None:
        return f"– ({cluster.missing.get('risk', 'unknown')})"
    return cluster.risk if cluster.risk_basis == "seen" else f"{cluster.risk}~"


def _lines(result: ClusterResult, *, markdown: bool) -> list[str]:
    found, head = result.clusters, result.map.head
    tag = "SIMULATED " if head.simulated else ""
    out = [
        f"{'# ' if markdown else ''}{tag}{head.asset} clusters, {head.kind} {head.quantity} [USD], price {format_price(head.price)}",
        (
            f"scale: daily volatility {format_share(found.daily_volatility)} ({found.volatility_source}); touch probabilities: "
            f"{touch_words(found.volatility_source, measured=found.volatility_measured)}"
        ),
    ]
    for title, side in (
        ("above: shorts, which BUY when liquidated", found.above),
        ("below: longs, which SELL when liquidated", found.below),
    ):
        out += ["", f"{'## ' if markdown else ''}{title}"]
        out += _table([COLUMNS, *(cluster_row(c) for c in side)], markdown=markdown) if side else ["none"]
    clean = [g for g in found.gaps if g.clean]
    gaps = ", ".join(
        f"{format_price(g.price_low)}–{format_price(g.price_high)} ({format_share(g.width)})" for g in clean
    )
    out += ["", f"clean gaps: {gaps or 'none'}", *(f"note: {n}" for n in found.notes)]
    return out


def _table(rows: Sequence[Sequence[str]], *, markdown: bool) -> list[str]:
    """Return rows as an aligned table; in a terminal a cell is cut at 24 characters."""
    if markdown:
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        return [lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]
    cut = [[cell if len(cell) <= 26 else cell[:25] + "…" for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in cut) for i in range(len(cut[0]))]
    return ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in cut]


def _threshold_lines(found: Sequence[ThresholdCluster], threshold_usd: float) -> list[str]:
    out = [
        "",
        f"threshold method: {len(found)} price levels hold more than {format_usd(threshold_usd)}, largest first",
    ]
    out += [f"  {format_price(c.price):>12}  {c.type:5}  {format_usd(c.magnitude)}" for c in found[:12]]
    return out
