"""Faults of the market's stream, on decoded rows or on frames. Never touches the venue's own book.

An event is what the venue sent as one: a diff or snapshot with its levels, a ticker's two rows, a
trade. Only whole events are lost, doubled or moved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from genesis.messages.market import ROW, Kind, RawFrame, Rows, rows_of, table_of
from genesis.simulator.fault_plan import FeedFault, FeedKind, Waiting

GAP_DIFFS = 3
SKEW_NS = 2_000_000_000

Times = npt.NDArray[np.int64]
_INNER = (Kind.BID, Kind.ASK, Kind.TICKER_ASK)


def events_of(rows: Rows) -> Iterator[tuple[int, int, Rows]]:
    """When each event was received, the kind it begins with, and its rows."""
    begins = np.flatnonzero(~np.isin(rows["kind"], _INNER))
    times, kinds = rows["time_ns"][begins].tolist(), rows["kind"][begins].tolist()
    places = [0, *begins[1:].tolist(), len(rows)]
    for number, (now_ns, kind) in enumerate(zip(times, kinds, strict=True)):
        yield now_ns, kind, rows[places[number] : places[number + 1]]


def joined(parts: Sequence[Rows]) -> Rows:
    """Rows one after the other. As plain integers: structures take numpy ten times as long."""
    return rows_of(np.concatenate([table_of(part) for part in parts]), ROW)


class FeedFaults:
    """``struck`` is told of each fault and when it struck, ``crossed`` of the symbol and time of a
    diff that crosses a book; at ``until_ns`` all is healed."""

    def __init__(
        self,
        faults: Iterable[FeedFault],
        until_ns: int,
        struck: Callable[[int, FeedFault], None],
        crossed: Callable[[str, int], None] | None = None,
    ) -> None:
        self._waiting: Waiting[FeedFault] = Waiting(faults, until_ns)
        self._until_ns = until_ns
        self._struck = struck
        self._crossed = crossed
        self._silent_until_ns = self._held_until_ns = self._skewed_until_ns = 0
        self._troubled_until_ns = 0
        self._diffs_to_lose = 0
        self._late: dict[str, list[Rows]] = {}
        self._swapped: dict[str, Rows] = {}
        self._late_frames: list[RawFrame] = []
        self._swapped_frame: RawFrame | None = None

    def rows(self, symbol: str, rows: Rows) -> Rows:
        """What arrives of one symbol's rows, in receive order; maybe nothing."""
        if not len(rows) or self._is_quiet(symbol, rows["time_ns"]):
            return rows
        arrived: list[Rows] = []
        for now_ns, kind, event in events_of(rows):
            fate = self._fate(now_ns, is_diff=kind == Kind.DEPTH_BEGIN, is_frame=False)
            if fate is FeedKind.LATE:
                self._late.setdefault(symbol, []).append(event)
            elif fate is FeedKind.SWAP and symbol not in self._swapped:
                self._swapped[symbol] = event
            elif fate is not FeedKind.DROP:
                arrived += (_received(event, now_ns) for event in self._late.pop(symbol, ()))
                arrived += self._changed(event, fate, now_ns)
                if fate is FeedKind.CROSS and self._crossed is not None:
                    self._crossed(symbol, now_ns)
                if (swapped := self._swapped.pop(symbol, None)) is not None:
                    arrived.append(_received(swapped, now_ns))
        return joined(arrived) if arrived else rows[:0]

    def frames(self, frames: Sequence[RawFrame]) -> list[RawFrame]:
        """What arrives of some frames, in receive order. What is in one is left as it is: no
        frame is skewed or crossed."""
        arrived: list[RawFrame] = []
        for frame in frames:
            now_ns = frame.received_ns
            is_diff = b'"depthUpdate"' in frame.payload
            fate = self._fate(now_ns, is_diff=is_diff, is_frame=True)
            if fate is FeedKind.LATE:
                self._late_frames.append(frame)
            elif fate is FeedKind.SWAP and self._swapped_frame is None:
                self._swapped_frame = frame
            elif fate is not FeedKind.DROP:
                late = [*self._late_frames, frame]
                if self._swapped_frame is not None:
                    late.append(self._swapped_frame)
                if fate is FeedKind.RESTART:
                    arrived.append(RawFrame(now_ns, b"", "drill", restarted=True))
                arrived += (msgspec.structs.replace(each, received_ns=now_ns) for each in late)
                if fate is FeedKind.TWICE:
                    arrived.append(frame)
                self._late_frames, self._swapped_frame = [], None
        return arrived

    def reconnect(self) -> None:
        """A new client on a new connection: what was on its way to the old one never comes."""
        self._late.clear()
        self._swapped.clear()
        self._late_frames, self._swapped_frame = [], None

    def _is_quiet(self, symbol: str, times_ns: Times) -> bool:
        """Nothing is wrong now: the ordinary case, which must cost nothing."""
        return not (
            self._waiting.due(int(times_ns[-1]))
            or self._diffs_to_lose
            or symbol in self._late
            or symbol in self._swapped
            or self._troubled_until_ns > times_ns[0]
        )

    def _fate(self, now_ns: int, *, is_diff: bool, is_frame: bool) -> FeedKind | None:
        """DROP and LATE for what does not come (now); else what happens to it."""
        if self._waiting.due(now_ns):
            if fault := self._strike(now_ns, FeedKind.STALL):
                self._silent_until_ns = self._end_of(fault, now_ns)
            if fault := self._strike(now_ns, FeedKind.LATE):
                self._held_until_ns = self._end_of(fault, now_ns)
            if not is_frame and (fault := self._strike(now_ns, FeedKind.SKEW)):
                self._skewed_until_ns = self._end_of(fault, now_ns)
            self._troubled_until_ns = max(
                self._silent_until_ns, self._held_until_ns, self._skewed_until_ns
            )
            if self._strike(now_ns, FeedKind.GAP):
                self._diffs_to_lose = GAP_DIFFS
        if now_ns < self._silent_until_ns:
            return FeedKind.DROP
        if now_ns < self._held_until_ns:
            return FeedKind.LATE
        if self._diffs_to_lose and is_diff:
            self._diffs_to_lose -= 1
            return FeedKind.DROP
        if self._waiting.due(now_ns):
            kinds = (FeedKind.DROP, FeedKind.TWICE, FeedKind.SWAP, FeedKind.RESTART)
            crosses = (FeedKind.CROSS,) if is_diff and not is_frame else ()
            struck = self._strike(now_ns, *kinds, *crosses)
            return None if struck is None else struck.kind
        return None

    def _changed(self, event: Rows, fate: FeedKind | None, now_ns: int) -> list[Rows]:
        if now_ns < self._skewed_until_ns:
            event = event.copy()
            event["event_ns"][event["event_ns"] > 0] += SKEW_NS
        if fate is FeedKind.TWICE:
            return [event, event]
        if fate is FeedKind.RESTART:
            restart = np.zeros(1, ROW)
            restart["time_ns"], restart["kind"] = now_ns, Kind.RESET
            return [restart, event]
        return [_crossed(event)] if fate is FeedKind.CROSS else [event]

    def _end_of(self, fault: FeedFault, now_ns: int) -> int:
        return min(now_ns + fault.for_ns, self._until_ns)

    def _strike(self, now_ns: int, *kinds: FeedKind) -> FeedFault | None:
        fault = self._waiting.take(now_ns, *kinds)
        if fault is not None:
            self._struck(now_ns, fault)
        return fault


def _received(event: Rows, now_ns: int) -> Rows:
    event = event.copy()
    event["time_ns"] = now_ns
    return event


def _crossed(diff: Rows) -> Rows:
    """A bid far above every ask is among its levels."""
    extra = diff[-1:].copy()
    extra["kind"], extra["quantity_lots"] = Kind.BID, 1
    extra["price_ticks"] = diff["price_ticks"].max() * 3 // 2
    diff = joined([diff, extra])
    diff["quantity_lots"][0] += 1
    return diff
