"""The simulated venue: accounts, own orders and markets, with the way there and back in time.

Pure and deterministic: time comes as parameters, chance from the injected generator. What it says
is a list of ``Due``: the shell delivers each message at its time. A fault model stands between
the two, dropping, doubling or delaying dues, and needs nothing in here.
"""

from __future__ import annotations

import itertools
import random
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from operator import attrgetter
from typing import NamedTuple

from genesis.domain.instrument import Instrument
from genesis.domain.order import Order as KnownOrder
from genesis.messages.base import Message
from genesis.messages.market import Rows
from genesis.messages.orders import (
    AccountSnapshot,
    CancelAtVenue,
    OpenOrdersSnapshot,
    OrderSnapshot,
    QueryAccount,
    QueryOpenOrders,
    QueryOrder,
    QueryTrades,
    SubmitOrder,
    TradesSnapshot,
)
from genesis.simulator.account import Account
from genesis.simulator.desk import OrderDesk, refused
from genesis.simulator.matcher import SymbolMatcher
from genesis.simulator.orders import INVALID_SYMBOL, expired
from genesis.simulator.settings import PaperSettings

Query = QueryOrder | QueryOpenOrders | QueryTrades | QueryAccount


class Due(NamedTuple):
    """``message`` reaches the executor at ``due_ns``."""

    due_ns: int
    message: Message


class _Request(NamedTuple):
    """``number`` counts requests over all lines: of two that arrive at once the first sent acts."""

    arrives_ns: int
    number: int
    act: Callable[[int], None]


class _Line:
    """One ordered connection: nothing overtakes what left before it.

    Each way has its own chance: a request may leave before or after the market that is answered
    at the venue's later time has been played.
    """

    def __init__(self, settings: PaperSettings, rng: random.Random, sent: Iterator[int]) -> None:
        self.requests: deque[_Request] = deque()
        self._sent = sent
        self._settings = settings
        self._there, self._back = (random.Random(rng.getrandbits(64)) for _ in range(2))
        self._last_arrival_ns = self._last_due_ns = 0

    def send(self, now_ns: int, act: Callable[[int], None]) -> None:
        at = now_ns + self._settings.latency_to_venue_ns + self._jitter_ns(self._there)
        self._last_arrival_ns = max(self._last_arrival_ns, at)
        self.requests.append(_Request(self._last_arrival_ns, next(self._sent), act))

    def answer_due_ns(self, venue_ns: int) -> int:
        at = venue_ns + self._settings.latency_from_venue_ns + self._jitter_ns(self._back)
        self._last_due_ns = max(self._last_due_ns, at)
        return self._last_due_ns

    def _jitter_ns(self, rng: random.Random) -> int:
        jitter = self._settings.jitter_ns
        return rng.randrange(jitter + 1) if jitter else 0


