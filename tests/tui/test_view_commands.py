"""What the operator types becomes a command, a question, or one calm line."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from genesis.messages.control import Halt, Quit, Resume
from genesis.messages.view import GateLine, ViewState
from genesis.tui.commands import Prompt, nothing_to_resume


def test_halt_is_sent_at_once_with_its_reason() -> None:
    assert Prompt().enter("halt odd fills").send == Halt(reason="odd fills", source="operator")
    assert Prompt().enter("  HALT ").send == Halt(
        reason="the operator gave no reason", source="operator"
    )


def test_resume_needs_a_reason_and_then_the_phrase_in_full() -> None:
    prompt = Prompt()
    assert prompt.enter("resume").send is None
    assert not prompt.asks_phrase
    assert prompt.enter("resume checked with the venue").send is None
    assert prompt.asks_phrase
    answered = prompt.enter("resume trading")
    assert answered.send == Resume(reason="checked with the venue", phrase="resume trading")
    assert not prompt.asks_phrase


def test_a_resume_that_would_change_nothing_says_why() -> None:
    def gate(word: str, reason: str = "", *, halted: bool = False) -> ViewState:
        return ViewState(seq=1, now_ns=1, title="", gate=GateLine(word, reason, halted))

    assert nothing_to_resume(None) == ""
    assert nothing_to_resume(gate("HALTED", "by hand", halted=True)) == ""
    assert nothing_to_resume(gate("ACTIVE")) == "Trading is not halted."
    over = replace(gate("HALTED", "the market is over"), ended="the market is over")
    assert "nothing is traded until the next start" in nothing_to_resume(over)
    assert "trading is REDUCING (daily loss)" in nothing_to_resume(gate("REDUCING", "daily loss"))
    prompt = Prompt()
    assert prompt.enter("resume checked", "Trading is not halted.").text == "Trading is not halted."
    assert not prompt.asks_phrase


@pytest.mark.parametrize("typed", ["", "yes", "Resume Trading", "resume  trading", "resume tradin"])
def test_a_wrong_phrase_sends_nothing_and_ends_the_question(typed: str) -> None:
    prompt = Prompt()
    prompt.enter("resume checked")
    assert prompt.enter(typed).send is None
    assert not prompt.asks_phrase


def test_halt_works_while_the_phrase_is_asked_for() -> None:
    prompt = Prompt()
    prompt.enter("resume checked")
    assert prompt.enter("halt no, wait").send == Halt(reason="no, wait", source="operator")
    assert prompt.enter("resume trading").send is None


def test_escape_drops_a_resume() -> None:
    prompt = Prompt()
    prompt.enter("resume checked")
    assert "dropped" in prompt.cancel().text
    assert prompt.enter("resume trading").send is None


def test_quit_leaves() -> None:
    outcome = Prompt().enter("quit")
    assert outcome.leave
    assert outcome.send == Quit(reason="operator")


def test_unknown_input_says_what_exists() -> None:
    outcome = Prompt().enter("sell everything")
    assert outcome.send is None
    assert outcome.text == (
        "There is no command 'sell'. There are: halt [reason], resume <reason>, picture [file],"
        " quit, help."
    )


def test_an_empty_line_does_nothing() -> None:
    outcome = Prompt().enter("   ")
    assert (outcome.text, outcome.send, outcome.leave) == ("", None, False)
