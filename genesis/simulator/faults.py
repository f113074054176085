"""What goes wrong between a venue and its client, after a plan. Never touches the venue's truth.

It stands between the matching engine and whoever carries its messages: requests are lost on the
way, late or refused at the gateway, answers dropped, doubled, delayed or denied. The venue's own
book and ledger stay what they are: they are the oracle.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

import msgspec

from genesis.messages.base import Message
from genesis.messages.market import RawFrame, Rows
from genesis.messages.orders import (
    AccountSnapshot,
    ExecutionReport,
    ExecutionType,
    OpenOrdersSnapshot,
    OrderSnapshot,
    OutcomeUnknown,
    SubmitOrder,
    VenueRefused,
)
from genesis.simulator.desk import refused
from genesis.simulator.fault_plan import FeedFault, VenueFault, VenueKind, Waiting
from genesis.simulator.feed_faults import SKEW_NS, FeedFaults
from genesis.simulator.matching import Due
from genesis.simulator.orders import MARKET_CLOSED, Refusal, Request

REPORTS_KEPT = 20
_ORDERS = (
    VenueKind.ORDER_LOST,
    VenueKind.ORDER_UNKNOWN,
    VenueKind.ORDER_UNKNOWN_LOST,
    VenueKind.ORDER_LATE,
)
_CANCELS = (
    VenueKind.CANCEL_LOST,
    VenueKind.CANCEL_UNKNOWN,
    VenueKind.CANCEL_LATE,
    VenueKind.FILL_BEFORE_CANCEL,
    VenueKind.PART_BEFORE_CANCEL,
)
_ENDS = (ExecutionType.CANCELED, ExecutionType.EXPIRED)
_SKEWED = Refusal(-1021, "Timestamp for this request is outside of the recvWindow.")
_TOO_MANY = Refusal(-1003, "Too many requests; current limit is 6000 request weight per 1 MINUTE.")


class Handled(NamedTuple):
    """What becomes of a request: whether it arrives, how late, and what the gateway says to it.

    ``fills_percent``: so much of the order that a cancel is for is filled just before.
    """

    arrives: bool = True
    late_ns: int = 0
    answer: Message | None = None
    fills_percent: int = 0


ARRIVES = Handled()


class Client(Protocol):
    """Who wants to know what reaches the venue's client, and which orders never reach the venue."""

    def on_rows(self, symbol: str, rows: Rows) -> None:
        """Rows of one symbol, in receive order."""
        ...

    def on_frames(self, sent: Sequence[RawFrame], arrived: Sequence[RawFrame]) -> None:
        """Frames in receive order, and what arrives of them."""
        ...

    def on_snapshot(self, symbol: str, arrives_ns: int, last_id: int) -> None:
        """A full book that was asked for, as of update ``last_id``."""
        ...

    def broken(self, symbol: str, at_ns: int) -> None:
        """What arrived then cannot be folded into a whole book."""
        ...

    def never_opened(self, client_order_id: str) -> None:
        """The venue will never hold this order: it was lost on the way, or refused."""
        ...