class MatchingEngine:
    """The exchange's own truth of one account.

    Every symbol has a line of its own (and account queries one more), with its own seed drawn
    from ``rng``, so that what happens to one symbol does not depend on how the data of several is
    batched. ``first_id`` is the first venue order and trade id of every symbol: a venue that is
    started anew beside an older journal must be given one beyond the journal's newest.

    ``ended`` are orders that a venue before this one took with it: asked for, they have EXPIRED
    with what was filled of them, which ``balances`` must hold already.
    """

    def __init__(
        self,
        instruments: Iterable[Instrument],
        balances: Mapping[str, Decimal],
        settings: PaperSettings,
        rng: random.Random,
        first_id: int = 1,
        ended: Iterable[KnownOrder] = (),
    ) -> None:
        self.account = Account(balances)
        self._ended = {order.client_order_id: expired(order) for order in ended}
        self._said: list[Due] = []
        self._desks: dict[str, OrderDesk] = {}
        self._matchers: dict[str, SymbolMatcher] = {}
        sent = itertools.count()
        self._account_line = _Line(settings, rng, sent)
        self._lines: dict[str, _Line] = {}
        for instrument in sorted(instruments, key=lambda i: i.symbol):
            line = _Line(settings, rng, sent)
            emit = self._emitter(line)
            desk = OrderDesk(instrument, self.account, settings, emit, first_id)
            self._lines[instrument.symbol] = line
            self._desks[instrument.symbol] = desk
            self._matchers[instrument.symbol] = SymbolMatcher(instrument, desk)
        self._all_lines = (self._account_line, *self._lines.values())

    # Market data and time

    def on_rows(self, symbol: str, rows: Rows) -> list[Due]:
        """Fold rows of one symbol in receive order; its requests act between them, by time.

        A request arriving at t acts after all rows with ``time_ns <= t``, so it waits until a
        later row, or ``advance``, shows that there are no more. Raises KeyError for a symbol this
        venue does not have.
        """
        matcher, requests = self._matchers[symbol], self._lines[symbol].requests
        while requests and len(rows):
            cut = bisect_right(rows["time_ns"].data, requests[0].arrives_ns)
            if cut == len(rows):
                break
            if cut:
                matcher.on_rows(rows[:cut])
                rows = rows[cut:]
            request = requests.popleft()
            request.act(request.arrives_ns)
        if len(rows):
            matcher.on_rows(rows)
        return self._drain()

    def advance(self, now_ns: int) -> list[Due]:
        """Act on every request that has arrived by ``now_ns``; all rows up to then were given."""
        while line := self._next_line():
            if line.requests[0].arrives_ns > now_ns:
                break
            request = line.requests.popleft()
            request.act(request.arrives_ns)
        return self._drain()

    def next_due_ns(self) -> int | None:
        """When the next request arrives (then call ``advance``); None while none is on its way."""
        line = self._next_line()
        return line.requests[0].arrives_ns if line else None

    @property
    def desks(self) -> Iterable[OrderDesk]:
        """Own orders and trades per symbol: what a drill holds the journal against."""
        return self._desks.values()

    @property
    def holds_orders(self) -> bool:
        """Whether the market could fill something now."""
        return any(desk.open for desk in self._desks.values())

    def reached_ns(self, symbol: str, rows: Rows) -> int | None:
        """When rows still to be shown may first fill a resting order; None while they cannot."""
        return self._matchers[symbol].reached_ns(rows)

    def shown_ns(self, symbol: str) -> int:
        """The time of the newest depth or ticker it was given of a symbol; 0 before any."""
        return self._matchers[symbol].book.time_ns

    def synced(self, symbol: str) -> bool:
        """Whether the venue has a whole book to serve and match against."""
        return self._matchers[symbol].book.synced

    def snapshot(self, symbol: str, now_ns: int) -> Rows | None:
        """The full book as SNAPSHOT rows received at ``now_ns``; None while there is none."""
        book = self._matchers[symbol].book
        return book.snapshot_rows(now_ns) if book.synced else None

    # Requests: each acts, and is answered, in its time

    def submit(self, request: SubmitOrder, now_ns: int) -> None:
        """An order leaves for the venue at ``now_ns``."""
        self._request(request, now_ns)

    def cancel(self, request: CancelAtVenue, now_ns: int) -> None:
        """A cancel leaves for the venue at ``now_ns``."""
        self._request(request, now_ns)

    def fill(self, symbol: str, client_order_id: str, percent: int, now_ns: int) -> list[Due]:
        """Somebody takes so much of an own resting order at its price, unseen in the market's data.

        Nothing happens to an order that does not rest. For drills: a fill at the worst moment.
        """
        matcher = self._matchers.get(symbol)
        if matcher is not None:
            matcher.fill_resting(client_order_id, percent, now_ns)
        return self._drain()

    def query(self, request: Query, now_ns: int) -> None:
        """A question leaves for the venue at ``now_ns``. Of one symbol it is answered in line

        with that symbol's orders; of the account, at the next ``advance`` past its arrival.
        """
        symbol = request.symbol if isinstance(request, QueryOrder | QueryTrades) else ""
        line = self._lines.get(symbol, self._account_line)

        def act(at_ns: int) -> None:
            self._said.append(Due(line.answer_due_ns(at_ns), self._answer(request)))

        line.send(now_ns, act)

    def _request(self, request: SubmitOrder | CancelAtVenue, now_ns: int) -> None:
        line = self._lines.get(request.symbol, self._account_line)
        matcher = self._matchers.get(request.symbol)

        def act(at_ns: int) -> None:
            if matcher is None:
                answer = refused(request, INVALID_SYMBOL)
                self._said.append(Due(line.answer_due_ns(at_ns), answer))
            elif isinstance(request, SubmitOrder):
                matcher.place(request, at_ns)
            else:
                matcher.cancel(request, at_ns)

        line.send(now_ns, act)

    def _answer(self, request: Query) -> Message:
        if isinstance(request, QueryAccount):
            return AccountSnapshot(request.request_id, self.account.balances())
        if isinstance(request, QueryOpenOrders):
            found = [
                order.seen_from_outside(desk.instrument)
                for desk in self._desks.values()
                for order in desk.open.values()
            ]
            return OpenOrdersSnapshot(request.request_id, tuple(found))
        known = self._desks.get(request.symbol)
        if isinstance(request, QueryOrder):
            order = known.order(request.client_order_id) if known else None
            outside = order.seen_from_outside(known.instrument) if known and order else None
            outside = outside or self._ended.get(request.client_order_id)
            return OrderSnapshot(request.request_id, request.client_order_id, outside)
        trades = known.trades if known else ()
        newer = tuple(trade for trade in trades if trade.trade_id > request.after_trade_id)
        return TradesSnapshot(request.request_id, request.symbol, newer)

    def _next_line(self) -> _Line | None:
        """The line whose request arrives first; of two that arrive at once the one sent first."""
        first = None
        for line in self._all_lines:
            if line.requests and (first is None or line.requests[0] < first.requests[0]):
                first = line
        return first

    def _emitter(self, line: _Line) -> Callable[[int, Message], None]:
        def emit(venue_ns: int, message: Message) -> None:
            self._said.append(Due(line.answer_due_ns(venue_ns), message))

        return emit

    def _drain(self) -> list[Due]:
        said, self._said = self._said, []
        said.sort(key=_due_ns)
        return said


_due_ns = attrgetter("due_ns")
