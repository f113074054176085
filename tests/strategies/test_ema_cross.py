"""The trend follower does what its first lines say."""

from __future__ import annotations

from desk_work import SECOND, SYMBOL, D, Work, view
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.messages.orders import OrderStatus, OrderType, PlaceOrder, Side
from genesis.strategies.ema_cross import EmaCross

START = 6_000_000
RISING = [START + n for n in range(100)]


def cross(fast: int = 3, slow: int = 10, notional: str = "60") -> EmaCross:
    return EmaCross([SYMBOL], fast, slow, D(notional))


def trades(strategy: EmaCross, work: Work, prices_ticks: list[int]) -> list[PlaceOrder]:
    for price in prices_ticks:
        strategy.on_trade(work, SYMBOL, price, 1, 1)
    return work.placed()


def holding(strategy: EmaCross, work: Work) -> PlaceOrder:
    """Up and bought."""
    [order] = trades(strategy, work, RISING)
    work.fill(order, fee="0.001")
    return order


def test_it_does_nothing_before_it_has_seen_as_many_trades_as_its_slow_span() -> None:
    strategy, work = cross(slow=10), Work()
    assert trades(strategy, work, RISING[:9]) == []
    assert len(trades(strategy, work, RISING[9:10])) == 1


def test_a_cross_up_buys_once_for_its_notional_at_the_ask() -> None:
    strategy, work = cross(), Work(ask="60000.01")
    [order] = trades(strategy, work, RISING)
    assert (order.side, order.type, order.price) == (Side.BUY, OrderType.MARKET, None)
    assert order.quantity == D("0.00099")  # 0.00099999... rounded down to the step
    work.fill(order)
    assert trades(strategy, work, [p + 100 for p in RISING]) == []


def test_a_cross_down_sells_what_it_holds_in_whole_steps() -> None:
    strategy, work = cross(), Work()
    holding(strategy, work)
    [order] = trades(strategy, work, RISING[::-1])
    assert (order.side, order.type) == (Side.SELL, OrderType.MARKET)
    assert order.quantity == D("0.00098")
    assert work.position(SYMBOL) == D("0.00098901")


def test_flat_and_falling_it_does_nothing() -> None:
    assert trades(cross(), Work(), RISING[::-1]) == []


def test_dust_is_not_sold() -> None:
    strategy, work = cross(), Work()
    work.hold(SYMBOL, D("0.00008"))  # 4.80 USDT, the venue takes 5
    assert trades(strategy, work, RISING[::-1]) == []


def test_dust_does_not_keep_the_next_entry_out() -> None:
    """What a partly filled exit leaves cannot be sold; taken for a position it blocked for ever."""
    strategy, work = cross(), Work()
    work.hold(SYMBOL, D("0.00008"))
    [order] = trades(strategy, work, RISING)
    assert order.side is Side.BUY


def test_an_order_on_its_way_is_waited_for() -> None:
    strategy, work = cross(), Work()
    assert len(trades(strategy, work, RISING)) == 1
    assert trades(strategy, work, RISING[::-1]) == []


def test_it_is_quiet_for_a_second_after_a_refusal_and_then_tries_again() -> None:
    strategy, work = cross(), Work()
    [order] = trades(strategy, work, RISING)
    work.refuse(order)
    assert trades(strategy, work, [p + 100 for p in RISING]) == []
    work.now_ns += SECOND
    assert len(trades(strategy, work, [p + 200 for p in RISING])) == 1


def test_without_a_whole_book_it_does_not_trade() -> None:
    strategy, work = cross(), Work()
    work.see(view(0, 0, synced=False))
    assert trades(strategy, work, RISING) == []
    work.see(view(START, 0))  # nobody offers: there is no price to buy at
    assert trades(strategy, work, [p + 100 for p in RISING]) == []


def test_a_notional_below_one_step_buys_nothing() -> None:
    assert trades(cross(notional="0.1"), Work(), RISING) == []


def test_symbols_have_averages_of_their_own() -> None:
    strategy = EmaCross([SYMBOL, "ETHUSDT"], 3, 10, D(60))
    work = Work()
    for price in RISING[:9]:
        strategy.on_trade(work, "ETHUSDT", price, 1, 1)
    assert trades(strategy, work, RISING[:9]) == []


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(5_900_000, 6_100_000), max_size=60),
    st.lists(st.sampled_from(["fill", "part", "refuse", "expire"]), min_size=60, max_size=60),
)
def test_it_never_sells_more_than_it_holds_nor_has_two_orders(
    prices: list[int], fates: list[str]
) -> None:
    strategy, work = cross(2, 4), Work()
    for price, fate in zip(prices, fates, strict=False):
        held = work.position(SYMBOL)
        placed = trades(strategy, work, [price])
        assert len(placed) <= 1
        for order in placed:
            assert order.side is Side.BUY or 0 < order.quantity <= held
            if fate == "refuse":
                work.refuse(order)
                work.now_ns += SECOND
                continue
            work.fill(order, "1" if fate == "fill" else "0.5", fee="0.001")
            if fate != "fill":
                work.moves(order, OrderStatus.EXPIRED)
        assert work.position(SYMBOL) >= 0
