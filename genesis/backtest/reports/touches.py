"""The touch an order was decided at, read off a decoded history after the run. Never trades."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from genesis.backtest.prices import trades_among
from genesis.domain.book import Book
from genesis.domain.instrument import Instrument
from genesis.exchange.mapped import BLOCK, release
from genesis.messages.journal import Entry, OrderIntended
from genesis.messages.market import Rows
from genesis.messages.orders import Side


def decided_touches(
    entries: Iterable[Entry], tape: Mapping[str, Rows], instruments: Mapping[str, Instrument]
) -> dict[str, Decimal]:
    """By client order id the price in quote that taking would have got when it was decided: the
    best ask for a purchase, the best bid for a sale.

    The newest trade's price where the history holds no book; no entry where neither is known.
    """
    orders: dict[str, list[OrderIntended]] = {}
    for entry in entries:
        if isinstance(entry.event, OrderIntended):
            orders.setdefault(entry.event.symbol, []).append(entry.event)
    touches: dict[str, Decimal] = {}
    for symbol, own in orders.items():
        if symbol in tape:
            own.sort(key=lambda order: order.decided_ns)
            touches |= _of_symbol(own, tape[symbol], instruments[symbol])
    return touches


def _of_symbol(
    orders: list[OrderIntended], rows: Rows, instrument: Instrument
) -> dict[str, Decimal]:
    times, folded, kept = rows["time_ns"], 0, 0
    book, traded_ticks = Book(instrument), 0
    touches: dict[str, Decimal] = {}
    for order in orders:
        end = _behind(times, order.decided_ns, folded)
        while folded < end:
            upto = end
            if end - folded > BLOCK:  # no moment, and so no message, is cut
                upto = _behind(times, times[folded + BLOCK], folded)
            part = rows[folded:upto]
            book.fold(part)
            trades = trades_among(part)
            if len(trades):
                traded_ticks = int(part["price_ticks"][trades[-1]])
            folded = upto
            if folded - kept > BLOCK:
                release(rows[kept:folded])
                kept = folded
        bid, _, ask, _ = book.touch()
        ticks = ask if order.side is Side.BUY else bid
        if ticks or traded_ticks:
            touches[order.client_order_id] = instrument.price(ticks or traded_ticks)
    return touches


def _behind(times: npt.NDArray[np.int64], at_ns: int, first: int) -> int:
    """The first row behind ``at_ns``, from ``first`` on; looked for nearby: a look loads a page."""
    while first + BLOCK < len(times) and times[first + BLOCK] <= at_ns:
        first += BLOCK
    return bisect_right(times, at_ns, first, min(first + BLOCK, len(times)))
