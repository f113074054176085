"""What a run came to, in figures that add up to the last digit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress
from decimal import Decimal

import msgspec
import pykka

from genesis.actors.risk import REFUSED_BY
from genesis.domain.instrument import Instrument
from genesis.domain.limits import HALF
from genesis.domain.money import EXACT, text
from genesis.domain.state import TradingState
from genesis.messages.market import AskBest, Best
from genesis.messages.names import book_name
from genesis.runtime.base import BaseRuntime
from genesis.runtime.counters import Counters
from genesis.storage.journal import Journal


class BestLine(msgspec.Struct, frozen=True):
    """Best prices as the venue writes them; empty while the book was not whole."""

    bid: str
    ask: str
    update_id: int


class Summary(msgspec.Struct, frozen=True):
    """Counts are of this run; money is of the account, in quote, as exact decimals.

    ``cash`` is before fees, ``inventory`` what is held at the middle of the best prices, ``fees``
    all fees valued at their fills' prices: ``equity = cash + inventory - fees`` and
    ``equity = start + realized_pnl + unrealized_pnl - fees``, exactly. ``untraded`` is what is
    held of symbols that this run did not trade. ``refused_by`` is the limit by which risk refused
    most, empty when it refused nothing.
    """

    frames: int
    depth_updates: int
    trades: int
    gaps: int
    resyncs: int
    crossed: int
    decisions: int
    orders: int
    fills: int
    refusals: int
    restarts: int
    halts: int
    start: str
    cash: str
    inventory: str
    equity: str
    fees: str
    realized_pnl: str
    unrealized_pnl: str
    balances: dict[str, str]
    journal_events: int
    journal_hash: str
    state_hash: str
    best: dict[str, BestLine]
    untraded: dict[str, str] = {}
    refused_by: str = ""


def ask_best(runtime: BaseRuntime, symbols: Iterable[str]) -> list[pykka.Future[Best]]:
    """Ask the books for their best prices, before they are stopped; waits for none."""
    return [runtime.address(book_name(symbol)).ask_later(AskBest()) for symbol in symbols]


def closing_summary(
    open_journal: Callable[[], Journal],
    counters: Counters,
    before: TradingState,
    asked_best: Iterable[pykka.Future[Best]],
    instruments: Mapping[str, Instrument],
) -> Summary:
    """``summarize`` for a run that is over, whose actors have closed their journal."""
    with closing(open_journal()) as journal:
        after, head_hash = journal.state, journal.head_hash
    return summarize(counters, before, after, head_hash, _answered(asked_best), instruments)


def _answered(asked: Iterable[pykka.Future[Best]]) -> dict[str, Best]:
    """By symbol what the books have answered by now."""
    best = {}
    for future in asked:
        with suppress(pykka.Timeout):  # a book that is down has no best
            answer = future.get(timeout=0)
            best[answer.symbol] = answer
    return best


def summarize(
    counters: Counters,
    before: TradingState,
    after: TradingState,
    journal_hash: str,
    best: Mapping[str, Best],
    instruments: Mapping[str, Instrument],
) -> Summary:
    """Figures of the run that took the journal's state from ``before`` to ``after``."""
    marks = {s: mid for s, b in best.items() if (mid := _mid(b, instruments[s])) is not None}
    value = after.ledger.value(marks)
    was, now, count = before.counters, after.counters, counters.get
    return Summary(
        frames=count("frames"),
        depth_updates=count("depth_updates"),
        trades=count("trades"),
        gaps=count("gaps"),
        resyncs=count("resyncs"),
        crossed=count("crossed"),
        decisions=count("decisions"),
        orders=now.orders - was.orders,
        fills=now.fills - was.fills,
        refusals=count("refusals"),
        restarts=now.restarts - was.restarts,
        halts=now.halts - was.halts,
        start=text(value.start),
        cash=text(value.cash),
        inventory=text(value.inventory),
        equity=text(value.equity),
        fees=text(value.fees),
        realized_pnl=text(value.realized),
        unrealized_pnl=text(value.unrealized),
        balances={asset: text(held) for asset, held in sorted(after.ledger.balances.items())},
        journal_events=after.seq,
        journal_hash=journal_hash,
        state_hash=after.digest(),
        best={symbol: _line(best[symbol], instruments[symbol]) for symbol in sorted(best)},
        untraded={
            symbol: text(position.quantity)
            for symbol, position in sorted(after.ledger.positions.items())
            if position.quantity and symbol not in instruments
        },
        refused_by=counters.most(REFUSED_BY),
    )


def _mid(best: Best, instrument: Instrument) -> Decimal | None:
    if not best.bid_ticks or not best.ask_ticks:
        return None
    return EXACT.multiply(instrument.price(best.bid_ticks + best.ask_ticks), HALF)


def _line(best: Best, instrument: Instrument) -> BestLine:
    if not best.bid_ticks or not best.ask_ticks:
        return BestLine("", "", best.update_id)
    bid, ask = instrument.price(best.bid_ticks), instrument.price(best.ask_ticks)
    return BestLine(f"{bid:f}", f"{ask:f}", best.update_id)
