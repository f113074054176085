"""Run a captured session again and say where it first differs. Writes nothing anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from genesis import errors
from genesis.backtest.replays.divergence import (
    Divergence,
    clock,
    ids,
    journal_lines,
    kind_of_event,
    said,
    sides,
    told_line,
)
from genesis.backtest.replays.retracer import Difference, Retracer
from genesis.capture.codec import unpack
from genesis.capture.journal import APPENDED, OPENED, Answer, PassingJournal
from genesis.capture.reader import Capture, captures
from genesis.capture.records import Header, Told
from genesis.config import Settings
from genesis.daemon import House
from genesis.domain.state import TradingState
from genesis.errors import InputError, StorageError
from genesis.exchange.source import Market
from genesis.messages.base import Message
from genesis.messages.journal import (
    ActorRestarted,
    AppendFacts,
    Entry,
    OrderFilled,
    OrderIntended,
    RunEnded,
)
from genesis.messages.names import EXCHANGE
from genesis.runtime.retrace import RetraceRuntime
from genesis.storage.chain import Row
from genesis.storage.journal import Journal
from genesis.storage.past import Past
from genesis.storage.sqlite_store import read_entry


class Verdict(msgspec.Struct, frozen=True):
    """What a replay came to. ``divergence`` is None where everything was the same.

    ``complete``: the capture reaches to the session's end, so nothing at all is left unseen.
    ``damaged``: it does not, and neither a kill nor a full disk can have made it so.
    ``journal_events`` counts the whole journal at the end of the run, as its summary does.
    ``until_ns`` is the trading time of the last message, ``version`` what the session ran on.
    """

    run: int
    version: str
    complete: bool
    damaged: bool
    handled: int
    decisions: int
    orders: int
    fills: int
    restarts: int
    journal_events: int
    journal_hash: str
    until_ns: int
    divergence: Divergence | None


def find_capture(data_dir: Path, run: int | None) -> Path:
    """The capture of ``run``, by default the newest. Raises InputError where there is none."""
    known = captures(data_dir)
    if not known:
        raise InputError(
            f"{data_dir}: there is no captured session in it; genesis run captures one where "
            "[capture] is enabled and the disk has room"
        )
    if run is None:
        return known[max(known)]
    if run not in known:
        runs = ", ".join(map(str, sorted(known)))
        raise InputError(f"{data_dir}: run {run} is not captured; there is {runs}")
    return known[run]


def replay(data_dir: Path, run: int | None = None) -> Verdict:
    """Raises InputError for a capture, StorageError for a journal that cannot be used."""
    capture = Capture(find_capture(data_dir, run))
    past = Past(data_dir)
    try:
        verdict = _Replay(capture, past).run()
    finally:
        past.close()
    if verdict.divergence is None and not verdict.handled and not verdict.complete:
        raise InputError(f"{capture.path}: it ends before its first message: it shows nothing")
    return verdict


class _Replay:
    def __init__(self, capture: Capture, past: Past) -> None:
        header = capture.header
        self._capture, self._past, self._header = capture, past, header
        state = _state(capture)
        settings = Settings.from_json(header.settings)
        self._log = past.log_at(header.seq, header.state)
        self._rows = (row for row in past.rows(header.seq) if row.run == header.run)
        self._last: Row | None = None
        self._retracer = Retracer(capture.records(), lambda name: name in self._house.supervised)
        self._runtime = RetraceRuntime(
            self._retracer, seed=settings.market.seed, outside=(EXCHANGE,)
        )
        self._runtime.supervisor_down = lambda reason: None
        reports: list[Message] = []
        self._house = House(
            self._runtime,
            settings,
            _market(header),
            self._open_journal,
            state,
            None,
            reports.append,
        )

    def run(self) -> Verdict:
        retracer, header = self._retracer, self._header
        self._house.start()
        try:
            retracer.run(self._runtime)
        finally:
            self._runtime.stop()
        ended = self._capture.ended
        complete = ended is not None and ended.orderly
        if complete and retracer.different is None:
            self._compare_ends()
        events = [entry.event for entry in self._log.entries[header.seq :]]
        return Verdict(
            run=header.run,
            version=header.version,
            complete=complete,
            damaged=self._capture.damaged or (self._capture.torn and self._ended_in_order()),
            handled=retracer.handled,
            decisions=retracer.decisions,
            orders=sum(isinstance(event, OrderIntended) for event in events),
            fills=sum(isinstance(event, OrderFilled) for event in events),
            restarts=sum(isinstance(event, ActorRestarted) for event in events),
            journal_events=self._log.head.seq,
            journal_hash=self._log.head.hash,
            until_ns=retracer.now_ns,
            divergence=None if retracer.different is None else self._told(retracer.different),
        )

    def _open_journal(self) -> _Retraced:
        _raise(self._retracer.noted(OPENED, None))
        return _Retraced(Journal.in_memory(self._log), self._retracer, self._compare)

    def _compare(self, entry: Entry) -> None:
        """One entry of the replay with the session's at its place."""
        row = self._last = next(self._rows, None)
        theirs = None if row is None else read_entry(row)
        if theirs != entry:
            what = kind_of_event((theirs or entry).event)
            if theirs is not None and kind_of_event(entry.event) in ("order", "fill"):
                what = kind_of_event(entry.event)
            self._retracer.differs(what, theirs, entry, (entry.source, 0))

    def _compare_ends(self) -> None:
        """Both came to an end: neither may have more, and the chains must be one."""
        row = next(self._rows, None)
        if row is not None:
            entry = read_entry(row)
            self._retracer.differs(kind_of_event(entry.event), entry, None, (entry.source, 0))
        elif self._last is not None and self._last.hash != self._log.head.hash:
            key = (self._last.source, self._last.source_epoch)
            self._retracer.differs("journal entry", self._last.hash, self._log.head.hash, key)

    def _told(self, found: Difference) -> Divergence:
        """Everything a person needs to see where it comes from."""
        retracer = self._retracer
        key = (found.name, found.epoch or self._runtime.address(found.name).epoch)
        taken = list(retracer.taken_by.get(key, ()))
        wanted = [ids(getattr(side, "event", side)) for side in (found.session, found.replay)]
        session_told = [told_line(t.to, unpack(t.content)) for t in retracer.ahead.rest(key, Told)]
        if not session_told and isinstance(found.session, Message):
            session_told = [f"told: {said(found.session)}"]
        replay_told = [told_line(to, message) for to, message in retracer.told]
        session, replayed = sides(found.session, found.replay)
        own_entries = self._log.entries[self._header.seq :]
        trace_id = next((trace for trace, _ in wanted if trace), 0)
        return Divergence(
            what=found.what,
            name=found.name,
            epoch=key[1],
            time_ns=retracer.now_ns,
            handled=retracer.handled,
            doing=f"it handled {said(taken[-1].message)}" if taken else "it began",
            session=session,
            replay=replayed,
            began_with=self._input(trace_id),
            took=tuple(f"{clock(t.time_ns)} from {t.source}: {said(t.message)}" for t in taken),
            session_trace=(*session_told, *journal_lines(self._session_entries(), wanted)),
            replay_trace=(*replay_told, *journal_lines(own_entries, wanted)),
        )

    def _ended_in_order(self) -> bool:
        """Whether the session's journal has its end: then nobody killed it."""
        return any(isinstance(entry.event, RunEnded) for entry in self._session_entries())

    def _session_entries(self) -> Iterator[Entry]:
        rows = self._past.rows(self._header.seq)
        return (read_entry(row) for row in rows if row.run == self._header.run)

    def _input(self, trace_id: int) -> str:
        taken = self._retracer.inputs.get(trace_id)
        if taken is None:
            return "no single market event"
        frames = getattr(taken.message, "frames", ())
        where = f" ({frames[0].where})" if frames and frames[0].where else ""
        return f"market event {trace_id}, handled at {clock(taken.time_ns)}{where}"


class _Retraced(PassingJournal):
    """A journal in memory that answers its writer as the session's did."""

    def __init__(
        self, journal: Journal, retracer: Retracer, compare: Callable[[Entry], None]
    ) -> None:
        super().__init__(journal)
        self._retracer = retracer
        self._compare = compare

    def append(self, handed: Sequence[AppendFacts]) -> list[Entry]:
        _raise(self._retracer.noted(APPENDED, None))
        entries = super().append(handed)
        for entry in entries:
            self._compare(entry)
        return entries


def _state(capture: Capture) -> TradingState:
    """What the session began with. Raises InputError where another version wrote it."""
    try:
        return TradingState.decode(capture.header.state)
    except ValueError as error:
        raise InputError(
            f"{capture.path}: {error}; replay it with the version that wrote it"
        ) from error


def _raise(answer: Answer) -> None:
    if answer is not None:
        name, text = answer
        kind = getattr(errors, name, StorageError)
        raise kind(text)


def _market(header: Header) -> Market:
    instruments = unpack(header.instruments)
    return Market(
        title=header.title,
        instruments={instrument.symbol: instrument for instrument in instruments},
        frames=iter(()),
        start_ns=0,
        recorded=header.recorded,
    )
