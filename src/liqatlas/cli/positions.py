"""``liqatlas positions``: who holds what, and whether we reproduce the venue's liquidation prices."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003  (cyclopts reads the annotations)
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from liqatlas.base.clock import parse_window
from liqatlas.base.config import load_settings
from liqatlas.base.errors import InputError
from liqatlas.cli.options import (
    DataOptions,
    MomentOptions,
    OutputOptions,
    choose_format,
    make_look,
    make_request,
)
from liqatlas.cli.output import emit, reporting, say
from liqatlas.flows.margin_history import save_meta
from liqatlas.flows.positions import check_positions, newest_moment, positions_in, seen_share
from liqatlas.flows.positions_history import rebuild_accounts, rebuilt_json, rebuilt_text
from liqatlas.flows.positions_paint import painted
from liqatlas.flows.positions_report import (
    TableRequest,
    check_json,
    check_text,
    report_json,
    report_positions,
    report_text,
)
from liqatlas.flows.positions_scan import ScanRequest, run_scan
from liqatlas.flows.render import render_table

if TYPE_CHECKING:
    from liqatlas.flows.render import Format


@Parameter(name="*", group="Positions")
@dataclass(frozen=True, kw_only=True)
class PositionOptions:
    """Which positions, in which order."""

    check: Annotated[bool, Parameter(negative="")] = False
    "Compare our liquidation prices with the published ones instead of listing positions."
    scan: Path | None = None
    "Scan Hyperliquid accounts into this file (JSON lines); a scan that was cut off goes on. Then use it with --from."
    scan_lake: Annotated[bool, Parameter(negative="")] = False
    "Scan Hyperliquid accounts into the lake (--lake): those it knows and whose turn it is, the given ones added."
    addresses: Annotated[tuple[Path, ...], Parameter(consume_multiple=True, negative="")] = ()
    "Files with addresses to scan: a list, public trades, a node's fills or states."
    leaderboard: Annotated[bool, Parameter(negative="")] = False
    "Also scan the accounts of the venue's leaderboard, the largest first."
    keep_on: str | None = None
    "Go on looking again at accounts whose turn it is for this long, such as 6h: near and large ones more often."
    url: str = "https://api.hyperliquid.xyz"
    "Where to ask: the venue, or your own node such as http://localhost:3001."
    leaderboard_url: str = ""
    "Where the leaderboard is; default is the venue's."
    save_meta: Path | None = None
    "Save the venue's margin tables of today into this file, dated, for --meta."
    rebuild: Annotated[bool, Parameter(negative="")] = False
    "Rebuild liquidated accounts from a sample of fills (Hyperliquid 2023) and compare the prices."
    view: Literal["table", "cohorts", "changes"] = "table"
    "What the terminal shows: positions, amounts by size and profit, or what changed since the snapshot before."
    sort: Literal["size", "distance", "leverage", "position", "pnl", "age"] = "size"
    "Order of the table."
    only: Literal["long", "short"] | None = None
    "Keep longs or shorts."
    top: int = 20
    "Rows to show; 0 shows all."


_WHICH, _DATA, _TIME, _OUTPUT = PositionOptions(), DataOptions(), MomentOptions(), OutputOptions()


def positions(
    asset: str = "",
    /,
    *,
    which: PositionOptions = _WHICH,
    data: DataOptions = _DATA,
    time: MomentOptions = _TIME,
    output: OutputOptions = _OUTPUT,
) -> int:
    """List public positions with their liquidation prices, or check those prices against our own (--check).

    Parameters
    ----------
    asset
        An asset such as ETH; without one, all coins.
    """
    form = choose_format(output)
    if form in {"png", "svg"}:
        raise InputError(f"positions are a table: {form} is a picture; ask for map --kind measured")
    if which.save_meta is not None:
        coins = save_meta(which.save_meta, url=which.url)
        say(f"margin tables of {coins} coins saved; use them with --meta {which.save_meta}")
        return 0
    if which.scan is not None or which.scan_lake:
        return _scan(which, data)
    if which.rebuild:
        return _rebuild(data, output, form)
    asked = make_request(asset, data, time, OutputOptions(), kind="measured")
    with reporting() as reporter:
        snapshot = positions_in(asked, reporter)
    for warning in snapshot.holdings.warnings:
        say(f"note: {warning}")
    if which.check:
        _text_or_json(form)
        test = check_positions(snapshot)
        emit(check_json(test) if form == "json" else check_text(test).encode(), form, output.output)
        return 0
    request = TableRequest(
        as_of_ns=asked.as_of_ns or newest_moment(snapshot),
        window_ns=asked.window_ns,
        asset=asset,
        sort=which.sort,
        position=which.only,
        top=which.top,
    )
    report = report_positions(snapshot, request, seen_share(snapshot, asked) if asset else None)
    if form == "json":
        content = report_json(report)
    elif form == "term":
        look = make_look(output, time, by="venue", price_range=None)
        content = painted(report_text(report, which.view), look.screen()).encode()
    else:
        content = render_table(report.changed if which.view == "changes" else report.shown(), form)
    emit(content, form, output.output)
    return 0


def _scan(which: PositionOptions, data: DataOptions) -> int:
    """Scan accounts into a file or the lake.

    Raises
    ------
    InputError
        If both are named.
    """
    if which.scan is not None and which.scan_lake:
        raise InputError(
            "both --scan FILE and --scan-lake were given: give one (ingest puts a file into a lake)"
        )
    lake = (data.lake or load_settings().lake_path) if which.scan_lake else None
    request = ScanRequest(
        output=which.scan,
        lake=lake,
        addresses=which.addresses,
        leaderboard=which.leaderboard,
        url=which.url,
        leaderboard_url=which.leaderboard_url,
        keep_on_s=parse_window(which.keep_on) / 1e9 if which.keep_on else 0.0,
    )
    with reporting() as reporter:
        result = run_scan(request, reporter)
    say(result.sentence())
    say(f"look at them with: liqatlas positions {f'--lake {lake}' if lake else f'--from {which.scan}'}")
    return 0 if result.holds + result.empty + result.resumed else 3


def _rebuild(data: DataOptions, output: OutputOptions, form: Format) -> int:
    """Rebuild the accounts of a sample of fills."""
    _text_or_json(form)
    if not data.from_:
        raise InputError("no data named: give the folder of the sample with --from")
    result = rebuild_accounts(data.from_)
    emit(rebuilt_json(result) if form == "json" else rebuilt_text(result).encode(), form, output.output)
    return 0


def _text_or_json(form: Format) -> None:
    if form not in {"term", "json"}:
        raise InputError(f"a check is text or JSON; {form} was asked for")
