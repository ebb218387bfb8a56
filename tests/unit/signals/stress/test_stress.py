"""Rows, levels, remedies and sums on cases that can be checked by hand."""

from __future__ import annotations

import math
from datetime import date

import pytest

from liqatlas.base.errors import FormatError, InputError, RuleError, TiersUnknownError
from liqatlas.rules import TierTable
from liqatlas.rules.prices import Maintenance
from liqatlas.signals.stress import Held, Level, Terms, account_levels, hedge, joint_move, outcomes, what_ifs
from liqatlas.signals.stress.portfolio import together
from liqatlas.signals.stress.resolve import Surroundings, resolve
from liqatlas.signals.stress.rows import BadRow, Row, parse_positions

HEADER = "venue,symbol,position,size,entry_price,leverage,margin_mode,margin,wallet_balance"
VALUES = {("binance_coinm", "BTCUSD_PERP"): 100.0, ("okx", "BTC-USDT-SWAP"): 0.01}
AROUND = Surroundings(date(2026, 9, 29), {"BTC": 60_000.0}, lambda *named: VALUES.get(named))


def held(
    key: str = "1",
    position: str = "long",
    *,
    symbol: str = "ABCUSDT",
    quantity: float = 1.0,
    entry: float = 100.0,
    margin: float = 10.0,
    mark: float | None = 100.0,
    mode: str = "isolated",
    rate: float = 0.01,
    kind: str = "linear",
) -> Held:
    return Held(
        key=key, venue="x", symbol=symbol, asset=symbol[:3], kind=kind, settle="USDT", position=position, quantity=quantity,  # type: ignore[arg-type]
        entry=entry, mode=mode, margin=margin, mark=mark, terms=Terms(rule=None, schedule=Maintenance.of(rate)),  # type: ignore[arg-type]
    )  # fmt: skip


def level_of(one: Held, *others: Held) -> Level:
    found = account_levels([one, *others])[one.key]
    assert isinstance(found, Level), found
    return found


def read_one(line: str, header: str = HEADER) -> Row | BadRow:
    return parse_positions(f"{header}\n{line}\n", "p.csv")[0][0]


def row(line: str, header: str = HEADER) -> Row:
    one = read_one(line, header)
    assert isinstance(one, Row), one
    return one


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        (HEADER + "\n", "no position"),
        ("venue,symbol\nbinance,BTCUSDT\n", "lacks the columns position, size, entry_price"),
        ("{", "not valid JSON"),
        ('{"rows": []}', "wanted a list of objects"),
        (f"{HEADER}\nbinance,BTCUSDT,long,1,2,3,isolated,4,5,6\n", "10 cells where the header names 9"),
    ],
)
def test_files_that_are_none(text: str, says: str) -> None:
    with pytest.raises(FormatError, match=says):
        parse_positions(text, "p.csv")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("binance,BTCUSDT,buy,1,60000,10,isolated,,", "position is 'buy': wanted long or short"),
        ("binance,BTCUSDT,long,-1,60000,10,isolated,,", "size is '-1': wanted a number above 0"),
        ("binance,BTCUSDT,long,nan,60000,10,isolated,,", "size is 'nan'"),
        ("binance,BTCUSDT,long,1,,10,isolated,,", "entry_price is empty"),
        ("binance,BTCUSDT,long,1,60000,10,hedged,,", "margin_mode is 'hedged'"),
    ],
)
def test_rows_that_cannot_be_read_say_why(line: str, says: str) -> None:
    one = read_one(line)
    assert isinstance(one, BadRow)
    assert says in one.error


def test_csv_and_json_mean_the_same() -> None:
    by_csv = row("Binance,BTCUSDT,LONG,0.5,60000,10,Isolated,,")
    by_json = parse_positions(
        '[{"venue":"Binance","symbol":"BTCUSDT","position":"LONG","size":"0.5","entry_price":60000,"leverage":10,"margin":null}]',
        "-",
    )[0][0]
    assert isinstance(by_json, Row)
    assert (by_csv.venue, by_csv.size, by_csv.position) == ("binance", 0.5, "long")
    assert resolve(by_json, AROUND).quantity == resolve(by_csv, AROUND).quantity == 0.5
    assert resolve(by_csv, AROUND).margin == 3000.0
    assert resolve(by_csv, AROUND).mark == 60_000.0


@pytest.mark.parametrize(
    ("line", "unit", "quantity"),
    [
        ("binance,BTCUSDT,long,30000,60000,10,isolated,,", "usd", 0.5),
        ("okx,BTC-USDT-SWAP,long,30,60000,10,isolated,,", "contracts", 0.3),
        ("binance_coinm,BTCUSD_PERP,long,5,60000,10,isolated,,", "contracts", 500.0),
        ("binance,BTCUSD_PERP,long,500,60000,10,isolated,,", "", 500.0),
        ("binance,BTCUSD_PERP,long,0.5,60000,10,isolated,,", "base", 30_000.0),
    ],
)
def test_size_units(line: str, unit: str, quantity: float) -> None:
    one = resolve(row(f"{line},{unit},0.004", f"{HEADER},size_unit,maintenance_rate"), AROUND)
    assert one.quantity == pytest.approx(quantity)


