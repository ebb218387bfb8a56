"""ccxt's unified structures as rows of ours. Pure. Sizes of contracts are contracts; we make coins (or USD) of them.

Meaning of every field: docs/reference/venues/ccxt.md; https://docs.ccxt.com/#/README?id=trade-structure (read 2026-11-22).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from liqatlas.base.clock import NS_PER_MS
from liqatlas.base.errors import FormatError
from liqatlas.base.instruments import VENUES
from liqatlas.venues.fields import not_negative, number, positive, ticks
from liqatlas.venues.frames import BookChange, Frame
from liqatlas.venues.payload import decode, listed
from liqatlas.venues.rows import RowBatch
from liqatlas.venues.through_ccxt.consts import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from liqatlas.base.instruments import Instrument
    from liqatlas.venues.frames import Listing

_LOW_63_BITS = 2**63 - 1
_TICK_NOISE = 12  # digits: ccxt hands prices on as floats


class Trade(msgspec.Struct):
    """A trade as ccxt unifies it; ``side`` is the taker's, ``amount`` contracts."""

    timestamp: int
    price: float
    amount: float
    side: str | None = None
    id: str | None = None


class Handed(msgspec.Struct):
    """Trades of one contract as ccxt's stream handed them on."""

    symbol: str
    trades: list[Trade]


_HANDED = msgspec.json.Decoder(Handed)


def trade_number(trade_id: str) -> int:
    """Return a trade id as an integer of 63 bits: a number as it is, any other text by its hash."""
    if trade_id.isdecimal() and len(trade_id) < 19:
        return int(trade_id)
    return int.from_bytes(hashlib.blake2b(trade_id.encode(), digest_size=8).digest()) & _LOW_63_BITS


def parse_frame(payload: bytes, listings: Mapping[str, Listing], venue: str) -> Frame:
    """Return what the stream handed on.

    Raises
    ------
    FormatError
        If a trade lacks its moment, price or amount.
    UnknownSymbolError
        If the contract is not listed.
    """
    got, frame = decode(_HANDED, payload, f"{venue}:stream"), Frame()
    add_trades(frame.batch, got.trades, listed(listings, got.symbol, venue).instrument)
    return frame


def trades_of(found: Sequence[Mapping[str, Any]], of: Instrument) -> RowBatch:
    """Return trades that were asked for."""
    batch = RowBatch()
    add_trades(batch, _converted(found, Trade, f"{of.venue}:trades"), of)
    return batch


def add_trades(batch: RowBatch, trades: Iterable[Trade], of: Instrument) -> None:
    """Add trades; one whose side is unknown keeps it unknown."""
    value = float(of.contract_value)
    for trade in trades:
        if trade.side not in {"buy", "sell", None}:
            raise FormatError(f"{of.venue}:trade side", f"{trade.side!r}: wanted buy or sell")
        price = f"{positive(trade.price, 'price'):.{_TICK_NOISE}g}"
        bought = None if trade.side is None else trade.side == "buy"
        identity = None if trade.id is None else trade_number(trade.id)
        size = positive(trade.amount, "amount") * value
        batch.add(
            "trades", of.symbol, (trade.timestamp * NS_PER_MS, ticks(price, of), size, bought, identity)
        )


def bars_of(
    found: Sequence[Sequence[float]], of: Instrument, step_ns: int, unit: float | None, kind: str
) -> RowBatch:
    """Return candles; ``unit`` is native quantity of one unit of ccxt's volume, ``None`` for candles of marks."""
    batch = RowBatch()
    for bar in found:
        start = int(bar[0]) * NS_PER_MS
        o, h, low, c = (positive(x, "candle") for x in bar[1:5])
        volume = None if unit is None else not_negative(bar[5], "volume") * unit
        row = (start, start + step_ns, o, h, low, c, volume, None, kind)
        batch.add("bars" if kind == "last" else f"{kind}_bars", of.symbol, row)
    return batch


