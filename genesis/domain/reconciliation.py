"""Compare what we know of our orders and money with what the venue says. No clock, no I/O.

The venue's answers are the truth: every missed fill or ending becomes a journal event, and is
named as a difference. A pass without differences is what reopens a shut gate.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from decimal import Decimal

from genesis.domain.money import ZERO, text
from genesis.domain.order import Events
from genesis.domain.orders import Heard, Orders
from genesis.messages.orders import (
    AccountSnapshot,
    OpenOrdersSnapshot,
    OrderSnapshot,
    QueryAccount,
    QueryOpenOrders,
    QueryOrder,
    QueryTrades,
    TradesSnapshot,
)

Question = QueryOrder | QueryOpenOrders | QueryTrades | QueryAccount
Answer = OrderSnapshot | OpenOrdersSnapshot | TradesSnapshot | AccountSnapshot


class Reconciliation:
    """One pass: ask everything, wait for every answer, then settle.

    ``unsent`` are client order ids that never went onto the wire: there is nothing to ask.
    ``first_id`` numbers the questions from there on, so that answers to an earlier pass are not
    taken for this one's.
    """

    def __init__(
        self,
        cause: str,
        orders: Orders,
        unsent: Container[str],
        symbols: Iterable[str],
        first_id: int,
    ) -> None:
        self.cause = cause
        self.questions: list[Question] = []
        number = first_id
        for symbol in symbols:
            self.questions.append(QueryTrades(symbol, orders.trades_after(symbol), number))
            number += 1
        for order in orders.open:
            if order.client_order_id not in unsent:
                self.questions.append(QueryOrder(order.client_order_id, order.symbol, number))
                number += 1
        self.questions.append(QueryOpenOrders(number))
        self.questions.append(QueryAccount(number + 1))
        self.next_id = number + 2
        self._waiting = {question.request_id for question in self.questions}
        self._answers: list[Answer] = []

    def take(self, answer: Answer) -> bool:
        """Keep an answer of this pass; True when it was one."""
        if answer.request_id not in self._waiting:
            return False
        self._waiting.discard(answer.request_id)
        self._answers.append(answer)
        return True

    @property
    def complete(self) -> bool:
        return not self._waiting

    @property
    def denied(self) -> tuple[str, ...]:
        """Client order ids that the venue says it does not know."""
        return tuple(
            answer.client_order_id
            for answer in self._answers
            if isinstance(answer, OrderSnapshot) and answer.order is None
        )

    def settle(
        self, orders: Orders, balances: Mapping[str, Decimal] | None
    ) -> tuple[Events, tuple[str, ...]]:
        """Apply the answers; the events for the journal and every difference in words.

        ``balances`` (per asset, free and locked together) are compared only in a pass that found
        nothing else; None leaves them out.
        """
        events: list[Events] = []
        differences: list[str] = []
        # Trades before orders: an order may end only once its fills are in.
        for answer in sorted(self._answers, key=_trades_first):
            match answer:
                case TradesSnapshot():
                    for heard in orders.hear_trades(answer):
                        _note(heard, "a fill was missed", events, differences)
                case OrderSnapshot(order=None):
                    order = orders.get(answer.client_order_id)
                    if order is not None and not order.is_terminal:
                        differences.append(f"the venue does not know {answer.client_order_id}")
                case OrderSnapshot(order=known) if known is not None:
                    _note(orders.hear(known), f"it is {known.status} there", events, differences)
                case OpenOrdersSnapshot():
                    for known in answer.orders:
                        _note(orders.hear(known), f"it is {known.status}", events, differences)
        differences += [
            f"{order.client_order_id}: fills that the venue tells of are not in its trades"
            for order in orders.open
            if order.awaits_trades
        ]
        if not differences and balances is not None:
            for answer in self._answers:
                if isinstance(answer, AccountSnapshot):
                    differences += _compare(answer, balances)
        return tuple(event for group in events for event in group), tuple(differences)


def _trades_first(answer: Answer) -> tuple[bool, int]:
    return not isinstance(answer, TradesSnapshot), answer.request_id


def _note(heard: Heard, what: str, events: list[Events], differences: list[str]) -> None:
    if heard.events and heard.order is not None:
        events.append(heard.events)
        differences.append(f"{heard.order.client_order_id}: {what}")
    if heard.contradiction:
        differences.append(heard.contradiction)
    if heard.foreign:
        differences.append("the venue shows an order that is not ours")


def _compare(account: AccountSnapshot, balances: Mapping[str, Decimal]) -> list[str]:
    there = {balance.asset: balance.free + balance.locked for balance in account.balances}
    differences = []
    for asset in sorted(there.keys() | balances.keys()):
        theirs, ours = there.get(asset, ZERO), balances.get(asset, ZERO)
        if theirs != ours:
            differences.append(f"{asset}: {text(theirs)} at the venue, {text(ours)} here")
    return differences
