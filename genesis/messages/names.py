"""The names by which actors are told things, for whoever sends. Knows no actor."""

from __future__ import annotations

SUPERVISOR = "supervisor"
PERSISTENCE = "persistence"
RISK = "risk"
EXECUTOR = "executor"
FEED = "feed"
PUBLISHER = "publisher"
VIEW = "view"
EXCHANGE = "exchange"
"""The venue outside, played on paper: not one of the supervised."""

_STRATEGY = "strategy."


def book_name(symbol: str) -> str:
    """The actor that keeps a symbol's book."""
    return f"book.{symbol}"


def strategy_name(strategy: str) -> str:
    """The actor that hosts a strategy."""
    return f"{_STRATEGY}{strategy}"


def is_strategy(name: str) -> bool:
    """Whether an actor hosts a strategy."""
    return name.startswith(_STRATEGY)
