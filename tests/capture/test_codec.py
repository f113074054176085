"""What a capture writes of a message is that message again, and never anything else."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.capture.codec import pack, unpack
from genesis.errors import InputError
from genesis.messages.control import Halt
from genesis.messages.lifecycle import ActorDown
from genesis.messages.market import ROW, MarketBatch, RawFrame, RawFrames
from genesis.messages.orders import (
    AccountSnapshot,
    Approved,
    Balance,
    ExecutionReport,
    ExecutionType,
    OrderStatus,
    OrderType,
    PlaceOrder,
    Side,
    TimeInForce,
)
from genesis.runtime.gate import GateReading, GateState

ORDER = PlaceOrder(
    client_order_id="g1-a-1-1",
    strategy="a",
    symbol="BTCUSDT",
    side=Side.BUY,
    type=OrderType.LIMIT,
    quantity=Decimal("0.00100"),
    price=None,
    time_in_force=TimeInForce.IOC,
    decided_ns=1,
    trace_id=2,
)
BATCH = MarketBatch("BTCUSDT", 3, np.arange(21, dtype="i8").view(ROW))
PLAIN = [
    None,
    True,
    -5,
    1.5,
    ("living", 2, None),
    ORDER,
    Halt("why", "operator"),
    GateReading(GateState.REDUCING, "loss", False),
    RawFrames("market", 7, (RawFrame(1, b'{"u":1}', "a:1"), RawFrame(2, b"", restarted=True))),
    AccountSnapshot(1, (Balance("BTC", Decimal("0E-8"), Decimal(1)),)),
    ExecutionReport("A", "b", 3, ExecutionType.TRADE, OrderStatus.FILLED, Decimal("1.10"), 4),
    Approved(ORDER, 3, 4),
    ActorDown("feed", 2, "ValueError: no", ORDER),
    ActorDown("feed", 2, "ValueError: no", None),
]


@pytest.mark.parametrize("value", PLAIN, ids=lambda value: type(value).__name__)
def test_it_comes_back_as_it_was(value: object) -> None:
    back = unpack(pack(value))
    assert type(back) is type(value)
    assert repr(back) == repr(value)  # also digits of a Decimal that do not change its value


@pytest.mark.parametrize("message", [BATCH, ActorDown("book", 1, "gap", BATCH)])
def test_arrays_keep_type_and_rows(message: MarketBatch | ActorDown) -> None:
    back = unpack(pack(message))
    rows = back.rows if isinstance(back, MarketBatch) else back.message.rows
    assert rows.dtype == ROW
    assert rows.tobytes() == BATCH.rows.tobytes()
    assert rows.shape == BATCH.rows.shape


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_every_digit_of_money(amount: Decimal) -> None:
    back = unpack(pack(AccountSnapshot(1, (Balance("USDT", amount, -amount),))))
    assert back.balances[0].free.as_tuple() == amount.as_tuple()


def test_what_no_message_holds_is_refused() -> None:
    with pytest.raises(TypeError, match="object"):
        pack(ActorDown("feed", 1, "", object()))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    ["os:system", "genesis.runtime.base:starter", "genesis.nowhere:Thing", "genesis.cli:app"],
)
def test_nothing_but_a_type_of_genesis_is_made(name: str) -> None:
    content = msgspec.msgpack.encode([name, ["true"]])
    with pytest.raises(InputError, match="captured value"):
        unpack(msgspec.msgpack.encode(msgspec.msgpack.Ext(1, content)))


def test_garbage_is_an_error_of_the_input() -> None:
    with pytest.raises(InputError, match="captured value"):
        unpack(b"\xc1\x00")
