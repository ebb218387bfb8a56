"""Stress of a user's positions: read them, look up prices and maps, compute levels and remedies, write one page."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import orjson

from liqatlas.base.clock import isoformat, to_datetime
from liqatlas.base.errors import InputError, LiqAtlasError
from liqatlas.flows.reporter import SILENT
from liqatlas.flows.stress_market import NO_MAP, Market, StressRequest, markets_of, moment_of, prices_of
from liqatlas.signals.settings import load_settings
from liqatlas.signals.stress import (
    Held,
    Level,
    account_levels,
    clear_stop,
    hedge,
    load_crashes,
    outcomes,
    what_ifs,
)
from liqatlas.signals.stress.moves import MOVES
from liqatlas.signals.stress.portfolio import Together, accounts, together
from liqatlas.signals.stress.resolve import Surroundings, resolve
from liqatlas.signals.stress.rows import BadRow, Row, parse_positions
from liqatlas.signals.touch import MODEL, touch_calibration, touch_probability, touch_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from liqatlas.flows.reporter import Reporter
    from liqatlas.signals.clusters import ClusterSet

StressFormat = Literal["term", "json", "csv", "md", "html", "pdf"]
HORIZONS = {"1h": 1.0, "24h": 24.0, "7d": 168.0}
DISCLAIMER = "Research, not advice. Levels follow the venue's published rule; fees, funding and the venue's own rounding come on top."


@dataclass(frozen=True, slots=True)
class StressResult:
    """The answer as a tree, and the exit code: 0 where any position was computed, else that of the first error."""

    tree: dict[str, Any]
    exit_code: int

    def render(self, form: StressFormat, *, width: int = 140) -> bytes:
        """Return the answer as ``term``, ``json``, ``csv``, ``md``, ``html`` or ``pdf``; text is UTF-8."""
        return render_stress(self, form, width=width)

    def __str__(self) -> str:
        return self.render("term").decode()


def build_stress(request: StressRequest, reporter: Reporter = SILENT) -> StressResult:
    """Return levels, outcomes and remedies of every position, an error entry where one cannot be computed.

    Raises
    ------
    FormatError
        If the file is no positions file.
    """
    rows, notes = parse_positions(request.text, request.name)
    markets = markets_of(rows, request, reporter)
    as_of = moment_of(request, markets)
    around = Surroundings(to_datetime(as_of).date(), prices_of(request, markets), _contract_value)
    held: dict[int, Held] = {}
    errors: dict[int, LiqAtlasError] = {}
    for row in rows:
        try:
            held[row.line] = resolve(_readable(row), around)
        except LiqAtlasError as error:
            errors[row.line] = error
    everyone = list(held.values())
    levels: dict[str, Level] = {}
    for key, level in account_levels(everyone).items():
        if isinstance(level, Level):
            levels[key] = level
        else:
            errors[int(key)] = level
    entries = []
    for row in rows:
        if row.line in errors or isinstance(row, BadRow):
            entries.append(_error_entry(row, errors[row.line]))
            continue
        one = held[row.line]
        market = markets.get(one.asset, Market(None, NO_MAP))
        entries.append(_entry(_Case(row, one, levels[one.key], market), request, everyone))
    computed = [one for one in everyone if one.key in levels]
    tree = _tree(request, entries, as_of, notes) | {
        "accounts": _accounts(computed),
        "portfolio": _portfolio(computed, levels),
    }
    first = next(iter(errors.values()), None)
    return StressResult(tree, 0 if computed or first is None else first.exit_code)


def _readable(row: Row | BadRow) -> Row:
    """Return a row that could be read; raises InputError with what was wrong otherwise."""
    if isinstance(row, BadRow):
        raise InputError(row.error)
    return row


def _contract_value(venue: str, symbol: str) -> float | None:
    from liqatlas.venues.importers.contract_values import contract_value

    return contract_value(venue, symbol)


def _head(row: Row | BadRow) -> dict[str, Any]:
    """Return what the user wrote."""
    if isinstance(row, BadRow):
        keys = ("venue", "symbol", "position", "size", "entry_price", "leverage", "margin_mode")
        return {"line": row.line} | {key: row.written.get(key) for key in keys}
    written = dataclasses.asdict(row)
    return {key: written[key] for key in ("line", "venue", "symbol", "position", "size", "size_unit", "entry_price", "leverage", "margin_mode", "account")}  # fmt: skip


def _error_entry(row: Row | BadRow, error: LiqAtlasError) -> dict[str, Any]:
    """Return an entry that says why nothing was computed."""
    empty = (
        "liquidation_price",
        "bankruptcy_price",
        "tier",
        "maintenance_rate",
        "distance",
        "clusters_between",
        "touch_probability",
    )
    return (
        _head(row)
        | dict.fromkeys(empty)
        | {"state": "not computed", "error": str(error), "error_kind": type(error).__name__}
    )


@dataclass(frozen=True, slots=True)
class _Case:
    """One computed position: as written, as held, its level, its market."""

    row: Row
    one: Held
    level: Level
    market: Market


def _entry(case: _Case, request: StressRequest, everyone: Sequence[Held]) -> dict[str, Any]:
    """Return one position's answer."""
    row, one, level, market = case.row, case.one, case.level, case.market
    missing: dict[str, str] = {}
    if one.mark is None:
        missing["price"] = (
            f"no price: give --price {one.symbol}=VALUE, a column mark_price, or data with --from"
        )
    between, touch = _between(case, missing), _touch(case, request, missing)
    settings = load_settings()
    clusters = _at_mark(market.clusters, one)
    stop = clear_stop(one, level, clusters, buffer_vols=settings.plan.stop_buffer_vols) if clusters else None
    if stop is None:
        missing["stop"] = (
            "no stop fits between price and level" if clusters and one.mark else missing.get("price", NO_MAP)
        )
    cover = hedge(one, share=request.hedge_share, option_delta=request.option_delta)
    price = one.mark or one.entry
    return _head(row) | {
        "venue": one.venue,
        "symbol": one.symbol,
        "kind": one.kind,
        "settle": one.settle,
        "quantity_native": one.quantity,
        "margin": one.margin,
        "price": one.mark,
        "notional_usd": one.notional_usd(price),
        "liquidation_price": level.liquidation_price,
        "bankruptcy_price": level.bankruptcy_price,
        "tier": level.tier,
        "maintenance_rate": level.maintenance_rate,
        "maintenance_deduction": level.deduction,
        "distance": level.distance,
        "state": level.state,
        "clusters_between": between,
        "touch_probability": touch,
        "touch_model": MODEL if touch else None,
        "touch_calibrated": bool(touch and market.clusters and market.clusters.volatility_measured),
        "outcomes": [dataclasses.asdict(o) for o in outcomes(one, level)],
        "crashes": _crashes(one, level),
        "what_if": [dataclasses.asdict(w) for w in what_ifs(one, everyone)],
        "stop": dataclasses.asdict(stop) if stop else None,
        "hedge": dataclasses.asdict(cover) if cover else None,
        "rule": one.terms.source,
        "warnings": [*one.terms.warnings, *level.notes],
        "missing": missing,
        "error": None,
    }


