"""Results as bytes or text in any format a face offers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import IO, TYPE_CHECKING, Any, Literal

import orjson

from liqatlas.base.errors import InputError
from liqatlas.flows.wording import level_tree
from liqatlas.maps.binning import edges_by_count, full_range
from liqatlas.maps.serialise import head_tree, heatmap_table, heatmap_tree, map_tree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from liqatlas.maps.heatmap import Heatmap
    from liqatlas.maps.liquidation_map import LiquidationMap
    from liqatlas.plot.terminal import Screen

Format = Literal["term", "json", "csv", "parquet", "arrow", "png", "svg", "html"]
FORMATS: tuple[Format, ...] = ("term", "json", "csv", "parquet", "arrow", "png", "svg", "html")
#: Bins of a JSON map nobody asked for otherwise.
JSON_BINS = 400


@dataclass(frozen=True, slots=True)
class Look:
    """How a result should look.

    Attributes
    ----------
    by
        What bars are stacked by.
    price_range
        Absolute; None takes the default range of pictures.
    width, height
        Of a terminal [characters].
    colour
        Colours the terminal can show.
    """

    by: Literal["venue", "leverage"] = "venue"
    theme: Literal["dark", "light"] = "dark"
    zone: tzinfo = UTC
    price_range: tuple[float, float] | None = None
    width: int = 100
    height: int = 40
    colour: Literal["truecolor", "256", "none"] = "none"
    unicode: bool = True

    def screen(self) -> Screen:
        """Return what the terminal can do."""
        from liqatlas.plot.terminal import Screen

        return Screen(self.width, self.height, self.colour, self.unicode, self.theme)


def render_map(
    result: LiquidationMap, form: Format, look: Look, *, as_is: bool = False, at: float | None = None
) -> bytes:
    """Return a map in a format; text is UTF-8.

    Parameters
    ----------
    as_is
        Keep the map's bins in JSON; otherwise it has :data:`JSON_BINS` bins over the full range, totals unchanged.
    at
        In JSON, also say what is liquidated on the way to this price.
    """
    if form == "json":
        level = level_tree(result, at) if at is not None else {}
        if not as_is and len(result.price_edges) - 1 > JSON_BINS:
            result = result.rebin(edges_by_count(result.head.price, *full_range(result), JSON_BINS))
        return orjson.dumps(map_tree(result) | level, option=orjson.OPT_APPEND_NEWLINE)
    if form in {"csv", "parquet", "arrow"}:
        return render_table(result.to_polars(), form, head_tree(result.head))
    if form == "html":
        from liqatlas.flows.page import map_page

        return map_page(result)
    if form == "term":
        from liqatlas.plot.terminal import render_map as render

        text = render(result, look.screen(), by=look.by, price_range=look.price_range, zone=look.zone)
        return (text + "\n").encode()
    from liqatlas.plot.map_picture import map_figure

    figure = map_figure(result, by=look.by, theme=look.theme, price_range=look.price_range, zone=look.zone)
    return figure.to_bytes(form)


def render_grid(maps: Sequence[tuple[str, LiquidationMap]], form: Format, look: Look) -> bytes:
    """Return many small maps in one picture.

    Raises
    ------
    InputError
        If the format is no picture.
    """
    if form not in {"png", "svg"}:
        raise InputError(
            f"a grid is a picture: name a .png or .svg file with -o (format {form} was asked for)"
        )
    from liqatlas.plot.grid_picture import grid_figure

    return grid_figure(maps, by=look.by, theme=look.theme, zone=look.zone).to_bytes(form)


def render_heatmap(result: Heatmap, form: Format, look: Look) -> bytes:
    """Return a heatmap in a format; text is UTF-8."""
    if form == "json":
        return orjson.dumps(heatmap_tree(result), option=orjson.OPT_APPEND_NEWLINE)
    if form in {"csv", "parquet", "arrow"}:
        return render_table(heatmap_table(result), form, head_tree(result.head))
    if form == "html":
        from liqatlas.flows.page import heatmap_page

        return heatmap_page(result)
    if form == "term":
        from liqatlas.plot.terminal import render_heatmap as render

        return (render(result, look.screen(), price_range=look.price_range, zone=look.zone) + "\n").encode()
    from liqatlas.plot.heatmap_picture import heatmap_figure

    return heatmap_figure(result, theme=look.theme, price_range=look.price_range, zone=look.zone).to_bytes(
        form
    )


def render_table(frame: pl.DataFrame, form: Format, head: Mapping[str, Any] | None = None) -> bytes:
    """Return a table as CSV, Parquet or an Arrow IPC file.

    Parameters
    ----------
    head
        What the table is of: JSON in the metadata ``liqatlas`` of the schema. CSV has no place for it.
    """
    import io

    out = io.BytesIO()
    if form == "csv":
        frame.write_csv(out)
    elif form in {"parquet", "arrow"}:
        table = frame.to_arrow()
        if head is not None:
            table = table.replace_schema_metadata({"liqatlas": orjson.dumps(head)})
        _write_arrow(table, out, form)
    else:
        raise InputError(f"format {form} is not a table")
    return out.getvalue()


def _write_arrow(table: Any, out: IO[bytes], form: Format) -> None:
    """Write an Arrow table as a Parquet or an Arrow IPC file."""
    if form == "parquet":
        import pyarrow.parquet as pq

        pq.write_table(table, out, compression="zstd")
        return
    import pyarrow as pa

    with pa.ipc.new_file(out, table.schema) as writer:
        writer.write_table(table)