class Faults:
    """Strikes after its plan; ``struck`` lists what struck when. At ``until_ns`` all is healed.

    ``client`` hears what arrives of the market: a drill's view of what its client can know.
    """

    def __init__(
        self,
        plan: Iterable[VenueFault | FeedFault] = (),
        until_ns: int = 0,
        client: Client | None = None,
    ) -> None:
        plan = tuple(plan)
        self.struck: list[tuple[int, VenueFault | FeedFault]] = []
        self._waiting: Waiting[VenueFault] = Waiting(
            (fault for fault in plan if isinstance(fault, VenueFault)), until_ns
        )
        feed = (fault for fault in plan if isinstance(fault, FeedFault))
        crossed = None if client is None else client.broken
        self._feed = FeedFaults(feed, until_ns, self._note, crossed)
        self._heal_ns = until_ns
        self._client = client
        self._until_ns: dict[VenueKind, int] = {}
        self._reports: deque[ExecutionReport] = deque(maxlen=REPORTS_KEPT)
        self._account: AccountSnapshot | None = None

    def reconnect(self) -> None:
        """A new client takes the old one's place."""
        self._feed.reconnect()

    def frames(self, frames: Sequence[RawFrame]) -> list[RawFrame]:
        """What arrives of some frames."""
        arrived = self._feed.frames(frames)
        if self._client is not None:
            self._client.on_frames(frames, arrived)
        return arrived

    def rows(self, symbol: str, rows: Rows) -> Rows:
        """What arrives of one symbol's rows; maybe nothing."""
        arrived = self._feed.rows(symbol, rows)
        if self._client is not None and len(arrived):
            self._client.on_rows(symbol, arrived)
        return arrived

    def snapshot(self, symbol: str, arrives_ns: int, last_id: int) -> None:
        """A depth answer is on its way to the client."""
        if self._client is not None:
            self._client.on_snapshot(symbol, arrives_ns, last_id)

    def request(self, request: Request, now_ns: int) -> Handled:
        """What becomes of an order or a cancel that leaves at ``now_ns``."""
        handled = self._handled(request, now_ns)
        if not handled.arrives and isinstance(request, SubmitOrder):
            self._never_opened(request.client_order_id)
        return handled

    def _handled(self, request: Request, now_ns: int) -> Handled:
        gateway = self._gateway(request, now_ns)
        if gateway is not None:
            return Handled(arrives=False, answer=gateway)
        return self._misled(request, now_ns) if self._waiting.due(now_ns) else ARRIVES

    def query(self, now_ns: int) -> bool:
        """Whether a question that leaves at ``now_ns`` is answered at all."""
        if self._lasts(VenueKind.RATE_LIMIT, now_ns):
            return False
        return self._strike(now_ns, VenueKind.QUERY_LOST) is None

    def answers(self, dues: Sequence[Due], now_ns: int) -> list[Due]:
        """What the client gets of what the venue says."""
        delivered: list[Due] = []
        for due in dues:
            if isinstance(due.message, ExecutionReport):
                delivered += self._report(due.due_ns, due.message, now_ns)
            else:
                delivered.append(Due(due.due_ns, self._answer(due.message, now_ns)))
            if isinstance(due.message, VenueRefused) and due.message.request == "place":
                self._never_opened(due.message.client_order_id)
        return delivered

    def _never_opened(self, client_order_id: str) -> None:
        if self._client is not None:
            self._client.never_opened(client_order_id)

    def _gateway(self, request: Request, now_ns: int) -> Message | None:
        """A refusal at the door, while one of these lasts."""
        if self._lasts(VenueKind.RATE_LIMIT, now_ns):
            return refused(request, _TOO_MANY)
        if self._lasts(VenueKind.CLOCK_SKEW, now_ns):
            return refused(request, _SKEWED)
        if self._lasts(VenueKind.SYMBOL_HALT, now_ns) and isinstance(request, SubmitOrder):
            return refused(request, MARKET_CLOSED)
        return None

    def _misled(self, request: Request, now_ns: int) -> Handled:
        """A fault of the way there, if one fits."""
        fault = self._strike(now_ns, *(_ORDERS if isinstance(request, SubmitOrder) else _CANCELS))
        match None if fault is None else fault.kind:
            case VenueKind.ORDER_LOST | VenueKind.CANCEL_LOST:
                return Handled(arrives=False)
            case VenueKind.ORDER_UNKNOWN | VenueKind.CANCEL_UNKNOWN:
                return Handled(answer=_unknown(request))
            case VenueKind.ORDER_UNKNOWN_LOST:
                return Handled(arrives=False, answer=_unknown(request))
            case VenueKind.FILL_BEFORE_CANCEL:
                return Handled(fills_percent=100)
            case VenueKind.PART_BEFORE_CANCEL:
                return Handled(fills_percent=17)  # 41 of 236, as in the thread that tells of it
        return ARRIVES if fault is None else Handled(late_ns=fault.for_ns)

    def _report(self, due_ns: int, report: ExecutionReport, now_ns: int) -> list[Due]:
        if self._lasts(VenueKind.CLOCK_SKEW, now_ns):
            report = msgspec.structs.replace(report, venue_ns=report.venue_ns + SKEW_NS)
        self._reports.append(report)
        if self._lasts(VenueKind.STREAM_DEAD, now_ns):
            return []
        if not self._waiting.due(now_ns):
            return [Due(due_ns, report)]
        delivered = [Due(due_ns, report)]
        fault = self._strike(now_ns, *_of_reports(report))
        if fault is not None and fault.kind in _LOSSES:
            delivered = []
        elif fault is not None and fault.kind in (VenueKind.ACK_LATE, VenueKind.FILL_LATE):
            delivered = [Due(due_ns + fault.for_ns, report)]
        elif fault is not None:
            delivered.append(Due(due_ns + fault.for_ns, report))
        if (again := self._strike(now_ns, VenueKind.REPORTS_AGAIN)) is not None:
            delivered += (Due(due_ns + again.for_ns, old) for old in self._reports)
        return delivered

    def _answer(self, message: Message, now_ns: int) -> Message:
        if self._lasts(VenueKind.ORDERS_HIDDEN, now_ns):
            if isinstance(message, OrderSnapshot):
                return msgspec.structs.replace(message, order=None)
            if isinstance(message, OpenOrdersSnapshot):
                return msgspec.structs.replace(message, orders=())
        if isinstance(message, AccountSnapshot):
            before, self._account = self._account, message
            if before is not None and self._strike(now_ns, VenueKind.BALANCE_STALE):
                return msgspec.structs.replace(message, balances=before.balances)
        return message

    def _lasts(self, kind: VenueKind, now_ns: int) -> bool:
        if self._waiting.due(now_ns) and (fault := self._strike(now_ns, kind)) is not None:
            self._until_ns[kind] = min(now_ns + fault.for_ns, self._heal_ns)
        return now_ns < self._until_ns.get(kind, 0)

    def _strike(self, now_ns: int, *kinds: VenueKind) -> VenueFault | None:
        fault = self._waiting.take(now_ns, *kinds)
        if fault is not None:
            self._note(now_ns, fault)
        return fault

    def _note(self, now_ns: int, fault: VenueFault | FeedFault) -> None:
        self.struck.append((now_ns, fault))


_LOSSES = (VenueKind.ACK_LOST, VenueKind.FILL_LOST, VenueKind.END_LOST)


def _of_reports(report: ExecutionReport) -> tuple[VenueKind, ...]:
    """The faults that fit this report."""
    if report.execution_type is ExecutionType.NEW:
        return VenueKind.ACK_LOST, VenueKind.ACK_LATE, VenueKind.REPORT_TWICE
    if report.execution_type is ExecutionType.TRADE:
        kinds = VenueKind.FILL_LOST, VenueKind.FILL_TWICE, VenueKind.FILL_LATE
        return *kinds, VenueKind.REPORT_TWICE
    ends = (VenueKind.END_LOST,) if report.execution_type in _ENDS else ()
    return *ends, VenueKind.REPORT_TWICE


def _unknown(request: Request) -> Message:
    """Binance's -1007: the outcome of the request is not known."""
    text = "-1007 Timeout waiting for response from backend server."
    what = "place" if isinstance(request, SubmitOrder) else "cancel"
    return OutcomeUnknown(request.client_order_id, request.symbol, what, text)
