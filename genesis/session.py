"""One run from its first line to its summary: opens what it needs, waits, ends in good order."""

from __future__ import annotations

import queue
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import pykka
import structlog

from genesis.capture.live import LiveCapture
from genesis.config import Settings
from genesis.daemon import House
from genesis.domain import book, vigil
from genesis.domain.state import TradingState
from genesis.errors import JournalTampered, StorageError
from genesis.exchange.binance import decode
from genesis.exchange.source import Market, open_market
from genesis.messages.base import Message
from genesis.messages.control import Quit
from genesis.messages.journal import Entry, JournalFailed, JournalRecovered
from genesis.messages.lifecycle import (
    Ended,
    Failed,
    GaveUp,
    InputFailed,
    MarketEnded,
    Noted,
    RunOver,
    Shutdown,
    Started,
    StartMarket,
)
from genesis.messages.market import Best
from genesis.messages.names import EXCHANGE, EXECUTOR, PUBLISHER, SUPERVISOR
from genesis.messages.orders import CancelOrders
from genesis.runs.notices import TellOnce, at_the_start
from genesis.runs.opening import begin_run, first_ns, shut_gate
from genesis.runs.summary import Summary, ask_best, closing_summary
from genesis.runtime.clock import Clock, ScaledClock, WarpClock
from genesis.runtime.gate import HALT, OVER
from genesis.runtime.threads import ThreadsRuntime
from genesis.simulator import tape
from genesis.storage.folder import DataFolder
from genesis.storage.journal import Journal
from genesis.storage.verify import prove

DONE, HALTED, FAULT = 0, 3, 4
END_TIMEOUT_S = 60.0


class Options(NamedTuple):
    """``for_s`` is trading time. ``attended``: somebody watches, so a fault, or an end that was
    not asked for, leaves everything standing until the operator quits. ``repeat``: how often a
    recording is played."""

    all_symbols: bool
    until_end: bool
    for_s: float | None
    attended: bool
    repeat: int = 1


class Outcome(NamedTuple):
    """``error`` is one line for a person, empty when there was none."""

    exit_code: int
    error: str
    summary: Summary | None


def market_of(settings: Settings, options: Options) -> Market:
    """Open the market of a run. Raises InputError, ConfigError as ``open_market`` does."""
    market = settings.market
    return open_market(
        market.market,
        market.symbols,
        market.seed,
        all_symbols=options.all_symbols,
        repeat=options.repeat,
    )


