"""A told journal's figures, all worked out by hand."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from run_tales import (
    COIN,
    HOUR_NS,
    INSTRUMENTS,
    SECOND_NS,
    START_NS,
    fill,
    intent,
    path,
    told,
)

from genesis.backtest.reports.costs import costs_of
from genesis.backtest.reports.metrics import measure
from genesis.backtest.reports.slots import pnl_by_slot
from genesis.backtest.reports.wording import sections
from genesis.messages.journal import AnyEvent, Entry, EquityMarked, IntentRefused, OrderMoved
from genesis.messages.orders import OrderStatus, Side

HOUR_S = 3600


def test_the_figures_of_one_profitable_day() -> None:
    result = told(
        [
            (0, intent("a", "BUY", START_NS)),
            (HOUR_S, fill("BUY", "5", "100", fee="0.5", order="a", number=1)),
            (3 * HOUR_S, fill("SELL", "5", "110", fee="0.55", order="b", number=2)),
        ],
        seconds=24 * HOUR_S,
        prices={"COINUSDT": path((0, 10000), (2 * HOUR_S, 9000), (4 * HOUR_S, 11000))},
        marks={"COINUSDT": ("109.99", "110.01")},
    )
    figures = measure(result, {"a": Decimal("99.5")}).figures
    assert figures.performance.pnl == "48.95"
    assert figures.performance.total_return == pytest.approx(0.04895)
    assert figures.performance.annual_return == pytest.approx(1.04895**365 - 1)
    assert figures.performance.max_drawdown_amount == pytest.approx(50.5)
    assert figures.performance.max_drawdown == pytest.approx(50.5 / 1000)
    assert figures.performance.drawdown_longest_s == 3 * HOUR_S
    assert figures.performance.interval_s == 900
    assert figures.performance.samples == 96
    assert figures.exposure.traded == "1050"
    # 500 of 999.5 for an hour, 450 of 949.5 for another, nothing for 22.
    assert figures.exposure.mean == pytest.approx((500 / 999.5 + 450 / 949.5) / 24)
    assert figures.exposure.highest == pytest.approx(500 / 999.5)
    assert figures.exposure.time_in_market == pytest.approx(2 / 24)
    assert figures.trips.profit_factor is None
    assert figures.trips.win_rate == 1.0
    assert figures.trips.mae_worst == "-50.5"
    assert figures.costs.fees == "1.05"
    assert figures.costs.slippage == "2.5"  # 5 at half a unit worse than decided
    assert (figures.costs.touch_known, figures.costs.touch_unknown) == (1, 1)
    assert figures.by_symbol[0].pnl == "48.95"
    assert figures.by_symbol[1].pnl == "0"


def test_profit_is_told_by_the_hour_and_weekday_in_which_it_came() -> None:
    result = told(
        [
            (HOUR_S // 2, fill("BUY", "1", "100", number=1)),
            (26 * HOUR_S, fill("SELL", "1", "130", number=2)),
        ],
        seconds=27 * HOUR_S,
        prices={"COINUSDT": path((HOUR_S - 1, 9900), (2 * HOUR_S - 1, 10500), (3 * HOUR_S, 10400))},
    )
    figures = measure(result).figures
    # Hour 0: the loss of 1; hour 1: 6 up and, a day later, the rest of it; hour 3: 1 down.
    by_hour = {h: pnl for h, pnl in enumerate(figures.pnl_by_hour) if pnl != "0"}
    assert by_hour == {0: "-1", 1: "6", 2: "26", 3: "-1"}
    assert figures.pnl_by_weekday[:2] == ("4", "26")  # Monday, Tuesday


moves = st.lists(
    st.tuples(
        st.integers(0, 40 * HOUR_S),
        st.sampled_from(["BUY", "SELL"]),
        st.integers(1, 99),
        st.integers(1, 10**5),
        st.integers(0, 999),
        st.sampled_from(["COINUSDT", "GEMUSDT"]),
    ),
    max_size=12,
)


@given(moves, st.lists(st.tuples(st.integers(0, 40 * HOUR_S), st.integers(1, 10**5)), max_size=8))
def test_every_division_of_the_profit_adds_up_to_the_last_digit(
    tale: list[tuple[int, str, int, int, int, str]], points: list[tuple[int, int]]
) -> None:
    events = [
        (
            at,
            fill(side, str(Decimal(quantity) / 1000), str(Decimal(price) / 100), symbol=symbol,
                 fee=str(Decimal(fee) / 10**6), fee_asset="COIN" if symbol[0] == "C" else "USDT",
                 number=n),
        )
        for n, (at, side, quantity, price, fee, symbol) in enumerate(sorted(tale))
    ]  # fmt: skip
    prices = {"COINUSDT": path(*sorted(dict(points).items()))} if points else {}
    result = told(
        events, seconds=41 * HOUR_S, prices=prices, marks={"COINUSDT": ("12.34", "12.35")}
    )
    figures = measure(result).figures
    pnl = Decimal(figures.performance.pnl)
    assert sum(map(Decimal, figures.pnl_by_hour)) == pnl
    assert sum(map(Decimal, figures.pnl_by_weekday)) == pnl
    assert sum(Decimal(line.pnl) for line in figures.by_symbol) == pnl
    assert sum(Decimal(line.fees) for line in figures.by_symbol) == Decimal(figures.costs.fees)


def test_a_run_within_an_hour_has_one_slot() -> None:
    hours, _ = pnl_by_slot(
        START_NS + 5 * HOUR_NS + 1,
        START_NS + 5 * HOUR_NS + SECOND_NS,
        ("USDT", Decimal(10)),
        Decimal(12),
        [],
        {},
        INSTRUMENTS,
    )
    assert [h for h, pnl in enumerate(hours) if pnl] == [5]


def entries(*events: AnyEvent) -> list[Entry]:
    return [Entry(n, START_NS, "test", event) for n, event in enumerate(events, 1)]


def test_costs_tell_makers_from_takers_and_value_base_fees() -> None:
    costs = costs_of(
        entries(
            fill("BUY", "2", "100", fee="0.002", fee_asset="COIN", order="a"),
            fill("SELL", "1", "101", fee="0.1", order="b", maker=True),
            fill("SELL", "1", "99", fee="0.05", order="c"),
            fill("SELL", "1", "99", fee="0.01", fee_asset="BNB", order="d"),
        ),
        INSTRUMENTS,
        {"a": Decimal(99), "b": Decimal(100), "c": Decimal("99.5")},
    )
    assert (costs.fees, costs.maker_fees, costs.taker_fees) == ("0.35", "0.1", "0.25")
    assert costs.other_fees == {"BNB": "0.01"}
    assert costs.fees_bps == pytest.approx(0.35 / 499 * 10_000)
    assert costs.slippage_taker == "2.5"  # bought 2 a unit above, sold 1 half a unit below
    assert costs.slippage_maker == "-1"  # sold a unit above the bid: earned
    assert costs.slippage == "1.5"
    assert costs.slippage_taker_bps == pytest.approx(2.5 / (198 + 99.5) * 10_000)
    assert costs.touch_unknown == 1


def test_without_prices_the_journals_marks_are_the_curve() -> None:
    def mark(equity: str, inventory: str) -> EquityMarked:
        zero = Decimal(0)
        return EquityMarked(Decimal(equity), zero, Decimal(inventory), zero, zero, zero, 0)

    result = told(
        [
            (10, fill("BUY", "1", "100")),
            (20, mark("980", "80")),
            (30, mark("1010", "110")),
        ],
        seconds=40,
        marks={"COINUSDT": ("105", "105")},
    )
    measured = measure(result)
    assert measured.curve.equity.tolist() == [1000, 980, 1010, 1005]
    assert measured.figures.performance.max_drawdown == pytest.approx(0.02)


def test_activity_counts_what_became_of_orders() -> None:
    refusal = IntentRefused("ema", "COINUSDT", Side.BUY, Decimal(1), None, "exposure", "9", "8", 1)
    result = told(
        [
            (1, fill("BUY", "1", "100", order="a", number=1, maker=True)),
            (2, fill("BUY", "1", "100", order="a", number=2)),
            (3, OrderMoved("b", OrderStatus.CANCELED, 1, "")),
            (4, refusal),
            (5, refusal),
        ],
        seconds=10,
    )
    summary = msgspec.structs.replace(result.summary, refusals=90, refused_by="gate")
    figures = measure(msgspec.structs.replace(result, summary=summary)).figures
    activity = figures.activity
    assert (activity.filled_orders, activity.maker_fills, activity.canceled) == (1, 1, 1)
    assert activity.refused_by == {"exposure": 2}
    rows = [row for section in sections(figures) for row in section.rows]
    assert {row.label: row.value for row in rows}["most often by"] == "gate"


def test_nothing_happened_is_told_without_a_division_by_zero() -> None:
    figures = measure(told([], seconds=5)).figures
    assert figures.performance.pnl == "0"
    assert figures.performance.sharpe is None
    assert figures.performance.max_drawdown == 0
    assert figures.exposure.turnover == 0
    assert figures.costs.fees_bps is None


def test_dust_is_no_time_in_the_market() -> None:
    result = told(
        [
            (10, fill("BUY", "1", "100", fee="0.0005", fee_asset="COIN", number=1)),
            (20, fill("SELL", "0.999", "100", number=2)),
        ],
        seconds=100,
        prices={"COINUSDT": path((5, 10000), (15, 10000), (25, 10000))},
    )
    assert COIN.step_size == Decimal("0.001")
    assert measure(result).figures.exposure.time_in_market == pytest.approx(0.1)
