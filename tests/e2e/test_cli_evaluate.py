"""``calibrate``, ``evaluate`` and the expected map: on a made-up folder of another asset, and on the real months."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

import liqatlas as lq
from liqatlas.base.clock import parse_time
from liqatlas.base.errors import InputError
from liqatlas.flows.build import build_map
from liqatlas.flows.calibrate import Period
from liqatlas.flows.evaluate import EvaluationReport, build_evaluation, export_predictions
from liqatlas.flows.evaluate_rolling import Rolling, build_rolling, rolling_page
from liqatlas.flows.request import Request
from tests.unit.levels.hour_markets import random_market, write_folder

if TYPE_CHECKING:
    from tests.conftest import RunLiqatlas

HOURS = 24 * 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve days of a made-up ETH, some hours of prints missing."""
    market = random_market(HOURS, 4)
    printed = market.printed_usd.copy()
    printed[40:47] = np.nan
    return write_folder(
        tmp_path_factory.mktemp("data") / "binance_eth_5m_oi", replace(market, printed_usd=printed)
    )


def test_calibrate_then_map_expected(run_liqatlas: RunLiqatlas, folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "eth.json"
    done = run_liqatlas("calibrate", "ETH", "--from", folder, "-o", file)
    assert done.returncode == 0, done.stderr
    made = json.loads(file.read_text())
    assert (made["asset"], made["instrument"], made["rows"]) == ("ETH", "binance:ETHUSDT", 2 * (HOURS - 7))
    done = run_liqatlas(
        "map", "ETH", "--from", folder, "--calibration", file, "--format", "json", "--bins", "200"
    )
    assert done.returncode == 0, done.stderr
    tree = json.loads(done.stdout)
    assert (tree["quantity"], tree["lookahead"]) == ("expected", False)
    assert tree["prints_scope"].startswith("Binance + Bybit + OKX")
    total = sum(b["long_usd"] for b in tree["bins"])
    assert tree["cumulative"]["long_usd"][0] == pytest.approx(total)
    band = tree["cumulative_band"]
    whole = np.interp(band["price"], tree["cumulative"]["price"], tree["cumulative"]["long_usd"])
    inside = (np.array(band["long_low_usd"]) <= whole * 1.001 + 1) & (
        whole <= np.array(band["long_high_usd"]) * 1.001 + 1
    )
    assert inside.mean() > 0.9
    for b in tree["bins"]:
        assert b["short_usd"] == 0 or b["price_high"] > tree["price"]
        assert b["long_usd"] == 0 or b["price_low"] < tree["price"]


def test_without_a_calibration_expected_is_lent_only_when_asked(
    run_liqatlas: RunLiqatlas, folder: Path
) -> None:
    done = run_liqatlas("map", "ETH", "--from", folder, "--quantity", "expected", "--format", "json")
    assert done.returncode == 0, done.stderr
    tree = json.loads(done.stdout)
    assert tree["quantity"] == "expected"
    assert any("lent by binance:BTCUSDT" in w for w in tree["warnings"])
    assert "outstanding" in run_liqatlas("map", "ETH", "--from", folder).stdout


def test_expected_heatmap_agrees_with_the_map_of_the_hour(run_liqatlas: RunLiqatlas, folder: Path) -> None:
    common = (
        "ETH",
        "--from",
        folder,
        "--quantity",
        "expected",
        "--format",
        "json",
        "--as-of",
        "2026-06-11T12:00:00Z",
    )
    done = run_liqatlas("heatmap", *common, "--columns", "24", "--window", "24h")
    assert done.returncode == 0, done.stderr
    heat = json.loads(done.stdout)
    assert (heat["quantity"], len(heat["times"])) == ("expected", 23)
    whole = json.loads(run_liqatlas("map", *common, "--window", "30d").stdout)
    edges = np.array(heat["price_edges"])
    near = (edges[:-1] > heat["price"] * 0.95) & (edges[1:] < heat["price"] * 0.999)
    drawn = float(np.array(heat["long_usd"][-1])[near].sum())
    told = np.interp(
        [heat["price"] * 0.95, heat["price"] * 0.999],
        whole["cumulative"]["price"],
        whole["cumulative"]["long_usd"],
    )
    assert drawn == pytest.approx(told[0] - told[1], rel=0.5)  # an hour lies between the two


def test_rolling_refits_never_read_ahead(folder: Path) -> None:
    request = Request(asset="ETH", paths=(folder,))
    test = Period(parse_time("2026-06-08"), parse_time("2026-06-12"))
    whole = build_rolling(request, Rolling(2), test)
    assert whole.refits == ("2026-06-08T00:00:00Z", "2026-06-10T00:00:00Z")
    assert {"B1", "B3", "B3h"} <= set(whole.gains["frozen"])
    assert "| B3 |" in rolling_page(whole, "md").decode()
    assert json.loads(rolling_page(whole, "json"))["every_days"] == 2
    trailing = build_rolling(request, Rolling(2, 4), test)
    assert trailing.gains["running"]["B1"] != whole.gains["running"]["B1"]
    with pytest.raises(InputError, match="nothing lies before"):
        build_rolling(request, Rolling(2), Period(None, None))


def test_two_venues_on_one_axis_add_up(folder: Path) -> None:
    (one,) = lq.read(folder, asset="ETH")
    twin = replace(one, instrument=replace(one.instrument, venue="bybit"))
    request = Request(asset="ETH", quantity="expected", max_leverage=100.0, maintenance_rate=0.004)
    alone, both = build_map(request, [one]), build_map(request, [one, twin])
    assert {v.venue for v in both.head.venues} == {"binance", "bybit"}
    assert both.usd.sum() == pytest.approx(2 * alone.usd.sum())
    assert any("adds up to more" in w for w in both.head.warnings)
    assert both.cumulative_band is not None
    assert (both.cumulative_band.long_high >= both.cumulative_band.long_low).all()


def test_hourly_maps_and_features_are_frames(folder: Path) -> None:
    source = lq.read(folder, asset="ETH")
    features, maps = lq.features("ETH", source=source, every="4h"), lq.maps("ETH", source=source, every="1h")
    assert (features.height, maps.height) == (HOURS // 4, HOURS)
    assert features["instrument"][0] == "binance:ETHUSDT"
    assert not features["lookahead"].any()  # the lent calibration ends before June
    row = maps.filter(pl.col("moment") == features["moment"][-1])
    within = np.interp(0.02, row["distance"][0].to_numpy(), row["long_usd"][0].to_numpy())
    assert within == pytest.approx(features["long_within_2pct"][-1])
    with pytest.raises(InputError, match="whole hours"):
        lq.features("ETH", source=source, every="90m")


def test_a_lent_calibration_is_named(folder: Path) -> None:
    lent = next(Path("src/liqatlas/levels/data").resolve().glob("calibration_btc_*.json"), None)
    root = Path(__file__).resolve().parents[2]
    lent = lent or next((root / "src/liqatlas/levels/data").glob("calibration_btc_*.json"))
    result = build_map(Request(asset="ETH", paths=(folder,), calibration_file=lent))
    assert any("lent by binance:BTCUSDT" in w for w in result.head.warnings)
    assert "binance:BTCUSDT" in result.head.model.calibration


def test_evaluate_says_everything(run_liqatlas: RunLiqatlas, folder: Path) -> None:
    done = run_liqatlas(
        "evaluate", "ETH", "--from", folder, "--train-until", "2026-06-09", "--format", "json"
    )
    assert done.returncode == 0, done.stderr
    tree: dict[str, Any] = json.loads(done.stdout)
    assert tree["train"]["until"] == "2026-06-09T00:00:00Z"
    assert tree["test"]["from"] == "2026-06-10T00:00:00Z"  # a day's embargo
    frozen, running = tree["predictions"]
    assert (frozen["name"], running["name"]) == ("frozen", "running")
    wanted = {"B1", "B2", "B3", "B3h", "persistence", "fixed tiers", "fixed tiers with bookkeeping"}
    assert wanted <= set(frozen["gain_over"])
    assert set(tree["frozen_above_placebo"]) == {
        "map of seven days before", "map of a day before", "mirrored map", "no map",
    }  # fmt: skip
    assert len(frozen["reliability"]) == 10
    assert [h["hours"] for h in tree["horizons"]] == [4]
    assert {"auc", "spatial_test_quantile", "inside_90_percent_interval"} <= set(frozen)
    for form, head in (("md", "# ETH"), ("term", "ETH")):
        out = run_liqatlas(
            "evaluate", "ETH", "--from", folder, "--train-until", "2026-06-09", "--format", form
        )
        assert out.stdout.startswith(head)


def test_a_pooled_score_refuses_a_lender_that_knows_the_test(
    run_liqatlas: RunLiqatlas, folder: Path, tmp_path: Path
) -> None:
    lender = tmp_path / "all.json"
    assert run_liqatlas("calibrate", "ETH", "--from", folder, "-o", lender).returncode == 0
    common = (
        "evaluate",
        "ETH",
        "--from",
        folder,
        "--train-until",
        "2026-06-09",
        "--format",
        "json",
        "--pool",
    )
    done = run_liqatlas(*common, lender)
    assert done.returncode == 2
    assert "inside the test period" in done.stderr
    shipped = next((Path(lq.__file__).parent / "levels" / "data").glob("calibration_btc_*.json"))
    done = run_liqatlas(*common, shipped)
    assert done.returncode == 0, done.stderr
    update = run_liqatlas("calibrate", "ETH", "--from", folder, "--update", lender, "--pool", shipped)
    assert (update.returncode, "--update takes everything" in update.stderr) == (2, True)


@pytest.mark.parametrize("mode", ["frozen", "running"])
def test_export_scores_like_ourselves(
    run_liqatlas: RunLiqatlas, folder: Path, tmp_path: Path, mode: str
) -> None:
    file = tmp_path / "p.csv"
    periods = ("--train-until", "2026-06-09")
    done = run_liqatlas("evaluate", "ETH", "--from", folder, "--export", file, "--mode", mode, *periods)
    assert done.returncode == 0, done.stderr
    frame = pl.read_csv(file)
    assert frame.columns == ["hour_start_utc", "liquidated", "predicted_usd"]
    assert frame.height == 2 * (HOURS - 1)  # nothing is known before the first hour
    assert frame["predicted_usd"].min() > 0  # type: ignore[operator]
    done = run_liqatlas(
        "evaluate", "ETH", "--from", folder, "--predictions", file, *periods, "--format", "json"
    )
    given = json.loads(done.stdout)["predictions"][0]
    assert given["name"] == "p.csv"
    # the file lacks the first hour, so its dispersion is fitted on one row the less of each position
    assert abs(given["gain_over"][mode]["nats_per_hour_and_position"]) < 1e-3


def test_after_the_training_period_only_the_level_reads_prints(folder: Path, tmp_path: Path) -> None:
    request = Request(asset="ETH", paths=(folder,))
    late = tmp_path / "late" / "binance_eth_5m_oi"
    late.mkdir(parents=True)
    cut = parse_time("2026-06-10") // 1_000_000
    for name in ("oi_5m.csv", "klines_1h.csv", "liquidations_ohlc_1h.csv"):
        frame = pl.read_csv(folder / name)
        if name.startswith("liq"):
            later = pl.col("timestamp") >= cut
            frame = frame.with_columns(
                pl.when(later).then(pl.col(c) * 5).otherwise(pl.col(c))
                for c in ("liquidation_long_usd", "liquidation_short_usd")
            )
        frame.write_csv(late / name)
    train = Period(None, parse_time("2026-06-09"))
    out = []
    for one, source in (("a.csv", folder), ("b.csv", late)):
        export_predictions(replace(request, paths=(source,)), tmp_path / one, "frozen", train=train)
        out.append(pl.read_csv(tmp_path / one)["predicted_usd"].to_numpy())
    before = 2 * 24 * 9
    assert np.array_equal(out[0][:before], out[1][:before])
    assert not np.array_equal(out[0][before:], out[1][before:])


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("evaluate", "ETH", "--from", "HERE", "--export", "x.csv"), 2, "--train-until"),
        (("evaluate", "ETH", "--from", "HERE", "--train-from", "2026-06-05"), 2, "leaves nothing to test"),
        (("evaluate", "ETH", "--from", "HERE", "--train-until", "2026-06-09", "--test-from", "2026-06-08"), 2, "overlap"),
        (("evaluate", "ETH", "--from", "HERE", "--train-until", "2020-01-01"), 4, "training"),
        (("evaluate", "ETH", "--from", "HERE", "--train-until", "2026-06-09", "--predictions", "none.csv"), 2, "none.csv"),
        (("calibrate", "ETH", "--from", "HERE", "--train-from", "2026-06-09", "--train-until", "2026-06-08"), 2, "backwards"),
        (("calibrate", "ETH"), 2, "--from"),
    ],
)  # fmt: skip
def test_what_people_get_wrong(
    run_liqatlas: RunLiqatlas, folder: Path, args: tuple[str, ...], code: int, said: str
) -> None:
    done = run_liqatlas(*(str(folder) if a == "HERE" else a for a in args))
    assert done.returncode == code, done.stderr
    assert said in done.stderr


