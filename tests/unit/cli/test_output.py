"""Results reach their file whole or not at all, and what is no file stays what it is."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from liqatlas.base.errors import InputError
from liqatlas.cli.output import emit


def test_a_link_keeps_pointing_where_it_did(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    real.write_bytes(b"old")
    link.symlink_to(real)
    emit(b"new", "json", link)
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link.json", "real.json"]


def test_a_pipe_takes_the_bytes_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    emit(b"through", "json", pipe)
    reader.join(10)
    assert got == [b"through"]
    assert pipe.is_fifo()


def test_a_folder_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot write"):
        emit(b"x", "json", tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert not list(tmp_path.parent.glob(".*.part"))


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no device that is always full here")
def test_a_full_standard_output_is_one_sentence() -> None:
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "liqatlas", "doctor", "--offline"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert ran.returncode == 2
    assert ran.stderr.decode().splitlines() == [
        "liqatlas: cannot write standard output: No space left on device"
    ]
