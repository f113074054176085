"""Instruments from exchangeInfo, and from nothing but data."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from frames import combined, diff, trade

from genesis.errors import InputError
from genesis.exchange.binance.infer import FirstLook
from genesis.exchange.binance.instruments import parse_exchange_info, split_symbol
from genesis.exchange.lines import numbered_lines


def listed(*filters: dict[str, Any]) -> bytes:
    symbol = {
        "symbol": "BTCUSDT",
        "status": "TRADING",
        "baseAsset": "BTC",
        "quoteAsset": "USDT",
        "filters": [
            {"filterType": "PRICE_FILTER", "tickSize": "0.01000000"},
            {
                "filterType": "LOT_SIZE",
                "stepSize": "0.00001000",
                "minQty": "0.00001000",
                "maxQty": "9000.00000000",
            },
            *filters,
        ],
    }
    return json.dumps({"timezone": "UTC", "symbols": [symbol]}).encode()


@pytest.mark.parametrize("name", ["NOTIONAL", "MIN_NOTIONAL"])
def test_filters_become_the_instrument(name: str) -> None:
    body = listed(
        {"filterType": name, "minNotional": "5.00000000"},
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 150},
    )
    instrument = parse_exchange_info(body, "x")["BTCUSDT"]
    assert instrument.tick_size == Decimal("0.01")
    assert instrument.step_size == Decimal("0.00001")
    assert instrument.min_quantity == Decimal("0.00001")
    assert instrument.max_quantity == 9000
    assert instrument.min_notional == 5
    assert instrument.max_orders == 150
    assert (instrument.price_decimals, instrument.lot_decimals) == (2, 8)


def test_a_symbol_whose_tick_cannot_be_kept_is_left_out() -> None:
    assert parse_exchange_info(listed().replace(b"0.01000000", b"0.25000000"), "x") == {}


def test_another_answer_is_refused_with_its_place() -> None:
    with pytest.raises(InputError, match=r"^info.json:3: not an exchangeInfo answer"):
        parse_exchange_info(b'{"code":-1003}', "info.json:3")


def test_the_recorded_exchange_info(shared_data: Path) -> None:
    path = shared_data / "binance_rest" / "exchangeInfo_20211012.cryptofeed.zst"
    _, line = next(numbered_lines(path))
    instruments = parse_exchange_info(line.partition(b": ")[2], path.name)
    assert len(instruments) == 1694  # of 1,695; one has a tick of 10
    bitcoin = instruments["BTCUSDT"]
    assert (bitcoin.tick_size, bitcoin.step_size) == (Decimal("0.01"), Decimal("0.00001"))
    assert (bitcoin.min_notional, bitcoin.max_orders) == (10, 200)
    for symbol, instrument in instruments.items():
        assert split_symbol(symbol) == (instrument.base, instrument.quote)


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("BTCUSDT", ("BTC", "USDT")),
        ("ETHBTC", ("ETH", "BTC")),
        ("BTCFDUSD", ("BTC", "FDUSD")),
        ("USDTTRY", ("USDT", "TRY")),
    ],
)
def test_symbols_split_at_the_known_quote_asset(symbol: str, expected: tuple[str, str]) -> None:
    assert split_symbol(symbol) == expected


def test_a_symbol_that_cannot_be_split_says_so() -> None:
    with pytest.raises(InputError, match="symbol ABCXYZ: cannot tell base from quote"):
        split_symbol("ABCXYZ")


def look(prices: list[str], quantity: str = "0.50000000") -> FirstLook:
    first = FirstLook()
    for price in prices:
        first.add(json.dumps(combined(trade(price, quantity))).encode())
    return first


def test_the_tick_is_what_nearly_all_prices_have() -> None:
    prices = [f"{60000 + i / 100:.2f}000000" for i in range(40)]
    assert look(prices).instrument("BTCUSDT").tick_size == Decimal("0.01")
    # One stray price must show as an error later, not move the tick.
    assert look([*prices, "60000.12500000"]).instrument("BTCUSDT").tick_size == Decimal("0.01")
    # Several are no accident.
    finer = [*prices, *(f"60000.12{i}00000" for i in range(1, 9))]
    assert look(finer).instrument("BTCUSDT").tick_size == Decimal("0.001")


def test_levels_count_as_well_and_remnants_fit_in_a_lot() -> None:
    first = FirstLook()
    bids = [(f"43.{4000 + i}0000", f"{i}.10000000") for i in range(1, 300)]
    bids.append(("43.10010000", "5.12345600"))
    first.add(json.dumps(combined(diff(1, 2, bids, []))).encode())
    instrument = first.instrument("DOTUSDT")
    assert (instrument.tick_size, instrument.step_size) == (Decimal("0.0001"), Decimal("0.1"))
    assert instrument.lot_decimals == 6
