"""A disk that lies, fills up and loses power: what was acknowledged is there afterwards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal_story import NOON_NS, intended

from genesis.errors import StorageError, StorageFull
from genesis.messages.journal import AccountOpened, AnyEvent, AppendFacts, Fact, RunStarted
from genesis.storage.journal import Journal
from genesis.storage.memory_disk import DiskStore, MemoryDisk, StorageFault, StorageKind

K = StorageKind
KILLS = [K.KILL_BEFORE_WRITE, K.KILL_TORN, K.KILL_UNSYNCED, K.KILL_SYNCED]


def fact(number: int, event: AnyEvent) -> AppendFacts:
    """Of a source that knows all before it to be durable, or has given it up."""
    return AppendFacts("test", 1, number, (Fact(NOON_NS, event),), number - 1)


def opened(disk: MemoryDisk) -> Journal:
    """A journal with its first run begun, before anything fails."""
    journal = Journal(DiskStore(disk))
    started = RunStarted(journal.next_run(), "0", "test", ("BTCUSDT",), ("ema",), "")
    journal.append([fact(1, started), fact(2, AccountOpened("USDT", intended("x").price or 1))])
    return journal


def failing(kind: StorageKind, for_ns: int = 0) -> tuple[MemoryDisk, Journal]:
    disk = MemoryDisk([StorageFault(100, kind, for_ns)], heal_ns=1000)
    journal = opened(disk)
    disk.now_ns = lambda: 100
    return disk, journal


@pytest.mark.parametrize("kind", KILLS)
def test_a_killed_process_finds_whole_commits_or_nothing_of_them(kind: StorageKind) -> None:
    disk, journal = failing(kind)
    head = journal.head_hash
    with pytest.raises(StorageError, match="killed"):
        journal.append([fact(3, intended("a")), fact(4, intended("b"))])
    assert disk.killed is not None
    with pytest.raises(StorageError, match="killed"):
        journal.append([fact(5, intended("c"))])
    disk.restart()
    again = Journal(DiskStore(disk))
    if kind is K.KILL_SYNCED:
        assert set(again.state.orders.open) == {"a", "b"}
    else:
        assert again.head_hash == head
        assert not again.state.orders.open


@pytest.mark.parametrize(("kind", "error"), [(K.DISK_FULL, StorageFull), (K.LOCKED, StorageError)])
def test_a_disk_that_takes_nothing_for_a_while_takes_the_same_facts_later(
    kind: StorageKind, error: type[StorageError]
) -> None:
    disk, journal = failing(kind, for_ns=50)
    for now_ns in (100, 149):
        disk.now_ns = lambda now_ns=now_ns: now_ns  # type: ignore[misc]
        with pytest.raises(error):
            journal.append([fact(3, intended("a"))])
    disk.now_ns = lambda: 150
    assert len(journal.append([fact(3, intended("a"))])) == 1
    assert disk.synced == journal.head_seq


def test_a_commit_that_may_have_been_made_is_made_once() -> None:
    disk, journal = failing(K.COMMIT_UNCLEAR)
    with pytest.raises(StorageError, match="I/O error"):
        journal.append([fact(3, intended("a"))])
    again = Journal(DiskStore(disk))
    assert again.append([fact(3, intended("a"))]) == []
    assert set(again.state.orders.open) == {"a"}


def test_nothing_fails_once_the_disk_is_healed() -> None:
    disk, journal = failing(K.DISK_FULL, for_ns=5000)
    disk.now_ns = lambda: 1000
    assert len(journal.append([fact(3, intended("a"))])) == 1
    assert disk.struck == []


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from([None, *K])), max_size=12))
def test_what_was_acknowledged_survives_every_restart(
    commits: list[tuple[int, StorageKind | None]],
) -> None:
    faults = [StorageFault(at, kind, 0) for at, (_, kind) in enumerate(commits) if kind is not None]
    disk = MemoryDisk(faults, heal_ns=len(commits))
    disk.now_ns = lambda: -1
    journal, acknowledged, number = opened(disk), set[str](), 2
    for at, (count, _) in enumerate(commits):
        disk.now_ns = lambda at=at: at  # type: ignore[misc]
        names = [f"o{at}-{i}" for i in range(count)]
        facts = [fact(number + i, intended(name)) for i, name in enumerate(names, 1)]
        number += count
        try:
            journal.append(facts)
            acknowledged.update(names)
        except StorageError:
            disk.restart()
            journal = Journal(DiskStore(disk))
        assert acknowledged <= set(journal.state.orders.open)
    assert len(disk.rows) == disk.synced
