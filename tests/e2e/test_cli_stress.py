"""``liqatlas stress`` as a process: the contract, and what people get wrong."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import pytest

from liqatlas.rules import Positions, margin_rule, tiers

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunLiqatlas

HEADER = "venue,symbol,position,size,entry_price,leverage,margin_mode,margin,wallet_balance"


def write(folder: Path, *lines: str) -> Path:
    path = folder / "positions.csv"
    path.write_text("\n".join((HEADER, *lines)) + "\n", encoding="utf-8")
    return path


def test_contract(run_liqatlas: RunLiqatlas, tmp_path: Path) -> None:
    path = write(
        tmp_path, "binance,BTCUSDT,long,0.5,65000,10,isolated,,", "kraken,BTCUSDT,long,1,65000,10,isolated,,"
    )
    done = run_liqatlas("stress", "--positions", path, "--price", "BTC=64000", "--daily-volatility", "0.03",
                        "--as-of", "2026-09-29", "--format", "json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    tree = json.loads(done.stdout)
    good, bad = tree["positions"]
    day = date(2026, 9, 29)
    exact = margin_rule("binance", "linear", day).liquidation_price(
        Positions.isolated(1, 0.5, entry=65000.0, leverage=10.0), tiers("binance", "BTCUSDT", day)
    )
    assert good["liquidation_price"] == exact.item()
    assert good["bankruptcy_price"] == 58500.0
    assert (good["tier"], good["maintenance_rate"]) == (1, tiers("binance", "BTCUSDT", day).rates[0])
    assert good["distance"] == pytest.approx(exact.item() / 64000 - 1)
    assert good["clusters_between"] is None
    assert "--from" in good["missing"]["clusters_between"]
    assert (
        0
        < good["touch_probability"]["1h"]
        < good["touch_probability"]["24h"]
        < good["touch_probability"]["7d"]
        < 1
    )
    assert bad["liquidation_price"] is None
    assert "maintenance_rate" in bad["error"]
    assert "line 3" in done.stderr


def test_all_rows_wrong_leaves_with_the_error_s_code(run_liqatlas: RunLiqatlas, tmp_path: Path) -> None:
    unknown = write(tmp_path, "binance,NOPEUSDT,long,1,1,10,isolated,,")
    done = run_liqatlas("stress", "--positions", unknown, "--format", "json")
    assert done.returncode == 4
    assert json.loads(done.stdout)["errors"] == 1
    assert (
        run_liqatlas(
            "stress", "--positions", write(tmp_path, "binance,BTCUSDT,up,1,1,10,isolated,,")
        ).returncode
        == 2
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--positions", "absent.csv"), "cannot be read"),
        (("--positions", "-"), "is empty"),
        (("--positions", "-", "--price", "BTC"), "SYMBOL=VALUE"),
        (("--positions", "-", "--daily-volatility", "3"), "fraction"),
    ],
)
def test_wrong_input_is_one_sentence(
    run_liqatlas: RunLiqatlas, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    done = run_liqatlas("stress", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.data
def test_clusters_between_price_and_level_come_from_recordings(
    run_liqatlas: RunLiqatlas, data_dir: Path, tmp_path: Path
) -> None:
    path = write(
        tmp_path,
        "binance,BTCUSDT,long,0.5,75000,10,isolated,,",
        "binance,BTCUSDT,short,0.5,50000,20,isolated,,",
    )
    source = data_dir / "binance_btc_5m_oi"
    asked = ("stress", "--positions", path, "--from", source, "--as-of", "2026-02-05T00:00Z")
    done = run_liqatlas(*asked, "--format", "json")
    assert done.returncode == 0, done.stderr
    open_, drowned = json.loads(done.stdout)["positions"]
    assert open_["price"] == 73148.90000000001
    assert open_["clusters_between"]
    for cluster in open_["clusters_between"]:
        assert cluster["price_high"] > open_["liquidation_price"]
        assert cluster["price_low"] < open_["price"]
    stop = open_["stop"]["price"]
    assert open_["liquidation_price"] < stop < open_["price"]
    assert not any(c["price_low"] <= stop < c["price_high"] for c in open_["clusters_between"])
    assert drowned["state"] == "bankrupt"
    page = run_liqatlas(*asked, "--format", "md").stdout
    assert "PAST ZERO EQUITY NOW" in page
    assert "Research, not advice" in page
