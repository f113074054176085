"""What must be true of a house once it has ended, whatever happened in it."""

from __future__ import annotations

from collections import Counter

from house import MARKET, Ended, House

from genesis.domain.money import ZERO
from genesis.messages.journal import ActorRestarted, OrderFilled
from genesis.storage.journal import Journal
from genesis.storage.verify import verify


def check_money(house: House, ended: Ended) -> None:
    """The journal says what the venue says, to the last digit; nothing is open on either side."""
    fills = Counter((e.symbol, e.trade_id) for e in ended.events(OrderFilled))
    trades = {(d.instrument.symbol, t.trade_id): t for d in house.engine.desks for t in d.trades}
    assert set(fills) == set(trades), "fills lost, or not the venue's"
    assert not [trade for trade, times in fills.items() if times > 1], "fills doubled"
    for fill in ended.events(OrderFilled):
        trade = trades[fill.symbol, fill.trade_id]
        assert (fill.client_order_id, fill.quantity, fill.price, fill.fee, fill.fee_asset) == (
            trade.client_order_id,
            trade.last_quantity,
            trade.last_price,
            trade.fee,
            trade.fee_asset,
        )
    report = verify(house.folder.path)
    assert report.ok, report.problems
    journal = Journal.open(house.folder)
    state = journal.state
    journal.close()
    venue = {b.asset: b.free + b.locked for b in house.engine.account.balances()}
    for asset in venue.keys() | state.ledger.balances.keys():
        assert state.ledger.balance(asset) == venue.get(asset, ZERO), asset
    assert not state.orders.open, "an order never ended"
    assert not [name for desk in house.engine.desks for name in desk.open], "left at the venue"
    times = Counter(order.client_order_id for order in house.submitted)
    assert not [name for name, n in times.items() if n > 1], "sent twice"


def check_books(ended: Ended, undisturbed: Ended) -> None:
    """The same update id and every level of every book, here, at the venue, and undisturbed."""
    assert ended.books == ended.venue_books == undisturbed.books
    assert ended.outcome.summary is not None
    assert undisturbed.outcome.summary is not None
    best = ended.outcome.summary.best
    assert best == undisturbed.outcome.summary.best
    assert all(line.bid and line.ask for line in best.values())


def check_recovered(house: House, ended: Ended) -> None:
    """It trades again, on true books and with every coin where it belongs."""
    assert ended.outcome.exit_code == 0, ended.outcome.error
    assert ended.gate()[-2:] == ["ACTIVE", "HALTED"]  # open again, then shut for the shutdown
    assert ended.books == ended.venue_books
    check_money(house, ended)
    assert ended.sent_after(last_restart(ended)), "nothing was traded after the restart"


def expected_restarts(name: str) -> list[str]:
    """Who is started again when ``name`` fails."""
    return list(MARKET[MARKET.index(name) :]) if name in MARKET else [name]


def last_restart(ended: Ended) -> int:
    """Journal number of the newest ``ActorRestarted``."""
    return max(e.seq for e in ended.entries if isinstance(e.event, ActorRestarted))
