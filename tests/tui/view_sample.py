"""A view state as a day of paper trading leaves it, and an app that looks when told to."""

from __future__ import annotations

import math
from decimal import Decimal as D

from msgspec.structs import replace

from genesis.messages.base import Control
from genesis.messages.view import (
    AccountLine,
    ActorLine,
    BookLine,
    CounterLine,
    FillLine,
    GateLine,
    NoteLine,
    OrderLine,
    PositionLine,
    ViewState,
)
from genesis.tui.app import GenesisApp
from genesis.tui.slot import Slot

SECOND_NS = 1_000_000_000
NOW_NS = 1_723_161_598_000_000_000  # 2024-08-08 23:59:58 UTC


def account() -> AccountLine:
    curve = tuple(
        500 + 0.9 * math.sin(i / 9) + i * 0.012 + 0.2 * math.sin(i * 2.1) for i in range(180)
    )
    return AccountLine(
        quote="USDT",
        equity=D("501.73209914"),
        cash=D("477.41820034"),
        inventory=D("24.61730000"),
        fees=D("0.30340120"),
        realized_pnl=D("2.11846034"),
        unrealized_pnl=D("-0.08296000"),
        day_pnl=D("1.73209914"),
        drawdown=D("0.00214"),
        drawdown_limit=D("0.15"),
        exposure=D("0.04906"),
        exposure_limit=D("0.5"),
        curve=curve,
    )


def actor(name: str, **more: object) -> ActorLine:
    line = ActorLine(name, "running", 1, 0, 0, 0.0, 41_249, 0, 0, 38.2)
    return replace(line, **more)  # type: ignore[arg-type]


def fill(seconds: int, strategy: str, symbol: str, side: str, price: str, maker: bool) -> FillLine:
    base = symbol.removesuffix("USDT")
    quantity = D("0.00016") if base == "BTC" else D("0.0041")
    fee = quantity * D("0.001") if side == "BUY" else (quantity * D(price) * D("0.001"))
    return FillLine(
        NOW_NS - seconds * SECOND_NS,
        strategy,
        symbol,
        side,
        quantity,
        D(price),
        fee.quantize(D("1e-8")),
        base if side == "BUY" else "USDT",
        maker,
    )


def order(
    seconds: int, side: str, price: str, status: str = "NEW", filled: str = "0.00000"
) -> OrderLine:
    return OrderLine(
        f"g1-spread_capture-{seconds:06d}",
        "spread_capture",
        "BTCUSDT",
        side,
        D(price),
        D("0.00016"),
        D(filled),
        status,
        NOW_NS - seconds * SECOND_NS,
    )


def fills() -> tuple[FillLine, ...]:
    return (
        fill(4, "spread_capture", "BTCUSDT", "BUY", "61685.99", True),
        fill(19, "ema_cross", "ETHUSDT", "SELL", "2682.50", False),
        fill(33, "spread_capture", "BTCUSDT", "SELL", "61702.40", True),
        fill(71, "ema_cross", "BTCUSDT", "BUY", "61690.12", False),
        fill(75, "spread_capture", "ETHUSDT", "BUY", "2681.97", True),
        *(
            fill(90 + i * 7, "spread_capture", "BTCUSDT", side, f"617{i:02d}.10", True)
            for i in range(20)
            for side in ("SELL" if i % 2 else "BUY",)
        ),
    )


def positions() -> tuple[PositionLine, ...]:
    return (
        PositionLine(
            "BTCUSDT",
            D("0.00021984"),
            D("61693.4710293"),
            D("61685.995"),
            D("13.5610"),
            D("-0.001644"),
        ),
        PositionLine(
            "ETHUSDT",
            D("0.0041"),
            D("2702.41"),
            D("2682.505"),
            D("10.99827050"),
            D("-0.08131600"),
        ),
    )


def books() -> tuple[BookLine, ...]:
    book = BookLine(
        "BTCUSDT",
        True,
        D("61685.99"),
        D("0.84412"),
        D("61686.00"),
        D("3.20177"),
        NOW_NS - 87_000_000,
        50_558_213_411,
    )
    other = replace(
        book,
        symbol="ETHUSDT",
        bid=D("2682.50"),
        ask=D("2682.51"),
        bid_quantity=D("12.4410"),
        ask_quantity=D("30.0012"),
        data_time_ns=NOW_NS - 131_000_000,
    )
    return book, other


def actors() -> tuple[ActorLine, ...]:
    return (
        actor("persistence", handled=1_204, mean_handle_us=412.0),
        actor("risk", handled=9_120, mean_handle_us=61.4),
        actor("executor", handled=412, depth=1, age_ms=2.4),
        actor("publisher", handled=3_310),
        actor("feed", depth=12, age_ms=7.9),
        actor("book.BTCUSDT", restarts=1, epoch=2, depth=3, age_ms=4.1),
        actor("book.ETHUSDT"),
        actor("strategy.ema_cross", handled=19_514, mean_handle_us=21.9),
        actor("strategy.spread_capture", handled=19_514),
        actor("view", handled=3_310),
    )


def notes() -> tuple[NoteLine, ...]:
    return (
        NoteLine(
            NOW_NS - 12 * SECOND_NS,
            "ema_cross may not buy 0.00081 BTCUSDT: "
            "position 9.8% would pass the limit of 5% of equity.",
        ),
        NoteLine(
            NOW_NS - 41 * SECOND_NS,
            "book.BTCUSDT was restarted (2nd incarnation): "
            "ValueError in MarketBatch; it resynchronised from a snapshot.",
        ),
        NoteLine(
            NOW_NS - 41 * SECOND_NS,
            "BTCUSDT: the book was dropped, updates 50558213301 to 50558213390 are missing.",
        ),
    )


def state() -> ViewState:
    return ViewState(
        seq=1,
        now_ns=NOW_NS,
        title="replay BTCUSDT ETHUSDT",
        account=account(),
        positions=positions(),
        books=books(),
        orders=(
            order(2, "SELL", "61702.40", "PARTIALLY_FILLED", "0.00005"),
            order(3, "BUY", "61671.20"),
        ),
        fills=fills(),
        actors=actors(),
        gate=GateLine("ACTIVE", "", False),
        notes=notes(),
        counters=CounterLine(41_249, 3_451, 9_757, 1, 1, 0, 388, 96, 25, 3, 1, 0),
    )


def halted() -> ViewState:
    return replace(state(), gate=GateLine("HALTED", "seen", True))


class Sent(list[Control]):
    """Stands where the daemon would: keeps what the view sends."""


def make_app(view: ViewState | None, **more: object) -> tuple[GenesisApp, Slot, Sent]:
    """An app that looks at its slot only when told to, so that tests need no clock."""
    slot, sent = Slot(), Sent()
    if view is not None:
        slot.put(view)
    more.setdefault("read_interval_s", None)
    return GenesisApp(slot, sent.append, **more), slot, sent  # type: ignore[arg-type]


def screen_text(app: GenesisApp) -> list[str]:
    """What is on the screen, row by row, as characters."""
    width, height = app.size
    strips = app.screen._compositor.render_strips()
    return [strip.text.ljust(width) for strip in strips][:height]
