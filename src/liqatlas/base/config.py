"""Settings: ``liqatlas.toml``, then the environment (``LIQATLAS_…``), then flags; the later wins."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from liqatlas.base.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIG_FILE = "liqatlas.toml"
ENV_PREFIX = "LIQATLAS_"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that can be set once for all verbs."""

    #: Folder of the lake and its catalogue.
    lake: str = "~/.local/share/liqatlas/lake"
    #: Folder for compiled kernels and other things that can be made again.
    cache: str = "~/.cache/liqatlas"
    #: Time zone of times shown to people; data are UTC throughout.
    tz: str = "UTC"
    #: Look of pictures.
    theme: str = "dark"
    #: Width of a bin in log price.
    grid_step: float = 0.0005
    #: Threads for parallel work; 0 takes all cores.
    threads: int = 0

    @property
    def lake_path(self) -> Path:
        """The lake's folder with ``~`` filled in."""
        return Path(self.lake).expanduser()

    @property
    def cache_path(self) -> Path:
        """The cache folder with ``~`` filled in."""
        return Path(self.cache).expanduser()


def load_settings(
    *,
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> Settings:
    """Return the settings in force.

    Parameters
    ----------
    file
        The TOML file; by default ``liqatlas.toml`` in the working folder where there is one.
    environ
        By default the process environment; ``LIQATLAS_THEME=light`` sets ``theme``.
    flags
        Values from the command line; ``None`` values do not count.

    Raises
    ------
    ConfigError
        If the file cannot be parsed, or a name or value is unknown.
    """
    merged: dict[str, Any] = {}
    path = file or Path(CONFIG_FILE)
    if path.is_file():
        try:
            merged |= tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: not valid TOML: {error}") from None
    elif file is not None:
        raise ConfigError(f"{path}: no such configuration file")
    env = os.environ if environ is None else environ
    merged |= {
        name: env[key] for name in Settings.__struct_fields__ if (key := ENV_PREFIX + name.upper()) in env
    }
    merged |= {name: value for name, value in (flags or {}).items() if value is not None}
    try:
        return msgspec.convert(merged, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"setting cannot be used: {error}; known settings: {', '.join(Settings.__struct_fields__)}"
        ) from None
