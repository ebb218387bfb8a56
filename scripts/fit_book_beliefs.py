"""Fit what is believed of books beyond a snapshot: ``python scripts/fit_book_beliefs.py DATA_FOLDER``.

Writes ``src/liqatlas/book/data/book_2026-11-22.json``. Fitted on calm recordings:

* tail exponent: log depth over log distance, 1 to 5 %, Binance bookDepth of 2025-10-10 before its bid side went stale;
* depth factor: move of the mid over 30 s against net taker flow over visible depth (20 levels), Hyperliquid ETH and WIF, June
  2026, per quarter hour. News moves price and flow of all venues together, so a follower's slope overstates cause: the
  belief lies between it and the same figure of Binance's BTC book (raw stream of 2024-08-08, six minutes);
* thinning: change of log depth of the side a move runs into, over the size of the move in the minute before;
* recovery: how much of the move made by the largest 1 % of 10-s net flows is left afterwards, Hyperliquid ETH trades.

Assumed, not fitted: everything in the stress regimes; the one recorded crash book is corrupt on the bid side.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from liqatlas.base.units import prices_from_ticks
from liqatlas.venues.importers.binance_book_depth import read_book_depth
from liqatlas.venues.importers.reading import read_paths
from liqatlas.venues.importers.selection import ALL_TABLES

if TYPE_CHECKING:
    from liqatlas.base.recording import Recording

TARGET = Path(__file__).parents[1] / "src" / "liqatlas" / "book" / "data" / "book_2026-11-22.json"
STALE_FROM_NS = 1_760_110_242_000_000_000  # 2025-10-10T15:30:42Z
SECOND = 1_000_000_000
Floats = NDArray[np.float64]


def fit_tail(data: Path) -> float:
    """Return the median exponent over samples and sides."""
    samples, _, _ = read_book_depth(data / "binance_vision" / "BTCUSDT-bookDepth-2025-10-10.csv.gz")
    good = samples.filter((pl.col("ts_event_ns") < STALE_FROM_NS) & (pl.col("notional_usd") > 0))
    slopes = []
    for _, part in good.with_columns(side=pl.col("percent") > 0).group_by("ts_event_ns", "side"):
        if part.height >= 4:
            x = np.log(np.abs(np.log1p(part["percent"].to_numpy() / 100)))
            slopes.append(np.polyfit(x, np.log(part["notional_usd"].to_numpy()), 1)[0])
    return float(np.median(slopes))


def visible(recording: Recording) -> pl.DataFrame:
    """Return per snapshot: mid, and USD of depth per unit of log price on each side over its 20 levels."""
    levels = recording.book_levels.with_columns(usd=pl.col("price") * pl.col("qty_native"))
    sides = levels.group_by("ts_event_ns", "book_side").agg(
        usd=pl.col("usd").sum(), far=pl.when(pl.col("book_side") == "bid").then(pl.col("price")).otherwise(-pl.col("price")).min().abs(),
        best=pl.when(pl.col("book_side") == "bid").then(pl.col("price")).otherwise(-pl.col("price")).max().abs(),
    )  # fmt: skip
    wide = (
        sides.pivot("book_side", index="ts_event_ns", values=["usd", "far", "best"])
        .drop_nulls()
        .sort("ts_event_ns")
    )
    mid = (pl.col("best_bid") + pl.col("best_ask")) / 2
    return wide.select(
        "ts_event_ns", mid=mid, bid=pl.col("usd_bid") / (mid / pl.col("far_bid")).log(), ask=pl.col("usd_ask") / (pl.col("far_ask") / mid).log()
    )  # fmt: skip


def signed_flow(recording: Recording) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Return moments, cumulative net taker flow [USD] and prices of trades."""
    price = prices_from_ticks(recording.trades["price_ticks"].to_numpy(), recording.instrument.tick_size)
    sign = np.where(recording.trades["taker_buy"].to_numpy(), 1.0, -1.0)
    usd = price * recording.trades["qty_native"].to_numpy() * sign
    return recording.trades["ts_event_ns"].to_numpy(), np.append(0.0, np.cumsum(usd)), price


