"""The page: files built from ``web/`` into this folder's ``page/``, read once; no request reaches the file system."""

from __future__ import annotations

import mimetypes
import re
from pathlib import Path
from typing import Any

from litestar import Request as HttpRequest
from litestar import Response, get
from litestar.params import FromPath  # noqa: TC002  (routes are read by their annotations)

from liqatlas.server.answers import Answer, Made, chosen_form, make_answer
from liqatlas.server.problems import Refused

FOLDER = Path(__file__).parent / "page"
#: A name with a hash in it never changes its content.
_HASHED = re.compile(r"[-.][A-Za-z0-9_-]{8,}\.[a-z0-9]+$")
NOT_BUILT = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>liqatlas</title>
<meta name="viewport" content="width=device-width"><h1>liqatlas</h1>
<p>The server runs, but its page was not built: run <code>python scripts/build_page.py</code> in the checkout (it needs no installed
Node), or install a wheel, which carries it.</p>
<p>What is served: <a href="/v1/markets">/v1/markets</a>, described by <a href="/openapi.json">/openapi.json</a>.</p></html>
"""
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("font/woff2", ".woff2")
mimetypes.add_type("application/manifest+json", ".webmanifest")


def load_page(folder: Path = FOLDER) -> dict[str, Answer]:
    """Return the page's files by the path they are asked for; one that says how to build it where it was not."""
    files: dict[str, Answer] = {}
    if folder.is_dir():
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                name = file.relative_to(folder).as_posix()
                media, _ = mimetypes.guess_type(name)
                media = media or "application/octet-stream"
                lasting = "public, max-age=31536000, immutable" if _HASHED.search(name) else "no-cache"
                files[name] = make_answer(Made(file.read_bytes(), media, {"Cache-Control": lasting}))
    if "index.html" not in files:
        files["index.html"] = make_answer(Made(NOT_BUILT, "text/html", {"Cache-Control": "no-cache"}))
    return files


def page_routes(files: dict[str, Answer]) -> list[Any]:
    """Return the routes of the page; an address of a view that has no file is the page itself."""
    from liqatlas.server.service import respond

    def answer(http: HttpRequest[Any, Any, Any], name: str) -> Response[bytes]:
        found = files.get(name)
        wants_page = "text/html" in http.headers.get("accept", "") and "." not in name.rpartition("/")[2]
        if found is None and wants_page and not name.startswith(("v1/", "api/", "ws/")):
            found = files["index.html"]
        if found is None:
            raise Refused(404, f"there is nothing at /{name[:200]}", kind="not-found")
        coding, body = chosen_form(found, http.headers.get("accept-encoding", ""))
        return respond(http, found.made, coding, body, found.etag)

    @get("/", include_in_schema=False)
    async def index(request: HttpRequest[Any, Any, Any]) -> Response[bytes]:
        """Return the page."""
        return answer(request, "index.html")

    @get("/{name:path}", include_in_schema=False)
    async def file(request: HttpRequest[Any, Any, Any], name: FromPath[Path]) -> Response[bytes]:
        """Return a file of the page."""
        return answer(request, str(name).lstrip("/"))

    return [index, file]
