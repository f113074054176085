"""What a drill's client could know of its market: what was let through to it. Judges nothing."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from genesis.backtest.drills.mids import TickerMids
from genesis.backtest.drills.reading import content_of
from genesis.messages.market import ROW, Kind, RawFrame, Rows
from genesis.runtime.clock import ENDLESS_NS
from genesis.simulator.feed_faults import joined

NOTHING = (0, 0, 0, 0)
"""Of a row that has neither price nor quantity nor ids."""

Times = npt.NDArray[np.int64]


class ClientWatch:
    """What the venue's client can know: newest data and holes per symbol; and which orders never
    came to be (``unopened``).

    While the drill runs it only notes what comes, as that is the better part of all that happens.
    """

    def __init__(self, now_ns: Callable[[], int]) -> None:
        """``now_ns`` tells the trading time."""
        self._now_ns = now_ns
        self._symbols: dict[str, _Stream] = {}
        self.unopened: set[str] = set()
        self.mids = TickerMids()

    def begin(self) -> None:
        """A process that starts knows nothing of what came before."""
        for stream in self._symbols.values():
            stream.starts.append(stream.count)

    def on_rows(self, symbol: str, rows: Rows) -> None:
        """Rows that arrive, in receive order."""
        stream = self._of(symbol)
        stream.rows.append(rows)
        stream.told_ns.append((self._now_ns(), int(rows["time_ns"][-1])))
        stream.count += len(rows)

    def on_frames(self, sent: Sequence[RawFrame], arrived: Sequence[RawFrame]) -> None:
        """Frames of the venue's, and what arrives of them."""
        for frame in sent:
            content = content_of(frame)
            if content.mid is not None:
                self.mids.note(content.symbol, frame.received_ns, content.mid)
        rows: dict[str, list[tuple[int, ...]]] = {}
        for frame in arrived:
            if frame.restarted:
                for symbol in self._symbols:
                    rows.setdefault(symbol, []).append((frame.received_ns, 0, Kind.RESET, *NOTHING))
            else:
                symbol, kind, *ids, _ = content_of(frame)
                rows.setdefault(symbol, []).append((frame.received_ns, 0, kind, 0, 0, *ids))
        for symbol, told_rows in rows.items():
            self.on_rows(symbol, np.array(told_rows, ROW))

    def on_snapshot(self, symbol: str, arrives_ns: int, last_id: int) -> None:
        """A full book is on its way: from then on the client can be whole again."""
        stream = self._of(symbol)
        stream.snapshots.append((stream.count, arrives_ns, last_id))

    def broken(self, symbol: str, at_ns: int) -> None:
        """From ``at_ns`` on the client's book cannot be whole, until a snapshot."""
        stream = self._of(symbol)
        stream.breaks.append((stream.count, at_ns, ENDLESS_NS))

    def never_opened(self, client_order_id: str) -> None:
        """The venue will never hold this order."""
        self.unopened.add(client_order_id)

    def close(self) -> None:
        """Nothing more will come."""
        for stream in self._symbols.values():
            stream.close()

    def newest_ns(self, symbol: str, now_ns: int) -> int:
        """When its newest data at ``now_ns`` was received; 0 before any. Only after ``close``."""
        times = self._of(symbol).fresh
        at = int(np.searchsorted(times, now_ns, side="right"))
        return int(times[at - 1]) if at else 0

    def in_hole(self, symbol: str, now_ns: int) -> bool:
        """Whether data was missing at ``now_ns``. Only after ``close``."""
        return any(since < now_ns < until for since, until in self._of(symbol).holes)

    def told_before_ns(self, symbol: str, now_ns: int) -> int:
        """Up to when the market was told of before ``now_ns``: in stretches, so ahead of time."""
        told_ns = self._of(symbol).told_ns
        at = bisect_left(told_ns, (now_ns, 0))
        return max((last_ns for _, last_ns in told_ns[:at]), default=0)

    def _of(self, symbol: str) -> _Stream:
        if symbol not in self._symbols:
            self._symbols[symbol] = _Stream()
        return self._symbols[symbol]


class _Stream:
    """One symbol's rows as they arrived; places count rows from the beginning."""

    def __init__(self) -> None:
        self.rows: list[Rows] = []
        self.told_ns: list[tuple[int, int]] = []  # when, and up to when
        self.count = 0
        self.starts: list[int] = []
        self.snapshots: list[tuple[int, int, int]] = []  # place, time of arrival, update id
        self.breaks: list[tuple[int, int, int]] = []  # place, time, the update id that mends it
        self.fresh: Times = np.zeros(0, np.int64)
        self.holes: list[tuple[int, int]] = []

    def close(self) -> None:
        rows = joined(self.rows) if self.rows else np.zeros(0, ROW)
        kinds, times = rows["kind"], rows["time_ns"]
        told = (kinds != Kind.TRADE_BUY) & (kinds != Kind.TRADE_SELL)
        arrivals = np.array([at for _, at, _ in self.snapshots], np.int64)
        self.fresh = np.sort(np.concatenate([times[told], arrivals]), kind="stable")
        restarts = np.flatnonzero(kinds == Kind.RESET).tolist()
        breaks = [*self.breaks, *((at, int(times[at]), 0) for at in restarts)]
        in_stream = np.flatnonzero(kinds == Kind.SNAPSHOT_BEGIN).tolist()
        self.snapshots += ((at, int(times[at]), int(rows["last_id"][at])) for at in in_stream)
        self.snapshots.sort()
        gaps = self._gaps(rows)
        breaks += ((at, int(times[at]), int(rows["first_id"][at]) - 1) for at in gaps)
        for place, since_ns, wanted_id in breaks:
            # Mended by the first snapshot asked for behind it, or on its way and new enough.
            ends = (
                arrives_ns
                for asked, arrives_ns, last_id in self.snapshots
                if asked > place or (last_id >= wanted_id if wanted_id else arrives_ns > since_ns)
            )
            self.holes.append((since_ns, next(ends, ENDLESS_NS)))

    def _gaps(self, rows: Rows) -> list[int]:
        """The places of diffs that do not follow what came before them."""
        kinds = rows["kind"]
        places = np.flatnonzero(kinds == Kind.DEPTH_BEGIN)
        if len(places) < 2:
            return []
        firsts, lasts = rows["first_id"][places], rows["last_id"][places]
        missing = np.flatnonzero(firsts[1:] > np.maximum.accumulate(lasts)[:-1] + 1) + 1
        anew = np.sort(np.array([*self.starts, *np.flatnonzero(kinds == Kind.RESET)], np.int64))
        # A stream that began anew between two diffs has no hole there.
        begun = np.searchsorted(anew, places, side="right")
        return [int(places[at]) for at in missing.tolist() if begun[at] == begun[at - 1]]
