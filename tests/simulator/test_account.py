"""Balances never go negative, and the venue never rounds a fee down."""

from __future__ import annotations

from decimal import Decimal

import pytest

from genesis.messages.orders import Balance
from genesis.simulator.account import Account, fee_of

D = Decimal


@pytest.mark.parametrize(
    ("amount", "fee"),
    [("1", "0.001"), ("1.23456789", "0.00123457"), ("0.00000001", "0.00000001"), ("0", "0")],
)
def test_fees_are_rounded_up_to_eight_decimals(amount: str, fee: str) -> None:
    assert fee_of(D(amount), D("0.001")) == D(fee)


def test_a_fill_spends_what_is_locked_and_frees_the_rest() -> None:
    account = Account({"USDT": D(100)})
    account.lock("USDT", D(60))
    account.settle("USDT", D(60), D("59.5"), "BTC", D("0.999"))
    assert account.balances() == (
        Balance("BTC", D("0.999"), D(0)),
        Balance("USDT", D("40.5"), D(0)),
    )


def test_what_is_not_there_cannot_move() -> None:
    account = Account({"USDT": D(100)})
    with pytest.raises(ArithmeticError, match="USDT"):
        account.lock("USDT", D("100.01"))
    with pytest.raises(ArithmeticError, match="USDT"):
        account.unlock("USDT", D(1))
    with pytest.raises(ArithmeticError, match="1 reserved and 0 locked"):
        account.settle("USDT", D(1), D(1), "BTC", D(1))
    account.lock("USDT", D(3))
    with pytest.raises(ArithmeticError, match="pays 2 of 1 reserved"):
        account.settle("USDT", D(1), D(2), "BTC", D(1))
    for amount in (D(-1), D("3.01")):
        with pytest.raises(ArithmeticError, match="USDT"):
            account.unlock("USDT", amount)
    with pytest.raises(ArithmeticError, match="brings -1 BTC"):
        account.settle("USDT", D(1), D(1), "BTC", D(-1))
    assert account.balances() == (Balance("USDT", D(97), D(3)),)
