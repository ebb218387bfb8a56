"""Hyperliquid's public accounts: where their addresses are found, what one answer says, asking within the limits. See README.md."""
