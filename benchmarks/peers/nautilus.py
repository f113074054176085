"""NautilusTrader 2's whole backtests of the work of ``benchmarks.backtest``: timer or candles.

It never imports GENESIS: the virtual environment that holds ``nautilus_trader`` runs it, in the
folder that holds ``data``. The rules are ours: weights 2 / (span + 1), no order before ``slow``
prices, long while the fast average is above the slow one and flat otherwise, market orders of
0.01 BTC. Its account is cash (ours is spot), its venue keeps the whole book where there is one, and
the averages are computed in Python as in the peers' script for trades: its compiled indicators took
no less time. ``secs`` is the engine's run alone, as there; each kind of data is handed over and
freed before the next is built, which is the least memory that this way of feeding it takes.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from decimal import Decimal

import numpy as np
import numpy.typing as npt
from nautilus_trader import __version__, model
from nautilus_trader.backtest import BacktestEngine, BacktestEngineConfig
from nautilus_trader.execution import MakerTakerFeeModel, StaticLatencyModel
from nautilus_trader.trading import Strategy, StrategyConfig

MS = 1_000_000
MINUTE = 60_000 * MS
BTC, USDT = (model.Currency.from_str(name) for name in ("BTC", "USDT"))
VENUE = model.Venue("BINANCE")
ID = model.InstrumentId.from_str("BTCUSDT.BINANCE")
BARS = model.BarType.from_str(f"{ID}-1-MINUTE-LAST-EXTERNAL")
TICK, STEP, QUANTITY = model.Price(0.01, 2), model.Quantity(0.001, 3), model.Quantity(0.01, 3)
BUY, SELL = model.OrderSide.BUY, model.OrderSide.SELL


class EmaCross(Strategy):
    """The averages and the orders; what wakes it is added below."""

    def set_up(self, fast: int, slow: int, start_ns: int) -> None:
        self.fast_weight, self.slow_weight, self.warm_up = 2 / (fast + 1), 2 / (slow + 1), slow
        self.start_ns, self.count, self.orders, self.long = start_ns, 0, 0, False

    def average(self, price: float) -> None:
        if self.count == 0:
            self.fast = self.slow = price
        self.fast += (price - self.fast) * self.fast_weight
        self.slow += (price - self.slow) * self.slow_weight
        self.count += 1

    def look(self) -> None:
        up = self.count >= self.warm_up and self.fast > self.slow
        if up is not self.long:
            order = self.order_factory.market(ID, BUY if up else SELL, QUANTITY)
            self.submit_order(order)
            self.long = up
            self.orders += 1


class OnTimer(EmaCross):
    def on_start(self) -> None:
        self.subscribe_book_deltas(ID, model.BookType.L2_MBP, managed=True)
        self.subscribe_trades(ID)
        self.clock.set_timer_ns("look", 100 * MS, start_time_ns=self.start_ns)

    def on_trade(self, trade: model.TradeTick) -> None:
        self.average(float(trade.price))

    def on_time_event(self, event: object) -> None:
        self.look()


class OnCandles(EmaCross):
    def on_start(self) -> None:
        self.subscribe_bars(BARS)

    def on_bar(self, bar: model.Bar) -> None:
        self.average(float(bar.close))
        self.look()


def deltas(data: npt.NDArray[np.void]) -> list[model.OrderBookDelta]:
    update, delete = model.BookAction.UPDATE, model.BookAction.DELETE
    return [
        model.OrderBookDelta(
            ID,
            update if quantity else delete,
            model.BookOrder(
                BUY if side > 0 else SELL,
                model.Price(ticks * 0.01, 2),
                model.Quantity(quantity, 3),
                ticks,
            ),
            0,
            number,
            at_ns,
            at_ns,
        )
        for number, (at_ns, side, ticks, quantity) in enumerate(data.tolist())
    ]


def trades(data: npt.NDArray[np.void]) -> list[model.TradeTick]:
    bought, sold = model.AggressorSide.BUY, model.AggressorSide.SELL
    return [
        model.TradeTick(
            ID,
            model.Price(price, 2),
            model.Quantity(quantity, 3),
            bought if side > 0 else sold,
            model.TradeId(str(number)),
            at_ns,
            at_ns,
        )
        for number, (at_ns, side, price, quantity) in enumerate(data.tolist())
    ]


def candles(data: npt.NDArray[np.float64]) -> list[model.Bar]:
    return [
        model.Bar(
            BARS,
            *(model.Price(price, 2) for price in prices),
            model.Quantity(volume, 3),
            int(start_ms) * MS + MINUTE,
            int(start_ms) * MS + MINUTE,
        )
        for start_ms, *prices, volume in data.tolist()
    ]


KINDS = {
    "timer": (OnTimer, (100, 500), (deltas, trades), "EMA cross every 100 ms, deltas and trades"),
    "candles": (OnCandles, (20, 100), (candles,), "EMA cross on candles"),
}


def main(kind: str) -> None:
    strategy_class, spans, builders, name = KINDS[kind]
    has_book = kind == "timer"
    engine = BacktestEngine(BacktestEngineConfig(run_analysis=False, bypass_logging=True))
    engine.add_venue(
        VENUE,
        model.OmsType.NETTING,
        model.AccountType.CASH,
        [model.Money(1_000_000.0, USDT)],
        fee_model=MakerTakerFeeModel(Decimal("0.0002"), Decimal("0.0004")),
        # After a candle an order that takes a millisecond would wait for the next candle's end.
        latency_model=StaticLatencyModel(MS) if has_book else None,
        book_type=model.BookType.L2_MBP if has_book else model.BookType.L1_MBP,
    )
    engine.add_instrument(
        model.CurrencyPair(ID, model.Symbol("BTCUSDT"), BTC, USDT, 2, 3, TICK, STEP, 0, 0)
    )
    tables = [np.load(f"data/{build.__name__}.npy", mmap_mode="r") for build in builders]
    n = sum(map(len, tables))
    for build, table in zip(builders, tables, strict=True):
        engine.add_data(build(table), sort=False)
    engine.sort_data()
    strategy = strategy_class(StrategyConfig())
    strategy.set_up(*spans, start_ns=int(tables[0]["ts"][0]) if has_book else 0)
    engine.add_strategy(strategy)
    began = time.perf_counter()
    engine.run()
    secs = time.perf_counter() - began
    line = {
        "bench": f"nautilus_trader BacktestEngine {name}",
        "n": n,
        "secs": round(secs, 3),
        "per_s": round(n / secs),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "version": __version__,
        "orders": strategy.orders,
        "filled": sum(order.status.name == "FILLED" for order in engine.cache.orders()),
    }
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
