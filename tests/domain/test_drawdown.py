"""Daily loss, drawdown, and what a restart or a resume does to them."""

from __future__ import annotations

from decimal import Decimal

from risk_tales import BTC, LIMITS, NOW, SECOND, Account, buy, sell, shown

from genesis.domain.figures import figures
from genesis.domain.limits import Breach
from genesis.domain.risk_book import RiskBook
from genesis.domain.state import TradingState
from genesis.messages.journal import EquityMarked, Halted, Resumed

D = Decimal
DAY = 86_400 * SECOND


def invested() -> Account:
    """1000 USDT, all of it in 10 BTC at 100."""
    account = Account().holding("10")
    assert observed(account.book, NOW) is None
    return account


def observed(book: RiskBook, now_ns: int) -> Breach | None:
    book.observe(now_ns)
    return book.reached()


def limit(breach: Breach | None) -> str:
    return "" if breach is None else breach.limit


def marked(account: Account, now_ns: int = NOW) -> EquityMarked:
    account.book.observe(now_ns)
    event = account.book.equity_marked()
    assert event is not None
    account.happens(event)
    return event


def restarted(account: Account, mid: str) -> RiskBook:
    book = RiskBook({"BTCUSDT": BTC}, LIMITS, TradingState.decode(account.state.encode()))
    book.marks.on_view(shown(mid))
    return book


def test_a_daily_loss_stops_new_risk_until_the_next_day() -> None:
    account = invested()
    account.mark("95.01")
    assert observed(account.book, NOW) is None
    account.mark("95.00")
    breach = observed(account.book, NOW)
    assert breach is not None
    assert not breach.halts
    assert breach.sentence == (
        "daily_loss: 50.00 USDT lost since midnight UTC against 50.00 USDT = 5 % of 1000.00 USDT"
    )
    refusal = account.book.judge(buy("0.1", "95.00"), NOW)
    assert refusal is not None
    assert refusal.limit == "daily_loss"
    assert account.book.judge(sell("10", "95.00"), NOW) is None
    assert observed(account.book, NOW + DAY) is None


def test_a_drawdown_from_the_peak_halts() -> None:
    account = invested()
    account.mark("120")
    account.book.observe(NOW)
    account.mark("102.00")
    breach = observed(account.book, NOW)
    assert breach is not None
    assert breach.halts
    assert breach.sentence == (
        "drawdown: 180.00 USDT below the peak of 1200.00 USDT against 180.00 USDT = 15 %"
    )
    account.mark("102.01")
    assert limit(observed(account.book, NOW)) != "drawdown"


def test_peak_and_day_start_outlive_a_restart() -> None:
    account = invested()
    account.mark("120")
    assert marked(account).peak_equity == 1200
    again = restarted(account, "101")
    assert limit(observed(again, NOW)) == "drawdown"
    assert observed(restarted(account, "115"), NOW) is None
    assert figures(restarted(account, "103"), NOW).day_pnl == D(30)


def test_a_resume_after_a_drawdown_begins_a_new_peak() -> None:
    account = invested()
    marked(account)
    account.mark("80")
    assert limit(observed(account.book, NOW + DAY)) == "drawdown"
    account.happens(Halted("drawdown", "risk"))
    account.happens(Resumed("looked into it"))
    assert observed(account.book, NOW + DAY) is None
    assert limit(observed(restarted(account, "80"), NOW + DAY)) == ""
    account.mark("68")
    assert limit(observed(account.book, NOW + 2 * DAY)) == "drawdown"


def test_a_resume_after_another_halt_keeps_the_peak() -> None:
    account = invested()
    account.mark("90")
    account.happens(Halted("by hand", "operator"))
    account.happens(Resumed("went on"))
    account.book.observe(NOW)
    account.mark("85")
    assert limit(observed(account.book, NOW)) == "drawdown"


def test_nothing_is_concluded_from_prices_that_are_not_known() -> None:
    account = Account(marks=False).holding("5")
    assert account.book.observe(NOW) is None
    assert observed(account.book, NOW) is None
    assert account.book.equity_marked() is None
    assert figures(account.book, NOW).equity == 1000
    account.mark("10")
    assert observed(account.book, NOW) is None  # the first known equity is the first peak


def test_what_is_held_of_a_symbol_no_longer_traded_does_not_stop_the_account() -> None:
    account = Account().holding("0.001", "XRPUSDT")
    assert account.book.judge(buy("0.1"), NOW) is None
    assert account.book.observe(NOW) == 1000


def test_the_figures_agree_with_each_other() -> None:
    account = invested()
    account.approve(sell("1", name="a"))
    account.mark("97")
    told = figures(account.book, NOW)
    assert told.equity == told.cash + told.inventory - told.fees == 970
    assert (told.realized, told.unrealized, told.day_pnl) == (0, -30, -30)
    assert (told.drawdown, told.exposure) == (D("0.03"), 1)
