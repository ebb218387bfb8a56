"""Any sequence of appends, ingests, compactions, sweeps and reopenings leaves what a plain dict would hold."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from liqatlas.store import Lake, Writer
from tests.conformance.store.rows import (
    BTC,
    DAY,
    ETH,
    HOUR,
    IDENTITY,
    START,
    Model,
    identities,
    in_order,
    made_up,
)  # fmt: skip

if TYPE_CHECKING:
    from liqatlas.base.instruments import Instrument

INSTRUMENTS = {"btc": BTC, "eth": ETH}
#: One dataset of each rule, so that rows meet often; the others are compared in test_store_datasets.
DATASETS = st.sampled_from(("liquidations", "marks", "trades"))
SERIES = st.just("btc")
HOURS = st.sampled_from((0, 4, 5, 24, 31, 60))
COUNTS = st.integers(0, 12)
SEEDS = st.integers(0, 8)


class LakeMachine(RuleBasedStateMachine):
    """Drives a real lake and the model with the same steps."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.model = Model()
        self.lake: Lake = Lake.create(self.folder / "lake")
        self.writer: Writer = self.lake.writer()
        self.touched: set[tuple[str, str]] = set()

    def teardown(self) -> None:
        self.writer.close()
        self.lake.close()
        shutil.rmtree(self.folder)

    def _note(self, dataset: str, series: str) -> Instrument:
        self.touched.add((dataset, series))
        return INSTRUMENTS[series]

    @rule(dataset=DATASETS, series=SERIES, count=COUNTS, seed=SEEDS)
    def append_block(self, dataset: str, series: str, count: int, seed: int) -> None:
        rows = made_up(dataset, count, seed)
        self.writer.append(dataset, self._note(dataset, series), rows)
        self.model.append(dataset, series, rows)

    @rule(
        dataset=st.sampled_from(("trades", "liquidations")),
        series=SERIES,
        seed=SEEDS,
        stream=st.sampled_from("ab"),
    )
    def append_stream(self, dataset: str, series: str, seed: int, stream: str) -> None:
        rows = made_up(dataset, 3, seed)
        self.writer.append(dataset, self._note(dataset, series), rows, stream=stream)
        self.model.append(dataset, series, rows, stream)

    @rule(series=SERIES, first=st.integers(0, 12), count=st.integers(1, 6))
    def append_with_ids(self, series: str, first: int, count: int) -> None:
        rows = made_up("trades", count, 0, first_id=first)
        self.writer.append("trades", self._note("trades", series), rows)
        self.model.append("trades", series, rows)

    @rule(dataset=DATASETS, series=SERIES, count=COUNTS, seed=SEEDS)
    def ingest(self, dataset: str, series: str, count: int, seed: int) -> None:
        self.writer.flush()
        rows = made_up(dataset, count, seed)
        self.lake.ingest(dataset, self._note(dataset, series), rows)
        self.model.append(dataset, series, rows)

    @rule(hour=HOURS)
    def compact(self, hour: int) -> None:
        self.writer.flush()
        assert not self.lake.compact(at_ns=START + hour * HOUR, settle_ns=0).failures

    @rule()
    def sweep(self) -> None:
        self.lake.sweep(grace_ns=0)

    @rule()
    def reopen(self) -> None:
        self.writer.close()
        self.lake.close()
        self.lake = Lake.create(self.folder / "lake")
        self.writer = self.lake.writer()
        self.model.streams.clear()

    @precondition(lambda self: self.touched)
    @rule(low=HOURS, high=HOURS)
    def read(self, low: int, high: int) -> None:
        self._compare(START + low * HOUR, START + high * HOUR)

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        self._compare(START, START + 3 * DAY)

    def _compare(self, start: int, end: int) -> None:
        self.writer.flush()
        for dataset, series in self.touched:
            item = INSTRUMENTS[series]
            found = self.lake.read(dataset, item.venue, item.symbol, start, end)
            wanted = self.model.rows(dataset, series, start, end)
            assert in_order(identities(dataset, found)) == in_order(wanted)
            assert found[IDENTITY[dataset][0][0]].is_sorted()


class TestLake(LakeMachine.TestCase):  # type: ignore[valid-type, misc]
    settings = settings(
        max_examples=50, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
    )
