"""Every refusal once, in words a person can read; and what no sequence of events may exceed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from risk_tales import BTC, ETH, LIMITS, NOW, SECOND, Account, buy, placed, sell, shown

from genesis.domain.risk_book import RiskBook
from genesis.messages.market import BookView
from genesis.messages.orders import OrderStatus, OrderType, Side

D = Decimal


def refused(account: Account, order: Any, now_ns: int = NOW) -> str:
    refusal = account.book.judge(order, now_ns)
    if refusal is None:
        return ""
    return f"{refusal.limit}: {refusal.value} against {refusal.compared_with}"


def test_an_order_within_all_limits_is_approved() -> None:
    assert refused(Account(), buy("0.4")) == ""


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"symbol": "DOGEUSDT"}, "instrument: DOGEUSDT against the symbols that are configured"),
        ({"client_order_id": "no spaces"}, "client_order_id: no spaces against 1 to 36 of "),
        ({"price": None}, "order_type: LIMIT with no price against a price unless MARKET"),
        ({"price": D("100.005")}, "tick_size: price 100.005 against steps of 0.01"),
        ({"price": D(-1)}, "tick_size: price -1 against a price above 0"),
        ({"quantity": D("0.1005")}, "step_size: quantity 0.1005 against steps of 0.001"),
        ({"quantity": D(0)}, "min_quantity: 0 BTC against at least 0.001 BTC"),
        ({"quantity": D("-0.1")}, "min_quantity: -0.1 BTC against at least 0.001 BTC"),
        ({"quantity": D(9001)}, "max_quantity: 9001 BTC against at most 9000 BTC"),
        ({"quantity": D("1E+999")}, "max_quantity: 1.00E+999 BTC against at most 9000 BTC"),
        ({"quantity": D("1E-999")}, "min_quantity: 1.00E-999 BTC against at least 0.001 BTC"),
        ({"price": D("1E-999")}, "tick_size: price 1.00E-999 against steps of 0.01"),
        ({"price": D(0.0001)}, "tick_size: price 0.000100000000000000004792173602385929598312941"),
        ({"quantity": D(f"0.1{1:0100}")}, "step_size: quantity 0.10000"),
        ({"price": D("1E+30")}, "max_price: price 1.00E+30 against what can be counted in ticks"),
        ({"quantity": D("0.049")}, "min_notional: 4.90 USDT against at least 5 USDT"),
        (
            {"price": D("101.02")},
            "price_collar: buy at 101.02 against 101.0101 = ask 100.01 + 1 %",
        ),
    ],
)
def test_an_order_that_the_venue_would_refuse_is_refused_first(
    change: dict[str, Any], sentence: str
) -> None:
    order = msgspec.structs.replace(buy("0.1"), **change)
    assert refused(Account(), order).startswith(sentence)


def test_a_sell_at_a_price_that_no_venue_can_count_is_refused() -> None:
    account = Account().holding("0.4")
    assert refused(account, sell("0.1", "1E+16")).startswith("max_price: price 1")
    assert refused(account, sell("0.1", "9E+15")) == ""


def test_a_sell_far_below_the_bid_is_a_mistake() -> None:
    account = Account().holding("0.4")
    assert refused(account, sell("0.1", "98.98")) == (
        "price_collar: sell at 98.98 against 98.9901 = bid 99.99 - 1 %"
    )
    assert refused(account, sell("0.1", "99.00")) == ""


def test_a_symbol_that_does_not_trade_is_refused() -> None:
    account = Account()
    account.book.marks.instruments["BTCUSDT"] = msgspec.structs.replace(BTC, status="CANCEL_ONLY")
    assert refused(account, buy("0.1")).startswith("instrument_status: BTCUSDT is CANCEL_ONLY")


def test_data_older_than_the_limit_refuses() -> None:
    account = Account()
    assert refused(account, buy("0.1"), NOW + 3 * SECOND) == ""
    assert refused(account, buy("0.1"), NOW + 3 * SECOND + 1_000_000) == (
        "stale_book: data 3001 ms old against at most 3000 ms"
    )


@pytest.mark.parametrize(
    "view",
    [
        shown("100", synced=False),
        msgspec.structs.replace(shown("100"), bid_ticks=0),
        msgspec.structs.replace(shown("100"), bid_ticks=10_001),
    ],
    ids=["gapped", "empty", "locked"],
)
def test_a_book_that_is_not_whole_refuses_and_keeps_its_last_value(view: BookView) -> None:
    account = Account().holding("0.4")
    before = account.book.valuation()
    account.book.marks.on_view(view)
    assert refused(account, sell("0.1")).startswith("book: the book of BTCUSDT is not whole")
    assert account.book.valuation() == before


def test_a_symbol_never_seen_refuses() -> None:
    account = Account(marks=False)
    assert refused(account, buy("0.1")).startswith("book: no market data of BTCUSDT yet")


def test_the_order_rate_counts_ten_seconds() -> None:
    account = Account(orders_per_10_s=2, open_orders_max=99)
    account.approve(buy("0.1", name="a"), NOW)
    account.approve(buy("0.1", name="b"), NOW + SECOND)
    assert refused(account, buy("0.1"), NOW + SECOND) == (
        "order_rate: 3 orders in 10 s against at most 2"
    )
    account.mark("100", NOW + 10 * SECOND)
    assert refused(account, buy("0.1"), NOW + 10 * SECOND) == ""


def test_open_orders_count_approved_and_journaled_ones() -> None:
    account = Account(open_orders_max=2)
    account.approve(buy("0.1", name="a"))
    account.approve(buy("0.1", name="b"))
    account.intend("a")
    assert refused(account, buy("0.1")) == "open_orders: 3 open orders against at most 2"
    account.move("a", OrderStatus.CANCELED)
    assert refused(account, buy("0.1")) == ""


def test_the_venues_own_maximum_of_orders_is_kept() -> None:
    account = Account()
    account.book.marks.instruments["BTCUSDT"] = msgspec.structs.replace(BTC, max_orders=1)
    account.approve(buy("0.1", name="a"))
    assert refused(account, buy("0.1")).startswith("max_orders: 2 open orders of BTCUSDT")


def test_a_position_is_limited_with_what_is_in_flight() -> None:
    account = Account().holding("0.2")
    account.approve(buy("0.2", name="a"))
    assert refused(account, buy("0.212", "100.00")) == (
        "position_limit: 61.20 USDT against 50.00 USDT = 5 % of equity"
    )
    assert refused(account, buy("0.1", "100.00")) == ""


def test_a_resting_buy_below_the_mid_counts_at_the_mid() -> None:
    assert refused(Account(), buy("0.501", "99.50")).startswith("position_limit: 50.10 USDT")


def test_all_symbols_together_are_limited() -> None:
    account = Account(exposure_fraction=D("0.08"))
    account.approve(buy("0.5", name="a"))
    order = msgspec.structs.replace(buy("3.1", "10.00"), symbol="ETHUSDT")
    assert refused(account, order) == (
        "exposure_limit: 81.00 USDT against 80.00 USDT = 8 % of equity"
    )


def test_a_buy_needs_cash_for_its_worst_fee() -> None:
    account = Account(position_fraction=D(1), exposure_fraction=D(1))
    account.approve(buy("5", name="a"))
    assert refused(account, buy("5", "100.00")) == (
        "cash: 500.50 USDT with the worst fee against 499.50 USDT free"
    )
    assert refused(account, buy("4.99", "100.00")) == ""


def test_a_market_order_is_valued_at_the_touch_and_the_collar() -> None:
    order = msgspec.structs.replace(buy("0.496"), type=OrderType.MARKET, price=None)
    assert refused(Account(), order).startswith("position_limit: 50.11 USDT")


def test_only_what_is_held_and_free_can_be_sold() -> None:
    account = Account().holding("0.4009")
    account.approve(sell("0.3", name="a"))
    assert refused(account, sell("0.101")) == (
        "inventory: 0.101 BTC against 0.1 BTC that can be sold"
    )
    assert refused(account, sell("0.1")) == ""


def test_a_sell_that_shrinks_exposure_passes_every_exposure_limit() -> None:
    account = Account().holding("2")  # four times the limit
    assert refused(account, buy("0.1")).startswith("position_limit")
    assert refused(account, sell("2")) == ""
    assert refused(account, sell("2.001")).startswith("inventory")


def test_a_sell_in_flight_does_not_make_room_for_a_buy() -> None:
    account = Account().holding("0.5")
    account.approve(sell("0.5", name="a"))
    assert refused(account, buy("0.1")).startswith("position_limit: 60.00 USDT")


def test_a_buy_that_closes_a_foreign_short_is_reducing() -> None:
    account = Account().holding("-2")
    assert refused(account, buy("2.001")).startswith("position_limit")
    assert refused(account, buy("2")) == ""
    account.approve(buy("1.5", name="a"))
    assert refused(account, buy("1")).startswith("position_limit")


def test_a_client_order_id_is_used_once() -> None:
    account = Account()
    account.approve(buy("0.1", name="a"))
    assert refused(account, buy("0.1", name="a")).startswith("client_order_id: a was used before")
    account.intend("a")
    account.move("a", OrderStatus.CANCELED)
    assert refused(account, buy("0.1", name="a")).startswith("client_order_id: a was used before")


def test_what_is_held_or_in_flight_is_at_stake_with_each_order() -> None:
    account = Account()
    assert list(account.book.at_stake("BTCUSDT")) == ["BTCUSDT"]
    account.holding("0.2").holding("1", "XRPUSDT")  # the second is not traded: nothing marks it
    assert list(account.book.at_stake("ETHUSDT")) == ["ETHUSDT", "BTCUSDT"]
    account.approve(placed(Side.BUY, "1", "10.00", "e", "ETHUSDT"))
    assert list(account.book.at_stake("BTCUSDT")) == ["BTCUSDT", "ETHUSDT"]
    account.intend("e")
    assert list(account.book.at_stake("BTCUSDT")) == ["BTCUSDT", "ETHUSDT"]
    account.move("e", OrderStatus.CANCELED)
    assert list(account.book.at_stake("BTCUSDT")) == ["BTCUSDT"]


def test_an_approval_that_died_is_released() -> None:
    account = Account()
    account.approve(buy("0.4", name="a"), NOW)
    account.approve(buy("0.1", name="b"), NOW)
    account.intend("b")
    account.book.release_unjournaled(before_ns=NOW)
    assert account.book.exposure() == 50
    account.book.release_unjournaled(before_ns=NOW + 1)
    assert account.book.exposure() == 10


def test_a_held_symbol_without_a_price_stops_new_risk_but_not_a_way_out() -> None:
    account = Account(marks=False).holding("0.1", "ETHUSDT")
    account.mark("100")
    assert refused(account, buy("0.1")).startswith(
        "valuation: ETHUSDT held without market data against"
    )
    account.mark("10", symbol="ETHUSDT")
    assert refused(account, buy("0.1")) == ""


def test_the_account_of_another_asset_is_not_touched() -> None:
    foreign = msgspec.structs.replace(ETH, symbol="ETHBTC", quote="BTC")
    account = Account()
    account.book.marks.instruments["ETHBTC"] = foreign
    order = msgspec.structs.replace(buy("1"), symbol="ETHBTC")
    assert refused(account, order).startswith("quote_asset: ETHBTC in BTC against the account's")


class Exposed(Account):
    """Holds 3 BTC, and has limits so wide that orders of 1 to 5 come close to them."""

    def __init__(self, position: str, exposure: str) -> None:
        super().__init__(
            position_fraction=D(position),
            exposure_fraction=D(exposure),
            orders_per_10_s=10**6,
            open_orders_max=6,
        )
        self.holding("3")
        self.highest_equity = self.book.valuation().equity

    def check(self) -> None:
        self.highest_equity = max(self.highest_equity, self.book.valuation().equity)
        at_stake = [self.worst(symbol) for symbol in ("BTCUSDT", "ETHUSDT")]
        assert sum(at_stake) <= self.book.limits.exposure_fraction * self.highest_equity
        assert max(at_stake) <= self.book.limits.position_fraction * self.highest_equity
        assert sum(at_stake) == self.book.exposure()
        assert self.book.ledger == self.state.ledger
        assert self.book.orders == self.state.orders
        for asset, balance in self.state.ledger.balances.items():
            assert balance >= 0, asset


steps = st.tuples(
    st.sampled_from(
        ["buy", "sell", "sell", "market", "intend", "fill", "fill", "cancel", "release"]
    ),
    st.sampled_from(["BTCUSDT", "ETHUSDT"]),
    st.integers(1, 5),
    st.integers(-1, 40),
)


@pytest.mark.parametrize(
    ("position", "exposure"),
    [("0.7", "0.8"), ("2", "3")],
    ids=["exposure binds", "cash binds"],
)
@settings(max_examples=200, deadline=None)
@given(st.lists(steps, min_size=12, max_size=40))
def test_exposure_never_exceeds_its_limit_whatever_happens(
    position: str, exposure: str, history: list[tuple[str, str, int, int]]
) -> None:
    """At constant marks: what was approved within the limits stays within them, however much of it
    fills, is cancelled, or is still on its way. No balance ever turns negative."""
    account = Exposed(position, exposure)
    for n, (action, symbol, size, percent_away) in enumerate(history):
        account.act(f"o{n}", action, symbol, size, percent_away)
        account.check()


def test_the_book_can_be_rebuilt_from_the_journal() -> None:
    account = Account().holding("0.2")
    account.approve(buy("0.2", name="a"))
    account.intend("a")
    copy = type(account.state).decode(account.state.encode())
    again = RiskBook({"BTCUSDT": BTC, "ETHUSDT": ETH}, LIMITS, copy)
    again.marks.on_view(shown("100"))
    assert again.exposure() == account.book.exposure() == 40
    assert again.judge(buy("0.2"), NOW) == account.book.judge(buy("0.2"), NOW) is not None
