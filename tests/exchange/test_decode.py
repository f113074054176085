"""Frames to rows: exact, in order, and a bad frame is one clear line."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from frames import BTC, INSTRUMENTS, combined, diff, raw, snapshot, ticker, trade
from hypothesis import given
from hypothesis import strategies as st

from genesis.errors import BadFrame
from genesis.exchange.binance.decode import Decoder
from genesis.exchange.binance.numbers import scaled
from genesis.messages.market import Kind, RawFrame


@pytest.fixture
def decoder() -> Decoder:
    return Decoder(INSTRUMENTS)


def decoded(decoder: Decoder, body: Any, symbol: str = "") -> list[tuple[int, ...]]:
    return decoder.decode([raw(body, symbol=symbol)])["BTCUSDT"].tolist()


def test_a_depth_diff_is_a_begin_row_and_its_levels(decoder: Decoder) -> None:
    body = diff(10, 12, [("61737.63000000", "0.00100000")], [("61837.64000000", "0.00000000")])
    event_ns = 1723161255208_000_000
    assert decoded(decoder, combined(body)) == [
        (7, event_ns, Kind.DEPTH_BEGIN, 0, 2, 10, 12),
        (7, event_ns, Kind.BID, 6173763, 100_000, 10, 12),
        (7, event_ns, Kind.ASK, 6183764, 0, 10, 12),
    ]


def test_a_bare_event_of_a_raw_stream_is_the_same(decoder: Decoder) -> None:
    body = diff(10, 12, [], [])
    assert decoded(decoder, body) == decoded(decoder, combined(body))


def test_a_trade_says_who_was_aggressive(decoder: Decoder) -> None:
    sold = decoded(decoder, combined(trade("61837.63000000", "0.02000000")))
    bought = decoded(decoder, combined(trade("61837.63", "0.02") | {"m": False}))
    event_ns = 1723161255343_000_000
    assert sold == [(7, event_ns, Kind.TRADE_SELL, 6183763, 2_000_000, 5, 5)]
    assert bought == [(7, event_ns, Kind.TRADE_BUY, 6183763, 2_000_000, 5, 5)]


def test_an_aggregate_trade_carries_its_own_id(decoder: Decoder) -> None:
    body = trade("61837.63", "0.02") | {"e": "aggTrade", "a": 42, "f": 1, "l": 2}
    del body["t"]
    assert [row[5] for row in decoded(decoder, combined(body))] == [42]


def test_where_both_trade_streams_were_recorded_each_trade_counts_once(decoder: Decoder) -> None:
    aggregate = trade("61837.63", "0.02") | {"e": "aggTrade", "a": 42}
    rows = decoder.decode([raw(combined(trade("61837.63", "0.02"))), raw(combined(aggregate))])
    assert len(rows["BTCUSDT"]) == 1
    counts = decoder.counts["BTCUSDT"]
    assert (counts.frames, counts.trades, counts.ignored_trades, counts.ignored) == (2, 1, 1, 0)


@pytest.mark.parametrize("more", [{}, {"note": [1]}], ids=["kernel", "reader"])
def test_a_trade_whose_id_is_not_above_all_before_came_again(
    decoder: Decoder, more: dict[str, Any]
) -> None:
    decoder.decode(
        [raw(combined(trade("61837.63", "0.02", id_=n) | more)) for n in (0, 4, 4, 3, 5)]
    )
    counts = decoder.counts["BTCUSDT"]
    assert (counts.trades, counts.repeated_trades) == (5, 2)
    (note,) = decoder.notes()
    assert note.startswith("BTCUSDT: 2 trades come again (")
    # A stream that begins anew repeats nothing.
    decoder.decode([RawFrame(7, b"", "", restarted=True)])
    decoder.decode([raw(combined(trade("61837.63", "0.02", id_=0)))])
    assert decoder.counts["BTCUSDT"].repeated_trades == 2


def test_nothing_odd_is_no_note(decoder: Decoder) -> None:
    decoder.decode([raw(combined(trade("61837.63", "0.02", id_=n))) for n in range(3)])
    assert decoder.notes() == ()


def test_a_book_ticker_has_no_event_time(decoder: Decoder) -> None:
    body = ticker(9, "61837.63000000", "3.78826000", "61837.64000000", "1.54698000")
    assert decoded(decoder, combined(body, "btcusdt@bookTicker")) == [
        (7, 0, Kind.TICKER_BID, 6183763, 378_826_000, 0, 9),
        (7, 0, Kind.TICKER_ASK, 6183764, 154_698_000, 0, 9),
    ]


def test_an_empty_side_of_a_book_ticker_is_zero(decoder: Decoder) -> None:
    rows = decoded(decoder, ticker(9, "0.00000000", "0.00000000", "61837.64", "1"))
    assert [row[3:5] for row in rows] == [(0, 0), (6183764, 100_000_000)]


def test_a_snapshot_takes_its_symbol_from_the_frame(decoder: Decoder) -> None:
    body = snapshot(33, [("61837.63", "1")], [("61837.64", "2")])
    assert decoded(decoder, body, symbol="BTCUSDT") == [
        (7, 0, Kind.SNAPSHOT_BEGIN, 0, 2, 0, 33),
        (7, 0, Kind.BID, 6183763, 100_000_000, 0, 33),
        (7, 0, Kind.ASK, 6183764, 200_000_000, 0, 33),
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"result": None, "id": 1},
        combined({"e": "kline", "E": 1, "s": "BTCUSDT", "k": {"t": 1, "q": "5"}}),
        combined({"e": "24hrTicker", "s": "BTCUSDT", "p": "-3.1", "q": "1", "b": "2", "a": "3"}),
        combined([{"e": "24hrMiniTicker", "s": "BTCUSDT"}], "!miniTicker@arr"),
        {"e": "serverShutdown", "E": 1},
        {"e": "avgPrice", "s": "BTCUSDT", "w": "5", "T": 1, "U": "text where a diff has a number"},
        combined(snapshot(1, [], []), "btcusdt@depth5"),
    ],
)
def test_known_frames_without_use_are_counted_and_ignored(decoder: Decoder, body: Any) -> None:
    assert decoder.decode([raw(body)]) == {}
    assert decoder.frames == 1


def test_symbols_are_told_apart_and_keep_their_order(decoder: Decoder) -> None:
    frames = [
        raw(combined(trade("61837.63", "0.02", id_=1)), time=1),
        raw(combined(trade("2682.50", "0.5", id_=8, symbol="ETHUSDT")), time=2),
        raw(combined(trade("61837.64", "0.03", id_=2)), time=3),
    ]
    rows = decoder.decode(frames)
    assert rows["BTCUSDT"]["first_id"].tolist() == [1, 2]
    assert rows["ETHUSDT"]["quantity_lots"].tolist() == [5_000_000]
    assert decoder.counts["BTCUSDT"].trades == 2


MICROSECONDS = diff(1, 2, [], []) | {"E": 1723161255208123}


def test_event_times_in_microseconds_are_known(decoder: Decoder) -> None:
    assert decoded(decoder, MICROSECONDS)[0][1] == 1723161255208_123_000


BAD: list[tuple[str, Any, str]] = [
    ("not JSON", b'{"e":', "not JSON"),
    ("no object", [], "a frame of an unknown shape"),
    ("empty object", {}, "a frame of an unknown shape: {}"),
    ("unknown event", {"e": "executionReport", "s": "BTCUSDT"}, 'unknown shape: {"e": "exec'),
    ("odd event name", {"e": ["trade"]}, "a frame of an unknown shape"),
    ("refused request", {"error": {"code": 2, "msg": "no"}, "id": 1}, '"msg": "no"'),
    ("unknown symbol", trade("1", "1", symbol="XXXUSDT"), "'XXXUSDT' is unknown; known are BTC"),
    ("off tick", trade("61837.635", "1"), "price 61837.635 of BTCUSDT is off the tick 0.01"),
    ("zero price", trade("0.00", "1"), "price 0.00 of BTCUSDT is zero"),
    ("negative price", trade("-5.00", "1"), "price -5.00 of BTCUSDT is negative"),
    ("price in words", trade("five", "1"), "price five of BTCUSDT is not a number"),
    ("NaN", trade("NaN", "1"), "price NaN of BTCUSDT is not a number"),
    ("exponent", trade("6e4", "1"), "price 6e4 of BTCUSDT is not a number"),
    ("other digits", trade("٣", "1"), "is not a number"),
    ("huge price", trade("9" * 20, "1"), "is too large"),
    ("negative quantity", trade("1", "-0.50"), "quantity -0.50 of BTCUSDT is negative"),
    ("empty quantity", trade("1", ""), "quantity  of BTCUSDT is not a number"),
    ("fine quantity", trade("1", "0.000000001"), "finer than a market lot of 0.00000001"),
    ("number for text", trade("1", "1") | {"q": 5}, "unknown shape (Expected `str`, got `int`"),
    ("trade without side", {"e": "trade", "s": "BTCUSDT", "t": 1, "p": "1", "q": "1"}, "a trade"),
    ("diff backwards", diff(9, 8, [], []), "a depth diff with U 9 above u 8"),
    ("diff without ids", diff(9, 8, [], []) | {"U": None}, "unknown shape"),
    ("diff without bids", diff(8, 9, [], []) | {"b": "1"}, "a depth diff needs U, u, b and a"),
    ("bad level", diff(8, 9, [("1", "1"), ("2", "-1")], []), "quantity -1 of BTCUSDT"),
    ("id too large", diff(8, 2**63, [], []), "unknown shape"),
    ("ticker without id", ticker(9, "1", "1", "2", "1") | {"u": "x"}, "unknown shape"),
    ("nameless snapshot", snapshot(1, [], []), "does not say of which symbol it is"),
]


@pytest.mark.parametrize(("body", "what"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_a_bad_frame_names_its_place_and_fault(decoder: Decoder, body: Any, what: str) -> None:
    with pytest.raises(BadFrame) as caught:
        decoder.decode([raw(body, where="rec.gz:12")])
    assert str(caught.value).startswith("rec.gz:12: ")
    assert what in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_came_before_a_bad_frame_is_not_lost(decoder: Decoder) -> None:
    good = raw(combined(trade("61837.63", "0.02")))
    bad = raw(diff(8, 9, [("1", "1"), ("2", "-1")], []))
    with pytest.raises(BadFrame):
        decoder.decode([good, bad])
    assert decoder.decode(())["BTCUSDT"]["kind"].tolist() == [Kind.TRADE_SELL]
    assert decoder.decode(()) == {}


@given(st.decimals(0, 10**9, places=8, allow_nan=False), st.integers(0, 8))
def test_numbers_are_exact_or_refused(number: Decimal, decimals: int) -> None:
    shifted = number.scaleb(decimals)
    expected = int(shifted) if shifted == int(shifted) else None
    assert scaled(f"{number:f}", decimals) == expected


@given(st.integers(1, 10**12))
def test_a_price_text_comes_back_from_its_ticks(ticks: int) -> None:
    text = f"{BTC.price(ticks):.8f}"
    assert scaled(text, BTC.price_decimals) == ticks


def test_a_restart_of_the_stream_is_a_reset_of_every_symbol_in_its_place(decoder: Decoder) -> None:
    before = raw(combined(trade("61837.63", "0.02")))
    restart = RawFrame(9, b"", "before rec.gz:1", restarted=True)
    rows = decoder.decode([before, restart, before])
    kinds = {symbol: table["kind"].tolist() for symbol, table in rows.items()}
    assert kinds["BTCUSDT"] == [Kind.TRADE_SELL, Kind.RESET, Kind.TRADE_SELL]
    assert kinds["ETHUSDT"] == [Kind.RESET]
    assert rows["ETHUSDT"]["time_ns"].tolist() == [9]
