"""The numbers of ``Kind`` as plain integers: what compiled kernels take for constants."""

from __future__ import annotations

from genesis.messages.market import Kind

DEPTH = int(Kind.DEPTH_BEGIN)
SNAPSHOT = int(Kind.SNAPSHOT_BEGIN)
BID = int(Kind.BID)
ASK = int(Kind.ASK)
BUY = int(Kind.TRADE_BUY)
SELL = int(Kind.TRADE_SELL)
TICKER_BID = int(Kind.TICKER_BID)
TICKER_ASK = int(Kind.TICKER_ASK)
RESET = int(Kind.RESET)
