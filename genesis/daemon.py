"""The composition root: which actors, in what order, under which policy. Nothing else wires."""

from __future__ import annotations

import random
import traceback
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

from genesis.actors.executor import Executor
from genesis.actors.market_feed import MarketFeed
from genesis.actors.nursery import Times
from genesis.actors.order_book import OrderBook
from genesis.actors.persistence import JournalPort, Persistence
from genesis.actors.publisher import Publisher
from genesis.actors.risk import MARK_EVERY_NS, Risk
from genesis.actors.strategy import StrategyHost
from genesis.actors.supervisor import Supervisor
from genesis.config import Settings
from genesis.domain.limits import Limits
from genesis.domain.state import TradingState
from genesis.errors import RuntimeFault
from genesis.exchange.binance.decode import Decoder
from genesis.exchange.paper import DRAIN_NS, SILENCE_MAX_NS, PaperExchange
from genesis.exchange.reel import FrameReel, Reel, TapeReel
from genesis.exchange.source import Market
from genesis.messages.base import Message
from genesis.messages.journal import Entry
from genesis.messages.names import (
    EXCHANGE,
    EXECUTOR,
    FEED,
    PERSISTENCE,
    PUBLISHER,
    RISK,
    SUPERVISOR,
    VIEW,
    book_name,
    strategy_name,
)
from genesis.runtime.actor import Context
from genesis.runtime.base import starter
from genesis.runtime.gate import TradingGate
from genesis.runtime.retrace import RetraceRuntime
from genesis.runtime.supervision import ChildSpec, GroupSpec, Strategy
from genesis.runtime.threads import ThreadsRuntime
from genesis.runtime.virtual import VirtualRuntime
from genesis.simulator.faults import Faults
from genesis.simulator.matching import MatchingEngine
from genesis.simulator.terms import VenueTerms
from genesis.strategies import port
from genesis.strategies.ema_cross import EmaCross
from genesis.strategies.spread_capture import SpreadCapture
from genesis.tui.bridge import ViewBridge
from genesis.tui.slot import Slot

MS = 1_000_000
IDS_PER_RUN = 1_000_000_000
"""The paper venue forgets with each run; its order and trade ids must not come twice."""
MARKS_MAX = 2_500
"""Of equity in the journal of one history."""
MONEY = "money"
MARKET = "market"
SCREENS = "screens"

Start = Callable[[Context], Any]


def groups(settings: Settings) -> list[GroupSpec]:
    """What fails together. What only shows things never halts trading."""
    limits = (settings.supervision.intensity, settings.supervision.period_s * 1000 * MS)
    return [
        GroupSpec(MONEY, Strategy.ONE_FOR_ONE, *limits),
        GroupSpec(MARKET, Strategy.REST_FOR_ONE, *limits),
        GroupSpec(SCREENS, Strategy.ONE_FOR_ONE, *limits, halts=False),
    ]


def limits(settings: Settings) -> Limits:
    """The risk section as the domain wants it."""
    worst_fee_fraction = max(settings.paper.maker_fee, settings.paper.taker_fee)
    return Limits(**settings.risk.model_dump(), worst_fee_fraction=worst_fee_fraction)


def strategies(
    settings: Settings, symbols: tuple[str, ...]
) -> dict[str, Callable[[], port.Strategy]]:
    """The enabled strategies, each as a factory of fresh ones."""
    ema, spread = settings.strategies.ema_cross, settings.strategies.spread_capture
    known: dict[str, Callable[[], port.Strategy]] = {
        "ema_cross": lambda: EmaCross(symbols, ema.fast, ema.slow, ema.notional),
        "spread_capture": lambda: SpreadCapture(
            symbols,
            spread.notional,
            spread.half_spread_bps,
            spread.requote_bps,
            spread.refresh_ms * MS,
        ),
    }
    return {name: known[name] for name in settings.strategies.enabled}


