"""OKX position tiers: contracts, no deduction, spot margin told apart."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from liqatlas.base.errors import FormatError
from liqatlas.rules.loaders import Origin, load_okx_position_tiers

ORIGIN = Origin("sample", date(2026, 9, 25), date(2026, 11, 22))


def row(tier: int, low: str, high: str, rate: str, lever: str, *, family: str = "ETH-USDT") -> dict[str, Any]:
    return {
        "baseMaxLoan": "", "imr": "0.013", "instFamily": family, "instId": "", "maxLever": lever, "maxSz": high,
        "minSz": low, "mmr": rate, "optMgnFactor": "0", "quoteMaxLoan": "", "tier": str(tier), "uly": family,
    }  # fmt: skip


TIERS = [
    row(1, "0", "2000", "0.01", "75"),
    row(2, "2001", "4000", "0.015", "50"),
    row(3, "4000.01", "8000", "0.02", "20"),
]


def test_sizes_are_contracts_and_the_rate_is_of_the_whole() -> None:
    answer = {"code": "0", "msg": "", "data": TIERS[::-1]}
    table = load_okx_position_tiers(answer, ORIGIN, contract_values={"ETH-USDT": 0.1})["ETH-USDT"]
    assert (table.floor_unit, table.whole_position, table.contract_value) == ("contracts", True, 0.1)
    assert table.floors.tolist() == [0.0, 2000.0, 4000.0]
    assert table.maintenance_amount(1e6, size=[2000.0, 2000.5]).tolist() == [10_000.0, 15_000.0]


def test_a_family_of_unknown_contract_value_still_knows_its_rates() -> None:
    table = load_okx_position_tiers(TIERS, ORIGIN)["ETH-USDT"]
    assert np.isnan(table.contract_value)
    assert table.leverage_cap == 75.0


def test_several_families() -> None:
    both = [*TIERS, row(1, "0", "1000", "0.004", "100", family="BTC-USDT")]
    assert set(load_okx_position_tiers(both, ORIGIN)) == {"ETH-USDT", "BTC-USDT"}


def test_spot_margin_is_told_apart() -> None:
    spot = {**row(1, "0", "50", "0.03", "10", family=""), "instId": "BTC-USDT"}
    table = load_okx_position_tiers([spot], ORIGIN)["BTC-USDT"]
    assert "spot margin" in table.warning
    assert table.contract_value == 1.0


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({"code": "51000", "msg": "Parameter instFamily error", "data": []}, "51000"),
        ([TIERS[0], TIERS[2]], "starts at 4000.01"),
        ([TIERS[0], row(2, "1500", "4000", "0.015", "50")], "starts at 1500"),
        ([{**TIERS[0], "mmr": ""}], "mmr"),
        ([{**TIERS[0], "instFamily": "", "uly": ""}], "no instrument family"),
        ({"code": "0", "data": None}, "list of objects"),
    ],
)
def test_what_does_not_fit_is_refused(payload: Any, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        load_okx_position_tiers(payload, ORIGIN)
