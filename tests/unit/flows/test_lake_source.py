"""The lake through the Python face gives what the recordings it was filled with give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import liqatlas as lq
from liqatlas.base.errors import InputError, SourceUnavailableError
from liqatlas.flows.ingest import keep
from liqatlas.store import Lake

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lake")
    with Lake.create(folder) as lake:
        for recording in lq.simulated(days=2.5):
            keep(lake, recording)
    return folder


def test_every_verb_takes_a_lake(place: Path) -> None:
    lake, market = lq.lake(place), lq.simulated(days=2.5)
    ours, theirs = (lq.liquidation_map("BTC", window="1d", source=one) for one in (lake, market))
    assert ours.head.as_of_ns == theirs.head.as_of_ns
    assert ours.to_polars()["usd"].sum() == pytest.approx(theirs.to_polars()["usd"].sum(), rel=1e-12)
    assert lq.heatmap("BTC", window="1d", source=lake, columns=10, rows=20).head.asset == "BTC"
    assert lq.clusters(ours, source=lake).volatility_measured
    assert lq.cascade(ours, lake, shock="-3%", depth_usd=5e6, runs=20).to_json().startswith(b"{")
    assert lq.report("BTC", source=lake, window="12h").tree["overview"]
    row = {
        "venue": "binance",
        "symbol": "BTCUSDT",
        "position": "long",
        "size": 1,
        "entry_price": 60_000,
        "leverage": 10,
    }
    assert lq.stress([row], source=lake).tree["positions"][0]["price"] is not None


def test_a_path_is_no_source_and_says_what_is(place: Path) -> None:
    with pytest.raises(InputError, match=r"is a path: wanted lq\.read"):
        lq.liquidation_map("BTC", source=str(place))  # type: ignore[arg-type]
    with pytest.raises(SourceUnavailableError, match="there is no lake at"):
        lq.lake(place / "no")


def test_the_module_lists_its_verbs_before_their_first_use() -> None:
    assert set(dir(lq)) >= {"lake", "liquidation_map", "read", "simulated"}
