"""``liqatlas keys``: make, list and remove the keys of a server."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  (cyclopts reads the annotations)
from typing import Literal

from liqatlas.base.config import load_settings
from liqatlas.base.errors import InputError
from liqatlas.cli.output import say


def keys(
    action: Literal["add", "list", "remove"],
    name: str = "",
    /,
    *,
    keys: Path | None = None,
    scopes: str = "read,stream,stress",
    per_minute: int = 600,
) -> int:
    """Make, list or remove keys; a key is shown once, kept is only its hash.

    Parameters
    ----------
    action
        add, list or remove.
    name
        Who gets the key; to remove, its id or name.
    keys
        File of keys; default is keys.json beside the lake of the settings.
    scopes
        What it is good for, by comma: read, stream, stress, metrics.
    per_minute
        Requests a minute.
    """
    from liqatlas.server.keys import new_key, parse_scopes, read_keys, write_keys

    path = keys or default_keys()
    held = read_keys(path)
    if action == "list":
        for one in held:
            print(f"{one.id}  {one.created}  {','.join(one.scopes):28}  {one.per_minute:>6}/min  {one.name}")
        say(f"{len(held)} keys in {path}")
        return 0
    if not name.strip():
        raise InputError(f"keys {action} wants a name: liqatlas keys {action} NAME")
    if action == "add":
        if not 1 <= per_minute <= 1_000_000:
            raise InputError(f"--per-minute {per_minute} cannot be used: wanted 1 to 1000000")
        key, text = new_key(name.strip(), parse_scopes(scopes), per_minute=per_minute)
        write_keys(path, [*held, key])
        print(text)
        say(f"key {key.id} for {key.name} is kept in {path} as a hash; the text above is not shown again")
        return 0
    left = [one for one in held if name not in {one.id, one.name}]
    if len(left) == len(held):
        raise InputError(f"{path} holds no key {name!r}: see liqatlas keys list")
    write_keys(path, left)
    say(f"{len(held) - len(left)} removed; a running server forgets it within seconds")
    return 0


def default_keys() -> Path:
    """Return the file of keys beside the lake of the settings."""
    return load_settings().lake_path.parent / "keys.json"
