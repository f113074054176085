"""A full disk, a newer writer and a death lose nothing and acknowledge nothing too early."""

from __future__ import annotations

import pytest
from fake import SECOND
from persistence_stand import PEERS, Stand, fact, facts, names

from genesis.errors import WriterFenced
from genesis.messages.base import Message
from genesis.messages.journal import (
    AppendFacts,
    FactsCommitted,
    GateMoved,
    JournalFailed,
    JournalOpened,
    JournalRecovered,
    JournalSnapshot,
    Subscribe,
)
from genesis.messages.lifecycle import Ping
from genesis.storage.journal import Journal


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


def test_a_sign_of_life_does_not_hurry_the_retry() -> None:
    stand = Stand()
    stand.disk.full = True
    stand.tell(facts(1, "a"))
    stand.to_itself()
    stand.disk.full = False
    stand.tell(Ping(epoch=1, nonce=7))
    assert names(stand) == []
    stand.wait_s(0.5)
    assert names(stand) == ["a"]


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