class House:
    """Everything wired, nothing started but the runtime's timers."""

    def __init__(
        self,
        runtime: ThreadsRuntime | VirtualRuntime | RetraceRuntime,
        settings: Settings,
        market: Market,
        open_journal: Callable[[], JournalPort],
        state: TradingState,
        end_ns: int | None,
        report: Callable[[Message], None],
        faults: Faults | None = None,
        engine: MatchingEngine | None = None,
        *,
        screens: bool = True,
        news: Callable[[Entry], None] = lambda entry: None,
    ) -> None:
        """``state`` is the journal's at the start of the run; ``end_ns`` ends the market early.

        Without ``screens`` nobody watches: what only shows is left out, and nothing else changes.
        With them ``news`` is told of every committed fact.

        For drills: ``faults`` stand between the paper venue and its client, and ``engine`` is a
        venue that has outlived the process before.
        """
        self.runtime = runtime
        self.gate = TradingGate(runtime.observer)
        self.slot = Slot()
        self.symbols = tuple(sorted(market.instruments))
        self.decoder = Decoder(market.instruments)  # of what is played; where there are frames
        self._settings = settings
        self._market = market
        self._open_journal = open_journal
        self._news = news
        self._run = state.run
        self._strategies = strategies(settings, self.symbols)
        depths = [_reads_depth(*named) for named in self._strategies.items()]
        self.reads_depth = any(depths)
        self._screens = (PUBLISHER,) if screens else ()
        starts = {**self._money(), **self._market_actors()}
        if screens:
            starts[VIEW] = starter(ViewBridge, slot=self.slot)
        self.supervised = (SUPERVISOR, *starts)
        groups_of = {PUBLISHER: SCREENS, VIEW: SCREENS}
        groups_of |= dict.fromkeys((PERSISTENCE, RISK, EXECUTOR), MONEY)
        children = [ChildSpec(name, groups_of.get(name, MARKET)) for name in starts]
        # From a frame to an intent no thread has to be woken.
        market_actors = (child.name for child in children if child.group == MARKET)
        runtime.crew(MARKET, [EXCHANGE, *market_actors])
        for name in (SUPERVISOR, EXCHANGE, *starts):
            runtime.register(name)
        self._supervisor = self._supervise(children, starts, report)
        terms = _venue_terms(settings)
        self.engine = engine or MatchingEngine(
            market.instruments.values(),
            state.ledger.balances,
            terms,
            random.Random(settings.market.seed),
            first_id=state.run * IDS_PER_RUN,
            ended=state.orders.open.values(),
        )
        self._exchange = self._paper(terms, end_ns, faults)

    def _supervise(
        self,
        children: Sequence[ChildSpec],
        starts: Mapping[str, Start],
        report: Callable[[Message], None],
    ) -> Start:
        return starter(
            Supervisor,
            nursery=self.runtime,
            gate=self.gate,
            groups=groups(self._settings),
            children=children,
            starts=starts,
            money=frozenset((PERSISTENCE, RISK, EXECUTOR)),
            times=_times(self._settings),
            run=self._run,
            report=report,
        )

    def start(self) -> None:
        """Start the exchange outside, then the supervisor, which starts everything else."""
        self.runtime.spawn(EXCHANGE, self._exchange)
        self.runtime.spawn(SUPERVISOR, self._supervisor)

    def _money(self) -> dict[str, Start]:
        settings, instruments = self._settings, self._market.instruments
        book_names = tuple(book_name(symbol) for symbol in self.symbols)
        strategy_names = tuple(strategy_name(name) for name in self._strategies)
        peers = (SUPERVISOR, RISK, EXECUTOR, *self._screens, *book_names, *strategy_names)
        executor = settings.executor
        starts: dict[str, Start] = {
            PERSISTENCE: starter(Persistence, open_journal=self._open_journal, peers=peers),
            RISK: starter(
                Risk,
                gate=self.gate,
                instruments=instruments,
                limits=limits(settings),
                mark_every_ns=_mark_every_ns(self._market),
            ),
            EXECUTOR: starter(
                Executor,
                gate=self.gate,
                symbols=self.symbols,
                ask_after_ns=executor.unknown_query_after_ms * MS,
                give_up_ns=executor.unknown_give_up_ms * MS,
                look_every_ns=executor.resting_query_every_ms * MS,
            ),
        }
        if self._screens:
            starts[PUBLISHER] = starter(
                Publisher,
                gate=self.gate,
                instruments=instruments,
                limits=limits(settings),
                interval_ns=settings.view.interval_ms * MS,
                title=self._market.title,
                news=self._news,
            )
        return starts

    def _market_actors(self) -> dict[str, Start]:
        instruments = self._market.instruments
        hosts = tuple(strategy_name(name) for name in self._strategies)
        levels = self._settings.market.depth_levels if self.reads_depth else 0
        starts: dict[str, Start] = {
            FEED: starter(
                MarketFeed,
                new_decoder=lambda: Decoder(instruments),
                strict=self._market.recorded,
            )
        }
        for symbol in self.symbols:
            starts[book_name(symbol)] = starter(
                OrderBook,
                instrument=instruments[symbol],
                depth_levels=levels,
                view_readers=(*hosts, RISK, *self._screens),
                trade_readers=hosts,
            )
        for place, (name, make) in enumerate(self._strategies.items()):
            starts[strategy_name(name)] = starter(
                StrategyHost,
                strategy=name,
                make=make,
                instruments=instruments,
                run=self._run,
                place=place,
            )
        return starts

    def _paper(self, terms: VenueTerms, end_ns: int | None, faults: Faults | None) -> Start:
        speed_0 = self._settings.market.speed == 0
        return starter(
            PaperExchange,
            reel=_reel(self._market, self.decoder, end_ns),
            engine=self.engine,
            terms=terms,
            window_ns=self._settings.market.window_ms * MS if speed_0 else 0,
            faults=faults,
            silence_ns=_silence_ns(self._market, terms),
        )


