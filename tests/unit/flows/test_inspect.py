from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from liqatlas.flows.inspect import inspect, report_json, report_text
from liqatlas.venues.importers import understood

if TYPE_CHECKING:
    from pathlib import Path

KNOWN = "venue,symbol,ts,price,amount,taker_side\nbinance,BTCUSDT,2026-01-01T00:00:00Z,60000.5,0.1,buy\n"


def test_what_is_understood_is_said_once_for_all_unknown_files(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("alpha,beta\n1,2\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("gamma\n3\n", encoding="utf-8")
    reports = inspect([tmp_path])
    text = report_text(reports)
    assert text.count(understood()) == 1
    assert text.count("Understood are") == 1
    assert "'alpha,beta' (2 columns)." in text
    assert "'gamma' (1 column)." in text
    assert "2 files, 0 rows read, 2 files could not be read" in text
    tree = orjson.loads(report_json(reports))
    assert [one["unknown"] for one in tree["files"]] == [True, True]


def test_where_every_file_is_known_nothing_is_said_of_formats(tmp_path: Path) -> None:
    (tmp_path / "trades.csv").write_text(KNOWN, encoding="utf-8")
    text = report_text(inspect([tmp_path]))
    assert "Understood are" not in text
    assert "1 file, 1 row read, 0 files could not be read" in text
