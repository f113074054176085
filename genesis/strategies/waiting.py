"""Trades and touches that a strategy has still to be shown, in order. No clock, no I/O.

A strategy is run over them until it intends something: what it sees next may depend on what
becomes of that.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

from genesis.messages.market import BookView, Rows
from genesis.strategies.port import Desk, Strategy

ALL_NS = 1 << 62
AT_ONCE = 128
"""So many trades are made ready to be shown: most of those that wait may have to wait on."""


class Waiting:
    """One stream of trades and one of touches a symbol; at one moment symbols in the order given,
    the touch before the trades."""

    def __init__(self, desk: Desk, strategy: Strategy, symbols: Sequence[str]) -> None:
        self._desk = desk
        self._trades = {s: _Trades(2 * n + 1, s, desk, strategy) for n, s in enumerate(symbols)}
        self._touches = {s: _Touches(2 * n, s, desk, strategy) for n, s in enumerate(symbols)}
        self._full: list[_Stream] = []

    def add_trades(self, symbol: str, trades: Rows) -> None:
        """``trades`` of dtype ``TRADE``."""
        stream = self._trades[symbol]
        stream.add(trades)
        self._note(stream)

    def add_view(self, view: BookView) -> None:
        """The touches on the way to ``view`` where they differ from the one before."""
        stream = self._touches[view.symbol]
        stream.add(view)
        self._note(stream)

    @property
    def next_ns(self) -> int | None:
        """When the first of them was received; None when nothing waits."""
        full = self._full
        if len(full) == 1:
            return full[0].next_ns
        return min((stream.next_ns for stream in full), default=None)

    def run(self, before_ns: int) -> None:
        """Show what was received before ``before_ns``, up to the first intent."""
        desk, full = self._desk, self._full
        desk.unseen_ns, desk.traced = 0, None
        while full and not desk.intents:
            stream = full[0] if len(full) == 1 else min(full, key=_first_first)
            limit_ns = before_ns
            for other in full:
                if other is not stream:
                    limit_ns = min(limit_ns, other.next_ns + (other.place > stream.place))
            if stream.next_ns >= limit_ns:
                return
            stream.run(limit_ns)
            if not stream.times:
                full.remove(stream)

    def _note(self, stream: _Stream) -> None:
        if stream.times and stream not in self._full:
            stream.next_ns = stream.times[0]
            self._full.append(stream)


class _Stream:
    """``times`` of what waits, which are its traces as well, from ``at`` on; empty when nothing
    does. ``next_ns`` is the first of them."""

    def __init__(self, place: int, symbol: str, desk: Desk, strategy: Strategy) -> None:
        self.place = place
        self.times: list[int] = []
        self.at = 0
        self.next_ns = ALL_NS
        self._symbol = symbol
        self._desk = desk
        self._strategy = strategy

    def run(self, before_ns: int) -> None:
        """Show what was received before ``before_ns``, up to the first intent."""
        raise NotImplementedError

    def _shown(self, at: int) -> None:
        if at == len(self.times):
            self._clear()
        else:
            self.at, self.next_ns = at, self.times[at]

    def _clear(self) -> None:
        self.times, self.at = [], 0


class _Trades(_Stream):
    def __init__(self, place: int, symbol: str, desk: Desk, strategy: Strategy) -> None:
        super().__init__(place, symbol, desk, strategy)
        self._columns: tuple[list[int], list[int], list[int]] = ([], [], [])

    def add(self, trades: Rows) -> None:
        self.times += trades["time_ns"].tolist()
        names = ("price_ticks", "quantity_lots", "side")
        for column, name in zip(self._columns, names, strict=True):
            column += trades[name].tolist()

    def run(self, before_ns: int) -> None:
        at, times = self.at, self.times
        end = bisect_left(times, before_ns, at, min(at + AT_ONCE, len(times)))
        desk, symbol, on_trade = self._desk, self._symbol, self._strategy.on_trade
        intents = desk.intents
        prices, lots, sides = (column[at:end] for column in self._columns)
        rows = zip(range(at + 1, end + 1), times[at:end], prices, lots, sides, strict=True)
        for shown, desk.now_ns, price_ticks, quantity_lots, side in rows:
            on_trade(desk, symbol, price_ticks, quantity_lots, side)
            if intents:
                end = shown
                break
        self._shown(end)

    def _clear(self) -> None:
        super()._clear()
        self._columns = ([], [], [])


class _Touches(_Stream):
    def __init__(self, place: int, symbol: str, desk: Desk, strategy: Strategy) -> None:
        super().__init__(place, symbol, desk, strategy)
        self._last: tuple[int, ...] = (-1, -1, -1)

    def add(self, view: BookView) -> None:
        tops = view.tops
        if len(tops):
            touches = np.column_stack((tops["synced"], tops["bid_ticks"], tops["ask_ticks"]))
            moved = (touches != np.concatenate(([self._last], touches[:-1]))).any(axis=1)
            self._last = tuple(touches[-1].tolist())
            self.times += tops["at_ns"][moved].tolist()
        elif view.newest_ns:
            touch = (int(view.synced), view.bid_ticks, view.ask_ticks)
            if touch != self._last:
                self._last = touch
                self.times.append(view.newest_ns)

    def run(self, before_ns: int) -> None:
        at, end = self.at, bisect_left(self.times, before_ns, self.at)
        desk = self._desk
        for place in range(at, end):
            at += 1
            desk.now_ns = self.times[place]
            self._strategy.on_top(desk, self._symbol)
            if desk.intents:
                break
        self._shown(at)


def _first_first(stream: _Stream) -> tuple[int, int]:
    return stream.next_ns, stream.place
