"""Hyperliquid's own liquidation prices of thousands of real cross accounts, January and February 2026.

All positions of one cross account are backed by the same free equity F = account value - maintenance of all of them. A published
price gives F back: at the level, equity has fallen to what the position's own tier wants there. With the venue's true rule and
tiers every position of a snapshot must name the same F. The recording tells neither F nor the account's value, so nothing here is
fitted: three positions or more check each other.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from liqatlas.rules import Positions, tiered_liquidation_price
from liqatlas.rules.catalogue import shipped_symbols, tiers

if TYPE_CHECKING:
    from pathlib import Path

    from liqatlas.rules import TierTable

DAY = date(2026, 1, 25)
ACCOUNT = ["repo", "snap", "updated", "address"]
pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def positions(data_dir: Path) -> pl.DataFrame:
    """Cross positions with a reachable level, of coins whose tiers ship; three or more an account snapshot."""
    frame = pl.read_parquet(data_dir / "hyperliquid_positions" / "positions_2026-01-22_2026-02-10.parquet")
    known = frame.filter(
        pl.col("coin").is_in(shipped_symbols("hyperliquid"))
        & (pl.col("size").abs() > 0)
        & (pl.col("liquidationPx") > 0)
        & (pl.col("leverageType").fill_null("cross") == "cross")
    ).with_columns(
        direction=pl.when(pl.col("direction") == "Long").then(1.0).otherwise(-1.0),
        quantity=pl.col("size").abs(),
    )
    return known.filter(pl.len().over(ACCOUNT) >= 3)


def owed(table: TierTable, notional: np.ndarray, rate_factor: float) -> np.ndarray:
    return table.maintenance_amount(notional) * rate_factor


def with_free_equity(frame: pl.DataFrame, rate_factor: float = 1.0) -> pl.DataFrame:
    """Add the free equity each position names, and the account's: the median over its positions."""
    parts = []
    for (coin,), part in frame.group_by("coin"):
        table = tiers("hyperliquid", str(coin), DAY)
        mark, level, quantity, direction = (
            part[c].to_numpy() for c in ("mark", "liquidationPx", "quantity", "direction")
        )
        at_level = owed(table, quantity * level, rate_factor)
        at_mark = owed(table, quantity * mark, rate_factor)
        free = at_level - at_mark - direction * quantity * (level - mark)
        parts.append(part.with_columns(free=pl.Series(free), owed_now=pl.Series(at_mark)))
    return pl.concat(parts).with_columns(account_free=pl.col("free").median().over(ACCOUNT))


def share_within(values: np.ndarray, reference: np.ndarray, tolerance: float) -> float:
    return float(np.mean(np.abs(values / reference - 1) < tolerance))


def test_positions_of_an_account_agree_on_its_free_equity(positions: pl.DataFrame) -> None:
    """90.7 % of 55,038 positions agree to a millionth; without maintenance or with twice of it, a third."""
    assert positions.height > 50_000
    agreed = {
        factor: share_within(frame["free"].to_numpy(), frame["account_free"].to_numpy(), 1e-6)
        for factor in (1.0, 0.0, 2.0)
        for frame in [with_free_equity(positions, factor)]
    }
    assert agreed[1.0] > 0.9, agreed
    assert max(agreed[0.0], agreed[2.0]) < 0.4, agreed


def test_our_price_is_the_venue_s(positions: pl.DataFrame) -> None:
    """From the account's free equity, our rule and the shipped tiers return the published price to a billionth."""
    frame = with_free_equity(positions).filter(pl.col("account_free") > 0)
    close, count = 0, 0
    for (coin,), part in frame.group_by("coin"):
        mark = part["mark"].to_numpy()
        held = Positions.of(
            part["direction"].to_numpy(),
            part["quantity"].to_numpy(),
            entry=mark,
            margin=(part["account_free"] + part["owed_now"]).to_numpy(),
        )
        ours = tiered_liquidation_price(held, tiers("hyperliquid", str(coin), DAY))
        close += int(np.sum(np.abs(ours / part["liquidationPx"].to_numpy() - 1) < 1e-9))
        count += part.height
    assert count > 50_000
    assert close / count > 0.85, f"{close} of {count}"
