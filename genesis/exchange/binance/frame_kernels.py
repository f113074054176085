"""Numba kernel that reads the common frames of Binance spot, exactly. Never guesses: what is not
plainly one of them is left to others.

Read are diffs, book tickers and trades written without spaces and with one-letter keys, bare or in
a combined stream's wrapper, whose numbers are plain and on the symbol's ticks and lots.
"""

from __future__ import annotations

import numpy as np

from genesis.domain.book_layout import EVENT, FIRST_ID, KIND, LAST_ID, PRICE, QUANTITY, TIME
from genesis.domain.level_kernels import Ints, kernel
from genesis.exchange.binance.text_kernels import (
    NOT_READ,
    QUOTE,
    Bytes,
    after_text,
    integer,
    is_digit,
    matches,
    scaled,
    two_words,
    words,
)
from genesis.messages import row_kind

# Rows of the table of lanes (a column for each symbol): the symbol in two words, its decimals, the
# trade event that counts and the id above all of its trades, frames by kind.
WORD_0, WORD_1, PRICE_DECIMALS, LOT_DECIMALS, TRADE_EVENT, NEXT_TRADE = 0, 1, 2, 3, 4, 5
FRAMES, DEPTH_DIFFS, TRADES, BOOK_TICKERS, SNAPSHOTS, IGNORED = 6, 7, 8, 9, 10, 11
IGNORED_TRADES, REPEATED_TRADES = 12, 13
LANE_SIZE = 14
TRADE, AGGREGATE = 1, 2
"""Values of ``TRADE_EVENT``; 0 until one was seen."""
# What was found in a frame: by key (A is 1) an integer, a flag or where a text begins; behind them
# which keys had a text, an integer, a flag or a list of levels, and which there were, bit by bit.
_TEXTS, _NUMBERS, _FLAGS, _LEVELS, _SEEN = 59, 60, 61, 62, 63
FOUND_SIZE = 64


_COLON, _COMMA, _OPEN, _CLOSE, _LIST, _LIST_END = b":,{}[]"
_BEFORE_STREAM = np.frombuffer(b'{"stream":"', np.uint8)
_BEFORE_DATA = np.frombuffer(b'","data":', np.uint8)
_TRUE, _FALSE, _NULL = (np.frombuffer(word, np.uint8) for word in (b"true", b"false", b"null"))

_LATEST = 9 * 10**15


_DEPTH_UPDATE, _TRADE, _AGG_TRADE = words("depthUpdate"), words("trade"), words("aggTrade")

_AT_E, _AT_S, _AT_NAME, _AT_FIRST, _AT_LAST, _AT_BIDS, _AT_ASKS = (ord(k) - 64 for k in "EseUuba")
_AT_BID_LOTS, _AT_ASK_LOTS, _AT_ID, _AT_PRICE, _AT_LOTS, _AT_MAKER = (ord(k) - 64 for k in "BAtpqm")


def _bits(keys: str) -> int:
    return sum(1 << (ord(key) - 64) for key in keys)


_NAME, _SIDES, _MAKER, _TRADE_ID, _LAST, _AGGREGATE_ID = map(_bits, ("e", "ba", "m", "t", "u", "a"))
_DIFF_NUMBERS, _TICKER_TEXTS, _TRADE_TEXTS = _bits("EUu"), _bits("bBaA"), _bits("epq")
_KNOWN = _bits("EseUubaBAtpqm")
_NO_TEXT, _NO_NUMBER, _NO_FLAG = _bits("EUutm"), _bits("esBApqm"), _KNOWN - _MAKER


@kernel
def _put(
    rows: Ints,
    at: int,
    received_ns: int,
    event_ns: int,
    kind: int,
    price: int,
    lots: int,
    first_id: int,
    last_id: int,
) -> None:
    rows[at, TIME], rows[at, EVENT], rows[at, KIND] = received_ns, event_ns, kind
    rows[at, PRICE], rows[at, QUANTITY] = price, lots
    rows[at, FIRST_ID], rows[at, LAST_ID] = first_id, last_id


@kernel
def _levels(
    text: Bytes, at: int, lane: int, lanes: Ints, kind: int, rows: Ints, row: int
) -> tuple[int, int]:
    """Put kind, price and quantity of the levels from ``row`` on; returns the row behind them and
    what follows the list, which is ``NOT_READ`` where one of them is not plain."""
    price_decimals, lot_decimals = lanes[PRICE_DECIMALS, lane], lanes[LOT_DECIMALS, lane]
    at += 1
    if text[at] == _LIST_END:
        return row, at + 1
    while True:
        if text[at] != _LIST or text[at + 1] != QUOTE:
            return row, NOT_READ
        price, at = scaled(text, at + 2, price_decimals)
        if at < 0 or price == 0 or text[at] != _COMMA or text[at + 1] != QUOTE:
            return row, NOT_READ
        lots, at = scaled(text, at + 2, lot_decimals)
        if at < 0 or text[at] != _LIST_END:
            return row, NOT_READ
        rows[row, KIND], rows[row, PRICE], rows[row, QUANTITY] = kind, price, lots
        row += 1
        at += 1
        if text[at] == _LIST_END:
            return row, at + 1
        if text[at] != _COMMA:
            return row, NOT_READ
        at += 1


