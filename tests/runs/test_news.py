"""What the log says of trading: a line for each fact an operator would look for."""

from __future__ import annotations

import json
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from genesis import log
from genesis.config import Settings
from genesis.messages import journal as j
from genesis.messages.orders import OrderStatus, OrderType, Side, TimeInForce
from genesis.runs.news import News

NOON_NS = 1_723_118_400_000_000_000
ID = "g1-ema-1-1"
INTENDED = j.OrderIntended(
    client_order_id=ID,
    strategy="ema",
    symbol="BTCUSDT",
    side=Side.BUY,
    type=OrderType.LIMIT,
    quantity=D("0.00040"),
    price=D("61685.90"),
    time_in_force=TimeInForce.GTC,
    decided_ns=NOON_NS,
    approved_ns=NOON_NS,
    trace_id=7,
    reason="fast above slow",
)
FILLED = j.OrderFilled(
    client_order_id=ID,
    venue_order_id=77,
    trade_id=5,
    strategy="ema",
    symbol="BTCUSDT",
    side=Side.BUY,
    price=D("61685.9"),
    quantity=D("0.0004"),
    cumulative_quantity=D("0.0004"),
    status=OrderStatus.FILLED,
    fee=D("0.0000004"),
    fee_asset="BTC",
    maker=False,
    venue_ns=NOON_NS,
    trace_id=7,
)
REFUSED = j.IntentRefused(
    "ema", "BTCUSDT", Side.BUY, D("0.01"), None, "position", "54 USDT", "50 USDT", 7
)


pytestmark = pytest.mark.usefixtures("logging_as_it_was")


def logged(tmp_path: Path, *events: j.AnyEvent, level: str = "info") -> list[dict[str, Any]]:
    """What the file says of these facts, without when it was written."""
    settings = Settings.load(overrides={"log.level": level})
    path = log.configure(tmp_path, settings, terminal=True)
    news = News()
    for seq, event in enumerate(events, 1):
        news.tell(j.Entry(seq, NOON_NS + 5_000_000, "risk", event))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [
        {key: line[key] for key in line if key not in ("timestamp", "logger")} for line in lines
    ]


def test_an_order_is_one_line_when_it_is_on_the_wire(tmp_path: Path) -> None:
    new = j.OrderMoved(ID, OrderStatus.NEW, 77, "")
    (sent,) = logged(tmp_path, INTENDED, j.OrderSent(ID), new)
    assert sent == {
        "event": "order sent",
        "level": "info",
        "order": ID,
        "strategy": "ema",
        "side": "BUY",
        "quantity": "0.0004",
        "symbol": "BTCUSDT",
        "price": "61685.9",
        "reason": "fast above slow",
        "at": "2024-08-08T12:00:00.005Z",
        "seq": 2,
    }


def test_a_fill_and_a_refusal_are_told_with_their_figures(tmp_path: Path) -> None:
    filled, refused = logged(tmp_path, FILLED, REFUSED)
    assert filled["event"] == "order filled"
    assert (filled["price"], filled["fee"], filled["maker"]) == ("61685.9", "0.0000004 BTC", False)
    assert refused["event"] == "order refused"
    assert (refused["by"], refused["value"], refused["limit"]) == ("position", "54 USDT", "50 USDT")


@pytest.mark.parametrize(
    ("event", "level", "said"),
    [
        (j.Halted("drawdown", "risk"), "warning", "trading halted"),
        (j.HaltProven(2), "info", "halt proven: the venue shows no open order"),
        (j.Resumed("looked at it"), "info", "trading resumed"),
        (j.GateMoved("ACTIVE", ""), "info", "trading gate ACTIVE"),
        (
            j.Reconciled("halt", ("a fill is missing",)),
            "warning",
            "the venue and the journal differ",
        ),
        (j.ActorRestarted("risk", 2, "risk", "boom"), "warning", "actor restarted"),
        (j.DeadLettered("risk", 1, "PlaceOrder(x)", "boom"), "warning", "message not handled"),
        (j.BookLost("BTCUSDT", "a gap"), "warning", "book lost"),
        (j.BookRecovered("BTCUSDT", 9), "info", "book recovered"),
        (j.OrderMoved(ID, OrderStatus.LOST, 0, "denied"), "warning", "order lost"),
        (j.OrderMoved(ID, OrderStatus.REJECTED, 0, "no funds"), "warning", "order rejected"),
        (j.OrderMoved(ID, OrderStatus.DENIED, 0, "the gate is shut"), "info", "order denied"),
        (j.RunStarted(1, "0", "test", ("BTCUSDT",), ("ema",), ""), "info", "run started"),
        (j.RunEnded(1, "quit"), "info", "run ended"),
    ],
)
def test_what_else_is_told(tmp_path: Path, event: j.AnyEvent, level: str, said: str) -> None:
    (line,) = logged(tmp_path, event)
    assert (line["level"], line["event"]) == (level, said)
    assert "" not in line.values()


@pytest.mark.parametrize(
    "event",
    [
        j.EquityMarked(*[D(1)] * 6, 1),
        j.Reconciled("halt", ()),
        j.OrderMoved(ID, OrderStatus.CANCELED, 7, "quote"),
        INTENDED,
        j.OrderSent("of an incarnation before"),
    ],
)
def test_what_is_no_news(tmp_path: Path, event: j.AnyEvent) -> None:
    assert logged(tmp_path, event) == []


def test_a_cancelled_order_is_told_to_a_developer(tmp_path: Path) -> None:
    (line,) = logged(tmp_path, j.OrderMoved(ID, OrderStatus.CANCELED, 7, "quote"), level="debug")
    assert (line["event"], line["order"]) == ("order cancelled", ID)


def test_the_terminal_is_told_of_trouble_and_not_of_every_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = j.Halted("\x1b[31mred\ntape", "risk")
    assert len(logged(tmp_path, INTENDED, j.OrderSent(ID), FILLED, odd)) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert "warning  trading halted  by=risk  reason=?[31mred tape  at=2024-08-08" in line
