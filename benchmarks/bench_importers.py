"""How fast files become recordings: ten million trades as a zipped Binance day and as Parquet, beside their floors.

Run ``python benchmarks/bench_importers.py [ROWS]``. Floors: inflating the same zip with isal, and reading the same Parquet
file with Polars. Each figure is the best of three in a fresh process, so that peak memory is the import's own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np

ROWS = 10_000_000
T0 = 1_717_200_000_000
BLOCK = 500_000
REPEATS = 3


def write_zip(path: Path, rows: int) -> None:
    """Write a day in the layout of Binance's aggTrades."""
    rng = np.random.default_rng(1)
    ts = T0 + np.sort(rng.integers(0, 86_400_000, rows))
    price = np.round(61_800 + np.cumsum(rng.choice([-0.1, 0.0, 0.0, 0.1], rows)), 1)
    qty = np.round(rng.exponential(0.05, rows) + 0.001, 3)
    maker = rng.random(rows) < 0.5
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive,
        archive.open(path.name.replace(".zip", ".csv"), "w") as file,
    ):
        file.write(b"agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n")
        for start in range(0, rows, BLOCK):
            part = slice(start, min(start + BLOCK, rows))
            lines = (
                f"{2_345_678_901 + i},{p:.1f},{q:.3f},{2_800_000_000 + 2 * i},{2_800_000_001 + 2 * i},{t},{'true' if m else 'false'}\n"
                for i, (p, q, t, m) in enumerate(
                    zip(
                        price[part].tolist(),
                        qty[part].tolist(),
                        ts[part].tolist(),
                        maker[part].tolist(),
                        strict=True,
                    ),
                    start=start,
                )
            )
            file.write("".join(lines).encode())


def write_parquet(zipped: Path, path: Path) -> None:
    """Write the same trades in the schema of trades, with the instrument in the metadata."""
    import pyarrow.parquet as pq

    from liqatlas.venues.importers import read_paths
    from liqatlas.venues.importers.plain_parquet import INSTRUMENT_KEY, instrument_json

    (recording,) = read_paths([zipped])
    table = recording.trades.to_arrow().replace_schema_metadata(
        {INSTRUMENT_KEY: instrument_json(recording.instrument)}
    )
    pq.write_table(
        table, path, compression="zstd", use_dictionary=False,
        column_encoding={"ts_event_ns": "DELTA_BINARY_PACKED", "price_ticks": "DELTA_BINARY_PACKED", "trade_id": "DELTA_BINARY_PACKED"},
    )  # fmt: skip


def best(what: str, path: str) -> dict[str, float]:
    """Return the best time of a job in this process and its peak memory."""
    started = time.perf_counter()
    if what == "inflate":
        from liqatlas.venues.importers.sources import open_sources

        def job() -> int:
            return sum(len(chunk) for chunk in open_sources(Path(path))[0].chunks())
    elif what == "polars":
        import polars as pl

        def job() -> int:
            return pl.read_parquet(path).height
    else:
        from liqatlas.venues.importers import read_paths

        def job() -> int:
            return read_paths([path])[0].trades.height

    loaded = time.perf_counter() - started
    times, busy = [], []
    for _ in range(REPEATS):
        clock, cpu = time.perf_counter(), time.process_time()
        job()
        times.append(time.perf_counter() - clock)
        busy.append(time.process_time() - cpu)
    # Not ru_maxrss: a child inherits that of the process that started it.
    status = Path("/proc/self/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    return {
        "import_s": loaded,
        "first_s": times[0],
        "best_s": min(times),
        "cpu_s": min(busy),
        "peak_mb": peak,
    }


def main() -> None:
    """Measure everything and print one line each."""
    if len(sys.argv) == 4 and sys.argv[1] == "--job":
        print(json.dumps(best(sys.argv[2], sys.argv[3])))
        return
    rows = int(float(sys.argv[1])) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as folder:
        zipped, parquet = (
            Path(folder) / "BTCUSDT-aggTrades-2024-06-01.zip",
            Path(folder) / "BTCUSDT_trades.parquet",
        )
        write_zip(zipped, rows)
        write_parquet(zipped, parquet)
        print(
            f"{rows:,} trades; zip {zipped.stat().st_size / 1e6:.0f} MB, Parquet {parquet.stat().st_size / 1e6:.0f} MB"
        )
        for label, what, path in (
            ("zip -> recording", "read", zipped),
            ("floor: inflate", "inflate", zipped),
            ("Parquet -> recording", "read", parquet),
            ("floor: read_parquet", "polars", parquet),
        ):
            done = subprocess.run(
                [sys.executable, __file__, "--job", what, str(path)],
                check=True,
                capture_output=True,
                text=True,
            )
            told = json.loads(done.stdout)
            print(
                f"{label:22s} best {told['best_s']:.2f} s  first {told['first_s']:.2f} s  cpu {told['cpu_s']:.2f} s  "
                f"import {told['import_s']:.2f} s  peak {told['peak_mb']:.0f} MB"
            )


if __name__ == "__main__":
    main()
