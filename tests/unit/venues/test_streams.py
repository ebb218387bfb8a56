"""What is asked of each venue's streams: addresses, chunks, and which dataset breaks with which connection."""

from __future__ import annotations

import json

import pytest

from liqatlas.base.errors import InputError
from liqatlas.venues.binance import stream as binance
from liqatlas.venues.bybit import stream as bybit
from liqatlas.venues.hyperliquid import stream as hyperliquid
from liqatlas.venues.okx import stream as okx
from liqatlas.venues.registry import venue


def test_binance_books_go_to_public_and_the_rest_to_market() -> None:
    market, public = binance.subscriptions(
        "wss://fstream.binance.com",
        ["BTCUSDT"],
        ["trades", "marks", "funding", "liquidations", "book_levels"],
    )
    assert market.url == "wss://fstream.binance.com/market/stream"
    assert public.url == "wss://fstream.binance.com/public/stream"
    asked = [json.loads(m)["params"] for m in market.messages]
    assert asked == [["btcusdt@markPrice@1s", "!forceOrder@arr", "btcusdt@aggTrade"]]
    assert market.carries == {
        ("trades", "BTCUSDT"), ("marks", "BTCUSDT"), ("funding", "BTCUSDT"), ("liquidations", "*"),
    }  # fmt: skip
    assert public.carries == {("book_levels", "BTCUSDT")}


def test_binance_splits_a_thousand_symbols_over_connections() -> None:
    names = [f"A{i}USDT" for i in range(1_000)]
    found = binance.subscriptions("wss://x", names, ["trades"])
    assert [sum(len(json.loads(m)["params"]) for m in s.messages) for s in found] == [900, 100]
    assert set().union(*(s.carries for s in found)) == {("trades", n) for n in names}


def test_bybit_asks_for_ten_topics_at_a_time_and_for_every_contracts_liquidations() -> None:
    everything = {"linear": [f"A{i}USDT" for i in range(25)], "inverse": ["BTCUSD"]}
    linear, inverse = bybit.subscriptions(
        "wss://stream.bybit.com", {"linear": ["A1USDT"]}, everything, ["trades", "liquidations"]
    )
    assert linear.url == "wss://stream.bybit.com/v5/public/linear"
    assert [len(json.loads(m)["args"]) for m in linear.messages] == [10, 10, 6]
    assert ("liquidations", "A24USDT") in linear.carries
    assert ("trades", "A24USDT") not in linear.carries
    assert inverse.carries == {("liquidations", "BTCUSD")}
    assert inverse.silent_after_s is None  # liquidations alone may be silent for hours


def test_okx_liquidations_are_asked_for_by_kind_of_contract() -> None:
    chosen, wide = okx.subscriptions("wss://ws.okx.com", ["BTC-USDT-SWAP"], ["trades", "liquidations"])
    assert json.loads(chosen.messages[0])["args"] == [{"channel": "trades", "instId": "BTC-USDT-SWAP"}]
    assert json.loads(wide.messages[0])["args"] == [
        {"channel": "liquidation-orders", "instType": "SWAP"}, {"channel": "liquidation-orders", "instType": "FUTURES"},
    ]  # fmt: skip
    assert ":8443" not in chosen.url


def test_hyperliquid_has_one_context_for_three_datasets() -> None:
    (only,) = hyperliquid.subscriptions(
        "wss://api.hyperliquid.xyz", ["BTC"], ["marks", "open_interest", "funding"]
    )
    assert [json.loads(m)["subscription"] for m in only.messages] == [
        {"type": "activeAssetCtx", "coin": "BTC"}
    ]
    assert len(only.carries) == 3


@pytest.mark.parametrize(
    ("key", "dataset"), [("binance", "open_interest"), ("hyperliquid", "liquidations"), ("okx", "positions")]
)
def test_what_a_venue_does_not_stream_is_refused(key: str, dataset: str) -> None:
    with pytest.raises(InputError, match="streams no"):
        venue(key).subscriptions(["BTC"], [dataset])


@pytest.mark.parametrize(
    ("key", "named"), [("bitget", ("channel", "instId")), ("bitget_coinm", ("topic", "symbol"))]
)
def test_a_channel_that_carries_several_datasets_is_asked_for_once(key: str, named: tuple[str, str]) -> None:
    names = [f"C{i}USDT" for i in range(60)]
    found = venue(key).subscriptions(names, ["trades", "marks", "open_interest"])
    asked = [arg for s in found for m in s.messages for arg in json.loads(m)["args"]]
    assert len(asked) == len({tuple(arg[n] for n in named) for arg in asked}) == 120
    assert len(found) == 3  # fifty channels a connection
    carried = [pair for s in found for pair in s.carries]
    assert len(carried) == len(set(carried)) == 180
    with pytest.raises(InputError, match="streams no bars; it streams"):
        venue(key).subscriptions(names, ["bars"])
