"""The venue's balances: what is free, what open orders lock, and what a fill moves.

Amounts are exact Decimals; an amount that would go negative is a bug and raises.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal

from genesis.domain.money import ZERO
from genesis.messages.orders import Balance

FEE_QUANTUM = Decimal("0.00000001")


def fee_of(amount: Decimal, rate: Decimal) -> Decimal:
    """The fee on ``amount`` (same asset), rounded up to 8 decimals: never to the payer's good."""
    return (amount * rate).quantize(FEE_QUANTUM, rounding=ROUND_CEILING)


class Account:
    """Free and locked amounts per asset."""

    def __init__(self, balances: Mapping[str, Decimal]) -> None:
        for asset, amount in balances.items():
            if amount < 0:
                raise ValueError(f"the starting balance of {asset} is negative: {amount}")
        self._free = dict(balances)
        self._locked: dict[str, Decimal] = {}

    def free(self, asset: str) -> Decimal:
        return self._free.get(asset, ZERO)

    def locked(self, asset: str) -> Decimal:
        return self._locked.get(asset, ZERO)

    def lock(self, asset: str, amount: Decimal) -> None:
        """Reserve ``amount``. Raises ArithmeticError when it is not free."""
        self._move(self._free, asset, -amount)
        self._move(self._locked, asset, amount)

    def unlock(self, asset: str, amount: Decimal) -> None:
        """Give a reservation back. Raises ArithmeticError when it was not locked."""
        self._move(self._locked, asset, -amount)
        self._move(self._free, asset, amount)

    def settle(self, pay: str, reserved: Decimal, paid: Decimal, get: str, got: Decimal) -> None:
        """One fill: release ``reserved``, of which ``paid`` leaves, and credit ``got``, net of fee.

        Raises ArithmeticError when ``reserved`` was not locked or does not cover ``paid``.
        """
        if paid > reserved:
            raise ArithmeticError(f"{pay}: a fill pays {paid} but reserved only {reserved}")
        self._move(self._locked, pay, -reserved)
        if reserved != paid:
            self._move(self._free, pay, reserved - paid)
        self._move(self._free, get, got)

    def balances(self) -> tuple[Balance, ...]:
        """Every asset ever held, by name."""
        assets = sorted(self._free.keys() | self._locked.keys())
        return tuple(Balance(a, self.free(a), self.locked(a)) for a in assets)

    @staticmethod
    def _move(amounts: dict[str, Decimal], asset: str, change: Decimal) -> None:
        after = amounts.get(asset, ZERO) + change
        if after < 0:
            raise ArithmeticError(f"{asset}: {change} would leave {after}")
        amounts[asset] = after
