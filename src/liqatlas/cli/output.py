"""Where output goes: standard output or a file for results, stderr for everything said on the way."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from liqatlas.base.errors import InputError
from liqatlas.flows.reporter import Reporter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Colour = Literal["truecolor", "256", "none"]
#: Formats that are not text.
BINARY = frozenset({"png", "parquet", "arrow", "pdf"})


def terminal_look(
    *, to_file: bool, environ: Mapping[str, str] | None = None
) -> tuple[int, int, Colour, bool]:
    """Return width and height in characters, the colours to use, and whether block characters can be shown."""
    env = os.environ if environ is None else environ
    size = shutil.get_terminal_size((110, 46))
    encoding = (sys.stdout.encoding or "ascii").lower()
    unicode = to_file or "utf" in encoding
    plain = to_file or not sys.stdout.isatty() or "NO_COLOR" in env or env.get("TERM", "") in {"", "dumb"}
    if "FORCE_COLOR" in env and not to_file:
        plain = False
    colour: Colour = (
        "none" if plain else "truecolor" if env.get("COLORTERM") in {"truecolor", "24bit"} else "256"
    )
    return max(size.columns, 60), max(size.lines - 2, 24), colour, unicode


def emit(content: bytes, form: str, target: Path | None) -> None:
    """Write a result to a file (whole or not at all) or to standard output.

    Raises
    ------
    InputError
        If binary content would go to a terminal, or the file cannot be written.
    """
    if target is None:
        if form in BINARY and sys.stdout.isatty():
            raise InputError(f"{form} would fill the terminal with bytes: name a file with -o")
        _to_standard_output(content)
        return
    try:
        _put(content, target)
    except OSError as error:
        raise InputError(f"cannot write {target}: {error.strerror or error}") from None
    say(f"wrote {target} ({len(content) / 1024:,.0f} kB)")


def _to_standard_output(content: bytes) -> None:
    """Write all of it, or say that it went nowhere; a reader that left early is no fault."""
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # what is still buffered would fail once more on the way out
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise InputError(f"cannot write standard output: {error.strerror or error}") from None


def _put(content: bytes, target: Path) -> None:
    """Write a file whole or not at all; a link keeps pointing where it did, a device or pipe takes the bytes."""
    if target.exists() and not target.is_file() and not target.is_dir():
        target.write_bytes(content)
        return
    real = target.resolve()
    unfinished = real.with_name(f".{real.name}.{os.getpid()}.part")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(real)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def say(text: str) -> None:
    """Print one line to stderr."""
    print(f"liqatlas: {text}", file=sys.stderr, flush=True)


@contextmanager
def reporting() -> Iterator[Reporter]:
    """Yield a reporter: notices go to stderr, progress is drawn there when it is a terminal."""
    if not sys.stderr.isatty():
        yield Reporter(notice=say)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}/{task.total:,.0f}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task("starting", total=1)

        def show(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=max(total, 1))

        yield Reporter(
            show, lambda text: bar.console.print(f"liqatlas: {text}", highlight=False, markup=False)
        )
