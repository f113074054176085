"""Trades from files: checked row by row, and played as prints with quotes around the last price."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from tables import START_NS, write_csv

from genesis.domain.book import Book
from genesis.domain.instrument import Instrument
from genesis.errors import InputError
from genesis.exchange.histories.trades import Trades, read_trades, trade_rows

D = Decimal
BTC = Instrument.build("BTCUSDT", "BTC", "USDT", tick_size=D("0.01"), step_size=D("0.001"))
SECOND_NS = 1_000_000_000


def columns(**changed: list[object]) -> dict[str, list[object]]:
    whole: dict[str, list[object]] = {
        "time": [START_NS // 10**6 + n for n in (0, 5, 5, 2000)],
        "price": [100.0, 100.01, 100.01, 99.5],
        "quantity": [1, 0.5, 0.25, 2],
        "side": ["buy", "sell", "BUY", "Sell"],
    }
    return whole | changed


def read(folder: Path, given: dict[str, list[object]]) -> Trades:
    return read_trades("BTCUSDT", [write_csv(folder / "BTCUSDT-trades.csv", given)])


def test_several_trades_may_have_one_time(tmp_path: Path) -> None:
    trades = read(tmp_path, columns())
    assert ((trades.times_ns - START_NS) // 10**6).tolist() == [0, 5, 5, 2000]
    assert trades.price.tolist() == [100.0, 100.01, 100.01, 99.5]
    assert trades.bought.tolist() == [True, False, True, False]


def test_the_venues_own_file_and_an_npy_say_the_same(tmp_path: Path) -> None:
    given = columns()
    venue = {
        **{"id": [1, 2, 3, 4], "price": given["price"], "quantity": given["quantity"]},
        **{"quote": [0] * 4, "time": given["time"], "maker": ["False", "True", "False", "True"]},
        "best": ["True"] * 4,
    }
    csv = write_csv(tmp_path / "BTCUSDT-trades-2024-01-01.csv", venue, header=False)
    array = np.zeros(4, [("time", "i8"), ("price", "f8"), ("qty", "f8"), ("side", "i8")])
    array["time"], array["price"], array["qty"] = given["time"], given["price"], given["quantity"]
    array["side"] = [1, -1, 1, -1]
    npy = tmp_path / "BTCUSDT.npy"
    np.save(npy, array)
    for path in (csv, npy):
        trades = read_trades("BTCUSDT", [path])
        assert trades.quantity.tolist() == [1, 0.5, 0.25, 2]
        assert trades.bought.tolist() == [True, False, True, False]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"time": [START_NS // 10**6 + n for n in (5, 0, 5, 9)]}, "row 2: its time 2024-01-01T"),
        ({"price": [100, 0, 100, 100]}, "row 2: price 0 is not above 0"),
        ({"price": [100, 100, -3, 100]}, "row 3: price -3 is not above 0"),
        ({"quantity": [1, 1, 1, "nan"]}, "row 4: quantity is missing or not finite"),
        ({"quantity": [1, 1, 0, 1]}, "row 3: quantity 0 is not above 0"),
        ({"side": ["buy", "long", "buy", "buy"]}, "row 2: side 'long' is none of buy, b"),
        ({"symbol": ["BTCUSDT", "BTCUSDT", "ETHUSDT", "BTCUSDT"]}, "row 3: symbol ETHUSDT after"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_row(
    tmp_path: Path, changed: dict[str, list[object]], said: str
) -> None:
    with pytest.raises(InputError) as error:
        read(tmp_path, columns(**changed))
    assert str(error.value).startswith(f"{tmp_path / 'BTCUSDT-trades.csv'}: {said}")


def test_without_a_side_they_cannot_be_used(tmp_path: Path) -> None:
    given = columns()
    del given["side"]
    with pytest.raises(InputError, match="there is no column side"):
        read(tmp_path, given)


def test_every_trade_is_a_print_and_quotes_follow_the_price(tmp_path: Path) -> None:
    trades = read(tmp_path, columns())
    rows = trade_rows(trades, BTC)
    book = Book(BTC)
    folded = book.fold(rows)
    assert folded.trades["price_ticks"].tolist() == [10000, 10001, 10001, 9950]
    assert folded.trades["side"].tolist() == [1, -1, 1, -1]
    assert folded.tickers == 3  # the third trade moved nothing
    recent = 3_750_000 // 40  # of the last minute, all of them
    assert book.touch() == (9949, recent, 9951, recent)


def test_only_the_last_minute_is_on_offer(tmp_path: Path) -> None:
    times = [START_NS, START_NS + 61 * SECOND_NS]
    given = columns(time=times, price=[100.0, 101.0], quantity=[50, 4], side=["buy", "buy"])
    book = Book(BTC)
    book.fold(trade_rows(read(tmp_path, given), BTC))
    assert book.touch()[1] == 4_000_000 // 40


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_how_many_are_converted_at_once_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    times = [START_NS // 10**6 + n for n in (0, 5, 5, 2000, 2001, 70_000, 70_001)]
    given = columns(
        time=times,
        price=[100, 100, 101, 101, 101, 101, 99],
        quantity=[1, 2, 3, 4, 5, 6, 7],
        side=["buy", "sell", "buy", "buy", "sell", "sell", "buy"],
    )
    whole = trade_rows(read(tmp_path, given), BTC)
    monkeypatch.setattr("genesis.exchange.histories.trades.CHUNK", at_once)
    np.testing.assert_array_equal(trade_rows(read(tmp_path, given), BTC), whole)
    assert len(whole) == 1 + 7 + 2 * 5
