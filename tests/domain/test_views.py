"""Nobody may look at more of a book than his own time allows."""

from __future__ import annotations

import msgspec
import numpy as np

from genesis.domain.views import Views
from genesis.messages.market import NO_TOPS, TOP, BookView


def view(*tops: tuple[int, int]) -> BookView:
    """A stretch whose bid stood at each (time, ticks)."""
    rows = np.array([(at, at, 1, at, bid, 1, bid + 2, 1) for at, bid in tops], TOP)
    at, bid = tops[-1]
    return BookView("BTC", at, at, True, at, bid, 1, bid + 2, 1, tops=rows, newest_ns=at)


def bid_at(views: Views, now_ns: int) -> int | None:
    seen = views.at("BTC", now_ns)
    return None if seen is None else seen.bid_ticks


def test_a_view_is_as_of_the_time_it_is_looked_at() -> None:
    views = Views()
    views.see(view((10, 100), (20, 101), (30, 102)))
    assert [bid_at(views, now_ns) for now_ns in (9, 10, 19, 20, 31)] == [None, 100, 100, 101, 102]


def test_between_two_touches_it_is_the_same_view() -> None:
    views = Views()
    views.see(view((10, 100), (20, 101), (30, 102)))
    assert views.at("BTC", 21) is views.at("BTC", 29)
    assert [bid_at(views, now_ns) for now_ns in (29, 15, 29, 30)] == [101, 100, 101, 102]
    views.see(view((40, 103), (50, 104)))
    assert [bid_at(views, now_ns) for now_ns in (35, 41, 50)] == [102, 103, 104]


def test_before_a_stretch_the_view_before_it_holds() -> None:
    views = Views()
    views.see(view((10, 100)))
    views.see(view((20, 101), (30, 102)))
    assert [bid_at(views, now_ns) for now_ns in (15, 20, 30)] == [100, 101, 102]


def test_a_view_of_one_moment_needs_no_tops() -> None:
    both = [Views(), Views()]
    for at, bid in ((10, 100), (20, 101)):
        full = view((at, bid))
        bare = msgspec.structs.replace(full, tops=NO_TOPS)
        assert bare.all_tops().tolist() == full.tops.tolist()
        both[0].see(full)
        both[1].see(bare)
    for now_ns in (9, 10, 15, 20, 21):
        seen = [bid_at(views, now_ns) for views in both]
        assert seen[0] == seen[1]
        assert both[0].next_ns(now_ns) == both[1].next_ns(now_ns)


def test_an_unknown_symbol_has_no_view() -> None:
    assert Views().at("ETH", 10) is None


def test_the_next_touch_is_the_first_behind_a_time() -> None:
    views = Views()
    views.see(view((10, 100), (20, 101), (30, 102)))
    assert [views.next_ns(after_ns) for after_ns in (0, 10, 29, 30)] == [10, 20, 30, None]
