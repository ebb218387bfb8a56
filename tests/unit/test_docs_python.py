"""The page on Python runs as it is written, on a simulated market."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_on_reports_from_python_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "docs" / "how_to" / "report_from_python.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    code, count = re.subn(r"lq\.read\(.*?\)", "lq.simulated(days=3)", block)
    assert count == 1
    code = code.replace('"ETH"', '"BTC"')
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(code, "report_from_python.md", "exec"), names)
    assert (tmp_path / "eth.html").read_bytes().startswith(b"<!doctype html>")
    assert "Liquidation magnet" in capsys.readouterr().out
    assert names["later"].tree["changes"]["since"] is None
    assert names["s"].tree["positions"][0]["liquidation_price"] > 0
