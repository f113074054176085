"""The only writer: group commit, acknowledgement after it, followers in sequence, faults."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec
import pytest
from fake import SECOND, FakeRuntime, Stage

from genesis.actors.persistence import ACKNOWLEDGED_AT, SLICE, Persistence
from genesis.domain.state import TradingState
from genesis.errors import StorageFull, WriterFenced
from genesis.messages.base import Message
from genesis.messages.journal import (
    AccountOpened,
    AnyEvent,
    AppendFacts,
    BookLost,
    Entry,
    Fact,
    FactsCommitted,
    GateMoved,
    JournalAppended,
    JournalFailed,
    JournalOpened,
    JournalRecovered,
    JournalSnapshot,
    Subscribe,
)
from genesis.storage.journal import Journal, MemoryLog

PEERS = ("executor", "risk")


class Disk(Journal):
    """A journal in memory whose every commit is counted, and whose disk can be full."""

    full = False
    broken = False

    def __init__(self, log: MemoryLog) -> None:
        journal = Journal.in_memory(log)
        self.__dict__.update(journal.__dict__)
        self.appends: list[int] = []
        self.closed = False

    def append(self, handed: Sequence[AppendFacts]) -> list[Entry]:
        if self.full:
            raise StorageFull("no room left on the disk: make room, facts wait until then")
        if self.broken:
            raise RuntimeError("a bug")
        self.appends.append(sum(len(message.facts) for message in handed))
        return super().append(handed)

    def close(self) -> None:
        self.closed = True
        super().close()


class Stand(Stage):
    """Persistence over one log; every incarnation opens it anew."""

    def __init__(self, runtime: FakeRuntime | None = None) -> None:
        self.log = MemoryLog()
        self.no_room_to_open = False
        super().__init__(
            "persistence", lambda context: Persistence(context, self._open, PEERS), runtime
        )

    def _open(self) -> Disk:
        if self.no_room_to_open:
            raise StorageFull("no room left on the disk")
        self.disk = Disk(self.log)
        return self.disk

    def durable(self) -> list[AnyEvent]:
        return [entry.event for entry in self.log.entries]


def fact(event: AnyEvent) -> Fact:
    return Fact(1, event)


def lost(name: str) -> BookLost:
    return BookLost(name, "a gap")


def facts(
    first: int, *names: str, source: str = "executor", epoch: int = 1, acknowledged: int = 0
) -> AppendFacts:
    return AppendFacts(source, epoch, first, tuple(fact(lost(n)) for n in names), acknowledged)


def names(stand: Stand) -> list[str]:
    return [event.symbol for event in stand.durable() if isinstance(event, BookLost)]


def test_what_comes_alone_is_committed_at_once() -> None:
    stand = Stand()
    stand.tell(facts(1, "a"))
    assert names(stand) == ["a"]
    assert stand.sent(FactsCommitted, "executor") == [FactsCommitted(1, 1)]


def test_everything_that_waits_is_one_commit() -> None:
    stand = Stand()
    stand.clear()
    stand.tell(facts(1, "a"), facts(2, "b", "c"), facts(1, "x", source="risk"))
    assert stand.durable() == []
    assert stand.sent(FactsCommitted) == []
    stand.to_itself()
    assert stand.disk.appends == [4]
    assert names(stand) == ["a", "b", "c", "x"]
    assert stand.sent(FactsCommitted, "executor") == [FactsCommitted(1, 3)]
    assert stand.sent(FactsCommitted, "risk") == [FactsCommitted(1, 1)]


def test_each_incarnation_of_a_source_numbers_for_itself_and_the_newest_is_acknowledged() -> None:
    stand = Stand()
    stand.tell(facts(1, "a", "b"), facts(1, "c", epoch=2))
    stand.to_itself()
    assert names(stand) == ["a", "b", "c"]
    assert stand.sent(FactsCommitted, "executor") == [FactsCommitted(2, 1)]


def test_who_does_not_wait_hears_of_its_facts_together() -> None:
    stand = Stand()
    for number in range(1, 2 * ACKNOWLEDGED_AT + 1):
        durable = ACKNOWLEDGED_AT if number > ACKNOWLEDGED_AT else 0
        told = facts(number, str(number), source="risk", acknowledged=durable)
        stand.tell(msgspec.structs.replace(told, wait=False))
    assert len(names(stand)) == 2 * ACKNOWLEDGED_AT
    assert stand.sent(FactsCommitted, "risk") == [
        FactsCommitted(1, ACKNOWLEDGED_AT),
        FactsCommitted(1, 2 * ACKNOWLEDGED_AT),
    ]


def test_facts_handed_over_again_are_kept_once_and_acknowledged_again() -> None:
    stand = Stand()
    stand.tell(facts(1, "a", "b"))
    stand.to_itself()
    stand.clear()
    stand.tell(facts(1, "a", "b", "c"))
    stand.to_itself()
    assert names(stand) == ["a", "b", "c"]
    assert stand.sent(FactsCommitted, "executor") == [FactsCommitted(1, 3)]


def test_followers_hear_each_entry_in_sequence() -> None:
    stand = Stand()
    stand.tell(Subscribe("risk", None))
    stand.tell(facts(1, "a"))
    stand.to_itself()
    stand.tell(facts(2, "b", "c"))
    stand.to_itself()
    heard = stand.sent(JournalAppended, "risk")
    assert [message.first_seq for message in heard] == [1, 2]
    assert [entry.seq for message in heard for entry in message.entries] == [1, 2, 3]


def test_every_follower_hears_an_entry_once_and_in_the_same_order_always() -> None:
    """Whoever subscribed first, and however often: virtual runs are told apart by nothing else."""
    stand = Stand()
    for name in ("risk", "executor", "risk"):
        stand.tell(Subscribe(name, None))
    stand.clear()
    stand.tell(facts(1, "a"))
    stand.to_itself()
    told = [to for to, message in stand.runtime.sent if isinstance(message, JournalAppended)]
    assert told == ["executor", "risk"]


def test_a_follower_has_folded_its_own_facts_before_they_are_acknowledged() -> None:
    """Who compares balances with the venue relies on it: nothing waits, so all is folded."""
    stand = Stand()
    stand.tell(Subscribe("executor", None))
    stand.clear()
    stand.tell(facts(1, "a"))
    [heard] = [m for to, m in stand.runtime.sent if to == "executor"]
    assert isinstance(heard, JournalAppended)
    assert heard.committed == FactsCommitted(1, 1)


def test_a_snapshot_holds_all_that_was_handed_over_before_it_was_asked_for() -> None:
    stand = Stand()
    opened = AppendFacts("daemon", 1, 1, (fact(AccountOpened("USDT", Decimal(500))),), 0)
    stand.tell(opened, Subscribe("risk", None))
    [snapshot] = stand.sent(JournalSnapshot, "risk")
    assert snapshot.seq == 1
    assert TradingState.decode(snapshot.state).ledger.balance("USDT") == 500
    assert stand.sent(JournalAppended, "risk") == []


def test_a_follower_that_fell_behind_gets_what_it_misses_and_then_the_rest() -> None:
    stand = Stand()
    stand.tell(facts(1, *"abcd"))
    stand.to_itself()
    stand.tell(Subscribe("risk", 2), facts(5, "e"))
    stand.to_itself()
    seqs = [e.seq for m in stand.sent(JournalAppended, "risk") for e in m.entries]
    assert seqs == [3, 4, 5]
    assert stand.sent(JournalSnapshot) == []


def test_a_long_way_behind_is_caught_up_with_in_slices() -> None:
    stand = Stand()
    stand.tell(facts(1, *[f"s{n}" for n in range(SLICE + 1)]))
    stand.to_itself()
    stand.tell(Subscribe("risk", 0))
    assert [len(m.entries) for m in stand.sent(JournalAppended, "risk")] == [SLICE, 1]


def test_who_only_looks_is_not_followed_with_entries() -> None:
    stand = Stand()
    stand.tell(Subscribe("daemon", None, follow=False), facts(1, "a"))
    stand.to_itself()
    assert len(stand.sent(JournalSnapshot, "daemon")) == 1
    assert stand.sent(JournalAppended, "daemon") == []


def test_a_full_disk_keeps_facts_says_so_once_and_tries_again() -> None:
    stand = Stand()
    stand.disk.full = True
    stand.tell(facts(1, "a"))
    stand.to_itself()
    stand.tell(facts(2, "b"))
    stand.wait_s(2)
    [failed] = stand.sent(JournalFailed)
    assert "no room left" in failed.reason
    assert stand.sent(FactsCommitted) == []
    assert stand.sent(JournalRecovered) == []
    stand.disk.full = False
    stand.wait_s(0.5)
    assert names(stand) == ["a", "b"]
    assert stand.sent(FactsCommitted) == [FactsCommitted(1, 2)]
    assert len(stand.sent(JournalRecovered, "supervisor")) == 1


def test_a_full_disk_makes_a_new_follower_wait_for_what_waits() -> None:
    stand = Stand()
    stand.disk.full = True
    stand.tell(facts(1, "a"), Subscribe("risk", None))
    stand.to_itself()
    assert stand.sent(JournalSnapshot) == []
    stand.disk.full = False
    stand.wait_s(0.5)
    assert [snapshot.seq for snapshot in stand.sent(JournalSnapshot, "risk")] == [1]


def test_however_many_ask_while_the_disk_is_full_there_is_one_retry() -> None:
    stand = Stand()
    stand.disk.full = True
    stand.tell(facts(1, "a"))
    stand.tell(*[Subscribe(f"follower{n}", None) for n in range(5)])
    stand.to_itself()
    assert len(stand.runtime.timers) == 1
    stand.wait_s(3)
    assert len(stand.runtime.timers) == 1


def test_a_journal_that_cannot_be_opened_is_tried_again() -> None:
    stand = Stand()
    stand.no_room_to_open = True
    stand.start()
    stand.clear()
    stand.tell(facts(1, "a"), Subscribe("risk", None))
    stand.wait_s(1)
    assert stand.sent(Message, "executor") == []
    stand.no_room_to_open = False
    stand.wait_s(0.5)
    assert stand.sent(JournalOpened, "executor") == [JournalOpened(0, 0)]
    assert names(stand) == ["a"]
    assert len(stand.sent(JournalRecovered)) == 1
    assert len(stand.sent(JournalSnapshot, "risk")) == 1


def test_who_waited_for_a_journal_without_new_facts_is_served_when_it_opens() -> None:
    stand = Stand()
    stand.no_room_to_open = True
    stand.start()
    stand.tell(Subscribe("risk", None))
    stand.no_room_to_open = False
    stand.wait_s(0.5)
    assert len(stand.sent(JournalSnapshot, "risk")) == 1
    assert len(stand.sent(JournalRecovered)) == 1


def test_a_fenced_writer_ends_and_acknowledges_nothing() -> None:
    stand = Stand()
    Journal.in_memory(stand.log)  # a newer writer
    stand.clear()
    with pytest.raises(WriterFenced):
        stand.tell(facts(1, "a"))
    assert stand.runtime.sent == []


def test_a_bug_in_the_journal_is_not_taken_for_a_full_disk() -> None:
    stand = Stand()
    stand.disk.broken = True
    with pytest.raises(RuntimeError):
        stand.tell(facts(1, "a"))
    assert stand.sent(JournalFailed) == []


def test_a_new_incarnation_tells_its_peers_where_the_journal_stands() -> None:
    stand = Stand()
    stand.tell(facts(1, "a", "b"))
    stand.to_itself()
    stand.clear()
    stand.start()
    for peer in PEERS:
        assert stand.sent(JournalOpened, peer) == [JournalOpened(2, 0)]


def test_a_new_incarnation_acknowledges_nothing_behind_a_hole() -> None:
    """1 and 2 died with the former incarnation; 3 was on its way. Were 3 acknowledged, the source
    would take 1 and 2 for durable: an order would be sent without its intent in the journal."""
    stand = Stand()
    stand.disk.full = True
    stand.tell(facts(1, "a", "b"))
    stand.start()
    stand.clear()
    stand.tell(facts(3, "c"))
    stand.to_itself()
    assert stand.sent(FactsCommitted) == []
    assert stand.durable() == []
    stand.tell(facts(1, "a", "b", "c"))
    stand.to_itself()
    assert names(stand) == ["a", "b", "c"]
    assert stand.sent(FactsCommitted) == [FactsCommitted(1, 3)]


def test_a_new_incarnation_goes_on_where_its_sources_were_acknowledged() -> None:
    stand = Stand()
    stand.tell(facts(1, "a", "b"))
    stand.to_itself()
    stand.start()
    stand.clear()
    stand.tell(facts(3, "c", acknowledged=2), facts(4, "d", acknowledged=2))
    stand.to_itself()
    assert names(stand) == ["a", "b", "c", "d"]
    assert stand.sent(FactsCommitted) == [FactsCommitted(1, 4)]


def test_the_orderly_end_commits_what_waits_and_closes() -> None:
    stand = Stand()
    stand.tell(AppendFacts("supervisor", 1, 1, (fact(GateMoved("HALTED", "the end")),), 0))
    stand.stop()
    assert stand.durable() == [GateMoved("HALTED", "the end")]
    assert stand.disk.closed


def test_retries_are_half_a_second_apart_in_real_time() -> None:
    stand = Stand()
    stand.disk.full = True
    stand.tell(facts(1, "a"))
    stand.to_itself()
    [timer] = stand.runtime.timers
    assert timer.wall
    assert timer.due_ns - stand.runtime.clock.time_ns == SECOND // 2
