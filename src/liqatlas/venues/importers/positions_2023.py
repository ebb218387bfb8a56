"""Hyperliquid's official sample of 2023: fills, deposits and liquidations of users who are no market makers.

Source: https://github.com/hyperliquid-dex/historical_data (README of the sample), read 2026-11-22. ``px`` of the fill that carries a
liquidation's time is the price at which the position was taken over, ``liquidated_ntl_pos`` its value at the mark.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from liqatlas.base.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Sequence

_FILES = {
    "fills": ("non_mm_trades.csv.gz", "non_mm_trades.csv"),
    "ledger": ("non_mm_ledger_updates.csv",),
    "liquidations": ("liquidations.csv",),
}
_COLUMNS = {
    "fills": {"time", "user", "coin", "side", "px", "sz"},
    "ledger": {"time", "user", "delta_usd"},
    "liquidations": {"time", "user", "liquidated_ntl_pos", "liquidated_account_value", "leverage_type"},
}


@dataclass(frozen=True, slots=True)
class UserSample:
    """Histories of users.

    Attributes
    ----------
    fills
        ``ts_event_ns, account, symbol, signed_qty`` (bought positive), ``price``.
    ledger
        ``ts_event_ns, account, delta_usd`` (deposits positive).
    liquidations
        ``ts_event_ns, account, notional_usd`` (at the mark), ``account_value_usd, margin_mode``.
    bad_rows
        Rows left out, by file.
    """

    fills: pl.DataFrame
    ledger: pl.DataFrame
    liquidations: pl.DataFrame
    bad_rows: dict[str, int]


def read_user_sample(paths: Sequence[Path | str]) -> UserSample:
    """Return the sample from its folder or its files.

    Raises
    ------
    FormatError
        If one of the three files is missing or lacks a column.
    """
    places = [Path(p) for p in paths]
    folders = [p for p in places if p.is_dir()]
    frames, bad = {}, {}
    for name, choices in _FILES.items():
        found = [p for p in places if p.name in choices] + [
            f / c for f in folders for c in choices if (f / c).is_file()
        ]
        if not found:
            where = ", ".join(map(str, paths)) or "nothing"
            raise FormatError(
                where, f"the sample of 2023 needs {choices[0]} ({name}); give the folder that holds it"
            )
        frame = pl.read_csv(found[0], infer_schema=False)
        missing = _COLUMNS[name] - set(frame.columns)
        if missing:
            raise FormatError(
                found[0], f"columns {', '.join(sorted(missing))} are missing; it holds {frame.columns}"
            )
        frames[name] = frame
    fills, bad["fills"] = _fills(frames["fills"])
    ledger, bad["ledger"] = _sound(
        frames["ledger"].select(_time(), pl.col("user").alias("account"), _number("delta_usd"))
    )
    liquidations, bad["liquidations"] = _sound(
        frames["liquidations"].select(
            _time(),
            pl.col("user").alias("account"),
            _number("liquidated_ntl_pos").alias("notional_usd"),
            _number("liquidated_account_value").alias("account_value_usd"),
            pl.col("leverage_type").str.to_lowercase().alias("margin_mode"),
        )
    )
    return UserSample(fills, ledger, liquidations, {name: count for name, count in bad.items() if count})


def _fills(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return fills with a sign; ``Bid`` is the user's buy."""
    sign = pl.when(pl.col("side") == "Bid").then(1.0).when(pl.col("side") == "Ask").then(-1.0)
    return _sound(
        frame.select(
            _time(),
            pl.col("user").alias("account"),
            pl.col("coin").alias("symbol"),
            (sign * _number("sz")).alias("signed_qty"),
            _number("px").alias("price"),
        )
    )


def _sound(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return the rows without a null in time order, and how many had one."""
    sound = frame.drop_nulls()
    return sound.sort("ts_event_ns", maintain_order=True), frame.height - sound.height


def _time() -> pl.Expr:
    moment = pl.col("time").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="ns", strict=False)
    return moment.dt.epoch("ns").alias("ts_event_ns")


def _number(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Float64, strict=False)
