"""The price an order could have had when it was decided."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from run_tales import COIN, INSTRUMENTS, intent

from genesis.backtest.reports.touches import decided_touches
from genesis.messages.journal import Entry
from genesis.messages.market import ROW, Kind, Rows
from genesis.messages.orders import Side


def rows(*told: tuple[int, Kind, int, int, int]) -> Rows:
    """(time_ns, kind, price ticks, lots or level rows, update id)."""
    table = np.zeros(len(told), ROW)
    for row, (time_ns, kind, ticks, lots, update_id) in zip(table, told, strict=True):
        row["time_ns"], row["kind"], row["price_ticks"] = time_ns, kind, ticks
        row["quantity_lots"] = lots
        row["first_id"] = row["last_id"] = update_id
    return table


def touches(tape: Rows, *orders: tuple[str, Side, int]) -> dict[str, Decimal]:
    entries = [
        Entry(n, at_ns, "executor", intent(name, side, at_ns))
        for n, (name, side, at_ns) in enumerate(orders, 1)
    ]
    return decided_touches(entries, {"COINUSDT": tape}, INSTRUMENTS)


BOOK = (
    (10, Kind.SNAPSHOT_BEGIN, 0, 2, 100),
    (10, Kind.BID, 9900, 5, 0),
    (10, Kind.ASK, 10100, 5, 0),
    (20, Kind.DEPTH_BEGIN, 0, 2, 101),
    (20, Kind.ASK, 10100, 0, 0),
    (20, Kind.ASK, 10300, 7, 0),
)


@pytest.fixture(params=[1, 2, 1 << 16])
def rows_at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genesis.backtest.reports.touches.BLOCK", request.param)


@pytest.mark.usefixtures("rows_at_once")
def test_a_purchase_is_held_against_the_ask_and_a_sale_against_the_bid_of_that_moment() -> None:
    assert COIN.price(10100) == Decimal(101)
    found = touches(
        rows(*BOOK),
        ("late", Side.BUY, 25),
        ("early", Side.BUY, 19),
        ("sale", Side.SELL, 30),
        ("the same moment", Side.BUY, 20),
    )
    assert found == {
        "early": Decimal(101),
        "the same moment": Decimal(103),
        "late": Decimal(103),
        "sale": Decimal(99),
    }


def test_before_there_is_a_book_nothing_is_known() -> None:
    assert touches(rows(*BOOK), ("o", Side.BUY, 9)) == {}


@pytest.mark.usefixtures("rows_at_once")
def test_a_history_of_trades_alone_gives_the_newest_trade() -> None:
    tape = rows((10, Kind.TRADE_BUY, 9000, 1, 1), (20, Kind.TRADE_SELL, 9500, 1, 2))
    found = touches(tape, ("a", Side.BUY, 15), ("b", Side.SELL, 20), ("c", Side.SELL, 5))
    assert found == {"a": Decimal(90), "b": Decimal(95)}


def test_a_symbol_without_a_tape_is_left_out() -> None:
    entry = Entry(1, 5, "executor", intent("o", Side.BUY, 5, symbol="GEMUSDT"))
    assert decided_touches([entry], {"COINUSDT": rows(*BOOK)}, INSTRUMENTS) == {}
