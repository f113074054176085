"""How many of something, in words. Pure."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """``1 order``, ``0 orders``, ``1,234 orders``; ``many`` where it is not ``one`` with an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
