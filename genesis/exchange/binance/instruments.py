"""Binance's ``exchangeInfo`` to instruments. Never trades a symbol whose filters it cannot keep."""

from __future__ import annotations

import re
from collections.abc import Container
from decimal import Decimal

import msgspec

from genesis.domain.instrument import Instrument
from genesis.errors import InputError

# Quote assets of Binance spot, to split a symbol when nothing else says where.
# fmt: off
_QUOTES = (
    "FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USDP", "USDS", "USD1", "USDE", "XUSD", "BFUSD",
    "BIDR", "BKRW", "BVND", "IDRT", "GYEN", "BTC", "ETH", "BNB", "EUR", "TRY", "BRL", "GBP",
    "AUD", "RUB", "UAH", "NGN", "ZAR", "JPY", "PLN", "RON", "ARS", "MXN", "CZK", "COP", "IDR",
    "DAI", "PAX", "VAI", "XRP", "TRX", "DOGE", "SOL", "DOT", "USD",
)
# fmt: on


class _Filter(msgspec.Struct, gc=False, rename="camel"):
    filter_type: str
    tick_size: Decimal | None = None
    step_size: Decimal | None = None
    min_qty: Decimal | None = None
    max_qty: Decimal | None = None
    min_notional: Decimal | None = None
    max_num_orders: int | None = None
    limit: int | None = None


class _Symbol(msgspec.Struct, rename="camel"):
    symbol: str
    status: str
    base_asset: str
    quote_asset: str
    filters: list[_Filter]


class _ExchangeInfo(msgspec.Struct):
    symbols: list[_Symbol]


def parse_exchange_info(body: bytes, where: str) -> dict[str, Instrument]:
    """Instruments by symbol from the body of ``/api/v3/exchangeInfo``.

    A symbol whose tick or step is no power of ten between 1 and 1e-8 is left out: its numbers
    could not be kept exactly. Raises InputError, naming ``where``, for a body of another shape.
    """
    try:
        info = msgspec.json.decode(body, type=_ExchangeInfo)
    except msgspec.DecodeError as error:
        raise InputError(f"{where}: not an exchangeInfo answer: {error}") from None
    instruments = (_instrument(symbol) for symbol in info.symbols)
    return {instrument.symbol: instrument for instrument in instruments if instrument}


def _instrument(symbol: _Symbol) -> Instrument | None:
    filters = {f.filter_type: f for f in symbol.filters}
    price, lot = filters.get("PRICE_FILTER"), filters.get("LOT_SIZE")
    notional = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL")
    orders = filters.get("MAX_NUM_ORDERS")
    if price is None or lot is None or not price.tick_size or not lot.step_size:
        return None
    max_orders = (orders.max_num_orders or orders.limit) if orders else None
    try:
        return Instrument.build(
            symbol.symbol,
            symbol.base_asset,
            symbol.quote_asset,
            tick_size=price.tick_size.normalize(),
            step_size=lot.step_size.normalize(),
            min_quantity=lot.min_qty or None,
            max_quantity=lot.max_qty or Decimal(9000),
            min_notional=notional.min_notional or Decimal(0) if notional else Decimal(0),
            max_orders=max_orders or 200,
            status=symbol.status,
        )
    except ValueError:
        return None


def symbol_of_name(name: str, listed: Container[str] = ()) -> str:
    """The symbol a file is named after: BTC_USDT-5m, BTC-USDT or BTCUSDT-5m-2024-01.

    ``listed`` are symbols that are known whatever they are quoted in. Raises InputError, naming no
    file, when the name begins with none.
    """
    parts = re.split(r"[^A-Z0-9]+", name.upper())
    symbol, both = parts[0], "".join(parts[:2])
    if len(parts) > 1 and (parts[1] in _QUOTES or both in listed):
        symbol = both
    if not symbol:
        raise InputError(f"its name {name!r} begins with no symbol")
    if symbol not in listed:
        split_symbol(symbol)
    return symbol


def split_symbol(symbol: str) -> tuple[str, str]:
    """Base and quote asset by the known quote assets, the longest that fits.

    Raises InputError when none fits.
    """
    fitting = [q for q in _QUOTES if symbol.endswith(q) and len(symbol) > len(q)]
    if not fitting:
        raise InputError(
            f"symbol {symbol}: cannot tell base from quote asset; give its exchangeInfo as well"
        )
    quote = max(fitting, key=len)
    return symbol[: -len(quote)], quote
