"""Keeps its children alive, fences the hung, and shuts the gate while money's actors are down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from genesis.actors.journaling import JournalingActor
from genesis.actors.ladder import JOURNAL, SHUTDOWN, Ladder, Retry
from genesis.actors.nursery import Incarnation, Nursery, Times
from genesis.actors.watch import Watch
from genesis.messages.base import Message
from genesis.messages.control import (
    CancelAllDone,
    CommandAnswer,
    Halt,
    Quit,
    ReconcileDone,
    Resume,
)
from genesis.messages.journal import (
    ActorRestarted,
    DeadLettered,
    Fact,
    JournalFailed,
    JournalOpened,
    JournalRecovered,
    RunEnded,
)
from genesis.messages.lifecycle import (
    ActorDown,
    ActorSeen,
    ActorsSeen,
    ActorStarted,
    ActorStopped,
    Ended,
    Failed,
    Finish,
    GaveUp,
    Heartbeat,
    InputFailed,
    MailboxOverflowed,
    MarketEnded,
    Pong,
    Shutdown,
    ShutdownDue,
    SpawnDue,
    StartCheck,
    Started,
    StartMarket,
    Stop,
    StopCheck,
)
from genesis.messages.names import EXCHANGE, EXECUTOR, PUBLISHER
from genesis.messages.orders import CancelOrders
from genesis.runtime.actor import Context, handles, handles_each
from genesis.runtime.base import describe
from genesis.runtime.gate import TradingGate
from genesis.runtime.supervision import (
    Action,
    AllDown,
    AllUp,
    ChildSpec,
    Escalate,
    GroupSpec,
    Plan,
    Restarted,
    Spawn,
    StopChild,
)

OUTSIDE_PATIENCE = 10
"""So many times as patient as with a child: nothing can be put in the exchange's place."""
SOON_NS = 100_000_000
"""No restart waits longer at the end: where time waits for the work, it would wait for that one."""


