"""A venue added from the template alone: the scaffold's folder, one line of the registry, and it passes against the stub."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from liqatlas.venues import registry
from tests.stub_exchange import session, wire_bitget
from tests.stub_exchange.faults import Planned, Schedule
from tests.stub_exchange.market import Market, Trade
from tests.stub_exchange.session import record

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "scripts" / "new_venue.py"


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Make the venue ``acme`` in a folder of its own and register it."""
    import liqatlas.venues

    done = subprocess.run(
        [sys.executable, SCRIPT, "acme", "Acme", "--into", tmp_path],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "evidence table" in done.stdout
    monkeypatch.setattr(liqatlas.venues, "__path__", [*liqatlas.venues.__path__, str(tmp_path)])
    monkeypatch.setitem(registry._CLIENTS, "acme", "liqatlas.venues.acme.rest:AcmeClient")
    for name in ("CONTRACTS", "DATASETS", "CONNECTIONS"):
        table: dict[str, Any] = getattr(session, name)
        monkeypatch.setitem(table, "acme", table["bitget"])
    yield "acme"
    for name in [n for n in sys.modules if n.startswith("liqatlas.venues.acme")]:
        del sys.modules[name]


async def test_it_records_a_disturbed_session_whole(acme: str) -> None:
    market = Market(wire_bitget.CONTRACTS)
    first = next(i for i, e in enumerate(market.events) if isinstance(e, Trade) and i > 200)
    schedule = Schedule.of(Planned(first, "duplicate"), Planned(600, "cut", length=60))
    out = await record(
        acme,
        schedule,
        market=market,
        wire=wire_bitget.BitgetWire(),
        datasets=["trades", "marks", "open_interest"],
        pace_s=0.01,
    )
    for symbol in market.contracts:
        assert out.trade_ids(symbol) == {t.last_id: 1 for t in market.trades(symbol)}
    assert out.gaps_of("trades")
    assert {gap.status for gap in out.gaps_of("trades")} == {"filled"}
    assert {gap.venue for gap in out.gaps} == {"acme"}


async def test_it_passes_the_suite_of_rest_faults(acme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The very tests all venues run: nothing of the template had to be changed for them."""
    from tests.faults import test_venues_rest as suite

    monkeypatch.setattr(session, "wire_of", lambda _key, **_given: wire_bitget.BitgetWire())
    for fault in suite.PASSING:
        await suite.test_a_passing_failure_is_waited_out(acme, fault)
    for test in (
        suite.test_a_failure_that_stays_is_one_clear_error, suite.test_a_long_ban_is_not_sat_out, suite.test_a_blocked_region_is_said_at_once,
        suite.test_no_network_is_one_clear_error, suite.test_an_unknown_symbol_brings_near_names,
        suite.test_contract_sizes_arrive_in_native_units, suite.test_bars_come_whole_over_many_pages,
        suite.test_funding_comes_whole_over_many_pages, suite.test_past_trades_come_whole_over_many_pages,
        suite.test_books_are_asked_for_in_native_units, suite.test_the_distance_of_the_clocks_is_measured,
    ):  # fmt: skip
        await test(acme)


def test_its_capabilities_carry_its_name(acme: str) -> None:
    rows = {row.venue: row for row in registry.capabilities()}
    assert rows[acme] == replace_venue(rows["bitget"], acme)
    assert registry.venue(acme).name == "Acme"


def replace_venue(row: Any, key: str) -> Any:
    """Return a row of the table under another venue."""
    import msgspec

    return msgspec.structs.replace(row, venue=key, source=row.source.replace("bitget", key))


def test_the_scaffold_refuses_what_it_would_spoil(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("new_venue", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.begin("acme", "Acme", into=tmp_path)
    with pytest.raises(ValueError, match="exists already"):
        module.begin("acme", "Acme", into=tmp_path)
    with pytest.raises(ValueError, match="lower-case"):
        module.begin("Acme!", "Acme", into=tmp_path)
    with pytest.raises(ValueError, match="no template"):
        module.begin("other", "Other", template="nowhere", into=tmp_path)
