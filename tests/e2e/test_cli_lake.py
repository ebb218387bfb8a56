"""``ingest``, ``map``, ``heatmap``, ``realised`` and ``doctor`` on a lake, and what people get wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from liqatlas.base import schemas
from liqatlas.base.clock import HOUR_NS, MINUTE_NS
from liqatlas.cli.main import run
from liqatlas.flows.ingest import HOLE, keep
from liqatlas.store import Lake
from tests.unit.flows.markets import START, X, trades_market

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunLiqatlas


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    prints = pl.DataFrame(
        {
            "ts_event_ns": [START + m * MINUTE_NS for m in (10, 700, 1390, 1430)],
            "liquidated": ["long", "short", "long", "long"],
            "price": [59_000.0, 61_000.0, 60_000.0, 60_500.0],
            "price_kind": "fill",
            "qty_native": 1.0,
            "notional_usd": [500.0, 1_000.0, 2_000.0, 4_000.0],
        }
    )
    with Lake.create(tmp_path / "lake") as lake:
        keep(lake, trades_market(24, 1))
        lake.ingest("liquidations", X, schemas.LIQUIDATIONS.conform(prints))
    return tmp_path / "lake"


def tree_of(run: RunLiqatlas, *args: str | Path, code: int = 0) -> dict[str, Any]:
    done = run(*args, "--format", "json")
    assert done.returncode == code, done.stderr
    tree: dict[str, Any] = json.loads(done.stdout)
    return tree


@pytest.mark.data
def test_a_map_from_the_lake_is_the_map_from_the_files(
    run_liqatlas: RunLiqatlas, data_dir: Path, tmp_path: Path
) -> None:
    tape, lake = data_dir / "hyperliquid_tape", tmp_path / "lake"
    assert run_liqatlas("ingest", tape, "--lake", lake).returncode == 0
    again = run_liqatlas("ingest", tape, "--lake", lake)
    assert again.returncode == 0
    assert again.stdout.count("nothing new") == 2
    for more in (["--window", "4d"], ["--window", "24h", "--as-of", "2026-06-14T10:20:30Z"]):
        files = tree_of(run_liqatlas, "map", "ETH", "--from", tape, *more)
        stored = tree_of(run_liqatlas, "map", "ETH", "--lake", lake, *more)
        for key in files.keys() - {"warnings"}:
            assert files[key] == stored[key], key
        assert any(HOLE in warning for warning in stored["warnings"]) == (more[1] == "4d")


def test_map_and_heatmap_use_the_lake_of_the_settings(run_liqatlas: RunLiqatlas, filled: Path) -> None:
    env = {"LIQATLAS_LAKE": str(filled)}
    for verb in ("map", "heatmap"):
        done = run_liqatlas(verb, "BTC", "--window", "12h", "--format", "json", env=env)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["asset"] == "BTC"


def test_realised_totals_and_what_is_known_of_them(
    run_liqatlas: RunLiqatlas, filled: Path, tmp_path: Path
) -> None:
    tree = tree_of(run_liqatlas, "realised", "BTC", "--lake", filled)
    by_hours = {t["hours"]: t for t in tree["totals"]}
    assert by_hours[1]["long_usd"] == 6_000
    assert by_hours[24]["usd"] == 7_500
    assert by_hours[24]["short_usd"] == 1_000
    assert by_hours[24]["long_short_ratio"] == 6.5
    assert by_hours[24]["at_least"]  # Binance prints one order per second
    assert tree["largest"]["usd"] == 4_000
    text = run_liqatlas("realised", "BTC", "--lake", filled).stdout
    assert "≥ $7.5" in text
    picture = tmp_path / "prints.png"
    assert run_liqatlas("realised", "BTC", "--lake", filled, "-o", picture).returncode == 0
    assert picture.read_bytes()[:4] == b"\x89PNG"
    assert run_liqatlas("realised", "BTC", "--lake", filled, "--format", "csv").stdout.startswith(
        "venue,source,hours"
    )


def test_wrong_words_get_one_sentence_and_their_code(
    run_liqatlas: RunLiqatlas, filled: Path, tmp_path: Path
) -> None:
    Lake.create(tmp_path / "empty").close()
    for code, words, args in (
        (3, "no lake at", ("map", "BTC", "--lake", tmp_path / "none")),
        (4, "is empty", ("map", "BTC", "--lake", tmp_path / "empty")),
        (2, "unknown symbol", ("map", "BTX", "--lake", filled)),
        (2, "did you mean BTC", ("map", "BTCX", "--lake", filled)),
        (2, "holds no BTC of venue okx", ("map", "BTC", "--lake", filled, "--venue", "okx")),
        (2, "give one", ("map", "BTC", "--lake", filled, "--from", filled)),
        (4, "no liquidation prints", ("realised", "BTC", "--lake", filled, "--as-of", "2026-05-29T21:05Z")),
        (2, "no live client", ("record", "BTC", "--venues", "kraken", "--lake", tmp_path / "x")),
        (2, "nothing to fetch", ("backfill", "--lake", tmp_path / "x")),
        (2, "cannot be read", ("record", "BTC", "--max-disk", "much", "--lake", tmp_path / "x")),
    ):
        done = run_liqatlas(*args)
        assert (done.returncode, words in done.stderr) == (code, True), (args, done.stderr)
        assert "Traceback" not in done.stderr


def test_doctor_knows_its_table_without_a_network(run_liqatlas: RunLiqatlas, filled: Path) -> None:
    tree = tree_of(run_liqatlas, "doctor", "--offline", "--lake", filled)
    assert {one["venue"] for one in tree["venues"]} >= {"binance", "bybit", "okx", "hyperliquid"}
    for one in tree["venues"]:
        assert set(one["capabilities"]) == {
            "trades", "klines", "mark", "open_interest", "open_interest_history", "funding", "long_short_ratio", "tiers",
            "book", "liquidations",
        }  # fmt: skip
        assert set(one["capabilities"].values()) <= {"live", "history", "both", "none"}
        assert {one["capabilities"][name] for name in one["unknown"]} <= {"none"}
        assert one["reachable"] is False
        assert one["liquidations_censoring"]
        assert one["source"].startswith("https://")
        assert one["read_on"]
    assert tree["lake"]["freshness"][0]["age_s"] > HOUR_NS / 1e9


def test_no_network_is_one_sentence_that_names_the_demo(run_liqatlas: RunLiqatlas, tmp_path: Path) -> None:
    closed = [f"--host={key}=http://127.0.0.1:9" for key in ("binance", "bybit", "okx", "hyperliquid")]
    env = {"LIQATLAS_CACHE": str(tmp_path / "cache")}
    for verb in ("record", "backfill"):
        done = run_liqatlas(verb, "BTC", "--lake", tmp_path / "lake", *closed, env=env)
        assert done.returncode == 3, done.stderr
        assert "liqatlas demo" in done.stderr.strip().splitlines()[-1]


def test_a_lake_is_checked_copied_mended_and_taken_back(
    run_liqatlas: RunLiqatlas, filled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept, back = str(tmp_path / "kept"), str(tmp_path / "back")

    def care(*words: str, lake: str = str(filled)) -> tuple[int, str]:
        code = run(["lake", *words, "--lake", lake])
        return code, "".join(capsys.readouterr())

    code, said = care("verify")
    assert (code, "is whole" in said) == (0, True)
    assert care("backup", kept)[0] == 0
    hit = min(filled.glob("dataset=*/**/*.parquet"))
    whole = bytearray(hit.read_bytes())
    whole[len(whole) // 2] ^= 255
    hit.unlink()  # the backup shares the old bytes
    hit.write_bytes(whole)
    done = run_liqatlas("lake", "verify", "--lake", str(filled))
    assert done.returncode == 3
    assert done.stdout.splitlines()[-1].endswith("then liqatlas lake repair")
    code, said = care("repair")
    assert (code, "noted as a gap" in said) == (0, True)
    assert care("verify")[0] == 0
    assert "nothing was wrong" in care("repair")[1]
    assert care("restore", kept, lake=back)[0] == 0
    assert care("verify", lake=back)[0] == 0
    for words, lake, wanted in (
        (("verify",), str(tmp_path / "none"), 3),
        (("repair",), str(tmp_path / "none"), 3),
        (("backup",), str(filled), 2),
        (("backup", kept), str(filled), 2),
        (("restore", str(tmp_path)), str(tmp_path / "new"), 2),
        (("verify", kept), str(filled), 2),
    ):
        code, said = care(*words, lake=lake)
        assert code == wanted
        assert len(said.strip().splitlines()) == 1
