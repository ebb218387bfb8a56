"""What Hyperliquid's messages hold: one structure each, with only the fields that are read.

Sources (read 2026-11-22, field by field in docs/reference/venues/hyperliquid.md):
https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api
"""

from __future__ import annotations

from typing import Literal

import msgspec

USDC_TOKEN = 0


class Envelope(msgspec.Struct):
    """Any stream message."""

    channel: str
    data: msgspec.Raw = msgspec.Raw(b"null")


class Trade(msgspec.Struct):
    """A fill; ``side`` is the TAKER's (B bought, A sold), ``tid`` a hash unique with time and coin."""

    coin: str
    side: Literal["A", "B"]
    px: str
    sz: str
    time: int
    tid: int
    users: list[str] = []


class Level(msgspec.Struct):
    """One price level; ``n`` counts its orders."""

    px: str
    sz: str
    n: int = 0


class Book(msgspec.Struct):
    """A whole book of up to 20 levels a side: bids first, asks second."""

    coin: str
    levels: tuple[list[Level], list[Level]]
    time: int


class Context(msgspec.Struct):
    """The state of one perpetual; ``funding`` is the rate per HOUR, ``openInterest`` coins of both sides."""

    funding: str
    openInterest: str  # noqa: N815 -- the venue's names
    oraclePx: str  # noqa: N815
    markPx: str  # noqa: N815
    dayNtlVlm: str = ""  # noqa: N815
    dayBaseVlm: str = ""  # noqa: N815
    midPx: str | None = None  # noqa: N815


class ActiveContext(msgspec.Struct):
    """The ``activeAssetCtx`` message: a coin and its context."""

    coin: str
    ctx: Context


class AllContexts(msgspec.Struct):
    """The ``allDexsAssetCtxs`` message: contexts of every dex in the order of its universe."""

    ctxs: list[tuple[str, list[Context]]]


class Mids(msgspec.Struct):
    """Mid prices by coin; ``@…`` and ``A/B`` names are spot."""

    mids: dict[str, str]


class Candle(msgspec.Struct):
    """A candle; ``T`` is its last millisecond, ``v`` base coins, ``n`` the number of trades."""

    t: int
    T: int
    s: str
    i: str
    o: str
    c: str
    h: str
    l: str  # noqa: E741
    v: str
    n: int


class FillLiquidation(msgspec.Struct):
    """Why a fill happened: whose liquidation, at which mark, to the market or the backstop."""

    liquidatedUser: str  # noqa: N815
    markPx: str  # noqa: N815
    method: Literal["market", "backstop"]


class Fill(msgspec.Struct):
    """A fill of one user; ``side`` is that USER's."""

    coin: str
    px: str
    sz: str
    side: Literal["A", "B"]
    time: int
    liquidation: FillLiquidation | None = None


class UserEvent(msgspec.Struct):
    """The ``user`` message; only its fills matter here."""

    fills: list[Fill] = []


class Asset(msgspec.Struct):
    """A perpetual of a universe."""

    name: str
    szDecimals: int  # noqa: N815
    maxLeverage: int = 0  # noqa: N815
    isDelisted: bool | None = None  # noqa: N815


class Meta(msgspec.Struct):
    """A dex's universe; ``collateralToken`` 0 is USDC."""

    universe: list[Asset]
    collateralToken: int = USDC_TOKEN  # noqa: N815
