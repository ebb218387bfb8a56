"""What a face asks for: one request object for the command line, the HTTP API and Python."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from liqatlas.base.clock import parse_time, parse_window
from liqatlas.base.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

KindChoice = Literal["modelled", "realised", "measured"]
QuantityChoice = Literal["outstanding", "expected"]


@dataclass(frozen=True, slots=True)
class PriceRange:
    """A price range: absolute, or a share of the price on each side."""

    low: float = 0.0
    high: float = 0.0
    share: float = 0.0

    def around(self, price: float) -> tuple[float, float]:
        """Return the absolute range."""
        return (price * (1 - self.share), price * (1 + self.share)) if self.share else (self.low, self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A map or heatmap somebody wants.

    Attributes
    ----------
    asset
        An asset or any venue's symbol; an asset means all its perpetuals.
    paths
        Files and folders to read.
    urls
        Measured maps: web addresses of files to read beside the paths, or beside the lake.
    lake
        Lake to read where no paths are given.
    quick
        Ask the venues where neither paths nor a lake are given.
    venues
        Keys of venues to keep; empty keeps all.
    window_ns, as_of_ns
        ``as_of_ns`` None means the newest moment in the data.
    open_interest_usd
        One-sided open interest to assume where the files hold none.
    max_leverage, maintenance_rate
        The caller's own margin terms, for venues without sourced tiers.
    leverage
        Keep levels of this leverage range only.
    calibration_file
        A calibration to use for *expected* in place of the shipped one that fits.
    bins, price_step, price_range
        Read-out; none of them leaves the map as it is.
    thinning_file
        A thinning curve that puts back what the venue hides from its prints, for calibration and scores.
    others
        Measured maps: whether the other coins of a cross account stand still or move along.
    meta_file
        Measured maps: a saved answer to Hyperliquid's ``meta`` whose margin tables go first.
    """

    asset: str
    paths: tuple[Path, ...] = ()
    urls: tuple[str, ...] = ()
    lake: Path | None = None
    quick: bool = False
    venues: tuple[str, ...] = ()
    kind: KindChoice = "modelled"
    quantity: QuantityChoice | None = None
    window_ns: int = field(default_factory=lambda: parse_window("7d"))
    as_of_ns: int | None = None
    open_interest_usd: float | None = None
    max_leverage: float | None = None
    maintenance_rate: float | None = None
    leverage: tuple[float, float] | None = None
    bins: int | None = None
    price_step: float | None = None
    price_range: PriceRange | None = None
    quote: str | None = None
    margin: str | None = None
    dated: bool = False
    parameters_file: Path | None = None
    others: Literal["still", "follow"] = "still"
    meta_file: Path | None = None
    calibration_file: Path | None = None
    thinning_file: Path | None = None


def parse_leverage(text: str) -> tuple[float, float]:
    """Return a leverage range such as ``25-100``, ``50+`` or ``10``.

    Raises
    ------
    InputError
        If the text is none of these.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)x?(?:-(\d+(?:\.\d+)?)x?|(\+))?", text.strip().lower())
    if not match:
        raise InputError(f"leverage {text!r} cannot be read: wanted 25-100, 50+ or 10")
    low = float(match[1])
    high = float(match[2]) if match[2] else float("inf") if match[3] else low
    if high < low:
        raise InputError(f"leverage {text!r} runs backwards: wanted low-high")
    return low, max(high, low + 1e-9)


def parse_range(text: str) -> PriceRange:
    """Return a price range such as ``10%`` (each side) or ``1500:2200``.

    Raises
    ------
    InputError
        If the text is neither.
    """
    share = re.fullmatch(r"±?(\d+(?:\.\d+)?)\s*%", text.strip())
    if share and 0 < float(share[1]) < 100:
        return PriceRange(share=float(share[1]) / 100)
    bounds = re.fullmatch(r"(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)", text.strip().replace(",", ""))
    if bounds and 0 < float(bounds[1]) < float(bounds[2]):
        return PriceRange(low=float(bounds[1]), high=float(bounds[2]))
    raise InputError(f"range {text!r} cannot be read: wanted a share such as 10% or prices such as 1500:2200")


def parse_bins(text: str) -> tuple[int | None, float | None]:
    """Return (number of bins, price step) from ``200`` or ``step:5``.

    Raises
    ------
    InputError
        If the text is neither.
    """
    stripped = text.strip().lower()
    if re.fullmatch(r"\d{1,6}", stripped) and int(stripped) > 0:
        return int(stripped), None
    step = re.fullmatch(r"step:(\d+(?:\.\d+)?(?:e-?\d+)?)", stripped)
    if step and float(step[1]) > 0:
        return None, float(step[1])
    raise InputError(
        f"bins {text!r} cannot be read: wanted a number such as 200, or a price step such as step:5"
    )


def parse_amount(text: str) -> float:
    """Return USD from ``2500000``, ``2.5M`` or ``$1.2B``.

    Raises
    ------
    InputError
        If the text is not a positive amount.
    """
    match = re.fullmatch(
        r"\$?(\d+(?:\.\d+)?(?:e\d+)?)([kmb]?)", text.strip().lower().replace(",", "").replace("_", "")
    )
    value = float(match[1]) * {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9}[match[2]] if match else 0.0
    if not 0 < value < float("inf"):
        raise InputError(f"amount {text!r} cannot be read: wanted positive USD such as 2500000, 2.5M or 1.2B")
    return value


def moment(text: str | None) -> int | None:
    """Return a moment [ns] or None for "now"."""
    return None if text is None or text.strip().lower() in {"", "now", "latest"} else parse_time(text)


def parse_bytes(text: str) -> int:
    """Return bytes from ``500MB``, ``50GB`` or ``1TB``.

    Raises
    ------
    InputError
        If the text is no positive size.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)b?", text.strip().lower())
    value = float(match[1]) * {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}[match[2]] if match else 0.0
    if value < 1:
        raise InputError(f"size {text!r} cannot be read: wanted such as 500MB, 50GB or 1TB")
    return round(value)
