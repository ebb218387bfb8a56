"""From a row as written to a position under a venue's rule: contract kind, native size, margin, tiers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from liqatlas.base.errors import InputError, RuleError, TiersUnknownError
from liqatlas.base.instruments import VENUES, venue_name
from liqatlas.base.symbols import DOLLAR_QUOTES, near_names, parse_symbol
from liqatlas.rules import margin_rule, shipped_symbols, tiers
from liqatlas.rules.prices import Maintenance
from liqatlas.rules.tier_table import TierTable
from liqatlas.signals.stress.crashes import taker_fee
from liqatlas.signals.stress.held import Held, Terms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from liqatlas.base.instruments import ContractKind
    from liqatlas.rules.margin_rule import MarginRule
    from liqatlas.signals.stress.rows import Row

    #: Native quantity of one contract of (venue, symbol), or None where unknown.
    ContractValue = Callable[[str, str], float | None]

#: Venues whose coin-margined contracts are a venue of their own here.
_COIN_MARGINED = {"binance": "binance_coinm", "bitget": "bitget_coinm"}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What rows are resolved against.

    Attributes
    ----------
    on
        Day whose rules and tiers hold (UTC).
    prices
        Present mark price by ``VENUE:SYMBOL``, symbol or asset, upper case; an asset's is of one coin.
    contract_value
        Lookup for sizes in contracts.
    """

    on: date
    prices: Mapping[str, float]
    contract_value: ContractValue


def resolve(row: Row, around: Surroundings) -> Held:
    """Return a row as a position under the rule and tiers in force.

    Raises
    ------
    InputError
        If margin, leverage, wallet or size do not make a position.
    RuleError
        If no rule of the venue is known and no maintenance rate is given.
    TiersUnknownError
        If no tiers are sourced for the symbol and no maintenance rate is given.
    UnknownSymbolError
        If the symbol cannot be read.
    """
    meaning = parse_symbol(row.symbol)
    kind: ContractKind = "inverse" if _is_inverse(row, meaning.coin_margined) else "linear"
    venue = _COIN_MARGINED.get(row.venue, row.venue) if kind == "inverse" else row.venue
    settle = meaning.asset if kind == "inverse" else (meaning.quote or "USD")
    _check_collateral(row, settle)
    row = replace(row, symbol=_spelled(venue, row.symbol))
    terms = _terms(row, venue, kind, around.on)
    quantity = _quantity(row, kind, terms, around, venue)
    margin = _margin(row, kind, quantity)
    by_asset = around.prices.get(meaning.asset)
    mark = (
        row.mark_price
        or around.prices.get(f"{venue}:{row.symbol}".upper())
        or around.prices.get(row.symbol.upper())
        or (by_asset * meaning.price_multiplier if by_asset else None)
    )
    one = Held(
        key=str(row.line), venue=venue, symbol=row.symbol, asset=meaning.asset, kind=kind, settle=settle, position=row.position,
        quantity=quantity, entry=row.entry_price, mode=row.margin_mode, margin=margin, terms=terms, account=row.account, mark=mark,
    )  # fmt: skip
    beyond = _beyond_cap(row, one, around.on)
    return replace(one, terms=replace(terms, warnings=(*terms.warnings, *beyond)))


def _spelled(venue: str, symbol: str) -> str:
    """Return a symbol as the venue writes it: capitals, but where a shipped table knows it otherwise, such as kPEPE."""
    suffix = symbol[-5:] if venue == "okx" and symbol.upper().endswith("-SWAP") else ""
    bare = symbol.removesuffix(suffix)
    named = [name for name in shipped_symbols(venue) if name.upper() == bare.upper()]
    if bare in named:
        return bare + suffix.upper()
    return (named[0] if len(named) == 1 else bare.upper()) + suffix.upper()


def _beyond_cap(row: Row, one: Held, on: date) -> tuple[str, ...]:
    """Say where the leverage, as written or as an isolated margin means it, is more than the venue lets anybody choose."""
    table = one.terms.schedule
    if not isinstance(table, TierTable):
        try:
            table = tiers(one.venue, one.symbol, on)
        except TiersUnknownError:  # then no cap is known that it could be above
            return ()
    meant = one.notional_at(one.entry) / one.margin if one.mode == "isolated" and one.margin > 0 else 0.0
    asked, cap = row.leverage or meant, one.leverage_cap(table)
    if asked <= cap * (1 + 1e-9):
        return ()
    said = (
        f"leverage {round(asked, 1):,g} is above the cap of {cap:g} that {venue_name(one.venue)} sets a position of this size: it "
        "cannot be opened so; the level is computed as written"
    )
    return (said,)


