"""The state is the fold of the journal: the same from any cut, exact, and flat in memory."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from order_tales import intended

from genesis.domain.state import TradingState
from genesis.messages.journal import (
    AccountOpened,
    ActorRestarted,
    AnyEvent,
    BookLost,
    BookRecovered,
    DeadLettered,
    Entry,
    EquityMarked,
    GateMoved,
    Halted,
    HaltProven,
    IntentRefused,
    OrderFilled,
    OrderMoved,
    OrderSent,
    Reconciled,
    Resumed,
    RunEnded,
    RunStarted,
)
from genesis.messages.orders import OrderStatus, Side

S = OrderStatus
D = Decimal
STARTED = RunStarted(1, "0.1", "simulated", ("BTCUSDT",), ("ema",), "c0ffee")
FUNDED = AccountOpened("USDT", D(500))


def filled(
    name: str, trade_id: int, status: OrderStatus = S.FILLED, price: str = "100.10"
) -> OrderFilled:
    return OrderFilled(
        client_order_id=name,
        venue_order_id=7,
        trade_id=trade_id,
        strategy="ema",
        symbol="BTCUSDT",
        side=Side.BUY if trade_id % 2 else Side.SELL,
        price=D(price),
        quantity=D("0.50") if status is S.PARTIALLY_FILLED else D(1),
        cumulative_quantity=D(1),
        status=status,
        fee=D("0.1001"),
        fee_asset="USDT",
        maker=True,
        venue_ns=1,
        trace_id=3,
    )


def marked(equity: str, peak: str = "600") -> EquityMarked:
    return EquityMarked(D(equity), D(equity), D(0), D(0), D(peak), D(550), 20_000)


def fold(*events: AnyEvent, state: TradingState | None = None) -> TradingState:
    state = TradingState() if state is None else state
    for event in events:
        state.apply(Entry(state.seq + 1, 1_000 * state.seq, "test", event))
    return state


def round_trips(count: int, price: str = "100.10") -> list[AnyEvent]:
    events: list[AnyEvent] = [STARTED, FUNDED]
    for n in range(1, count + 1):
        name = f"o{n}"
        events += [intended(name), OrderSent(name), OrderMoved(name, S.NEW, n, "")]
        events.append(filled(name, n, price=price))
    return events


def test_an_order_is_followed_to_its_end() -> None:
    state = fold(STARTED, FUNDED, intended("a"), OrderSent("a"))
    assert state.orders.open["a"].status is S.SENT
    fold(filled("a", 1, S.PARTIALLY_FILLED), state=state)
    assert state.orders.open["a"].filled == D("0.5")
    assert state.orders.open["a"].trade_ids == [1]
    fold(OrderMoved("a", S.CANCELED, 7, "by hand"), state=state)
    assert state.orders.open == {}
    assert state.orders.recent["a"].status is S.CANCELED
    assert state.orders.last_trade_ids == {"BTCUSDT": 1}
    assert state.ledger.quantity("BTCUSDT") == D("0.5")


def test_an_order_of_after_a_trade_knows_where_its_own_trades_begin() -> None:
    state = fold(FUNDED, intended("a"), filled("a", 41), intended("b"))
    assert state.orders.open["b"].trades_after == 41


def test_a_repeated_fill_counts_once() -> None:
    once = fold(FUNDED, intended("a"), filled("a", 1))
    twice = fold(FUNDED, intended("a"), filled("a", 1), filled("a", 1))
    assert twice.ledger == once.ledger
    assert twice.history == once.history
    assert twice.counters.fills == 1


def test_a_repeated_intent_is_the_same_order() -> None:
    state = fold(FUNDED, intended("a"), filled("a", 1, S.PARTIALLY_FILLED), intended("a"))
    assert state.orders.open["a"].filled == D("0.5")
    assert state.counters.orders == 1


def test_a_hole_and_a_repetition_are_bugs() -> None:
    state = fold(STARTED)
    for seq in (1, 3):
        with pytest.raises(ValueError, match="cannot follow entry 1"):
            state.apply(Entry(seq, 0, "test", FUNDED))
    assert state.seq == 1


def test_every_event_is_folded_and_the_news_for_people_change_nothing() -> None:
    before = fold(STARTED, FUNDED)
    after = fold(STARTED, FUNDED, Reconciled("start", ("a difference",)))
    after.seq, after.time_ns = before.seq, before.time_ns
    assert after == before


def test_a_halt_latches_with_its_first_reason() -> None:
    state = fold(HaltProven(0))
    assert not state.halt_proven
    fold(Halted("drawdown", "risk"), Halted("again", "operator"), HaltProven(2), state=state)
    assert (state.halted, state.halt_proven) == (True, True)
    assert (state.halt_reason, state.halt_source) == ("drawdown", "risk")
    assert state.counters.halts == 1
    fold(Resumed("seen"), state=state)
    assert (state.halted, state.halt_proven, state.halt_reason) == (False, False, "")
    assert state.resumed
    assert not fold(marked("500"), state=state).resumed


def test_equity_marks_outlive_a_restart() -> None:
    state = TradingState.decode(fold(STARTED, FUNDED, marked("590.50")).encode())
    assert (state.equity, state.peak_equity, state.day_start_equity, state.day) == (
        D("590.5"),
        D(600),
        D(550),
        20_000,
    )


def test_what_happened_is_counted() -> None:
    refused = IntentRefused("ema", "BTCUSDT", Side.BUY, D(1), None, "cash", "1", "0", 1)
    state = fold(
        *round_trips(2),
        refused,
        intended("r"),
        OrderMoved("r", S.REJECTED, 0, "-1013"),
        ActorRestarted("risk", 2, "risk", "bug"),
        DeadLettered("risk", 1, "PlaceOrder", "bug"),
        BookLost("BTCUSDT", "gap"),
        BookRecovered("BTCUSDT", 5),
        Reconciled("start", ()),
        GateMoved("REDUCING", "reconciling"),
        RunEnded(1, "asked to"),
    )
    counted = {k: v for k, v in msgspec.structs.asdict(state.counters).items() if v}
    assert counted == {
        "runs": 1,
        "orders": 3,
        "sent": 2,
        "fills": 2,
        "rejected": 1,
        "refusals": 1,
        "restarts": 1,
        "dead_letters": 1,
        "gaps": 1,
        "resyncs": 1,
    }
    assert (state.run, state.run_open) == (1, False)
    assert (state.gate, state.gate_reason) == ("REDUCING", "reconciling")


def test_memory_is_flat_and_the_digest_covers_everything() -> None:
    short, long = fold(*round_trips(200)), fold(*round_trips(1000))
    assert len(long.encode()) < 1.1 * len(short.encode())
    events = round_trips(1000)
    other = filled("o1", 1, price="100.11")
    changed = fold(*(other if e == filled("o1", 1) else e for e in events))
    assert changed.history != long.history
    assert "o1" not in long.orders.recent


def test_how_a_number_is_written_changes_nothing_but_the_history() -> None:
    plain, padded = (fold(*round_trips(3, price=price)) for price in ("100.10", "100.1000"))
    assert padded.history != plain.history
    padded.history = plain.history
    assert padded.digest() == plain.digest()
    assert fold(*round_trips(3, price="100.11")).ledger != plain.ledger


@pytest.mark.parametrize("end", [S.CANCELED, S.LOST, S.REJECTED])
def test_the_digest_covers_how_an_order_ended_long_ago(end: OrderStatus) -> None:
    first, rest = [FUNDED, intended("a")], round_trips(200)[2:]
    ended, other = (fold(*first, OrderMoved("a", how, 7, ""), *rest) for how in (end, S.EXPIRED))
    assert "a" not in ended.orders.recent
    assert ended.history != other.history


def test_what_moves_an_order_without_ending_it_is_no_history() -> None:
    state = fold(FUNDED, intended("a"), OrderSent("a"), OrderMoved("a", S.NEW, 7, ""))
    assert state.history == ""


def test_an_encoding_of_another_format_is_refused() -> None:
    data = fold(STARTED).encode().replace(b'"format":2', b'"format":99')
    with pytest.raises(ValueError, match="format 99"):
        TradingState.decode(data)


names = st.sampled_from(["a", "b", "c", "d"])
events = st.one_of(
    names.map(intended),
    names.map(OrderSent),
    st.builds(
        OrderMoved,
        names,
        st.sampled_from([S.NEW, S.CANCELED, S.UNKNOWN, S.LOST, S.DENIED]),
        st.integers(0, 3),
        st.just(""),
    ),
    st.builds(filled, names, st.integers(0, 6), st.sampled_from([S.PARTIALLY_FILLED, S.FILLED])),
    st.sampled_from([STARTED, Halted("x", "y"), Resumed("z"), HaltProven(1), marked("500.0")]),
)


@settings(max_examples=60)
@given(st.lists(events, max_size=30), st.data())
def test_folding_on_from_any_encoding_is_the_same(
    history: list[AnyEvent], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(history)))
    whole = fold(FUNDED, *history)
    resumed = TradingState.decode(fold(FUNDED, *history[:cut]).encode())
    fold(*history[cut:], state=resumed)
    assert resumed == whole
    assert resumed.encode() == whole.encode()
    assert resumed.digest() == whole.digest()
