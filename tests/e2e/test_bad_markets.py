"""Markets that lack something, from files through the verb: the report says what is missing and stays readable."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from liqatlas.cli.main import run

if TYPE_CHECKING:
    import pytest

START = datetime(2026, 1, 5, tzinfo=UTC)
TERMS = ("--max-leverage", "50", "--maintenance-rate", "0.005")
Write = Callable[..., Path]


def write_market(
    folder: Path,
    prices: Sequence[float],
    *,
    venue: str = "binance",
    interest: float | None = 1e6,
    swing: float = 0.004,
) -> Path:
    """Write hourly bars, marks and open interest of ABCUSDT in the plain layout."""
    folder.mkdir(parents=True, exist_ok=True)
    moments = [(START + timedelta(hours=i)).isoformat() for i in range(len(prices) + 1)]
    steps = list(zip(moments, [prices[0], *prices], prices, strict=False))
    bars = [
        f"{at},{a},{max(a, b) * (1 + swing)},{min(a, b) * (1 - swing)},{b},50000,last" for at, a, b in steps
    ]
    marks = [f"{at},{b}" for at, b in zip(moments[1:], prices, strict=True)]
    name = f"{venue}_ABCUSDT"
    (folder / f"{name}_bars.csv").write_text(
        "\n".join(["ts_open_ns,open,high,low,close,volume,price_kind", *bars]) + "\n"
    )
    (folder / f"{name}_marks.csv").write_text("\n".join(["time,mark_price", *marks]) + "\n")
    if interest is not None:
        held = [f"{at},{interest + 1000 * i}" for i, at in enumerate(moments[1:])]
        (folder / f"{name}_open_interest.csv").write_text("\n".join(["time,oi_native", *held]) + "\n")
    return folder


def waves(count: int = 200, size: float = 0.03) -> list[float]:
    return [100.0 * (1 + size * ((i * 7919) % 97 / 97 - 0.5)) for i in range(count)]


def told(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """Run a verb that must succeed and return its page on one line."""
    capsys.readouterr()
    code = run([str(a) for a in arguments])
    out = capsys.readouterr()
    assert code == 0, out.err
    assert "Traceback" not in out.err
    assert not re.search(r"\b(None|nan|inf)\b", out.out)
    return " ".join(out.out.split())


def test_no_prints_no_book_one_venue(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "report", "ABC", "--from", write_market(tmp_path / "m", waves()), *TERMS)
    for lack in (
        "how much was liquidated is not known",
        "no liquidation prints or totals in the data",
        "The cascade was not computed: no book",
        "No probability of one is given",
        "Funding: not known (no funding rates)",
        "No risk grade: no book",
    ):
        assert lack in text, lack
    assert "Binance 100 %" in text


def test_an_assumed_book_is_called_assumed_everywhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_market(tmp_path / "m", waves())
    text = told(capsys, "report", "ABC", "--from", source, *TERMS, "--depth", "2M")
    assert "ASSUMED: $2,000,000 within 1 % on each side" in text
    assert "Risk with ~: the depth on the way is assumed, not seen." in text
    assert "Shares of runs are not probabilities" in text


def test_all_mass_on_one_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The last hour falls through every long there was: only shorts are left."""
    source = write_market(tmp_path / "m", [*waves(150), 20.0])
    text = told(capsys, "report", "ABC", "--from", source, *TERMS)
    assert "No cluster stands out below the price." in text
    assert "Bias: none, a cluster on each side of the price is needed." in text
    assert "The map holds no long levels." in text


def test_a_flat_market_and_one_with_hardly_any_history(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, hours in (("flat", 200), ("short", 5)):
        source = write_market(tmp_path / name, [100.0] * hours, swing=0.0)
        text = told(capsys, "report", "ABC", "--from", source, *TERMS)
        assert "No volatility can be measured" in text
        assert "nominal 3% a day" in text
        assert "is NOT calibrated" in text


def test_no_open_interest_is_an_error_that_says_what_to_give(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_market(tmp_path / "m", waves(), interest=None)
    assert run(["report", "ABC", "--from", str(source), *TERMS]) == 4
    assert "open interest" in capsys.readouterr().err
    text = told(capsys, "report", "ABC", "--from", source, *TERMS, "--open-interest", "100M")
    assert "ABC liquidation report" in text


def test_an_unknown_tier_stops_one_report_and_costs_a_brief_one_asset(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_market(tmp_path / "m", waves())
    assert run(["report", "ABC", "--from", str(source)]) == 4
    assert "--max-leverage" in capsys.readouterr().err
    text = told(capsys, "report", "--daily", "ABC", "NOPE", "--from", source, *TERMS)
    assert "LEFT OUT · NOPE: unknown symbol 'NOPE'" in text
    assert "Liquidated in 24 h: not known." in text
    assert "Public figures: none asked for" in text


def test_json_of_a_poor_market_has_every_section(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_market(tmp_path / "m", waves())
    assert run(["report", "ABC", "--from", str(source), *TERMS, "--format", "json"]) == 0
    tree = json.loads(capsys.readouterr().out)
    assert tree["cascade"]["engine"] is None
    assert tree["overview"]["total_usd"] is None
    assert tree["overview"]["missing"]["total_usd"]
    assert all(level["risk"] is None and level["missing"]["risk"] for level in tree["key_levels"]["above"])


def test_an_archive_is_kept_compared_with_and_held_to_its_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, archive = write_market(tmp_path / "m", waves(240)), tmp_path / "archive"
    for hours in (96, 130, 239):
        at = (START + timedelta(hours=hours)).isoformat()
        text = told(capsys, "report", "ABC", "--from", source, *TERMS, "--archive", archive, "--as-of", at)
    assert len(list(archive.iterdir())) == 3
    assert "What we said, what happened" in text
    assert "Record of 2 earlier reports" in text
    (archive / "ABC_20260101T000000.json").write_text("{}")
    assert run(["report", "ABC", "--from", str(source), *TERMS, "--archive", str(archive)]) == 2
    assert "is not a report written with --format json" in capsys.readouterr().err
