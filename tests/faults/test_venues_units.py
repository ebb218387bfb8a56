"""An amount whose unit is not the one believed draws no map: the venue's own figures are held against each other."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
import pytest

from liqatlas.base.clock import HOUR_NS, NS_PER_MS, now_ns
from liqatlas.base.errors import FormatError, SourceUnavailableError
from liqatlas.base.instruments import Instrument
from liqatlas.base.recording import Recording
from liqatlas.flows.build import build_map
from liqatlas.flows.request import Request
from liqatlas.venues.bitget_coinm.units import face_value, open_interest_unit, turnover_usd
from liqatlas.venues.bybit import parse as bybit
from liqatlas.venues.frames import Listing
from liqatlas.venues.through_ccxt.parse import interest_of
from tests.stub_exchange.faults import Schedule
from tests.stub_exchange.market import Mark
from tests.stub_exchange.server import StubExchange
from tests.stub_exchange.session import client_of, market_of, record
from tests.stub_exchange.wire_bitget_coinm import CONTRACTS, BitgetCoinMWire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from liqatlas.base.instruments import ContractKind
    from liqatlas.venues.rows import RowBatch

KEY = "bitget_coinm"
BTC = CONTRACTS[0]
END = now_ns() // HOUR_NS * HOUR_NS


def btc() -> Instrument:
    return Instrument(KEY, "BTCUSD_CM", "BTC", "USD", "BTC", "inverse", Decimal("0.1"), Decimal(1))


async def bars(wire: BitgetCoinMWire) -> list[float]:
    """Return the turnover of an hour of bars."""
    market = market_of(KEY)
    async with StubExchange(wire, market, Schedule()) as exchange, client_of(KEY, exchange) as client:
        pages: AsyncIterator[RowBatch] = client.history("bars", BTC.symbol, END - HOUR_NS, END)
        return [float(row[6]) async for page in pages for row in page.of("bars")]  # type: ignore[arg-type]


async def test_a_candles_two_amounts_tell_which_one_is_usd() -> None:
    told = await bars(BitgetCoinMWire())
    assert told == await bars(BitgetCoinMWire(volume_in="usd"))
    assert min(told) >= 1
    with pytest.raises(SourceUnavailableError, match="which is USD cannot be told; nothing is taken from it"):
        await bars(BitgetCoinMWire(volume_in="lots"))


async def test_open_interest_in_coins_is_recognised_and_valued_at_the_mark() -> None:
    market = market_of(KEY)
    lots = market.oi_lots(market.now_ms())
    for wire, unit in ((BitgetCoinMWire(), "usd"), (BitgetCoinMWire(oi_in_coins=True), "coin")):
        async with StubExchange(wire, market, Schedule()) as exchange, client_of(KEY, exchange) as client:
            batch = await client.snapshot("open_interest", BTC.symbol)
            ((_, face, published, usd),) = batch.of("open_interest", BTC.symbol)
            assert client.unit == unit  # type: ignore[attr-defined]
            assert face == usd == pytest.approx(lots, rel=1e-2 if unit == "coin" else 1e-12)
            assert (published == face) == (unit == "usd")


async def test_trades_counted_in_coins_are_refused_not_recorded() -> None:
    wire = BitgetCoinMWire(size_in="coins")
    out = await record(KEY, Schedule(), market=market_of(KEY, events=60), wire=wire, datasets=["trades"])
    assert not [row for _, _, rows in out.rows for row in rows]
    assert out.gaps_of("trades")
    async with StubExchange(wire, out.market, Schedule()) as exchange, client_of(KEY, exchange) as client:
        with pytest.raises(SourceUnavailableError, match="no whole number of contracts of 1 USD"):
            await client.missing_trades(BTC.symbol, None, None)


def test_the_recorded_ticker_of_2022_shows_what_the_rule_would_have_told() -> None:
    """Bitget's classic BTCUSD, recorded 2022-06-02: sizes were coins then, and its two amounts say so."""
    low, high = 29270.5, 30706.5
    assert turnover_usd("6601.040", "201847558.263", low, high, "t") == 201847558.263
    with pytest.raises(FormatError):
        turnover_usd("6601.040", "201847.558", low, high, "t")
    with pytest.raises(FormatError, match="no whole number"):  # its open interest, were it taken for USD
        face_value("6166.235", btc(), "t")
    assert open_interest_unit([("6166.235", btc())]) == "coin"
    assert open_interest_unit([("0", btc()), ("", btc())]) is None


