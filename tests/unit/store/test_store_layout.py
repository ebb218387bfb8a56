from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from liqatlas.base.errors import LakeLockedError
from liqatlas.store import layout
from liqatlas.store.lock import Lock
from tests.conformance.store.rows import DAY, HOUR, START

if TYPE_CHECKING:
    from pathlib import Path


def test_names_are_safe_in_any_file_system() -> None:
    path = layout.partition("trades", "bitfinex", "../a/b:c d", START)
    assert path == "dataset=trades/venue=bitfinex/symbol=..%2Fa%2Fb%3Ac%20d/date=2026-02-05"


def test_days_and_hours_are_utc() -> None:
    assert layout.day_of(START + DAY - 1) == START
    assert layout.hour_of(START + HOUR) == START + HOUR
    assert layout.file_name(START + 23 * HOUR, START + DAY, "x") == "h23-24-x.parquet"
    assert layout.file_name(START, START + DAY, "x") == "h00-24-x.parquet"


def test_one_role_once_other_roles_beside(tmp_path: Path) -> None:
    with Lock(tmp_path, "recorder"):
        with pytest.raises(LakeLockedError, match="a second recorder was refused"):
            Lock(tmp_path, "recorder").acquire()
        with Lock(tmp_path, "backfill"), Lock(tmp_path, ""), Lock(tmp_path, ""):
            pass
        with pytest.raises(LakeLockedError, match="exclusive access was refused") as caught:
            Lock(tmp_path, None).acquire()
        holder = json.loads((tmp_path / "locks" / "recorder.lock").read_text())
        assert (caught.value.pid, caught.value.host) == (holder["pid"], holder["host"])
    with Lock(tmp_path, None):
        for role in ("recorder", ""):
            with pytest.raises(LakeLockedError):
                Lock(tmp_path, role).acquire()
    with Lock(tmp_path, "recorder") as lock:
        assert lock.taken_over == ""
