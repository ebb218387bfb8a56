"""Results as one file that works offline: the built page with its answers inside, no request to anybody.

The page reads the answers by the path it would ask a server for. Its policy lets exactly the script and the style of
this file run, by their hashes, and forbids every connection.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from liqatlas.base.clock import format_window, isoformat
from liqatlas.base.errors import InputError
from liqatlas.flows.serving_heat import heatmap_bytes
from liqatlas.maps.binning import edges_by_count, full_range
from liqatlas.maps.serialise import map_tree

if TYPE_CHECKING:
    from collections.abc import Mapping

    from liqatlas.flows.report import ReportResult
    from liqatlas.maps.head import Head
    from liqatlas.maps.heatmap import Heatmap
    from liqatlas.maps.liquidation_map import LiquidationMap

#: Where the built page lies; the server hands out the same files.
PAGE = Path(__file__).resolve().parent.parent / "server" / "page"
#: Bins of a map in a file: fine enough to zoom.
FILE_BINS = 1200


@dataclass(frozen=True, slots=True)
class BuiltPage:
    """The page's script and style sheet."""

    script: str
    style: str


def page_is_built(folder: Path = PAGE) -> bool:
    """Return whether the page was built."""
    return (folder / "index.html").is_file()


def read_page(folder: Path = PAGE) -> BuiltPage:
    """Return the built page.

    Raises
    ------
    InputError
        If it was not built.
    """
    if not page_is_built(folder):
        raise InputError(
            "the interactive page was not built: run `python scripts/build_page.py` in the checkout (it needs no "
            "installed Node) or install a wheel, which carries it; or ask for another --format"
        )
    index = (folder / "index.html").read_text(encoding="utf-8")
    script = re.search(r'src="/(assets/[^"]+\.js)"', index)
    style = re.search(r'href="/(assets/[^"]+\.css)"', index)
    if script is None or style is None:
        raise InputError(f"{folder}/index.html names no script and style: build the page anew")
    return BuiltPage(
        (folder / script[1]).read_text(encoding="utf-8"), (folder / style[1]).read_text(encoding="utf-8")
    )


def map_page(result: LiquidationMap) -> bytes:
    """Return a map as one file."""
    asset = result.head.asset
    return file_of(result.head, {f"/v1/map/{asset}": map_tree(_fine(result))}, start=f"#/map/{asset}")


def heatmap_page(result: Heatmap) -> bytes:
    """Return a heatmap as one file."""
    asset = result.head.asset
    return file_of(result.head, {f"/v1/heatmap/{asset}": _packed(result)}, start=f"#/heatmap/{asset}")


def report_page(result: ReportResult, plain: bytes) -> bytes:
    """Return a report with its map and past levels as one file; ``plain`` is shown where no script may run."""
    from liqatlas.flows.clusters import clusters_tree

    found = result.clusters
    asset = found.map.head.asset
    answers: dict[str, Any] = {
        f"/v1/report/{asset}": result.tree,
        f"/v1/map/{asset}": map_tree(_fine(found.map)),
        f"/v1/clusters/{asset}": clusters_tree(found),
    }
    if found.heatmap is not None:
        answers[f"/v1/heatmap/{asset}"] = _packed(found.heatmap)
    return file_of(found.map.head, answers, start=f"#/report/{asset}", plain=plain.decode())


def _fine(result: LiquidationMap) -> LiquidationMap:
    """Return the map in at most :data:`FILE_BINS` bins, totals unchanged."""
    if len(result.price_edges) - 1 <= FILE_BINS:
        return result
    return result.rebin(edges_by_count(result.head.price, *full_range(result), FILE_BINS))


def _packed(result: Heatmap) -> str:
    """Return a heatmap's bytes as text: gzip, then base64."""
    return base64.b64encode(gzip.compress(heatmap_bytes(result), 9, mtime=0)).decode()


def _markets(head: Head) -> dict[str, Any]:
    """Return what the page asks first: the one asset of this file."""
    venues = [{"venue": v.venue, "symbol": v.symbol} for v in head.venues]
    market = {"asset": head.asset, "venues": venues, "first": None, "last": isoformat(head.as_of_ns)}
    return {
        "markets": [market],
        "default_asset": head.asset,
        "simulated": head.simulated,
        "live": False,
        "as_of": isoformat(head.as_of_ns),
    }


def file_of(head: Head, answers: Mapping[str, Any], *, start: str, plain: str = "") -> bytes:
    """Return the page as one file that holds these answers by path and opens at ``start``."""
    built = read_page()
    note = f"{head.asset}, {head.kind}, window {format_window(head.window_ns)}, as of {isoformat(head.as_of_ns)}."
    data = {"note": note, "start": start, "answers": {"/v1/markets": _markets(head), **answers}}
    held = orjson.dumps(data, option=orjson.OPT_SERIALIZE_NUMPY).decode().replace("<", "\\u003c")
    # inside a script element only these two could end it early or hide its end
    script = built.script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
    fallback, styles = _without_script(plain)
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src {' '.join(map(repr, map(_hash, (built.style, *styles))))}; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    title = f"{'SIMULATED ' if head.simulated else ''}{head.asset} {head.kind} liquidation levels"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="dark light">'
        f"<title>{title}</title><style>{built.style}</style></head>\n"
        f'<body><div id="app"></div><noscript>{fallback}</noscript>\n'
        f'<script type="application/json" id="liqatlas-data">{held}</script>\n'
        f'<script type="module">{script}</script></body></html>\n'
    ).encode()


def _without_script(plain: str) -> tuple[str, list[str]]:
    """Return what is shown where no script may run, and the style sheets in it."""
    if not plain:
        return "<p>The charts of this file need JavaScript.</p>", []
    styles = re.findall(r"<style>(.*?)</style>", plain, flags=re.DOTALL)
    body = re.search(r"<body[^>]*>(.*)</body>", plain, flags=re.DOTALL)
    inside = body[1] if body else re.sub(r"^.*?</head>|</?html[^>]*>", "", plain, flags=re.DOTALL)
    return "".join(f"<style>{s}</style>" for s in styles) + inside, styles


def _hash(text: str) -> str:
    """Return the policy's name of an inline script or style."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
