"""Handing over and following lose nothing and double nothing, whatever is lost on the way."""

from __future__ import annotations

from fake import Stage
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.actors.journaling import Follower, JournalingActor, Outbox
from genesis.messages.base import Message
from genesis.messages.journal import (
    AppendFacts,
    BookLost,
    Entry,
    Fact,
    FactsCommitted,
    JournalAppended,
    JournalSnapshot,
)


def fact(n: int) -> Fact:
    return Fact(n, BookLost("BTCUSDT", f"fact {n}"))


def test_facts_wait_until_they_are_committed() -> None:
    outbox = Outbox("executor", 1)
    assert outbox.add((fact(1), fact(2))) == AppendFacts("executor", 1, 1, (fact(1), fact(2)), 0)
    assert outbox.add((fact(3),)).first == 3
    assert outbox.committed(FactsCommitted(1, 2)) == [fact(1), fact(2)]
    assert outbox.again() == AppendFacts("executor", 1, 3, (fact(3),), 2)
    assert outbox.committed(FactsCommitted(1, 3)) == [fact(3)]
    assert outbox.again() is None
    assert len(outbox) == 0


def test_an_acknowledgement_of_a_former_incarnation_means_nothing_to_this_one() -> None:
    outbox = Outbox("executor", 2)
    outbox.add((fact(1),))
    assert outbox.committed(FactsCommitted(1, 1)) == []
    assert len(outbox) == 1


def test_an_acknowledgement_that_comes_twice_counts_once() -> None:
    outbox = Outbox("executor", 1)
    outbox.add((fact(1), fact(2)))
    assert outbox.committed(FactsCommitted(1, 1)) == [fact(1)]
    assert outbox.committed(FactsCommitted(1, 1)) == []


class Silent(JournalingActor):
    """Waits for nothing that it records."""


class Listening(JournalingActor):
    def begin(self) -> None:
        super().begin()
        self.durable: list[Fact] = []

    def on_durable(self, facts: list[Fact]) -> None:
        self.durable += facts


def test_only_who_minds_what_is_durable_waits_for_each_commit() -> None:
    for kind, waits in ((Silent, False), (Listening, True)):
        stage = Stage("book", kind)
        actor = stage.actor
        assert isinstance(actor, JournalingActor)
        actor.record(BookLost("BTCUSDT", "a gap"))
        assert [handed.wait for handed in stage.sent(AppendFacts)] == [waits]
        stage.tell(FactsCommitted(1, 1))
        assert len(actor.outbox) == 0
        if isinstance(actor, Listening):
            assert [fact.event for fact in actor.durable] == [BookLost("BTCUSDT", "a gap")]


class Writer:
    """What persistence does with numbers, in as few lines as can be; dies without notice."""

    def __init__(self, durable: list[Fact]) -> None:
        self.durable = durable
        self.pending: list[AppendFacts] = []
        self.reached = 0

    def take(self, message: AppendFacts) -> None:
        self.reached = max(self.reached, message.acknowledged)
        if message.first <= self.reached + 1:
            self.reached = max(self.reached, message.first + len(message.facts) - 1)
            self.pending.append(message)

    def commit(self) -> FactsCommitted | None:
        for message in self.pending:
            for number, one in enumerate(message.facts, message.first):
                if number == len(self.durable) + 1:
                    self.durable.append(one)
                assert number <= len(self.durable), "committed behind a hole"
        upto = max((m.first + len(m.facts) - 1 for m in self.pending), default=0)
        self.pending.clear()
        return FactsCommitted(1, upto) if upto else None


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(["add", "add", "take", "commit", "hear", "die"]), max_size=60))
def test_no_fact_is_lost_doubled_or_called_durable_too_early(steps: list[str]) -> None:
    outbox = Outbox("executor", 1)
    durable: list[Fact] = []
    writer = Writer(durable)
    to_writer: list[AppendFacts] = []
    to_source: list[Message] = []
    added, called_durable = 0, []

    def hear() -> None:
        message = to_source.pop(0)
        if isinstance(message, FactsCommitted):
            for one in outbox.committed(message):
                assert one in durable
                called_durable.append(one)
        elif (again := outbox.again()) is not None:
            to_writer.append(again)

    def step(what: str) -> None:
        nonlocal added, writer
        if what == "add":
            added += 1
            to_writer.append(outbox.add((fact(added),)))
        elif what == "take" and to_writer:
            writer.take(to_writer.pop(0))
        elif what == "commit" and (done := writer.commit()) is not None:
            to_source.append(done)
        elif what == "hear" and to_source:
            hear()
        elif what == "die":
            writer = Writer(durable)
            to_source.append(JournalSnapshot(0, b""))  # stands for JournalOpened

    for what in steps:
        step(what)
    for what in ["die", *["hear"] * 100, *["take"] * 200, "commit", *["hear"] * 100]:
        step(what)
    everything = [fact(n) for n in range(1, added + 1)]
    assert durable == everything
    assert called_durable == everything
    assert len(outbox) == 0


def entries(first: int, last: int) -> tuple[Entry, ...]:
    return tuple(
        Entry(seq, 0, "test", BookLost("BTCUSDT", str(seq))) for seq in range(first, last + 1)
    )


def test_nothing_is_read_before_the_snapshot() -> None:
    follower = Follower("risk")
    assert not follower.ready
    assert follower.subscribe().after_seq is None
    assert follower.read(JournalAppended(1, entries(1, 2))) == ()
    assert follower.restored(JournalSnapshot(2, b""))
    assert follower.ready
    assert follower.subscribe().after_seq == 2


def test_the_first_snapshot_counts() -> None:
    follower = Follower("risk")
    follower.restored(JournalSnapshot(5, b""))
    assert not follower.restored(JournalSnapshot(9, b""))
    assert follower.subscribe().after_seq == 5


def test_a_snapshot_is_for_the_incarnation_that_asked() -> None:
    follower = Follower("risk", epoch=2)
    assert follower.subscribe().epoch == 2
    assert not follower.restored(JournalSnapshot(5, b"", epoch=1))
    assert not follower.ready
    assert follower.restored(JournalSnapshot(7, b"", epoch=2))


def test_a_hole_is_noticed() -> None:
    follower = Follower("risk")
    follower.restored(JournalSnapshot(5, b""))
    assert follower.read(JournalAppended(7, entries(7, 8))) is None
    assert follower.subscribe().after_seq == 5


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 10),
    st.lists(st.tuples(st.integers(1, 30), st.integers(1, 5), st.booleans()), max_size=40),
)
def test_every_entry_is_read_once_and_in_sequence(
    start: int, deliveries: list[tuple[int, int, bool]]
) -> None:
    """Any slices of the journal, repeated, overlapping, lost or late; holes are asked for."""
    follower = Follower("risk")
    follower.restored(JournalSnapshot(start, b""))
    read: list[int] = []
    for first, length, arrives in deliveries:
        if not arrives:
            continue
        fresh = follower.read(JournalAppended(first, entries(first, first + length - 1)))
        if fresh is None:
            after = follower.subscribe().after_seq
            assert after is not None
            assert after + 1 < first
            fresh = follower.read(JournalAppended(after + 1, entries(after + 1, first)))
            assert fresh is not None
        read += [entry.seq for entry in fresh]
    assert read == list(range(start + 1, start + 1 + len(read)))