def evaluated(data_dir: Path, train: tuple[str, str], test: tuple[str, str]) -> EvaluationReport:
    periods = [Period(parse_time(a), parse_time(b)) for a, b in (train, test)]
    request = Request(asset="BTC", paths=(data_dir / "binance_btc_5m_oi",))
    return build_evaluation(request, train=periods[0], test=periods[1])


@pytest.mark.data
@pytest.mark.slow
def test_march_reaches_the_bars(data_dir: Path) -> None:
    report = evaluated(data_dir, ("2025-11-01", "2026-02-25"), ("2026-03-01", "2026-04-01"))
    frozen, running = report.evaluation.scores
    assert frozen.gains["B3"].per_row.mean >= 0.12
    assert frozen.gains["B3h"].per_row.low > 0
    assert report.added["B3h"].per_row.low > 0
    assert report.placebos["map of seven days before"].per_row.mean >= 0.10
    assert running.gains["B3"].per_row.mean >= 0.40
    assert running.gains["B3xx"].per_row.low > 0
    assert running.gains["boosted trees"].per_row.low > 0
    assert running.rank_ic >= 0.86
    assert 0.6 <= running.predicted_over_realised <= 1.6
    assert frozen.gains["fixed tiers"].per_row.low > 0.3


@pytest.mark.data
@pytest.mark.slow
def test_crash_reaches_the_bars(data_dir: Path) -> None:
    report = evaluated(data_dir, ("2026-02-12", "2026-04-01"), ("2026-01-25", "2026-02-09"))
    frozen, running = report.evaluation.scores
    assert running.gains["B3"].per_row.mean >= 0.55
    assert running.gains["B3xx"].per_row.low > 0
    assert frozen.gains["B3h"].per_row.low > 0
