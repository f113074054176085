"""The ledger's two identities, to the last digit, and the venue's balances beside them."""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.domain.ledger import Balances, Ledger
from genesis.messages.journal import AccountOpened, Entry, OrderFilled
from genesis.messages.orders import OrderStatus, Side

D = Decimal
START = D(500)


def fill(
    side: Side,
    quantity: str | Decimal,
    price: str | Decimal,
    fee: str | Decimal = "0",
    fee_asset: str = "USDT",
    symbol: str = "BTCUSDT",
    strategy: str = "ema",
) -> OrderFilled:
    return OrderFilled(
        client_order_id="x",
        venue_order_id=1,
        trade_id=1,
        strategy=strategy,
        symbol=symbol,
        side=side,
        price=D(price),
        quantity=D(quantity),
        cumulative_quantity=D(quantity),
        status=OrderStatus.FILLED,
        fee=D(fee),
        fee_asset=fee_asset,
        maker=False,
        venue_ns=1,
        trace_id=1,
    )


def opened(*fills: OrderFilled) -> Ledger:
    ledger = Ledger()
    ledger.open_account("USDT", START)
    for each in fills:
        ledger.apply(each)
    return ledger


def test_a_buy_pays_its_fee_in_base() -> None:
    ledger = opened(fill(Side.BUY, "0.001", "60000", "0.000001", "BTC"))
    assert ledger.quantity("BTCUSDT") == ledger.balance("BTC") == D("0.000999")
    assert ledger.balance("USDT") == D(440)
    assert ledger.fees == D("0.06")
    value = ledger.value({"BTCUSDT": D(60000)})
    assert (value.cash, value.inventory) == (D("440.06"), D("59.94"))
    assert (value.realized, value.unrealized) == (0, 0)
    assert value.equity == D("499.94")


def test_a_round_trip_realizes_first_in_first_out() -> None:
    ledger = opened(
        fill(Side.BUY, "1", "100"),
        fill(Side.BUY, "1", "110"),
        fill(Side.SELL, "1.5", "120", "0.18"),
    )
    value = ledger.value({"BTCUSDT": D(130)})
    assert value.realized == D(20) + D("0.5") * 10
    assert value.unrealized == D("0.5") * 20
    assert value.equity == START + D(25) + D(10) - D("0.18")


def test_a_fee_in_a_third_asset_has_its_own_bucket() -> None:
    ledger = opened(fill(Side.BUY, "1", "100", "0.002", "BNB"))
    assert ledger.other_fees == {"BNB": D("0.002")}
    assert ledger.balance("BNB") == D("-0.002")
    assert ledger.fees == 0
    assert ledger.value({}).equity == START


def test_a_foreign_sell_of_what_is_not_held_keeps_the_venues_truth() -> None:
    ledger = opened(fill(Side.BUY, "1", "100"), fill(Side.SELL, "3", "110"))
    assert ledger.quantity("BTCUSDT") == ledger.balance("BTC") == -2
    assert ledger.value({"BTCUSDT": D(90)}).unrealized == 40
    ledger.apply(fill(Side.BUY, "2", "90"))
    assert (ledger.quantity("BTCUSDT"), ledger.realized) == (0, 10 + 40)


def test_quantities_are_kept_per_strategy() -> None:
    ledger = opened(
        fill(Side.BUY, "1", "100", strategy="ema"),
        fill(Side.BUY, "2", "100", strategy="spread"),
        fill(Side.SELL, "2", "100", strategy="spread"),
    )
    assert ledger.strategy_quantity("ema", "BTCUSDT") == 1
    assert ledger.strategy_quantity("spread", "BTCUSDT") == 0


def test_before_a_mark_a_position_is_valued_at_its_last_fill() -> None:
    ledger = opened(fill(Side.BUY, "1", "100"), fill(Side.BUY, "1", "104"))
    assert ledger.value({}).inventory == 208
    assert ledger.positions["BTCUSDT"].average_price == 102


def test_the_average_is_rounded_for_display_only() -> None:
    ledger = opened(fill(Side.BUY, "1", "100"), fill(Side.BUY, "2", "101"))
    assert ledger.positions["BTCUSDT"].average_price == D("100.66666666")
    assert ledger.positions["BTCUSDT"].cost == 302


