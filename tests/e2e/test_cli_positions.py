"""The positions verb and the measured map on real snapshots, and on what people get wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.hyperliquid_stub import address, state_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunLiqatlas


def as_json(run: RunLiqatlas, *args: str | Path) -> dict[str, Any]:
    done = run(*args, "--format", "json")
    assert done.returncode == 0, done.stderr
    tree: dict[str, Any] = json.loads(done.stdout)
    return tree


@pytest.mark.data
def test_check_keeps_its_contract(run_liqatlas: RunLiqatlas, data_dir: Path) -> None:
    """The bar: 90 % of at least 4,000 positions within 0.1 %, every other one in a class."""
    tree = as_json(run_liqatlas, "positions", "--from", data_dir / "hyperliquid_positions", "--check")
    assert tree["checked"] > 50_000
    assert tree["within_0_1_percent"] > 0.9
    off = tree["checked"] - round(tree["checked"] * tree["within_0_1_percent"])
    assert sum(d["count"] for d in tree["disagreements"]) == off
    assert all({"class", "count", "example"} <= set(d) for d in tree["disagreements"])
    unexplained = sum(d["count"] for d in tree["disagreements"] if d["class"] == "unexplained")
    assert unexplained < 0.001 * tree["checked"]
    assert tree["without_level"]["agreed"] == tree["without_level"]["checked"] > 20_000
    assert tree["not_checked"]["unknown_tiers"] > 0


@pytest.mark.data
def test_measured_map_says_what_it_has_seen(run_liqatlas: RunLiqatlas, data_dir: Path) -> None:
    source = data_dir / "hyperliquid_positions"
    tree = as_json(run_liqatlas, "map", "ETH", "--kind", "measured", "--from", source)
    assert (tree["kind"], tree["quantity"], tree["simulated"]) == ("measured", "outstanding", False)
    assert tree["coverage"]["share"] is None
    assert any("open interest is unknown" in w for w in tree["warnings"])
    bands = tree["coverage"]["by_distance"]
    assert bands[0]["low"] == 0
    assert bands[-1]["high"] is None
    assert sum(b["long_usd"] for b in bands) == pytest.approx(tree["totals"]["long_usd"])
    assert sum(b["short_usd"] for b in bands) == pytest.approx(tree["totals"]["short_usd"])
    below = [b for b in tree["bins"] if b["price_low"] >= tree["price"]]
    above = [b for b in tree["bins"] if b["price_high"] <= tree["price"]]
    assert sum(b["long_usd"] for b in below) == sum(b["short_usd"] for b in above) == 0
    known = as_json(
        run_liqatlas, "map", "ETH", "--kind", "measured", "--from", source, "--open-interest", "1.6B"
    )
    cover = known["coverage"]
    assert 0.2 < cover["observed_share"] < 0.3
    for name in ("long", "short"):
        side = cover[name]
        parts = side["explained_usd"] + side["no_reachable_level_usd"] + side["unseen_usd"]
        assert parts == pytest.approx(side["open_interest_usd"])
    assert [b["long_share"] for b in cover["by_distance"]] == pytest.approx(
        [b["long_usd"] / 1.6e9 for b in cover["by_distance"]], rel=1e-6
    )


@pytest.mark.data
def test_common_path_shows_its_betas(run_liqatlas: RunLiqatlas, data_dir: Path) -> None:
    args = ("map", "ETH", "--kind", "measured", "--from", data_dir / "hyperliquid_positions")
    still, follow = as_json(run_liqatlas, *args), as_json(run_liqatlas, *args, "--others", "follow")
    betas = follow["model"]["parameters"]["betas"]
    assert betas["ETH"] == 1
    assert 0.5 < betas["BTC"] < 1.2
    assert still["totals"] != follow["totals"]
    assert "betas" not in still["model"]["parameters"]


@pytest.mark.data
def test_as_of_knows_nothing_later(run_liqatlas: RunLiqatlas, data_dir: Path) -> None:
    args = ("map", "ETH", "--kind", "measured", "--from", data_dir / "hyperliquid_positions")
    tree = as_json(run_liqatlas, *args, "--as-of", "2026-02-01T00:00:00Z", "--window", "3d")
    assert tree["as_of"].startswith("2026-02-01T00:00")
    assert all(v["last_ts"] <= "2026-02-01T00:00:00Z" for v in tree["venues"])
    early = run_liqatlas(*args, "--as-of", "2026-01-01")
    assert early.returncode == 4
    assert "2026-01-22" in early.stderr


@pytest.mark.data
@pytest.mark.parametrize("view", ["table", "cohorts", "changes"])
def test_views_show_their_columns(run_liqatlas: RunLiqatlas, data_dir: Path, view: str) -> None:
    source = data_dir / "hyperliquid_positions"
    done = run_liqatlas("positions", "ETH", "--from", source, "--view", view, "--top", "5")
    assert done.returncode == 0, done.stderr
    word = {"table": "liq. price", "cohorts": "within 10 % of its level", "changes": "level before"}[view]
    assert word in done.stdout
    assert "seen: an unknown share of open interest" in done.stdout
    assert "grade D: share of open interest unknown" in done.stdout


@pytest.mark.data
def test_sorting_and_csv(run_liqatlas: RunLiqatlas, data_dir: Path) -> None:
    source = data_dir / "hyperliquid_positions"
    tree = as_json(run_liqatlas, "positions", "ETH", "--from", source, "--sort", "distance", "--top", "50")
    assert tree["coverage"]["observed_share"] is None
    assert tree["grade"] == "D"
    assert len(tree["coverage"]["by_distance"]) == 6
    away = [p["distance"] for p in tree["positions"]]
    assert away == sorted(away)
    assert len(away) == 50
    done = run_liqatlas(
        "positions", "ETH", "--from", source, "--format", "csv", "--only", "short", "--top", "0"
    )
    lines = done.stdout.splitlines()
    assert lines[0].startswith("account,venue,symbol")
    assert len(lines) > 50
    assert all(",short," in line for line in lines[1:])


@pytest.mark.data
def test_accounts_of_2023_are_rebuilt(run_liqatlas: RunLiqatlas, data_dir: Path) -> None:
    tree = as_json(run_liqatlas, "positions", "--from", data_dir / "hyperliquid_2023", "--rebuild")
    assert (tree["liquidations"], tree["accounts"], tree["position_closed_exactly"]) == (62, 42, 62)
    taken = tree["by_takeover_price"]
    assert taken["events"] >= 55
    assert taken["mark_beyond_our_level"] == taken["events"]
    assert taken["overshoot_median"] < 0.001
    assert sum(c["count"] for c in tree["classes"]) == 62


def scan_file(folder: Path, *, spoil: bool) -> Path:
    """A scan as it is written, with every kind of trouble if wanted."""
    lines = []
    for number in range(1, 61):
        body = state_of(number, 3)
        lines.append(
            {
                "v": 1,
                "type": "clearinghouseState",
                "time": body["time"],
                "user": address(number),
                "data": body,
            }
        )
    if spoil:
        lines[3]["user"] = "0x12"
        lines[4]["data"] = {"assetPositions": [], "withdrawable": "0.0"}
        held = [i for i, one in enumerate(lines) if i > 5 and one["data"].get("assetPositions")]
        first, second, third = (lines[i]["data"]["assetPositions"][0]["position"] for i in held[:3])
        first["liquidationPx"] = "0.0"
        second["liquidationPx"] = str(1e7) if float(second["szi"]) > 0 else "0.001"
        third["coin"] = "xyz:TSLA"
        lines.append({"v": 1, "type": "failed", "time": 1, "user": address(99), "reason": "HTTP 500"})
    path = folder / "scan.jsonl"
    text = "\n".join(json.dumps(line, separators=(",", ":")) for line in lines)
    path.write_text(text + ('\n{"v":1,"type":"clearingh' if spoil else "\n"))
    return path


def test_trouble_is_counted_and_the_map_marked_partial(run_liqatlas: RunLiqatlas, tmp_path: Path) -> None:
    tree = as_json(
        run_liqatlas, "map", "BTC", "--kind", "measured", "--from", scan_file(tmp_path, spoil=True)
    )
    said = " ".join(tree["warnings"])
    for wanted in (
        "2 of 60 answers are failures", "no marginSummary in the body (1)", "HTTP 500 (1)", "no address (1)", "cut off or no JSON (1)",
        "1 positions of other perp dexes", "1 rows with a level on the wrong side",
    ):  # fmt: skip
        assert wanted in said, said


def test_wrong_use_is_explained(run_liqatlas: RunLiqatlas, tmp_path: Path) -> None:
    path = scan_file(tmp_path, spoil=False)
    cases = [
        (("positions",), 2, "--from"),
        (("positions", "--from", path, "--format", "png"), 2, "picture"),
        (("positions", "--from", path, "--check", "--format", "csv"), 2, "JSON"),
        (("map", "DOGE", "--kind", "measured", "--from", path), 2, "DOGE"),
        (("map", "BTC", "--kind", "measured", "--quantity", "expected", "--from", path), 4, "calibration"),
        (("positions", "--rebuild", "--from", path), 2, "non_mm_trades"),
    ]
    for args, code, word in cases:
        done = run_liqatlas(*args)
        assert done.returncode == code, (args, done.stderr)
        assert word in done.stderr
        assert "Traceback" not in done.stderr
