"""The single lines a run says without a view, and at its end."""

from __future__ import annotations

from decimal import Decimal as D
from pathlib import Path

import msgspec

from genesis.messages.view import AccountLine, BookLine, CounterLine, GateLine, ViewState
from genesis.runs.status import NOTHING_WANTED, closing_line, status_line
from genesis.runs.summary import Summary

SECOND_NS = 1_000_000_000
NOON_NS = 1_723_118_400 * SECOND_NS


def summary(**changes: object) -> Summary:
    counts = dict.fromkeys(Summary.__struct_fields__, 0)
    money = {"start": "1000", "equity": "999.9258", "untraded": {}}
    traded = {"decisions": 15, "orders": 15, "fills": 1}
    return Summary(**{**counts, **money, **traded, **changes})  # type: ignore[arg-type]


def test_the_closing_line_says_what_the_run_came_to() -> None:
    assert closing_line(summary(), "USDT", Path("data"), halted="") == (
        "Ended: 15 orders, 1 fill, equity 999.93 USDT"
        " (-0.07 since the account was opened). Journal: data/journal.db"
    )


def test_the_closing_line_says_that_nobody_wanted_anything() -> None:
    idle = summary(decisions=0, orders=0, fills=0)
    assert NOTHING_WANTED in closing_line(idle, "USDT", Path("data"), halted="")
    assert NOTHING_WANTED not in closing_line(summary(), "USDT", Path("data"), halted="")


def test_the_closing_line_says_why_nothing_was_traded() -> None:
    refused = summary(refusals=507, refused_by="position_limit")
    line = closing_line(refused, "USDT", Path("d"), halted="")
    assert "Risk refused 507 intents, most by position limit. Journal:" in line
    line = closing_line(summary(refusals=1, refused_by="gate"), "USDT", Path("d"), halted="")
    assert "Risk refused 1 intent while trading was halted. Journal:" in line


def test_the_closing_line_says_that_a_halt_stays() -> None:
    line = closing_line(summary(equity="1000.5"), "USDT", Path("data"), halted="testing")
    assert "(+0.50 since the account was opened)" in line
    assert "Trading stays halted, also at the next start, until it is resumed (testing)." in line


def test_the_closing_line_names_what_is_held_and_was_not_traded() -> None:
    held = {"ETHUSDT": "0.01", "SOLUSDT": "2"}
    line = closing_line(summary(untraded=held), "USDT", Path("data"), halted="testing")
    assert (
        "Held and not traded in this run: 0.01 ETHUSDT, 2 SOLUSDT, at the last fill's price."
    ) in line
    assert "until it is resumed" in line


def test_a_status_line_holds_money_books_counts_and_the_gate() -> None:
    zero = D(0)
    account = AccountLine(
        "USDT", D("1001.25"), zero, zero, zero, zero, zero, D("-1.5"), zero, zero, zero, zero, ()
    )
    bid, ask = D("61685.99"), D("61686.00")
    fresh = BookLine("BTCUSDT", True, bid, zero, ask, zero, NOON_NS - SECOND_NS // 2, 7)
    lost = BookLine("ETHUSDT", False, zero, zero, zero, zero, 0, 0)
    counters = CounterLine(0, 0, 0, 0, 0, 0, 0, 12, 3, 0, 0, 0)
    state = ViewState(
        seq=1,
        now_ns=NOON_NS,
        title="t",
        account=account,
        books=(fresh, lost),
        gate=GateLine("HALTED", "testing", True),
        counters=counters,
    )
    assert status_line(state) == (
        "12:00:00  equity 1001.25 USDT (-1.50 today)  BTCUSDT 61685.99/61686.00 0.5 s old"
        "  ETHUSDT waits for its book  orders 12, fills 3  HALTED (testing)"
    )
    counters = msgspec.structs.replace(counters, refusals=7)
    assert "fills 3, refused 7  HALTED" in status_line(
        msgspec.structs.replace(state, counters=counters)
    )
    over = msgspec.structs.replace(state, ended="the market is over")
    assert status_line(over).startswith("12:00:00  market ended  equity 1001.25 USDT")
