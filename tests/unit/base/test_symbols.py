"""What names of contracts mean, over all venues."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqatlas.base.clock import parse_time
from liqatlas.base.errors import UnknownSymbolError
from liqatlas.base.symbols import SymbolMeaning, near_names, parse_symbol

if TYPE_CHECKING:
    from pathlib import Path

MARCH_2026 = parse_time("2026-03-27T08:00Z")  # the last Friday of the quarter


@pytest.mark.parametrize(
    ("name", "asset", "quote"),
    [
        ("BTC", "BTC", ""),
        ("btcusdt", "BTC", "USDT"),
        ("BTC-PERP", "BTC", ""),
        ("BTCPERP", "BTC", ""),  # Bybit, margined in USDC
        ("BTC-USDT-SWAP", "BTC", "USDT"),  # OKX
        ("BTC_USDT", "BTC", "USDT"),  # Gate
        ("BTC-USDT", "BTC", "USDT"),  # HTX, BingX
        ("BTC_USDC-PERPETUAL", "BTC", "USDC"),  # Deribit
        ("BTC-PERPETUAL", "BTC", ""),
        ("BTCUSDT_UMCBL", "BTC", "USDT"),  # Bitget, first version
        ("tBTCF0:USTF0", "BTC", "USDT"),  # Bitfinex
        ("BTC/USDT:USDT", "BTC", "USDT"),  # ccxt
        ("XBTUSDTM", "BTC", "USDT"),  # KuCoin
        ("XBTUSD", "BTC", "USD"),  # BitMEX
        ("ETHBTC", "ETH", "BTC"),
        ("BNBUSD_PERP", "BNB", "USD"),  # Binance COIN-M
        ("BTCBUSD", "BTC", "BUSD"),  # until 2023
        ("BNBBUSD", "BNB", "BUSD"),
        ("ARBUSDT", "ARB", "USDT"),
        ("ETHFDUSD", "ETH", "FDUSD"),
        ("BTC-USD", "BTC", "USD"),  # dYdX
        ("xyz:TSLA", "TSLA", ""),  # a builder's market on Hyperliquid
        ("币安人生USDT", "币安人生", "USDT"),  # Binance lists names that are not Latin
        ("4USDT", "4", "USDT"),
        ("1INCHUSDT", "1INCH", "USDT"),
        ("WBTC", "WBTC", ""),
        ("STETHUSDT", "STETH", "USDT"),
        ("FDUSD", "FDUSD", ""),
        ("BCHABCUSDT", "BCH", "USDT"),
    ],
)
def test_asset_and_quote(name: str, asset: str, quote: str) -> None:
    meaning = parse_symbol(name)
    assert (meaning.asset, meaning.quote, meaning.price_multiplier, meaning.expiry_ns) == (
        asset,
        quote,
        1,
        None,
    )


@pytest.mark.parametrize(
    ("name", "asset", "multiplier"),
    [
        ("kPEPE", "PEPE", 1000),
        ("kPEPE-PERP", "PEPE", 1000),
        ("1000PEPEUSDT", "PEPE", 1000),
        ("1000PEPE", "PEPE", 1000),
        ("10000LADYSUSDT", "LADYS", 10_000),
        ("1000000MOGUSDT", "MOG", 1_000_000),
        ("1MBABYDOGEUSDT", "BABYDOGE", 1_000_000),
        ("PEPEUSDT", "PEPE", 1),
        ("KAVAUSDT", "KAVA", 1),
        ("KPEPE", "KPEPE", 1),  # only a small k says thousand
        ("KASUSDT", "KAS", 1),
    ],
)
def test_coins_per_unit(name: str, asset: str, multiplier: int) -> None:
    meaning = parse_symbol(name)
    assert (meaning.asset, meaning.price_multiplier) == (asset, multiplier)


@pytest.mark.parametrize(
    ("name", "quote"),
    [
        ("BTCUSDT_260327", "USDT"),  # Binance
        ("BTCUSD_260327", "USD"),  # Binance COIN-M
        ("BTC-USDT-260327", "USDT"),  # OKX
        ("BTC_USDT_20260327", "USDT"),  # Gate
        ("BTC-27MAR26", ""),  # Bybit in USDC, Deribit
        ("BTCUSDT-27MAR26", "USDT"),  # Bybit in USDT
        ("BTCUSDH26", "USD"),  # Bybit inverse
        ("BTC/USDT:USDT-260327", "USDT"),  # ccxt
    ],
)
def test_delivery(name: str, quote: str) -> None:
    meaning = parse_symbol(name)
    assert (meaning.asset, meaning.quote, meaning.expiry_ns) == ("BTC", quote, MARCH_2026)


@pytest.mark.parametrize(
    ("code", "day"),
    [("H24", "2024-03-29"), ("M25", "2025-06-27"), ("U26", "2026-09-25"), ("Z27", "2027-12-31")],
)
def test_quarterly_code_is_the_last_friday(code: str, day: str) -> None:
    assert parse_symbol(f"BTCUSD{code}").expiry_ns == parse_time(f"{day}T08:00Z")
    assert parse_symbol(f"BTCCM{code}") == parse_symbol(f"BTCUSD{code}")


@pytest.mark.parametrize(
    ("name", "coin_margined"),
    [
        ("BTCUSD_PERP", True),
        ("BTCUSD_CM", True),
        ("BTCCMZ26", True),
        ("BTC-USD-SWAP", True),
        ("BTC-USD-260327", True),
        ("XBTUSD", True),
        ("BTC/USD:BTC", True),
        ("BTC/USDT:USDT", False),
        ("BTCUSDT", None),
        ("BTC-USD", None),
        ("BTC", None),
    ],
)
def test_margin_currency_where_the_name_says_it(name: str, coin_margined: bool | None) -> None:
    assert parse_symbol(name).coin_margined is coin_margined


@pytest.mark.parametrize(
    "name",
    [
        "", " ", "-", "_PERP", "1000", "BTC USDT", "BTC;USDT", "BTC-260230", "BTC-32MAR26", "BTC-27MAR26-60000-C", "PF_XBTUSD",
        "A" * 41, "BTC\nUSDT", "../etc/passwd",
    ],
)  # fmt: skip
def test_what_is_no_symbol_is_refused(name: str) -> None:
    with pytest.raises(UnknownSymbolError) as caught:
        parse_symbol(name)
    assert caught.value.name == name


@given(st.text(max_size=45))
def test_any_text_is_a_symbol_or_refused(name: str) -> None:
    try:
        meaning = parse_symbol(name)
    except UnknownSymbolError:
        return
    assert meaning.asset
    assert meaning.asset.isalnum()
    assert meaning.price_multiplier >= 1


# a coin ending in B or FD is told from BUSD and FDUSD by its name alone
COINS = st.from_regex(r"[A-Z]{2,5}[AC-Z]", fullmatch=True).filter(
    lambda coin: parse_symbol(coin) == SymbolMeaning(coin) and not coin.endswith("FD")
)


@given(
    coin=COINS,
    quote=st.sampled_from(["USDT", "USDC", "USD"]),
    shape=st.sampled_from(["{}{}", "{}-{}-SWAP", "{}_{}", "{}/{}:{}"]),
)
def test_every_shape_names_the_same_asset(coin: str, quote: str, shape: str) -> None:
    meaning = parse_symbol(shape.format(coin, quote, quote))
    assert (meaning.asset, meaning.quote) == (coin, quote)


@pytest.mark.data
def test_every_contract_that_binance_lists(data_dir: Path) -> None:
    path = data_dir / "binance_leverage_brackets" / "binance_leverage_tiers_2026-09-29.json.gz"
    names = json.loads(gzip.decompress(path.read_bytes()))
    assert len(names) > 900
    for name in names:
        base, quote, _settle = name.replace(":", "/").split("/")
        spelled, flat = parse_symbol(name), parse_symbol(f"{base}{quote}")
        assert spelled.quote == quote
        assert base in {spelled.asset, f"{spelled.price_multiplier}{spelled.asset}", f"1M{spelled.asset}"}
        # two contracts quoted in the coin "U" cannot be told from coins by their flat name
        assert quote == "U" or (flat.asset, flat.quote, flat.price_multiplier) == (
            spelled.asset,
            spelled.quote,
            spelled.price_multiplier,
        )


def test_near_names() -> None:
    assert near_names("btcusd", ["BTCUSDT", "ETHUSDT", "DOGEUSDT"])[0] == "BTCUSDT"
    assert near_names("zzz", ["BTCUSDT"]) == []


def test_a_perpetual_of_bitgets_unified_account() -> None:
    meaning = parse_symbol("1000PEPEUSD_CM")
    assert (meaning.asset, meaning.quote, meaning.price_multiplier, meaning.expiry_ns) == (
        "PEPE",
        "USD",
        1000,
        None,
    )
    assert parse_symbol("CMUSDT").asset == "CM"
