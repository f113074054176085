"""Write market events as the bytes Binance sends. Text only from integers, so it is exact."""

from __future__ import annotations

from collections.abc import Iterable

from genesis.domain.instrument import Instrument

Level = tuple[int, int]
"""Price in ticks, quantity in order steps."""

_WIRE_DECIMALS = 8
_MS = 1_000_000


class Writer:
    """Frames of one symbol on a combined stream, and its bare REST depth answer."""

    def __init__(self, instrument: Instrument) -> None:
        self._symbol = instrument.symbol
        self._stream = instrument.symbol.lower()
        self._price_decimals = instrument.price_decimals
        exponent = instrument.step_size.as_tuple().exponent
        self._step_decimals = -int(exponent)

    def trade(self, at_ns: int, trade_id: int, level: Level, buyer_is_maker: bool) -> bytes:
        price, quantity = self._texts(level)
        at_ms, maker = at_ns // _MS, "true" if buyer_is_maker else "false"
        return (
            f'{{"stream":"{self._stream}@trade","data":{{"e":"trade","E":{at_ms},'
            f'"s":"{self._symbol}","t":{trade_id},"p":"{price}","q":"{quantity}","T":{at_ms},'
            f'"m":{maker},"M":true}}}}'
        ).encode()

    def ticker(self, update_id: int, bid: Level, ask: Level) -> bytes:
        bid_price, bid_quantity = self._texts(bid)
        ask_price, ask_quantity = self._texts(ask)
        return (
            f'{{"stream":"{self._stream}@bookTicker","data":{{"u":{update_id},'
            f'"s":"{self._symbol}","b":"{bid_price}","B":"{bid_quantity}",'
            f'"a":"{ask_price}","A":"{ask_quantity}"}}}}'
        ).encode()

    def diff(
        self, at_ns: int, first_id: int, last_id: int, bids: Iterable[Level], asks: Iterable[Level]
    ) -> bytes:
        return (
            f'{{"stream":"{self._stream}@depth@100ms","data":{{"e":"depthUpdate",'
            f'"E":{at_ns // _MS},"s":"{self._symbol}","U":{first_id},"u":{last_id},'
            f'"b":[{self._levels(bids)}],"a":[{self._levels(asks)}]}}}}'
        ).encode()

    def snapshot(self, last_id: int, bids: Iterable[Level], asks: Iterable[Level]) -> bytes:
        return (
            f'{{"lastUpdateId":{last_id},"bids":[{self._levels(bids)}],'
            f'"asks":[{self._levels(asks)}]}}'
        ).encode()

    def _levels(self, levels: Iterable[Level]) -> str:
        return ",".join(['["{}","{}"]'.format(*self._texts(level)) for level in levels])

    def _texts(self, level: Level) -> tuple[str, str]:
        ticks, steps = level
        return _text(ticks, self._price_decimals), _text(steps, self._step_decimals)


def _text(units: int, decimals: int) -> str:
    """``units * 10**-decimals`` with the venue's 8 decimals."""
    digits = f"{units}{'0' * (_WIRE_DECIMALS - decimals)}".zfill(_WIRE_DECIMALS + 1)
    return f"{digits[:-_WIRE_DECIMALS]}.{digits[-_WIRE_DECIMALS:]}"
