"""The life of one generated order book: makers, noise and informed takers around a fair price.

Makers quote at a distance from the fair price and withdraw from levels it has run over, late.
Informed takers hit what is left there: who quotes there loses to them. Noise takers hit either
touch: who quotes there earns from them. All in integers from one generator of random bits.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from genesis.simulator.fair_price import FINE_BITS, SLOT_NS, FairPrice
from genesis.simulator.ladder import Ladder
from genesis.simulator.listing import Listing
from genesis.simulator.wire import Writer

Sent = tuple[int, bytes, bool]
"""When the venue sent it in ns, the bytes, and whether it is the REST answer."""

_BASIS_POINTS = 10_000
_HALF_SPREAD_PER_MYRIAD_TENTHS = 4  # 0.4 basis points
_MIN_LEVELS, _MAX_LEVELS, _START_LEVELS = 60, 150, 100
_FEWEST_EVENTS = 8
_SNAPSHOT_SLOT = 3

# Chances in 256.
_WITHDRAW, _INFORMED = 110, 70
_NOISE_TRADE, _QUOTE = 20, 122
_JOIN = 80
_SAME_DIRECTION = 180

_QUOTE_USD, _NOISE_USD, _INFORMED_USD = 150, 40, 600
_LARGEST_DOUBLINGS = 8


class OrderFlow:
    """One symbol's book and everything that happens to it; ``slots`` runs forever."""

    def __init__(
        self, listed: Listing, fair: FairPrice, rng: random.Random, first_update_id: int
    ) -> None:
        self._fair = fair
        self._bits = rng.getrandbits
        self._write = Writer(listed.instrument)
        self._bids, self._asks = Ladder(1), Ladder(-1)
        self._usd_steps = int(listed.usd_steps * 256)
        self._update_id = first_update_id
        self._trade_id = first_update_id // 8
        self._sent_id = first_update_id
        self._flow = 1
        self._touch: tuple[tuple[int, int], tuple[int, int]] | None = None
        self._out: list[Sent] = []
        self._value = self._half_spread = 0
        self._look_at_fair()
        for side in (self._bids, self._asks) * _START_LEVELS:
            self._quote(side)
        for side in (self._bids, self._asks):
            side.take_changes()
        # Only the snapshot shows what was there before the stream.
        self._update_id = first_update_id

    def slots(self, start_ns: int) -> Iterator[Sent]:
        """Everything sent from ``start_ns`` on, in time order, without end."""
        slot = 0
        while True:
            self._run_slot(start_ns + slot * SLOT_NS, slot == _SNAPSHOT_SLOT)
            slot += 1
            yield from self._out
            self._out.clear()

    def _run_slot(self, begin_ns: int, with_snapshot: bool) -> None:
        self._look_at_fair()
        events = _FEWEST_EVENTS + self._bits(3)
        for i in range(events):
            at_ns = begin_ns + (i * 65536 + self._bits(16)) * (SLOT_NS // events) // 65536
            self._event(at_ns)
            self._send_touch(at_ns)
            if with_snapshot and i == events // 2:
                levels = self._bids.levels(), self._asks.levels()
                self._out.append((at_ns, self._write.snapshot(self._update_id, *levels), True))
        self._send_diff(begin_ns + SLOT_NS - 1)

    def _look_at_fair(self) -> None:
        self._value = self._fair.step()
        tenths = _HALF_SPREAD_PER_MYRIAD_TENTHS
        self._half_spread = self._value * tenths // (10 * _BASIS_POINTS)

    def _event(self, at_ns: int) -> None:
        chance = self._bits(8)
        for side in (self._bids, self._asks):
            if self._is_run_over(side):
                if chance < _WITHDRAW:
                    self._change(side, side.keys[-1], 0)
                    return
                if chance < _WITHDRAW + _INFORMED:
                    self._trade(at_ns, side, self._size(_INFORMED_USD), informed=True)
                    return
        chance = self._bits(8)
        if chance < _NOISE_TRADE:
            if self._bits(8) >= _SAME_DIRECTION:
                self._flow = -self._flow
            side = self._bids if self._flow < 0 else self._asks
            self._trade(at_ns, side, self._size(_NOISE_USD), informed=False)
            return
        side = self._bids if self._bits(1) else self._asks
        if len(side) > _MAX_LEVELS:
            self._change(side, side.keys[0], 0)
        elif chance < _NOISE_TRADE + _QUOTE or len(side) < _MIN_LEVELS:
            self._quote(side)
        else:
            key = side.keys[-1 - self._bits(4)]
            self._change(side, key, side.steps(key) - self._size(_QUOTE_USD))

    def _is_run_over(self, side: Ladder) -> bool:
        """Whether the best level stands so near or beyond the fair price that it will lose."""
        distance = side.side * self._value - (side.keys[-1] << FINE_BITS)
        return distance < self._half_spread >> 2

    def _quote(self, side: Ladder) -> None:
        """A maker adds to a level near the top, or opens one at a heavy-tailed distance."""
        if len(side) > 8 and self._bits(8) < _JOIN:
            key = side.keys[-1 - self._bits(2)]
        else:
            reach = self._doublings(7)
            away = self._half_spread + (self._half_spread * self._bits(reach + 8) >> 8)
            # Shifting right rounds down: away from the fair price, as keys ascend to the best.
            key = (side.side * self._value - away) >> FINE_BITS
            other = self._asks if side is self._bids else self._bids
            if other.keys:
                key = min(key, -other.keys[-1] - 1)
        if side.side * key > 0:
            self._change(side, key, side.steps(key) + self._size(_QUOTE_USD))

    def _trade(self, at_ns: int, side: Ladder, steps: int, *, informed: bool) -> None:
        """A taker hits ``side`` from its best level on; an informed one stops at the fair price."""
        while steps > 0 and len(side) > _MIN_LEVELS // 2:
            if informed and not self._is_run_over(side):
                return
            price, displayed = side.best()
            taken = min(steps, displayed)
            steps -= taken
            self._trade_id += 1
            level, hits_bids = (price, taken), side is self._bids
            payload = self._write.trade(at_ns, self._trade_id, level, hits_bids)
            self._out.append((at_ns, payload, False))
            self._change(side, side.keys[-1], displayed - taken)

    def _change(self, side: Ladder, key: int, steps: int) -> None:
        side.set(key, steps)
        self._update_id += 1

    def _send_touch(self, at_ns: int) -> None:
        touch = self._bids.best(), self._asks.best()
        if touch != self._touch:
            self._touch = touch
            self._out.append((at_ns, self._write.ticker(self._update_id, *touch), False))

    def _send_diff(self, at_ns: int) -> None:
        bids, asks = self._bids.take_changes(), self._asks.take_changes()
        if bids or asks:
            first = self._sent_id + 1
            self._sent_id = self._update_id
            payload = self._write.diff(at_ns, first, self._update_id, bids, asks)
            self._out.append((at_ns, payload, False))

    def _size(self, usd: int) -> int:
        """A heavy-tailed quantity in order steps: each doubling is half as likely."""
        scaled = usd * self._usd_steps << self._doublings(_LARGEST_DOUBLINGS)
        return max(1, scaled * (256 + self._bits(8)) >> 16)

    def _doublings(self, most: int) -> int:
        """0, 1, 2, … with chances 1/2, 1/4, 1/8, …, at most ``most``."""
        bits = self._bits(most) | 1 << most
        return (bits & -bits).bit_length() - 1
