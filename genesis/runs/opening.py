"""How a run begins in its journal: the one path for live, paper, backtest and drill."""

from __future__ import annotations

from collections.abc import Callable

from genesis import __version__
from genesis.actors.ladder import RECOVERY, STARTING
from genesis.config import Settings
from genesis.domain.state import TradingState
from genesis.errors import ConfigError
from genesis.exchange.source import Market
from genesis.messages.journal import (
    AccountOpened,
    AnyEvent,
    AppendFacts,
    Entry,
    Fact,
    RunStarted,
)
from genesis.runtime.gate import HALT, TradingGate
from genesis.storage.journal import Journal

LEAD_IN_NS = 60_000_000_000
"""Trading time before the first frame, for actors to start and reconcile in."""


def first_ns(speed: float, start_ns: int) -> int:
    """Where the trading time of a run begins, ahead of its market's ``start_ns``."""
    return start_ns - int(LEAD_IN_NS * (speed or 1))


def shut_gate(gate: TradingGate, state: TradingState) -> None:
    """Nothing is sent until the journal and the venue agree; a halt outlives the run before."""
    gate.hold(RECOVERY, STARTING)
    if state.halted:
        gate.hold(HALT, state.halt_reason)


def begin_run(
    journal: Journal,
    settings: Settings,
    market: Market,
    at_ns: int,
    news: Callable[[Entry], None] = lambda entry: None,
) -> tuple[TradingState, TradingState]:
    """Journal the start of the next run; the states before and after it.

    ``at_ns`` is the first moment of its clock, before the market's: no fact of a run is older than
    its start. An empty journal also gets the account's first funding. Raises ConfigError for a
    symbol that is not quoted in what the account counts in.
    """
    for symbol, instrument in sorted(market.instruments.items()):
        if instrument.quote != settings.account.quote:
            raise ConfigError(
                f"{symbol} is quoted in {instrument.quote} and the account is in "
                f"{settings.account.quote}; name others with --symbols"
            )
    before = TradingState.decode(journal.state_bytes())
    started = RunStarted(
        run=journal.next_run(),
        version=__version__,
        market=market.title,
        symbols=tuple(sorted(market.instruments)),
        strategies=settings.strategies.enabled,
        config_digest=settings.digest(),
    )
    events: list[AnyEvent] = [started]
    if not before.ledger.quote:
        account = settings.account
        events.append(AccountOpened(account.quote, account.starting_quote))
    facts = tuple(Fact(at_ns, event) for event in events)
    for entry in journal.append([AppendFacts("daemon", 1, 1, facts, 0)]):
        news(entry)
    return before, TradingState.decode(journal.state_bytes())