def depth_factors(recording: Recording, window_s: int = 30, chunk_s: int = 900) -> Floats:
    """Return, per chunk, the slope of (flow / visible depth) on move: real depth over visible depth."""
    book = visible(recording)
    ts, running, _ = signed_flow(recording)
    at = np.arange(int(book["ts_event_ns"][0]), int(book["ts_event_ns"][-1]), window_s * SECOND)
    row = np.clip(np.searchsorted(book["ts_event_ns"].to_numpy(), at, "right") - 1, 0, None)
    mid, bid, ask = (book[c].to_numpy()[row] for c in ("mid", "bid", "ask"))
    flow = np.diff(running[np.searchsorted(ts, at)])
    move = np.diff(np.log(mid))
    naive = flow / np.where(flow < 0, bid[:-1], ask[:-1])
    out = []
    size = chunk_s // window_s
    for start in range(0, len(move) - size, size):
        a, b = naive[start : start + size], move[start : start + size]
        if np.count_nonzero(a) > size // 2 and (a @ b) > 0 and b.std() > 0:
            out.append((a @ a) / (a @ b))
    return np.array(out)


def thinning(recording: Recording, before_s: int = 60) -> tuple[float, float]:
    """Return slope and standard error of log depth ahead on the size of the last minute's move [per percent]."""
    book = visible(recording)
    ts = book["ts_event_ns"].to_numpy()
    earlier = np.searchsorted(ts, ts - before_s * SECOND)
    ok = np.flatnonzero((ts - ts[earlier] < 2 * before_s * SECOND) & (earlier > 0))[::15]
    mid = book["mid"].to_numpy()
    move = 100 * np.log(mid[ok] / mid[earlier[ok]])
    ahead = np.where(move < 0, book["bid"].to_numpy()[ok], book["ask"].to_numpy()[ok])
    was = np.where(move < 0, book["bid"].to_numpy()[earlier[ok]], book["ask"].to_numpy()[earlier[ok]])
    y, x = np.log(ahead / was), np.abs(move)
    design = np.stack([np.ones_like(x), x], axis=1)
    coefficients, *_ = np.linalg.lstsq(design, y, rcond=None)
    left = y - design @ coefficients
    error = np.sqrt(left @ left / (len(y) - 2) / ((x - x.mean()) @ (x - x.mean())))
    return float(-coefficients[1]), float(error)


def recovery(recording: Recording, window_s: int = 10) -> tuple[float, dict[int, float]]:
    """Return the half-life [s] of the passing part of large moves, and the part left after each delay."""
    ts, running, price = signed_flow(recording)
    at = np.arange(int(ts[0]), int(ts[-1]) - 700 * SECOND, window_s * SECOND)
    flow = np.diff(running[np.searchsorted(ts, at)])
    big = np.flatnonzero(np.abs(flow) >= np.quantile(np.abs(flow[flow != 0]), 0.99))
    big = big[big > 0]

    def log_price(moment: NDArray[np.int64]) -> Floats:
        return np.asarray(np.log(price[np.clip(np.searchsorted(ts, moment, "right") - 1, 0, None)]))

    sign, start = np.sign(flow[big]), log_price(at[big])
    peak = (sign * (log_price(at[big] + window_s * SECOND) - start)).mean()
    left = {
        d: float((sign * (log_price(at[big] + (window_s + d) * SECOND) - start)).mean() / peak)
        for d in (5, 10, 20, 30, 60, 120, 300, 600)
    }
    stays = min(left.values())
    passing = {d: (v - stays) / (1 - stays) for d, v in left.items() if stays < v < 1}
    half = [-d * np.log(2) / np.log(p) for d, p in passing.items() if 0.02 < p < 0.98]
    return (float(np.median(half)) if half else float("nan")), left