def _at_mark(clusters: ClusterSet | None, one: Held) -> ClusterSet | None:
    """Return the clusters moved from the map's reference price to the position's own mark."""
    if clusters is None or one.mark is None:
        return None
    scale = one.mark / clusters.head.price

    def moved(side: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(
            dataclasses.replace(
                c,
                price_low=c.price_low * scale,
                price_high=c.price_high * scale,
                peak_price=c.peak_price * scale,
            )
            for c in side
        )

    return dataclasses.replace(clusters, below=moved(clusters.below), above=moved(clusters.above))


def _between(case: _Case, missing: dict[str, str]) -> list[dict[str, Any]] | None:
    """Return the clusters that the price meets on the way to the level, nearest first."""
    one, level = case.one, case.level
    clusters = _at_mark(case.market.clusters, one)
    if clusters is None:
        missing["clusters_between"] = missing.get("price") or case.market.reason or NO_MAP
        return None
    if level.liquidation_price is None or one.mark is None:
        return []
    low, high = sorted((one.mark, level.liquidation_price))
    met = [c for c in clusters.all if c.price_high > low and c.price_low < high]
    keys = ("position", "price_low", "price_high", "peak_price", "usd", "distance", "dominant_leverage")
    return [{key: getattr(c, key) for key in keys} for c in sorted(met, key=lambda c: abs(c.distance))]


def _touch(case: _Case, request: StressRequest, missing: dict[str, str]) -> dict[str, float] | None:
    """Return the probability of a touch per horizon under the stated model."""
    mark, level, clusters = case.one.mark, case.level, case.market.clusters
    daily = request.daily_volatility or (clusters.daily_volatility if clusters else None)
    if mark is None or daily is None:
        missing["touch_probability"] = (
            missing.get("price") or "no volatility: give --daily-volatility, or recordings with --from"
        )
        return None
    if level.state in {"below maintenance", "bankrupt"}:
        return dict.fromkeys(HORIZONS, 1.0)
    if level.liquidation_price is None:
        return dict.fromkeys(HORIZONS, 0.0)
    return {
        name: float(
            touch_probability(level.liquidation_price, price=mark, daily_volatility=daily, hours=hours)
        )
        for name, hours in HORIZONS.items()
    }


def _crashes(one: Held, level: Level) -> list[dict[str, Any]]:
    """Return a position's outcome under each named crash."""
    out = []
    for crash in load_crashes():
        move, own = crash.move_of(one.asset)
        for outcome in outcomes(one, level, (move,)):
            figure = f"{one.asset}'s own" if own else "BTC's, none known for this asset"
            out.append(
                {
                    "name": crash.name,
                    "when": crash.when,
                    "figure": figure,
                    "source": crash.source,
                    **dataclasses.asdict(outcome),
                }
            )
    return out


def _tree(
    request: StressRequest, entries: Sequence[dict[str, Any]], as_of: int, notes: Sequence[str]
) -> dict[str, Any]:
    """Return the answer's head and positions."""
    failed = sum(e["error"] is not None for e in entries)
    known = touch_calibration()
    calibrated = any(e.get("touch_calibrated") for e in entries)
    return {
        "schema_version": 1,
        "as_of": isoformat(as_of),
        "unit": "prices in quote currency, margins in settle currency, *_usd in USD, rates and distances as fractions",
        "positions": list(entries),
        "computed": len(entries) - failed,
        "errors": failed,
        "daily_volatility": request.daily_volatility,
        "touch_model": touch_words("given by the caller or nominal", measured=calibrated),
        "touch_calibrated": calibrated,
        "touch_reliability": [msgspec.structs.asdict(row) for row in known.reliability],
        "notes": list(notes),
        "disclaimer": DISCLAIMER,
    }


def _accounts(held: Sequence[Held]) -> list[dict[str, Any]]:
    """Return every cross account with the common move of all its coins that liquidates it."""
    out = []
    for one in accounts(held):
        entry = dataclasses.asdict(one)
        entry["lines"] = [int(key) for key in entry.pop("keys")]
        out.append(entry)
    return out


def _portfolio(held: Sequence[Held], levels: Mapping[str, Level]) -> dict[str, Any]:
    """Return all positions together per common move, and per crash."""
    moves = [(move, together(held, levels, f"{move:+.0%}", lambda _, m=move: m)) for move in MOVES]  # type: ignore[misc]
    crashes = [
        (crash, together(held, levels, crash.name, lambda one, c=crash: c.move_of(one.asset)[0]))  # type: ignore[misc]
        for crash in load_crashes()
    ]
    return {
        "moves": [{"move": move} | _sum(result) for move, result in moves],
        "crashes": [
            {"name": crash.name, "when": crash.when, "source": crash.source} | _sum(result)
            for crash, result in crashes
        ],
    }


def _sum(result: Together) -> dict[str, Any]:
    return {
        "profit_usd": result.profit_usd,
        "liquidated_lines": sorted(int(key) for key in result.liquidated),
        "left_out_lines": sorted(int(key) for key in result.left_out),
    }


def render_stress(result: StressResult, form: StressFormat, *, width: int = 140) -> bytes:
    """Return the answer in a format; text is UTF-8.

    Raises
    ------
    InputError
        If PDF is asked for and typst is not installed.
    """
    if form == "json":
        return orjson.dumps(result.tree, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY)
    from liqatlas.flows.report_render import render_document
    from liqatlas.report.stress_page import stress_csv, stress_document

    if form == "csv":
        return stress_csv(result.tree).encode()
    return render_document(stress_document(result.tree), form, width=width)
