"""The touch an order was decided at, read off a decoded history after the run. Never trades."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import numpy as np

from genesis.backtest.prices import trades_among
from genesis.domain.book import Book
from genesis.domain.instrument import Instrument
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
    decided = np.array([order.decided_ns for order in orders], np.int64)
    ends = np.searchsorted(rows["time_ns"], decided, side="right").tolist()
    trades = trades_among(rows)
    book, folded = Book(instrument), 0
    touches: dict[str, Decimal] = {}
    for order, end in zip(orders, ends, strict=True):
        if end > folded:
            book.fold(rows[folded:end])
            folded = end
        bid, _, ask, _ = book.touch()
        ticks = ask if order.side is Side.BUY else bid
        if not ticks:
            before = int(np.searchsorted(trades, end)) - 1
            ticks = int(rows["price_ticks"][trades[before]]) if before >= 0 else 0
        if ticks:
            touches[order.client_order_id] = instrument.price(ticks)
    return touches
