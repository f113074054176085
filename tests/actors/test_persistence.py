"""The only writer: group commit, acknowledgement after it, followers in sequence."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from persistence_stand import Stand, fact, facts, names

from genesis.actors.persistence import SLICE, UNAWAITED_MAX
from genesis.domain.state import TradingState
from genesis.messages.journal import (
    AccountOpened,
    AppendFacts,
    FactsCommitted,
    JournalAppended,
    JournalSnapshot,
    Subscribe,
)
from genesis.messages.lifecycle import Ping, Pong


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


def unawaited(first: int, *names: str, acknowledged: int = 0) -> AppendFacts:
    told = facts(first, *names, source="risk", acknowledged=acknowledged)
    return msgspec.structs.replace(told, wait=False)


def test_what_nobody_waits_for_goes_with_the_next_commit_in_its_order() -> None:
    stand = Stand()
    stand.clear()
    stand.tell(unawaited(1, "a"))
    assert names(stand) == []
    stand.tell(facts(1, "b"))
    assert stand.disk.appends == [2]
    assert names(stand) == ["a", "b"]
    assert [to for to, _ in stand.runtime.sent] == ["executor"]


def test_what_nobody_waits_for_is_durable_by_the_next_sign_of_life() -> None:
    stand = Stand()
    stand.tell(unawaited(1, "a"), Ping(epoch=1, nonce=7))
    assert names(stand) == ["a"]
    assert stand.sent(Pong) == [Pong("persistence", 1, 7)]


def test_many_that_nobody_waits_for_are_committed_and_told_of_together() -> None:
    stand = Stand()
    for number in range(1, 2 * UNAWAITED_MAX + 1):
        durable = UNAWAITED_MAX if number > UNAWAITED_MAX else 0
        stand.tell(unawaited(number, str(number), acknowledged=durable))
    assert stand.disk.appends == [UNAWAITED_MAX, UNAWAITED_MAX]
    assert stand.sent(FactsCommitted, "risk") == [
        FactsCommitted(1, UNAWAITED_MAX),
        FactsCommitted(1, 2 * UNAWAITED_MAX),
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
