"""Decides when the trading gate shuts and what must be proven before it opens. Sends no order.

The halt ladder: gate shut first, then every order cancelled, then none open proven at the venue.
The way back: a reconciliation without differences, and after a halt the operator's typed phrase.
"""

from __future__ import annotations

from typing import Protocol

from genesis.counted import counted
from genesis.messages.base import Message
from genesis.messages.control import (
    RESUME_PHRASE,
    CancelAllDone,
    CommandAnswer,
    Halt,
    ReconcileDone,
    ReconcileNow,
    Resume,
)
from genesis.messages.journal import AnyEvent, GateMoved, Halted, HaltProven, Resumed
from genesis.messages.names import EXECUTOR
from genesis.messages.orders import CancelOrders
from genesis.runtime.gate import HALT, OVER, GateReading, TradingGate

RECOVERY = "recovery"
STARTING = "starting, comparing with the venue"
"""Why the gate is shut when a run begins."""
JOURNAL = "journal"
SHUTDOWN = "shutdown"
OPERATOR = "operator"
"""The source of a halt that a person asked for."""
RETRY_NS = 1_000_000_000
GIVE_UP_NS = 60_000_000_000
"""A reconciliation that still differs after this long needs a person: it halts."""


class Retry(Message, frozen=True):
    """Time for another pass of the reconciliation for ``cause``."""

    cause: str


class Host(Protocol):
    """What the ladder may do; the supervisor is its host."""

    def now_ns(self) -> int: ...

    def tell(self, to: str, message: Message) -> None: ...

    def record(self, *events: AnyEvent) -> None: ...

    def after(self, delay_ns: int, message: Message) -> None: ...

    def answer(self, answer: CommandAnswer) -> None: ...

    def resumed(self) -> None: ...


class Ladder:
    """One per supervisor incarnation; the gate itself and the journal outlive it."""

    def __init__(self, gate: TradingGate, host: Host) -> None:
        self._gate = gate
        self._host = host
        self._noted: GateReading | None = None
        self._resuming: Resume | None = None
        self._since_ns: dict[str, int] = {}  # of the reconciliations whose outcome is awaited
        self._gave_up = False
        self._proven = False

    def hold(self, key: str, reason: str) -> None:
        """Shut the gate until ``key`` is released."""
        self._gate.hold(key, reason)
        self.note()

    def release(self, key: str) -> None:
        self._gate.release(key)
        self.note()

    def note(self) -> None:
        """Journal the gate's state when it has changed, whoever changed it."""
        reading = self._gate.read()
        if self._noted is None or reading.state != self._noted.state:
            self._host.record(GateMoved(str(reading.state), reading.reason))
        self._noted = reading

    def money_actor_failed(self, name: str, reason: str) -> None:
        """Risk, executor or persistence died: nothing leaves until the venue was compared."""
        self._since_ns.pop(RECOVERY, None)  # a pass that is under way proves too little now
        self._gave_up = False
        self.hold(RECOVERY, f"{name} is restarting: {reason}")

    def recover(self) -> None:
        """Everything is up: ask for whatever the gate waits for, and for what a failed executor
        may have taken with it."""
        if self._gate.held(RECOVERY):
            self._reconcile(RECOVERY)
        if self._resuming is not None:
            self._reconcile(HALT)
        if self._gate.held(HALT) and not self._proven:
            self._cancel_all()
        elif self._gate.held(OVER):
            self._host.tell(EXECUTOR, CancelOrders("the market is over"))

    def halt(self, halt: Halt) -> None:
        """Trip the global halt. One that is latched already keeps its first reason."""
        already = self._gate.held(HALT)
        self._resuming = None
        self._gate.hold(HALT, halt.reason)
        if already:
            if halt.source == OPERATOR:
                self._host.answer(CommandAnswer(False, "Trading is halted already."))
            return
        self._host.record(Halted(halt.reason, halt.source))
        self.note()
        self._proven = False
        self._cancel_all()
        text = f"Halted: {halt.reason}. Open orders are being cancelled."
        self._host.answer(CommandAnswer(True, text))

    def proven(self, done: CancelAllDone) -> None:
        """The venue shows no open order."""
        if self._gate.held(HALT) and not self._proven:
            self._proven = True
            self._host.record(HaltProven(done.canceled))
            text = f"{counted(done.canceled, 'order')} cancelled; the venue shows none open."
            self._host.answer(CommandAnswer(True, text))
            if self._resuming is not None:
                self._reconcile(HALT)

    def resume(self, resume: Resume) -> None:
        """The operator wants to leave the halt."""
        if not self._gate.held(HALT):
            text = f"Trading is not halted.{self._if_over()}"
            self._host.answer(CommandAnswer(False, text))
        elif not resume.reason.strip():
            self._host.answer(CommandAnswer(False, "Say why: resume <reason>."))
        elif resume.phrase != RESUME_PHRASE:
            text = f"Not resumed: the phrase is '{RESUME_PHRASE}'."
            self._host.answer(CommandAnswer(False, text))
        else:
            self._resuming = resume
            self._host.answer(CommandAnswer(True, "Comparing with the venue before resuming."))
            self._reconcile(HALT)

    def reconciled(self, done: ReconcileDone) -> None:
        """A pass is over: open what waited for it, try again, or give up."""
        since_ns = self._since_ns.get(done.cause)
        if since_ns is None or not self._gate.held(done.cause):
            self._since_ns.pop(done.cause, None)
        elif not done.differences:
            del self._since_ns[done.cause]
            self._agreed(done.cause)
        elif self._host.now_ns() - since_ns < GIVE_UP_NS:
            self._host.after(RETRY_NS, Retry(done.cause))
        else:
            self._differs(done)

    def retry(self, retry: Retry) -> None:
        if retry.cause in self._since_ns:
            self._host.tell(EXECUTOR, ReconcileNow(retry.cause))

    def _cancel_all(self) -> None:
        reason = self._gate.read().reason
        self._host.tell(EXECUTOR, CancelOrders(f"halt: {reason}"))

    def _reconcile(self, cause: str) -> None:
        self._since_ns[cause] = self._host.now_ns()
        self._host.tell(EXECUTOR, ReconcileNow(cause))

    def _agreed(self, cause: str) -> None:
        if cause == HALT:
            if self._resuming is None or not self._proven:
                return  # the executor is still cancelling; ``proven`` compares once more
            self._host.record(Resumed(self._resuming.reason))
            text = f"Resumed: {self._resuming.reason}.{self._if_over()}"
            self._host.answer(CommandAnswer(True, text))
            self._resuming = None
            self._host.resumed()
            if self._gave_up:  # what recovery could not reach is reached now
                self._gave_up = False
                self._gate.release(RECOVERY)
        self.release(cause)

    def _if_over(self) -> str:
        """What a resume cannot change."""
        if not self._gate.held(OVER):
            return ""
        return " The run is over: nothing is traded until the next start."

    def _differs(self, done: ReconcileDone) -> None:
        del self._since_ns[done.cause]
        text = f"the venue and the journal differ: {'; '.join(done.differences)}"
        if done.cause == HALT:
            self._resuming = None
            self._host.answer(CommandAnswer(False, f"Not resumed: {text}"))
        else:
            self._gave_up = True
            self.halt(Halt(text, "reconciliation"))
