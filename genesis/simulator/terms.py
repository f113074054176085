"""How the simulated venue charges and how far away it is. Holds values; decides nothing."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class VenueTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Fee rates are fractions of the fill (0.001 = 0.1 %, Binance's first tier without BNB).

    ``latency_to_venue_ns`` is the way of a request, ``latency_from_venue_ns`` that of every answer
    and report. Each way also takes a uniform 0..``jitter_ns``, and never overtakes what left
    before it on the same way (one ordered connection).
    """

    maker_fee: Decimal = Decimal("0.001")
    taker_fee: Decimal = Decimal("0.001")
    latency_to_venue_ns: int = 20_000_000
    latency_from_venue_ns: int = 20_000_000
    jitter_ns: int = 0

    def __post_init__(self) -> None:
        for name in ("maker_fee", "taker_fee"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be in [0, 1)")
        for name in ("latency_to_venue_ns", "latency_from_venue_ns", "jitter_ns"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it cannot be negative")
