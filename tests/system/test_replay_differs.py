"""A replay that is not as the session was says so at the first difference, and of what kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from house import QUICK_TO_NOTICE, House

from genesis.actors.order_book import OrderBook
from genesis.actors.risk import Risk
from genesis.actors.supervisor import Supervisor
from genesis.backtest.replays.divergence import NOTHING, Divergence
from genesis.backtest.replays.replay import replay
from genesis.domain.order import Order
from genesis.domain.orders import Orders
from genesis.domain.risk_book import RiskBook
from genesis.errors import StorageError
from genesis.messages.market import BookView
from genesis.messages.orders import SubmitOrder
from genesis.storage.journal import Journal
from genesis.strategies.ema_cross import EmaCross

Patch = pytest.MonkeyPatch
QUICK = {name.replace(".", "__"): value for name, value in QUICK_TO_NOTICE.items()}


pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session with a restart in it. It is only read."""
    folder = tmp_path_factory.mktemp("session")
    house = House(folder, for_s=10.0, market__speed=0.0)
    house.at(4.0, lambda: house.crash("risk"))
    house.run()
    return folder


def first_difference(folder: Path) -> Divergence:
    found = replay(folder).divergence
    assert found is not None
    assert found.lines()
    return found


def silent(patch: Patch) -> None:
    patch.setattr(EmaCross, "_follow", lambda *_: None)


def other_price(patch: Patch) -> None:
    submission = Order.submission

    def later(order: Order, now_ns: int) -> SubmitOrder:
        return msgspec.structs.replace(submission(order, now_ns), sent_ns=now_ns + 1)

    patch.setattr(Order, "submission", later)


def half_a_fee(patch: Patch) -> None:
    hear = Orders.hear

    def cheaper(orders: Orders, report: Any) -> Any:
        if hasattr(report, "fee"):
            report = msgspec.structs.replace(report, fee=report.fee / 2)
        return hear(orders, report)

    patch.setattr(Orders, "hear", cheaper)


def no_mark(patch: Patch) -> None:
    patch.setattr(Risk, "_mark_equity", lambda *_: None)


def other_mark(patch: Patch) -> None:
    equity_marked = RiskBook.equity_marked

    def richer(book: RiskBook) -> Any:
        marked = equity_marked(book)
        return marked and msgspec.structs.replace(marked, cash=marked.cash + 1)

    patch.setattr(RiskBook, "equity_marked", richer)


def crash(patch: Patch) -> None:
    def fail(*_: Any) -> None:
        raise ValueError("a new bug")

    patch.setattr(OrderBook, "_show", fail)


def curious(patch: Patch) -> None:
    on_started = Supervisor._lives

    def lives(supervisor: Supervisor, news: Any) -> bool:
        supervisor._gate.read()
        return on_started(supervisor, news)

    patch.setattr(Supervisor, "_lives", lives)


@pytest.mark.parametrize(
    ("change", "what", "name"),
    [
        (silent, "decision", "strategy.ema_cross"),
        (other_price, "order", "executor"),
        (half_a_fee, "fill", "executor"),
        (other_mark, "journal entry", "risk"),
        (no_mark, "message", "risk"),
        (crash, "death", "book.BTCUSDT"),
        (curious, "reading", "supervisor"),
    ],
)
def test_the_first_difference_is_named(
    session: Path, monkeypatch: Patch, change: Callable[[Patch], None], what: str, name: str
) -> None:
    assert replay(session).divergence is None
    change(monkeypatch)
    found = first_difference(session)
    assert (found.what, found.name) == (what, name)
    assert found.session != found.replay


def test_the_two_sides_and_the_way_there_are_shown(session: Path, monkeypatch: Patch) -> None:
    silent(monkeypatch)
    found = first_difference(session)
    assert found.session.startswith("place g1-ema_cross-1-1: ")
    assert found.replay == NOTHING
    assert found.began_with.startswith("market event ")
    assert found.took[-1].split(" from ")[1].startswith("book.")
    assert any("OrderIntended" in line for line in found.session_trace)
    assert found.replay_trace == ()
    assert found.handled > 0


def test_what_was_given_up_in_the_middle_of_a_handler_had_no_effect(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    show = OrderBook._show

    def stuck(book: OrderBook, view: BookView) -> None:
        show(book, view)
        if book.name == "book.BTCUSDT" and book.epoch == 1 and view.trace_id > 100:
            book.context.runtime.hang(book.context.address, 1)
            show(book, view)  # a zombie's: nobody hears it
            raise ValueError("too late")

    monkeypatch.setattr(OrderBook, "_show", stuck)
    house = House(tmp_path, None, True, market__speed=12.0, **QUICK)
    ended = house.run_until(
        lambda: len(house.actors.get("book.BTCUSDT", ())) > 1 and len(house.submitted) > 5,
        "its successor, and orders",
    )
    assert "book.BTCUSDT" in ended.restarted()
    verdict = replay(tmp_path)
    assert verdict.divergence is None, verdict.divergence.lines()
    assert verdict.complete


def test_a_journal_that_could_not_be_written_fails_again(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    append, calls = Journal.append, iter(range(10**6))

    def fails_at_times(journal: Journal, items: Any) -> Any:
        if next(calls) % 5 == 4:
            raise StorageError("the disk is full")
        return append(journal, items)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", fails_at_times)
        house = House(tmp_path, None, True, market__speed=10.0)
        outcome = house.run_until(lambda: len(house.submitted) > 5, "orders").outcome
    assert outcome.summary is not None
    verdict = replay(tmp_path)
    assert verdict.divergence is None, verdict.divergence.lines()
    assert verdict.journal_hash == outcome.summary.journal_hash
    assert verdict.orders > 0