class _Making:
    """Around a strategy's constructor, outside any actor: one that cannot be made is told of in a
    line, and nothing starts."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None or not issubclass(kind, (Exception, SystemExit)):
            return
        at = traceback.extract_tb(trace)[-1]
        said = f"{kind.__name__}: {error}".rstrip(": ")
        raise RuntimeFault(
            f"strategy {self._name} cannot be made: {said} ({at.filename}:{at.lineno}); mend it, "
            "or choose others with --strategy"
        ) from error


def _reads_depth(name: str, make: Callable[[], port.Strategy]) -> bool:
    """Whether it asks for the levels of a book."""
    with _Making(name):
        cadence = make().cadence
        every_ns: object = cadence.every_ns
        if not isinstance(every_ns, int) or every_ns < 0:
            raise ValueError(f"its cadence's every_ns {every_ns} is no whole number from 0")
        return cadence.depth


def _silence_ns(market: Market, terms: VenueTerms) -> int:
    """How long a silence is lived through: between bars until every answer has come, and no more,
    since nothing happens there that anybody could see."""
    if not market.interval_ns:
        return SILENCE_MAX_NS
    one_way_ns = max(terms.latency_to_venue_ns, terms.latency_from_venue_ns) + terms.jitter_ns
    return min(market.interval_ns, DRAIN_NS + 4 * one_way_ns)


def _mark_every_ns(market: Market) -> int:
    """Often enough for a day's curve, and no more often than a curve of years can show."""
    ends = [int(rows["time_ns"][-1]) for rows in (market.tape or {}).values() if len(rows)]
    length_ns = max(ends, default=market.start_ns) - market.start_ns
    return max(MARK_EVERY_NS, length_ns // MARKS_MAX)


def _reel(market: Market, decoder: Decoder, end_ns: int | None) -> Reel:
    if market.tape is not None:
        return TapeReel(market.tape, end_ns)
    return FrameReel(market.frames, decoder, end_ns)


def _venue_terms(settings: Settings) -> VenueTerms:
    paper = settings.paper
    return VenueTerms(
        maker_fee=paper.maker_fee,
        taker_fee=paper.taker_fee,
        latency_to_venue_ns=paper.latency_to_venue_ms * MS,
        latency_from_venue_ns=paper.latency_from_venue_ms * MS,
        jitter_ns=paper.jitter_ms * MS,
    )


def _times(settings: Settings) -> Times:
    supervision = settings.supervision
    return Times(
        heartbeat_ns=supervision.heartbeat_ms * MS,
        hang_after_ns=supervision.hang_after_ms * MS,
        start_timeout_ns=supervision.start_timeout_ms * MS,
        shutdown_timeout_ns=supervision.shutdown_timeout_ms * MS,
    )
