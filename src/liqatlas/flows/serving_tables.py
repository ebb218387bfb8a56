"""Parts of results that the server hands out by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from liqatlas.base.clock import isoformat
from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.flows.positions_report import report_json
from liqatlas.flows.realised_report import realised_tree

if TYPE_CHECKING:
    from liqatlas.flows.positions_report import PositionsReport
    from liqatlas.flows.report import ReportResult
    from liqatlas.flows.request import Request
    from liqatlas.flows.serving import Source

_HEAD = ("schema_version", "kind", "quantity", "simulated", "asset", "as_of", "window", "price", "disclaimer")


def signals_tree(result: ReportResult) -> dict[str, Any]:
    """Return the signals of a report with its head."""
    tree = result.tree
    head: dict[str, Any] = {name: tree[name] for name in _HEAD}
    return head | dict(tree["signals"])


def positions_page(report: PositionsReport, *, offset: int, limit: int) -> bytes:
    """Return a page of the positions table as JSON; ``positions_seen`` counts all."""
    tree = orjson.loads(report_json(report))
    tree["positions"] = tree["positions"][offset : offset + limit]
    tree["changes"] = tree["changes"][:limit]
    return orjson.dumps(tree | {"offset": offset, "limit": limit}, option=orjson.OPT_APPEND_NEWLINE)


def realised_of_all(source: Source, request: Request) -> dict[str, Any]:
    """Return the realised liquidations of every coin that has any; ``without`` says why others have none."""
    from dataclasses import replace

    coins, without = [], {}
    told = {m.asset for m in source.markets() if {"liquidations", "liquidation_bars"} & set(m.tables)}
    for asset in sorted(told):
        try:
            coins.append(realised_tree(source.realised(replace(request, asset=asset))))
        except (NotEnoughDataError, InputError) as error:
            without[asset] = str(error)
    if not coins:
        raise NotEnoughDataError("no liquidation prints of any coin are recorded here")
    coins.sort(key=lambda tree: -max((e["totals"][-1]["usd"] for e in tree["exchanges"]), default=0.0))
    moment = source.now_ns() if request.as_of_ns is None else request.as_of_ns
    return {"simulated": source.simulated, "as_of": isoformat(moment), "coins": coins, "without": without}
