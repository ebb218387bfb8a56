"""Judge and calibrate the cascade's forecasts of the next hours.

    python scripts/calibrate_cascade.py real DATA_FOLDER      # BTC, December 2025 to March 2026; writes the shipped file
    python scripts/calibrate_cascade.py simulated [DEPTH_USD] # one simulated venue with impact on; depth within one percent

Both write `docs/explanation/pictures/cascade_forecasts_WORLD.png` and print the tables of docs/explanation/cascade.md.

Events are defined by prints and marks alone: more than X USD of one position liquidated within the horizon; the mark gets as far
as x. Everything runs forward: every week the estimator, the law of excursions and the baselines are fitted anew on all hours
before, and forecast the week. From these forecasts the recalibration of later weeks is fitted: the logistic on the first 60 %
of them, the isotonic map on the rest. Thresholds are quantiles of the weeks before the first recalibration. The recipe was
settled on the weeks up to DEVELOPED_UNTIL; what is printed are the weeks after it.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from cascade_raw_forecasts import raw_forecasts, real, simulated
from liqatlas.base.clock import HOUR_NS, isoformat, parse_time
from liqatlas.cascade.calibration import brier, isotonic, logistic, reliability, reliability_z, skill
from liqatlas.cascade.excursions import FEWEST_HOURS, ExcursionLaw
from liqatlas.cascade.forecast_calibration import (
    MEAN_FLOOR_USD,
    ForecastCalibration,
    ForecastCalibrations,
    IsotonicPoints,
    Verdict,
    load_forecast_calibrations,
)
from liqatlas.levels.estimator_settings import load_settings

if TYPE_CHECKING:
    from cascade_raw_forecasts import Forecasts, World

Floats = NDArray[np.float64]
#: Weeks whose forecasts only feed the first recalibration.
WARM_WEEKS = 3
LOGISTIC_SHARE = 0.6
TRAINING_QUANTILES = (0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95)
EVENT_QUANTILES = (0.5, 0.8, 0.95)
#: Simulated hours can pass without a print: nothing smaller is asked about.
LEAST_USD = 1e3
REACHES = (0.005, 0.01, 0.02)
REACH_GRID = (0.002, 0.0035, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03)
LIQUIDATED = ("long", "short")
ROOT = Path(__file__).parents[1]
FILE = ROOT / "src" / "liqatlas" / "cascade" / "data" / "forecasts_2026-11-22.json"
PICTURES = ROOT / "docs" / "explanation" / "pictures"


def columns(one: Forecasts, rows: NDArray[np.int64], p: int, what: str) -> Floats:
    """Return the features of a recalibration: ``map`` the raw forecast and the scale, ``no map`` the scale alone."""
    scale = np.log(one.scale[rows, p])
    return (
        scale[:, None]
        if what == "no map"
        else np.column_stack([np.log(one.mean[rows, p] + MEAN_FLOOR_USD), scale])
    )


def pooled(one: Forecasts, rows: NDArray[np.int64], p: int, what: str, over: Floats) -> tuple[Floats, Floats]:
    """Return design and events over all thresholds at once."""
    features = columns(one, rows, p, what)
    design = [np.column_stack([np.full(len(rows), np.log(x)), features]) for x in over]
    return np.concatenate(design), np.concatenate([(one.liquidated[rows, p] > x).astype(float) for x in over])


@dataclass(frozen=True)
class Recalibration:
    """Logistic and isotonic step of amounts, and what it was fitted on."""

    logistic: Any
    isotonic: Any
    over: Floats

    def __call__(self, one: Forecasts, rows: NDArray[np.int64], p: int, what: str, x: float) -> Floats:
        """Return P(liquidated > x)."""
        design = np.column_stack([np.full(len(rows), np.log(x)), columns(one, rows, p, what)])
        return np.asarray(self.isotonic(self.logistic(design)))


def recalibration(one: Forecasts, rows: NDArray[np.int64], p: int, what: str) -> Recalibration:
    """Return the recalibration that forecasts of earlier hours teach."""
    over = np.unique(np.maximum(np.quantile(one.liquidated[rows, p], TRAINING_QUANTILES), LEAST_USD))
    cut = int(len(rows) * LOGISTIC_SHARE)
    fit = logistic(*pooled(one, rows[:cut], p, what, over))
    design, event = pooled(one, rows[cut:], p, what, over)
    return Recalibration(fit, isotonic(fit(design), event), over)


def reach_recalibration(one: Forecasts, rows: NDArray[np.int64], p: int) -> Any:
    """Return the isotonic map of P(reached) over the last part of earlier forecasts, each with the law of its week."""
    rows = rows[int(len(rows) * LOGISTIC_SHARE) :]
    chance, event = [], []
    for x in REACH_GRID:
        chance.append(raw_reach(one, rows, p, x))
        event.append((one.excursion[rows, p] >= x).astype(float))
    return isotonic(np.concatenate(chance), np.concatenate(event))


def raw_reach(one: Forecasts, rows: NDArray[np.int64], p: int, x: float) -> Floats:
    """Return P(excursion >= x) under the law of each row's week."""
    out = np.empty(len(rows))
    week = one.weeks[np.searchsorted(one.weeks, one.starts[rows], "right") - 1]
    for begin in np.unique(week):
        here = week == begin
        out[here] = one.laws[int(begin)][p].chance(one.scale[rows[here], p], np.full(int(here.sum()), x))
    return out


