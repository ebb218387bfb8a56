"""Files of beliefs: the shipped one, a caller's own, and what is said where one cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from liqatlas.base.beliefs import read_beliefs
from liqatlas.base.errors import ConfigError, InternalError

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED = ("liqatlas.signals.stress", "taker_fees_2026-11-22.json")


class Belief(msgspec.Struct, forbid_unknown_fields=True):
    share: float


def test_the_caller_s_file_goes_before_the_shipped_one(tmp_path: Path) -> None:
    own = tmp_path / "own.json"
    own.write_text('{"share": 0.5}')
    assert read_beliefs(Belief, *SHIPPED, own) == Belief(0.5)
    assert "okx" in read_beliefs(dict[str, object], *SHIPPED)["venues"]  # type: ignore[operator]


@pytest.mark.parametrize("content", [None, b"", b"{", b'{"share": "much"}', b'{"share": 1, "more": 2}'])
def test_a_file_that_holds_no_beliefs_is_named_with_what_was_wanted(
    tmp_path: Path, content: bytes | None
) -> None:
    own = tmp_path / "own.json"
    if content is not None:
        own.write_bytes(content)
    with pytest.raises(
        ConfigError, match=r"own\.json cannot be read: .*wanted a file like the shipped taker_fees"
    ):
        read_beliefs(Belief, *SHIPPED, own)


def test_a_shipped_file_that_cannot_be_read_is_our_own_fault() -> None:
    for name in ("absent.json", SHIPPED[1]):
        with pytest.raises(InternalError, match=f"shipped file {name}"):
            read_beliefs(Belief, SHIPPED[0], name)
