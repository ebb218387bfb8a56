"""Keys: kept as hashes, found in constant time, refused when wrong, forgotten when removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liqatlas.base.errors import ConfigError, InputError
from liqatlas.server import keys as module
from liqatlas.server.keys import KeyRing, new_key, parse_scopes, read_keys, write_keys

if TYPE_CHECKING:
    from pathlib import Path


def test_the_secret_is_kept_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    key, text = new_key("desk")
    write_keys(path, [key])
    secret = text.rpartition("_")[2] if text.count("_") == 2 else text.split("_", 2)[2]
    assert secret not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_keys(path) == [key]
    assert secret not in repr(KeyRing(path).__dict__)


def test_verify() -> None:
    key, text = new_key("desk")
    other, _ = new_key("other")
    ring = KeyRing(made=[key, other])
    assert ring.recall(text) is None  # never seen
    assert ring.verify(text) == key
    assert ring.recall(text) == key
    for wrong in (
        "",
        "lq",
        "lq__",
        text[:-1],
        text + "x",
        text.replace(key.id, other.id),
        "lq_00000000_" + "x" * 32,
        "é_é_é",
    ):
        assert ring.verify(wrong) is None, wrong


def test_same_cost_for_an_unknown_key(monkeypatch: pytest.MonkeyPatch) -> None:
    key, text = new_key("desk")
    ring = KeyRing(made=[key])
    calls: list[int] = []
    real = module._hash

    def counted(secret: str, salt: bytes) -> bytes:
        calls.append(len(salt))
        return real(secret, salt)

    monkeypatch.setattr(module, "_hash", counted)
    ring.verify("lq_ffffffff_whatever")
    ring.verify(text[:-2] + "zz")
    assert calls == [16, 16]


def test_removed_key_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK_EVERY_S", 0.0)
    path = tmp_path / "keys.json"
    key, text = new_key("desk")
    keep, _ = new_key("keep")
    write_keys(path, [key, keep])
    ring = KeyRing(path)
    assert ring.verify(text) == key
    write_keys(path, [keep])
    assert ring.recall(text) is None
    assert ring.verify(text) is None


def test_file_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    write_keys(path, [new_key("desk")[0]])
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        read_keys(path)


@pytest.mark.parametrize("text", ["", "[]", '{"version":1}', '{"version":1,"keys":[{}]}', "\x00"])
def test_bad_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match=r"keys\.json"):
        read_keys(path)


def test_scopes() -> None:
    assert parse_scopes("read, stream,read") == ("read", "stream")
    with pytest.raises(InputError, match="unknown"):
        parse_scopes("read,root")