def test_a_candle_of_one_small_trade_is_not_refused_for_its_rounding() -> None:
    assert turnover_usd("0.0001", "5", 77_000.0, 77_000.0, "t") == 5.0
    assert turnover_usd("0", "0", 77_000.0, 77_000.0, "t") == 0.0
    with pytest.raises(FormatError):
        turnover_usd("0.0010", "5", 77_000.0, 77_000.0, "t")


@pytest.mark.parametrize("oi_in_coins", [False, True])
async def test_a_recorded_session_becomes_a_map_in_the_right_unit(*, oi_in_coins: bool) -> None:
    """Known truth: the stub's open interest is a number of contracts of one USD, whichever unit it is sent in."""
    market = market_of(KEY, events=1_200, step_ms=60_000)
    wire = BitgetCoinMWire(oi_in_coins=oi_in_coins)
    out = await record(KEY, Schedule(), market=market, wire=wire)
    tables = {
        dataset: table for (dataset, symbol), table in out.rows.frames().items() if symbol == BTC.symbol
    }
    recording = Recording(
        replace(btc(), settle="BTC"),
        trades=tables["trades"],
        marks=tables["marks"],
        open_interest=tables["open_interest"],
    )
    last = max(e.ts_ms for e in market.events if isinstance(e, Mark) and e.symbol == BTC.symbol)
    request = Request(asset="BTC", as_of_ns=last * NS_PER_MS + 1, max_leverage=100.0, maintenance_rate=0.005)
    made = build_map(request, [recording])
    held = [
        e.oi_lots for e in market.events if isinstance(e, Mark) and e.symbol == BTC.symbol and e.ts_ms == last
    ]
    (venue,) = made.head.venues
    assert venue.open_interest_usd == pytest.approx(held[0], rel=1e-3 if oi_in_coins else 1e-9)
    coverage = made.head.coverage
    assert coverage is not None
    for side in (coverage.long, coverage.short):
        parts = side.explained_usd + side.outside_window_usd + side.older_usd + side.unreachable_usd
        assert parts == pytest.approx(venue.open_interest_usd, rel=1e-6)
        assert side.explained_usd > 0


@pytest.mark.parametrize(
    ("symbol", "kind", "message", "row"),
    [
        # the venue's own one-sided figure where it stands, in an answer of 2026-09-15 and in a change without it
        (
            "BTCUSDT",
            "linear",
            {
                "openInterest": "52664.642",
                "singleOpenInterest": "26332.321",
                "openInterestValue": "100",
                "singleOpenInterestValue": "50",
            },
            (26332.321, 52664.642, 50.0),
        ),
        ("BTCUSDT", "linear", {"openInterest": "10", "openInterestValue": "800000"}, (5.0, 10.0, 400_000.0)),
        ("BTCUSDT", "linear", {"openInterest": "10"}, (5.0, 10.0, None)),
        ("BTCUSDT", "linear", {"openInterest": "10", "singleOpenInterest": ""}, (5.0, 10.0, None)),
        ("BTCUSD", "inverse", {"openInterest": "900", "openInterestValue": "0.01"}, (450.0, 900.0, 450.0)),
    ],
)
def test_open_interest_counted_on_both_sides_is_halved(
    symbol: str, kind: ContractKind, message: dict[str, str], row: tuple[float, float, float | None]
) -> None:
    data = {
        "topic": f"tickers.{symbol}",
        "type": "delta",
        "ts": 1_789_458_600_000,
        "data": {"symbol": symbol} | message,
    }
    listing = Listing(Instrument("bybit", symbol, "BTC", kind=kind), "trading")
    frame = bybit.parse_frame(msgspec.json.encode(data), {symbol: listing})
    assert frame.batch.of("open_interest")[0][1:] == row


@pytest.mark.parametrize(
    ("venue", "native"), [("ccxt:bybit", 5.0), ("ccxt:hyperliquid", 5.0), ("ccxt:x", 10.0)]
)
def test_open_interest_through_ccxt_counts_as_the_exchange_does(venue: str, native: float) -> None:
    of = Instrument(venue, "BTCUSDT", "BTC")
    batch = interest_of([{"openInterestAmount": 10.0, "timestamp": 1_789_458_600_000}], of, None, END)
    assert batch.of("open_interest")[0][1:3] == (native, 10.0)
