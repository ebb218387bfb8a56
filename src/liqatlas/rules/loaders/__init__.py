"""From each venue's own payload to tier tables. Bytes or parsed JSON in, nothing is fetched here."""

from liqatlas.rules.loaders.binance import load_binance_brackets
from liqatlas.rules.loaders.bitget import load_bitget_tiers, load_bitget_unified_tiers
from liqatlas.rules.loaders.bybit import load_bybit_risk_limits
from liqatlas.rules.loaders.ccxt import load_ccxt_tiers
from liqatlas.rules.loaders.dydx import load_dydx_markets
from liqatlas.rules.loaders.gate import load_gate_tiers
from liqatlas.rules.loaders.hyperliquid import load_hyperliquid_meta
from liqatlas.rules.loaders.okx import load_okx_position_tiers
from liqatlas.rules.loaders.reading import Origin

__all__ = [
    "Origin",
    "load_binance_brackets",
    "load_bitget_tiers",
    "load_bitget_unified_tiers",
    "load_bybit_risk_limits",
    "load_ccxt_tiers",
    "load_dydx_markets",
    "load_gate_tiers",
    "load_hyperliquid_meta",
    "load_okx_position_tiers",
]
