"""Where the book kernels keep what: columns, places in the state vector, codes. Constants only."""

from __future__ import annotations

# Columns of a market row and of a trade, as int64 (``ROW``, ``TRADE``).
TIME, EVENT, KIND, PRICE, QUANTITY, FIRST_ID, LAST_ID = 0, 1, 2, 3, 4, 5, 6
ROW_WIDTH, TRADE_WIDTH, TOP_WIDTH = 7, 10, 8

# Places in the state vector (the counts of levels first: 0 bids, 1 asks).
BIDS, ASKS, SYNCED, BOOK_ID, EVER_SYNCED = 0, 1, 2, 3, 4
TIME_NS = 5
DEPTH_EVENT_NS = 6  # the venue's time of the newest diff, taken or not
TICKER_ID, TICKER_BID, TICKER_BID_LOTS, TICKER_ASK, TICKER_ASK_LOTS = 7, 8, 9, 10, 11
PENDING_START, PENDING_END, RING_NEXT, CHECKED_ID = 12, 13, 14, 15
TICKER_NS = 16
TRADES = 17  # how much of the table of trades is used
# Of the newest call of ``fold_rows``; ``TOP_NS`` is the time of the last top it noted.
EVENTS, TOPS, TOP_NS, STOPPED = 18, 19, 20, 21
# Counted since the last fold began.
CROSSED, DIFFS, UPDATES, SNAPSHOTS, TICKERS, CHECKED, MISMATCHED = 22, 23, 24, 25, 26, 27, 28
# The touch as the newest call left it: bid, its lots, ask, its lots.
TOUCH, TOUCH_END = 29, 33
TOUCH_ALONE = 33  # 1: synced, and there are no levels
STATE_SIZE = 34

# Why ``fold_rows`` came back before the end of its rows (``state[STOPPED]``).
DONE, GROW_LEVELS, GROW_PENDING, DRAIN, CUT_SHORT, NOT_EXPECTED = 0, 1, 2, 3, 4, 5

# Rows of the events table: what, time_ns, expected id (or the id synced to), got id.
EVENT_WIDTH = 4
GAP, TOO_OLD, CROSSED_BOOK, RESTARTED, RESYNCED, FIRST_SYNC = 1, 2, 3, 4, 5, 6