def judge(world: World, one: Forecasts, p: int) -> dict[str, Any]:
    """Return verdicts on the unseen hours, forward in time, and every forecast of the main event."""
    starts, weeks = world.market.start_ns, one.weeks
    made = np.flatnonzero(np.isfinite(one.mean[:, p]))
    warm = one.liquidated[made[starts[made] < weeks[WARM_WEEKS]], p]
    thresholds = np.maximum(np.quantile(warm, EVENT_QUANTILES), LEAST_USD)
    asked = [("amount", float(x)) for x in thresholds] + [("reach", x) for x in REACHES]
    told = {
        key: {k: np.full(len(starts), np.nan) for k in ("ours", "no map", "climatology", "logistic")}
        for key in asked
    }
    for begin, end in zip(weeks[WARM_WEEKS:-1], weeks[WARM_WEEKS + 1 :], strict=True):
        known = starts <= begin - one.horizon_h * HOUR_NS
        rows = made[known[made]]
        here = made[(starts[made] >= begin) & (starts[made] < end)]
        fits = {what: recalibration(one, rows, p, what) for what in ("map", "no map")}
        reach = reach_recalibration(one, rows, p)
        past = np.flatnonzero(known & np.isfinite(one.liquidated[:, p]) & np.isfinite(one.excursion[:, p]))
        for key in asked:
            kind, x = key
            event = (one.liquidated[:, p] > x if kind == "amount" else one.excursion[:, p] >= x).astype(float)
            if kind == "amount":
                told[key]["ours"][here] = fits["map"](one, here, p, "map", x)
                told[key]["no map"][here] = fits["no map"](one, here, p, "no map", x)
            else:
                told[key]["ours"][here] = reach(raw_reach(one, here, p, x))
            told[key]["climatology"][here] = event[past].mean()
            told[key]["logistic"][here] = logistic(one.plain[past], event[past])(one.plain[here])
    unseen = made[starts[made] >= world.developed_until]
    verdicts = {key: verdict(one, p, key, told[key], unseen) for key in asked}
    return {"asked": asked, "told": told, "unseen": unseen, "verdicts": verdicts, "made": made}


