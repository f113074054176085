"""The slot between an actor's thread and the app: newest wins, answers are bounded."""

from __future__ import annotations

from view_sample import state

from genesis.messages.control import CommandAnswer
from genesis.tui.slot import ANSWERS_KEPT, Slot


def test_the_newest_state_wins() -> None:
    slot = Slot()
    assert slot.get() is None
    slot.put(state())
    newest = state()
    slot.put(newest)
    assert slot.get() is newest


def test_answers_are_taken_once_and_the_oldest_give_way() -> None:
    slot = Slot()
    for number in range(ANSWERS_KEPT + 2):
        slot.answer(CommandAnswer(accepted=True, text=str(number)))
    taken = slot.drain()
    assert [taken[0].text, taken[-1].text] == ["2", str(ANSWERS_KEPT + 1)]
    assert slot.drain() == []
