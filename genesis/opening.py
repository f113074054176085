"""How a run begins in its journal: the one path for live, paper, backtest and drill."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from genesis import __version__
from genesis.config import Settings
from genesis.domain.ledger import Position
from genesis.domain.money import text
from genesis.domain.state import TradingState
from genesis.errors import ConfigError
from genesis.exchange.source import Market
from genesis.messages.journal import AccountOpened, AnyEvent, Entry, Fact, RunStarted
from genesis.storage.journal import Append, Journal


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
    facts = [Fact(at_ns, event) for event in events]
    for entry in journal.append([Append("daemon", 1, n, fact) for n, fact in enumerate(facts, 1)]):
        news(entry)
    return before, TradingState.decode(journal.state_bytes())


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
