"""Handing facts to the journal until they are durable, and following it without a hole."""

from __future__ import annotations

from typing import Any, ClassVar

from genesis.messages.journal import (
    AnyEvent,
    AppendFacts,
    Entry,
    Event,
    Fact,
    FactsCommitted,
    JournalAppended,
    JournalOpened,
    JournalSnapshot,
    Subscribe,
)
from genesis.messages.names import PERSISTENCE
from genesis.runtime.actor import Actor, handles

TOGETHER_MAX = 64
"""So many facts are gathered at most, however many messages still wait."""


class Outbox:
    """Facts of one incarnation, kept in order until persistence has committed them."""

    def __init__(self, source: str, source_epoch: int, wait: bool = True) -> None:
        """``wait``: for each commit; otherwise it is enough to hear of some now and then."""
        self._source = source
        self._source_epoch = source_epoch
        self._wait = wait
        self._waiting: list[Fact] = []
        self._durable = 0  # number of the newest fact that is known to be durable

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, facts: tuple[Fact, ...]) -> AppendFacts:
        """Keep ``facts`` and return the message that hands them over."""
        durable = self._durable
        first = durable + len(self._waiting) + 1
        self._waiting += facts
        return AppendFacts(self._source, self._source_epoch, first, facts, durable, self._wait)

    def committed(self, message: FactsCommitted) -> list[Fact]:
        """The facts this commit made durable, each once."""
        if message.source_epoch != self._source_epoch:
            return []
        count = message.upto - self._durable
        if count <= 0:
            return []
        facts = self._waiting[:count]
        del self._waiting[:count]
        self._durable += len(facts)
        return facts

    def again(self) -> AppendFacts | None:
        """Everything not known to be durable; persistence keeps each number once."""
        if not self._waiting:
            return None
        facts, self._waiting = tuple(self._waiting), []
        return self.add(facts)


class JournalingActor(Actor):
    """An actor whose facts reach the journal even when persistence dies in between."""

    def begin(self) -> None:
        waits = type(self).on_durable is not JournalingActor.on_durable
        self.outbox = Outbox(self.name, self.epoch, waits)
        self._held: list[Fact] = []

    def end(self) -> None:
        self.hand_over()

    def record(self, *events: AnyEvent) -> None:
        """Hand facts to the journal; ``on_durable`` is called once they are committed."""
        if events:
            self.hold(*events)
            self.hand_over()

    def hold(self, *events: AnyEvent) -> None:
        """Facts that nobody waits for: they are handed over with the next that is recorded."""
        now_ns = self.now_ns()
        for event in events:
            self._held.append(Fact(now_ns, event))

    def hand_over(self) -> None:
        """Hand over what is held."""
        held = self._held
        if held:
            self._held = []
            self.tell(PERSISTENCE, self.outbox.add(tuple(held)))

    def on_durable(self, facts: list[Fact]) -> None:
        """These facts of this incarnation are committed, in order. Who does not define this waits
        for none of them: they are committed with those of others, and it hears of many at once."""

    def on_journal_opened(self, opened: JournalOpened) -> None:
        """A new incarnation of persistence is ready."""

    @handles(FactsCommitted)
    def _on_facts_committed(self, message: FactsCommitted) -> None:
        self.on_durable(self.outbox.committed(message))

    @handles(JournalOpened)
    def _on_journal_opened(self, opened: JournalOpened) -> None:
        again = self.outbox.again()
        if again is not None:
            self.tell(PERSISTENCE, again)
        self.on_journal_opened(opened)


class Follower:
    """Reads the journal in sequence: a snapshot first, then every entry once."""

    def __init__(
        self, subscriber: str, epoch: int = 0, kinds: tuple[type[Event], ...] | None = None
    ) -> None:
        """``kinds``: the events that are folded, None for all."""
        self._subscriber = subscriber
        self._epoch = epoch
        self._kinds = None if kinds is None else tuple(kind.__name__ for kind in kinds)
        self._seq: int | None = None

    @property
    def ready(self) -> bool:
        return self._seq is not None

    def subscribe(self) -> Subscribe:
        """Ask for a snapshot, or for what is missing since the last entry seen."""
        return Subscribe(self._subscriber, self._seq, epoch=self._epoch, kinds=self._kinds)

    def restored(self, snapshot: JournalSnapshot) -> bool:
        """False for the answer to a former incarnation, and when a snapshot comes twice: the first
        one counts."""
        if self._seq is not None or snapshot.epoch != self._epoch:
            return False
        self._seq = snapshot.seq
        return True

    def read(self, appended: JournalAppended) -> tuple[Entry, ...] | None:
        """The entries not seen before; None when some are missing: subscribe again."""
        read = self._seq
        if read is None:
            return ()
        if appended.first_seq > read + 1:
            return None
        entries = appended.entries
        if entries[0].seq <= read:
            entries = entries[read + 1 - entries[0].seq :]
        if entries:
            self._seq = entries[-1].seq
        return entries


class FollowingActor(JournalingActor):
    """An actor whose state is a fold of the journal, of its ``kinds`` of events (None: of all)."""

    kinds: ClassVar[tuple[type[Event], ...] | None] = None

    def begin(self) -> None:
        super().begin()
        self.follower = Follower(self.name, self.epoch, self.kinds)
        self.tell(PERSISTENCE, self.follower.subscribe())

    def restore(self, snapshot: JournalSnapshot) -> None:
        """Take over the state as of the snapshot."""
        raise NotImplementedError(f"{self.name} follows the journal but restores nothing")

    def follow(self, entries: tuple[Entry, ...]) -> None:
        """Fold the next entries."""
        raise NotImplementedError(f"{self.name} follows the journal but folds nothing")

    @handles(JournalSnapshot)
    def _on_snapshot(self, snapshot: JournalSnapshot) -> None:
        if self.follower.restored(snapshot):
            self.restore(snapshot)

    @handles(JournalAppended)
    def _on_appended(self, appended: JournalAppended) -> None:
        entries = self.follower.read(appended)
        if entries:
            self.follow(entries)
        elif entries is None:
            self.tell(PERSISTENCE, self.follower.subscribe())
        if appended.committed is not None:
            self._on_facts_committed(appended.committed)

    def on_journal_opened(self, opened: JournalOpened) -> None:
        self.tell(PERSISTENCE, self.follower.subscribe())


class GatheringActor(FollowingActor):
    """One whose facts of a moment are committed together, however many messages bring them."""

    def begin(self) -> None:
        super().begin()
        self._gathering = False

    def gather(self, *events: AnyEvent) -> None:
        """As ``record``, but while messages wait, what they bring is waited for."""
        if events:
            self.hold(*events)
            self._gathering = True

    def hand_over(self) -> None:
        self._gathering = False
        super().hand_over()

    def on_receive(self, message: Any) -> Any:
        held, before = self._held, len(self._held)
        handled = False
        try:
            answer = super().on_receive(message)
            handled = True
        finally:
            if not handled and self._held is held:
                # What the messages before this one brought does not die with it.
                del held[before:]
                self.hand_over()
        if self._gathering and (len(self._held) >= TOGETHER_MAX or not self.more_waits()):
            self.hand_over()
        return answer
