"""Exported predictions: nothing later moves an earlier row, whatever was trained on, and odd folders give right rows or a clear word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from liqatlas.base.clock import HOUR_NS, isoformat, parse_time
from liqatlas.base.errors import LiqAtlasError
from liqatlas.flows.build import build_map
from liqatlas.flows.calibrate import Period, build_calibration
from liqatlas.flows.evaluate import Mode, build_evaluation, export_predictions
from liqatlas.flows.reporter import Reporter
from liqatlas.flows.request import Request
from tests.unit.levels.hour_markets import START_NS, random_market, write_folder

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

DAYS = 9
OI, KLINES, TOTALS = "oi_5m.csv", "klines_1h.csv", "liquidations_ohlc_1h.csv"
PRICES = ("open", "high", "low", "close")
PRINTS = ("liquidation_long_usd", "liquidation_short_usd")
EARLY = Period(None, parse_time("2026-06-06"))
LATE = Period(parse_time("2026-06-05"), parse_time("2026-06-08"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("data") / "binance_eth_5m_oi", random_market(24 * DAYS, 4))


def exported(
    folder: Path, out: Path, mode: Mode = "frozen", train: Period = EARLY
) -> tuple[list[str], NDArray[np.float64]]:
    export_predictions(Request(asset="ETH", paths=(folder,)), out, mode, train=train)
    frame = pl.read_csv(out)
    assert frame["liquidated"].to_list() == ["long", "short"] * (frame.height // 2)
    return frame["hour_start_utc"].to_list(), frame["predicted_usd"].to_numpy()


def changed(folder: Path, to: Path, **changes: pl.DataFrame | None) -> Path:
    """Copy a folder with some of its files replaced, or left out."""
    there = to / folder.name
    there.mkdir(parents=True)
    for key, name in (("oi", OI), ("klines", KLINES), ("totals", TOTALS)):
        frame = changes.get(key, pl.read_csv(folder / name))
        if frame is not None:
            frame.write_csv(there / name)
    return there


def scaled(frame: pl.DataFrame, factor: float, *columns: str, after_ms: int = 0) -> pl.DataFrame:
    time = frame.columns[0]
    moment = (
        pl.col(time)
        if frame[time].dtype.is_integer()
        else pl.col(time).str.to_datetime("%Y-%m-%d %H:%M:%S%z").dt.epoch("ms")
    )
    return frame.with_columns(
        pl.when(moment >= after_ms).then(pl.col(c) * factor).otherwise(pl.col(c)) for c in columns
    )


@pytest.mark.parametrize(
    ("mode", "train"), [("frozen", EARLY), ("running", EARLY), ("frozen", LATE), ("running", LATE)]
)
def test_nothing_later_moves_an_earlier_row(folder: Path, tmp_path: Path, mode: Mode, train: Period) -> None:
    cut = parse_time("2026-06-08T12:00:00Z") // 1_000_000
    oi, klines, totals = (pl.read_csv(folder / n) for n in (OI, KLINES, TOTALS))
    other = changed(
        folder,
        tmp_path,
        oi=scaled(scaled(oi, 1.4, "oi", after_ms=cut + 1), 1.5, "oi_usd", after_ms=cut + 1),
        klines=scaled(scaled(klines, 1.1, *PRICES, after_ms=cut), 3.0, "volume", after_ms=cut),
        totals=scaled(totals, 7.0, *PRINTS, after_ms=cut),
    )
    hours, one = exported(folder, tmp_path / "a.csv", mode, train)
    again, two = exported(other, tmp_path / "b.csv", mode, train)
    assert hours == again
    before = np.array([parse_time(h) // 1_000_000 < cut for h in hours])
    assert before.sum() == 2 * (24 * 7 + 11)
    assert np.array_equal(one[before], two[before])
    assert not np.array_equal(one[~before], two[~before])


def test_hours_that_do_not_know_their_open_interest_are_left_out(folder: Path, tmp_path: Path) -> None:
    late = pl.read_csv(folder / OI).filter(pl.col("t") >= START_NS // 1_000_000 + 40 * 3_600_000 + 60_000)
    hours, value = exported(changed(folder, tmp_path, oi=late), tmp_path / "p.csv")
    assert hours[0] == isoformat(START_NS + 41 * HOUR_NS)
    assert len(hours) == 2 * (24 * DAYS - 41)
    assert (value > 0).all()


def test_a_contract_of_a_thousandth_has_the_same_predictions(folder: Path, tmp_path: Path) -> None:
    oi, klines, totals = (pl.read_csv(folder / n) for n in (OI, KLINES, TOTALS))
    small = changed(
        folder,
        tmp_path,
        oi=scaled(oi, 1e3, "oi"),
        klines=scaled(scaled(klines, 1e-3, *PRICES), 1e3, "volume"),
        totals=scaled(totals, 1e-3, *(f"price_{name}" for name in PRICES)),
    )
    np.testing.assert_allclose(
        exported(small, tmp_path / "a.csv", "running")[1],
        exported(folder, tmp_path / "b.csv", "running")[1],
        rtol=2e-3,
    )


def test_order_and_repetition_of_rows_do_not_matter(folder: Path, tmp_path: Path) -> None:
    frames = {k: pl.read_csv(folder / n) for k, n in (("oi", OI), ("klines", KLINES), ("totals", TOTALS))}
    mixed = {
        k: pl.concat([f, f.head(50)]).sample(fraction=1.0, shuffle=True, seed=2) for k, f in frames.items()
    }
    one = exported(changed(folder, tmp_path, **mixed), tmp_path / "a.csv")
    two = exported(folder, tmp_path / "b.csv")
    assert one[0] == two[0]
    assert np.array_equal(one[1], two[1])


def test_a_missing_bar_leaves_no_price_of_long_ago_as_an_extreme(folder: Path, tmp_path: Path) -> None:
    gap = (parse_time("2026-06-07") // 1_000_000, parse_time("2026-06-09") // 1_000_000)
    hour = pl.col("timestamp").str.to_datetime("%Y-%m-%d %H:%M:%S%z").dt.epoch("ms")
    klines = pl.read_csv(folder / KLINES).filter((hour < gap[0]) | (hour >= gap[1]))
    totals = pl.read_csv(folder / TOTALS).filter(~pl.col("timestamp").is_between(gap[0], gap[1] - 1))
    hours, one = exported(changed(folder, tmp_path, klines=klines, totals=totals), tmp_path / "a.csv")
    again, two = exported(folder, tmp_path / "b.csv")
    assert hours == again
    inside = np.array([gap[0] <= parse_time(h) // 1_000_000 < gap[1] for h in hours])
    assert inside.sum() == 96
    # samples alone show less of an hour's extremes than its bar did, never more
    assert -1.0 < np.log(one[inside] / two[inside]).mean() < 0.1
    assert np.log(one[inside] / two[inside]).max() < 1.5
    assert np.array_equal(one[: int(np.argmax(inside))], two[: int(np.argmax(inside))])


def test_a_position_that_never_printed_in_training_does_not_blow_up(folder: Path, tmp_path: Path) -> None:
    totals = pl.read_csv(folder / TOTALS)
    quiet = totals.with_columns(
        pl.when(pl.col("timestamp") < parse_time("2026-06-06") // 1_000_000)
        .then(0.0)
        .otherwise(pl.col(PRINTS[0]))
        .alias(PRINTS[0])
    )
    _, value = exported(changed(folder, tmp_path, totals=quiet), tmp_path / "a.csv")
    realised = totals.select(PRINTS).to_numpy().max()
    assert np.isfinite(value).all()
    assert value.max() < 10 * realised


def test_a_file_that_is_left_out_is_told(folder: Path, tmp_path: Path) -> None:
    heard: list[str] = []
    klines = pl.read_csv(folder / KLINES).with_columns(pl.lit("x").alias("high"))
    source = changed(folder, tmp_path, klines=klines)
    request = Request(asset="ETH", paths=(source,))
    export_predictions(
        request, tmp_path / "p.csv", "frozen", train=EARLY, reporter=Reporter(notice=heard.append)
    )
    assert any("klines_1h.csv:2" in text and "repair or remove" in text for text in heard)


@pytest.mark.parametrize(("until", "warned"), [("2026-06-03", True), ("2026-06-04", False)])
def test_a_training_of_under_three_days_is_warned_of(
    folder: Path, tmp_path: Path, until: str, *, warned: bool
) -> None:
    heard: list[str] = []
    request, file = Request(asset="ETH", paths=(folder,)), tmp_path / "c.json"
    train, reporter = Period(None, parse_time(until)), Reporter(notice=heard.append)
    file.write_bytes(build_calibration(request, train, reporter).to_json())
    export_predictions(request, tmp_path / "p.csv", "frozen", train=train, reporter=reporter)
    heard += build_map(Request(asset="ETH", paths=(folder,), calibration_file=file)).head.warnings
    few = [text for text in heard if "its forecasts are poor" in text]
    assert len(few) == 3 * warned
    assert all("2.0 days of prints" in text for text in few)


def test_an_evaluation_warns_of_a_short_training(folder: Path) -> None:
    train, test = Period(None, parse_time("2026-06-03")), Period(parse_time("2026-06-07"), None)
    report = build_evaluation(Request(asset="ETH", paths=(folder,)), train=train, test=test)
    assert sum("its forecasts are poor" in warning for warning in report.warnings) == 1


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("totals", "no liquidation prints or totals"),
        ("silent", "something printed"),
        ("before", "no liquidation print is known in the training period"),
        ("backwards", "runs backwards"),
    ],
)
def test_what_cannot_be_predicted_is_said(folder: Path, tmp_path: Path, what: str, said: str) -> None:
    source, train = folder, EARLY
    if what == "totals":
        source = changed(folder, tmp_path, totals=None)
    if what == "silent":
        source = changed(folder, tmp_path, totals=scaled(pl.read_csv(folder / TOTALS), 0.0, *PRINTS))
    if what == "before":
        train = Period(None, parse_time("2026-01-01"))
    if what == "backwards":
        train = Period(parse_time("2026-06-06"), parse_time("2026-06-05"))
    with pytest.raises(LiqAtlasError, match=said):
        exported(source, tmp_path / "p.csv", train=train)
