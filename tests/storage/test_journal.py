"""The journal keeps each fact once, in order, whole or not at all, in a file as in memory."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from journal_story import (
    Opener,
    batches,
    filled,
    intended,
    mark,
    moved,
    numbered,
    run_started,
    story,
    trade,
)
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from genesis.domain.state import TradingState, digest_of
from genesis.errors import JournalTampered, WriterFenced
from genesis.messages.journal import AccountOpened, AnyEvent, OrderSent
from genesis.messages.orders import OrderStatus
from genesis.storage.engine import writer_engine
from genesis.storage.folder import DataFolder
from genesis.storage.journal import Journal
from genesis.storage.store import MemoryLog
from genesis.storage.tables import checkpoints, fills, journal, meta, orders, positions
from genesis.storage.verify import verify


def test_an_empty_journal(opened: Opener) -> None:
    empty = opened()
    assert (empty.head_seq, empty.head_hash, empty.run) == (0, "0" * 64, 0)
    assert empty.next_run() == 1
    assert list(empty.entries()) == []
    assert empty.append([]) == []
    assert empty.state == TradingState()


def test_the_story_comes_back_in_order(opened: Opener) -> None:
    kept = opened()
    events = story()
    entries = kept.append(numbered(events))
    assert [entry.seq for entry in entries] == list(range(1, len(events) + 1))
    assert [str(entry.event) for entry in entries] == [str(event) for event in events]
    assert list(kept.entries()) == entries
    assert list(kept.entries(after_seq=5)) == entries[5:]
    assert list(kept.entries(after_seq=len(entries))) == []


def test_an_opened_journal_stands_where_it_stood(opened: Opener) -> None:
    first = opened()
    first.append(numbered(story()))
    before = (first.head_seq, first.head_hash, first.state.digest(), first.run)
    first.close()
    again = opened()
    assert (again.head_seq, again.head_hash, again.state.digest(), again.run) == before
    assert TradingState.decode(again.state_bytes()) == again.state


def test_a_fill_told_under_another_number_is_kept_once(opened: Opener) -> None:
    kept = opened()
    kept.append(numbered([run_started(1), AccountOpened("USDT", Decimal(500))], "daemon"))
    kept.append(numbered(trade(1, trade_id=5)))
    quantity = kept.state.ledger.quantity("BTCUSDT")
    again = numbered([filled("g1-ema-0-1", 5), mark("499")], "executor", epoch=2)
    assert [type(entry.event).__name__ for entry in kept.append(again)] == ["EquityMarked"]
    assert kept.append(again) == []
    assert kept.state.ledger.quantity("BTCUSDT") == quantity


def test_an_order_is_opened_once(opened: Opener) -> None:
    kept = opened()
    kept.append(numbered(story()))
    state = kept.state.digest()
    assert kept.append(numbered([intended("g1-ema-0-1")], epoch=2)) == []
    both = numbered([intended("g1-ema-0-9"), intended("g1-ema-0-9")], epoch=3)
    assert len(kept.append(both)) == 1
    assert kept.append(both) == []
    assert kept.state.digest() != state


def test_a_fact_that_cannot_be_folded_is_not_kept(opened: Opener) -> None:
    kept = opened()
    kept.append(numbered(story()))
    before = (kept.head_seq, kept.head_hash, kept.state.digest())
    foreign = msgspec.structs.replace(filled("g1-ema-0-1", 99), symbol="BTCEUR")
    items = numbered([mark("3"), foreign], epoch=2)
    with pytest.raises(ValueError, match="counts in USDT"):
        kept.append(items)
    assert (kept.head_seq, kept.head_hash, kept.state.digest()) == before
    assert len(kept.append(items[:1])) == 1
    assert len(list(kept.entries())) == kept.head_seq == before[0] + 1


def test_an_older_writer_that_wakes_up_writes_nothing(opened: Opener) -> None:
    old = opened()
    items = numbered(story())
    old.append(items[:5])
    new = opened()
    with pytest.raises(WriterFenced, match="newer writer"):
        old.append(items[5:8])
    entries = new.append(items[5:6])
    with pytest.raises(WriterFenced):
        old.append(items[6:8])
    old.close()
    assert [entry.seq for entry in entries] == [6]
    assert len(list(new.entries())) == new.head_seq == 6
    assert len(new.append(items)) == len(items) - 6


def test_memory_and_file_have_one_chain_and_one_state(folder: DataFolder) -> None:
    in_file, in_memory = Journal.open(folder), Journal.in_memory()
    for batch in batches(numbered(story()), 4):
        assert in_file.append(batch) == in_memory.append(batch)
    assert in_file.head_hash == in_memory.head_hash
    assert in_file.state == in_memory.state
    in_file.close()


@settings(max_examples=60, deadline=None)
@given(
    cuts=st.lists(st.tuples(st.integers(1, 9), st.integers(0, 6), st.booleans()), max_size=12),
)
def test_however_facts_are_grouped_and_repeated_the_chain_is_the_same(
    cuts: list[tuple[int, int, bool]],
) -> None:
    items = numbered(story())
    whole = Journal.in_memory()
    whole.append(items)
    log = MemoryLog()
    parts = Journal.in_memory(log, checkpoint_every=5)
    done = 0
    for size, back, reopen in [*cuts, (len(items), len(items), True)]:
        parts.append(items[max(0, done - back) : done + size])
        done += size
        if reopen:
            parts = Journal.in_memory(log, checkpoint_every=5)
    assert (parts.head_seq, parts.head_hash) == (whole.head_seq, whole.head_hash)
    assert parts.state == whole.state


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(size=st.integers(1, 30), every=st.integers(1, 12), seed=st.integers(0, 3))
def test_a_journal_in_a_file_verifies_whatever_the_groups(
    tmp_path_factory: pytest.TempPathFactory, size: int, every: int, seed: int
) -> None:
    events = story() + [event for n in range(9, 9 + seed) for event in trade(n, n)]
    with DataFolder.open(tmp_path_factory.mktemp("data")) as folder:
        for batch in batches(numbered(events), size):
            kept = Journal.open(folder, checkpoint_every=every)
            kept.append(batch)
            kept.close()
        report = verify(folder.path)
        assert report.problems == ()
        assert (report.head_seq, report.head_hash) == (kept.head_seq, kept.head_hash)
        assert report.state_hash == kept.state.digest()


def test_a_commit_is_on_the_disk_before_it_is_told(folder: DataFolder) -> None:
    engine = writer_engine(folder.journal_path)
    with engine.begin() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA synchronous")) == 2  # FULL
    engine.dispose()


def test_only_inserts_are_possible(folder: DataFolder) -> None:
    kept = Journal.open(folder)
    kept.append(numbered(story()))
    kept.close()
    engine = writer_engine(folder.journal_path)
    with engine.begin() as connection:
        row = dict(connection.execute(select(journal).where(journal.c.seq == 3)).mappings().one())
    for statement in (
        update(journal).where(journal.c.seq == 3).values(time_ns=1),
        delete(journal).where(journal.c.seq == 3),
        insert(journal).prefix_with("OR REPLACE").values(row | {"time_ns": 1}),
    ):
        with pytest.raises(IntegrityError, match="append-only"), engine.begin() as connection:
            connection.execute(statement)
    engine.dispose()
    assert verify(folder.path).ok


def test_the_projections_say_what_the_journal_says(folder: DataFolder) -> None:
    kept = Journal.open(folder)
    for batch in batches(numbered(story()), 3):
        kept.append(batch)
    kept.close()
    engine = writer_engine(folder.journal_path)
    with engine.begin() as connection:
        order = connection.execute(select(orders).order_by(orders.c.client_order_id)).all()
        held = connection.execute(select(positions)).one()
        assets = connection.execute(text("SELECT asset, total FROM balances"))
        totals = {row.asset: row.total for row in assets}
        halt = connection.execute(text("SELECT source, canceled, resume_reason FROM halts")).one()
        curve = connection.execute(text("SELECT equity FROM equity ORDER BY seq")).scalars().all()
        count = connection.execute(select(fills.c.trade_id).order_by(fills.c.trade_id)).scalars()
        assert list(count) == [1, 2, 3]
    engine.dispose()
    assert [(o.status, o.filled_quantity, o.status_reason) for o in order] == [
        ("FILLED", "0.001", ""),
        ("FILLED", "0.0005", ""),
        ("DENIED", "0", "the gate is shut"),
    ]
    assert (held.quantity, held.last_price) == ("0.000498", "61685.99")  # 0.001 - 2 fees - 0.0005
    assert totals == {"BTC": "0.000498", "USDT": "469.09531901"}
    assert tuple(halt) == ("risk", 1, "looked at it")
    assert curve == ["499.83", "499.9"]


def test_an_order_forgotten_by_the_state_still_gets_its_late_fill(folder: DataFolder) -> None:
    kept = Journal.open(folder)
    events: list[AnyEvent] = [run_started(1), AccountOpened("USDT", Decimal(500)), intended("late")]
    events += [OrderSent("late"), moved("late", OrderStatus.CANCELED)]
    for n in range(150):
        events += [intended(f"o{n}"), moved(f"o{n}", OrderStatus.LOST)]
    kept.append(numbered([*events, filled("late", 7)]))
    assert kept.state.orders.get("late") is None
    kept.close()
    engine = writer_engine(folder.journal_path)
    with engine.begin() as connection:
        late = select(orders.c.filled_quantity).where(orders.c.client_order_id == "late")
        assert connection.scalar(late) == "0.001"
    engine.dispose()
    assert verify(folder.path).ok


def test_a_start_replays_only_behind_the_checkpoint(folder: DataFolder) -> None:
    """Shown by damage: before the checkpoint it is not met at a start, behind it it is."""
    kept = Journal.open(folder, checkpoint_every=10)
    for batch in batches(numbered(story()), 5):
        kept.append(batch)
    digest = kept.state.digest()
    engine = writer_engine(folder.journal_path)
    with engine.begin() as connection:
        assert connection.scalars(select(checkpoints.c.seq)).all() == [10, 20]
        connection.execute(text("DROP TRIGGER journal_no_update"))
        connection.execute(update(journal).where(journal.c.seq == 7).values(time_ns=1))
    assert Journal.open(folder).state.digest() == digest
    assert verify(folder.path).problems[0].startswith("row 7: ")
    with engine.begin() as connection:
        connection.execute(update(journal).where(journal.c.seq == 22).values(source="someone"))
    with pytest.raises(JournalTampered, match=r"^row 22: "):
        Journal.open(folder)
    engine.dispose()


def test_a_damaged_checkpoint_is_passed_over(folder: DataFolder) -> None:
    kept = Journal.open(folder, checkpoint_every=10)
    for batch in batches(numbered(story()), 5):
        kept.append(batch)
    digest = kept.state.digest()
    kept.close()
    engine = writer_engine(folder.journal_path)
    with engine.begin() as connection:
        connection.execute(update(checkpoints).values(state=b"{}"))
    assert Journal.open(folder).state.digest() == digest
    with engine.begin() as connection:
        assert connection.scalar(select(meta.c.writer_epoch)) == 2
    engine.dispose()
    damaged = [f"checkpoints {seq}: the saved state differs from the replay" for seq in (20, 25)]
    assert list(verify(folder.path).problems) == damaged


def test_a_checkpoint_of_a_former_format_is_passed_over_and_no_problem(folder: DataFolder) -> None:
    kept = Journal.open(folder)
    kept.append(numbered(story()))
    digest = kept.state.digest()
    former = kept.state_bytes().replace(b'"format":2', b'"format":1').replace(b"499.9", b"1")
    kept.close()
    engine = writer_engine(folder.journal_path)
    with engine.begin() as connection:
        connection.execute(update(checkpoints).values(state=former, digest=digest_of(former)))
    engine.dispose()
    assert Journal.open(folder).state.digest() == digest
    assert verify(folder.path).ok
