"""A recording knows what was known when."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqatlas.base import schemas
from liqatlas.base.clock import MINUTE_NS, parse_time
from liqatlas.base.instruments import Instrument
from liqatlas.base.recording import Recording

START = parse_time("2026-02-05")
ETH = Instrument("binance", "ETHUSDT", "ETH")


def recording(minutes: int) -> Recording:
    """Return trades, marks and bars of that many minutes; the bar of a minute closes when the next begins."""
    times = [START + i * MINUTE_NS for i in range(minutes)]
    trades = pl.DataFrame(
        {"ts_event_ns": times, "price_ticks": 100, "qty_native": 1.0},
        schema_overrides={"ts_event_ns": pl.Int64},
    )
    marks = pl.DataFrame(
        {"ts_event_ns": times, "mark_price": 1.0}, schema_overrides={"ts_event_ns": pl.Int64}
    )
    bars = pl.DataFrame(
        {
            "ts_open_ns": times, "ts_close_ns": [t + MINUTE_NS for t in times], "open": 1.0, "high": 1.0, "low": 1.0, "close": 1.0,
            "price_kind": "mark",
        },
        schema_overrides={"ts_open_ns": pl.Int64, "ts_close_ns": pl.Int64},
    )  # fmt: skip
    return Recording(
        ETH, trades=schemas.TRADES.conform(trades), marks=schemas.MARKS.conform(marks), mark_bars=schemas.BARS.conform(bars),
        sources=("made here",), warnings=("nothing real",), prints_scope="none", simulated=True,
    )  # fmt: skip


def test_empty() -> None:
    empty = Recording(ETH)
    assert empty.tables() == {}
    assert empty.span_ns() is None
    assert "empty" in repr(empty)
    assert empty.until(START).tables() == {}


def test_tables_are_those_that_hold_rows() -> None:
    assert set(recording(3).tables()) == {"trades", "marks", "mark_bars"}


def test_every_table_of_a_recording_is_counted() -> None:
    """A table added to the class and forgotten in ``tables`` would be left out of ``until`` and look ahead."""
    names = {name for name, kind in Recording.__annotations__.items() if "DataFrame" in kind} - {
        "emptied"
    }  # of accounts
    row = {name: getattr(Recording(ETH), name).clear(1) for name in names}
    assert set(Recording(ETH, **row).tables()) == names


def test_span_runs_to_the_end_of_the_last_bar() -> None:
    assert recording(3).span_ns() == (START, START + 3 * MINUTE_NS)


@pytest.mark.parametrize(
    ("seconds", "events", "bars"), [(-1, 0, 0), (0, 1, 0), (59, 1, 0), (60, 2, 1), (61, 2, 1), (600, 3, 3)]
)
def test_until_holds_events_that_happened_and_bars_that_closed(seconds: int, events: int, bars: int) -> None:
    known = recording(3).until(START + seconds * 10**9)
    assert (known.trades.height, known.marks.height, known.mark_bars.height) == (events, events, bars)


@given(minutes=st.integers(1, 20), first=st.integers(-10, 1500), second=st.integers(-10, 1500))
def test_until_never_sees_later_data_and_composes(minutes: int, first: int, second: int) -> None:
    whole = recording(minutes)
    moments = [START + seconds * 10**9 for seconds in (first, second)]
    known = whole.until(moments[0])
    span = known.span_ns()
    assert span is None or span[1] <= moments[0]
    twice = known.until(moments[1])
    once = whole.until(min(moments))
    assert all(getattr(twice, name).equals(getattr(once, name)) for name in ("trades", "marks", "mark_bars"))


def test_until_keeps_what_is_said_about_the_recording() -> None:
    known = recording(2).until(START)
    assert (known.instrument, known.sources, known.warnings) == (ETH, ("made here",), ("nothing real",))
    assert (known.prints_scope, known.simulated) == ("none", True)


def test_repr_names_instrument_span_and_rows() -> None:
    text = repr(recording(2))
    assert text == (
        "Recording(binance:ETHUSDT, 2026-02-05T00:00:00Z to 2026-02-05T00:02:00Z: trades 2, mark_bars 2, marks 2)"
    )
