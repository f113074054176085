"""One run's capture from its observer to its file. Trading goes on whatever becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import structlog

from genesis import __version__
from genesis.actors.persistence import JournalPort
from genesis.capture.codec import pack
from genesis.capture.journal import OPENED, NotedJournal, answer
from genesis.capture.reader import captures
from genesis.capture.recorder import Recorder
from genesis.capture.records import FOLDER, FORMAT, SUFFIX, Header
from genesis.capture.writer import Writer
from genesis.config import Settings
from genesis.domain.state import TradingState
from genesis.errors import StorageError
from genesis.exchange.source import Market

MB = 1_000_000
FINISH_TIMEOUT_S = 10.0


class LiveCapture:
    """Make it before the runtime, which takes ``observer`` (None where nothing is captured)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.observer = Recorder() if settings.capture.enabled else None
        self._writer: Writer | None = None

    def journal(self, open_journal: Callable[[], JournalPort]) -> Callable[[], JournalPort]:
        """``open_journal`` with its answers noted."""
        observer = self.observer
        if observer is None:
            return open_journal

        def open_noted() -> JournalPort:
            try:
                journal = open_journal()
            except StorageError as error:
                observer.noted(OPENED, answer(error))
                raise
            observer.noted(OPENED, answer(None))
            return NotedJournal(journal, observer)

        return open_noted

    def begin(
        self, data_dir: Path, state: TradingState, market: Market, names: tuple[str, ...]
    ) -> None:
        """``names``: the actors to be replayed. ``state``: the journal's, as they find it."""
        if self.observer is None:
            return
        limit_bytes = self._settings.capture.max_mb * MB
        path = data_dir / FOLDER / f"{state.run}{SUFFIX}"
        header = Header(
            format=FORMAT,
            version=__version__,
            run=state.run,
            seq=state.seq,
            state=state.encode(),
            title=market.title,
            recorded=market.recorded,
            settings=self._settings.to_json(),
            instruments=pack(tuple(market.instruments.values())),
        )
        try:
            kept_bytes = make_room(data_dir, limit_bytes // 2)
            room_bytes = limit_bytes - kept_bytes
            keep_free_bytes = self._settings.capture.keep_free_mb * MB
            self._writer = Writer(
                path, header, self.observer, room_bytes, keep_free_bytes, _trouble
            )
        except OSError as error:
            _trouble(error.strerror or str(error))
            return
        self.observer.watch(names)

    def finish(self, orderly: bool) -> None:
        """The run is over. ``orderly``: every actor came to its end."""
        if self._writer is not None:
            self._writer.finish(orderly, FINISH_TIMEOUT_S)


def make_room(data_dir: Path, keep_bytes: int) -> int:
    """Remove the oldest captures until the others fit; how many bytes those take."""
    kept_bytes = 0
    for _, path in sorted(captures(data_dir).items(), reverse=True):
        size = path.stat().st_size
        if kept_bytes + size > keep_bytes:
            path.unlink()
        else:
            kept_bytes += size
    return kept_bytes


def _trouble(reason: str) -> None:
    structlog.get_logger(__name__).warning(
        "The capture of this run ends here; trading goes on, genesis replay sees the run so far.",
        reason=reason,
    )
