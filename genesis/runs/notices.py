"""What a person must know of a run and would not see otherwise, in lines. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from genesis.config import Settings
from genesis.domain.ledger import Position
from genesis.domain.money import text
from genesis.domain.state import TradingState
from genesis.exchange.source import Market
from genesis.messages.journal import RunStarted
from genesis.storage.glance import first_difference
from genesis.storage.past import run_started


class TellOnce:
    """What an operator was told of a run: no line twice."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._lines: set[str] = set()
        self._kinds = 0

    def tell(self, lines: Sequence[str]) -> None:
        for line in lines:
            if line not in self._lines:
                self._lines.add(line)
                self._tell(line)

    def tell_new_kinds(self, lines: Sequence[str]) -> None:
        """As ``tell``, where there are more lines than ever: figures in them go on growing, and
        how large they get is told at the end."""
        if len(lines) > self._kinds:
            self._kinds = len(lines)
            self.tell(lines)


def at_the_start(
    folder: Path, before: TradingState, now: TradingState, settings: Settings, market: Market
) -> list[str]:
    """Lines to be told before this run trades; most runs have none.

    ``folder`` is its data folder, whose journal came to ``before`` and, with the run's first
    entries, comes to ``now``. Raises StorageError where the journal cannot be read.
    """
    last = run_started(folder, before.run) if before.run else None
    lines = notices(last, before, settings, market)
    if difference := first_difference(folder, now):
        lines.append(
            f"tables derived from the journal differ from it ({difference}): trading goes by the "
            "journal; once stopped, genesis db rebuild makes them anew"
        )
    return lines


def notices(
    last: RunStarted | None, before: TradingState, settings: Settings, market: Market
) -> list[str]:
    """What a person must know before this run trades, a line each; most runs have none.

    ``last`` is how the run before began, ``before`` what the folder's journal came to.
    """
    lines = [differing_market(last, market, before.ledger.positions)]
    quote, opened_with = before.ledger.quote, before.ledger.start
    if quote and opened_with != settings.account.starting_quote:
        lines.append(
            f"account.starting_quote is {text(settings.account.starting_quote)} and has no effect: "
            f"this folder's account was opened with {text(opened_with)} {quote}"
        )
    if not settings.strategies.enabled:
        lines.append("no strategy is enabled (strategies.enabled is empty): nothing will be traded")
    return [line for line in lines if line]


def differing_market(
    last: RunStarted | None, market: Market, positions: Mapping[str, Position]
) -> str:
    """What a person must know of a folder that had another market before; empty for nothing.

    ``last`` is how the run before began.
    """
    symbols = tuple(sorted(market.instruments))
    parts = []
    if last is not None and (last.market, last.symbols) != (market.title, symbols):
        parts.append(
            f"this folder's last run traded {', '.join(last.symbols)} ({last.market}), "
            f"this one {', '.join(symbols)} ({market.title})"
        )
    held = [symbol for symbol, position in sorted(positions.items()) if position.quantity]
    if others := [symbol for symbol in held if symbol not in symbols]:
        parts.append(f"held and not traded in this run: {', '.join(others)}")
    return "; ".join(parts)
