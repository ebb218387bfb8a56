"""The verbs on real recordings and on what people get wrong."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from pyarrow import feather

if TYPE_CHECKING:
    from tests.conftest import RunLiqatlas

HEAD_KEYS = {
    "kind", "quantity", "simulated", "unit", "asset", "as_of", "window", "price", "open_interest_usd", "bins", "cumulative",
    "coverage", "lookahead", "prints_scope", "venues", "model", "warnings",
}  # fmt: skip


def as_json(run: RunLiqatlas, *args: str | Path) -> dict[str, Any]:
    done = run(*args, "--format", "json")
    assert done.returncode == 0, done.stderr
    tree: dict[str, Any] = json.loads(done.stdout)
    return tree


def total(tree: dict[str, Any], name: str) -> float:
    return float(sum(b[name] for b in tree["bins"]))


def test_bare_command_offers_three_commands(run_liqatlas: RunLiqatlas) -> None:
    done = run_liqatlas()
    assert done.returncode == 0
    assert [w for w in ("demo", "map", "heatmap") if f"liqatlas {w}" in done.stdout] == [
        "demo",
        "map",
        "heatmap",
    ]


def test_help_and_version(run_liqatlas: RunLiqatlas) -> None:
    assert "heatmap" in run_liqatlas("--help").stdout
    assert run_liqatlas("--version").stdout.strip() == "0.1.0"
    shown = run_liqatlas("map", "--help").stdout
    assert all(
        option in shown
        for option in ("--from", "--window", "--as-of", "--by", "--leverage", "--open-interest", "--at")
    )


@pytest.mark.data
def test_map_of_real_trades_holds_its_promises(run_liqatlas: RunLiqatlas, data_dir: Path) -> None:
    tree = as_json(run_liqatlas, "map", "ETH", "--from", data_dir / "hyperliquid_tape", "--window", "3d")
    assert set(tree) >= HEAD_KEYS
    assert (tree["kind"], tree["quantity"], tree["unit"], tree["simulated"]) == (
        "modelled",
        "outstanding",
        "USD",
        False,
    )
    assert tree["price"] == 1792.5
    assert tree["as_of"] == "2026-06-16T23:59:55.065Z"
    oi = tree["open_interest_usd"]
    assert 0 < total(tree, "long_usd") <= oi
    assert 0 < total(tree, "short_usd") <= oi
    for name, end in (("long_usd", 0), ("short_usd", -1)):
        assert np.isclose(tree["cumulative"][name][end], total(tree, name), rtol=1e-6)
        assert np.isclose(tree["totals"][name], total(tree, name), rtol=1e-6)
    for one in tree["bins"]:
        for split in ("by_venue", "by_leverage"):
            for name in ("long_usd", "short_usd"):
                assert np.isclose(sum(v[name] for v in one[split].values()), one[name], rtol=1e-6, atol=1e-3)
        if one["price_high"] <= tree["price"]:
            assert one["short_usd"] == 0
        if one["price_low"] >= tree["price"] * 1.0005:
            assert one["long_usd"] == 0
    assert tree["lookahead"] is False
    assert tree["model"]["calibration"] == "uncalibrated prior"
    assert {k for b in tree["bins"] for k in b["by_leverage"]} <= {"10-25x", "5-10x", "3-5x", "<3x"}, (
        "25x is the cap for ETH"
    )


@pytest.mark.data
def test_window_leverage_bins_and_range_narrow_the_map(run_liqatlas: RunLiqatlas, data_dir: Path) -> None:
    tape = data_dir / "hyperliquid_tape"
    whole = as_json(run_liqatlas, "map", "WIF", "--from", tape, "--window", "30d")
    day = as_json(run_liqatlas, "map", "WIF", "--from", tape, "--window", "24h")
    high = as_json(run_liqatlas, "map", "WIF", "--from", tape, "--window", "30d", "--leverage", "3-5")
    coarse = as_json(run_liqatlas, "map", "WIF", "--from", tape, "--window", "30d", "--bins", "50")
    near = as_json(
        run_liqatlas,
        "map",
        "WIF",
        "--from",
        tape,
        "--window",
        "30d",
        "--range",
        "10%",
        "--bins",
        "step:0.001",
    )
    assert total(day, "long_usd") < total(whole, "long_usd")
    assert total(high, "long_usd") < total(whole, "long_usd")
    assert {k for b in high["bins"] for k in b["by_leverage"]} == {"3-5x"}
    assert len(coarse["bins"]) == 50
    assert np.isclose(total(coarse, "short_usd"), total(whole, "short_usd"), rtol=1e-6)
    assert near["bins"][0]["price_low"] <= near["price"] * 0.9 <= near["bins"][1]["price_low"]
    assert any("data begin" in w for w in whole["warnings"])


@pytest.mark.data
def test_as_of_before_the_fall(run_liqatlas: RunLiqatlas, data_dir: Path) -> None:
    args = (
        "map",
        "BTC",
        "--from",
        data_dir / "binance_btc_5m_oi",
        "--window",
        "30d",
        "--as-of",
        "2026-02-05T18:00Z",
    )
    tree = as_json(run_liqatlas, *args)
    assert tree["as_of"] == "2026-02-05T18:00:00Z"
    assert 60_000 < tree["price"] < 72_000
    assert tree["lookahead"] is True, "brackets and prior are younger than February"
    assert any("SPOT" in w for w in tree["warnings"])


@pytest.mark.data
@pytest.mark.parametrize("ending", ["png", "svg", "csv", "parquet", "arrow", "json", "txt"])
def test_every_format_is_written_whole(
    run_liqatlas: RunLiqatlas, data_dir: Path, tmp_path: Path, ending: str
) -> None:
    target = tmp_path / f"wif.{ending}"
    done = run_liqatlas("map", "WIF", "--from", data_dir / "hyperliquid_tape", "-o", target)
    assert done.returncode == 0, done.stderr
    assert [p.name for p in tmp_path.iterdir()] == [target.name]
    content = target.read_bytes()
    starts = {
        "png": b"\x89PNG",
        "svg": b"<?xml",
        "parquet": b"PAR1",
        "arrow": b"ARROW1",
        "json": b"{",
        "csv": b"venue,",
    }
    assert content.startswith(starts.get(ending, b""))
    if ending in {"parquet", "arrow"}:
        read = pq.read_table if ending == "parquet" else feather.read_table
        table = read(target)
        head = json.loads(table.schema.metadata[b"liqatlas"])
        assert (head["kind"], head["quantity"], head["unit"], head["asset"]) == (
            "modelled",
            "outstanding",
            "USD",
            "WIF",
        )
        assert (
            table.num_rows == (pl.read_parquet if ending == "parquet" else pl.read_ipc)(target).height > 100
        )
    if ending == "csv":
        rows = pl.read_csv(target)
        assert set(rows.columns) == {
            "venue",
            "symbol",
            "leverage",
            "position",
            "price_low",
            "price_high",
            "usd",
        }
        assert set(rows["position"]) == {"long", "short"}


@pytest.mark.data
def test_terminal_picture_and_level(run_liqatlas: RunLiqatlas, data_dir: Path) -> None:
    done = run_liqatlas("map", "ETH", "--from", data_dir / "hyperliquid_tape", "--at", "1640")
    assert done.returncode == 0
    assert "MODELLED" in done.stdout
    assert "uncalibrated prior" in done.stdout
    assert "\x1b" not in done.stdout, "no escape sequences into a pipe"
    assert "if ETH falls to 1,640" in done.stderr
    tree = as_json(run_liqatlas, "map", "ETH", "--from", data_dir / "hyperliquid_tape", "--at", "1640")
    assert tree["at"]["position"] == "long"
    assert np.isclose(sum(tree["at"]["by_venue"].values()), tree["at"]["usd"])


@pytest.mark.data
def test_heatmap_columns_follow_the_window(run_liqatlas: RunLiqatlas, data_dir: Path) -> None:
    args = (
        "heatmap",
        "WIF",
        "--from",
        data_dir / "hyperliquid_tape",
        "--window",
        "24h",
        "--columns",
        "48",
        "--rows",
        "60",
    )
    tree = as_json(run_liqatlas, *args)
    assert len(tree["times"]) == 48
    assert len(tree["long_usd"]) == 48
    assert len(tree["long_usd"][0]) == len(tree["price_edges"]) - 1 == 60
    assert tree["times"][-1] == tree["as_of"]
    assert len(tree["candles"]) >= 40


@pytest.mark.data
def test_realised_prints(run_liqatlas: RunLiqatlas, data_dir: Path) -> None:
    files = data_dir / "binance_force_orders" / "forceorders_20260106.csv"
    tree = as_json(run_liqatlas, "map", "BTC", "--from", files, "--kind", "realised", "--window", "12h")
    assert (tree["kind"], tree["quantity"]) == ("realised", "liquidated")
    assert total(tree, "long_usd") + total(tree, "short_usd") > 0


@pytest.mark.data
def test_grid_is_one_picture(run_liqatlas: RunLiqatlas, data_dir: Path, tmp_path: Path) -> None:
    target = tmp_path / "grid.png"
    assert (
        run_liqatlas("map", "WIF", "--from", data_dir / "hyperliquid_tape", "--grid", "-o", target).returncode
        == 0
    )
    assert target.stat().st_size > 20_000
    done = run_liqatlas("map", "WIF", "--from", data_dir / "hyperliquid_tape", "--grid", "--format", "json")
    assert done.returncode == 2


@pytest.mark.data
def test_ingest_check_counts_rows(run_liqatlas: RunLiqatlas, data_dir: Path) -> None:
    done = run_liqatlas("ingest", "--check", data_dir / "binance_btc_5m_oi", "--format", "json")
    assert done.returncode == 0
    rows = {Path(f["path"]).name: f["rows"] for f in json.loads(done.stdout)["files"]}
    assert rows == {
        "oi_5m.csv": 34_847,
        "klines_1h.csv": 3_624,
        "liquidations_ohlc_1h.csv": 2_821,
        "funding_8h.csv": 363,
    }


@pytest.fixture
def tiny_tape(data_dir: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "tape"
    folder.mkdir()
    for name in ("trades_WIF_20260612.jsonl.gz", "ctx_WIF_20260612.jsonl.gz"):
        shutil.copy(data_dir / "hyperliquid_tape" / name, folder)
    return folder


@pytest.mark.data
def test_a_cut_off_file_is_read_as_far_as_it_goes(run_liqatlas: RunLiqatlas, tiny_tape: Path) -> None:
    trades = tiny_tape / "trades_WIF_20260612.jsonl.gz"
    trades.chmod(0o644)
    trades.write_bytes(trades.read_bytes()[:-5000])
    done = run_liqatlas("map", "WIF", "--from", tiny_tape, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert any("cut off" in w or "truncated" in w or "ends" in w for w in json.loads(done.stdout)["warnings"])


@pytest.mark.data
def test_without_open_interest_it_asks_for_a_figure(run_liqatlas: RunLiqatlas, tiny_tape: Path) -> None:
    trades = tiny_tape / "trades_WIF_20260612.jsonl.gz"
    done = run_liqatlas("map", "WIF", "--from", trades)
    assert done.returncode == 4
    assert "--open-interest" in done.stderr
    assert "Traceback" not in done.stderr
    tree = as_json(run_liqatlas, "map", "WIF", "--from", trades, "--open-interest", "20M")
    assert np.isclose(tree["open_interest_usd"], 20e6, rtol=1e-6)
    assert any("constant" in w for w in tree["warnings"])


@pytest.mark.data
@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("map", "ETH", "--from", "TAPE", "--window", "soon"), 2, "window 'soon'"),
        (("map", "ETH", "--from", "TAPE", "--as-of", "yesterday"), 2, "time 'yesterday'"),
        (("map", "ETH", "--from", "TAPE", "--as-of", "2020-01-01"), 4, "2020-01-01"),
        (("map", "ETH", "--from", "TAPE", "--tz", "Mars/Olympus"), 2, "time zone"),
        (("map", "ETH", "--from", "TAPE", "--leverage", "lots"), 2, "leverage 'lots'"),
        (("map", "ETH", "--from", "TAPE", "--range", "9:1"), 2, "range '9:1'"),
        (("map", "ETH", "--from", "TAPE", "--bins", "0"), 2, "bins '0'"),
        (("map", "ETH", "--from", "TAPE", "--at", "-5"), 2, "price -5"),
        (("map", "ETH", "--from", "TAPE", "--venue", "binance"), 2, "of venue binance"),
        (("map", "ETH", "--from", "TAPE", "--kind", "realised"), 4, "prints"),
        (("map", "ETH", "--from", "TAPE", "-o", "x.docx"), 2, "x.docx"),
        (("map", "ETH", "--from", "TAPE", "-o", "/no/such/folder/x.png"), 2, "/no/such/folder/x.png"),
        (("map", "WIFF", "--from", "TAPE"), 2, "WIF"),
        (("map", "ETH", "--lake", "/no/such/lake"), 3, "/no/such/lake"),
        (("map", "ETH", "--from", "/no/such/file"), 2, "/no/such/file"),
        (("heatmap", "ETH", "--from", "TAPE", "--columns", "0"), 2, "0 x 300"),
        (("map", "ETH", "--from", "TAPE", "--nonsense"), 2, "--nonsense"),
        (("nonsense",), 2, "nonsense"),
        (("ingest",), 2, "no file"),
    ],
)
def test_wrong_input_ends_in_one_sentence(
    run_liqatlas: RunLiqatlas, data_dir: Path, tmp_path: Path, args: tuple[str, ...], code: int, said: str
) -> None:
    tape = str(data_dir / "hyperliquid_tape")
    done = run_liqatlas(*(tape if a == "TAPE" else a for a in args), cwd=tmp_path)
    assert said in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    assert done.returncode == code


def test_a_text_file_is_not_a_recording(run_liqatlas: RunLiqatlas, tmp_path: Path) -> None:
    odd = tmp_path / "notes.txt"
    odd.write_text("hello\nworld\n")
    done = run_liqatlas("map", "ETH", "--from", odd)
    assert done.returncode == 2
    assert str(odd) in done.stderr
    assert "Traceback" not in done.stderr
    empty = tmp_path / "empty.jsonl.gz"
    empty.write_bytes(gzip.compress(b""))
    done = run_liqatlas("map", "ETH", "--from", empty)
    assert done.returncode == 2
    assert "empty" in done.stderr


def test_demo_shows_and_writes_labelled_results(run_liqatlas: RunLiqatlas, tmp_path: Path) -> None:
    done = run_liqatlas("demo", "--days", "3", "--window", "24h", "-o", tmp_path / "out", timeout_s=300)
    assert done.returncode == 0, done.stderr
    assert "SIMULATED" in done.stdout
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"map.png", "heatmap.png", "map.json"}
    assert json.loads((tmp_path / "out" / "map.json").read_text())["simulated"] is True