@kernel
def _lane_of(text: Bytes, at: int, lanes: Ints) -> int:
    first, second = two_words(text, at)
    if first != 0:
        for lane in range(lanes.shape[1]):
            if lanes[WORD_0, lane] == first and lanes[WORD_1, lane] == second:
                return lane
    return NOT_READ


@kernel
def _event_ns(time: int) -> int:
    """Event time in ms (or, where the stream asks for it, µs) to ns."""
    return time * (1_000_000 if time < 9 * 10**12 else 1_000)


@kernel
def _take_diff(
    received_ns: int, lane: int, lanes: Ints, found: Ints, rows: Ints, at: int, end: int
) -> int:
    first, last = found[_AT_FIRST], found[_AT_LAST]
    if first > last:
        return NOT_READ
    event_ns = _event_ns(found[_AT_E])
    _put(rows, at, received_ns, event_ns, row_kind.DEPTH, 0, end - at - 1, first, last)
    for i in range(at + 1, end):
        rows[i, TIME], rows[i, EVENT] = received_ns, event_ns
        rows[i, FIRST_ID], rows[i, LAST_ID] = first, last
    lanes[DEPTH_DIFFS, lane] += 1
    return end


@kernel
def count_trade(lanes: Ints, lane: int, id_: int) -> None:
    """One more trade that counts; one whose id is not above all before came again."""
    lanes[TRADES, lane] += 1
    if id_ < lanes[NEXT_TRADE, lane]:
        lanes[REPEATED_TRADES, lane] += 1
    else:
        lanes[NEXT_TRADE, lane] = id_ + 1


@kernel
def _take_trade(
    text: Bytes,
    received_ns: int,
    event: int,
    lane: int,
    lanes: Ints,
    found: Ints,
    rows: Ints,
    at: int,
) -> int:
    price, after = scaled(text, found[_AT_PRICE], lanes[PRICE_DECIMALS, lane])
    lots, then = scaled(text, found[_AT_LOTS], lanes[LOT_DECIMALS, lane])
    if after < 0 or price == 0 or then < 0:
        return NOT_READ
    if lanes[TRADE_EVENT, lane] == 0:
        lanes[TRADE_EVENT, lane] = event
    if lanes[TRADE_EVENT, lane] != event:
        lanes[IGNORED_TRADES, lane] += 1
        return at
    kind = row_kind.SELL if found[_AT_MAKER] else row_kind.BUY
    id_ = found[_AT_ID if event == TRADE else _AT_ASKS]
    _put(rows, at, received_ns, _event_ns(found[_AT_E]), kind, price, lots, id_, id_)
    count_trade(lanes, lane, id_)
    return at + 1


@kernel
def _take_ticker(
    text: Bytes, received_ns: int, lane: int, lanes: Ints, found: Ints, rows: Ints, at: int
) -> int:
    event_ns = _event_ns(found[_AT_E])
    for side in range(2):
        lots, after = scaled(
            text, found[_AT_ASK_LOTS if side else _AT_BID_LOTS], lanes[LOT_DECIMALS, lane]
        )
        price = 0
        if after >= 0 and lots:  # an empty side is written as price and quantity zero
            price, after = scaled(
                text, found[_AT_ASKS if side else _AT_BIDS], lanes[PRICE_DECIMALS, lane]
            )
            if price == 0:
                return NOT_READ
        if after < 0:
            return NOT_READ
        kind = row_kind.TICKER_ASK if side else row_kind.TICKER_BID
        _put(rows, at + side, received_ns, event_ns, kind, price, lots, 0, found[_AT_LAST])
    lanes[BOOK_TICKERS, lane] += 1
    return at + 2


