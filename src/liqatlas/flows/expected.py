"""The expected map: find the calibration that fits, learn the level from past prints, fold the window, read out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from liqatlas.base.clock import DAY_NS, HOUR_NS, MINUTE_NS, isoformat, parse_time
from liqatlas.base.errors import LiqAtlasError, NotEnoughDataError, TiersUnknownError
from liqatlas.base.format import format_duration
from liqatlas.flows.terms import risk_terms
from liqatlas.levels.calibration import load_calibration, shipped_calibrations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.base.instruments import Instrument
    from liqatlas.base.recording import Recording
    from liqatlas.flows.reporter import Reporter
    from liqatlas.flows.request import Request
    from liqatlas.levels.calibration import Calibration
    from liqatlas.levels.hour_market import HourMarket
    from liqatlas.levels.responses import HeldMass
    from liqatlas.maps.columns import HeatmapSize
    from liqatlas.maps.expected import ExpectedInstrument
    from liqatlas.maps.heatmap import Heatmap
    from liqatlas.maps.liquidation_map import LiquidationMap

#: History that the level and the state are learnt from; older prints weigh less than a part in eighty.
_LEVEL_HISTORY_NS = 90 * DAY_NS
#: More instruments than this are not named in a warning.
_NAMED = 3


def wants_expected(request: Request, chosen: Sequence[Recording], as_of_ns: int) -> bool:
    """Tell whether a request means expected prints: asked for, or the one instrument has a calibration of before the moment."""
    if request.quantity is not None:
        return request.quantity == "expected"
    if request.calibration_file is not None:
        return True
    uncalibrated = _uncalibrated([r.instrument for r in chosen], request, as_of_ns)
    return len(chosen) == 1 and not uncalibrated and not chosen[0].open_interest.is_empty()


def of_default(result: LiquidationMap, request: Request, instruments: Sequence[Instrument]) -> LiquidationMap:
    """Return an outstanding map that says why it is one, where nobody asked for either quantity."""
    if request.quantity is not None:
        return result
    uncalibrated = _uncalibrated(instruments, request, result.head.as_of_ns)
    why = "--quantity expected shows what exchanges would print"
    if uncalibrated:
        few = ", ".join(uncalibrated[:_NAMED]) + (" and others" if len(uncalibrated) > _NAMED else "")
        why = f"no calibration of before the moment fits {few}; `liqatlas calibrate` makes one"
    said = f"amounts are outstanding, not expected to be printed: {why}"
    return replace(result, head=replace(result.head, warnings=(*result.head.warnings, said)))


def _uncalibrated(instruments: Sequence[Instrument], request: Request, as_of_ns: int) -> list[str]:
    fits = [(one.key, calibration_for(one, request)) for one in instruments]
    return [key for key, c in fits if c is None or parse_time(c.trained_until) > as_of_ns]


def calibration_for(instrument: Instrument, request: Request) -> Calibration | None:
    """Return the calibration named by the request, else the newest shipped one of this very instrument, else a pooled one.

    A venue that publishes no prints cannot have its own: it takes the newest of its asset whose prints are several venues'. Only
    linear contracts do, because weights are fitted on a state counted in coins; the map names what it took. Where *expected*
    was asked for by name, another's may be lent; the result then names it too.
    """
    if request.calibration_file is not None:
        return load_calibration(request.calibration_file)
    shipped = shipped_calibrations()
    own = [c for c in shipped if c.instrument == instrument.key]
    pooled = [
        c for c in shipped if c.asset == instrument.asset and is_pooled(c) and instrument.kind == "linear"
    ]
    lends = request.quantity == "expected" and instrument.kind != "inverse"
    if not own and not pooled and lends:
        return lendable_calibration(instrument.key, request.as_of_ns)
    return max(own or pooled, key=lambda c: c.trained_until, default=None)


def is_pooled(calibration: Calibration) -> bool:
    """Tell whether a calibration was fitted on the prints of several venues together."""
    return "+" in calibration.prints_scope


def lendable_calibration(key: str, as_of_ns: int | None) -> Calibration:
    """Return the shipped calibration that fits best: of the instrument itself, of before the moment, the newest.

    Raises
    ------
    NotEnoughDataError
        If none is shipped.
    """
    shipped = shipped_calibrations()
    if not shipped:
        raise NotEnoughDataError(f"no calibration exists for {key}: make one with `liqatlas calibrate`")

    def worth(c: Calibration) -> tuple[bool, bool, str]:
        before = as_of_ns is None or parse_time(c.trained_until) <= as_of_ns
        return c.instrument == key, before, c.trained_until

    return max(shipped, key=worth)


def build_expected(
    request: Request, chosen: Sequence[Recording], as_of_ns: int, reporter: Reporter
) -> LiquidationMap:
    """Return the expected map a request asks for, of one instrument or of several together.

    Raises
    ------
    NotEnoughDataError
        If none is calibrated, or no recording holds what the estimator needs.
    TiersUnknownError
        If none has sourced margin tiers.
    """
    from liqatlas.maps.expected import expected_map

    ready: list[ExpectedInstrument] = []
    dropped: list[str] = []
    last_error: LiqAtlasError | None = None
    for number, recording in enumerate(chosen):
        reporter.progress(f"folding {recording.instrument.key}", number, len(chosen))
        try:
            ready.append(_instrument(recording, _wanted_calibration(recording, request), request, as_of_ns))
        except (NotEnoughDataError, TiersUnknownError) as error:
            dropped.append(f"left out: {error}")
            last_error = error
    if not ready:
        raise last_error or NotEnoughDataError("nothing to build a map from")
    result = expected_map(ready, as_of_ns=as_of_ns, window_ns=request.window_ns)
    return replace(result, head=replace(result.head, warnings=(*dropped, *result.head.warnings)))


def build_expected_heatmap(
    request: Request, chosen: Sequence[Recording], as_of_ns: int, size: HeatmapSize
) -> Heatmap:
    """Return the expected heatmap of one instrument.

    Raises
    ------
    NotEnoughDataError
        If several instruments are meant, or the recording lacks what the estimator needs.
    """
    from liqatlas.levels.hour_market import hour_market
    from liqatlas.levels.hourly_maps import hourly_maps
    from liqatlas.maps.expected_columns import expected_heatmap

    if len(chosen) != 1:
        keys = ", ".join(r.instrument.key for r in chosen)
        raise NotEnoughDataError(
            f"an expected heatmap is of one instrument, and {keys} were given: choose one with --venue"
        )
    recording = chosen[0]
    calibration = _wanted_calibration(recording, request)
    one = _instrument(recording, calibration, request, as_of_ns)
    market = _whole_hours(hour_market(recording.until(as_of_ns), calibration.settings), as_of_ns)
    maps = hourly_maps(market, calibration)
    return expected_heatmap(one, maps, as_of_ns=as_of_ns, window_ns=request.window_ns, size=size)


def _wanted_calibration(recording: Recording, request: Request) -> Calibration:
    calibration = calibration_for(recording.instrument, request)
    if calibration is None:
        raise NotEnoughDataError(
            f"no calibration exists for {recording.instrument.key}: make one with `liqatlas calibrate`, or ask for --quantity outstanding"
        )
    return calibration


def _instrument(
    recording: Recording, calibration: Calibration, request: Request, as_of_ns: int
) -> ExpectedInstrument:
    import numpy as np

    from liqatlas.levels.forecast import forecast, level_now
    from liqatlas.levels.hour_market import hour_market
    from liqatlas.levels.responses import held_mass, respond
    from liqatlas.maps.expected import ExpectedInstrument
    from liqatlas.maps.modelled import mark_at

    known = recording.until(as_of_ns)
    market = _whole_hours(hour_market(known, calibration.settings), as_of_ns)
    _in_reach(market, request.window_ns, as_of_ns)
    mark, source = mark_at(known)
    recent = market.since(as_of_ns - _LEVEL_HISTORY_NS)
    responses = respond(recent, calibration.settings, scale=calibration.hazard_scale, with_profile=False)
    level = level_now(calibration, forecast(recent, calibration, responses), as_of_ns)
    held = held_mass(
        market, calibration.settings, scale=calibration.hazard_scale, since_ns=as_of_ns - request.window_ns
    )
    terms = risk_terms(
        recording.instrument,
        as_of_ns,
        max_leverage=request.max_leverage,
        maintenance_rate=request.maintenance_rate,
    )
    if calibration.instrument != recording.instrument.key:
        held = _under_cap(held, calibration, terms.nearest)
    until = int(market.start_ns[-1]) + HOUR_NS
    newest = known.span_ns()
    known_prints = bool(np.isfinite(recent.printed_usd).any())
    last_day = np.isfinite(recent.printed_usd[-24:]).all(axis=1)
    return ExpectedInstrument(
        recording=recording,
        calibration=calibration,
        held=held,
        level=level,
        mark=mark,
        price_source=source,
        passed=_passed(known, until, mark),
        open_interest_usd=float(market.open_interest[-1, -1]) * mark,
        maintenance_rate=terms.maintenance_rate,
        last_ts_ns=newest[1] if newest else as_of_ns,
        held_until_ns=until,
        begins_ns=int(market.start_ns[0]),
        warnings=_warnings(recording, market, calibration, as_of_ns, known_prints=known_prints),
        level_from_prints=bool(last_day.mean() >= 0.5),
    )


def _under_cap(held: HeldMass, calibration: Calibration, nearest: tuple[float, float]) -> HeldMass:
    """Return what can be held where the leverage cap forbids levels nearer to their entry than ``nearest`` (long, short).

    A lent calibration knows buckets that this instrument's cap forbids; one that the cap cuts keeps its part beyond it.
    """
    import numpy as np

    low, high = (
        np.log(side) for side in (calibration.settings.edges()[:-1], calibration.settings.edges()[1:])
    )
    share = np.stack([np.clip((high - np.log(max(near, 1e-9))) / (high - low), 0.0, 1.0) for near in nearest])
    return replace(held, coins=held.coins * share[:, :, None])


def _whole_hours(market: HourMarket, as_of_ns: int) -> HourMarket:
    """Return the hours that had ended by the moment.

    Raises
    ------
    NotEnoughDataError
        If none had.
    """
    count = int((market.start_ns + HOUR_NS <= as_of_ns).sum())
    if count == 0:
        raise NotEnoughDataError(
            f"{market.key}: no whole hour had ended by {isoformat(as_of_ns)}; expected prints are folded hour by hour"
        )
    return market.first(count)


def _in_reach(market: HourMarket, window_ns: int, as_of_ns: int) -> None:
    """Raise NotEnoughDataError where no hour lies in the window, or none that the level could be learnt from."""
    end = int(market.start_ns[-1]) + HOUR_NS
    if end <= as_of_ns - min(window_ns, _LEVEL_HISTORY_NS):
        raise NotEnoughDataError(
            f"{market.key}: its hours end at {isoformat(end)}, {format_duration(as_of_ns - end)} before the moment asked for: "
            "no expected map can be made; give an earlier --as-of, or newer data"
        )


def _passed(known: Recording, since_ns: int, mark: float) -> tuple[float, float]:
    """Return the lowest and highest mark sample after a moment, the newest mark included."""
    later = known.marks.filter(known.marks["ts_event_ns"] >= since_ns)["mark_price"]
    prices = [mark, *later.to_list()]
    return min(prices), max(prices)


def _warnings(
    recording: Recording, market: HourMarket, calibration: Calibration, as_of_ns: int, *, known_prints: bool
) -> tuple[str, ...]:
    key = recording.instrument.key
    out = [*recording.warnings, *market.warnings]
    if calibration.instrument != key:
        whose = "pooled" if is_pooled(calibration) else "one instrument's"
        out.append(
            f"{key}: the calibration is lent by {calibration.instrument} ({calibration.name}, {whose}: prints of "
            f"{calibration.prints_scope}); its weights and prints are not of {key}"
        )
    if calibration.caution:
        out.append(calibration.caution)
    if not known_prints:
        out.append(f"{key}: no prints in the data, so the level is that of the calibration's own period")
    missing = as_of_ns - (int(market.start_ns[-1]) + HOUR_NS)
    if missing >= HOUR_NS:
        out.append(
            f"{key}: its hours end {format_duration(missing)} before this moment: what opened or was touched since is not in the map"
        )
    elif missing > MINUTE_NS:
        out.append(
            f"{key}: what opened in the last {missing / MINUTE_NS:.0f} minutes is not in the map: the hour has not ended"
        )
    return tuple(out)
