"""Binance COIN-M REST answers whose form differs from USD-M's; candles, trades and books are read by ``binance.parse_rest``.

Sources (read 2026-11-22, field by field in docs/reference/venues/binance_coinm.md):
https://developers.binance.com/docs/derivatives/coin-margined-futures/market-data
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from liqatlas.base.clock import NS_PER_MS
from liqatlas.base.instruments import Instrument
from liqatlas.venues.binance import parse_rest as usdm
from liqatlas.venues.binance.parse import native
from liqatlas.venues.binance_coinm.parse import VENUE
from liqatlas.venues.fields import moment, not_negative, zero_is_absent
from liqatlas.venues.frames import Listing, Ticker
from liqatlas.venues.payload import coin_of, decode, listed
from liqatlas.venues.rows import RowBatch

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Symbol(msgspec.Struct):
    symbol: str
    contractStatus: str  # noqa: N815
    contractType: str  # noqa: N815
    contractSize: int  # noqa: N815
    baseAsset: str  # noqa: N815
    quoteAsset: str  # noqa: N815
    marginAsset: str  # noqa: N815
    filters: list[usdm.Filter]
    deliveryDate: int = 0  # noqa: N815
    onboardDate: int = 0  # noqa: N815


class _ExchangeInfo(msgspec.Struct):
    symbols: list[_Symbol]


_INFO = msgspec.json.Decoder(_ExchangeInfo)


def parse_instruments(exchange_info: bytes) -> dict[str, Listing]:
    """Return all COIN-M contracts: inverse, ``contractSize`` USD each, margined in ``marginAsset``."""
    out = {}
    for symbol in decode(_INFO, exchange_info, f"{VENUE}:exchangeInfo").symbols:
        steps = {f.filterType: f for f in symbol.filters}
        if "PRICE_FILTER" not in steps or "LOT_SIZE" not in steps:
            continue
        perpetual = symbol.contractType.startswith("PERPETUAL")
        asset, multiplier = coin_of(symbol.baseAsset)
        value = Decimal(symbol.contractSize)
        instrument = Instrument(
            VENUE, symbol.symbol, asset, quote=symbol.quoteAsset, settle=symbol.marginAsset, kind="inverse",
            tick_size=Decimal(steps["PRICE_FILTER"].tickSize), lot_size=Decimal(steps["LOT_SIZE"].stepSize) * value,
            contract_value=value, price_multiplier=multiplier,
            expiry_ns=None if perpetual else symbol.deliveryDate * NS_PER_MS,
        )  # fmt: skip
        out[symbol.symbol] = Listing(
            instrument,
            usdm.STATUS.get(symbol.contractStatus, "settling"),
            8.0 if perpetual else None,
            symbol.onboardDate * NS_PER_MS or None,
        )
    return out


class _OpenInterestSample(msgspec.Struct):
    sumOpenInterest: str  # noqa: N815
    timestamp: int


_OI_HISTORY = msgspec.json.Decoder(list[_OpenInterestSample])


def parse_open_interest(payload: bytes, listings: Mapping[str, Listing]) -> RowBatch:
    """Return the present open interest: published in contracts, kept in USD, one side."""
    got, batch = decode(usdm.OI, payload, f"{VENUE}:openInterest"), RowBatch()
    oi = native(got.openInterest, "openInterest", listed(listings, got.symbol, VENUE).instrument)
    batch.add("open_interest", got.symbol, (moment(got.time, "time"), oi, oi, oi))
    return batch


def parse_open_interest_history(payload: bytes, listing: Listing) -> RowBatch:
    """Return samples of a pair's perpetual; ``sumOpenInterestValue`` is coins and is not needed: face value is USD."""
    batch, of = RowBatch(), listing.instrument
    for sample in decode(_OI_HISTORY, payload, f"{VENUE}:openInterestHist"):
        oi = native(sample.sumOpenInterest, "sumOpenInterest", of)
        batch.add("open_interest", of.symbol, (moment(sample.timestamp, "timestamp"), oi, oi, oi))
    return batch


class _Ratio(msgspec.Struct):
    timestamp: int
    longAccount: str | None = None  # noqa: N815
    longPosition: str | None = None  # noqa: N815


_RATIOS = msgspec.json.Decoder(list[_Ratio])


def parse_long_short_ratio(payload: bytes, symbol: str, ratio_of: str = "accounts") -> RowBatch:
    """Return net-long shares of a PAIR (all its contracts) under the symbol asked for; positions have a field of their own."""
    batch = RowBatch()
    for r in decode(_RATIOS, payload, f"{VENUE}:longShortRatio"):
        share = r.longPosition if ratio_of == "top_positions" else r.longAccount
        batch.add(
            "long_short_ratios",
            symbol,
            (moment(r.timestamp, "timestamp"), not_negative(share or "", "long share"), ratio_of),
        )
    return batch


class _DayTicker(msgspec.Struct):
    symbol: str
    lastPrice: str  # noqa: N815
    volume: str
    closeTime: int  # noqa: N815


_DAY = msgspec.json.Decoder(list[_DayTicker])


def parse_tickers(payload: bytes, listings: Mapping[str, Listing]) -> list[Ticker]:
    """Return 24-hour summaries; ``volume`` is contracts, turnover in the quote is the face value."""
    out = []
    for t in decode(_DAY, payload, f"{VENUE}:ticker/24hr"):
        if t.symbol not in listings:
            continue
        volume = native(t.volume, "volume", listings[t.symbol].instrument)
        last = zero_is_absent(t.lastPrice, "lastPrice")
        at = moment(t.closeTime, "closeTime")
        out.append(Ticker(t.symbol, at, last_price=last, volume_24h_native=volume, turnover_24h=volume))
    return out