def _is_inverse(row: Row, coin_margined: bool | None) -> bool:
    """Tell whether the contract is margined in its coin: by its name, or by the collateral where the name does not say."""
    if row.venue in {"hyperliquid", "dydx"}:
        return False
    return row.venue in _COIN_MARGINED.values() or bool(coin_margined)


def _check_collateral(row: Row, settle: str) -> None:
    """Refuse collateral whose haircut nobody told us."""
    asset = row.collateral_asset.upper()
    if asset and asset != settle and not {asset, settle} <= DOLLAR_QUOTES:
        raise InputError(
            f"collateral_asset {asset} backs a position settled in {settle}: the venue's haircut is not known here; give "
            f"wallet_balance or margin as the venue counts it in {settle}, and leave collateral_asset empty"
        )


def _terms(row: Row, venue: str, kind: ContractKind, on: date) -> Terms:
    """Return the rule and the schedule: the row's own rate where given, else the sourced tiers."""
    own = row.maintenance_rate
    if row.maintenance_deduction is not None and own is None:
        raise InputError("maintenance_deduction is given without maintenance_rate: give both, or neither")
    rule: MarginRule | None = None
    warnings: list[str] = []
    try:
        rule = margin_rule(venue, kind, on)
        warnings += [rule.warning] if rule.warning else []
    except RuleError as error:
        if own is None:
            near = near_names(venue, VENUES)
            hint = f"; did you mean {', '.join(near)}?" if near and venue not in VENUES else ""
            raise RuleError(f"{error}; or give maintenance_rate for this position{hint}") from None
        warnings.append(f"no rule of {venue} is known: the generic equation with the given rate is used")
    fee, fee_source = _fee(row, rule)
    if own is not None:
        schedule: TierTable | Maintenance = Maintenance.of(own, row.maintenance_deduction or 0.0)
        source = "maintenance rate given with the position"
    else:
        schedule, source = _table(venue, row.symbol, on)
        warnings += [schedule.warning] if schedule.warning else []
    named = f"{rule.version.name}: {rule.version.source}" if rule else "generic equation"
    return Terms(rule=rule, schedule=schedule, taker_fee=fee, source="; ".join(filter(None, (named, source, fee_source))), warnings=tuple(warnings))  # fmt: skip


def _table(venue: str, symbol: str, on: date) -> tuple[TierTable, str]:
    """Return the sourced tiers of a symbol."""
    try:
        table = tiers(venue, symbol, on)
    except TiersUnknownError as error:
        raise TiersUnknownError(
            error.venue,
            error.symbol,
            f"{error.reason}; or give maintenance_rate (and maintenance_deduction) for this position",
        ) from None
    return table, f"tiers of {table.valid_from}: {table.source}"


def _fee(row: Row, rule: MarginRule | None) -> tuple[float | None, str]:
    """Return the taker fee a rule needs: the row's own, else the venue's standard one with its source."""
    if rule is None or rule.fee == "none":
        return row.taker_fee, ""
    if row.taker_fee is not None:
        return row.taker_fee, "taker fee given with the position"
    known = taker_fee(rule.venue)
    if known is None:
        raise InputError(
            f"{rule.venue} counts the taker fee into maintenance: give taker_fee as a fraction, such as 0.0005"
        )
    return known.taker_fee, f"taker fee {known.taker_fee:g}: {known.source}"


def _quantity(row: Row, kind: ContractKind, terms: Terms, around: Surroundings, venue: str) -> float:
    """Return the native quantity of a row's size."""
    unit = row.size_unit or ("usd" if kind == "inverse" else "base")
    if unit == "contracts":
        table = terms.schedule
        of_table = table.contract_value if isinstance(table, TierTable) and table.contract_value > 0 else None
        value = of_table or around.contract_value(venue, row.symbol)
        if value is None:
            raise InputError(
                f"the value of one contract of {row.symbol} on {row.venue} is not known: give the size in base units"
            )
        return row.size * value
    if kind == "inverse":
        return row.size * row.entry_price if unit == "base" else row.size
    return row.size / row.entry_price if unit == "usd" else row.size


def _margin(row: Row, kind: ContractKind, quantity: float) -> float:
    """Return what backs a row: its margin, its value over its leverage, or the wallet of its cross account."""
    if row.margin_mode == "cross":
        if row.wallet_balance is None:
            raise InputError(
                "a cross position is backed by its account: give wallet_balance (in the settle currency)"
            )
        return row.wallet_balance
    if row.margin is not None:
        return row.margin
    if row.leverage is None:
        raise InputError("an isolated position needs its margin or its leverage: give one of them")
    value = quantity / row.entry_price if kind == "inverse" else quantity * row.entry_price
    return value / row.leverage