def test_only_symbols_quoted_in_the_accounts_asset_are_folded() -> None:
    with pytest.raises(ValueError, match="counts in USDT"):
        opened(fill(Side.BUY, "1", "0.05", symbol="ETHBTC"))
    with pytest.raises(ValueError, match="nothing yet"):
        Ledger().apply(fill(Side.BUY, "1", "100"))
    with pytest.raises(ValueError, match="cannot be funded"):
        opened().open_account("BTC", D(1))


prices = st.decimals("0.00000001", 100_000, places=8)
quantities = st.decimals("0.00001", 9000, places=8)
sides = st.sampled_from(Side)


@st.composite
def fills(draw: st.DrawFn) -> OrderFilled:
    base = draw(st.sampled_from(["BTC", "ETH"]))
    quantity = draw(quantities)
    fee_asset = draw(st.sampled_from([base, "USDT", "BNB"]))
    fee = draw(st.decimals(0, quantity / 100 if fee_asset == base else 10, places=8))
    return fill(draw(sides), quantity, draw(prices), fee, fee_asset, f"{base}USDT")


@given(st.lists(fills(), max_size=30), prices, prices)
def test_both_identities_hold_to_the_last_digit(
    history: list[OrderFilled], btc: Decimal, eth: Decimal
) -> None:
    ledger = opened(*history)
    marks = {"BTCUSDT": btc, "ETHUSDT": eth}
    v = ledger.value(marks)
    # Fractions never round, so this is the arithmetic itself and not a second Decimal context.
    cash, inventory, fees = Fraction(v.cash), Fraction(v.inventory), Fraction(v.fees)
    realized, unrealized = Fraction(v.realized), Fraction(v.unrealized)
    equity = Fraction(v.equity)
    assert equity == cash + inventory - fees
    assert equity == Fraction(START) + realized + unrealized - fees
    held = sum(Fraction(ledger.balance(s[:3])) * Fraction(mark) for s, mark in marks.items())
    assert equity == Fraction(ledger.balance("USDT")) + held


@given(st.lists(fills(), max_size=30))
def test_balances_are_what_the_venue_would_show(history: list[OrderFilled]) -> None:
    truth = {"USDT": Fraction(START), "BTC": Fraction(0), "ETH": Fraction(0), "BNB": Fraction(0)}
    for f in history:
        sign = 1 if f.side is Side.BUY else -1
        truth[f.symbol[:3]] += sign * Fraction(f.quantity)
        truth["USDT"] -= sign * Fraction(f.quantity) * Fraction(f.price)
        truth[f.fee_asset] -= Fraction(f.fee)
    ledger = opened(*history)
    assert {asset: Fraction(ledger.balance(asset)) for asset in truth} == truth
    for symbol, position in ledger.positions.items():
        assert Fraction(position.quantity) == truth[symbol[:3]]
        assert sum(Fraction(lot.quantity) for lot in position.lots) == truth[symbol[:3]]


@given(st.lists(fills(), max_size=30))
def test_balances_alone_are_those_of_the_whole_ledger(history: list[OrderFilled]) -> None:
    alone = Balances()
    events = [AccountOpened("USDT", START), *history]
    alone.follow(Entry(n, n, "test", event) for n, event in enumerate(events, 1))
    assert list(alone.amounts.items()) == list(opened(*history).balances.items())


def test_balances_of_a_symbol_in_another_asset_are_not_folded() -> None:
    with pytest.raises(ValueError, match="counts in USDT"):
        Balances("USDT").follow([Entry(1, 1, "test", fill(Side.BUY, "1", "1", symbol="ETHBTC"))])


@given(st.lists(st.tuples(sides, st.integers(1, 9), st.integers(1, 99)), max_size=25))
def test_realized_is_first_in_first_out(trades: list[tuple[Side, int, int]]) -> None:
    units: deque[tuple[int, int]] = deque()  # (sign, price), one entry per unit held
    realized = 0
    for side, quantity, price in trades:
        sign = 1 if side is Side.BUY else -1
        for _ in range(quantity):
            if units and units[0][0] == -sign:
                realized += (units[0][1] - price) * sign
                units.popleft()
            else:
                units.append((sign, price))
    ledger = opened(*(fill(side, D(q), D(p)) for side, q, p in trades))
    assert ledger.realized == realized
    assert ledger.quantity("BTCUSDT") == sum(sign for sign, _ in units)


@given(st.lists(fills(), max_size=10))
def test_a_ledger_survives_its_encoding(history: list[OrderFilled]) -> None:
    ledger = opened(*history)
    data = msgspec.json.encode(ledger)
    assert msgspec.json.decode(data, type=Ledger) == ledger
