"""The interface's documented samples: keys and types of every answer, with single rows (docs.coinglass.com, read 2026-11-22)."""

from __future__ import annotations

from typing import Any

BASE = "/api/futures/liquidation"
_WINDOWS = ("24h", "12h", "4h", "1h")
_HEATMAP = {
    "y_axis": [47968.54],
    "liquidation_leverage_data": [[5, 124, 2288867.26]],
    "price_candlesticks": [[1722676500, "61486", "61596.4", "61434.4", "61539.9", "63753192.1129"]],
}
_INTEREST = [{"time": 1658880000000, "open": "1", "high": "1", "low": "1", "close": "1"}]

#: Target → data of a documented answer. A float stands for any number, as JSON writes both alike.
DOCUMENTED: dict[str, Any] = {
    f"{BASE}/history?exchange=SIM&symbol=PAIR&interval=1h": [
        {"time": 1658880000000, "long_liquidation_usd": "2369935.19562", "short_liquidation_usd": "6947459.43674"}
    ],
    f"{BASE}/aggregated-history?exchange_list=SIM&symbol=BTC&interval=1h": [
        {
            "time": 1658966400000,
            "aggregated_long_liquidation_usd": 5916885.14234,
            "aggregated_short_liquidation_usd": 12969583.87632,
        }
    ],
    f"{BASE}/coin-list?exchange=SIM": [
        {"symbol": "BTC"}
        | {f"{name}liquidation_usd_{w}": 1.5 for name in ("", "long_", "short_") for w in _WINDOWS}
    ],
    f"{BASE}/exchange-list?range=24h&symbol=BTC": [
        {
            "exchange": "All",
            "liquidation_usd": 14673519.8,
            "long_liquidation_usd": 451394.17,
            "short_liquidation_usd": 14222125.64,
            "longLiquidation_usd": 451394.17,
            "shortLiquidation_usd": 14222125.64,
        }
    ],
    f"{BASE}/order?exchange=SIM&symbol=BTC&min_liquidation_amount=1": [
        {
            "exchange_name": "BINANCE", "symbol": "BTCUSDT", "base_asset": "BTC", "price": 87535.9,
            "usd_value": 205534.2932, "side": 2, "time": 1745216319263,
        }
    ],
    f"{BASE}/map?exchange=SIM&symbol=PAIR&range=1d": {"data": {"48935": [[48935.5, 1579370.77, 25.5, None]]}},
    f"{BASE}/aggregated-map?symbol=BTC&range=1d": {"data": {"48935": [[48935.5, 1579370.77, None, None]]}},
    f"{BASE}/heatmap/model1?exchange=SIM&symbol=PAIR&range=12h": _HEATMAP,
    f"{BASE}/heatmap/model3?exchange=SIM&symbol=PAIR&range=12h": _HEATMAP,
    f"{BASE}/aggregated-heatmap/model1?symbol=BTC&range=12h": _HEATMAP,
    f"{BASE}/max-pain?range=24h": [
        {
            "symbol": "BTC", "price": 110625.1, "long_max_pain_liq_level": 75677278.26, "long_max_pain_liq_price": 113046.71,
            "short_max_pain_liq_level": 44617473.19, "short_max_pain_liq_price": 109748.37,
        }
    ],
    "/api/futures/supported-coins": ["BTC"],
    "/api/futures/supported-exchanges": ["OKX"],
    "/api/futures/price/history?exchange=SIM&symbol=PAIR&interval=1h": [
        {"time": 1658880000000, "open": "1", "high": "1", "low": "1", "close": "1", "volume_usd": "1"}
    ],
    "/api/futures/open-interest/history?exchange=SIM&symbol=PAIR&interval=1h": _INTEREST,
    "/api/futures/open-interest/aggregated-history?symbol=BTC&interval=1h": _INTEREST,
    "/api/futures/open-interest/aggregated-stablecoin-history?exchange_list=SIM&symbol=BTC&interval=1h": _INTEREST,
    "/api/futures/open-interest/exchange-list?symbol=BTC": [
        {"exchange": "All", "symbol": "BTC"}
        | {
            f"open_interest_{name}": 1.5
            for name in (
                "usd", "quantity", "by_coin_margin", "by_stable_coin_margin", "quantity_by_coin_margin",
                "quantity_by_stable_coin_margin", *(f"change_percent_{w}" for w in ("5m", "15m", "30m", "1h", "4h", "24h")),
            )
        }
    ],
}  # fmt: skip


def differences(wanted: Any, got: Any, place: str = "data") -> list[str]:
    """Return where an answer differs in shape from a documented one; keys that it has besides are allowed."""
    if isinstance(wanted, dict):
        if not isinstance(got, dict):
            return [f"{place}: an object is wanted"]
        if place.endswith("data.data"):  # keyed by price: any key, one shape
            sample = next(iter(wanted.values()))
            return [] if not got else differences(sample, next(iter(got.values())), f"{place}.<price>")
        missing = [f"{place}.{key} is missing" for key in wanted if key not in got]
        return missing + [
            fault
            for key in wanted
            if key in got
            for fault in differences(wanted[key], got[key], f"{place}.{key}")
        ]
    if isinstance(wanted, list):
        if not isinstance(got, list):
            return [f"{place}: a list is wanted"]
        if wanted and not isinstance(wanted[0], dict | list | str) and len(wanted) > 1:
            return [
                fault
                for i, (a, b) in enumerate(zip(wanted, got, strict=False))
                for fault in differences(a, b, f"{place}[{i}]")
            ] + ([f"{place}: {len(wanted)} values are wanted"] if len(got) != len(wanted) else [])
        return [
            fault for i, one in enumerate(got[:50]) for fault in differences(wanted[0], one, f"{place}[{i}]")
        ]
    if wanted is None:
        return [] if got is None else [f"{place}: null is wanted"]
    kinds = (int, float) if isinstance(wanted, float) else (type(wanted),)
    fits = isinstance(got, kinds) and not isinstance(got, bool)
    return [] if fits else [f"{place}: {type(wanted).__name__} is wanted, got {got!r}"]
