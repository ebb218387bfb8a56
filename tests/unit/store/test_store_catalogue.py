from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

from liqatlas.base.errors import InputError, NotEnoughDataError, UnknownSymbolError
from liqatlas.base.instruments import Instrument
from liqatlas.store.catalogue import common_tick, read_sidecar
from tests.conformance.store.rows import BTC, DAY, ETH, START, trades

if TYPE_CHECKING:
    from liqatlas.store import Lake


def test_an_instrument_comes_back_as_it_was_put(lake: Lake) -> None:
    item = Instrument(
        "okx", "BTC-USD-261225", "BTC", quote="USD", settle="BTC", kind="inverse", tick_size=Decimal("0.5"),
        lot_size=Decimal(1), contract_value=Decimal(100), price_multiplier=1000, expiry_ns=START + 300 * DAY,
    )  # fmt: skip
    lake.put_instrument(item)
    assert lake.instruments() == [item]


def test_a_contract_value_holds_from_its_date(lake: Lake) -> None:
    lake.put_instrument(BTC)
    changed = replace(BTC, contract_value=Decimal("0.01"))
    lake.put_instrument(changed, valid_from_ns=START + DAY)
    lake.put_instrument(changed, valid_from_ns=START + 2 * DAY, delisted_ns=START + 3 * DAY)
    assert lake.instruments(as_of_ns=START)[0].contract_value == 1
    assert lake.instruments(as_of_ns=START + DAY)[0].contract_value == Decimal("0.01")
    found = lake.instrument_versions(BTC.venue, BTC.symbol)
    assert [(v.valid_from_ns, v.delisted_ns) for v in found] == [
        (0, None), (START + DAY, None), (START + 2 * DAY, START + 3 * DAY),
    ]  # fmt: skip


def test_unknown_symbol_offers_near_names(lake: Lake) -> None:
    lake.put_instrument(BTC)
    with pytest.raises(UnknownSymbolError, match="did you mean BTCUSDT") as caught:
        lake.read("trades", "binance", "BTCUSD", START, START + DAY)
    assert caught.value.near == ("BTCUSDT",)


def test_a_renamed_symbol_says_its_new_name(lake: Lake) -> None:
    lake.put_instrument(BTC)
    assert lake.renamed_to("binance", "BTCUSDT") == ""
    lake.rename_symbol("binance", "BTCUSDT", "NEWUSDT")
    assert lake.renamed_to("binance", "BTCUSDT") == "NEWUSDT"
    assert any("NEWUSDT" in w for w in lake.recording("binance", "BTCUSDT", START, START + DAY).warnings)
    with pytest.raises(UnknownSymbolError):
        lake.rename_symbol("binance", "XYZ", "ABC")


def test_margin_tiers_are_those_in_force(lake: Lake) -> None:
    def tiers(rate: float) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "tier": [1, 2], "floor": [0.0, 50_000.0], "cap": [50_000.0, float("inf")],
                "maintenance_rate": [rate, 2 * rate], "deduction": [0.0, 50.0], "max_leverage": [125.0, 100.0],
            }
        )  # fmt: skip

    lake.put_margin_tiers(BTC, START, tiers(0.004))
    lake.put_margin_tiers(BTC, START + DAY, tiers(0.005))
    lake.put_margin_tiers(BTC, START + DAY, tiers(0.006))
    assert lake.margin_tiers(BTC.venue, BTC.symbol, as_of_ns=START)["maintenance_rate"].to_list() == [
        0.004,
        0.008,
    ]
    later = lake.margin_tiers(BTC.venue, BTC.symbol, as_of_ns=START + DAY)
    assert later["maintenance_rate"].to_list() == [0.006, 0.012]
    assert later["cap"][1] == float("inf")
    with pytest.raises(NotEnoughDataError, match="no margin tiers"):
        lake.margin_tiers(BTC.venue, BTC.symbol, as_of_ns=START - 1)


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        ("0.1", "0.01", "0.01"),
        ("0.5", "0.2", "0.1"),
        ("1", "1", "1"),
        ("10", "25", "5"),
        ("0.05", "0.1", "0.05"),
    ],
)
def test_common_tick(one: str, other: str, common: str) -> None:
    assert common_tick(Decimal(one), Decimal(other)) == Decimal(common)
    assert common_tick(Decimal(other), Decimal(one)) == Decimal(common)


def test_a_tick_of_zero_is_refused(lake: Lake) -> None:
    with pytest.raises(InputError, match="not positive"):
        lake.put_instrument(replace(BTC, tick_size=Decimal(0)))


def test_series_stand_beside_the_catalogue(lake: Lake) -> None:
    with lake.writer() as writer:
        writer.append("trades", BTC, trades(1))
        writer.append("trades", ETH, trades(1))
    listed = {s.number: (s.venue, s.symbol, s.tick_size) for s in read_sidecar(lake.root).values()}
    assert listed == {1: ("binance", "BTCUSDT", Decimal("0.1")), 2: ("bybit", "ETHUSDT", Decimal("0.01"))}
    (lake.root / "series.json").write_text("{")
    assert read_sidecar(lake.root) == {}
