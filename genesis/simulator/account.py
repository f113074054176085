"""The venue's balances: what is free, what open orders lock, and what a fill moves.

Amounts are exact Decimals; an amount that would go negative is a bug and raises.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal

import msgspec

from genesis.domain.money import ZERO
from genesis.messages.orders import Balance

FEE_QUANTUM = Decimal("0.00000001")


def fee_of(amount: Decimal, rate: Decimal) -> Decimal:
    """The fee on ``amount`` (same asset), rounded up to 8 decimals: never to the payer's good."""
    return (amount * rate).quantize(FEE_QUANTUM, rounding=ROUND_CEILING)


class _Held(msgspec.Struct):
    """What there is of one asset."""

    free: Decimal = ZERO
    locked: Decimal = ZERO


class Account:
    """Free and locked amounts per asset. Raises ArithmeticError for what is not there."""

    def __init__(self, balances: Mapping[str, Decimal]) -> None:
        for asset, amount in balances.items():
            if amount < 0:
                raise ValueError(f"the starting balance of {asset} is negative: {amount}")
        self._held = defaultdict[str, _Held](_Held)
        self._held.update((asset, _Held(amount)) for asset, amount in balances.items())

    def free(self, asset: str) -> Decimal:
        held = self._held.get(asset)
        return ZERO if held is None else held.free

    def locked(self, asset: str) -> Decimal:
        held = self._held.get(asset)
        return ZERO if held is None else held.locked

    def lock(self, asset: str, amount: Decimal) -> None:
        """Reserve ``amount``, of what is free."""
        held = self._held[asset]
        if not ZERO <= amount <= held.free:
            raise ArithmeticError(f"{asset}: {amount} cannot be locked of {held.free}")
        held.free -= amount
        held.locked += amount

    def unlock(self, asset: str, amount: Decimal) -> None:
        """Give a reservation back."""
        held = self._held[asset]
        if not ZERO <= amount <= held.locked:
            raise ArithmeticError(f"{asset}: {amount} cannot be unlocked of {held.locked}")
        held.locked -= amount
        held.free += amount

    def settle(self, pay: str, reserved: Decimal, paid: Decimal, get: str, got: Decimal) -> None:
        """One fill: release ``reserved``, of which ``paid`` leaves; credit ``got``, net of fee."""
        held = self._held[pay]
        if not ZERO <= paid <= reserved <= held.locked or got < ZERO:
            raise ArithmeticError(
                f"{pay}: a fill that brings {got} {get} pays {paid} "
                f"of {reserved} reserved and {held.locked} locked"
            )
        held.locked -= reserved
        held.free += reserved - paid
        self._held[get].free += got

    def balances(self) -> tuple[Balance, ...]:
        """Every asset ever held, by name."""
        return tuple(Balance(asset, h.free, h.locked) for asset, h in sorted(self._held.items()))
