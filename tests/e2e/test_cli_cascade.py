"""``liqatlas cascade`` as a process, on recordings and on what people get wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunLiqatlas

SHOCKS = ["-2%", "-20M", "level:1600", "+1.5%"]


@pytest.fixture(scope="session")
def eth(data_dir: Path) -> list[Path]:
    tape = data_dir / "hyperliquid_tape"
    return [tape / "trades_ETH_20260611.jsonl.gz", tape / "ctx_ETH_20260611.jsonl.gz"]


@pytest.fixture(scope="session")
def book(data_dir: Path) -> Path:
    return data_dir / "hyperliquid_tape" / "l2_ETH_20260611.jsonl.gz"


def tree(run: RunLiqatlas, *args: str | Path) -> dict[str, Any]:
    done = run("cascade", "ETH", *args, "--format", "json")
    assert done.returncode == 0, done.stderr
    out: dict[str, Any] = json.loads(done.stdout)
    return out


@pytest.mark.data
@pytest.mark.parametrize("shock", SHOCKS)
def test_json_keeps_its_contract(run_liqatlas: RunLiqatlas, eth: list[Path], book: Path, shock: str) -> None:
    out = tree(run_liqatlas, "--from", *eth, "--book", book, "--shock", shock, "--runs", "200", "--seed", "4")
    assert (out["seed"], out["runs"], out["calibrated"]) == (4, 200, False)
    for name in ("reached", "liquidated_usd"):
        assert set(out[name]) == {"p05", "p50", "p95"}
        assert out[name]["p05"] <= out[name]["p50"] <= out[name]["p95"]
    usd = [point["usd"] for point in out["shock_needed"]]
    assert usd == sorted(usd)
    assert min(usd) >= 0
    assert all({"price", "ratio"} == set(point) for point in out["branching"])
    assert all({"price", "probability"} <= set(step) for step in out["sequence"])
    below = out["shock"]["direction"] == "down"
    assert below == (shock != "+1.5%")
    assert all((point["price"] < out["price"]) == below for point in out["shock_needed"])
    assert set(out["by_venue"]) == {"hyperliquid"}
    assert any("uncalibrated" in w for w in out["warnings"])
    assert any("power law" in w for w in out["warnings"])


@pytest.mark.data
def test_same_seed_same_bytes_whatever_the_workers(
    run_liqatlas: RunLiqatlas, eth: list[Path], book: Path
) -> None:
    call: tuple[str | Path, ...] = (
        "cascade",
        "ETH",
        "--from",
        *eth,
        "--book",
        book,
        "--shock",
        "-3%",
        "--runs",
        "600",
        "--format",
        "json",
    )
    one, two = (run_liqatlas(*call, "--workers", n).stdout for n in ("1", "2"))
    assert one == two
    assert run_liqatlas(*call, "--seed", "2").stdout != one


@pytest.mark.data
def test_without_a_book_it_says_what_to_do(run_liqatlas: RunLiqatlas, eth: list[Path]) -> None:
    done = run_liqatlas("cascade", "ETH", "--from", *eth, "--shock", "-2%")
    assert done.returncode == 4
    assert "--depth" in done.stderr
    named = tree(run_liqatlas, "--from", *eth, "--shock", "-2%", "--depth", "30M", "--runs", "50")
    assert any("assumption" in w for w in named["warnings"])
    assert named["by_venue"]["hyperliquid"]["depth_1_percent_usd"] < 30e6 * 1.01


@pytest.mark.data
def test_an_order_a_picture_and_a_table(
    run_liqatlas: RunLiqatlas, eth: list[Path], book: Path, tmp_path: Path
) -> None:
    call: tuple[str | Path, ...] = (
        "cascade",
        "ETH",
        "--from",
        *eth,
        "--book",
        book,
        "--order",
        "buy:5M",
        "--runs",
        "100",
    )
    text = run_liqatlas(*call).stdout
    assert "bought at market" in text
    assert "uncalibrated" in text
    assert "The purchase fills" in text
    assert "Forced selling would" in text
    told = tree(run_liqatlas, *call[2:])["execution"]
    assert told["usd"] == 5e6
    assert 0 < told["mean_slippage"]["p05"] <= told["mean_slippage"]["p50"] <= told["mean_slippage"]["p95"]
    for name, start in (("c.png", b"\x89PNG"), ("c.svg", b"<?xml"), ("c.csv", b"price,shock_needed_usd")):
        assert run_liqatlas(*call, "-o", tmp_path / name).returncode == 0
        assert (tmp_path / name).read_bytes().startswith(start)


@pytest.mark.data
def test_the_book_of_another_moment_is_said(run_liqatlas: RunLiqatlas, eth: list[Path], book: Path) -> None:
    early = ("--as-of", "2026-06-11T20:00Z")
    done = run_liqatlas("cascade", "ETH", "--from", *eth, "--book", book, "--shock", "-2%", *early)
    assert done.returncode in {2, 4}
    assert done.stderr.strip()


@pytest.mark.data
def test_books_among_the_data_are_found(run_liqatlas: RunLiqatlas, eth: list[Path], book: Path) -> None:
    found = tree(
        run_liqatlas, "--from", *eth, book, "--shock=-2%", "--runs", "50", "--within", "10m", "--over", "1m"
    )
    named = tree(
        run_liqatlas,
        "--from",
        *eth,
        "--book",
        book,
        "--shock=-2%",
        "--runs",
        "50",
        "--within",
        "10m",
        "--over",
        "1m",
    )
    assert (found["horizon_s"], found["shock_s"]) == (600, 60)
    assert found["reached"] == named["reached"]


@pytest.mark.data
def test_depth_within_percents_serves_as_a_book_and_its_faults_are_said(
    run_liqatlas: RunLiqatlas, data_dir: Path
) -> None:
    depth = data_dir / "binance_vision" / "BTCUSDT-bookDepth-2025-10-10.csv.gz"
    done = run_liqatlas(
        "cascade", "BTC", "--from", data_dir / "binance_btc_5m_oi", "--book", depth, "--as-of", "2026-02-05T20:00Z",
        "--shock", "-5%", "--runs", "100", "--format", "json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)["warnings"]
    assert any("stale or corrupt" in w for w in said)
    assert any("older than the map" in w for w in said)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--shock", "five"), "cannot be read"),
        ((), "--shock"),
        (("--shock", "-5%", "--order", "buy:5M"), "one of"),
        (("--shock", "0%"), "cannot be read"),
        (("--order", "hold:5M"), "buy:20M"),
        (("--shock", "-5%", "--depth", "deep"), "amount"),
        (("--shock", "-5%", "--format", "parquet"), "parquet"),
        (("--shock", "-5%", "--within", "1m", "--over", "1h"), "cannot be run"),
        (("--shock", "-5%", "--within", "3d"), "cannot be run"),
    ],
)
def test_what_people_get_wrong(
    run_liqatlas: RunLiqatlas, tmp_path: Path, args: tuple[str, ...], words: str
) -> None:
    done = run_liqatlas("cascade", "BTC", "--from", tmp_path, *args)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.data
def test_a_probability_is_shown_only_where_it_is_calibrated(
    run_liqatlas: RunLiqatlas, data_dir: Path
) -> None:
    done = run_liqatlas(
        "cascade", "BTC", "--from", data_dir / "binance_btc_5m_oi", "--depth", "400M", "--runs", "400", "--format", "json",
        "--as-of", "2026-04-01T00:00Z", "--shock", "market:down",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    known = json.loads(done.stdout)
    assert known["calibrated"] is True
    assert all(e["calibrated"] for e in known["exceedance"])
    assert known["forecast"]["judged"]["skill_over_climatology"][1] > 0
    assert not any("uncalibrated" in w for w in known["warnings"])
    assert not any("no posterior" in w for w in known["warnings"])


@pytest.mark.data
def test_what_is_not_calibrated_says_why_and_too_short_a_history_is_refused(
    run_liqatlas: RunLiqatlas, data_dir: Path, eth: list[Path]
) -> None:
    tape = data_dir / "hyperliquid_tape"
    days = [
        p
        for day in ("20260611", "20260612", "20260613", "20260614")
        for p in sorted(tape.glob(f"*_ETH_{day}*"))
    ]
    other = tree(run_liqatlas, "--from", *days, "--depth", "30M", "--shock", "market:up", "--runs", "50")
    assert other["calibrated"] is False
    assert any("lent by binance:BTCUSDT" in w for w in other["warnings"])
    assert any("uncalibrated" in w for w in other["warnings"])
    assert not any(s["calibrated"] for s in other["sequence"])
    short = run_liqatlas("cascade", "ETH", "--from", *eth, "--depth", "30M", "--shock", "market:up")
    assert short.returncode == 4
    assert "hours of history" in short.stderr