def interest_unit(amount: float, value: float | None, of: Instrument, mark: float | None) -> float:
    """Return the native quantity of one unit of ``openInterestAmount``.

    ccxt hands on what the exchange calls open interest: contracts with one, coins with another. Where a contract is one native
    unit both are the same; elsewhere the published value must tell.

    Raises
    ------
    FormatError
        If nothing tells.
    """
    contract = float(of.contract_value)
    if contract == 1:
        return 1.0
    if value and mark and amount:
        dollars = value if of.quote == of.settle else value * mark  # an inverse value is counted in coins
        for unit in (contract, 1.0):
            worth = unit if of.is_inverse else unit * mark
            if abs(dollars / (amount * worth) - 1) < 0.05:
                return unit
    raise FormatError(
        f"{of.key}:open interest",
        f"ccxt gives {amount:g} and does not say whether these are contracts of {contract:g} or native units",
    )


def interest_of(
    found: Sequence[Mapping[str, Any]], of: Instrument, mark: float | None, now_ns: int
) -> RowBatch:
    """Return samples of open interest; ccxt hands on what the exchange counts, so an exchange we know tells of how many sides."""
    batch = RowBatch()
    exchange = VENUES.get(of.venue.removeprefix(PREFIX))
    sides = exchange.open_interest_sides if exchange else 1
    for sample in found:
        amount = sample.get("openInterestAmount")
        if amount is None:
            raise FormatError(f"{of.key}:open interest", "ccxt gives no amount")
        held = not_negative(amount, "openInterestAmount")
        native = held * interest_unit(held, sample.get("openInterestValue"), of, mark)
        ts = int(sample["timestamp"]) * NS_PER_MS if sample.get("timestamp") else now_ns
        batch.add("open_interest", of.symbol, (ts, native / sides, native, None))
    return batch


def funding_of(found: Sequence[Mapping[str, Any]], of: Instrument) -> RowBatch:
    """Return settled payments; hours covered are those since the one before."""
    batch = RowBatch()
    rows = sorted((int(p["timestamp"]) * NS_PER_MS, number(p["fundingRate"], "fundingRate")) for p in found)
    if len(rows) < 2 and rows:
        raise FormatError(f"{of.key}:funding", "a single payment does not say how many hours it covers")
    for i, (ts, rate) in enumerate(rows):
        before, after = (rows[i - 1][0], ts) if i else (ts, rows[1][0])
        hours = round((after - before) / 3.6e12)
        batch.add("funding", of.symbol, (ts, rate, float(max(1, hours)), True))
    return batch


def state_of(found: Mapping[str, Any], of: Instrument, now_ns: int, dataset: str) -> RowBatch:
    """Return the mark or the running rate of ccxt's funding-rate or ticker structure."""
    batch = RowBatch()
    ts = int(found["timestamp"]) * NS_PER_MS if found.get("timestamp") else now_ns
    if dataset == "marks":
        mark, index = found.get("markPrice"), found.get("indexPrice")
        if not mark:
            raise FormatError(f"{of.key}:mark", "ccxt gives no mark price")
        batch.add("marks", of.symbol, (ts, positive(mark, "markPrice"), index or None))
        return batch
    rate, interval = found.get("fundingRate"), str(found.get("interval") or "")
    if rate is None or not interval.endswith("h"):
        raise FormatError(
            f"{of.key}:funding", f"ccxt gives rate {rate!r} for interval {interval!r}: hours wanted"
        )
    batch.add(
        "funding", of.symbol, (ts, number(rate, "fundingRate"), number(interval[:-1], "interval"), False)
    )
    return batch


def book_of(found: Mapping[str, Any], of: Instrument, now_ns: int) -> BookChange:
    """Return a whole book."""
    value = float(of.contract_value)
    bids, asks = (
        [(positive(level[0], "price"), not_negative(level[1], "amount") * value) for level in found[side]]
        for side in ("bids", "asks")
    )
    ts = int(found["timestamp"]) * NS_PER_MS if found.get("timestamp") else now_ns
    number_ = int(found.get("nonce") or 0)
    return BookChange(of.symbol, ts, True, number_, number_, None, bids, asks)


def _converted(found: Sequence[Mapping[str, Any]], kind: type[Trade], where: str) -> list[Trade]:
    """Return plain structures as typed ones."""
    try:
        return msgspec.convert(list(found), list[kind], strict=False)  # type: ignore[valid-type]
    except msgspec.ValidationError as error:
        raise FormatError(where, f"ccxt's structure cannot be read: {error}") from None
