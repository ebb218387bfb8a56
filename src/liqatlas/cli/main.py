"""Entry of the command line: names the verbs, turns errors into one sentence and an exit code.

Exit codes: 0 done, 1 a fault of ours, 2 wrong input, 3 source unavailable, 4 not enough data, 130 interrupted.
Verbs are imported only when called, so that ``--help`` stays quick.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from cyclopts import App, CycloptsError

from liqatlas import __version__
from liqatlas.base.errors import LiqAtlasError

if TYPE_CHECKING:
    from collections.abc import Sequence

WELCOME = """\
liqatlas draws liquidation maps: at which prices leveraged positions are closed by force, how much, on which side.

  liqatlas demo                              a map of a simulated market, right away
  liqatlas map ETH --from FILES --window 3d  a map of your own recordings
  liqatlas heatmap ETH --from FILES          the same over time, under the candles

`liqatlas --help` lists everything."""

#: Verb, where it lives, what it does.
VERBS = (
    ("demo", "liqatlas.cli.demo:demo", "Show a map and a heatmap of a simulated market."),
    ("map", "liqatlas.cli.map:map_", "Show at which prices positions would be liquidated, and how much."),
    ("heatmap", "liqatlas.cli.heatmap:heatmap", "Show the levels over time, under the candles."),
    (
        "cascade",
        "liqatlas.cli.cascade:cascade",
        "Show how far a shock runs, and what it takes to reach each level.",
    ),
    (
        "positions",
        "liqatlas.cli.positions:positions",
        "List public positions and check their liquidation prices.",
    ),
    (
        "clusters",
        "liqatlas.cli.clusters:clusters",
        "List the zones where levels are dense, with grades and gaps.",
    ),
    (
        "stress",
        "liqatlas.cli.stress:stress",
        "Say at which prices your own positions are liquidated, and what to do.",
    ),
    (
        "report",
        "liqatlas.cli.report:report",
        "Write the whole picture of an asset in words, numbers and pictures.",
    ),
    ("calibrate", "liqatlas.cli.calibrate:calibrate", "Fit the estimator on liquidations that happened."),
    ("evaluate", "liqatlas.cli.evaluate:evaluate", "Score the map, or any predictions, against baselines."),
    (
        "realised",
        "liqatlas.cli.realised:realised",
        "Show what was liquidated in the last 1, 4, 12 and 24 hours.",
    ),
    ("serve", "liqatlas.cli.serve:serve", "Serve the page, the HTTP interface and the stream."),
    ("keys", "liqatlas.cli.keys:keys", "Make, list and remove the keys of a server."),
    ("ingest", "liqatlas.cli.ingest:ingest", "Keep what files hold in the lake; --check only looks."),
    ("record", "liqatlas.cli.record:record", "Record live rows of several venues into the lake."),
    ("backfill", "liqatlas.cli.backfill:backfill", "Fetch history over REST into the lake."),
    ("lake", "liqatlas.cli.lake:lake", "Check a lake, mend it, copy it, take a copy back."),
    (
        "doctor",
        "liqatlas.cli.doctor:doctor",
        "Say which venues answer, what each gives, and how the lake is.",
    ),
    (
        "warmup",
        "liqatlas.cli.warmup:warmup",
        "Compile the kernels now, so that no later command waits for it.",
    ),
)


def make_app() -> App:
    """Return the command-line application."""
    app = App(
        name="liqatlas",
        version=__version__,
        help="Liquidation maps of crypto derivatives: exact rules, stated units, measured accuracy.",
        version_flags=["--version"],
        help_format="plaintext",  # markdown would cost the help half its time
    )
    for name, path, text in VERBS:
        app.command(path, name=name, help=text)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run(sys.argv[1:] if arguments is None else list(arguments)))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; errors become one sentence on stderr."""
    if not arguments:
        print(WELCOME)
        return 0
    try:
        result = make_app()(arguments, exit_on_error=False, result_action="return_value")
    except LiqAtlasError as error:
        return _complain(str(error), error.exit_code)
    except CycloptsError:
        return 2  # already printed by the parser
    except KeyboardInterrupt:
        return _complain("interrupted", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get("LIQATLAS_DEBUG"):
            raise
        text = f"a fault of liqatlas: {type(error).__name__}: {error}; please report it with the output of LIQATLAS_DEBUG=1"
        return _complain(text, 1)
    return result if isinstance(result, int) else 0


def _complain(text: str, code: int) -> int:
    print(f"liqatlas: {text}", file=sys.stderr)
    return code
