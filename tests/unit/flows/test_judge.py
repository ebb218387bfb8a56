"""The judge takes a modelled and a measured map of one moment, and says what limits it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.flows.build import build_map
from liqatlas.flows.judge import judge_estimate, judgement_text
from liqatlas.flows.request import Request
from tests.hyperliquid_stub import TIME_MS, address, state_of

if TYPE_CHECKING:
    from pathlib import Path

    from liqatlas.maps.liquidation_map import LiquidationMap


@pytest.fixture
def measured(tmp_path: Path) -> LiquidationMap:
    path = tmp_path / "scan.jsonl"
    lines = [
        {"v": 1, "type": "clearinghouseState", "time": TIME_MS, "user": address(n), "data": state_of(n, 1)}
        for n in range(1, 120)
    ]
    path.write_text("\n".join(json.dumps(line, separators=(",", ":")) for line in lines))
    return build_map(Request(asset="ETH", kind="measured", paths=(path,), open_interest_usd=1e6))


def test_a_map_agrees_with_itself(measured: LiquidationMap) -> None:
    twin = replace(
        measured, head=replace(measured.head, kind="modelled", warnings=("borrowed",)), usd=3 * measured.usd
    )
    found = judge_estimate(twin, measured)
    assert found.long is not None
    assert found.short is not None
    assert found.long.scale == pytest.approx(1 / 3)
    assert found.long.overlap == pytest.approx(1)
    assert found.short.wasserstein == pytest.approx(0, abs=1e-9)
    text = judgement_text(found)
    assert "of open interest" in text
    assert "borrowed" in text


def test_what_does_not_belong_together_is_refused(measured: LiquidationMap) -> None:
    with pytest.raises(InputError, match="modelled and a measured"):
        judge_estimate(measured, measured)
    twin = replace(
        measured, head=replace(measured.head, kind="modelled", as_of_ns=measured.head.as_of_ns + 10**14)
    )
    with pytest.raises(InputError, match="hours apart"):
        judge_estimate(twin, measured)


def test_an_empty_side_is_left_out_and_said(measured: LiquidationMap) -> None:
    shorts_only = measured.usd.copy()
    shorts_only[:, :, 0] = 0
    twin = replace(measured, head=replace(measured.head, kind="modelled"), usd=shorts_only)
    found = judge_estimate(twin, measured)
    assert found.long is None
    assert found.short is not None
    assert any("longs cannot be compared: the estimate holds none" in limit for limit in found.limits)
    with pytest.raises(NotEnoughDataError, match="nothing to compare"):
        judge_estimate(replace(twin, usd=0 * shorts_only), measured)
