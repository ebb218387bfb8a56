"""Settings: file, then environment, then flags."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from liqatlas.base.config import Settings, load_settings
from liqatlas.base.errors import ConfigError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "liqatlas.toml"
    path.write_text('theme = "light"\ntz = "Europe/Berlin"\nthreads = 3\n')
    return path


def test_the_later_source_wins(file: Path) -> None:
    environ = {
        "LIQATLAS_TZ": "Asia/Tokyo",
        "LIQATLAS_THREADS": "5",
        "LIQATLAS_VENV": "/elsewhere",
        "HOME": "/home/x",
    }
    settings = load_settings(file=file, environ=environ, flags={"threads": 7, "lake": None})
    assert settings == Settings(theme="light", tz="Asia/Tokyo", threads=7)


def test_defaults_without_any_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings(environ={}) == Settings()


def test_the_file_of_the_working_folder_is_taken(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    assert load_settings(environ={}).theme == "light"


def test_home_is_filled_in() -> None:
    settings = Settings(lake="~/lake", cache="/var/cache/liqatlas")
    assert settings.lake_path == Path.home() / "lake"
    assert settings.cache_path == Path("/var/cache/liqatlas")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('theme = "light', "not valid TOML"),
        ('colour = "red"', "colour"),
        ('threads = "many"', "threads"),
        ("[plot]\nwidth = 3", "plot"),
        ("grid_step = [1]", "grid_step"),
    ],
)
def test_bad_file_is_named_with_what_is_wrong(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words):
        load_settings(file=path, environ={})


def test_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "liqatlas.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_settings(file=path, environ={})


def test_named_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such configuration file"):
        load_settings(file=tmp_path / "none.toml", environ={})


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_file_that_may_not_be_read(file: Path) -> None:
    file.chmod(0)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(file=file, environ={})


@pytest.mark.parametrize("environ", [{"LIQATLAS_THREADS": "many"}, {"LIQATLAS_GRID_STEP": ""}])
def test_bad_environment(environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="known settings: lake"):
        load_settings(environ=environ)


def test_unknown_flag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="colour"):
        load_settings(environ={}, flags={"colour": "red"})
