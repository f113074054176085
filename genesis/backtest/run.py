"""One backtest: settings and a market in, everything known of the run out.

No file is written here and nothing is printed: that is what a command does with the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext

import msgspec

from genesis.backtest.engine import VirtualSession
from genesis.backtest.prices import BUCKETS, FrameTap, PricePath, price_path
from genesis.config import Settings
from genesis.domain.instrument import Instrument
from genesis.exchange.source import Market
from genesis.messages.journal import ActorRestarted, Entry
from genesis.runs.summary import Summary
from genesis.storage.journal import Journal
from genesis.storage.store import MemoryLog

Guard = Callable[[Callable[[str], None]], AbstractContextManager[None]]
"""What may stand around a run, as a watchdog does, given by whoever knows a clock. Called with what
ends the run early and takes one line for a person; entered while the run lasts."""

_BARS_FRESH = 2
"""A bar's quotes hold for as long as the next bar lasts; with one bar missing they are gone."""
_NEVER_MS = 1_000_000_000_000  # three decades


class BacktestResult(msgspec.Struct, frozen=True):
    """What a run came to. ``entries`` is its whole journal, oldest first.

    ``error`` is one line for a person, empty when there was none; ``halt_reason`` likewise.
    ``start_ns`` is the market's first moment, ``end_ns`` the trading time at which the run ended.
    """

    title: str
    strategies: tuple[str, ...]
    quote: str
    instruments: Mapping[str, Instrument]
    start_ns: int
    end_ns: int
    summary: Summary
    entries: list[Entry]
    prices: Mapping[str, PricePath]
    halted: bool
    halt_reason: str
    error: str


class Backtest:
    """``market`` traded in virtual time with the daemon's own actors: build it, then ``run``.

    The same settings and market give the same journal, byte for byte. A market with a ``tape`` can
    be given again; one of frames is used up. Raises ConfigError for settings that do not fit the
    market; what goes wrong within the run is the result's ``error``.

    ``log`` keeps the journal (by default one of its own), ``end_ns`` (trading time) ends the
    market early, ``buckets`` is how many price buckets a symbol gets, 0 for none.
    """

    def __init__(
        self,
        settings: Settings,
        market: Market,
        *,
        end_ns: int | None = None,
        log: MemoryLog | None = None,
        buckets: int = BUCKETS,
    ) -> None:
        settings = _settled(settings, market)
        self._settings = settings
        self._log = MemoryLog() if log is None else log
        self._buckets = buckets
        self._tap: FrameTap | None = None
        if market.tape is None and buckets:
            self._tap = FrameTap(market.frames, market.instruments)
            market = msgspec.structs.replace(market, frames=iter(self._tap))
        self._market = market
        self.session = VirtualSession(
            settings,
            market,
            lambda: Journal.in_memory(self._log),
            seed=settings.market.seed,
            end_ns=end_ns,
        )

    @property
    def now_ns(self) -> int:
        """Trading time; may be read from another thread."""
        return self.session.runtime.clock.now_ns()

    def abandon(self, error: str) -> None:
        """End the run at once, with ``error`` as what a person is told."""
        self.session.abandon(error)

    def run(self) -> BacktestResult:
        """To the end of the market, once."""
        outcome = self.session.run()
        market, entries, summary = self._market, self._log.entries, outcome.summary
        if market.silent_frames:
            frames = summary.frames + market.silent_frames
            summary = msgspec.structs.replace(summary, frames=frames)
        end_ns = self.now_ns
        return BacktestResult(
            title=market.title,
            strategies=self._settings.strategies.enabled,
            quote=self._settings.account.quote,
            instruments=market.instruments,
            start_ns=market.start_ns,
            end_ns=end_ns,
            summary=summary,
            entries=entries,
            prices=dict(self._paths(end_ns)),
            halted=outcome.halted,
            halt_reason=outcome.halt_reason,
            error=outcome.error or _crashes(entries),
        )

    def _paths(self, end_ns: int) -> Iterator[tuple[str, PricePath]]:
        start_ns, buckets = self._market.start_ns, self._buckets
        for symbol in sorted(self._market.instruments) if buckets else ():
            if self._tap is not None:
                yield symbol, self._tap.path(symbol, start_ns, end_ns, buckets)
            elif self._market.tape is not None:
                rows = self._market.tape[symbol]
                yield symbol, price_path(rows, start_ns, end_ns, buckets)


def unguarded(_give_up: Callable[[str], None]) -> AbstractContextManager[None]:
    """Nothing stands around it."""
    return nullcontext()


def untold(_error: str) -> None:
    """For a guard around what has no run to end yet: what it raises there says it all."""


def _settled(settings: Settings, market: Market) -> Settings:
    """Settings for virtual time: nobody watches a view, one thread cannot miss a heartbeat, and a
    bar is as new as data gets until the next one."""
    supervision = settings.supervision.model_copy(
        update={"heartbeat_ms": _NEVER_MS, "hang_after_ms": 2 * _NEVER_MS}
    )
    view = settings.view.model_copy(update={"interval_ms": _NEVER_MS})
    fresh_ms = max(settings.risk.stale_after_ms, _BARS_FRESH * market.interval_ns // 1_000_000)
    risk = settings.risk.model_copy(update={"stale_after_ms": fresh_ms})
    return settings.model_copy(update={"supervision": supervision, "view": view, "risk": risk})


def _crashes(entries: list[Entry]) -> str:
    """One line on actors that died, empty where none did.

    No fault was injected, so one that died has a bug, and the figures are worth nothing.
    """
    deaths = [entry.event for entry in entries if isinstance(entry.event, ActorRestarted)]
    own = [death for death in deaths if death.cause == death.name]
    if not own:
        return ""
    reason = " ".join(own[0].reason.split())
    times = "once" if len(own) == 1 else f"{len(own)} times"
    return f"{own[0].name} failed {times} and was restarted; the first time: {reason}"
