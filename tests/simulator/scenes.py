"""Small markets written by hand: prices in ticks of 0.01, sizes in whole BTC thousandths."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from decimal import Decimal

import numpy as np

from genesis.domain.instrument import Instrument
from genesis.messages.market import ROW, Kind, Rows, table_of
from genesis.messages.orders import (
    CancelAtVenue,
    ExecutionReport,
    OrderType,
    Side,
    SubmitOrder,
    TimeInForce,
    VenueRefused,
)
from genesis.simulator.matching import Due, MatchingEngine
from genesis.simulator.terms import VenueTerms

D = Decimal
BTC = Instrument.build(
    "BTCUSDT", "BTC", "USDT", tick_size=D("0.01"), step_size=D("0.001"), max_orders=5
)
LOTS = 1000  # market lots in one step of 0.001 BTC
Level = tuple[str, str]


def ticks(price: str) -> int:
    return BTC.ticks(D(price))


def lots(quantity: str) -> int:
    return BTC.lots(D(quantity))


def _row(now: int, kind: Kind, price: str = "0", quantity: str = "0", **ids: int) -> np.void:
    row = np.zeros(1, ROW)
    row["time_ns"], row["event_ns"], row["kind"] = now, now, kind
    row["price_ticks"], row["quantity_lots"] = ticks(price), lots(quantity)
    for name, value in ids.items():
        row[name] = value
    return row[0]


def _depth(begin: np.void, bids: Iterable[Level], asks: Iterable[Level]) -> Rows:
    now = int(begin["time_ns"])
    levels = [_row(now, Kind.BID, *level) for level in bids]
    levels += [_row(now, Kind.ASK, *level) for level in asks]
    begin["quantity_lots"] = len(levels)
    return np.array([begin, *levels], ROW)


def snapshot(now: int, last_id: int, bids: Iterable[Level], asks: Iterable[Level]) -> Rows:
    return _depth(_row(now, Kind.SNAPSHOT_BEGIN, last_id=last_id), bids, asks)


def diff(
    now: int, ids: tuple[int, int], bids: Iterable[Level] = (), asks: Iterable[Level] = ()
) -> Rows:
    begin = _row(now, Kind.DEPTH_BEGIN, first_id=ids[0], last_id=ids[1])
    return _depth(begin, bids, asks)


def ticker(now: int, update_id: int, bid: Level, ask: Level) -> Rows:
    rows = [_row(now, Kind.TICKER_BID, *bid, last_id=update_id)]
    rows.append(_row(now, Kind.TICKER_ASK, *ask, last_id=update_id))
    return np.array(rows, ROW)


def trade(now: int, aggressor: Side, price: str, quantity: str) -> Rows:
    kind = Kind.TRADE_BUY if aggressor is Side.BUY else Kind.TRADE_SELL
    return np.array([_row(now, kind, price, quantity, first_id=now)], ROW)


def reset(now: int) -> Rows:
    return np.array([_row(now, Kind.RESET)], ROW)


class Scene:
    """A venue with one market and no latency; ``said`` is everything it ever said."""

    def __init__(
        self,
        settings: VenueTerms | None = None,
        balances: dict[str, Decimal] | None = None,
        instrument: Instrument = BTC,
    ) -> None:
        nothing_far = VenueTerms(latency_to_venue_ns=0, latency_from_venue_ns=0)
        funds = {"USDT": D(100_000), "BTC": D(10)} if balances is None else balances
        self.venue = MatchingEngine([instrument], funds, settings or nothing_far, random.Random(7))
        self.said: list[Due] = []
        self._names = itertools.count(1)

    def market(self, *rows: Rows) -> Scene:
        self.said += self.venue.on_rows("BTCUSDT", table_of(np.concatenate(rows)))
        return self

    def opened(self) -> Scene:
        """Two levels a side at update 10: 99.00 x 2, 99.50 x 1; 100.00 x 1, 101.00 x 2."""
        bids, asks = [("99.50", "1"), ("99.00", "2")], [("100.00", "1"), ("101.00", "2")]
        return self.market(snapshot(1, 10, bids, asks))

    def order(
        self,
        now: int,
        side: Side,
        quantity: str,
        price: str | None = None,
        *,
        type: OrderType | None = None,
        tif: TimeInForce = TimeInForce.GTC,
        name: str | None = None,
        symbol: str = "BTCUSDT",
    ) -> str:
        """Send an order and let it arrive; a price makes it LIMIT."""
        name = name or f"c{next(self._names)}"
        kind = type or (OrderType.MARKET if price is None else OrderType.LIMIT)
        value = None if price is None else D(price)
        request = SubmitOrder(name, symbol, side, kind, D(quantity), value, tif, now)
        self.venue.send(request, now)
        self.said += self.venue.advance(now)
        return name

    def cancel(self, now: int, name: str) -> None:
        self.venue.send(CancelAtVenue(name, "BTCUSDT", now), now)
        self.said += self.venue.advance(now)

    def reports(self, name: str) -> list[ExecutionReport]:
        messages = [due.message for due in self.said]
        found = [m for m in messages if isinstance(m, ExecutionReport)]
        return [m for m in found if m.client_order_id == name]

    def fills(self, name: str) -> list[tuple[str, str]]:
        """(price, quantity) of each trade of an order, as text."""
        trades = [r for r in self.reports(name) if r.trade_id >= 0]
        return [(f"{r.last_price:.2f}", f"{r.last_quantity.normalize():f}") for r in trades]

    def status(self, name: str) -> str:
        return self.reports(name)[-1].status.value

    def refusal(self) -> tuple[int, str]:
        """The code and text of the newest refusal."""
        message = self.said[-1].message
        assert isinstance(message, VenueRefused), message
        return message.code, message.text
