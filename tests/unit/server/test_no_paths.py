"""No answer names a folder of the machine: over every route, for files and for a lake, sound and damaged."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from liqatlas.flows.serving import open_source
from liqatlas.flows.serving_held import without_places
from liqatlas.server.app import Application, make_application
from liqatlas.server.problems import problem_of
from liqatlas.store import Lake
from tests.unit.flows.markets import trades_market
from tests.unit.server.asgi import Reply, ask

if TYPE_CHECKING:
    from pathlib import Path

#: An absolute path: a folder of this machine's root, not inside a word, an address or another path.
ABSOLUTE = re.compile(
    rb"(?<![\w.:/-])/(?:" + "|".join(re.escape(n) for n in os.listdir("/")).encode() + rb")(?=/)"  # noqa: PTH208
)
FILLED = {"asset": "BTC", "wallet": "0x" + "1" * 40}
QUERIES = (
    "",
    "?kind=realised",
    "?kind=measured",
    "?format=csv",
    "?format=html",
    "?as_of=1999-01-01",
    "?quantity=expected",
    "?window=30d&by=venue",
)


def market_files(folder: Path) -> Path:
    """Write a market as files of our own form, one of them none of ours."""
    folder.mkdir()
    market = trades_market(5, 1)
    for name, frame in market.tables().items():
        if name == "trades":
            price = (pl.col("price_ticks") * 0.1).alias("price")
            frame = frame.with_columns(price).drop("price_ticks")  # noqa: PLW2901
        frame.write_csv(folder / f"binance_BTCUSDT_{name}.csv")
    (folder / "notes.csv").write_text("nothing,of,ours\n1,2,3\n")
    return folder


def damaged_lake(folder: Path) -> Path:
    with Lake.create(folder) as lake:
        market = trades_market(5, 1)
        for name, frame in market.tables().items():
            lake.ingest(name, market.instrument, frame)
    next(folder.rglob("dataset=trades/**/*.parquet")).write_bytes(b"PAR1 no more")
    return folder


async def every_answer(application: Application) -> list[tuple[str, Reply]]:
    paths: dict[str, Any] = (await ask(application.asgi, "/openapi.json")).json()["paths"]
    out = []
    for path, operations in paths.items():
        target = path
        for name, value in FILLED.items():
            target = target.replace(f"{{{name}}}", value)
        assert "{" not in target, target
        for query in QUERIES if path in {"/v1/map/{asset}", "/v1/heatmap/{asset}"} else QUERIES[:1]:
            method = "GET" if "get" in operations else "POST"
            body = b'{"positions":[{"venue":"binance","symbol":"BTCUSDT","position":"long","size":"1","entry":"60000","leverage":"10"}]}'
            headers = (("host", "127.0.0.1:8765"), ("content-type", "application/json"))
            pieces = (body if method == "POST" else b"",)
            out.append(
                (
                    target + query,
                    await ask(application.asgi, target + query, method=method, headers=headers, body=pieces),
                )
            )
    return out


@pytest.mark.parametrize("what", ["files", "lake", "damaged lake"])
async def test_no_answer_names_a_folder(tmp_path: Path, what: str) -> None:
    place = tmp_path / "private place"
    if what == "files":
        source = open_source(paths=(market_files(place),))
    else:
        damaged_lake(place)
        if what == "lake":
            place = tmp_path / "sound"
            with Lake.create(place) as lake:
                market = trades_market(5, 1)
                for name, frame in market.tables().items():
                    lake.ingest(name, market.instrument, frame)
        source = open_source(lake=place)
    application = make_application(source)
    answers = await every_answer(application)
    source.close()
    application.service.answers.close()
    assert len(answers) > 40
    for target, reply in answers:
        text = reply.body + repr(reply.headers).encode()
        assert str(tmp_path).encode() not in text, (target, reply.body[:2000])
        assert not ABSOLUTE.search(text), (target, ABSOLUTE.search(text), reply.body[:2000])
    if what == "files":  # what was noticed about a file still names it
        assert any(b'"not read: private place/notes.csv' in reply.body for _, reply in answers)
    good = {target for target, reply in answers if reply.status == 200}
    assert ("/v1/map/BTC" in good) == (what != "damaged lake")


def test_what_is_cut_is_the_folder_alone() -> None:
    assert without_places("a /x/y/b.csv, ../z/c", ("/x/y/", "../z/")) == "a b.csv, c"
    error = ValueError("no matter")
    assert "matter" not in problem_of(error, "/v1/map").detail
