"""Latency is lookahead: what travels in one stretch happens as if each event had come by itself."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from unittest import mock

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from genesis import daemon
from genesis.backtest.engine import VirtualOutcome, VirtualSession
from genesis.config import Settings
from genesis.exchange.source import Market, open_market
from genesis.messages.journal import BookLost, Entry, Halted, OrderMoved
from genesis.messages.market import ROW, Kind
from genesis.messages.orders import OrderType, OrderUpdated, Side, TimeInForce
from genesis.simulator.light_market import LightMarket
from genesis.storage.journal import Journal
from genesis.storage.store import MemoryLog
from genesis.strategies.port import Cadence, Desk, Strategy

START_NS = 1_700_000_000_000_000_000
SHORT_S, LONG_S = 15, 40


class Busy(Strategy):
    """Woken by everything; takes, quotes and cancels as the counted digits of prices tell it."""

    def __init__(self, symbols: tuple[str, ...], every_ms: int) -> None:
        self.cadence = Cadence(True, True, every_ms * 1_000_000, trades=True)
        self._symbols = symbols
        self._count = 0

    def on_trade(
        self, desk: Desk, symbol: str, price_ticks: int, quantity_lots: int, side: int
    ) -> None:
        self._count += price_ticks + side
        if self._count % 3 == 0:
            self._act(desk, symbol)

    def on_top(self, desk: Desk, symbol: str) -> None:
        view = desk.view(symbol)
        self._count += 1 if view is None else view.bid_ticks + view.ask_lots
        if self._count % 7 == 0:
            self._act(desk, symbol)

    def on_timer(self, desk: Desk) -> None:
        for symbol in self._symbols:
            self._count += int(desk.take_trades(symbol)["quantity_lots"].sum())
            if self._count % 2:
                self._act(desk, symbol)

    def on_order(self, desk: Desk, update: OrderUpdated) -> None:
        self._count += len(update.status)

    def _act(self, desk: Desk, symbol: str) -> None:
        view, own = desk.view(symbol), list(desk.orders(symbol))
        if view is None or desk.quiet(symbol):
            return
        if own:
            desk.cancel(own[0])
            return
        instrument, held = desk.instruments[symbol], desk.sellable(symbol)
        bid, ask = instrument.price(view.bid_ticks), instrument.price(view.ask_ticks)
        quantity = instrument.floor_quantity(Decimal(12) / bid)
        if held >= quantity:
            desk.place(symbol, Side.SELL, OrderType.LIMIT, held, ask, TimeInForce.GTC, "out")
        elif self._count % 2:
            desk.place(symbol, Side.BUY, OrderType.MARKET, quantity, None, TimeInForce.GTC, "take")
        else:
            desk.place(symbol, Side.BUY, OrderType.LIMIT, quantity, bid, TimeInForce.GTC, "quote")


def run(chosen: Settings, market: Market, lookahead: bool) -> tuple[VirtualOutcome, list[Entry]]:
    log = MemoryLog()
    session = VirtualSession(
        chosen, market, lambda: Journal.in_memory(log), seed=5, lookahead=lookahead
    )
    return session.run(), log.entries


def light(symbols: tuple[str, ...], seed: int, seconds: int) -> Market:
    made = LightMarket(symbols, seed, START_NS)
    tape = made.tape(seconds * 1_000_000_000)
    return Market("light", made.instruments(), iter(()), START_NS, False, tape)


def agree(chosen: Settings, market: Callable[[], Market], busy: Callable[[], Strategy]) -> int:
    """How many fills there were; everything journaled is the same, at the same times."""
    strategies = {"busy": busy, **daemon.strategies(chosen, tuple(market().instruments))}
    with mock.patch.object(daemon, "strategies", return_value=strategies):
        each, singly = run(chosen, market(), lookahead=False)
        batched, together = run(chosen, market(), lookahead=True)
    for one, other in zip(singly, together, strict=False):
        assert one == other
    assert each.summary.journal_hash == batched.summary.journal_hash
    assert (each.error, batched.error) == ("", "")
    assert each.summary == batched.summary
    return each.summary.fills


def chosen(
    to_venue_ms: int, from_venue_ms: int, jitter_ms: int, refresh_ms: int, ask_after_ms: int = 2000
) -> Settings:
    """``ask_after_ms``: silence, or rest, after which the venue is asked for an order."""
    given = {
        "executor.unknown_query_after_ms": ask_after_ms,
        "executor.resting_query_every_ms": 5 * ask_after_ms,
        "market.speed": 0.0,
        "paper.latency_to_venue_ms": to_venue_ms,
        "paper.latency_from_venue_ms": from_venue_ms,
        "paper.jitter_ms": jitter_ms,
        "strategies.ema_cross.fast": 3,
        "strategies.ema_cross.slow": 9,
        "strategies.spread_capture.refresh_ms": refresh_ms,
        "strategies.spread_capture.half_spread_bps": "0.5",
        "strategies.spread_capture.requote_bps": "0.2",
    }
    return Settings.load(None, given)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    seed=st.integers(0, 1000),
    symbols=st.sampled_from([("BTCUSDT",), ("BTCUSDT", "ETHUSDT")]),
    to_venue_ms=st.sampled_from([1, 20, 100]),
    from_venue_ms=st.sampled_from([1, 20, 150]),
    jitter_ms=st.sampled_from([0, 7]),
    refresh_ms=st.sampled_from([200, 1000]),
    ask_after_ms=st.sampled_from([100, 2000]),
    seconds=st.just(SHORT_S),
)
# Every tie there can be on a grid of 100 ms:
@example(3, ("BTCUSDT", "ETHUSDT"), 100, 100, 0, 200, 100, LONG_S)
# One strategy's order meets another's:
@example(2008, ("BTCUSDT", "ETHUSDT"), 20, 1, 7, 1000, 2000, LONG_S)
# A fill is played, then a request leaves:
@example(1020, ("BTCUSDT", "ETHUSDT"), 20, 20, 7, 1000, 2000, LONG_S)
def test_a_stretch_changes_nothing(
    seed: int,
    symbols: tuple[str, ...],
    to_venue_ms: int,
    from_venue_ms: int,
    jitter_ms: int,
    refresh_ms: int,
    ask_after_ms: int,
    seconds: int,
) -> None:
    settled = chosen(to_venue_ms, from_venue_ms, jitter_ms, refresh_ms, ask_after_ms)
    agree(settled, lambda: light(symbols, seed, seconds), lambda: Busy(symbols, refresh_ms))


def with_a_hole(market: Market) -> Market:
    """A second of each symbol was not received, the stream was restarted later."""
    tape = {}
    for symbol, rows in (market.tape or {}).items():
        second = (rows["time_ns"] - START_NS) // 1_000_000_000
        before, after = rows[second < 6], rows[second > 6]
        later = int(np.argmax((after["time_ns"] - START_NS) // 1_000_000_000 > 12))
        restart = np.zeros(1, ROW)
        restart["time_ns"], restart["kind"] = after["time_ns"][later - 1], int(Kind.RESET)
        tape[symbol] = np.concatenate((before, after[:later], restart, after[later:]))
    return msgspec.structs.replace(market, tape=tape)


@pytest.mark.parametrize("names", ["ema_cross", "spread_capture"])
@pytest.mark.parametrize("symbols", [("BTCUSDT",), ("BTCUSDT", "ETHUSDT")])
def test_a_book_is_lost_when_its_updates_are(names: str, symbols: tuple[str, ...]) -> None:
    settled = chosen(20, 20, 0, 200)
    strategies = settled.strategies.model_copy(update={"enabled": (names,)})
    settled = settled.model_copy(update={"strategies": strategies})
    markets = [with_a_hole(light(symbols, 7, 20)) for _ in range(2)]
    each, singly = run(settled, markets[0], lookahead=False)
    batched, together = run(settled, markets[1], lookahead=True)
    assert each.summary == batched.summary
    assert singly == together
    lost = [entry for entry in together if isinstance(entry.event, BookLost)]
    assert [(entry.time_ns - START_NS) // 1_000_000_000 for entry in lost] == [7] * len(symbols)


def on_grid(market: Market, grid_ns: int) -> Market:
    """Everything at the same moments as timers, requests and answers."""
    tape = {symbol: rows.copy() for symbol, rows in (market.tape or {}).items()}
    for rows in tape.values():
        rows["time_ns"] -= (rows["time_ns"] - START_NS) % grid_ns
    return msgspec.structs.replace(market, tape=tape)


@pytest.mark.parametrize("seed", range(4))
def test_of_what_comes_at_one_moment_everyone_sees_the_same(seed: int) -> None:
    symbols = ("BTCUSDT", "ETHUSDT")
    settled = chosen(20, 20, 0, 200)

    def market() -> Market:
        return on_grid(light(symbols, seed, 20), 20_000_000)

    assert agree(settled, market, lambda: Busy(symbols, 200)) > 20


def test_the_markets_of_that_test_are_traded() -> None:
    symbols = ("BTCUSDT", "ETHUSDT")
    settled = chosen(20, 20, 0, 200)
    assert agree(settled, lambda: light(symbols, 1, LONG_S), lambda: Busy(symbols, 200)) > 20


def near_its_limits(settled: Settings, daily_loss: str, drawdown: str) -> Settings:
    """Fractions of the account so small that the market alone reaches them."""
    close = {"daily_loss_fraction": Decimal(daily_loss), "drawdown_fraction": Decimal(drawdown)}
    return settled.model_copy(update={"risk": settled.risk.model_copy(update=close)})


@pytest.mark.parametrize("seed", [1, 2])
def test_a_loss_halts_at_its_moment(seed: int) -> None:
    symbols = ("BTCUSDT", "ETHUSDT")
    settled = near_its_limits(chosen(20, 20, 7, 200), "0.000021", "0.00004")
    made = {"busy": lambda: Busy(symbols, 200), **daemon.strategies(settled, symbols)}
    with mock.patch.object(daemon, "strategies", return_value=made):
        each, singly = run(settled, light(symbols, seed, 20), lookahead=False)
        batched, together = run(settled, light(symbols, seed, 20), lookahead=True)
    assert each.summary == batched.summary
    assert singly == together
    [halted_ns] = [entry.time_ns for entry in together if isinstance(entry.event, Halted)]
    assert any(isinstance(e.event, OrderMoved) and e.time_ns > halted_ns for e in together)


@pytest.mark.parametrize("seed", [4, 41])
def test_one_holding_falls_while_another_rises(seed: int) -> None:
    """The loss that one would bring by itself calls for no look; looks have their distances."""
    symbols = ("BTCUSDT", "ETHUSDT")
    settled = near_its_limits(chosen(20, 20, 0, 200), "0.0001", "0.0001")
    agree(settled, lambda: light(symbols, seed, LONG_S), lambda: Busy(symbols, 200))


def test_a_stretch_of_a_recording_changes_nothing(shared_data: Path) -> None:
    place = shared_data / "binance_spot_l2"
    paths = ",".join(str(place / f"{name}_20240808.gz") for name in ("btcusdt", "ethusdt"))

    def opened() -> Market:
        market = open_market(f"replay:{paths}", (), 1, all_symbols=True)
        end_ns = market.start_ns + 12 * 1_000_000_000
        frames = (f for f in iter(market.frames) if f.received_ns < end_ns)
        return msgspec.structs.replace(market, frames=frames)

    symbols = ("BTCUSDT", "ETHUSDT")
    assert agree(chosen(5, 5, 3, 200), opened, lambda: Busy(symbols, 200)) > 0


@pytest.mark.parametrize("lookahead", [False, True])
def test_a_strategy_never_sees_what_comes_after_it(lookahead: bool) -> None:
    """Whatever it is told, and whatever it looks at, is of its own time or before."""
    late: list[tuple[int, int]] = []

    class Suspicious(Busy):
        def on_trade(self, desk: Desk, *rest: object) -> None:
            self._look(desk)

        def on_top(self, desk: Desk, symbol: str) -> None:
            self._look(desk)

        def on_timer(self, desk: Desk) -> None:
            self._look(desk)
            times = desk.take_trades("BTCUSDT")["time_ns"].tolist()
            late.extend((desk.now_ns, time_ns) for time_ns in times if time_ns >= desk.now_ns)

        def _look(self, desk: Desk) -> None:
            view = desk.view("BTCUSDT")
            if view is not None and view.time_ns > desk.now_ns:
                late.append((desk.now_ns, view.time_ns))

    made = {"suspicious": lambda: Suspicious(("BTCUSDT",), 330)}
    with mock.patch.object(daemon, "strategies", return_value=made):
        run(chosen(20, 20, 0, 200), light(("BTCUSDT",), 2, SHORT_S), lookahead)
    assert late == []