class Supervisor(JournalingActor):
    """``report`` carries to the daemon what it must know; ``money`` are the actors whose loss
    shuts the gate."""

    def __init__(
        self,
        context: Context,
        nursery: Nursery,
        gate: TradingGate,
        groups: Sequence[GroupSpec],
        children: Sequence[ChildSpec],
        starts: Mapping[str, Callable[[Context], Any]],
        money: frozenset[str],
        times: Times,
        run: int,
        report: Callable[[Message], None],
    ) -> None:
        super().__init__(context)
        self._nursery = nursery
        self._gate = gate
        self._groups = groups
        self._children = children
        self._starts = starts
        self._money = money
        self._times = times
        self._run = run
        self._report = report

    def begin(self) -> None:
        super().begin()
        self._plan = Plan(self._groups, self._children)
        self._ladder = Ladder(self._gate, self)
        self._epochs: dict[str, int] = {}
        self._living: dict[str, int] = {}  # as _epochs, of those that have not failed or ended
        self._watch = Watch(self._nursery, self._times)
        self._watch.heard(EXCHANGE)
        self._was_up = False
        self._ending: Shutdown | None = None
        self._orders_left = True
        self._ladder.note()
        self._do(self._plan.begin())
        self.after_wall(self._times.heartbeat_ns, Heartbeat())

    def answer(self, answer: CommandAnswer) -> None:
        """Tell the operator what became of a command."""
        self._show(answer)
        self._report(answer)

    def _show(self, message: Message) -> None:
        """To the screens, where there are any."""
        if PUBLISHER in self._starts:
            self.tell(PUBLISHER, message)

    def _do(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Spawn(name, 0):
                    self._spawn(name)
                case Spawn(name, delay_ns):
                    wait_ns = delay_ns if self._ending is None else min(delay_ns, SOON_NS)
                    self.after_wall(wait_ns, SpawnDue(name))
                case StopChild(name):
                    self._stop_child(name)
                case Escalate(_, reason):
                    self._ladder.halt(Halt(reason, self.name))
                    self._report(GaveUp(reason))
                case Restarted(name, cause, reason):
                    self.count("restarts")
                    self.record(ActorRestarted(name, self._epochs[name], cause, reason))
                case AllUp():
                    self._all_up()
                case AllDown():
                    self._report(Ended(self._orders_left))

    def _all_up(self) -> None:
        if self._was_up:
            self._ladder.recover()
            if self._ending is not None and self._orders_left:
                self._cancel_everything(self._ending)  # the executor may have died over it
        else:
            self._was_up = True
            self._report(Started())

    @handles(StartMarket)
    def _on_market_starts(self, start: StartMarket) -> None:
        # Not before: trading time jumps when the market starts, over every patience of recovery.
        self._ladder.recover()

    def _spawn(self, name: str) -> None:
        epoch = self._nursery.spawn(name, self._starts[name])
        self._epochs[name] = self._living[name] = epoch
        self._watch.heard(name)
        self.after_wall(self._times.start_timeout_ns, StartCheck(name, epoch))

    def _stop_child(self, name: str) -> None:
        epoch = self._living[name]
        stop = Stop(epoch) if self._ending is None else Finish(epoch)
        self._nursery.address(name).tell(stop)
        self.after_wall(self._times.shutdown_timeout_ns, StopCheck(name, epoch))

    @handles(SpawnDue)
    def _on_spawn_due(self, due: SpawnDue) -> None:
        if self._plan.delay_over(due.name):
            self._spawn(due.name)

    @handles(StartCheck)
    def _on_start_check(self, check: StartCheck) -> None:
        if self._lives(check) and self._plan.state(check.name) == "starting":
            self._overdue(check, "it did not start in time")

    @handles(StopCheck)
    def _on_stop_check(self, check: StopCheck) -> None:
        if self._lives(check) and self._plan.state(check.name) == "stopping":
            self._overdue(check, "it did not stop in time")

    def _overdue(self, check: StartCheck | StopCheck, reason: str) -> None:
        if self._nursery.waits(check.name):
            self.after_wall(self._times.heartbeat_ns, check)  # it had no chance yet
        else:
            self._fence(check.name, reason)

    def _lives(self, news: Incarnation) -> bool:
        """Whether the news are of a child that still counts as living: a death that was noticed in
        two ways must not count twice."""
        return self._living.get(news.name) == news.epoch

    def _fence(self, name: str, reason: str) -> None:
        self._failed(name, reason, self._nursery.fence(name, self._living[name], reason))

    @handles(ActorStarted)
    def _on_started(self, started: ActorStarted) -> None:
        if self._lives(started):
            self._watch.heard(started.name)
            self._do(self._plan.started(started.name))

    @handles(ActorStopped)
    def _on_stopped(self, stopped: ActorStopped) -> None:
        if self._lives(stopped):
            del self._living[stopped.name]
            self._do(self._plan.stopped(stopped.name, self._nursery.wall_ns()))

    @handles(ActorDown)
    def _on_down(self, down: ActorDown) -> None:
        if down.name not in self._starts:
            self._report(Failed(f"{down.name} died: {down.reason}"))
        elif self._lives(down):
            self._failed(down.name, down.reason, down.message)

    def _failed(self, name: str, reason: str, message: Message | None) -> None:
        epoch = self._living.pop(name)
        if name in self._money:
            self._ladder.money_actor_failed(name, reason)
        if message is not None:
            self.record(DeadLettered(name, epoch, describe(message), reason))
        self._do(self._plan.failed(name, reason, self._nursery.wall_ns()))

    @handles(Heartbeat)
    def _on_heartbeat(self, heartbeat: Heartbeat) -> None:
        seen = tuple(map(self._seen, self._starts))  # before the pings wait in every mailbox
        self._watch.beat()
        for name, epoch in tuple(self._living.items()):
            if self._plan.state(name) == "running" and (hangs := self._watch.ping(name, epoch)):
                self._fence(name, hangs)
        self._ask_exchange()
        self._ladder.note()
        self._show(ActorsSeen(seen))
        self.after_wall(self._times.heartbeat_ns, Heartbeat())

    def _ask_exchange(self) -> None:
        """It is nobody's child, but who waits for a turn behind it is excused."""
        epoch = self.living(EXCHANGE)
        if epoch and (hangs := self._watch.ping(EXCHANGE, epoch, OUTSIDE_PATIENCE)):
            self._nursery.fence(EXCHANGE, epoch, hangs)
            self._report(Failed(f"{EXCHANGE} is stuck: {hangs}"))

    def _seen(self, name: str) -> ActorSeen:
        metrics = self._nursery.address(name).mailbox.metrics()
        return ActorSeen(
            name=name,
            state=str(self._plan.state(name)),
            epoch=self._epochs.get(name, 0),
            restarts=self._plan.restarts(name),
            depth=metrics.depth,
            age_ns=metrics.age_ns,
            handled=metrics.handled,
            dropped=metrics.dropped,
            conflated=metrics.conflated,
            handle_ns=metrics.handle_ns,
        )

    @handles(Pong)
    def _on_pong(self, pong: Pong) -> None:
        if self._lives(pong) or pong.name == EXCHANGE:
            self._watch.heard(pong.name)

    @handles(MailboxOverflowed)
    def _on_overflow(self, overflow: MailboxOverflowed) -> None:
        self._ladder.halt(
            Halt(f"the mailbox of {overflow.name} is full ({overflow.capacity})", self.name)
        )

    @handles(Halt)
    def _on_halt(self, halt: Halt) -> None:
        self._ladder.halt(halt)

    @handles(Resume)
    def _on_resume(self, resume: Resume) -> None:
        self._ladder.resume(resume)

    @handles(ReconcileDone)
    def _on_reconciled(self, done: ReconcileDone) -> None:
        self._ladder.reconciled(done)

    def resumed(self) -> None:
        """The operator has seen the failures so far; they no longer count."""
        self._plan.forgive()

    @handles(Retry)
    def _on_retry(self, retry: Retry) -> None:
        self._ladder.retry(retry)

    @handles(JournalFailed)
    def _on_journal_failed(self, failed: JournalFailed) -> None:
        self._ladder.hold(JOURNAL, failed.reason)
        self._report(failed)

    @handles(JournalRecovered)
    def _on_journal_recovered(self, recovered: JournalRecovered) -> None:
        if self._gate.held(JOURNAL):
            self._ladder.release(JOURNAL)
            self._report(recovered)

    def on_journal_opened(self, opened: JournalOpened) -> None:
        self._on_journal_recovered(JournalRecovered())

    @handles_each(Quit, InputFailed, MarketEnded)
    def _on_end_wanted(self, message: Message) -> None:
        self._report(message)

    @handles(Shutdown)
    def _on_shutdown(self, shutdown: Shutdown) -> None:
        if self._ending is None:
            self._ending = shutdown
            self._ladder.hold(SHUTDOWN, shutdown.reason)
            self._cancel_everything(shutdown)
            for name in self._starts:
                self._on_spawn_due(SpawnDue(name))
            self.after_wall(self._times.shutdown_timeout_ns, ShutdownDue())

    def _cancel_everything(self, shutdown: Shutdown) -> None:
        self.tell(EXECUTOR, CancelOrders(shutdown.reason))

    @handles(CancelAllDone)
    def _on_cancel_all_done(self, done: CancelAllDone) -> None:
        self._ladder.proven(done)
        if self._ending is not None and self._orders_left:
            self._orders_left = False
            self.record(RunEnded(self._run, self._ending.reason))

    @handles(ShutdownDue)
    def _on_shutdown_due(self, due: ShutdownDue) -> None:
        # Also when the proof came and only the journal could not take the run's end.
        self._stop_everything()

    def on_durable(self, facts: list[Fact]) -> None:
        if any(isinstance(fact.event, RunEnded) for fact in facts):
            self._stop_everything()

    def _stop_everything(self) -> None:
        if not self._plan.shutting_down:
            self._do(self._plan.shutdown())
