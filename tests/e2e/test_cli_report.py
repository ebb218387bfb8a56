"""``liqatlas report`` and ``clusters`` as processes, on real recordings and on what people get wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunLiqatlas

SECTIONS = {
    "overview",
    "key_levels",
    "map_summary",
    "signals",
    "venues",
    "cascade",
    "scenarios",
    "plan",
    "changes",
    "data_quality",
}


@pytest.mark.data
def test_the_morning_after_names_the_fall(run_liqatlas: RunLiqatlas, data_dir: Path, tmp_path: Path) -> None:
    source = ("--from", data_dir / "binance_btc_5m_oi", "--archive", tmp_path / "archive")
    evening = run_liqatlas("report", "BTC", *source, "--as-of", "2026-02-04T20:00Z", "--format", "json")
    assert evening.returncode == 0, evening.stderr
    before = json.loads(evening.stdout)
    assert set(before) >= SECTIONS
    assert before["price"] == pytest.approx(73_890, rel=1e-3)
    morning = run_liqatlas("report", "BTC", *source, "--as-of", "2026-02-06T08:00Z")
    assert morning.returncode == 0, morning.stderr
    assert "The fall of 2026-02-05 to 2026-02-06: BTC fell 19 %" in morning.stdout
    assert "What we said, what happened" in " ".join(morning.stdout.split())
    assert sorted(p.name for p in (tmp_path / "archive").iterdir()) == [
        "BTC_20260204T200000.json",
        "BTC_20260206T080000.json",
    ]


@pytest.mark.data
def test_what_comes_by_itself_has_probabilities_where_they_are_calibrated(
    run_liqatlas: RunLiqatlas, data_dir: Path, tmp_path: Path
) -> None:
    path = tmp_path / "btc.json"
    done = run_liqatlas(
        "report", "BTC", "--from", data_dir / "binance_btc_5m_oi", "--depth", "400M", "--as-of", "2026-04-01T00:00Z", "-o", path
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    engine = json.loads(path.read_text(encoding="utf-8"))["cascade"]["engine"]
    assert engine["calibrated"] is True
    for way in ("down", "up"):
        told = engine[way]["forecast"]
        assert 0 < told["probability"] < 1
        assert told["calibration"].startswith("binance:BTCUSDT")
        stated = [one["probability"] for one in told["exceeded"] if one["calibrated"]]
        assert stated == sorted(stated, reverse=True)
        assert len(stated) > 3


@pytest.mark.data
def test_without_past_hours_a_daily_volatility_stands_in_and_says_so(
    run_liqatlas: RunLiqatlas, data_dir: Path
) -> None:
    tape = sorted((data_dir / "hyperliquid_tape").glob("*_ETH_20260611*"))
    done = run_liqatlas("report", "ETH", "--from", *tape, "--depth", "30M")
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "comes by itself is not forecast:" in said
    assert "hours of history" in said
    assert "reached after one daily" in said
    assert "of runs, uncalibrated" in said


@pytest.mark.data
def test_every_format_of_a_hyperliquid_report(
    run_liqatlas: RunLiqatlas, data_dir: Path, tmp_path: Path
) -> None:
    starts = {"md": b"# ETH liquidation report", "html": b"<!doctype html>", "pdf": b"%PDF", "json": b"{"}
    for ending, start in starts.items():
        path = tmp_path / f"eth.{ending}"
        done = run_liqatlas("report", "ETH", "--from", data_dir / "hyperliquid_tape", "-o", path)
        assert done.returncode == 0, done.stderr
        assert path.read_bytes().startswith(start)
    tree = json.loads((tmp_path / "eth.json").read_text(encoding="utf-8"))
    assert tree["overview"]["total_usd"] is None
    assert "prints" in tree["overview"]["missing"]["total_usd"]
    assert b"data:image/png;base64," in (tmp_path / "eth.html").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("report", "BTC", "--from", "absent"), 2, "absent"),
        (("report", "BTC", "--from", ".", "-o", "x.docx"), 2, "cannot tell a format"),
        (("report", "BTC", "--from", ".", "--previous", "absent.json"), 2, "cannot be read"),
        (("clusters", "BTC", "--from", ".", "--threshold", "much"), 2, "amount 'much'"),
        (("clusters", "BTC", "--from", ".", "--daily-volatility", "7"), 2, "fraction"),
    ],
)
def test_wrong_input_is_one_sentence(
    run_liqatlas: RunLiqatlas, tmp_path: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    done = run_liqatlas(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.data
def test_clusters_in_every_format(run_liqatlas: RunLiqatlas, data_dir: Path) -> None:
    asked = (
        "clusters",
        "BTC",
        "--from",
        data_dir / "binance_btc_5m_oi",
        "--as-of",
        "2026-02-05T00:00Z",
        "--threshold",
        "1M",
    )
    tree = json.loads(run_liqatlas(*asked, "--format", "json").stdout)
    price = tree["price"]
    assert all(c["price_high"] <= price * 1.001 for c in tree["below"])
    assert all(c["price_low"] >= price * 0.999 for c in tree["above"])
    assert tree["threshold_clusters"]
    lines = run_liqatlas(*asked, "--format", "csv").stdout.splitlines()
    assert len(lines) == 1 + len(tree["below"]) + len(tree["above"])
    assert "shorts, which BUY when liquidated" in run_liqatlas(*asked).stdout
    assert "| zone |" in run_liqatlas(*asked, "--format", "md").stdout
