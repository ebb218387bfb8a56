"""One suite over all venues: every recorded payload is read, and every field means what its venue's documentation says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from liqatlas.base.errors import FormatError
from liqatlas.venues.frames import Frame
from tests.conformance.venues import (
    facts_binance,
    facts_binance_coinm,
    facts_bitfinex,
    facts_bitget,
    facts_bitget_coinm,
    facts_bitmex,
    facts_bybit,
    facts_dydx,
    facts_gate,
    facts_hyperliquid,
    facts_okx,
)
from tests.conformance.venues.facts import Fact, batch_of, book_of, named_rows, tickers_of

if TYPE_CHECKING:
    from collections.abc import Mapping

FACTS = [
    *facts_binance.FACTS, *facts_bybit.FACTS, *facts_okx.FACTS, *facts_hyperliquid.FACTS, *facts_binance_coinm.FACTS,
    *facts_dydx.FACTS, *facts_gate.FACTS, *facts_bitget.FACTS, *facts_bitmex.FACTS, *facts_bitfinex.FACTS,
    *facts_bitget_coinm.FACTS,
]  # fmt: skip
RECORDED = sorted({fact.venue for fact in FACTS if not fact.documented})
#: Recorded answers that are no single messages, and the test that reads them.
CASSETTES = {"hyperliquid_sdk_cassettes": "tests/replay/venues/test_hyperliquid_cassettes.py"}


def _assert_fields(found: Mapping[str, Any], wanted: Mapping[str, Any], where: str) -> None:
    for name, value in wanted.items():
        expected = pytest.approx(value, rel=1e-12) if isinstance(value, float) else value
        assert found[name] == expected, f"{where}.{name}"


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_fields_mean_what_the_source_says(fact: Fact, data_dir: Path) -> None:
    payload = fact.payload(data_dir)
    if fact.error:
        with pytest.raises(fact.error[0], match=fact.error[1]):
            fact.parse(payload)
        return
    parsed = fact.parse(payload)
    found = named_rows(batch_of(parsed))
    assert sorted(found) == sorted(fact.rows)
    for dataset, rows in fact.rows.items():
        assert len(found[dataset]) == len(rows)
        for i, (row, wanted) in enumerate(zip(found[dataset], rows, strict=True)):
            _assert_fields(row, wanted, f"{dataset}[{i}]")
    batch_of(parsed).frames()  # every row fits its table
    book = book_of(parsed)
    assert (book is None) == (fact.book is None)
    if book is not None and fact.book is not None:
        _assert_fields(book._asdict(), fact.book, "book")
        assert all(a > b for a, b in zip(book.bids, book.bids[1:], strict=False))
        assert all(a < b for a, b in zip(book.asks, book.asks[1:], strict=False))
    if fact.ticker is not None:
        _assert_fields(tickers_of(parsed)[0]._asdict(), fact.ticker, "ticker")
    control = parsed.control if isinstance(parsed, Frame) else None
    assert (control.kind if control else None) == fact.control


@pytest.mark.parametrize("fact", [f for f in FACTS if f.listing], ids=str)
def test_contracts_mean_what_the_source_says(fact: Fact, data_dir: Path) -> None:
    assert fact.listing is not None
    symbol, wanted = fact.listing
    listings = fact.parse(fact.payload(data_dir))
    assert isinstance(listings, dict)
    listing: Any = listings[symbol]
    for name, value in wanted.items():
        owner = listing if hasattr(listing, name) else listing.instrument
        found = getattr(owner, name)
        assert (float(found) if name in {"tick_size", "lot_size", "contract_value"} else found) == value, name


@pytest.mark.parametrize("fact", [f for f in FACTS if f.prices], ids=str)
def test_index_prices(fact: Fact, data_dir: Path) -> None:
    found: Any = fact.parse(fact.payload(data_dir))
    assert {name: price for name, (_, price) in found.items()} == fact.prices


@pytest.mark.parametrize("venue", RECORDED)
def test_every_payload_is_under_test(venue: str, data_dir: Path) -> None:
    recorded = {path.name for path in (data_dir / "payloads" / venue).iterdir()}
    assert recorded == {fact.file for fact in FACTS if fact.venue == venue and not fact.documented}


def test_every_folder_of_payloads_is_under_test(data_dir: Path) -> None:
    assert {path.name for path in (data_dir / "payloads").iterdir()} == {*RECORDED, *CASSETTES}


@pytest.mark.parametrize("folder", CASSETTES)
def test_every_cassette_is_read(folder: str, data_dir: Path) -> None:
    reader = (Path(__file__).resolve().parents[3] / CASSETTES[folder]).read_text(encoding="utf-8")
    unread = [
        p.name
        for p in (data_dir / "payloads" / folder).iterdir()
        if f'"{p.stem}"' not in reader and f'"{p.name}"' not in reader
    ]
    assert not unread


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_every_fact_names_its_source(fact: Fact) -> None:
    assert fact.source.startswith("https://")


@pytest.mark.parametrize("fact", [f for f in FACTS if f.control is None and not f.error], ids=str)
def test_a_truncated_message_is_refused_never_read_in_part(fact: Fact, data_dir: Path) -> None:
    payload = fact.payload(data_dir).rstrip()
    with pytest.raises(FormatError, match="cannot be read"):
        fact.parse(payload[:-1])