def verdict(
    one: Forecasts, p: int, key: tuple[str, float], told: dict[str, Floats], rows: NDArray[np.int64]
) -> Verdict:
    """Return how one event was forecast."""
    kind, x = key
    event = (one.liquidated[rows, p] > x if kind == "amount" else one.excursion[rows, p] >= x).astype(float)
    ours = told["ours"][rows]
    words = f"more than {x:,.0f} USD of {LIQUIDATED[p]}s" if kind == "amount" else f"mark gets {x:.2%} away"
    skills = {}
    for name in ("climatology", "logistic", "no map"):
        if np.isfinite(told[name][rows]).all():
            found = skill(ours, told[name][rows], event, block=24)
            skills[name] = (round(found.value, 3), round(found.low, 3), round(found.high, 3))
    return Verdict(
        event=words, threshold=float(f"{x:.6g}"), hours=len(rows), events=int(event.sum()),
        brier={k: round(brier(told[k][rows], event), 4) for k in ("climatology", "logistic", "no map", "ours") if k == "ours" or k in skills},
        over_climatology=skills["climatology"], over_logistic=skills["logistic"], over_no_map=skills.get("no map"),
        reliability_z=round(reliability_z(ours, event), 2),
        reliability=tuple((round(b.forecast, 4), round(b.observed, 4), b.count) for b in reliability(ours, event)),
    )  # fmt: skip


def entry(world: World, one: Forecasts, p: int, judged: dict[str, Any]) -> ForecastCalibration:
    """Return the calibration to ship: the same recipe fitted on all hours, with the verdicts of the unseen ones."""
    market, rows = world.market, judged["made"]
    fit = recalibration(one, rows, p, "map")
    past = np.isfinite(one.excursion[:, p])
    past[:FEWEST_HOURS] = False
    slope = fit.logistic.coefficients[1:] / fit.logistic.scale
    intercept = fit.logistic.coefficients[0] - float(slope @ fit.logistic.mean)
    settings = load_settings()
    verdicts = judged["verdicts"]
    return ForecastCalibration(
        instrument=market.key, asset=market.asset, liquidated=LIQUIDATED[p], horizon_s=3600.0 * one.horizon_h,
        prints_scope=market.prints_scope, model=f"{settings.name} {settings.version}", data_reference=world.data_reference,
        made_by="scripts/calibrate_cascade.py real", made_on=datetime.now(UTC).date().isoformat(), data_until=isoformat(world.until),
        law=ExcursionLaw.fit(one.features[past], one.excursion[past, p]), intercept=short(intercept), on_log_usd=short(slope[0]),
        on_log_mean=short(slope[1]), on_log_scale=short(slope[2]), amount_isotonic=points(fit.isotonic),
        reach_isotonic=points(reach_recalibration(one, rows, p)),
        usd=(short(fit.over[0]), short(fit.over[-1])), distance=(REACH_GRID[0], REACH_GRID[-1]),
        scales=(short(one.scale[judged["unseen"], p].min()), short(one.scale[judged["unseen"], p].max())),
        judged=(isoformat(world.developed_until), isoformat(world.until)),
        amounts=tuple(v for (kind, _), v in verdicts.items() if kind == "amount"),
        reaches=tuple(v for (kind, _), v in verdicts.items() if kind == "reach"),
    )  # fmt: skip


def points(fit: Any) -> IsotonicPoints:
    """Return the corners of an isotonic map."""
    keep = np.ones(len(fit.raw), dtype=bool)
    keep[1:-1] = (np.diff(fit.fitted)[:-1] != 0) | (np.diff(fit.fitted)[1:] != 0)
    return IsotonicPoints(raw=tuple(map(short, fit.raw[keep])), fitted=tuple(map(short, fit.fitted[keep])))


def short(value: float) -> float:
    """Return a number with six digits."""
    return float(f"{float(value):.6g}")


def table(judged: dict[str, Any], name: str) -> list[str]:
    """Return rows of the docs' table."""
    out = []
    for key, v in judged["verdicts"].items():
        skills = [
            f"{s[0]:+.3f} [{s[1]:+.3f}, {s[2]:+.3f}]" if s else ""
            for s in (v.over_climatology, v.over_logistic, v.over_no_map)
        ]
        out.append(
            f"| {name} | {v.event} | {v.events / v.hours:.1%} of {v.hours:,} | {' | '.join(skills)} | {v.reliability_z:+.1f} |"
        )
        del key
    return out


