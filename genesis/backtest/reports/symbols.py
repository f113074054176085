"""What each symbol brought, exact: the parts add up to the whole profit. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from genesis.backtest.reports.figures import SymbolLine
from genesis.backtest.reports.flows import flow_of
from genesis.backtest.reports.trips import Trip
from genesis.domain.instrument import Instrument
from genesis.domain.limits import HALF
from genesis.domain.money import ZERO, exact, text
from genesis.messages.journal import OrderFilled
from genesis.runs.summary import BestLine


@exact
def symbol_lines(
    fills: Sequence[tuple[int, OrderFilled]],
    trips: Sequence[Trip],
    instruments: Mapping[str, Instrument],
    best: Mapping[str, BestLine],
) -> tuple[SymbolLine, ...]:
    """Each symbol's flows, and what is held of it at the middle of the last best prices (without
    them at its last fill's price), as the summary values it."""
    by_symbol: dict[str, list[OrderFilled]] = {}
    for _, fill in fills:
        by_symbol.setdefault(fill.symbol, []).append(fill)
    lines = []
    for symbol in sorted(instruments):
        own = by_symbol.get(symbol, [])
        closed = [trip for trip in trips if trip.symbol == symbol and not trip.is_open]
        lines.append(_line(instruments[symbol], own, closed, _middle(best.get(symbol))))
    return tuple(lines)


def _line(
    instrument: Instrument, own: list[OrderFilled], closed: list[Trip], mark: Decimal | None
) -> SymbolLine:
    paid = held = fees = traded = ZERO
    for fill in own:
        flow = flow_of(fill, instrument)
        paid += flow.paid
        held += flow.received
        fees += flow.fee
        traded += fill.price * fill.quantity
    if mark is None:
        mark = own[-1].price if own else ZERO
    return SymbolLine(
        symbol=instrument.symbol,
        pnl=text(held * mark - paid),
        fees=text(fees),
        traded=text(traded),
        fills=len(own),
        trips=len(closed),
        won=sum(trip.pnl > 0 for trip in closed),
    )


def _middle(best: BestLine | None) -> Decimal | None:
    if best is None or not best.bid or not best.ask:
        return None
    return (Decimal(best.bid) + Decimal(best.ask)) * HALF
