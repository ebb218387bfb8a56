"""The error tree is the one drawn at its head."""

from __future__ import annotations

import inspect
import re

import pytest

from liqatlas.base import errors
from liqatlas.base.errors import FormatError, LiqAtlasError, TiersUnknownError, UnknownSymbolError

CLASSES = [
    value
    for _, value in inspect.getmembers(errors, inspect.isclass)
    if issubclass(value, LiqAtlasError) and value is not LiqAtlasError
]


def drawn() -> dict[str, tuple[str, int, int]]:
    """Return ``{name: (parent, exit code, HTTP status)}`` as the module's docstring draws it."""
    found: dict[str, tuple[str, int, int]] = {}
    parents = ["LiqAtlasError"]
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"^    ([│ ]*)[├└]── (\w+) +(\d) / (\d{3})", line)
        if match:
            depth = len(match[1]) // 4
            found[match[2]] = (parents[depth], int(match[3]), int(match[4]))
            parents[depth + 1 :] = [match[2]]
    return found


@pytest.mark.parametrize("error", CLASSES, ids=lambda error: error.__name__)
def test_class_stands_in_the_drawing(error: type[LiqAtlasError]) -> None:
    parent = next(base.__name__ for base in error.__bases__ if issubclass(base, LiqAtlasError))
    assert drawn()[error.__name__] == (parent, error.exit_code, error.http_status)


def test_nothing_else_is_drawn() -> None:
    assert set(drawn()) == {error.__name__ for error in CLASSES}


def test_messages_say_what_and_where() -> None:
    unknown = UnknownSymbolError("BTCUSD", ["BTCUSDT"], where="binance")
    assert str(unknown) == "unknown symbol 'BTCUSD' in binance; did you mean BTCUSDT?"
    assert (unknown.name, unknown.near) == ("BTCUSD", ("BTCUSDT",))
    wrong = FormatError("trades.csv", "price is negative", line=7)
    assert str(wrong) == "trades.csv:7: price is negative"
    assert str(FormatError("a.zip", "cut off")) == "a.zip: cut off"
    tiers = TiersUnknownError("bitget", "BTCUSDT", "no table is sourced")
    assert str(tiers) == "no margin tiers for BTCUSDT on bitget: no table is sourced"
