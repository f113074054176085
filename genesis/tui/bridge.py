"""The viewer's actor: folds the publisher's deltas and keeps the newest state in a slot."""

from __future__ import annotations

from genesis.messages.base import Message
from genesis.messages.control import CommandAnswer
from genesis.messages.names import PUBLISHER
from genesis.messages.view import SubscribeView, ViewDelta, ViewSnapshot, ViewState, fold
from genesis.runtime.actor import Actor, Context, handles
from genesis.tui.slot import Slot

PATIENCE_NS = 2_000_000_000


class CheckFeed(Message, frozen=True):
    """Time to see whether the publisher still speaks: a new incarnation knows no viewers."""


class ViewBridge(Actor):
    """It never calls the app: the app looks into the slot when it paints."""

    def __init__(self, context: Context, slot: Slot) -> None:
        super().__init__(context)
        self._slot = slot

    def begin(self) -> None:
        self._state: ViewState | None = None
        self._heard = False
        self.tell(PUBLISHER, SubscribeView(self.name))
        self.after_wall(PATIENCE_NS, CheckFeed())

    @handles(ViewSnapshot)
    def _on_snapshot(self, snapshot: ViewSnapshot) -> None:
        self._heard = True
        self._state = snapshot.state
        self._slot.put(snapshot.state)

    @handles(ViewDelta)
    def _on_delta(self, delta: ViewDelta) -> None:
        self._heard = True
        if self._state is None:
            return
        self._state = fold(self._state, delta)
        if self._state is None:
            self.tell(PUBLISHER, SubscribeView(self.name))
        else:
            self._slot.put(self._state)

    @handles(CheckFeed)
    def _on_check_feed(self, check: CheckFeed) -> None:
        if not self._heard or self._state is None:
            self.tell(PUBLISHER, SubscribeView(self.name))
        self._heard = False
        self.after_wall(PATIENCE_NS, check)

    @handles(CommandAnswer)
    def _on_answer(self, answer: CommandAnswer) -> None:
        self._slot.answer(answer)
