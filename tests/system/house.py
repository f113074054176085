"""A whole daemon in this process, on a data folder of its own, watched from all sides.

What is written down while it runs (actors as they are born, orders as the venue hears of them,
every move of the gate) is what a test holds against the journal afterwards.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from genesis.actors.order_book import EXCHANGE
from genesis.config import Settings
from genesis.domain.money import ZERO
from genesis.messages.base import Message
from genesis.messages.control import CommandAnswer
from genesis.messages.journal import ActorRestarted, Entry, GateMoved, OrderFilled, OrderSent
from genesis.messages.lifecycle import InjectCrash, InjectHang
from genesis.messages.orders import SubmitOrder
from genesis.runtime.actor import SUPERVISOR, Actor, Context, handles
from genesis.runtime.address import Address, DeadLetter
from genesis.runtime.base import starter
from genesis.session import Options, Outcome, Session
from genesis.storage.folder import DataFolder
from genesis.storage.journal import Journal
from genesis.storage.verify import verify

SECOND = 1_000_000_000
DRILL = "drill"
MARKET_CREW = "market"
"""The thread that feed, books and strategies share."""
SYMBOLS = ("BTCUSDT", "ETHUSDT")
STRATEGIES = ("ema_cross", "spread_capture")
CHILDREN = (
    "persistence",
    "risk",
    "executor",
    "publisher",
    "feed",
    *(f"book.{symbol}" for symbol in SYMBOLS),
    *(f"strategy.{strategy}" for strategy in STRATEGIES),
    "view",
)
"""In the order in which they are started."""
MONEY = CHILDREN[:3]
MARKET = CHILDREN[4:-1]
"""Falls from the failed one onward: rest_for_one."""

LIVELY = {
    "market.market": "simulated",
    "market.symbols": ",".join(SYMBOLS),
    "market.speed": 0.0,
    "strategies.ema_cross.fast": 4,
    "strategies.ema_cross.slow": 16,
    "strategies.spread_capture.half_spread_bps": "1",
    "strategies.spread_capture.requote_bps": "0.5",
    "strategies.spread_capture.refresh_ms": 500,
}
"""A minute of this has some dozens of orders and fills."""
QUICK_TO_NOTICE = {
    "supervision.heartbeat_ms": 100,
    "supervision.hang_after_ms": 800,
    "journal.busy_timeout_ms": 100,
}


def until(condition: Callable[[], bool], what: str, deadline_s: float = 20.0) -> None:
    """Wait for something that another thread does. Fails, saying what, when it takes too long."""
    ends_s = time.monotonic() + deadline_s
    turn = threading.Event()
    while not condition():
        assert time.monotonic() < ends_s, f"{what}: not within {deadline_s:g} s"
        turn.wait(0.002)


class Strike(Message, frozen=True):
    """It is time for one of the drill's actions."""

    act: Any


class Drill(Actor):
    """Stands outside, as the exchange does, and acts at moments of trading time."""

    def __init__(self, context: Context, plan: list[tuple[int, Callable[[], None]]]) -> None:
        super().__init__(context)
        self._plan = plan

    def begin(self) -> None:
        for at_ns, act in self._plan:
            self.after(max(0, at_ns - self.now_ns()), Strike(act))

    @handles(Strike)
    def _on_strike(self, strike: Strike) -> None:
        strike.act()


class Ended(NamedTuple):
    """What is left of a run. ``books`` and ``venue_books``: (update id, all bids, all asks)."""

    outcome: Outcome
    entries: list[Entry]
    books: dict[str, tuple[int, list[Any], list[Any]]]
    venue_books: dict[str, tuple[int, list[Any], list[Any]]]
    dead_letters: list[DeadLetter]

    def events(self, kind: type) -> list[Any]:
        return [entry.event for entry in self.entries if isinstance(entry.event, kind)]

    def restarted(self) -> list[str]:
        return [event.name for event in self.events(ActorRestarted)]

    def gate(self) -> list[str]:
        return [event.state for event in self.events(GateMoved)]

    def sent_after(self, seq: int) -> list[str]:
        sent = (e for e in self.entries if e.seq > seq and isinstance(e.event, OrderSent))
        return [e.event.client_order_id for e in sent]  # type: ignore[union-attr]


