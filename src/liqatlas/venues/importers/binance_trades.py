"""Binance archive files of trades: ``aggTrades`` and ``trades``, daily or monthly, with or without a header.

Columns as published at https://github.com/binance/binance-public-data (read 2026-11-22). ``is_buyer_maker`` true means that
the taker sold. Sizes of COIN-M files are contracts. Spot files have one column more and are not a perpetual's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from liqatlas.base.errors import FormatError
from liqatlas.venues.importers.contract_values import contract_value
from liqatlas.venues.importers.names import binance_name, binance_venue, symbol_in
from liqatlas.venues.importers.recognition import Format, found, is_epoch, is_flag, is_number, unit_ns
from liqatlas.venues.importers.scanned_trades import trades_piece
from liqatlas.venues.importers.trade_scan import TradeLayout

if TYPE_CHECKING:
    from liqatlas.venues.importers.pieces import Piece
    from liqatlas.venues.importers.recognition import Head, Recognised
    from liqatlas.venues.importers.selection import Wanted
    from liqatlas.venues.importers.sources import Source

_SPOT = "trades of the spot market, not of a perpetual"
_SPOT_UNIT = "times are in microseconds, which Binance writes in SPOT files since 2025; make sure that these are futures"
#: dataset → (columns, time, price, size, flag, id, further columns of a spot file)
_LAYOUTS = {"aggTrades": (7, 5, 1, 2, 6, 0, 1), "trades": (6, 4, 1, 2, 5, 0, 1)}


def _match(head: Head) -> Recognised | None:
    """Recognise by the pattern of the first row; the name adds the symbol."""
    row = head.row
    for dataset, (width, ts, _price, _qty, flag, _id, _more) in _LAYOUTS.items():
        spot = len(row) == width + 1
        if len(row) not in (width, width + 1) or not is_epoch(row[ts]) or not all(map(is_flag, row[flag:])):
            continue
        if not all(is_number(value) for value in row[:flag]):
            continue
        name = binance_name(head.path, head.name)
        symbol = name.symbol if name else symbol_in(head.name)
        factor = unit_ns(int(row[ts]))
        return found(
            head,
            format=f"binance_{'agg_trades' if dataset == 'aggTrades' else 'trades'}",
            title=f"Binance {dataset}",
            venue=binance_venue(symbol),
            symbol=symbol,
            tables=("trades",),
            how="by columns" + (" and name" if symbol else ""),
            unused=_SPOT if spot or (name is not None and name.market == "spot") else "",
            details={"dataset": dataset, "header": bool(head.columns), "factor": factor, "sample": head.raw},
        )
    return None


def _read(source: Source, known: Recognised, wanted: Wanted) -> list[Piece]:
    del wanted
    dataset = known.details["dataset"]
    width, ts, price, qty, flag, trade_id, _ = _LAYOUTS[dataset]
    layout = TradeLayout(
        columns=width, ts=ts, price=price, qty=qty, flag=flag, trade_id=trade_id,
        ts_factor=known.details["factor"], flag_is_maker=True,
    )  # fmt: skip
    size = contract_value(known.venue, known.symbol)
    if size is None:
        raise FormatError(known.label, f"the contract value of {known.symbol} on {known.venue} is unknown")
    piece = trades_piece(source, known, layout, contract_size=size)
    piece = replace(piece, stream=dataset, rank=0 if dataset == "aggTrades" else 1)
    return [piece.warn(_SPOT_UNIT) if known.details["factor"] < 1_000_000 else piece]


FORMATS = (Format("binance_agg_trades", "Binance aggTrades", _match, _read),)