def replay(world: World, one: Forecasts, judged: dict[str, Any]) -> None:
    """Say what was forecast around the fall of 2026-02-05 and what came."""
    key = judged["asked"][1]
    ours, starts = judged["told"][key]["ours"], world.market.start_ns
    print(
        f"| hour | P(over {key[1]:,.0f} USD of longs) | P(over {judged['asked'][2][1]:,.0f}) | expected | liquidated | fall |"
    )
    last = judged["told"][judged["asked"][2]]["ours"]
    for i in np.flatnonzero(
        (starts >= parse_time("2026-02-05T10:00Z")) & (starts < parse_time("2026-02-06T02:00Z"))
    ):
        print(f"| {isoformat(int(starts[i]))[:16]} | {ours[i]:.2f} | {last[i]:.2f} | {one.mean[i, 0] / 1e6:.1f}M | {one.liquidated[i, 0] / 1e6:.1f}M | {-100 * np.expm1(-one.excursion[i, 0]):.1f} % |")  # fmt: skip
    worst = judged["unseen"][np.argmax(one.liquidated[judged["unseen"], 0])]
    print(isoformat(int(starts[worst])), "is above", f"{(last[judged['unseen']] < last[worst]).mean():.1%}", "of forecasts; base rate", judged["told"][judged["asked"][2]]["climatology"][worst].round(3))  # fmt: skip


def picture(world: World, made: list[Forecasts], judged: dict[tuple[int, int], dict[str, Any]]) -> None:
    """Draw reliability, skill and, for the real months, the forecasts around the crash."""
    from cascade_forecast_picture import draw

    PICTURES.mkdir(parents=True, exist_ok=True)
    draw(PICTURES / f"cascade_forecasts_{world.name}.png", world, made, judged)


def differences(entries: tuple[ForecastCalibration, ...]) -> list[str]:
    """Return where calibrations made just now differ from the shipped ones: fits by half a percent, verdicts by .02."""
    out = []
    shipped = load_forecast_calibrations()
    for new, old in zip(entries, shipped, strict=True):
        name = f"{new.liquidated}, {new.horizon_s / 3600:g} h"
        made, held = (
            (e.intercept, e.on_log_usd, e.on_log_mean, e.on_log_scale, *e.law.slope) for e in (new, old)
        )
        if not np.allclose(made, held, rtol=5e-3, atol=5e-3):
            out.append(f"{name}: the fit differs")
        seen, told = ([v.over_climatology[0] for v in (*e.amounts, *e.reaches)] for e in (new, old))
        if not np.allclose(seen, told, atol=0.02):
            out.append(f"{name}: the verdicts differ")
    return out


def main() -> None:
    """Judge one world; ship the calibration of the real one, or compare it with the shipped one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("world", choices=("real", "simulated"))
    parser.add_argument("what", nargs="?", default="8e6")
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; end with 1 where the shipped file is not what comes out",
    )
    given = parser.parse_args()
    world = real(Path(given.what)) if given.world == "real" else simulated(float(given.what))
    made = raw_forecasts(world, (1, 4))
    judged = {(i, p): judge(world, one, p) for i, one in enumerate(made) for p in (0, 1)}
    for (i, p), found in judged.items():
        print("\n".join(table(found, f"{LIQUIDATED[p]}, {made[i].horizon_h} h")))
    if given.world == "real":
        replay(world, made[0], judged[0, 0])
        entries = tuple(entry(world, made[i], p, found) for (i, p), found in judged.items())
        if given.check:
            sys.exit("; ".join(differences(entries)) or 0)
        content = msgspec.json.encode(ForecastCalibrations(schema_version=1, entries=entries))
        FILE.write_bytes(msgspec.json.format(content, indent=1) + b"\n")
        print(json.dumps([[e.liquidated, e.horizon_s, e.better_than_climatology] for e in entries]))
    if not given.check:
        picture(world, made, judged)


if __name__ == "__main__":
    main()
