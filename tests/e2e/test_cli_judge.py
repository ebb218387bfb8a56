"""``evaluate --judge measured``: a tape of generated trades and a scan of generated accounts, from files and from the lake."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest

from liqatlas.base.clock import parse_window
from liqatlas.base.errors import LiqAtlasError
from liqatlas.flows.ingest import ingest_files
from liqatlas.flows.judge import build_judgement, judgement_json, judgement_text
from liqatlas.flows.request import Request
from tests.hyperliquid_stub import TIME_MS, address, state_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunLiqatlas

HOUR_MS = 3_600_000


def market(folder: Path) -> list[Path]:
    """Write three days of trades and contexts that end where the snapshot of the accounts is."""
    rng, price, interest = random.Random(5), 2000.0, 90_000.0
    trades, contexts = [], []
    for ts in range(TIME_MS - 72 * HOUR_MS, TIME_MS + 1, 10 * 60_000):
        for step in range(5):
            price *= 1 + rng.gauss(0, 0.0008)
            when = ts - 300_000 + 60_000 * step
            trades.append(
                {
                    "ts": when,
                    "px": round(price, 1),
                    "sz": round(rng.uniform(0.1, 40), 4),
                    "side": rng.choice("AB"),
                }
            )
        interest *= 1 + rng.gauss(0, 0.004)
        contexts.append(
            {"ts": ts, "funding": 1e-5, "oi": interest, "mark": round(price, 1), "oracle": round(price, 1)}
        )
    scan = [
        {"v": 1, "type": "clearinghouseState", "time": TIME_MS, "user": address(n), "data": state_of(n, 1)}
        for n in range(1, 300)
    ]
    paths = []
    for name, rows in (("trades_ETH_20260210", trades), ("ctx_ETH_20260210", contexts), ("scan", scan)):
        path = folder / f"{name}.jsonl"
        path.write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows))
        paths.append(path)
    return paths


def test_judge_from_files_and_from_the_lake(run_liqatlas: RunLiqatlas, tmp_path: Path) -> None:
    paths = market(tmp_path)
    args = ("evaluate", "ETH", "--judge", "measured", "--window", "3d")
    done = run_liqatlas(*args, "--from", *paths, "--format", "json")
    assert done.returncode == 0, done.stderr
    tree = json.loads(done.stdout)
    assert (tree["judge"], tree["asset"], tree["estimate"]) == (
        "measured", "ETH", {"venues": ["hyperliquid:ETH"], "window": "3d"},
    )  # fmt: skip
    assert tree["as_of"].startswith("2026-02-10T19:00")
    for side in (tree["long"], tree["short"]):
        bands = side["bands"]
        assert [b["low"] for b in bands] == [0, 0.02, 0.05, 0.1, 0.2]
        known = [b for b in bands if b["ratio"] is not None]
        assert known
        assert all(
            b["ratio"] == pytest.approx(b["estimated_usd"] / b["measured_usd"], rel=1e-4) for b in known
        )
        assert 0 <= side["overlap"] <= 1
        assert min(side["wasserstein_log_price"], side["wasserstein_of_even_spread"]) > 0
        assert len(side["calibration_by_estimate"]) == len(side["calibration_by_measure"]) == 5
    assert any("of open interest" in limit for limit in tree["limits"])
    ingest_files(paths, tmp_path / "lake")
    request = Request(asset="ETH", lake=tmp_path / "lake", window_ns=parse_window("3d"))
    found = build_judgement(request, measured_window_ns=parse_window("24h"))
    again = json.loads(judgement_json(found))
    assert [b["measured_usd"] for b in again["long"]["bands"]] == [
        b["measured_usd"] for b in tree["long"]["bands"]
    ]
    assert again["long"]["wasserstein_log_price"] == pytest.approx(
        tree["long"]["wasserstein_log_price"], rel=0.02
    )
    text = judgement_text(found)
    assert "mean misplacement" in text
    assert "if spread evenly" in text


def test_judge_without_positions_or_trades_says_what_is_missing(tmp_path: Path) -> None:
    trades, contexts, scan = market(tmp_path)
    for paths in ((trades, contexts), (scan,)):
        with pytest.raises(
            LiqAtlasError, match=r"table that was asked for|no public positions|trades|bars|open interest"
        ):
            build_judgement(Request(asset="ETH", paths=paths), measured_window_ns=parse_window("24h"))
