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
from collections.abc import Iterable, Mapping
from decimal import Decimal
from operator import attrgetter

import msgspec

from genesis.domain.book_layout import TIME
from genesis.domain.instrument import Instrument
from genesis.domain.order import Order as KnownOrder
from genesis.messages.base import Message
from genesis.messages.market import Rows, Table
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
from genesis.simulator.orders import INVALID_SYMBOL, Request, expired
from genesis.simulator.terms import VenueTerms

Query = QueryOrder | QueryOpenOrders | QueryTrades | QueryAccount
_ORDERS, _OF_ACCOUNT = (SubmitOrder, CancelAtVenue), (QueryOpenOrders, QueryAccount)


class Due(msgspec.Struct, frozen=True):
    """``message`` reaches the executor at ``due_ns``."""

    due_ns: int
    message: Message


class _Sent(msgspec.Struct, frozen=True, order=True):
    """A request on its way. ``number`` counts them over all lines."""

    arrives_ns: int
    number: int
    request: Request | Query


class _Line:
    """One ordered connection: nothing overtakes what left before it.

    Each way has its own chance: a request may leave before or after the market that is answered
    at the venue's later time has been played.
    """

    def __init__(self, terms: VenueTerms, rng: random.Random, said: list[Due]) -> None:
        self.waiting: deque[_Sent] = deque()
        self.matcher: SymbolMatcher | None = None
        self._said = said
        self._to_venue_ns = terms.latency_to_venue_ns
        self._from_venue_ns = terms.latency_from_venue_ns
        self._jitter_ns = terms.jitter_ns
        self._there, self._back = (random.Random(rng.getrandbits(64)) for _ in range(2))
        self._last_arrival_ns = self._last_due_ns = 0

    def send(self, now_ns: int, number: int, request: Request | Query) -> int:
        """A request leaves; returns when it arrives."""
        at = now_ns + self._to_venue_ns
        if self._jitter_ns:
            at += self._there.randrange(self._jitter_ns + 1)
        self._last_arrival_ns = at = max(self._last_arrival_ns, at)
        self.waiting.append(_Sent(at, number, request))
        return at

    def say(self, venue_ns: int, message: Message) -> None:
        """An answer leaves the venue."""
        at = venue_ns + self._from_venue_ns
        if self._jitter_ns:
            at += self._back.randrange(self._jitter_ns + 1)
        self._last_due_ns = at = max(self._last_due_ns, at)
        self._said.append(Due(at, message))


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
        terms: VenueTerms,
        rng: random.Random,
        first_id: int = 1,
        ended: Iterable[KnownOrder] = (),
    ) -> None:
        self.account = Account(balances)
        self._ended = {order.client_order_id: expired(order) for order in ended}
        self._said: list[Due] = []
        self._desks: dict[str, OrderDesk] = {}
        self._matchers: dict[str, SymbolMatcher] = {}
        self._sent = itertools.count()
        self._account_line = _Line(terms, rng, self._said)
        self._lines: dict[str, _Line] = {}
        for instrument in sorted(instruments, key=lambda i: i.symbol):
            line = _Line(terms, rng, self._said)
            desk = OrderDesk(instrument, self.account, terms, line.say, first_id)
            self._lines[instrument.symbol] = line
            self._desks[instrument.symbol] = desk
            line.matcher = self._matchers[instrument.symbol] = SymbolMatcher(instrument, desk)
        self._all_lines = (self._account_line, *self._lines.values())

    # Market data and time

    def on_rows(self, symbol: str, table: Table) -> list[Due]:
        """Fold rows of one symbol in receive order; its requests act between them, by time.

        A request arriving at t acts after all rows with ``time_ns <= t``, so it waits until a
        later row, or ``advance``, shows that there are no more. Raises KeyError for a symbol this
        venue does not have.
        """
        matcher, line = self._matchers[symbol], self._lines[symbol]
        waiting = line.waiting
        while waiting and len(table) and waiting[0].arrives_ns < table.item(-1, TIME):
            cut = bisect_right(table[:, TIME].data, waiting[0].arrives_ns)
            if cut:
                matcher.on_rows(table[:cut])
                table = table[cut:]
            self._act(line)
        if len(table):
            matcher.on_rows(table)
        return self._drain()

    def advance(self, now_ns: int) -> list[Due]:
        """Act on every request that has arrived by ``now_ns``; all rows up to then were given."""
        while due := [
            line
            for line in self._all_lines
            if line.waiting and line.waiting[0].arrives_ns <= now_ns
        ]:
            self._act(due[0] if len(due) == 1 else min(due, key=_next_sent))
        return self._drain()

    @property
    def desks(self) -> Iterable[OrderDesk]:
        """Own orders and trades per symbol: what a drill holds the journal against."""
        return self._desks.values()

    @property
    def holds_orders(self) -> bool:
        """Whether the market could fill something now."""
        return any(map(_open, self._desks.values()))

    def reached_ns(self, symbol: str, table: Table) -> int | None:
        """When rows still to be shown may first fill a resting order; None while they cannot."""
        return self._matchers[symbol].reached_ns(table)

    def shown_ns(self, symbol: str) -> int:
        """The time of the newest depth or ticker it was given of a symbol; 0 before any."""
        return self._matchers[symbol].book.time_ns

    def snapshot(self, symbol: str, now_ns: int) -> Rows | None:
        """The full book as SNAPSHOT rows received at ``now_ns``; None while there is none."""
        book = self._matchers[symbol].book
        return book.snapshot_rows(now_ns) if book.synced else None

    # Requests: each acts, and is answered, in its time

    def send(self, request: Request | Query, now_ns: int) -> int:
        """A request leaves for the venue at ``now_ns``; returns when it arrives there.

        It acts, or is answered, in line with what else is sent of its symbol: at the next
        ``advance`` past its arrival, unless rows of that symbol show before that its time is over.
        """
        line = self._account_line
        if not isinstance(request, _OF_ACCOUNT):
            line = self._lines.get(request.symbol, line)
        return line.send(now_ns, next(self._sent), request)

    def fill(self, symbol: str, client_order_id: str, percent: int, now_ns: int) -> list[Due]:
        """Somebody takes so much of an own resting order at its price, unseen in the market's data.

        Nothing happens to an order that does not rest. For drills: a fill at the worst moment.
        """
        matcher = self._matchers.get(symbol)
        if matcher is not None:
            matcher.fill_resting(client_order_id, percent, now_ns)
        return self._drain()

    def _act(self, line: _Line) -> None:
        """What the next request of a line asks for."""
        sent = line.waiting.popleft()
        arrives_ns, request = sent.arrives_ns, sent.request
        if not isinstance(request, _ORDERS):
            line.say(arrives_ns, self._answer(request))
        elif line.matcher is None:
            line.say(arrives_ns, refused(request, INVALID_SYMBOL))
        elif isinstance(request, SubmitOrder):
            line.matcher.place(request, arrives_ns)
        else:
            line.matcher.cancel(request, arrives_ns)

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

    def _drain(self) -> list[Due]:
        if not self._said:
            return []
        said = self._said.copy()
        self._said.clear()
        said.sort(key=_due_ns)
        return said


_due_ns, _open = attrgetter("due_ns"), attrgetter("open")


def _next_sent(line: _Line) -> _Sent:
    """What acts first: of two that arrive at once the one sent first."""
    return line.waiting[0]
