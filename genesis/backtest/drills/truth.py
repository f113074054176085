"""What must hold when everything has come to rest: the disk's journal against the venue's truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from genesis.domain.money import ZERO, exact, text
from genesis.domain.state import TradingState
from genesis.errors import JournalTampered
from genesis.messages.journal import OrderFilled
from genesis.simulator.matching import MatchingEngine
from genesis.storage.chain import ORIGIN, follow
from genesis.storage.memory_disk import MemoryDisk

MARK = Decimal("12345.67")
"""Any price will do: the identities hold at each."""


def at_rest(engine: MatchingEngine, disk: MemoryDisk) -> Iterator[str]:
    """What does not hold, each beginning with the number of its invariant."""
    state = TradingState()
    fills: Counter[tuple[str, int]] = Counter()
    try:
        for _ in follow(disk.rows, ORIGIN, disk.head):
            pass
        for entry in disk.entries(0, len(disk.rows)):
            state.apply(entry)
            if isinstance(entry.event, OrderFilled):
                fills[entry.event.symbol, entry.event.trade_id] += 1
    except (JournalTampered, ValueError) as error:
        yield f"7: the journal cannot be replayed: {error}"
        return
    yield from _replayed(disk, state)
    yield from _fills(engine, fills)
    yield from _holdings(engine, state)
    for order in state.orders.open.values():
        yield f"6: {order.client_order_id} is {order.status}"
    for desk in engine.desks:
        yield from (f"6: {name} rests at the venue" for name in desk.open)
    yield from _identity(state)


def unheard(engine: MatchingEngine, disk: MemoryDisk, before_ns: int) -> Iterator[str]:
    """The venue's trades of before that moment that nobody here knows of."""
    heard = {
        (entry.event.symbol, entry.event.trade_id)
        for entry in disk.entries(0, len(disk.rows))
        if isinstance(entry.event, OrderFilled)
    }
    for desk in engine.desks:
        for trade in desk.trades:
            key = (desk.instrument.symbol, trade.trade_id)
            if trade.venue_ns < before_ns and key not in heard:
                yield f"trade {trade.trade_id} of {trade.client_order_id} is not known here"


def _replayed(disk: MemoryDisk, state: TradingState) -> Iterator[str]:
    """The state that persistence held while it lived, saved when it ended."""
    if disk.checkpoint is None:
        yield "7: persistence ended without saving its state"
        return
    seq, saved = disk.checkpoint
    if seq != state.seq:
        yield f"7: the live state is of entry {seq}, the journal ends at {state.seq}"
    elif saved != state.encode():  # equal states have equal bytes
        yield "7: the replayed journal's state differs from the live one"


def _fills(engine: MatchingEngine, ours: Counter[tuple[str, int]]) -> Iterator[str]:
    theirs = {(desk.instrument.symbol, t.trade_id) for desk in engine.desks for t in desk.trades}
    yield from (f"1: trade {trade} is applied {n} times" for trade, n in ours.items() if n > 1)
    yield from (f"1: the venue's trade {trade} is missing" for trade in sorted(theirs - set(ours)))
    yield from (f"1: trade {trade} is not the venue's" for trade in sorted(set(ours) - theirs))


@exact
def _venue_position(engine: MatchingEngine, symbol: str) -> Decimal:
    """The sum of the venue's fills of one symbol, net of what it took in base."""
    held = ZERO
    for desk in engine.desks:
        for trade in desk.trades if desk.instrument.symbol == symbol else ():
            bought = trade.fee_asset == desk.instrument.base  # a fee is taken of what is received
            held += trade.last_quantity if bought else -trade.last_quantity
            held -= trade.fee if bought else ZERO
    return held


def _holdings(engine: MatchingEngine, state: TradingState) -> Iterator[str]:
    there = {b.asset: b.free + b.locked for b in engine.account.balances()}
    for asset in sorted(there.keys() | state.ledger.balances.keys()):
        mine, truth = state.ledger.balance(asset), there.get(asset, ZERO)
        if mine != truth:
            yield f"1: {text(mine)} {asset} here, {text(truth)} at the venue"
    for desk in engine.desks:
        symbol = desk.instrument.symbol
        mine, truth = state.ledger.quantity(symbol), _venue_position(engine, symbol)
        if mine != truth:
            yield f"1: a position of {text(mine)} {symbol} here, {text(truth)} by its fills"


@exact
def _identity(state: TradingState) -> list[str]:
    """Equity two ways: from the ledger's flows, and from the balances at an arbitrary mark."""
    value = state.ledger.value(dict.fromkeys(state.ledger.positions, MARK))
    quote = state.ledger.quote
    held = sum((n for asset, n in state.ledger.balances.items() if asset != quote), ZERO)
    from_balances = state.ledger.balance(quote) + held * MARK
    from_profit = value.start + value.realized + value.unrealized - value.fees
    from_cash = value.cash + value.inventory - value.fees
    if not value.equity == from_balances == from_profit == from_cash:
        return [f"10: equity {value.equity}, {from_balances} of balances, {from_profit} of profit"]
    return []