class Ladders:
    """A book kept from one snapshot and every later update of Binance's raw stream."""

    def __init__(self) -> None:
        self.sides: dict[str, dict[float, float]] = {"b": {}, "a": {}}
        self.waiting: list[dict[str, Any]] = []
        self.known = 0

    def start(self, snapshot: dict[str, Any]) -> None:
        """Take the snapshot, then the updates that came before it and reach beyond it."""
        self.known = snapshot["lastUpdateId"]
        self.put({"b": snapshot["bids"], "a": snapshot["asks"]})
        for update in self.waiting:
            self.update(update)

    def update(self, update: dict[str, Any]) -> None:
        """Apply an update, or keep it until there is a snapshot."""
        if not self.known:
            self.waiting.append(update)
        elif update["u"] >= self.known:
            self.put(update)

    def put(self, levels: dict[str, Any]) -> None:
        """Set sizes; zero takes a level out."""
        for name, side in self.sides.items():
            for price, size in levels[name]:
                if float(size) == 0:
                    side.pop(float(price), None)
                else:
                    side[float(price)] = float(size)

    def row(self, within: float) -> tuple[float, float, float]:
        """Return mid and USD on each side within a share of it."""
        bids, asks = self.sides["b"], self.sides["a"]
        mid = (max(bids) + min(asks)) / 2
        below = sum(p * q for p, q in bids.items() if p > mid * (1 - within))
        return mid, below, sum(p * q for p, q in asks.items() if p < mid * (1 + within))


def binance_factor(path: Path, *, within: float = 0.002, window_s: int = 10) -> tuple[float, float]:
    """Return real depth over visible depth on Binance itself, and the correlation of flow over depth with the move."""
    book, flow, rows, last = Ladders(), 0.0, [], 0
    with gzip.open(path) as lines:
        for line in lines:
            moment, _, body = line.partition(b" ")
            if b'"lastUpdateId"' in body[:64]:
                book.start(json.loads(body))
            elif b'"depthUpdate"' in body:
                book.update(json.loads(body)["data"])
            elif b'"e":"trade"' in body:
                trade = json.loads(body)["data"]
                flow += float(trade["p"]) * float(trade["q"]) * (-1.0 if trade["m"] else 1.0)
            if book.known and int(moment) // SECOND > last:
                last = int(moment) // SECOND
                rows.append((*book.row(within), flow))
    mid, below, above, running = np.array(rows)[::window_s].T
    move, net = np.diff(np.log(mid)), np.diff(running)
    naive = net / (np.where(net < 0, below[:-1], above[:-1]) / within)
    return float((naive @ naive) / (naive @ move)), float(np.corrcoef(naive, move)[0, 1])


def refill(recording: Recording) -> float:
    """Return the half-life [s] of deviations of log depth from its five-minute mean: how fast a thinned book refills."""
    book = visible(recording)
    ts = book["ts_event_ns"].to_numpy()
    grid = np.arange(ts[0], ts[-1], 5 * SECOND)
    row = np.searchsorted(ts, grid, "right") - 1
    depth = np.log(book["bid"].to_numpy()[row])
    slow = np.convolve(depth, np.ones(61) / 61, mode="same")
    x = (depth - slow)[61:-61]
    rho = float((x[:-2] @ x[2:]) / (x @ x))
    return 10.0 * np.log(0.5) / np.log(rho) if 0 < rho < 1 else float("nan")


def ask_collapse(data: Path) -> float:
    """Return the least ask depth within 2 % on 2025-10-10 over its median of the morning."""
    samples, _, _ = read_book_depth(data / "binance_vision" / "BTCUSDT-bookDepth-2025-10-10.csv.gz")
    asks = samples.filter(pl.col("percent") == 2.0)
    calm = asks.filter(pl.col("ts_event_ns") < STALE_FROM_NS)["notional_usd"].median()
    return float(asks["notional_usd"].min()) / float(calm)  # type: ignore[arg-type]


def regime(
    note: str, factor: tuple[float, float], thin: tuple[float, float], half_life: float, *, fitted: bool
) -> dict[str, object]:
    """Return one state of the market as it is stored; pairs are median and sigma, thinning and least share."""
    return {
        "basis": "fitted" if fitted else "assumption", "note": note, "depth_factor_median": round(factor[0], 3),
        "depth_factor_sigma": round(factor[1], 2), "thinning_per_percent": round(thin[0], 2), "least_share": thin[1],
        "recovery_half_life_s": half_life, "recovery_sigma": 0.5,
    }  # fmt: skip


