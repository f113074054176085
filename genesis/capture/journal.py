"""Note how the journal answered its writer, so that a replay can let the same answers come.

What an answer says beyond success or failure follows from the facts, and is not noted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from genesis.actors.persistence import JournalPort
from genesis.errors import StorageError
from genesis.messages.journal import AppendFacts, Entry
from genesis.runtime.observer import Observer

Answer = tuple[str, str] | None
"""None for success, else the name and the text of the error."""

OPENED, APPENDED = "journal opened", "journal appended"


def answer(error: StorageError | None) -> Answer:
    return None if error is None else (type(error).__name__, str(error))


class PassingJournal:
    """Another journal behind it does everything; what stands between is for a subclass."""

    def __init__(self, journal: JournalPort) -> None:
        self._journal = journal

    @property
    def head_seq(self) -> int:
        return self._journal.head_seq

    @property
    def run(self) -> int:
        return self._journal.run

    def append(self, handed: Sequence[AppendFacts]) -> list[Entry]:
        return self._journal.append(handed)

    def entries(self, after_seq: int = 0) -> Iterator[Entry]:
        return self._journal.entries(after_seq)

    def state_bytes(self) -> bytes:
        return self._journal.state_bytes()

    def close(self) -> None:
        self._journal.close()


class NotedJournal(PassingJournal):
    """The journal itself, with every success and failure of it noted for the handler at work."""

    def __init__(self, journal: JournalPort, observer: Observer) -> None:
        super().__init__(journal)
        self._observer = observer

    def append(self, handed: Sequence[AppendFacts]) -> list[Entry]:
        try:
            entries = super().append(handed)
        except StorageError as error:
            self._observer.noted(APPENDED, answer(error))
            raise
        self._observer.noted(APPENDED, answer(None))
        return entries
