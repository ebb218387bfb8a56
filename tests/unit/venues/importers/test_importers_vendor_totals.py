"""Saved answers of CoinGlass and Coinalyze become totals beside the prints, never added to them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from liqatlas.base.clock import HOUR_NS, NS_PER_MS, NS_PER_S
from liqatlas.base.errors import FormatError
from liqatlas.flows.ingest import keep
from liqatlas.flows.read import read
from liqatlas.flows.realised import build_realised
from liqatlas.flows.request import Request
from liqatlas.store import Lake

if TYPE_CHECKING:
    from pathlib import Path

FIRST = 1_658_880_000_000
#: The documented sample of /history, amounts as text, and its next hour.
PAIR = [
    {"time": FIRST, "long_liquidation_usd": "2369935.19562", "short_liquidation_usd": "5947459.37"},
    {"time": FIRST + 3_600_000, "long_liquidation_usd": "100.5", "short_liquidation_usd": "0"},
]


def write(path: Path, tree: Any) -> Path:
    path.write_text(json.dumps(tree), encoding="utf-8")
    return path


def test_a_coinglass_history_of_a_pair(tmp_path: Path) -> None:
    file = write(
        tmp_path / "coinglass_binance_BTCUSDT_1h.json", {"code": "0", "msg": "success", "data": PAIR}
    )
    (recording,) = read(file)
    assert recording.instrument.key == "coinglass_binance:BTCUSDT"
    assert recording.instrument.asset == "BTC"
    assert recording.liquidation_bars.rows() == [
        (FIRST * NS_PER_MS, FIRST * NS_PER_MS + HOUR_NS, 2_369_935.19562, 5_947_459.37),
        (FIRST * NS_PER_MS + HOUR_NS, FIRST * NS_PER_MS + 2 * HOUR_NS, 100.5, 0.0),
    ]
    assert "CoinGlass totals of binance" in recording.prints_scope


def test_a_coinglass_history_of_several_exchanges(tmp_path: Path) -> None:
    rows = [
        {
            "time": FIRST + i * 60_000,
            "aggregated_long_liquidation_usd": 5_916_885.1,
            "aggregated_short_liquidation_usd": i,
        }
        for i in range(5)
    ]
    (recording,) = read(write(tmp_path / "coinglass_BTC_1m.json", {"code": "0", "data": rows}))
    assert recording.instrument.venue == "coinglass"
    assert recording.instrument.asset == "BTC"
    assert recording.liquidation_bars["short_usd"].to_list() == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_coinalyze_names_its_symbols_and_its_unit_is_doubted(tmp_path: Path) -> None:
    history = [{"t": 1_622_548_800 + i * 3_600, "l": 10.0 + i, "s": 2.5} for i in range(3)]
    tree = [{"symbol": s, "history": history} for s in ("BTCUSDT_PERP.A", "BTCUSDT_PERP.6")] + [
        {"symbol": "X.A", "history": []}
    ]
    found = {r.instrument.key: r for r in read(write(tmp_path / "answer.json", tree))}
    assert set(found) == {"coinalyze_a:BTCUSDT", "coinalyze_6:BTCUSDT"}
    bars = found["coinalyze_a:BTCUSDT"].liquidation_bars
    assert bars["ts_open_ns"][0] == 1_622_548_800 * NS_PER_S
    assert bars["long_usd"].to_list() == [10.0, 11.0, 12.0]
    assert any("convert_to_usd" in warning for warning in found["coinalyze_a:BTCUSDT"].warnings)


def test_they_stand_beside_the_prints_of_the_lake(tmp_path: Path) -> None:
    day = [
        {"time": FIRST + i * 3_600_000, "long_liquidation_usd": 10.0, "short_liquidation_usd": 1.0}
        for i in range(30)
    ]
    (recording,) = read(write(tmp_path / "coinglass_binance_BTCUSDT_1h.json", {"code": "0", "data": day}))
    with Lake.create(tmp_path / "lake") as lake:
        keep(lake, recording)
    result = build_realised(
        Request(asset="BTC", lake=tmp_path / "lake", as_of_ns=(FIRST + 30 * 3_600_000) * NS_PER_MS)
    )
    (vendor,) = result.exchanges
    assert (vendor.venue, vendor.source) == ("coinglass_binance", "totals")
    assert [total.usd for total in vendor.totals] == [11.0, 44.0, 132.0, 264.0]
    assert result.together == ()  # never added up with prints


@pytest.mark.parametrize(
    ("name", "tree", "says"),
    [
        ("coinglass.json", {"code": "0", "data": PAIR}, "name the file so"),
        ("coinglass_binance_BTCUSDT.json", {"code": "401", "msg": "Upgrade plan: long_liquidation_usd", "time": 1, "x_liquidation_usd": 0}, "Upgrade plan"),
        ("coinglass_binance_BTCUSDT.json", {"code": "0", "data": PAIR[:1]}, "at least two"),
        ("coinglass_binance_BTCUSDT.json", {"code": "0", "data": [*PAIR, {"time": "x", "long_liquidation_usd": "?"}]}, "cannot be read"),
        ("a.json", [{"symbol": "BTCUSDT_PERP.A", "history": [], "t": 0, "l": 0, "s": 0}], "no interval"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_says_why(tmp_path: Path, name: str, tree: Any, says: str) -> None:
    with pytest.raises(FormatError, match=says):
        read(write(tmp_path / name, tree))
