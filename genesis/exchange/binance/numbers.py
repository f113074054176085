"""The venue's decimal texts to exact integers. Never a float."""

from __future__ import annotations

from genesis.domain.instrument import Instrument

_REMEMBERED = 1 << 16
_LARGEST = 2**63 - 1
_MOST_DIGITS = 100  # Python refuses to read several thousand


def scaled(text: str, decimals: int) -> int | None:
    """``text`` times 10**decimals; None when it has finer digits than that.

    Raises ValueError saying what the text is instead of a plain non-negative decimal.
    """
    whole, _, fraction = text.partition(".")
    digits = whole + fraction
    if not (whole and digits.isdigit() and digits.isascii()):
        negative = text.startswith("-") and text[1:].replace(".", "", 1).isdigit()
        raise ValueError("is negative" if negative else "is not a number")
    finer = len(fraction) - decimals
    scale: int = 10 ** abs(finer)
    if len(digits) > _MOST_DIGITS:
        raise ValueError("is too large")
    value, rest = divmod(int(digits), scale) if finer > 0 else (int(digits) * scale, 0)
    if rest:
        return None
    if value > _LARGEST:
        raise ValueError("is too large")
    return value


class Prices(dict[str, int]):
    """Price texts of one instrument to ticks, remembering the recent ones.

    Raises ValueError for a text that is not a positive price on the tick.
    """

    def __init__(self, instrument: Instrument) -> None:
        super().__init__()
        self._instrument = instrument

    def __missing__(self, text: str) -> int:
        instrument = self._instrument
        what = f"price {_shown(text)} of {instrument.symbol}"
        try:
            ticks = scaled(text, instrument.price_decimals)
        except ValueError as error:
            raise ValueError(f"{what} {error}") from None
        if ticks is None:
            raise ValueError(f"{what} is off the tick {instrument.tick_size:f}")
        if ticks == 0:
            raise ValueError(f"{what} is zero")
        return _remember(self, text, ticks)


class Quantities(dict[str, int]):
    """Quantity texts of one instrument to market lots, remembering the recent ones.

    Raises ValueError for a text that is not a quantity of zero or more whole lots.
    """

    def __init__(self, instrument: Instrument) -> None:
        super().__init__()
        self._instrument = instrument

    def __missing__(self, text: str) -> int:
        instrument = self._instrument
        what = f"quantity {_shown(text)} of {instrument.symbol}"
        try:
            lots = scaled(text, instrument.lot_decimals)
        except ValueError as error:
            raise ValueError(f"{what} {error}") from None
        if lots is None:
            lot = f"0.{1:0{instrument.lot_decimals}d}" if instrument.lot_decimals else "1"
            raise ValueError(f"{what} is finer than a market lot of {lot}")
        return _remember(self, text, lots)


def _remember(known: dict[str, int], text: str, value: int) -> int:
    if len(known) >= _REMEMBERED:
        known.clear()
    known[text] = value
    return value


def _shown(text: str) -> str:
    """For a message of one line: short, and nothing that moves a terminal's cursor."""
    return ascii(text)[1:-1][:40]
