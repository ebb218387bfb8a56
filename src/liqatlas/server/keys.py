"""Keys: shown once, kept as scrypt hashes, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import threading
import time
from typing import TYPE_CHECKING, Literal

import msgspec

from liqatlas.base.clock import isoformat, now_ns
from liqatlas.base.errors import ConfigError, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Scope = Literal["read", "stream", "stress", "metrics"]
SCOPES: tuple[Scope, ...] = ("read", "stream", "stress", "metrics")
USUAL_SCOPES: tuple[Scope, ...] = ("read", "stream", "stress")
PREFIX = "lq"
#: scrypt: about 16 MiB and 40 ms for one guess.
_N, _R, _P = 2**14, 8, 1
#: The file is looked at again at most this often [s].
_LOOK_EVERY_S = 2.0
_REMEMBERED = 4_096


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key as it is kept: everything but the secret."""

    id: str
    name: str
    scopes: tuple[Scope, ...]
    salt: str
    hash: str
    created: str
    per_minute: int = 600


class _KeysFile(msgspec.Struct, forbid_unknown_fields=True):
    version: int
    keys: list[Key]


def new_key(name: str, scopes: Sequence[Scope] = USUAL_SCOPES, *, per_minute: int = 600) -> tuple[Key, str]:
    """Return a key to keep and its text, which is shown once and never again."""
    identity, secret = secrets.token_hex(4), secrets.token_urlsafe(24)
    salt = secrets.token_bytes(16)
    key = Key(
        identity,
        name,
        tuple(dict.fromkeys(scopes)),
        salt.hex(),
        _hash(secret, salt).hex(),
        isoformat(now_ns() // 10**9 * 10**9),
        per_minute,
    )
    return key, f"{PREFIX}_{identity}_{secret}"


def _hash(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, n=_N, r=_R, p=_P, maxmem=64 * 2**20, dklen=32)


def read_keys(path: Path) -> list[Key]:
    """Return the keys of a file; none where there is no file.

    Raises
    ------
    ConfigError
        If it cannot be read, or others than its owner may read it.
    """
    try:
        mode = path.stat().st_mode & 0o077
        raw = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigError(f"keys file {path}: cannot be read: {error.strerror}") from None
    if mode:
        raise ConfigError(f"keys file {path} may be read by others: chmod 600 {path}")
    try:
        return msgspec.json.decode(raw, type=_KeysFile).keys
    except msgspec.DecodeError as error:
        raise ConfigError(f"keys file {path}: {error}; make keys with `liqatlas keys add NAME`") from None


def write_keys(path: Path, keys: Sequence[Key]) -> None:
    """Write the keys, whole or not at all, readable by their owner only.

    Raises
    ------
    ConfigError
        If the file cannot be written.
    """
    body = msgspec.json.format(msgspec.json.encode(_KeysFile(1, list(keys))))
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ConfigError(f"keys file {path}: cannot be written: {error.strerror}") from None


def parse_scopes(text: str) -> tuple[Scope, ...]:
    """Return scopes from ``read,stream``.

    Raises
    ------
    InputError
        If one is unknown.
    """
    out = []
    for name in text.split(","):
        found = next((scope for scope in SCOPES if scope == name.strip().lower()), None)
        if found is None:
            raise InputError(f"scope {name.strip()!r} is unknown: wanted some of {', '.join(SCOPES)}")
        out.append(found)
    return tuple(dict.fromkeys(out))


class KeyRing:
    """The keys a server knows: those of its file, looked at again when it changes, and those made for this run.

    A right secret is hashed by scrypt once; afterwards its keyed digest, made with a secret of this process, finds it.
    """

    def __init__(self, path: Path | None = None, made: Sequence[Key] = ()) -> None:
        self._path, self._made = path, tuple(made)
        self._pepper = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._known: dict[bytes, str] = {}
        self._stamp: tuple[int, int] | None = None
        self._looked = -_LOOK_EVERY_S
        self._keys: dict[str, Key] = {}
        self._nobody = new_key("nobody")[0]
        self._look()

    def __len__(self) -> int:
        self._look()
        return len(self._keys)

    def _look(self) -> None:
        with self._lock:
            if time.monotonic() - self._looked < _LOOK_EVERY_S:
                return
            self._looked = time.monotonic()
            stamp = None
            if self._path is not None and self._path.exists():
                about = self._path.stat()
                stamp = (about.st_mtime_ns, about.st_size)
            if stamp == self._stamp and self._keys:
                return
            kept = read_keys(self._path) if self._path is not None else []
            self._keys = {one.id: one for one in (*kept, *self._made)}
            self._stamp = stamp
            self._known.clear()

    def recall(self, token: str) -> Key | None:
        """Return the key of a text that was found right before; cheap."""
        self._look()
        identity = self._known.get(self._digest(token))
        return self._keys.get(identity) if identity is not None else None

    def verify(self, token: str) -> Key | None:
        """Return the key of a text, or nothing; costs one scrypt whether the key exists or not."""
        found = self.recall(token)
        if found is not None:
            return found
        prefix, _, rest = token.partition("_")
        identity, _, secret = rest.partition("_")
        key = self._keys.get(identity) if prefix == PREFIX else None
        against = key or self._nobody
        right = hmac.compare_digest(_hash(secret, bytes.fromhex(against.salt)), bytes.fromhex(against.hash))
        if key is None or not right:
            return None
        with self._lock:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[self._digest(token)] = key.id
        return key

    def _digest(self, token: str) -> bytes:
        return hmac.digest(self._pepper, token.encode("utf-8", "surrogateescape"), "sha256")
