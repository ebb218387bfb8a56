"""Answers in the shapes of CoinGlass's v4 interface, made of our own results; see docs/reference/coinglass.md."""
