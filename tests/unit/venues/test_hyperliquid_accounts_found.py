"""Accounts out of public trades: buyer and seller of the live stream and of recent trades, once each, their turnover as a hint."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from liqatlas.base.instruments import Instrument
from liqatlas.venues.frames import Listing
from liqatlas.venues.hyperliquid import parse, parse_rest

ALICE, BOB, CAROL = (f"0x{letter * 40}" for letter in "abc")
LISTING = Listing(Instrument("hyperliquid", "BTC", "BTC", "USD", "USDC", tick_size=Decimal(1)))


def trade(ms: int, users: list[str] | None, px: str = "70000", sz: str = "0.5") -> dict[str, Any]:
    told = {} if users is None else {"users": users}
    return {"coin": "BTC", "side": "B", "px": px, "sz": sz, "time": ms, "hash": "0x0", "tid": ms, **told}


def test_a_live_message_names_each_account_once() -> None:
    trades = [
        trade(1, [ALICE, BOB]),
        trade(3, [BOB.replace("b", "B"), CAROL]),
        trade(2, None),
        trade(4, ["0x12", "vault"]),
    ]
    payload = json.dumps({"channel": "trades", "data": trades}).encode()
    batch = parse.parse_frame(payload, {"BTC": LISTING}, 5).batch
    assert batch.of("account_trades") == [
        (1_000_000, ALICE, 35_000.0),
        (3_000_000, BOB, 70_000.0),
        (3_000_000, CAROL, 35_000.0),
    ]
    assert len(batch.of("trades")) == 4
    assert batch.frames()["account_trades", "BTC"]["account"].to_list() == [ALICE, BOB, CAROL]


def test_recent_trades_name_them_too() -> None:
    batch = parse_rest.parse_trades(
        json.dumps([trade(9, [ALICE, BOB]), trade(8, [ALICE, CAROL])]).encode(), LISTING
    )
    assert [row[:2] for row in batch.of("account_trades")] == [
        (9_000_000, ALICE),
        (9_000_000, BOB),
        (8_000_000, CAROL),
    ]
