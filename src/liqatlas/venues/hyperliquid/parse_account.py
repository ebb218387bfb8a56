"""Hyperliquid accounts, which are public: positions and liquidation fills. Pure: bytes in, rows out.

Sources (read 2026-11-22): https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/info-endpoint/perpetuals and
…/websocket/subscriptions
"""

from __future__ import annotations

from typing import Literal

import msgspec

from liqatlas.venues.fields import moment, number, optional, positive, zero_is_absent
from liqatlas.venues.hyperliquid.messages import Envelope, UserEvent
from liqatlas.venues.hyperliquid.parse import VENUE
from liqatlas.venues.payload import decode
from liqatlas.venues.rows import RowBatch


class _Leverage(msgspec.Struct):
    type: Literal["cross", "isolated"]
    value: float


class _Position(msgspec.Struct):
    coin: str
    szi: str
    entryPx: str | None  # noqa: N815 -- the venue's names in these structs
    leverage: _Leverage
    positionValue: str  # noqa: N815
    marginUsed: str  # noqa: N815
    unrealizedPnl: str  # noqa: N815
    liquidationPx: str | None = None  # noqa: N815
    maxLeverage: int | None = None  # noqa: N815


class _Held(msgspec.Struct):
    position: _Position


class _Summary(msgspec.Struct):
    accountValue: str  # noqa: N815


class _Clearinghouse(msgspec.Struct):
    assetPositions: list[_Held]  # noqa: N815
    marginSummary: _Summary  # noqa: N815 -- required: an answer without it is a soft refusal, never an empty account
    crossMarginSummary: _Summary  # noqa: N815
    time: int = 0


_STATE = msgspec.json.Decoder(_Clearinghouse)
_ENVELOPE = msgspec.json.Decoder(Envelope)
_USER = msgspec.json.Decoder(UserEvent)


def parse_clearinghouse_state(payload: bytes, account: str, ts: int = 0) -> RowBatch:
    """Return an account's positions.

    Parameters
    ----------
    account
        Its address, which the answer does not repeat.
    ts
        Moment of receipt [ns], used where the answer carries no time (before 2024).

    Raises
    ------
    FormatError
        If ``marginSummary`` is missing: the venue then limits softly, and the account is not empty.
    """
    state, batch = decode(_STATE, payload, f"{VENUE}:clearinghouseState"), RowBatch()
    taken = moment(state.time, "time") if state.time else ts
    equity = number(state.crossMarginSummary.accountValue, "accountValue")
    for held in state.assetPositions:
        p = held.position
        size = number(p.szi, "szi")
        if size == 0:
            continue
        quantity, cross = abs(size), p.leverage.type == "cross"
        row = (
            taken, account, "long" if size > 0 else "short", quantity, positive(p.entryPx or "", "entryPx"),
            number(p.positionValue, "positionValue") / quantity, p.leverage.value, p.leverage.type,
            optional(p.marginUsed, "marginUsed"), equity if cross else None,
            zero_is_absent(p.liquidationPx, "liquidationPx"), p.maxLeverage, number(p.unrealizedPnl, "unrealizedPnl"),
        )  # fmt: skip
        batch.add("positions", p.coin, row)
    return batch


def parse_liquidation_fills(payload: bytes, account: str) -> RowBatch:
    """Return the liquidations among an account's fills; other fills make no row.

    ``side`` is the account's own. Where the account is the liquidated one, it sold to close a long; where it stood on the
    other side, the liquidated one did the opposite.
    """
    batch = RowBatch()
    for fill in decode(_USER, decode(_ENVELOPE, payload, VENUE).data, f"{VENUE}:user").fills:
        if fill.liquidation is None:
            continue
        own = fill.liquidation.liquidatedUser.lower() == account.lower()
        closed_by_selling = (fill.side == "A") == own
        price, quantity = positive(fill.px, "px"), positive(fill.sz, "sz")
        row = (
            moment(fill.time, "time"), "long" if closed_by_selling else "short", price, "fill", quantity,
            price * quantity, positive(fill.liquidation.markPx, "markPx"),
        )  # fmt: skip
        batch.add("liquidations", fill.coin, row)
    return batch
