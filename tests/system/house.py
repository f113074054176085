"""A whole daemon in this process, on a data folder of its own, watched from all sides.

What is written down while it runs (actors as they are born, orders as the venue hears of them,
every move of the gate) is what a test holds against the journal afterwards.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from genesis.actors.supervisor import Supervisor
from genesis.config import Settings
from genesis.messages.base import Message
from genesis.messages.control import CommandAnswer
from genesis.messages.journal import ActorRestarted, Entry, GateMoved, OrderSent
from genesis.messages.lifecycle import InjectCrash, InjectHang
from genesis.messages.names import EXCHANGE, SUPERVISOR
from genesis.messages.orders import SubmitOrder
from genesis.runtime.actor import Actor, Context, handles
from genesis.runtime.address import Address, DeadLetter
from genesis.runtime.base import starter
from genesis.session import Options, Outcome, Session
from genesis.simulator.orders import Request
from genesis.storage.folder import DataFolder
from genesis.storage.journal import Journal

SECOND = 1_000_000_000
DRILL = "drill"
MARKET_CREW = "market"
"""The thread that the exchange, feed, books and strategies share."""
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
"""Finds by its silence who hangs, and on a busy machine others as well: for tests that bear it."""
PATIENT = QUICK_TO_NOTICE | {"supervision.heartbeat_ms": 50, "supervision.hang_after_ms": 60_000}
"""Finds only those whom ``House.notice`` has named silent, and at once."""
PATIENCE_S = 60.0


def until(condition: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait for something that another thread does. Fails, saying what, when it takes too long."""
    ends_s = time.monotonic() + patience_s
    turn = threading.Event()
    while not condition():
        assert time.monotonic() < ends_s, f"{what}: not within {patience_s:g} s"
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
        self._hanging: set[str] = set()
        self._silent: set[tuple[str, int]] = set()
        self._watch()

    def _watch(self) -> None:
        run_loop, send, hear = self.runtime.run_loop, self.engine.send, self.session._hear

        def watched_run_loop(address: Address, epoch: int, actor: Actor) -> None:
            self.actors.setdefault(address.name, []).append(actor)
            if isinstance(actor, Supervisor):
                self._watch_pulse(actor)
            run_loop(address, epoch, actor)

        def watched_send(request: Request, now_ns: int) -> int:
            if isinstance(request, SubmitOrder):
                self.submitted.append(request)
            return send(request, now_ns)

        def watched_hear(message: Message) -> None:
            if isinstance(message, CommandAnswer):
                self.answers.append(message)
            hear(message)

        self.runtime.run_loop = watched_run_loop  # type: ignore[method-assign]
        self.engine.send = watched_send  # type: ignore[method-assign]
        self.session._hear = watched_hear  # type: ignore[method-assign]
        self._watch_hangs()
        self._watch_gate()

    def _watch_hangs(self) -> None:
        hang, patient = self.runtime.hang, self.settings.supervision.hang_after_ms >= 60_000

        def watched_hang(address: Address, epoch: int) -> None:
            if patient and address.name in self._hanging:
                self._silent.add((address.name, epoch))
            hang(address, epoch)

        self.runtime.hang = watched_hang  # type: ignore[method-assign]

    def _watch_pulse(self, supervisor: Supervisor) -> None:
        begin = supervisor.begin

        def watched_begin() -> None:
            begin()
            pulse = supervisor._watch._pulse
            silent = pulse.silent

            def watched_silent(name: str, now_ns: int, patience: int = 1) -> bool:
                noticed = (name, self.living(name)) in self._silent
                return noticed or silent(name, now_ns, patience)

            pulse.silent = watched_silent  # type: ignore[method-assign]

        supervisor.begin = watched_begin  # type: ignore[method-assign]

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
        """It is noticed at once where the house is ``PATIENT``."""
        self._hanging.add(name)
        self.tell(name, InjectHang("drill"))

    def notice(self, name: str) -> None:
        """Its living incarnation has given no sign of life for long enough, whatever the clock
        says: so nobody else's patience has to be short, and slowness alone is no hang."""
        self._silent.add((name, self.living(name)))

    def living(self, name: str) -> int:
        return self.runtime.address(name).living

    def start(self) -> None:
        self.runtime.register(DRILL)
        self.session.start()
        self.runtime.spawn(DRILL, starter(Drill, plan=self._plan))

    def run(self) -> Ended:
        self.start()
        return self.finish()

    def run_until(
        self, done: Callable[[], bool], what: str, patience_s: float = PATIENCE_S
    ) -> Ended:
        """Of an attended house without an end: somebody quits once ``done``, however long that
        takes on a busy machine."""
        ended: list[Ended] = []
        waiter = threading.Thread(target=lambda: ended.append(self.finish()))
        self.start()
        waiter.start()
        try:
            until(done, what, patience_s)
        finally:
            self.session.quit("the test is over")
            waiter.join(PATIENCE_S)
        assert ended, "the daemon did not end"
        return ended[0]

    @property
    def trades(self) -> int:
        """How many the venue has made."""
        return sum(len(desk.trades) for desk in self.engine.desks)

    def _check_runtime(self) -> None:
        """Whatever was fenced when, the count of work is right and no thread is left behind."""
        actors = (EXCHANGE, *self.session.house.supervised)
        if self.settings.market.speed == 0:  # where work is counted
            waiting = sum(self.runtime.address(name).mailbox.depth for name in actors)
            assert self.runtime._activity._count == waiting
        names = {*actors, MARKET_CREW}

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


def tell_operator(house: House, message: Message) -> None:
    """As the terminal does."""
    house.tell(SUPERVISOR, message)


def exchange_died(house: House) -> None:
    house.crash(EXCHANGE)
