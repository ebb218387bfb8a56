"""Compute a cascade for a request: map, books from files, margin rates, and the result in any format."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from liqatlas.base.clock import HOUR_NS, NS_PER_S, isoformat, parse_window
from liqatlas.base.errors import FormatError, InputError, NotEnoughDataError, UnknownSymbolError
from liqatlas.base.instruments import Instrument
from liqatlas.book.beliefs import load_book_beliefs
from liqatlas.book.buckets import book_from_buckets
from liqatlas.book.depth import Book, assumed_book
from liqatlas.book.snapshots import book_at
from liqatlas.cascade import simulation
from liqatlas.cascade.shock import Shock, parse_order, parse_shock
from liqatlas.cascade.simulation import CascadeResult, CascadeSettings
from liqatlas.cascade.statement import cascade_statement
from liqatlas.flows.build import build_map, read_for
from liqatlas.flows.lake_source import LakeSource
from liqatlas.flows.reporter import SILENT
from liqatlas.flows.request import parse_amount
from liqatlas.flows.terms import risk_terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from liqatlas.base.recording import Recording
    from liqatlas.book.depth import Direction
    from liqatlas.cascade.outlook import Outlook
    from liqatlas.flows.render import Look
    from liqatlas.flows.reporter import Reporter
    from liqatlas.flows.request import Request
    from liqatlas.maps.liquidation_map import LiquidationMap

__all__ = [
    "CascadeFormat",
    "build_cascade",
    "cascade",
    "cascade_statement",
    "compile_cascade",
    "make_settings",
    "outlook_of",
    "parse_depths",
    "read_books",
    "read_shock",
    "render_cascade",
]

CascadeFormat = Literal["term", "json", "csv", "png", "svg"]


def read_shock(shock: str | None, order: str | None) -> Shock:
    """Return the shock that exactly one of the two texts names.

    Raises
    ------
    InputError
        If both or neither was given, or it cannot be read.
    """
    if (shock is None) == (order is None):
        raise InputError(
            "give one of --shock (-5%, -200M, level:60000, market:down) and --order (buy:20M, sell:5M)"
        )
    return parse_shock(shock) if shock is not None else parse_order(order or "")


def make_settings(
    *,
    runs: int = 2_000,
    seed: int = 1,
    workers: int = 0,
    regime: str | None = None,
    print_thinning: float = 1.0,
    venue_rules: bool = True,
    lasting: tuple[str | None, str | None] = (None, None),
) -> CascadeSettings:
    """Return how to compute, with the shipped beliefs.

    Parameters
    ----------
    lasting
        How long a run may last and how long the shock takes, such as ``1h`` and ``5m``; by default as believed.
    """
    settings = CascadeSettings(
        runs=runs,
        seed=seed,
        workers=workers,
        regime=regime,
        print_thinning=print_thinning,
        venue_rules=venue_rules,
    )
    horizon, shock = (parse_window(text) / NS_PER_S if text else None for text in lasting)
    return replace(settings, beliefs=settings.beliefs.lasting(horizon_s=horizon, shock_s=shock))


def parse_depths(texts: Iterable[str]) -> dict[str, float]:
    """Return assumed depth by venue from ``150M`` (all venues, key ``*``) and ``okx:40M`` [USD within 1 %].

    Raises
    ------
    InputError
        If one cannot be read.
    """
    out: dict[str, float] = {}
    for text in texts:
        venue, colon, amount = text.rpartition(":")
        out[venue.strip().lower() if colon else "*"] = parse_amount(amount)
    return out


def cascade(
    result: LiquidationMap,
    book: Book | Sequence[Book] | Sequence[Recording] | LakeSource | None = None,
    *,
    shock: str = "-5%",
    depth_usd: float | None = None,
    stress: str | None = None,
    runs: int = 2_000,
    seed: int = 1,
) -> CascadeResult:
    """Return how far a shock runs through a map.

    Parameters
    ----------
    book
        Books, recordings or a lake that hold them; of each venue the newest not later than the map is used. A shock that is drawn
        (``market:down``, ``market:up``) reads its volatility from the recordings, those without a book included.
    shock
        ``-5%``, ``-200M``, ``level:60000``, ``market:down``.
    depth_usd
        Depth within 1 % on each side to assume for every venue without a book [USD].
    stress
        State of the books: calm, stress, october-2025, visible.

    Raises
    ------
    NotEnoughDataError
        If a venue has neither a book nor an assumed depth.

    Examples
    --------
    >>> import liqatlas as lq
    >>> m = lq.liquidation_map("BTC", window="3d", source=lq.simulated(days=4))
    >>> c = lq.cascade(m, shock="-3%", depth_usd=5e6, runs=100)
    >>> c.calibrated, bool(c.reached_prices.max() < m.head.price)
    (False, True)
    """
    if isinstance(book, LakeSource):
        head = result.head
        book = book.recordings(head.asset, window_ns=head.window_ns, as_of_ns=head.as_of_ns)
    given: tuple[Book | Recording, ...] = (book,) if isinstance(book, Book) else tuple(book or ())
    recordings = [one for one in given if not isinstance(one, Book)]
    exponent = load_book_beliefs().tail_exponent
    books = {one.venue: one for one in given if isinstance(one, Book)}
    for one in recordings:
        if not one.book_levels.is_empty():
            books[one.instrument.venue] = book_at(one, result.head.as_of_ns, tail_exponent=exponent)
    for info in result.head.venues:
        if depth_usd is not None and info.venue not in books:
            books[info.venue] = assumed_book(
                info.venue, info.symbol, depth_usd, as_of_ns=result.head.as_of_ns
            )
    compile_cascade()
    settings, read = make_settings(runs=runs, seed=seed, regime=stress), parse_shock(shock)
    outlook = _outlook_for(result, recordings, read, settings)
    return simulation.run_cascade(result, books, read, settings, outlook)


def _outlook_for(
    result: LiquidationMap, recordings: Sequence[Recording], shock: Shock, settings: CascadeSettings
) -> Outlook | None:
    """Return the outlook a shock needs: a drawn one always, a level where the history reaches, any other never."""
    if shock.kind not in {"drawn", "level"}:
        return None
    try:
        return outlook_of(result, recordings, shock.direction(result.head.price), settings)
    except NotEnoughDataError:
        if shock.kind == "drawn":
            raise
        return None


def outlook_of(
    result: LiquidationMap, recordings: Sequence[Recording], direction: Direction, settings: CascadeSettings
) -> Outlook:
    """Return what the next hours may bring by themselves: the law of excursions at the volatility of the map's moment.

    Parameters
    ----------
    recordings
        History of the map's instruments; the one with the most open interest is read.

    Raises
    ------
    NotEnoughDataError
        If no recording holds hours of marks, turnover and open interest, or no law of this horizon is known.
    """
    from liqatlas.cascade.excursions import FEWEST_HOURS, excursion_features
    from liqatlas.cascade.outlook import make_outlook
    from liqatlas.levels.estimator_settings import load_settings
    from liqatlas.levels.hour_market import hour_market

    head = result.head
    main = max(head.venues, key=lambda v: v.open_interest_usd if math.isfinite(v.open_interest_usd) else 0.0)
    own = [r for r in recordings if (r.instrument.venue, r.instrument.symbol) == (main.venue, main.symbol)]
    if not own:
        raise NotEnoughDataError(
            f"what may come by itself follows from the past hours of {main.venue}:{main.symbol}, and no recording of it was given"
        )
    market = hour_market(own[0].until(head.as_of_ns), load_settings())
    whole = market.first(int((market.start_ns + HOUR_NS <= head.as_of_ns).sum()))
    if len(whole) < FEWEST_HOURS:
        raise NotEnoughDataError(
            f"{market.key}: {len(whole)} whole hours of history tell too little of volatility: give {FEWEST_HOURS} at least"
        )
    features = excursion_features(whole.start_ns, whole.high, whole.low)[-1]
    return make_outlook(
        head, market.key, direction, features,
        horizon_s=settings.beliefs.horizon_s, print_thinning=settings.print_thinning,
    )  # fmt: skip


def build_cascade(
    request: Request,
    shock: Shock,
    settings: CascadeSettings,
    *,
    book_paths: Sequence[Path] = (),
    depths: Mapping[str, float] | None = None,
    recordings: Sequence[Recording] | None = None,
    reporter: Reporter = SILENT,
) -> CascadeResult:
    """Return how far a shock runs.

    Parameters
    ----------
    book_paths
        Files with order books; by default books are looked for among the request's own paths.
    depths
        Assumed USD within one percent, by venue or ``*``; used only for venues without an observed book, and said.

    Raises
    ------
    NotEnoughDataError
        If a venue has neither an observed book nor an assumed depth, or the data do not reach for a map.
    """
    settings.book_beliefs.regime(settings.regime)  # an unknown one is refused before anything is read
    compile_cascade(reporter)
    given = list(read_for(request, reporter) if recordings is None else recordings)
    result = build_map(replace(request, bins=None, price_step=None, price_range=None), given, reporter)
    head = result.head
    rates = {}
    for info in head.venues:
        instrument = next(
            r.instrument
            for r in given
            if (r.instrument.venue, r.instrument.symbol) == (info.venue, info.symbol)
        )
        terms = risk_terms(
            instrument,
            head.as_of_ns,
            max_leverage=request.max_leverage,
            maintenance_rate=request.maintenance_rate,
        )
        rates[info.venue] = terms.maintenance_rate
    depths = depths or {}
    paths = book_paths or (() if "*" in depths else request.paths)
    observed, said = read_books(paths, result, named=bool(book_paths), reporter=reporter)
    books = dict(observed)
    for info in head.venues:
        assumed = depths.get(info.venue, depths.get("*"))
        if info.venue not in books and assumed is not None:
            books[info.venue] = assumed_book(info.venue, info.symbol, assumed, as_of_ns=head.as_of_ns)
    reporter.progress("running cascades", 0, 1)
    outlook = _outlook_for(result, given, shock, settings)
    out = simulation.run_cascade(result, books, shock, replace(settings, maintenance_rates=rates), outlook)
    return replace(out, warnings=(*out.warnings, *said))


def compile_cascade(reporter: Reporter = SILENT) -> None:
    """Compile the engine, or load it from the cache, by running it once on next to nothing."""
    import numpy as np

    from liqatlas.book.depth import Depth
    from liqatlas.cascade.inputs import fixed_runs, make_market
    from liqatlas.cascade.kernels_state import Plan
    from liqatlas.cascade.ladder import Ladder
    from liqatlas.cascade.monte_carlo import run_many
    from liqatlas.cascade.venue_rules import plain_rules

    reporter.progress("compiling the cascade (once)", 0, 1)
    depth = Depth(np.array([0.01]), np.array([1.0]), 1.0)
    ladder = Ladder("down", 1.0, ("none",), np.array([0.01]), np.ones((1, 1)), (depth,))
    run_many(make_market(ladder, plain_rules(1)), fixed_runs(ladder, Shock("move", -0.02)), Plan(1, 1, 2, 0))


def read_books(
    paths: Sequence[Path], result: LiquidationMap, *, named: bool, reporter: Reporter = SILENT
) -> tuple[dict[str, Book], list[str]]:
    """Return each venue's newest book not later than the map, and what was left out.

    Parameters
    ----------
    named
        Whether the caller named these files as books: then every fault in them is an error.
    """
    head = result.head
    books: dict[str, Book] = {}
    said: list[str] = []
    plain: list[Path] = []
    for path in map(Path, paths):
        if path.is_file() and named:
            found = _bucket_book(path, head.asset, head.as_of_ns)
            if found is not None:
                books[found.venue] = found
                continue
        plain.append(path)
    exponent = load_book_beliefs().tail_exponent
    for recording in _book_recordings(plain, head.asset, named=named, reporter=reporter):
        try:
            book = book_at(recording, head.as_of_ns, tail_exponent=exponent)
        except NotEnoughDataError as error:
            said.append(f"book left out: {error}")
            continue
        books.setdefault(book.venue, book)
    venues = {info.venue for info in head.venues}
    said += [
        f"the book of {venue} is not used: the map holds {', '.join(sorted(venues))}"
        for venue in books
        if venue not in venues
    ]
    if named and paths and not (set(books) & venues):
        raise NotEnoughDataError(
            f"--book holds no book of {', '.join(sorted(venues))} at or before {isoformat(head.as_of_ns)}; "
            + ("; ".join(said) if said else "name another file")
        )
    return {venue: book for venue, book in books.items() if venue in venues}, said


def _bucket_book(path: Path, asset: str, as_of_ns: int) -> Book | None:
    """Return the book of a file that holds depth within whole percents, None where it is another file."""
    from liqatlas.venues.importers.binance_book_depth import is_book_depth, read_book_depth

    if not is_book_depth(path):
        return None
    samples, known, warnings = read_book_depth(path)
    book = book_from_buckets(samples, Instrument(known.venue, known.symbol, asset), as_of_ns)
    return replace(book, warnings=(*book.warnings, *warnings))


def _book_recordings(
    paths: Sequence[Path], asset: str, *, named: bool, reporter: Reporter
) -> list[Recording]:
    """Return recordings that hold book levels; files without any are no fault unless they were named as books."""
    from liqatlas.venues.importers import read_paths

    if not paths:
        return []
    reporter.progress("reading order books", 0, 1)
    try:
        return [
            r for r in read_paths(paths, asset=asset, tables={"book_levels"}) if not r.book_levels.is_empty()
        ]
    except (FormatError, UnknownSymbolError):
        if named:
            raise
        return []


def render_cascade(result: CascadeResult, form: CascadeFormat, look: Look) -> bytes:
    """Return a cascade in a format; text is UTF-8.

    Raises
    ------
    InputError
        If the format is none of these.
    """
    if form == "json":
        return result.to_json()
    if form == "csv":
        import polars as pl

        needed, local = result.needed, result.branching
        frame = pl.DataFrame(
            {"price": needed.price, "shock_needed_usd": needed.usd, "branching_ratio": local.ratio}
        )
        return frame.write_csv().encode()
    if form == "term":
        from liqatlas.plot.cascade_words import cascade_text

        return (cascade_text(result, width=look.width) + "\n").encode()
    if form in {"png", "svg"}:
        from liqatlas.plot.cascade_picture import cascade_figure

        return cascade_figure(result, theme=look.theme, zone=look.zone).to_bytes(form)
    raise InputError(f"a cascade cannot be shown as {form}: wanted term, json, csv, png or svg")