@pytest.mark.parametrize(
    ("line", "error", "says"),
    [
        ("kraken,BTCUSDT,long,1,60000,10,isolated,,", RuleError, "give maintenance_rate"),
        ("binance,NOPEUSDT,long,1,60000,10,isolated,,", TiersUnknownError, "give maintenance_rate"),
        ("binance,BTCUSDT,long,1,60000,,isolated,,", InputError, "margin or its leverage"),
        ("binance,BTCUSDT,long,1,60000,10,cross,,", InputError, "give wallet_balance"),
    ],
)
def test_rows_that_make_no_position_say_what_to_give(line: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        resolve(row(line), AROUND)


def test_collateral_of_another_coin_is_refused() -> None:
    one = row("binance,BTCUSDT,long,1,60000,10,isolated,,,BTC", f"{HEADER},collateral_asset")
    with pytest.raises(InputError, match="haircut"):
        resolve(one, AROUND)


def test_isolated_levels_by_hand() -> None:
    """W = 10, q = 1, E = 100, m = 1 %: long (100 - 10)/0.99, short (100 + 10)/1.01; bankruptcy 90 and 110."""
    long, short = level_of(held()), level_of(held(position="short"))
    assert long.liquidation_price == pytest.approx(90 / 0.99, rel=1e-15)
    assert short.liquidation_price == pytest.approx(110 / 1.01, rel=1e-15)
    assert (long.bankruptcy_price, short.bankruptcy_price) == (90.0, 110.0)
    assert long.distance == pytest.approx(90 / 0.99 / 100 - 1)
    assert long.state == "open"


@pytest.mark.parametrize(
    ("mark", "state"), [(95.0, "open"), (90.5, "below maintenance"), (89.0, "bankrupt"), (None, "unknown")]
)
def test_under_water_is_said(mark: float | None, state: str) -> None:
    assert level_of(held(mark=mark)).state == state


def test_one_x_long_is_never_liquidated() -> None:
    level = level_of(held(margin=101.0))
    assert (level.state, level.liquidation_price, level.distance) == ("never liquidated", None, None)


def test_cross_counts_the_other_coins_profit_and_maintenance() -> None:
    """Wallet 10; the other coin is 2 up and owes 0.52: X = 1.48."""
    other = held("2", symbol="XYZUSDT", entry=50.0, mark=52.0, mode="cross")
    level = level_of(held(mode="cross"), other)
    assert level.liquidation_price == pytest.approx((100 - 10 - (2 - 0.52)) / 0.99)
    assert level.bankruptcy_price == pytest.approx(100 - 10 - 2)


def test_cross_without_the_other_price_is_an_error_not_a_guess() -> None:
    other = held("2", symbol="XYZUSDT", mark=None, mode="cross")
    found = account_levels([held(mode="cross"), other])
    assert isinstance(found["1"], InputError)
    assert "--price XYZUSDT=VALUE" in str(found["1"])
    assert isinstance(found["2"], Level)


def test_cross_with_two_balances_is_an_error() -> None:
    found = account_levels([held(mode="cross"), held("2", symbol="XYZUSDT", mode="cross", margin=11.0)])
    assert all(isinstance(v, InputError) for v in found.values())


def test_both_sides_of_one_coin_share_a_level() -> None:
    """Long 2, short 1 at 100 with 10 in the wallet: equity 10 + (P - 100), owed 0.03 P: P = 90 / 0.97."""
    legs = [held(mode="cross", quantity=2.0), held("2", "short", mode="cross")]
    found = account_levels(legs)
    for level in found.values():
        assert isinstance(level, Level)
        assert level.liquidation_price == pytest.approx(90 / 0.97, rel=1e-12)
        assert level.bankruptcy_price == pytest.approx(90.0, rel=1e-12)


def test_common_move_of_a_one_coin_account_is_its_distance() -> None:
    one = held(mode="cross")
    move = joint_move([one], way=-1)
    assert move == pytest.approx(level_of(one).distance, rel=1e-9)
    assert joint_move([one], way=1) is None


def test_hedged_account_outlives_a_common_move() -> None:
    pair = [held(mode="cross"), held("2", "short", symbol="XYZUSDT", mode="cross")]
    assert joint_move(pair, way=-1) is None


def test_outcomes_turn_to_liquidated_at_the_level() -> None:
    one = held()
    level = level_of(one)
    below, above = outcomes(one, level, (level.distance - 1e-9, level.distance + 1e-9))  # type: ignore[operator]
    assert (below.liquidated, above.liquidated) == (True, False)
    (tenth,) = outcomes(one, level, (-0.05,))
    assert tenth.profit == pytest.approx(-5.0)
    assert tenth.margin_left == pytest.approx(5.0)


def test_inverse_profit_in_usd() -> None:
    """100 USD face at 100: after +10 % the coin profit is 1 - 100/110, worth ten dollars."""
    one = held(kind="inverse", quantity=100.0, margin=0.1)
    (after,) = outcomes(one, level_of(one), (0.1,))
    assert after.profit == pytest.approx(1 - 100 / 110)
    assert after.profit_usd == pytest.approx(10.0)


@pytest.mark.parametrize("position", ["long", "short"])
def test_margin_for_a_distance_reaches_it(position: str) -> None:
    one = held(position=position)
    wanted = [w for w in what_ifs(one, [one]) if w.change == "margin for distance"]
    assert [w.share for w in wanted] == [0.1, 0.2, 0.3]
    for what in wanted:
        assert what.distance == pytest.approx(-what.share if position == "long" else what.share, rel=1e-9)
        assert what.amount > 0


@pytest.mark.parametrize("position", ["long", "short"])
def test_more_margin_or_less_size_moves_the_level_away(position: str) -> None:
    one = held(position=position)
    start = abs(level_of(one).distance or 0.0)
    for what in what_ifs(one, [one]):
        reach = math.inf if what.distance is None else abs(what.distance)
        assert reach > start


def test_hedge_offsets_the_exposure() -> None:
    cover = hedge(held(quantity=2.0), share=0.5, option_delta=0.25)
    assert cover is not None
    assert (cover.position, cover.coins, cover.inverse_face_usd, cover.option, cover.option_coins) == (
        "short",
        1.0,
        100.0,
        "put",
        4.0,
    )


def test_portfolio_loses_the_margin_and_no_more() -> None:
    people = [held(), held("2", "short", margin=50.0)]
    levels = {k: v for k, v in account_levels(people).items() if isinstance(v, Level)}
    after = together(people, levels, "-20 %", lambda _: -0.2)
    assert after.liquidated == ("1",)
    assert after.profit_usd == pytest.approx(-10.0 + 20.0)


def test_a_portfolio_counts_no_position_without_a_price() -> None:
    priced, unpriced = held(), held("2", mark=None)
    levels = {k: v for k, v in account_levels([priced, unpriced]).items() if isinstance(v, Level)}
    both = together([priced, unpriced], levels, "-20 %", lambda _: -0.2)
    assert both.profit_usd == pytest.approx(-10.0)
    assert both.left_out == ("2",)
    nothing = together([unpriced], levels, "-20 %", lambda _: -0.2)
    assert (nothing.profit_usd, nothing.liquidated, nothing.left_out) == (None, (), ("2",))


@pytest.mark.parametrize(
    ("written", "own"),
    [
        ("binance,btcusdt", "BTCUSDT"),
        ("okx,btc-usdt-swap", "BTC-USDT-SWAP"),
        ("hyperliquid,KPEPE", "kPEPE"),
        ("hyperliquid,kPEPE", "kPEPE"),
        ("hyperliquid,btc", "BTC"),
    ],
)
def test_symbols_are_read_in_any_capitals(written: str, own: str) -> None:
    one = resolve(row(f"{written},long,0.5,65000,5,isolated,,"), AROUND)
    assert one.symbol == own
    assert isinstance(one.terms.schedule, TierTable)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("binance,BTCUSDT,long,0.5,65000,150,isolated,,", None),
        ("binance,BTCUSDT,long,0.5,65000,1000,isolated,,", "leverage 1,000 is above the cap of 150"),
        ("binance,BTCUSDT,long,0.5,65000,,isolated,65,", "leverage 500 is above the cap of 150"),
        ("binance,BTCUSDT,long,5000,65000,100,isolated,,", "leverage 100 is above the cap of"),
        ("binance,BTCUSDT,long,5000,65000,5,isolated,,", None),
        ("binance,BTCUSDT,long,0.5,65000,151,cross,,1000", "leverage 151 is above the cap of 150"),
    ],
)
def test_leverage_the_venue_does_not_offer_is_said_and_computed(line: str, said: str | None) -> None:
    one = resolve(row(line), AROUND)
    found = [warning for warning in one.terms.warnings if "above the cap" in warning]
    assert len(found) == (said is not None)
    assert not said or said in found[0]
    level = account_levels([one])["2"]
    assert isinstance(level, Level)
    assert level.liquidation_price


def test_a_rate_of_ones_own_does_not_hide_the_venue_s_cap() -> None:
    header = f"{HEADER},maintenance_rate"
    own = resolve(row("binance,BTCUSDT,long,0.5,65000,1000,isolated,,,0.004", header), AROUND)
    assert "above the cap of 150" in " ".join(own.terms.warnings)
    elsewhere = resolve(row("nowhere,BTCUSDT,long,0.5,65000,1000,isolated,,,0.004", header), AROUND)
    assert "above the cap" not in " ".join(elsewhere.terms.warnings)
