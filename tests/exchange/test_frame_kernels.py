"""The kernel says the same as the reader of any frame, and leaves it what is not usual."""

from __future__ import annotations

import json
from typing import Any

import pytest
from frames import INSTRUMENTS, combined, diff, raw, snapshot, ticker, trade
from hypothesis import given
from hypothesis import strategies as st

from genesis.errors import BadFrame
from genesis.exchange.binance.decode import Decoder
from genesis.exchange.binance.events import FrameReader
from genesis.messages.market import RawFrame

DECODER = Decoder(INSTRUMENTS)
READER = FrameReader(INSTRUMENTS)


def compact(body: Any) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


AGGREGATE = {k: v for k, v in trade("61837.63", "0.02").items() if k != "t"} | {
    "e": "aggTrade",
    "a": 42,
}
USUAL = [
    diff(10, 12, [("61737.63000000", "0.00100000")], [("61837.64000000", "0.00000000")]),
    diff(10, 12, [], []),
    diff(1, 10**18 - 1, [("0.01", "1"), ("2", "92233720368")], [], symbol="ETHUSDT"),
    diff(1, 2, [], [("3.", "4.5")]) | {"E": 1723161255208123},
    trade("61837.63000000", "0.02000000"),
    trade("61837.63000000", "0.02000000") | {"m": False, "b": 7, "a": 8, "X": None},
    AGGREGATE,
    ticker(9, "61837.63000000", "3.78826000", "61837.64000000", "1.54698000"),
    ticker(9, "0.00000000", "0.00000000", "61837.64", "1") | {"E": 1723161255343},
]
UNUSUAL = [
    {},
    snapshot(33, [("61837.63", "1")], [("61837.64", "2")]),
    diff(9, 8, [], []),
    diff(8, 9, [("1", "1"), ("2", "-1")], []),
    diff(8, 9, [("0", "1")], []),
    diff(8, 10**18, [], []),
    diff(8, 9, [], []) | {"b": "1"},
    diff(8, 9, [], []) | {"b": []},
    {k: v for k, v in diff(8, 9, [], []).items() if k != "a"},
    diff(8, 9, [], []) | {"E": 10**16},
    diff(8, 9, [], []) | {"E": -1},
    diff(8, 9, [], []) | {"U": "8"},
    diff(8, 9, [], []) | {"a": None},
    diff(8, 9, [], [], symbol="XXXUSDT"),
    diff(8, 9, [], [], symbol="BTCUSDTBTCUSDTBTCUSDT"),
    trade("61837.635", "1"),
    trade("5", "0.000000001"),
    trade("0.00", "1"),
    trade("6e4", "1"),
    trade(".5", "1"),
    trade("9" * 20, "1"),
    trade("1." + "0" * 200, "1"),
    trade("1", ""),
    trade("1", "1") | {"m": None},
    trade("1", "1") | {"m": 1},
    trade("1", "1") | {"e": "kline"},
    trade("1", "1") | {"e": ""},
    trade("1", "1") | {"s": "BTC\\USDT"},
    trade("1", "1") | {"x": [1]},
    ticker(9, "1", "", "2", "1"),
    ticker(9, "0", "1", "2", "1"),
    ticker(9, "1", "1", "2", "1") | {"u": "x"},
    {"result": None, "id": 1},
]


def by_decoder(frame: RawFrame) -> tuple[str, list[int]] | str:
    """The symbol and its rows, or what is wrong with the frame."""
    decoder = Decoder(INSTRUMENTS)
    try:
        [(symbol, table)] = decoder.tables((frame,)).items() or [("", None)]
    except BadFrame as error:
        return str(error)
    return symbol, [] if table is None else table.ravel().tolist()


def by_reader(frame: RawFrame) -> tuple[str, list[int]] | str:
    try:
        reading = READER.read(frame)
    except BadFrame as error:
        return str(error)
    return (reading.symbol, list(reading.rows)) if reading.rows else ("", [])


@pytest.mark.parametrize("body", USUAL)
@pytest.mark.parametrize("wrapped", [False, True])
def test_usual_frames_need_no_reader(
    body: Any, wrapped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = raw(compact(combined(body) if wrapped else body))
    expected = by_reader(frame)
    monkeypatch.delattr(FrameReader, "read")
    assert by_decoder(frame) == expected
    assert expected[1]


@pytest.mark.parametrize("body", USUAL + UNUSUAL)
def test_kernel_and_reader_say_the_same(body: Any) -> None:
    for frame in (raw(compact(body)), raw(compact(combined(body))), raw(body)):
        assert by_decoder(frame) == by_reader(frame)


@given(st.sampled_from(USUAL), st.randoms(use_true_random=False), st.booleans())
def test_the_order_of_keys_changes_nothing(body: Any, random: Any, wrapped: bool) -> None:
    items = list(body.items())
    random.shuffle(items)
    frame = raw(compact(combined(dict(items)) if wrapped else dict(items)))
    assert by_decoder(frame) == by_reader(frame)


CHANGES = st.tuples(
    st.integers(0, 400),
    st.integers(0, 3),
    st.sampled_from([b"", *(b'",:{}[]0129.eEtb\\ \n\0\xc3-')]),
)
"""Where, how many bytes are cut, and what takes their place."""


@given(st.sampled_from(USUAL), st.booleans(), st.lists(CHANGES, max_size=3))
def test_what_is_damaged_is_read_as_carefully(
    body: Any, wrapped: bool, changes: list[tuple[int, int, bytes | int]]
) -> None:
    payload = compact(combined(body) if wrapped else body)
    for at, cut, put in changes:
        at %= len(payload) + 1
        put = bytes([put]) if isinstance(put, int) else put
        payload = payload[:at] + put + payload[at + cut :]
    frame = raw(payload)
    assert by_decoder(frame) == by_reader(frame)


@given(
    st.from_regex(r"[0-9]{0,20}\.?[0-9]{0,12}", fullmatch=True),
    st.from_regex(r"[0-9]{0,20}\.?[0-9]{0,12}", fullmatch=True),
)
def test_numbers_are_exact_or_left_to_the_reader(price: str, quantity: str) -> None:
    for body in (trade(price, quantity), ticker(9, price, quantity, price, quantity)):
        frame = raw(compact(body))
        assert by_decoder(frame) == by_reader(frame)


def test_a_long_stretch_of_several_symbols_is_told_apart_and_counted() -> None:
    """Chunks of rows begin and end in the middle of it."""
    decoder = Decoder(INSTRUMENTS)
    found: dict[str, list[int]] = {"BTCUSDT": [], "ETHUSDT": []}
    expected: dict[str, list[int]] = {"BTCUSDT": [], "ETHUSDT": []}
    for first in range(0, 6000, 60):
        frames = []
        for n in range(first, first + 60):
            symbol = "ETHUSDT" if n % 7 == 0 else "BTCUSDT"
            levels = [(str(1 + level), "1") for level in range(n % 9)]
            frames.append(raw(compact(diff(n, n, levels, [], symbol=symbol)), time=n))
            expected[symbol] += READER.read(frames[-1]).rows
        tables = decoder.tables(frames)
        for symbol, table in tables.items():
            found[symbol] += table.ravel().tolist()
    assert found == expected
    assert decoder.frames == 6000
    assert decoder.counts["ETHUSDT"].depth_diffs == decoder.counts["ETHUSDT"].frames == 858
    assert decoder.counts["BTCUSDT"].trades == 0
