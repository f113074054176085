"""A look comes at the first touch that takes equity out of its band, however touches are cut."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from risk_tales import NOW, Account

from genesis.domain.drawdown import DAY_NS
from genesis.domain.vigil import Band, Mids
from genesis.messages.market import TOP, BookView

NEVER_NS = 1 << 62
MIDS = {"A": 100.0, "B": 100.0}
Touch = tuple[int, int, int]  # time, mid in ticks, 1 where the book is whole


def view(symbol: str, touches: list[Touch]) -> BookView:
    rows = [(at, at, whole, 1, mid - 1, 1, mid + 1, 1) for at, mid, whole in touches]
    tops = np.array(rows, TOP)
    newest_ns = touches[-1][0] if touches else 0
    return BookView(symbol, 1, newest_ns, True, 1, 0, 0, 0, 0, tops=tops, newest_ns=newest_ns)


def band(low: float, high: float, **held: float) -> Band:
    """So many of each are held, and nothing besides."""
    return Band(low, high, NEVER_NS, 0.0, held)


def test_a_fall_is_seen_when_it_comes() -> None:
    mids = {"A": Mids(view("A", [(10, 100, 1), (20, 96, 1), (30, 95, 1), (40, 99, 1)]), 1.0)}
    assert band(95.0, 110.0, A=1.0).left_ns(mids, {}, 0, NEVER_NS) == 30
    assert band(95.0, 110.0, A=1.0).left_ns(mids, {}, 30, NEVER_NS) is None
    assert band(94.0, 110.0, A=1.0).left_ns(mids, {}, 0, NEVER_NS) is None


def test_a_new_peak_is_seen_when_it_comes() -> None:
    mids = {"A": Mids(view("A", [(10, 100, 1), (20, 111, 1)]), 1.0)}
    assert band(50.0, 110.0, A=1.0).left_ns(mids, {}, 0, NEVER_NS) == 20


def test_a_book_that_is_not_whole_takes_equity_nowhere() -> None:
    mids = {"A": Mids(view("A", [(10, 1, 0), (20, 100, 1), (30, 1, 0), (40, 90, 1)]), 1.0)}
    assert band(95.0, 110.0, A=1.0).left_ns(mids, {}, 0, NEVER_NS) == 40


def test_what_a_moment_leaves_behind_counts() -> None:
    mids = {"A": Mids(view("A", [(10, 100, 1), (20, 90, 1), (20, 100, 1), (30, 90, 1)]), 1.0)}
    assert band(95.0, 110.0, A=1.0).left_ns(mids, {}, 0, NEVER_NS) == 30


def test_midnight_is_looked_at() -> None:
    mids = {"A": Mids(view("A", [(10, 100, 1), (20, 100, 1), (30, 100, 1)]), 1.0)}
    night = Band(50.0, 200.0, 15, 0.0, {"A": 1.0})
    assert night.left_ns(mids, {}, 0, NEVER_NS) == 20


def test_where_nothing_is_held_equity_goes_nowhere() -> None:
    assert band(95.0, 110.0).left_ns({}, {}, 0, NEVER_NS) is None


def test_a_band_is_a_little_narrower_than_its_limits() -> None:
    narrower = Band.between(950.0, 1100.0, NEVER_NS, 500.0, {"A": 2.0})
    assert 950.0 < narrower.low < 950.001
    assert 1099.999 < narrower.high < 1100.0


def test_a_new_peak_and_a_new_day_each_bring_a_new_band() -> None:
    """Though nothing is bought or sold: 5 BTC and 500 USDT are held throughout."""

    def band_at(mid: str, now_ns: int) -> tuple[int, int, int]:
        account.mark(mid, now_ns)
        account.book.observe(now_ns)
        band = account.book.band()
        assert band is not None
        return round(band.low), round(band.high), band.until_ns

    account = Account().holding("5")
    midnight_ns = (NOW // DAY_NS + 1) * DAY_NS
    assert band_at("100", NOW) == (950, 1000, midnight_ns)  # down to 5 % below the day's start
    assert band_at("200", NOW + 1) == (1275, 1500, midnight_ns)  # 15 % below the peak
    assert band_at("180", NOW + 2) == (1275, 1500, midnight_ns)
    assert band_at("180", midnight_ns) == (1330, 1500, midnight_ns + DAY_NS)  # 5 % below 1400


touches = st.lists(
    st.tuples(st.integers(1, 400), st.integers(80, 120), st.sampled_from([1, 1, 1, 0])),
    min_size=1,
    max_size=300,
).map(lambda touches: sorted(touches, key=lambda touch: touch[0]))


@given(a=touches, b=touches, after_ns=st.integers(0, 400), low=st.integers(240, 300))
def test_it_is_what_each_touch_by_itself_would_tell(
    a: list[Touch], b: list[Touch], after_ns: int, low: int
) -> None:
    mids = {"A": Mids(view("A", a), 1.0), "B": Mids(view("B", b), 1.0)}
    found = band(low + 0.5, 330.5, A=1.0, B=2.0).left_ns(mids, MIDS, after_ns, NEVER_NS)

    expected, at_a, at_b = None, {at: m for at, m, w in a if w}, {at: m for at, m, w in b if w}
    mid_a = mid_b = 100
    for at in sorted({touch[0] for touch in [*a, *b]}):
        mid_a, mid_b = at_a.get(at, mid_a), at_b.get(at, mid_b)
        if at > after_ns and not low + 0.5 < mid_a + 2 * mid_b < 330.5:
            expected = at
            break
    assert found == expected


@given(
    a=touches,
    after_ns=st.integers(0, 400),
    low=st.integers(70, 110),
    until_ns=st.sampled_from([NEVER_NS, 200]),
)
def test_so_it_is_where_one_symbol_moves_and_another_stands(
    a: list[Touch], after_ns: int, low: int, until_ns: int
) -> None:
    mids = {"A": Mids(view("A", a), 1.0)}
    both = Band(low + 100.5, 210.5, until_ns, 0.0, {"A": 1.0, "B": 2.0})
    found = both.left_ns(mids, {"A": 100.0, "B": 50.0}, after_ns, NEVER_NS)
    if low + 100.5 < 200.0:  # equity begins inside
        alone = Band(low + 100.5, 210.5, until_ns, 100.0, {"A": 1.0})
        assert alone.left_ns(mids, {}, after_ns, NEVER_NS) == found

    expected, mid = None, 100
    for at, seen, whole in a:
        mid = seen if whole else mid
        if at > after_ns and (at >= until_ns or not low + 100.5 < mid + 100 < 210.5):
            expected = at
            break
    assert found == expected


def test_what_moved_since_the_last_look_counts_with_what_moves_next() -> None:
    looked = band(185.0, 300.0, A=1.0, B=1.0)
    fallen = {"A": Mids(view("A", [(20, 91, 1)]), 1.0), "B": Mids(view("B", [(30, 100, 1)]), 1.0)}
    assert looked.left_ns(fallen, MIDS, 0, NEVER_NS) is None
    assert looked.left_ns(fallen, {**MIDS, "B": 90.0}, 0, NEVER_NS) == 20