class Session:
    """Build it (which opens and checks everything), ``start``, then ``wait``."""

    def __init__(
        self,
        settings: Settings,
        folder: DataFolder,
        options: Options,
        news: Callable[[Entry], None] = lambda entry: None,
        market: Market | None = None,
    ) -> None:
        """``news`` is told of committed facts, on a thread of its own; ``market`` is what
        ``market_of`` opened, where it has to be known as sound before the folder is made."""
        decode.warm_up()
        book.warm_up()
        tape.warm_up()
        vigil.warm_up()
        self._settings = settings
        self._options = options
        self._folder = folder
        self._reports: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._market = market or market_of(settings, options)
        self._before, state = self._begin_run(news)
        self._notices = at_the_start(folder.path, self._before, state, settings, self._market)
        start_ns = self._market.start_ns
        self._capture = LiveCapture(settings)
        self.runtime = ThreadsRuntime(
            _clock(settings.market.speed, start_ns),
            seed=settings.market.seed,
            mailbox_capacity=settings.mailbox.capacity,
            observer=self._capture.observer,
        )
        self.runtime.supervisor_down = self._supervisor_down
        end_ns = None if options.for_s is None else start_ns + int(options.for_s * 1e9)
        self.house = House(
            self.runtime,
            settings,
            self._market,
            self._capture.journal(self._open_journal),
            state,
            end_ns,
            self._reports.put,
            news=news,
        )
        self._capture.begin(folder.path, state, self._market, self.house.supervised)
        shut_gate(self.house.gate, state)
        self._asked_best: list[pykka.Future[Best]] = []
        self._error = ""
        self._ending = self._ended = False
        self._supervisor_handled = 0
        self._same_looks = 0
        self._told = TellOnce(self._note)
        self._journal_failed: tuple[float, str] | None = None

    def start(self) -> None:
        """Set the actors going; ``wait`` hears the rest."""
        # At the default of 5 ms one busy thread would add as much to every hop between actors.
        sys.setswitchinterval(1e-4)
        self.runtime.hold_time()
        self.house.start()
        self._told.tell(self._notices)

    def send(self, message: Message) -> None:
        """A command of the operator."""
        self.runtime.address(SUPERVISOR).tell(message)

    def quit(self, reason: str) -> None:
        """End the run in good order; safe from any thread and from a signal handler."""
        self._reports.put(Quit(reason))

    def wait(self, every_s: float, look: Callable[[], None]) -> Outcome:
        """Until the run is over; calls ``look`` every ``every_s`` seconds meanwhile."""
        next_look_s = time.monotonic() + every_s
        deadline_s: float | None = None
        while True:
            try:
                report = self._reports.get(timeout=max(0.0, next_look_s - time.monotonic()))
            except queue.Empty:
                # Looks missed in a pause of the process are not made up for: nothing has gone on.
                next_look_s = time.monotonic() + every_s
                look()
                self._told.tell_new_kinds(self.house.decoder.notes())
                self._watch_journal()
                self._watch_supervisor(every_s)
                if deadline_s is not None and time.monotonic() > deadline_s:
                    self._error = self._error or "the actors did not end in time"
                    break
                continue
            if isinstance(report, Ended):
                self._ended = True
                self._error = self._error or self._left_undone(report)
                break
            self._hear(report)
            if self._ending and deadline_s is None:
                deadline_s = time.monotonic() + END_TIMEOUT_S
        return self._finish()

    def _hear(self, report: Message) -> None:
        match report:
            case Started():
                self.runtime.clock.jump_to(self._market.start_ns)
                for name in (EXCHANGE, SUPERVISOR):
                    self.runtime.address(name).tell(StartMarket())
                self.runtime.release_time()
            case MarketEnded():
                self._over("the market is over")
            case GaveUp(reason) if self._settings.market.speed == 0 and not self._options.attended:
                # The market stands while a restart waits; and nobody is there to resume.
                self._end(reason)
            case Quit(reason):
                self._end(reason)
            case InputFailed(error):
                self._error = self._error or error
                self._over(error)
            case Failed(error):
                self._error = self._error or error
                self._end(error)
            case JournalFailed(reason):
                self._journal_failed = (time.monotonic(), reason)
                print(f"genesis: {reason}; trading is held meanwhile", file=sys.stderr)
            case JournalRecovered():
                self._journal_failed = None

    def _over(self, reason: str) -> None:
        """Nothing more will come; whoever watches decides when to leave."""
        self._told.tell(self.house.decoder.notes())
        options = self._options
        asked_to_end = options.until_end or options.for_s is not None
        stays = options.attended if self._error else not asked_to_end
        if stays:
            self.house.gate.hold(OVER, reason)
            # Nothing would ever fill them, and what is open counts as exposure.
            self.runtime.address(EXECUTOR).tell(CancelOrders(reason))
            self.runtime.address(PUBLISHER).tell(RunOver(reason))
        else:
            self._end(reason)

    def _end(self, reason: str) -> None:
        if self._ending:
            return
        self._ending = True
        self._told.tell(self.house.decoder.notes())
        # Asked before anyone is stopped, and not waited for: the gate is to be shut at once.
        self._asked_best = ask_best(self.runtime, self.house.symbols)
        self.send(Shutdown(reason))
        self.runtime.release_time()

    def _left_undone(self, ended: Ended) -> str:
        """What the end could not bring in order, as one line."""
        left = "orders may be left open at the venue"
        if self._journal_failed is None:
            return left if ended.orders_left else ""
        _, reason = self._journal_failed
        text = f"{reason}; the run's last facts are not in the journal"
        return f"{text}, and {left}" if ended.orders_left else text

    def _note(self, line: str) -> None:
        structlog.get_logger(__name__).warning(line)
        self.runtime.address(PUBLISHER).tell(Noted(line))

    def _watch_journal(self) -> None:
        if self._journal_failed is None or self._options.attended or self._ending:
            return
        since_s, reason = self._journal_failed
        patience_s = self._settings.journal.give_up_ms / 1000
        if time.monotonic() - since_s > patience_s:
            self._error = self._error or f"ended after {patience_s:g} s: {reason}"
            self._end("the journal could not be written")

    def _watch_supervisor(self, every_s: float) -> None:
        """Nobody else would see it hang, nor the timers that bring it its heartbeats. Counted in
        looks: a pause of the process is no hang."""
        address = self.runtime.address(SUPERVISOR)
        handled = address.mailbox.metrics().handled
        self._same_looks = self._same_looks + 1 if handled == self._supervisor_handled else 0
        self._supervisor_handled = handled
        patience_s = self._settings.supervision.hang_after_ms / 1000
        if self._same_looks > max(2.0, patience_s / every_s):
            reason = f"it gave no sign of life for {patience_s:g} s"
            self.runtime.fence(SUPERVISOR, address.living, reason)
            self._supervisor_down(reason)

    def _supervisor_down(self, reason: str) -> None:
        self.house.gate.hold(HALT, f"the supervisor died: {reason}")
        self._error = f"the supervisor died: {reason}"
        self._reports.put(Ended(orders_left=True))

    def _open_journal(self) -> Journal:
        journal = self._settings.journal
        return Journal.open(
            self._folder,
            checkpoint_every=journal.checkpoint_every,
            busy_timeout_ms=journal.busy_timeout_ms,
        )

    def _begin_run(self, news: Callable[[Entry], None]) -> tuple[TradingState, TradingState]:
        try:
            journal = self._open_journal()
            prove(self._folder.path)
        except JournalTampered as error:
            raise JournalTampered(
                f"{self._folder.journal_path} was altered: {error}; restore it from a copy "
                "or choose another --data-dir"
            ) from error
        at_ns = first_ns(self._settings.market.speed, self._market.start_ns)
        states = begin_run(journal, self._settings, self._market, at_ns, news)
        journal.close()
        return states

    def _finish(self) -> Outcome:
        self.house.slot.close()
        halted = self.house.gate.held(HALT)
        orderly = self._ended and self.runtime.address(SUPERVISOR).living != 0
        self.runtime.stop()
        self._capture.finish(orderly)
        summary = None
        try:
            summary = closing_summary(
                self._open_journal,
                self.runtime.counters,
                self._before,
                self._asked_best,
                self._market.instruments,
            )
        except StorageError as error:
            self._error = self._error or str(error)
        code = FAULT if self._error else HALTED if halted else DONE
        return Outcome(code, self._error, summary)


def _clock(speed: float, start_ns: int) -> Clock:
    begin_ns = first_ns(speed, start_ns)
    return ScaledClock(begin_ns, speed) if speed else WarpClock(begin_ns)
