"""Journals told in a line or two, for tests of what is read from them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from genesis.backtest.prices import PricePath
from genesis.backtest.run import BacktestResult
from genesis.domain.instrument import Instrument
from genesis.domain.ledger import Ledger
from genesis.domain.money import text
from genesis.messages.journal import (
    AccountOpened,
    AnyEvent,
    Entry,
    OrderFilled,
    OrderIntended,
)
from genesis.messages.orders import OrderStatus, OrderType, Side, TimeInForce
from genesis.runs.summary import BestLine, Summary

START_NS = 1_704_067_200_000_000_000
"""2024-01-01 00:00 UTC, a Monday."""

SECOND_NS = 1_000_000_000
HOUR_NS = 3600 * SECOND_NS
FUNDS = Decimal(1000)

COUNTS = (
    "frames depth_updates trades gaps resyncs crossed decisions orders refusals restarts halts "
    "journal_events"
)
MONEY = "start cash inventory fees realized_pnl unrealized_pnl"

COIN = Instrument.build(
    "COINUSDT", "COIN", "USDT", tick_size=Decimal("0.01"), step_size=Decimal("0.001")
)
GEM = Instrument.build("GEMUSDT", "GEM", "USDT", tick_size=Decimal(1), step_size=Decimal("0.1"))
INSTRUMENTS = {"COINUSDT": COIN, "GEMUSDT": GEM}


def fill(
    side: str,
    quantity: str,
    price: str,
    *,
    fee: str = "0",
    fee_asset: str = "USDT",
    symbol: str = "COINUSDT",
    strategy: str = "ema",
    maker: bool = False,
    order: str = "o",
    number: int = 0,
) -> OrderFilled:
    return OrderFilled(
        client_order_id=order,
        venue_order_id=1,
        trade_id=number,
        strategy=strategy,
        symbol=symbol,
        side=Side(side),
        price=Decimal(price),
        quantity=Decimal(quantity),
        cumulative_quantity=Decimal(quantity),
        status=OrderStatus.FILLED,
        fee=Decimal(fee),
        fee_asset=fee_asset,
        maker=maker,
        venue_ns=0,
        trace_id=1,
    )


def intent(order: str, side: Side | str, at_ns: int, symbol: str = "COINUSDT") -> OrderIntended:
    return OrderIntended(
        client_order_id=order,
        strategy="ema",
        symbol=symbol,
        side=Side(side),
        type=OrderType.MARKET,
        quantity=Decimal(1),
        price=None,
        time_in_force=TimeInForce.GTC,
        decided_ns=at_ns,
        approved_ns=at_ns,
        trace_id=1,
        reason="",
    )


def path(*points: tuple[int, int] | tuple[int, int, int, int]) -> PricePath:
    """Points (seconds, close ticks) or (seconds, low, high, close ticks)."""
    wide = [p if len(p) == 4 else (p[0], p[1], p[1], p[1]) for p in points]
    seconds, low, high, close = (np.array(c, np.int64) for c in zip(*wide, strict=True))
    return PricePath(START_NS + seconds * SECOND_NS, low, high, close)


def told(
    events: Sequence[tuple[int, AnyEvent]],
    *,
    seconds: int,
    prices: dict[str, PricePath] | None = None,
    marks: dict[str, tuple[str, str]] | None = None,
) -> BacktestResult:
    """The result of a run whose journal holds ``events``, (second, event); ``marks``: the last bid
    and ask by symbol."""
    opened = AccountOpened("USDT", FUNDS)
    events = [(0, opened), *events]
    entries = [
        Entry(n, START_NS + int(second * SECOND_NS), "test", event)
        for n, (second, event) in enumerate(events, 1)
    ]
    ledger = Ledger()
    ledger.open_account("USDT", FUNDS)
    fills = [event for _, event in events if isinstance(event, OrderFilled)]
    for event in fills:
        ledger.apply(event)
    best = {s: BestLine(bid, ask, 1) for s, (bid, ask) in (marks or {}).items()}
    value = ledger.value({s: (Decimal(b.bid) + Decimal(b.ask)) / 2 for s, b in best.items()})
    return BacktestResult(
        title="a tale",
        strategies=("ema",),
        quote="USDT",
        instruments=INSTRUMENTS,
        start_ns=START_NS,
        end_ns=START_NS + seconds * SECOND_NS,
        summary=_summary(text(value.equity), len(fills), best),
        entries=entries,
        prices=prices or {},
        halted=False,
        halt_reason="",
        error="",
    )


def _summary(equity: str, fills: int, best: dict[str, BestLine]) -> Summary:
    counts = dict.fromkeys(COUNTS.split(), 0)
    money = dict.fromkeys(MONEY.split(), "0")
    return Summary(
        **counts,
        **money,
        fills=fills,
        equity=equity,
        balances={},
        journal_hash="",
        state_hash="",
        best=best,
    )
