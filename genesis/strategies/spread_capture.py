"""Making: quotes both sides around the middle, post-only, and earns the spread when both fill."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from genesis.domain.instrument import Instrument
from genesis.domain.money import ceil_to, floor_to
from genesis.domain.sizing import is_large_enough, quantity_for_notional
from genesis.messages.market import BookView
from genesis.messages.orders import OrderType, Side, TimeInForce
from genesis.strategies.port import Cadence, Desk, OwnOrder, Strategy

BPS = Decimal(10_000)


class SpreadCapture(Strategy):
    """``notional`` in quote per order, distances from the middle in basis points.

    At most one bid and one ask per symbol. It bids only while it holds less than one order's
    worth, and asks only for what it holds: spot has no short side.
    """

    def __init__(
        self,
        symbols: Iterable[str],
        notional: Decimal,
        half_spread_bps: Decimal,
        requote_bps: Decimal,
        refresh_ns: int,
    ) -> None:
        self.cadence = Cadence(every_ns=refresh_ns)
        self._symbols = tuple(symbols)
        self._notional = notional
        self._half_spread = half_spread_bps / BPS
        self._requote = requote_bps / BPS

    def on_timer(self, desk: Desk) -> None:
        for symbol in self._symbols:
            view = desk.view(symbol)
            if view is None:
                for order in desk.orders(symbol):
                    desk.cancel(order)
            elif not desk.quiet(symbol):
                self._quote(desk, symbol, view)

    def _quote(self, desk: Desk, symbol: str, view: BookView) -> None:
        instrument = desk.instruments[symbol]
        bid, ask = instrument.price(view.bid_ticks), instrument.price(view.ask_ticks)
        middle = (bid + ask) / 2
        tick = instrument.tick_size
        # Rounded away from the middle, and never through the touch, where post-only is refused.
        buy_at = min(floor_to(middle * (1 - self._half_spread), tick), ask - tick)
        sell_at = max(ceil_to(middle * (1 + self._half_spread), tick), bid + tick)
        own = {order.intent.side: order for order in desk.orders(symbol)}
        held = desk.sellable(symbol)
        if held * bid < self._notional:
            quantity = quantity_for_notional(instrument, self._notional, buy_at)
            self._keep(desk, instrument, Side.BUY, buy_at, quantity, own.get(Side.BUY))
        elif Side.BUY in own:
            desk.cancel(own[Side.BUY])  # the rest of a bid that has bought enough
        if is_large_enough(instrument, held, sell_at):
            self._keep(desk, instrument, Side.SELL, sell_at, held, own.get(Side.SELL))

    def _keep(
        self,
        desk: Desk,
        instrument: Instrument,
        side: Side,
        price: Decimal,
        quantity: Decimal,
        standing: OwnOrder | None,
    ) -> None:
        """Leave a standing quote that is near enough; replace it, one refresh later, if not."""
        if standing is None and quantity > 0:
            desk.place(
                instrument.symbol,
                side,
                OrderType.LIMIT_MAKER,
                quantity,
                price,
                TimeInForce.GTC,
                "quote",
            )
        elif standing is not None and standing.intent.price is not None:
            off = abs(standing.intent.price - price)
            if off > price * self._requote:
                desk.cancel(standing)
