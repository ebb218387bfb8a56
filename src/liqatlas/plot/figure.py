"""A finished picture, and the one place where matplotlib's global settings are touched.

Object-oriented matplotlib only. Its settings are process-wide, so drawing and writing hold a lock and restore them; they
start from matplotlib's own defaults, never from the user's ``matplotlibrc``, so that a picture is the same everywhere.
"""

from __future__ import annotations

import io
import threading
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from liqatlas.base.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure as MatplotlibFigure

#: Pixels per inch of every raster picture; text sizes are stated in points at this density.
DPI = 100
FORMATS = ("png", "svg")
_LOCK = threading.RLock()
_SETTINGS: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],
    "text.parse_math": False,
    "svg.hashsalt": "liqatlas",
    "svg.fonttype": "path",
    "hatch.linewidth": 0.6,
    "axes.unicode_minus": True,
    "path.simplify": True,
}


class Figure:
    """A picture that can be written; made by the functions of this room.

    Attributes
    ----------
    figure
        The matplotlib figure, for those who want to add to it.
    title, description
        The words of the picture as text, also stored inside the file.
    """

    def __init__(self, figure: MatplotlibFigure, *, title: str, description: str) -> None:
        self.figure = figure
        self.title = title
        self.description = description

    def save(self, path: str | Path) -> Path:
        """Write PNG or SVG, by the suffix of the path.

        Raises
        ------
        InputError
            If the suffix is another one, or the folder does not exist.
        """
        target = Path(path)
        data = self.to_bytes(target.suffix.lower().removeprefix("."))
        try:
            target.write_bytes(data)
        except OSError as error:
            raise InputError(f"{target}: the picture cannot be written: {error.strerror or error}") from None
        return target

    def to_bytes(self, fmt: str) -> bytes:
        """Return the picture as ``png`` or ``svg``; the same figure gives the same bytes.

        Raises
        ------
        InputError
            If the format is another one.
        """
        if fmt not in FORMATS:
            raise InputError(f"picture format {fmt!r} is unknown: wanted .png or .svg")
        words = {"Title": self.title, "Description": self.description}
        extra: dict[str, Any] = {"Software": "liqatlas"} if fmt == "png" else {"Date": None}
        buffer = io.BytesIO()
        with drawing():
            self.figure.savefig(
                buffer, format=fmt, dpi=DPI, facecolor=self.figure.get_facecolor(), metadata=words | extra
            )
        return buffer.getvalue()


@contextmanager
def drawing() -> Iterator[None]:
    """Hold the lock and matplotlib's default settings with ours on top."""
    import matplotlib as mpl

    keep = ("backend", "interactive", "toolbar", "timezone")
    settings: dict[Any, Any] = {
        k: v for k, v in mpl.rcParamsDefault.items() if k.partition(".")[0] not in keep
    }
    settings.update(_SETTINGS)
    with _LOCK, mpl.rc_context(settings), warnings.catch_warnings():
        # The bundled font has no CJK glyphs and some assets are named in them; matplotlib then draws a marked box.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield
