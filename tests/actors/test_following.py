"""A follower hears every event that it folds, once and in sequence, and is not told of the rest."""

from __future__ import annotations

from fake import Stage
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.actors.journaling import Follower
from genesis.actors.persistence import Persistence
from genesis.messages.journal import (
    AnyEvent,
    AppendFacts,
    BookLost,
    BookRecovered,
    Entry,
    Fact,
    FactsCommitted,
    JournalAppended,
    JournalSnapshot,
    Subscribe,
)
from genesis.storage.journal import Journal
from genesis.storage.store import MemoryLog

LOST = BookLost("BTCUSDT", "a gap")
FOUND = BookRecovered("BTCUSDT", 7)
KINDS = (BookLost,)


class Stand(Stage):
    """Persistence over a journal in memory, and sources that number their facts."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.handed_over = dict.fromkeys(("book", "risk"), 0)
        super().__init__(
            "persistence",
            lambda context: Persistence(context, lambda: Journal.in_memory(self.log), ()),
        )

    def commit(self, *events: AnyEvent, source: str = "book") -> None:
        before = self.handed_over[source]
        self.handed_over[source] = before + len(events)
        facts = tuple(Fact(1, event) for event in events)
        self.tell(AppendFacts(source, 1, before + 1, facts, before))

    def take(self, name: str) -> list[JournalAppended | JournalSnapshot]:
        told = [message for to, message in self.runtime.sent if to == name]
        self.clear()
        return [m for m in told if isinstance(m, JournalAppended | JournalSnapshot)]


def test_a_commit_of_what_a_follower_does_not_fold_is_passed_over() -> None:
    stand = Stand()
    stand.tell(Subscribe("risk", 0, kinds=("BookLost",)), Subscribe("publisher", 0))
    stand.commit(LOST)
    stand.commit(FOUND)
    stand.commit(FOUND, LOST)
    heard = stand.sent(JournalAppended, "risk")
    assert [(m.first_seq, [entry.seq for entry in m.entries]) for m in heard] == [
        (1, [1]),
        (2, [3, 4]),
    ]
    everything = stand.sent(JournalAppended, "publisher")
    assert [entry.seq for m in everything for entry in m.entries] == [1, 2, 3, 4]


def test_a_source_hears_of_its_own_commit_whatever_it_folds() -> None:
    """With the entries if it folds any of them: nothing of its own waits that is not folded."""
    stand = Stand()
    stand.tell(Subscribe("risk", 0, kinds=("BookLost",)))
    stand.commit(FOUND)
    stand.commit(FOUND, source="risk")
    assert stand.sent(JournalAppended, "risk") == []
    assert stand.sent(FactsCommitted, "risk") == [FactsCommitted(1, 1)]
    stand.commit(LOST, source="risk")
    [heard] = stand.sent(JournalAppended, "risk")
    assert (heard.first_seq, [entry.seq for entry in heard.entries]) == (1, [3])
    assert heard.committed == FactsCommitted(1, 2)
    assert len(stand.sent(FactsCommitted, "risk")) == 1


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(
                st.just("commit"),
                st.lists(st.sampled_from((LOST, FOUND)), min_size=1, max_size=3),
                st.sampled_from(("book", "risk")),
            ),
            st.sampled_from((("hear", [], ""), ("lose", [], ""), ("die", [], ""))),
        ),
        max_size=40,
    )
)
def test_every_event_that_is_folded_is_read_once_whatever_is_lost(
    steps: list[tuple[str, list[AnyEvent], str]],
) -> None:
    """Messages are lost, and persistence forgets at its death who follows it from where."""
    stand = Stand()
    follower = Follower("risk", kinds=KINDS)
    follower.restored(JournalSnapshot(0, b""))
    read: list[Entry] = []
    stand.tell(follower.subscribe())

    def hear() -> None:
        for message in stand.take("risk"):
            assert isinstance(message, JournalAppended)
            fresh = follower.read(message)
            if fresh is None:
                stand.tell(follower.subscribe())
            else:
                read.extend(fresh)

    for what, events, source in [*steps, ("die", [], ""), ("hear", [], ""), ("hear", [], "")]:
        if what == "commit":
            stand.commit(*events, source=source)
        elif what == "hear":
            hear()
        elif what == "lose":
            stand.take("risk")
        else:
            stand.start()
            stand.tell(follower.subscribe())
    assert [e.seq for e in read if type(e.event) in KINDS] == [
        e.seq for e in stand.log.entries if type(e.event) in KINDS
    ]
    seqs = [e.seq for e in read]
    assert seqs == sorted(set(seqs))
