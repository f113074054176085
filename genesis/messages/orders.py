"""Orders: what strategies want, what risk approves, what the venue says. Money is Decimal."""

from __future__ import annotations

import enum
from decimal import Decimal
from typing import Generic, TypeVar

from genesis.messages.base import Control, Message


class Side(enum.StrEnum):
    BUY = "BUY"
    SELL = "SELL"


class OrderType(enum.StrEnum):
    LIMIT = "LIMIT"
    MARKET = "MARKET"
    LIMIT_MAKER = "LIMIT_MAKER"  # post-only: refused if it would take


class TimeInForce(enum.StrEnum):
    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class OrderStatus(enum.StrEnum):
    """Forward only: see ``genesis.domain.order``. The last six are terminal."""

    INTENDED = "INTENDED"  # durable; that it was sent is told with the next fact
    SENT = "SENT"
    UNKNOWN = "UNKNOWN"  # the outcome of sending is not known; being asked
    NEW = "NEW"  # rests at the venue
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"  # refused by the venue
    DENIED = "DENIED"  # never sent: the gate was shut
    LOST = "LOST"  # proven not to exist at the venue


class PlaceOrder(Message, frozen=True):
    """A strategy's intent. ``price`` in quote per base (None for MARKET), ``quantity`` in base.

    ``client_order_id`` is ``g<run>-<strategy>-<epoch>-<n>``: never used twice, and the same for
    the same history.
    """

    client_order_id: str
    strategy: str
    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal
    price: Decimal | None
    time_in_force: TimeInForce
    decided_ns: int
    trace_id: int
    reason: str = ""


class CancelOrder(Message, frozen=True):
    """Cancel one order. Cancels need no approval and pass a shut gate."""

    client_order_id: str
    trace_id: int = 0


class CancelOrders(Control, frozen=True):
    """Cancel every open order, or every one of ``strategy`` where given."""

    reason: str
    strategy: str | None = None


T = TypeVar("T")


class Approved(Message, Generic[T], frozen=True):
    """An order that risk has judged. Only Risk (``genesis.actors.risk``) makes one.

    ``mint_epoch`` is the incarnation of Risk that made it: a dead mint's approvals are not sent.
    """

    order: T
    mint_epoch: int
    approved_ns: int


class OrderRefused(Message, frozen=True):
    """Risk refused an intent: which limit, its value, what it was compared with."""

    order: PlaceOrder
    limit: str
    value: str
    compared_with: str


class SubmitOrder(Message, frozen=True):
    client_order_id: str
    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal
    price: Decimal | None
    time_in_force: TimeInForce
    sent_ns: int


class CancelAtVenue(Message, frozen=True):
    client_order_id: str
    symbol: str
    sent_ns: int


class QueryOrder(Message, frozen=True):
    """Answered with ``OrderSnapshot``; ``request_id`` comes back in the answer."""

    client_order_id: str
    symbol: str
    request_id: int


class QueryOpenOrders(Message, frozen=True):
    """Answered with ``OpenOrdersSnapshot``: all symbols."""

    request_id: int


class QueryTrades(Message, frozen=True):
    """Own trades of ``symbol`` with venue trade id > ``after_trade_id``; -> ``TradesSnapshot``."""

    symbol: str
    after_trade_id: int
    request_id: int


class QueryAccount(Message, frozen=True):
    """Answered with ``AccountSnapshot``."""

    request_id: int


class ExecutionType(enum.StrEnum):
    NEW = "NEW"
    TRADE = "TRADE"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"


class ExecutionReport(Message, frozen=True):
    """One event of the account stream, the fields of Binance's ``executionReport``.

    ``trade_id``, ``last_*``, ``fee*`` and ``maker`` are meaningful for TRADE only (trade_id -1
    otherwise). ``cumulative_quantity`` is in base. Duplicates and any order of arrival are legal.
    """

    symbol: str
    client_order_id: str
    venue_order_id: int
    execution_type: ExecutionType
    status: OrderStatus
    cumulative_quantity: Decimal
    venue_ns: int
    trade_id: int = -1
    last_quantity: Decimal = Decimal(0)
    last_price: Decimal = Decimal(0)
    fee: Decimal = Decimal(0)
    fee_asset: str = ""
    maker: bool = False
    reason: str = ""


class VenueRefused(Message, frozen=True):
    """A definite refusal of a request, by the venue's code (Binance's numbers)."""

    client_order_id: str
    symbol: str
    request: str  # "place" | "cancel"
    code: int
    text: str


class OutcomeUnknown(Message, frozen=True):
    """A request's outcome cannot be told (time-out, 5xx, -1006, -1007): ask, never guess."""

    client_order_id: str
    symbol: str
    request: str  # "place" | "cancel"
    text: str


class VenueOrder(Message, frozen=True):
    """One order as the venue knows it."""

    symbol: str
    client_order_id: str
    venue_order_id: int
    side: Side
    type: OrderType
    status: OrderStatus
    price: Decimal | None
    quantity: Decimal
    cumulative_quantity: Decimal


class OrderSnapshot(Message, frozen=True):
    """``order`` is None when the venue knows no such order (-2013)."""

    request_id: int
    client_order_id: str
    order: VenueOrder | None


class OpenOrdersSnapshot(Message, frozen=True):
    request_id: int
    orders: tuple[VenueOrder, ...]


class TradesSnapshot(Message, frozen=True):
    """Own trades as execution reports (execution type TRADE), oldest first."""

    request_id: int
    symbol: str
    trades: tuple[ExecutionReport, ...]


class Balance(Message, frozen=True):
    asset: str
    free: Decimal
    locked: Decimal


class AccountSnapshot(Message, frozen=True):
    request_id: int
    balances: tuple[Balance, ...]


class OrderUpdated(Message, frozen=True):
    """What a strategy hears of its own order, after the fact is durable.

    ``position_change`` is what a fill adds to the strategy's base position, net of a base fee.
    """

    strategy: str
    symbol: str
    client_order_id: str
    side: Side
    status: OrderStatus
    price: Decimal | None
    quantity: Decimal
    cumulative_quantity: Decimal
    position_change: Decimal = Decimal(0)
    fill_price: Decimal = Decimal(0)
    reason: str = ""
    trace_id: int = 0
