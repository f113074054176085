"""What trading cost: fees, and fills against the touch they were decided at. Pure and exact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from genesis.backtest.reports.figures import Costs
from genesis.backtest.reports.flows import flow_of
from genesis.domain.instrument import Instrument
from genesis.domain.money import ZERO, exact, text
from genesis.messages.journal import Entry, OrderFilled
from genesis.messages.orders import Side


@exact
def costs_of(
    entries: Iterable[Entry],
    instruments: Mapping[str, Instrument],
    touches: Mapping[str, Decimal],
) -> Costs:
    """Sums over all fills. ``touches``: by client order id the price that taking would have got at
    the decision; the difference to it is the execution part of the implementation shortfall
    (A. Perold, Journal of Portfolio Management 14, 1988), times the quantity, in quote.
    """
    fees = {True: ZERO, False: ZERO}
    slips = {True: ZERO, False: ZERO}
    other: dict[str, Decimal] = {}
    traded = taken = ZERO
    known = unknown = 0
    for entry in entries:
        fill = entry.event
        if not isinstance(fill, OrderFilled):
            continue
        instrument = instruments[fill.symbol]
        notional = fill.price * fill.quantity
        traded += notional
        fees[fill.maker] += flow_of(fill, instrument).fee
        if fill.fee and fill.fee_asset not in (instrument.base, instrument.quote):
            other[fill.fee_asset] = other.get(fill.fee_asset, ZERO) + fill.fee
        touch = touches.get(fill.client_order_id)
        if touch is None:
            unknown += 1
            continue
        known += 1
        worse = fill.price - touch if fill.side is Side.BUY else touch - fill.price
        slips[fill.maker] += worse * fill.quantity
        if not fill.maker:
            taken += touch * fill.quantity
    return Costs(
        fees=text(fees[True] + fees[False]),
        maker_fees=text(fees[True]),
        taker_fees=text(fees[False]),
        other_fees={asset: text(amount) for asset, amount in sorted(other.items())},
        fees_bps=_bps(fees[True] + fees[False], traded),
        slippage=text(slips[True] + slips[False]),
        slippage_maker=text(slips[True]),
        slippage_taker=text(slips[False]),
        slippage_taker_bps=_bps(slips[False], taken),
        touch_known=known,
        touch_unknown=unknown,
    )


def _bps(part: Decimal, whole: Decimal) -> float | None:
    return float(part) / float(whole) * 10_000 if whole else None