def main() -> None:
    """Fit, print and write."""
    data = Path(sys.argv[1])
    tape = data / "hyperliquid_tape"
    eth = read_paths(sorted(tape.glob("*_ETH_20260611*")), tables=ALL_TABLES)[0]
    wif = read_paths(sorted(tape.glob("*_WIF_2026061[1-3]*")), tables=ALL_TABLES)[0]
    factors, wif_factors = depth_factors(eth), depth_factors(wif)
    thin, wif_thin = thinning(eth), thinning(wif)
    _, left = recovery(read_paths(sorted(tape.glob("trades_ETH_*")), tables=ALL_TABLES)[0])
    median, spread = float(np.median(factors)), float(np.log(factors).std())
    exponent, asks, half = fit_tail(data), ask_collapse(data), refill(eth)
    fits = (
        f"ETH: mid moves {1 / median:.1f} times what a walk of the visible 20 levels says (median of {len(factors)} quarter hours; WIF "
        f"{1 / float(np.median(wif_factors)):.0f} times, n = {len(wif_factors)}), part of it other venues' news; thinning per percent ETH {thin[0]:.2f} "
        f"(s.e. {thin[1]:.2f}), WIF {wif_thin[0]:.2f} ({wif_thin[1]:.2f}): their mean is used; visible ETH depth refills with a half-life of "
        f"{half:.0f} s; moves of the largest 1 % of flows did not revert within 600 s (share left {min(left.values()):.2f} to {max(left.values()):.2f}): "
        "an hour stands for that"
    )
    leader, correlation = binance_factor(data / "binance_raw_stream" / "btcusdt_20240808.gz")
    # a follower's slope holds the leader's news: the truth lies between it and the leader's own, one sigma to each
    middle, width = (median * leader) ** 0.5, np.log(leader / median) / 2
    fits += (
        f"; Binance BTC itself, six minutes of 2024-08-08: real over visible depth {leader:.2f} within 0.2 % over 10 s (correlation {correlation:.2f}). "
        "The factor's median is the geometric middle of the two, one sigma reaches either"
    )
    between = max((thin[0] + wif_thin[0]) / 2, 0.0)
    stress = "depth a quarter of calm, thinning twice, faster recovery; nothing of it is measured"
    october = (
        f"2025-10-10: reports of a collapse of depth by more than 90 % (FTI Consulting); recorded Binance ask depth within 2 % fell to {asks:.0%} of its "
        "morning median, the bid side of the recording is corrupt"
    )
    visible_only = (
        "the book as it is shown, nothing hidden, nothing withdrawn, nothing refilled: a naive walk"
    )
    beliefs = {
        "name": "books beyond a snapshot", "made_on": "2026-11-22", "made_by": "scripts/fit_book_beliefs.py",
        "data_until": "2026-06-16", "tail_exponent": round(exponent, 3),
        "tail_basis": "median slope of log depth, 1 to 5 %, Binance BTCUSDT bookDepth 2025-10-10 00:00 to 15:30, both sides",
        "default_regime": "calm",
        "regimes": {
            "calm": regime(fits, (middle, width), (between, 0.2), 3600.0, fitted=True),
            "stress": regime(stress, (middle / 4, width), (2 * between, 0.1), 600.0, fitted=False),
            "october-2025": regime(october, (middle / 10, width), (2 * between, 0.05), 600.0, fitted=False),
            "visible": regime(visible_only, (1.0, 0.0), (0.0, 1.0), 1e9, fitted=False),
        },
    }  # fmt: skip
    TARGET.write_text(json.dumps(beliefs, indent=1) + "\n", encoding="utf-8")
    print(fits)
    print(f"tail exponent {exponent:.3f}, asks {asks:.3f}, sigma {spread:.2f}; wrote {TARGET}")


if __name__ == "__main__":
    main()
