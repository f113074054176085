"""The only writer: groups facts into commits, acknowledges after them, never before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, get_args

import msgspec

from genesis.errors import StorageError, WriterFenced
from genesis.messages.base import Message
from genesis.messages.journal import (
    AnyEvent,
    AppendFacts,
    Entry,
    FactsCommitted,
    JournalAppended,
    JournalFailed,
    JournalOpened,
    JournalRecovered,
    JournalSnapshot,
    Subscribe,
)
from genesis.messages.lifecycle import Ping
from genesis.messages.names import SUPERVISOR
from genesis.runtime.actor import Actor, Context, handles

RETRY_NS = 500_000_000
SLICE = 1_000
"""Entries sent to a follower that catches up, per message."""
UNAWAITED_MAX = 64
"""So many facts of one source that nobody waits for are left to the commits of others."""
EVERY_KIND = frozenset(kind.__name__ for kind in get_args(AnyEvent))


class JournalPort(Protocol):
    """What persistence needs of a journal (``genesis.storage.journal.Journal``)."""

    @property
    def head_seq(self) -> int: ...

    @property
    def run(self) -> int: ...

    def append(self, handed: Sequence[AppendFacts]) -> list[Entry]: ...

    def entries(self, after_seq: int = 0) -> Iterator[Entry]: ...

    def state_bytes(self) -> bytes: ...

    def close(self) -> None: ...


class Followed(msgspec.Struct):
    """What a follower folds, and up to which entry it was told of that."""

    kinds: frozenset[str]
    upto_seq: int


class Flush(Message, frozen=True):
    """Queued behind everything that waits: the group commit's end."""


class Persistence(Actor):
    """Holds the journal. While it cannot be written, facts wait here and the gate is shut."""

    def __init__(
        self, context: Context, open_journal: Callable[[], JournalPort], peers: tuple[str, ...]
    ) -> None:
        super().__init__(context)
        self._open_journal = open_journal
        self._peers = peers

    def begin(self) -> None:
        self._journal: JournalPort | None = None
        self._pending: list[AppendFacts] = []
        self._reached: dict[tuple[str, int], int] = {}  # newest fact taken, per source and epoch
        self._owed: dict[str, FactsCommitted] = {}  # to each source, once all is committed
        self._followers: dict[str, Followed] = {}  # by name, in its order
        self._waiting: dict[str, Subscribe] = {}
        self._flushing = False
        self._failed = False
        self._open()

    def end(self) -> None:
        self._commit()
        if self._journal is not None:
            self._journal.close()

    def _open(self) -> None:
        try:
            self._journal = self._open_journal()
        except WriterFenced:
            raise
        except StorageError as error:
            self._fail(error)
            return
        opened = JournalOpened(self._journal.head_seq, self._journal.run)
        for peer in self._peers:
            self.tell(peer, opened)

    @handles(AppendFacts)
    def _on_append(self, message: AppendFacts) -> None:
        source = (message.source, message.source_epoch)
        acknowledged = message.acknowledged
        reached = self._reached.get(source, 0)
        if reached < acknowledged:
            reached = acknowledged
        if message.first > reached + 1:
            # A former incarnation took the facts between with it. The source hands all of them
            # over again when it hears JournalOpened; acknowledging beyond them would lose them.
            return
        newest = message.first + len(message.facts) - 1
        if newest < reached:
            newest = reached
        self._reached[source] = newest
        self._pending.append(message)
        if not message.wait and newest - acknowledged < UNAWAITED_MAX:
            return
        self._owed[message.source] = FactsCommitted(message.source_epoch, newest)
        if self._flushing:
            return
        if self._journal is not None and not self.more_waits():
            self._commit()
        else:
            self._flushing = True
            self.tell(self.name, Flush())

    @handles(Flush)
    def _on_flush(self, flush: Flush) -> None:
        self._flushing = False
        if self._journal is None:
            self._open()
        self._commit()

    @handles(Ping)
    def _on_ping(self, ping: Ping) -> None:
        super()._on_ping(ping)
        if not self._flushing:
            self._commit()  # what nobody waits for

    @handles(Subscribe)
    def _on_subscribe(self, message: Subscribe) -> None:
        self._commit()
        journal = self._journal
        if journal is None or self._pending:
            # A snapshot must hold everything its asker's former incarnation handed over.
            self._waiting[message.subscriber] = message
            return
        if message.after_seq is None:
            snapshot = JournalSnapshot(journal.head_seq, journal.state_bytes(), message.epoch)
            self.tell(message.subscriber, snapshot)
        else:
            self._catch_up(journal, message.subscriber, message.after_seq)
        kinds = EVERY_KIND if message.kinds is None else frozenset(message.kinds)
        self._followers[message.subscriber] = Followed(kinds, journal.head_seq)
        self._followers = dict(sorted(self._followers.items()))

    def _catch_up(self, journal: JournalPort, subscriber: str, after_seq: int) -> None:
        batch: list[Entry] = []
        for entry in journal.entries(after_seq):
            batch.append(entry)
            if len(batch) == SLICE:
                self.tell(subscriber, JournalAppended(batch[0].seq, tuple(batch)))
                batch = []
        if batch:
            self.tell(subscriber, JournalAppended(batch[0].seq, tuple(batch)))

    def _commit(self) -> None:
        journal = self._journal
        if journal is None:
            return
        if self._pending:
            try:
                entries = journal.append(self._pending)
            except WriterFenced:
                raise
            except StorageError as error:
                self._fail(error)
                return
            self._pending.clear()
            self._publish(entries)
        if self._failed:
            self._failed = False
            self.tell(SUPERVISOR, JournalRecovered())
        if self._waiting:
            waiting, self._waiting = self._waiting, {}
            for message in waiting.values():
                self._on_subscribe(message)

    def _publish(self, entries: list[Entry]) -> None:
        """Who folds any of it hears of its own facts in the message with the entries, and after
        them: so who has no fact waiting any more has folded all its own."""
        owed, self._owed = self._owed, {}
        if entries:
            said, newest = tuple(entries), entries[-1].seq
            brought = {type(entry.event).__name__ for entry in entries}
            for name, followed in self._followers.items():
                own = owed.pop(name, None)
                if not brought.isdisjoint(followed.kinds):
                    self.tell(name, JournalAppended(followed.upto_seq + 1, said, own))
                    followed.upto_seq = newest
                elif own is not None:
                    self.tell(name, own)
        for source, message in owed.items():
            self.tell(source, message)

    def _fail(self, error: StorageError) -> None:
        if not self._failed:
            self._failed = True
            self.tell(SUPERVISOR, JournalFailed(str(error)))
        if not self._flushing:
            self._flushing = True
            self.after_wall(RETRY_NS, Flush())
