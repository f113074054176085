"""Round trips from flat to flat, and how far they were ever down."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from run_tales import COIN, INSTRUMENTS, SECOND_NS, START_NS, fill, path

from genesis.backtest.reports.excursions import excursion, trip_figures
from genesis.backtest.reports.trips import Trip, round_trips
from genesis.domain.ledger import Ledger
from genesis.messages.journal import OrderFilled
from genesis.messages.orders import Side


def trips(*fills: tuple[int, OrderFilled]) -> list[Trip]:
    return round_trips([(START_NS + s * SECOND_NS, f) for s, f in fills], INSTRUMENTS)


def test_bought_and_sold_is_one_trip_net_of_fees() -> None:
    (trip,) = trips(
        (0, fill("BUY", "2", "100", fee="0.2")),
        (60, fill("SELL", "2", "103", fee="0.206")),
    )
    assert not trip.is_open
    assert trip.side is Side.BUY
    assert trip.pnl == Decimal("5.594")
    assert trip.fees == Decimal("0.406")
    assert trip.notional == 200
    assert trip.end_ns - trip.begin_ns == 60 * SECOND_NS


def test_entries_and_exits_in_parts_are_one_trip() -> None:
    (trip,) = trips(
        (0, fill("BUY", "1", "100")),
        (1, fill("BUY", "1", "110")),
        (2, fill("SELL", "0.5", "120")),
        (3, fill("SELL", "1.5", "90")),
    )
    assert not trip.is_open
    assert trip.pnl == 60 + 135 - 210


def test_dust_of_a_base_fee_does_not_keep_a_trip_open_and_is_taken_over() -> None:
    first, second = trips(
        (0, fill("BUY", "1", "100", fee="0.0005", fee_asset="COIN")),
        (1, fill("SELL", "0.999", "100", fee="0")),
        (2, fill("BUY", "1", "200", fee="0.0005", fee_asset="COIN")),
        (3, fill("SELL", "1", "200", fee="0")),
    )
    assert not first.is_open
    assert first.pnl == Decimal("-0.05")  # the fee alone; 0.0005 left are worth what they cost
    assert first.fees == Decimal("0.05")
    assert not second.is_open
    assert second.pnl == Decimal("-0.1")


def test_a_part_finer_than_a_step_begins_a_trip_and_does_not_end_it() -> None:
    (trip,) = trips(
        (0, fill("BUY", "0.0004", "100")),
        (1, fill("BUY", "0.9996", "100")),
        (2, fill("SELL", "1", "101")),
    )
    assert not trip.is_open
    assert trip.pnl == 1


def test_strategies_and_symbols_have_trips_of_their_own() -> None:
    found = trips(
        (0, fill("BUY", "1", "100", strategy="a")),
        (1, fill("BUY", "1", "100", strategy="b")),
        (2, fill("BUY", "1", "50", symbol="GEMUSDT", strategy="a")),
        (3, fill("SELL", "1", "101", strategy="b")),
    )
    assert [(t.strategy, t.symbol, t.is_open) for t in found] == [
        ("a", "COINUSDT", True),
        ("b", "COINUSDT", False),
        ("a", "GEMUSDT", True),
    ]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["BUY", "SELL"]),
            st.integers(1, 5000),
            st.integers(1, 10**6),
            st.integers(0, 900),
            st.sampled_from(["COIN", "USDT"]),
        ),
        max_size=30,
    )
)
def test_trips_and_dust_add_up_to_the_ledgers_equity(
    tale: list[tuple[str, int, int, int, str]],
) -> None:
    """At every trip's end the sum of all trips, and of what dust gained between, is the profit."""
    fills = [
        fill(side, str(Decimal(q) / 1000), str(Decimal(p) / 100), fee=str(Decimal(f) / 10**6),
             fee_asset=asset)
        for side, q, p, f, asset in tale
    ]  # fmt: skip
    found = trips(*enumerate(fills))
    ledger = Ledger()
    ledger.open_account("USDT", Decimal(10**9))
    between = Decimal(0)
    steps = {step.time_ns: trip for trip in found for step in trip.steps}
    last = Decimal(0)
    for second, one in enumerate(fills):
        trip = steps[START_NS + second * SECOND_NS]
        if trip.begin_ns == START_NS + second * SECOND_NS:
            between += ledger.quantity("COINUSDT") * (one.price - last)
        ledger.apply(one)
        last = one.price
    profit = ledger.value({}).equity - 10**9
    assert sum((t.pnl for t in found), Decimal(0)) + between == profit


def test_the_worst_moment_is_seen_between_fills() -> None:
    (trip,) = trips((10, fill("BUY", "2", "100", fee="1")), (50, fill("SELL", "2", "105")))
    prices = path(
        (5, 1000, 20000, 10000),  # before it: not its own
        (20, 5000, 10100, 10100),  # reaches back behind the entry: may not be its own
        (30, 9700, 10400, 10400),
        (40, 9900, 11200, 10500),
        (60, 100, 99900, 10500),  # goes on behind the exit
    )
    worst, best = excursion(trip, prices, COIN)
    assert worst == 2 * (97 - 100) - 1
    assert best == 2 * (112 - 100) - 1


def test_of_a_short_trip_the_high_is_the_worst() -> None:
    (trip,) = trips((0, fill("SELL", "1", "100")), (50, fill("BUY", "1", "95")))
    assert excursion(trip, path((5, 10000), (20, 9000, 10700, 9500)), COIN) == (-7, 10)


def test_without_prices_the_fills_alone_tell() -> None:
    (trip,) = trips(
        (0, fill("BUY", "1", "100")), (1, fill("BUY", "1", "90")), (2, fill("SELL", "2", "120"))
    )
    assert excursion(trip, None, COIN) == (-10, 50)


def test_figures_of_trips() -> None:
    found = trips(
        (0, fill("BUY", "1", "100")),
        (10, fill("SELL", "1", "106")),
        (20, fill("BUY", "1", "100")),
        (40, fill("SELL", "1", "98")),
        (50, fill("BUY", "1", "100")),
        (90, fill("SELL", "1", "99")),
        (95, fill("BUY", "1", "100")),
    )
    figures = trip_figures(found, {}, INSTRUMENTS)
    assert (figures.closed, figures.open, figures.won) == (3, 1, 1)
    assert figures.win_rate == 1 / 3
    assert (figures.gross_profit, figures.gross_loss) == ("6", "-3")
    assert figures.profit_factor == 2.0
    assert figures.mean_pnl == 1.0
    assert (figures.best, figures.worst) == ("6", "-2")
    assert (figures.mae_worst, figures.mae_worst_fraction) == ("-2", -0.02)
    assert (figures.holding_mean_s, figures.holding_median_s) == (70 / 3, 20)


def test_nothing_traded_is_told_by_nothing() -> None:
    figures = trip_figures([], {}, INSTRUMENTS)
    assert figures.closed == 0
    assert figures.win_rate is None
    assert figures.profit_factor is None
    assert figures.mae_worst == "0"
