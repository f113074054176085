"""A start sees that derived tables were altered, as far as it can look."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal_story import intended, moved, numbered, story

from genesis.messages.journal import AnyEvent
from genesis.messages.orders import OrderStatus
from genesis.storage.folder import DataFolder
from genesis.storage.glance import first_difference
from genesis.storage.journal import Journal


def told(folder: DataFolder, events: list[AnyEvent]) -> Journal:
    journal = Journal.open(folder)
    journal.append(numbered(events))
    return journal


OPEN_ORDER = [intended("g9-ema-1"), moved("g9-ema-1", OrderStatus.NEW)]


@given(upto=st.integers(0, len(story())))
def test_tables_that_nobody_altered_differ_in_nothing(
    tmp_path_factory: pytest.TempPathFactory, upto: int
) -> None:
    with DataFolder.open(tmp_path_factory.mktemp("data")) as folder:
        journal = told(folder, list(story())[:upto])
        assert first_difference(folder.path, journal.state) == ""
        journal.close()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE positions SET quantity = '7'", "positions BTCUSDT: quantity is 7, the journal "),
        ("UPDATE positions SET cost = '7'", "positions BTCUSDT: cost is 7, the journal says "),
        ("DELETE FROM positions", "positions BTCUSDT: the row is missing"),
        ("UPDATE balances SET total = '7' WHERE asset = 'USDT'", "balances USDT: total is 7, "),
        ("INSERT INTO balances VALUES ('X', '1', 1)", "balances X: the journal has nothing of it"),
        (
            "UPDATE orders SET status = 'CANCELED' WHERE client_order_id = 'g9-ema-1'",
            "orders g9-ema-1: the row is missing",
        ),
        (
            "UPDATE orders SET filled_quantity = '9' WHERE client_order_id = 'g9-ema-1'",
            "orders g9-ema-1: filled_quantity is 9, the journal says 0",
        ),
        ("DELETE FROM fills WHERE seq = (SELECT max(seq) FROM fills)", "fills: "),
        ("DELETE FROM orders WHERE status = 'FILLED'", "orders: "),
        ("DELETE FROM equity", "equity: 0 rows, the journal says "),
        ("DELETE FROM halts", "halts: 0 rows, the journal says "),
    ],
)
def test_an_altered_table_is_told_of(folder: DataFolder, statement: str, said: str) -> None:
    journal = told(folder, [*story(), *OPEN_ORDER])
    state = journal.state
    journal.close()
    with sqlite3.connect(folder.journal_path) as connection:
        assert connection.execute(statement).rowcount
    connection.close()
    assert first_difference(folder.path, state).startswith(said)
