"""Whatever is sent, whatever the market does: the venue's books balance. Property tests."""

from __future__ import annotations

import random
from collections import defaultdict
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import BTC, Scene
from test_matching import random_market

from genesis.messages.orders import (
    ExecutionReport,
    ExecutionType,
    OrderType,
    Side,
    SubmitOrder,
    TimeInForce,
)

D = Decimal
START = {"USDT": D(400), "BTC": D(3)}

orders = st.builds(
    lambda side, kind, tif, steps, ticks: (side, kind, tif, steps, ticks),
    st.sampled_from(Side),
    st.sampled_from(OrderType),
    st.sampled_from(TimeInForce),
    st.integers(50, 3000),
    st.integers(9880, 10080),
)
actions = st.lists(st.one_of(orders, st.just("cancel"), st.none()), min_size=10, max_size=60)


class Witness:
    """Sends random orders and keeps its own account of them from the reports alone."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.frames = random_market(self.rng, 61)
        self.scene = Scene(balances=dict(START))
        self.sent: dict[str, SubmitOrder] = {}

    def act(self, number: int, action: object) -> None:
        now = 1 + 10 * number
        self.scene.market(self.frames[number])
        if action == "cancel" and self.sent:
            self.scene.cancel(now + 5, self.rng.choice(list(self.sent)))
        elif isinstance(action, tuple):
            side, kind, tif, steps, ticks = action
            price = None if kind is OrderType.MARKET else BTC.price(ticks)
            quantity = D(steps).scaleb(-3)
            name = f"o{number}"
            request = SubmitOrder(name, "BTCUSDT", side, kind, quantity, price, tif, now + 5)
            self.sent[name] = request
            self.scene.venue.send(request, now + 5)
            self.scene.said += self.scene.venue.advance(now + 5)

    def reports(self) -> list[ExecutionReport]:
        messages = [due.message for due in self.scene.said]
        return [message for message in messages if isinstance(message, ExecutionReport)]

    def check(self) -> None:
        total, locked = dict(START), defaultdict[str, Decimal](Decimal)
        by_order: dict[str, list[ExecutionReport]] = defaultdict(list)
        for report in self.reports():
            by_order[report.client_order_id].append(report)
        for name, reports in by_order.items():
            self.check_order(self.sent[name], reports, total, locked)
        trade_ids = [r.trade_id for r in self.reports() if r.trade_id >= 0]
        assert trade_ids == list(range(1, len(trade_ids) + 1))
        for asset, amount in total.items():
            account = self.scene.venue.account
            assert account.free(asset) + account.locked(asset) == amount
            assert account.locked(asset) == locked[asset]
            assert account.free(asset) >= 0

    def check_order(
        self,
        order: SubmitOrder,
        reports: list[ExecutionReport],
        total: dict[str, Decimal],
        locked: dict[str, Decimal],
    ) -> None:
        assert [r.execution_type for r in reports].count(ExecutionType.NEW) == 1
        assert reports[0].execution_type is ExecutionType.NEW
        filled = D(0)
        for trade in (r for r in reports if r.execution_type is ExecutionType.TRADE):
            filled += trade.last_quantity
            assert trade.cumulative_quantity == filled
            assert trade.last_quantity > 0
            value = trade.last_price * trade.last_quantity
            sign = 1 if order.side is Side.BUY else -1
            total["BTC"] += sign * trade.last_quantity
            total["USDT"] -= sign * value
            total[trade.fee_asset] -= trade.fee
            if order.price is not None:
                assert (order.price - trade.last_price) * sign >= 0
                assert not trade.maker or trade.last_price == order.price
        assert filled <= order.quantity
        last = reports[-1].status
        assert (last == "FILLED") == (filled == order.quantity)
        if order.type is OrderType.LIMIT_MAKER:
            assert all(r.maker for r in reports if r.trade_id >= 0)
        if order.type is OrderType.LIMIT and order.time_in_force is TimeInForce.FOK:
            assert filled in (0, order.quantity)
        if last in ("NEW", "PARTIALLY_FILLED"):
            assert order.price is not None
            left = order.quantity - filled
            buys = order.side is Side.BUY
            locked["USDT" if buys else "BTC"] += order.price * left if buys else left
            assert order.type is OrderType.LIMIT_MAKER or order.time_in_force is TimeInForce.GTC


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32), plan=actions)
def test_balances_are_start_plus_trades_and_every_order_keeps_its_word(
    seed: int, plan: list[object]
) -> None:
    witness = Witness(seed)
    for number, action in enumerate(plan):
        witness.act(number, action)
    witness.check()


def test_such_sequences_do_fill_orders_of_every_kind() -> None:
    """The property above would say little if nothing happened in it."""
    kinds = set()
    for seed in range(30):
        rng = random.Random(seed)
        witness = Witness(seed)
        for number in range(60):
            order = (
                rng.choice(list(Side)),
                rng.choice(list(OrderType)),
                rng.choice(list(TimeInForce)),
                rng.randrange(50, 3000),
                rng.randrange(9880, 10080),
            )
            witness.act(number, order)
        witness.check()
        for report in witness.reports():
            if report.trade_id >= 0:
                order_type = witness.sent[report.client_order_id].type
                kinds.add((order_type, report.maker, report.status))
    assert {(kind, maker) for kind, maker, _ in kinds} == {
        (OrderType.LIMIT, True),
        (OrderType.LIMIT, False),
        (OrderType.LIMIT_MAKER, True),
        (OrderType.MARKET, False),
    }
    assert {status for *_, status in kinds} == {"PARTIALLY_FILLED", "FILLED"}