class House:
    """``at`` plans, ``run`` runs to the end. ``session`` is open to any other mischief."""

    def __init__(
        self, folder: Path, for_s: float | None = 20.0, attended: bool = False, **changed: Any
    ) -> None:
        """``changed`` are settings, with ``__`` for the dot."""
        given = LIVELY | {name.replace("__", "."): value for name, value in changed.items()}
        self.settings = Settings.load(None, {**given, "journal.data_dir": folder})
        self.folder = DataFolder.open(folder)
        options = Options(all_symbols=False, until_end=True, for_s=for_s, attended=attended)
        self.session = Session(self.settings, self.folder, options)
        self.runtime, self.gate = self.session.runtime, self.session.house.gate
        self.engine = self.session.house.engine
        self.actors: dict[str, list[Any]] = {}
        self.submitted: list[SubmitOrder] = []
        self.answers: list[CommandAnswer] = []
        self.gate_log: list[tuple[str, str]] = []
        self._plan: list[tuple[int, Callable[[], None]]] = []
        self._watch()

    def _watch(self) -> None:
        run_loop, submit, hear = self.runtime.run_loop, self.engine.submit, self.session._hear

        def watched_run_loop(address: Address, epoch: int, actor: Actor) -> None:
            self.actors.setdefault(address.name, []).append(actor)
            run_loop(address, epoch, actor)

        def watched_submit(order: SubmitOrder, now_ns: int) -> None:
            self.submitted.append(order)
            submit(order, now_ns)

        def watched_hear(message: Message) -> None:
            if isinstance(message, CommandAnswer):
                self.answers.append(message)
            hear(message)

        self.runtime.run_loop = watched_run_loop  # type: ignore[method-assign]
        self.engine.submit = watched_submit  # type: ignore[method-assign]
        self.session._hear = watched_hear  # type: ignore[method-assign]
        self._watch_gate()

    def _watch_gate(self) -> None:
        gate, log = self.gate, self.gate_log
        hold, release, send = gate.hold, gate.release, gate.send

        def watched_hold(key: str, *rest: Any) -> None:
            hold(key, *rest)
            log.append(("shut", key))

        def watched_release(key: str) -> None:
            if key in gate._holds:  # asked beside the gate: a reading would be captured
                log.append(("open", key))
            release(key)

        def watched_send(reduces: bool, write: Callable[[], None]) -> Any:
            def watched_write() -> None:
                log.append(("write", ""))
                write()

            return send(reduces, watched_write)

        gate.hold, gate.release, gate.send = (  # type: ignore[method-assign]
            watched_hold,
            watched_release,
            watched_send,
        )

    @property
    def start_ns(self) -> int:
        return self.session._market.start_ns

    def at(self, second: float, act: Callable[[], None]) -> None:
        """Do something ``second`` seconds after the market began (trading time)."""
        self._plan.append((self.start_ns + int(second * SECOND), act))

    def tell(self, name: str, message: Message) -> None:
        self.runtime.address(name).tell(message)

    def crash(self, name: str) -> None:
        self.tell(name, InjectCrash("drill"))

    def hang(self, name: str) -> None:
        self.tell(name, InjectHang("drill"))

    def living(self, name: str) -> int:
        return self.runtime.address(name).living

    def start(self) -> None:
        self.runtime.register(DRILL)
        self.session.start()
        self.runtime.spawn(DRILL, starter(Drill, plan=self._plan))

    def run(self) -> Ended:
        self.start()
        return self.finish()

    def _check_runtime(self) -> None:
        """Whatever was fenced when, the count of work is right and no thread is left behind."""
        if self.settings.market.speed == 0:  # where work is counted
            waiting = sum(address.mailbox.depth for address in self.runtime.addresses())
            assert self.runtime._activity._count == waiting
        names = {address.name for address in self.runtime.addresses()} | {MARKET_CREW}

        def left() -> list[str]:
            alive = (thread.name.partition("#") for thread in threading.enumerate())
            return [name for name, number, _ in alive if number and name in names]

        until(lambda: not left(), "the actors' threads to end")

    def finish(self) -> Ended:
        """Wait for the end and gather what is left."""
        outcome = self.session.wait(0.05, lambda: None)
        self._check_runtime()
        journal = Journal.open(self.folder)
        entries = list(journal.entries())
        journal.close()
        books = {s: _book(self.actors[f"book.{s}"][-1]._book) for s in self.session.house.symbols}
        venue = {s: _book(self.engine._matchers[s].book) for s in self.session.house.symbols}
        self.folder.close()
        return Ended(outcome, entries, books, venue, list(self.runtime.dead_letters))


def _book(book: Any) -> tuple[int, list[Any], list[Any]]:
    bids, asks = book.levels(10**6)
    return book.last_update_id, bids.tolist(), asks.tolist()


def check_money(house: House, ended: Ended) -> None:
    """The journal says what the venue says, to the last digit; nothing is open on either side."""
    fills = Counter((e.symbol, e.trade_id) for e in ended.events(OrderFilled))
    trades = {(d.instrument.symbol, t.trade_id): t for d in house.engine.desks for t in d.trades}
    assert set(fills) == set(trades), "fills lost, or not the venue's"
    assert not [trade for trade, times in fills.items() if times > 1], "fills doubled"
    for fill in ended.events(OrderFilled):
        trade = trades[fill.symbol, fill.trade_id]
        assert (fill.client_order_id, fill.quantity, fill.price, fill.fee, fill.fee_asset) == (
            trade.client_order_id,
            trade.last_quantity,
            trade.last_price,
            trade.fee,
            trade.fee_asset,
        )
    report = verify(house.folder.path)
    assert report.ok, report.problems
    journal = Journal.open(house.folder)
    state = journal.state
    journal.close()
    venue = {b.asset: b.free + b.locked for b in house.engine.account.balances()}
    for asset in venue.keys() | state.ledger.balances.keys():
        assert state.ledger.balance(asset) == venue.get(asset, ZERO), asset
    assert not state.orders.open, "an order never ended"
    assert not [name for desk in house.engine.desks for name in desk.open], "left at the venue"
    times = Counter(order.client_order_id for order in house.submitted)
    assert not [name for name, n in times.items() if n > 1], "sent twice"


def check_books(ended: Ended, undisturbed: Ended) -> None:
    """The same update id and every level of every book, here, at the venue, and undisturbed."""
    assert ended.books == ended.venue_books == undisturbed.books
    assert ended.outcome.summary is not None
    assert undisturbed.outcome.summary is not None
    best = ended.outcome.summary.best
    assert best == undisturbed.outcome.summary.best
    assert all(line.bid and line.ask for line in best.values())


def expected_restarts(name: str) -> list[str]:
    """Who is started again when ``name`` fails."""
    return list(MARKET[MARKET.index(name) :]) if name in MARKET else [name]


def last_restart(ended: Ended) -> int:
    """Journal number of the newest ``ActorRestarted``."""
    return max(e.seq for e in ended.entries if isinstance(e.event, ActorRestarted))


def tell_operator(house: House, message: Message) -> None:
    """As the terminal does."""
    house.tell(SUPERVISOR, message)


def exchange_died(house: House) -> None:
    house.crash(EXCHANGE)
