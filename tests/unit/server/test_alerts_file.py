"""The file of alerts: what it may say, and a sentence for everything it may not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liqatlas.base.errors import ConfigError
from liqatlas.server.alerts import read_alerts

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """
state = "state.json"
[[webhook]]
name = "ops"
url = "https://hooks.example/abc"
secret_env = "HOOK_SECRET"
[[rule]]
name = "eth near"
when = "price-near-cluster"
asset = "eth"
within = "1.5%"
min_usd = "5M"
position = "long"
[[rule]]
when = "feed-stale"
older_than = "2m"
to = ["ops"]
"""


def read(tmp_path: Path, text: str) -> object:
    path = tmp_path / "alerts.toml"
    path.write_text(text)
    return read_alerts(path)


def test_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", "0123456789abcdef")
    path = tmp_path / "alerts.toml"
    path.write_text(GOOD)
    found = read_alerts(path)
    near, stale = found.rules
    assert (near.name, near.asset, near.within, near.min_usd, near.position) == (
        "eth near",
        "ETH",
        0.015,
        5e6,
        "long",
    )
    assert (stale.when, stale.older_than_ns) == ("feed-stale", 120 * 10**9)
    assert found.to[stale.name] == {"ops"}
    assert found.webhooks[0].secret == b"0123456789abcdef"
    assert found.state == tmp_path / "state.json"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('when = "feed-stale"', 'when = "moon"', "Invalid enum value"),
        ('asset = "eth"\n', "", "asset is missing"),
        ('"1.5%"', '"near"', "wanted a share"),
        ('"5M"', '"lots"', "amount"),
        ('older_than = "2m"', 'older_than = "soon"', "window"),
        ('to = ["ops"]', 'to = ["nobody"]', "no \\[\\[webhook\\]\\]"),
        ("https://hooks", "ftp://hooks", "wanted https"),
        ('secret_env = "HOOK_SECRET"', "", "one of secret_env and secret_file"),
        ('secret_env = "HOOK_SECRET"', 'secret_env = "NOT_SET"', "missing or shorter"),
        ('secret_env = "HOOK_SECRET"', 'secret = "plain"', "unknown field"),
        ("[[rule]]", "[[rule", "not valid TOML"),
    ],
)
def test_bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, says: str) -> None:
    monkeypatch.setenv("HOOK_SECRET", "0123456789abcdef")
    assert old in GOOD
    with pytest.raises(ConfigError, match=says):
        read(tmp_path, GOOD.replace(old, new, 1))


def test_absent_and_empty(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_alerts(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match=r"no \[\[rule\]\]"):
        read(tmp_path, "")