@kernel
def _find(
    text: Bytes, at: int, lanes: Ints, found: Ints, rows: Ints, row: int
) -> tuple[int, int, int]:
    """What an object holds, into ``found``, its levels into ``rows`` from ``row`` on.

    Returns what follows it (``NOT_READ`` where something is not plain), the symbol's lane and the
    row behind the last level.
    """
    for i in range(_TEXTS, FOUND_SIZE):
        found[i] = 0
    found[_AT_E] = 0
    lane = NOT_READ
    while text[at] != _CLOSE:
        key = np.int64(text[at + 2])
        if text[at + 1] != QUOTE or not (65 <= key <= 90 or 97 <= key <= 122):
            return NOT_READ, lane, row
        place = key - 64
        bit = np.int64(1) << place
        if text[at + 3] != QUOTE or text[at + 4] != _COLON or found[_SEEN] & bit:
            return NOT_READ, lane, row
        found[_SEEN] |= bit
        at += 5
        if text[at] == QUOTE:
            found[_TEXTS] |= bit
            found[place] = at + 1
            at = after_text(text, at + 1)
            if place == _AT_S and at >= 0:
                lane = _lane_of(text, found[_AT_S], lanes)
        elif is_digit(text[at]):
            found[_NUMBERS] |= bit
            found[place], at = integer(text, at)
        elif text[at] == _LIST and lane >= 0:
            if (place != _AT_BIDS or found[_LEVELS]) and (place != _AT_ASKS or not found[_LEVELS]):
                return NOT_READ, lane, row
            found[_LEVELS] |= bit
            kind = row_kind.BID if place == _AT_BIDS else row_kind.ASK
            row, at = _levels(text, at, lane, lanes, kind, rows, row)
        elif matches(text, at, _TRUE) or matches(text, at, _FALSE):
            found[_FLAGS] |= bit
            found[place] = text[at] == _TRUE[0]
            at += 4 if found[place] else 5
        elif matches(text, at, _NULL) and not bit & _KNOWN:
            at += 4
        else:
            return NOT_READ, lane, row
        if at < 0 or (text[at] != _COMMA and text[at] != _CLOSE):
            return NOT_READ, lane, row
    return at + 1, lane, row


@kernel
def _take(
    text: Bytes,
    received_ns: int,
    lane: int,
    lanes: Ints,
    found: Ints,
    rows: Ints,
    at: int,
    end: int,
) -> int:
    """The rows of what was found, from ``at`` on; returns the row behind them, or ``NOT_READ``."""
    texts, numbers, flags = found[_TEXTS], found[_NUMBERS], found[_FLAGS]
    if texts & _NO_TEXT or numbers & _NO_NUMBER or flags & _NO_FLAG or found[_AT_E] > _LATEST:
        return NOT_READ
    name = two_words(text, found[_AT_NAME]) if found[_SEEN] & _NAME else (0, 0)
    taken: int = NOT_READ
    if not found[_SEEN] & _NAME:
        if texts & _TICKER_TEXTS == _TICKER_TEXTS and numbers & _LAST:
            taken = _take_ticker(text, received_ns, lane, lanes, found, rows, at)
    elif name == _DEPTH_UPDATE:
        if found[_LEVELS] == _SIDES and numbers & _DIFF_NUMBERS == _DIFF_NUMBERS:
            taken = _take_diff(received_ns, lane, lanes, found, rows, at, end)
    elif texts & _TRADE_TEXTS == _TRADE_TEXTS and flags & _MAKER:
        if name == _TRADE and numbers & _TRADE_ID:
            taken = _take_trade(text, received_ns, TRADE, lane, lanes, found, rows, at)
        elif name == _AGG_TRADE and numbers & _AGGREGATE_ID:
            taken = _take_trade(text, received_ns, AGGREGATE, lane, lanes, found, rows, at)
    return taken


@kernel
def read(
    text: Bytes, size: int, received_ns: int, lanes: Ints, found: Ints, rows: Ints, at: int
) -> tuple[int, int]:
    """Put the rows of the frame in ``text`` (its first ``size`` bytes) from ``at`` on.

    Returns the lane it is of and the row behind its last, and counts it; ``NOT_READ`` and ``at``
    for what is not plainly a frame of a known symbol. ``rows`` has room for a row per eight bytes
    and two more, ``text`` for eight bytes more. ``found`` (``FOUND_SIZE``) is scratch.
    """
    text[size] = 0
    begin = 0
    wrapped = matches(text, 0, _BEFORE_STREAM)
    if wrapped:
        begin = after_text(text, _BEFORE_STREAM.shape[0]) - 1
        if begin < 0 or not matches(text, begin, _BEFORE_DATA):
            return NOT_READ, at
        begin += _BEFORE_DATA.shape[0]
    if text[begin] != _OPEN:
        return NOT_READ, at
    after, lane, end = _find(text, begin, lanes, found, rows, at + 1)
    if wrapped:
        after = after + 1 if after >= 0 and text[after] == _CLOSE else NOT_READ
    if after != size or lane < 0:
        return NOT_READ, at
    end = _take(text, received_ns, lane, lanes, found, rows, at, end)
    if end < 0:
        return NOT_READ, at
    lanes[FRAMES, lane] += 1
    return lane, end
