"""The maker does what its first lines say."""

from __future__ import annotations

from desk_work import BTC, SECOND, SYMBOL, D, Work, view
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.messages.orders import CancelOrder, OrderStatus, OrderType, PlaceOrder, Side
from genesis.strategies.port import CANCEL_AGAIN_NS
from genesis.strategies.spread_capture import SpreadCapture


def maker(half_spread: str = "12", requote: str = "3", notional: str = "15") -> SpreadCapture:
    return SpreadCapture([SYMBOL], D(notional), D(half_spread), D(requote), SECOND)


def look(strategy: SpreadCapture, work: Work) -> list[PlaceOrder]:
    strategy.on_timer(work)
    return work.placed()


def test_it_declares_to_look_at_its_quotes_at_every_refresh() -> None:
    assert maker().cadence.every_ns == SECOND
    assert not maker().cadence.every_trade


def test_without_inventory_it_bids_only_and_post_only() -> None:
    [bid] = look(maker(), Work("59999.99", "60000.01"))
    assert (bid.side, bid.type) == (Side.BUY, OrderType.LIMIT_MAKER)
    assert bid.price == D("59928.00")  # 60,000 less 12 bps, on the tick
    assert bid.quantity == D("0.00025")
    assert bid.quantity * bid.price <= 15


def test_with_inventory_it_quotes_both_sides_and_asks_for_what_it_holds() -> None:
    work = Work()
    work.hold(SYMBOL, D("0.0001098"))
    bid, ask = sorted(look(maker(), work), key=lambda o: o.side)
    assert (bid.side, ask.side) == (Side.BUY, Side.SELL)
    assert ask.price == D("60072.00")
    assert ask.quantity == D("0.00010")
    assert ask.type is OrderType.LIMIT_MAKER


def test_holding_an_orders_worth_it_bids_no_more() -> None:
    work = Work()
    work.hold(SYMBOL, D("0.00026"))
    assert [order.side for order in look(maker(), work)] == [Side.SELL]


def test_dust_is_not_offered() -> None:
    work = Work()
    work.hold(SYMBOL, D("0.00008"))
    assert [order.side for order in look(maker(), work)] == [Side.BUY]


def test_the_rest_of_a_bid_is_cancelled_once_it_has_bought_enough() -> None:
    """It was left standing, never requoted, at a price ever further from the market."""
    strategy, work = maker(), Work()
    [bid] = look(strategy, work)
    work.fill(bid, "0.8")
    work.hold(SYMBOL, D("0.00030"))
    strategy.on_timer(work)
    intents = work.take_intents()
    assert [i for i in intents if isinstance(i, CancelOrder)] == [
        CancelOrder(bid.client_order_id, work.trace_id)
    ]
    assert [i.side for i in intents if isinstance(i, PlaceOrder)] == [Side.SELL]


def test_a_quote_near_enough_keeps_its_place_in_the_queue() -> None:
    strategy, work = maker(requote="3"), Work("59999.99", "60000.01")
    look(strategy, work)
    work.show("60015.99", "60016.01")  # 2.7 bps up
    strategy.on_timer(work)
    assert work.take_intents() == []


def test_a_quote_too_far_off_is_cancelled_first_and_replaced_when_it_has_ended() -> None:
    strategy, work = maker(requote="3"), Work("59999.99", "60000.01")
    [bid] = look(strategy, work)
    work.show("60023.99", "60024.01")  # 4 bps up
    strategy.on_timer(work)
    assert work.take_intents() == [CancelOrder(bid.client_order_id, 0)]
    strategy.on_timer(work)
    assert work.take_intents() == []
    work.moves(bid, OrderStatus.CANCELED)
    [again] = look(strategy, work)
    assert again.price is not None
    assert bid.price is not None
    assert again.price > bid.price


def test_a_cancel_that_got_lost_is_asked_for_again() -> None:
    strategy, work = maker(), Work("59999.99", "60000.01")
    look(strategy, work)
    work.show("61000.00", "61000.01")
    strategy.on_timer(work)
    assert len(work.canceled()) == 1
    work.now_ns += CANCEL_AGAIN_NS
    strategy.on_timer(work)
    assert len(work.canceled()) == 1


def test_when_the_book_is_lost_every_quote_is_cancelled() -> None:
    strategy, work = maker(), Work()
    work.hold(SYMBOL, D("0.00020"))
    quotes = look(strategy, work)
    work.see(view(0, 0, synced=False))
    strategy.on_timer(work)
    canceled = {cancel.client_order_id for cancel in work.canceled()}
    assert canceled == {quote.client_order_id for quote in quotes}
    assert len(canceled) == 2
    assert look(strategy, work) == []


def test_it_is_quiet_for_a_second_after_a_refusal() -> None:
    strategy, work = maker(), Work()
    [bid] = look(strategy, work)
    work.refuse(bid)
    assert look(strategy, work) == []
    work.now_ns += SECOND
    assert len(look(strategy, work)) == 1


def test_a_notional_below_one_step_places_nothing() -> None:
    assert look(maker(notional="0.1"), Work()) == []


@settings(max_examples=300, deadline=None)
@given(
    st.integers(1, 10_000_000),
    st.integers(1, 200_000),
    st.decimals("0.01", "1000", places=2),
    st.decimals("0", "1", places=5),
)
def test_no_quote_is_ever_through_the_touch_or_off_the_tick_or_short(
    bid_ticks: int, spread_ticks: int, half_spread: D, held: D
) -> None:
    work = Work()
    work.see(view(bid_ticks, bid_ticks + spread_ticks))
    work.hold(SYMBOL, held)
    for order in look(maker(str(half_spread)), work):
        assert order.price is not None
        ticks = BTC.ticks(order.price)  # raises off the tick
        if order.side is Side.BUY:
            assert ticks < bid_ticks + spread_ticks
            assert order.quantity * order.price <= 15
        else:
            assert ticks > bid_ticks
            assert order.quantity <= held


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-300, 300),
            st.sampled_from(["rest", "rest", "fill", "part", "cancel", "lost book"]),
        ),
        max_size=40,
    )
)
def test_there_is_never_more_than_one_quote_a_side(steps: list[tuple[int, str]]) -> None:
    strategy, work = maker(), Work()
    mid = 6_000_000
    for move, fate in steps:
        mid += move * 10
        work.now_ns += SECOND
        work.see(view(mid - 1, mid + 1, synced=fate != "lost book"))
        strategy.on_timer(work)
        work.take_intents()
        own = list(work.orders(SYMBOL))
        sides = [order.intent.side for order in own]
        assert len(set(sides)) == len(sides)
        for order in own:
            if fate == "fill":
                work.fill(order.intent)
            elif fate == "part" and not order.filled:
                work.fill(order.intent, "0.4")
            elif fate == "cancel" and order.cancel_asked_ns is not None:
                work.moves(order.intent, OrderStatus.CANCELED)
        assert work.position(SYMBOL) >= 0
