"""Turn what the operator types into commands. Pure: it sends nothing and knows no screen."""

from __future__ import annotations

import re
from typing import NamedTuple

from genesis.messages.base import Control
from genesis.messages.control import RESUME_PHRASE, Halt, Quit, Resume
from genesis.messages.view import ViewState

KNOWN = "halt [reason], resume <reason>, picture [file], quit, help"
HELP = "picture saves this screen as SVG. Tab: to the lists, arrows: scroll, Esc: back."
NO_REASON = "the operator gave no reason"


class Outcome(NamedTuple):
    """What one line led to: a sentence, perhaps a command to send, perhaps the view's end.

    ``picture`` names the file for a picture of the screen; empty: a name of the view's choice.
    """

    text: str
    send: Control | None = None
    leave: bool = False
    picture: str | None = None


class Pasted(NamedTuple):
    """``halts`` are done at once; ``rest`` waits in the line for Enter; ``dropped`` lines do not
    fit into it."""

    halts: tuple[str, ...]
    rest: str
    dropped: int


def is_halt(line: str) -> bool:
    """Whether a line, as typed, is a halt."""
    return line.strip().partition(" ")[0].lower() == "halt"


def pasted(text: str) -> Pasted:
    """What to do with a pasted text: nobody has read it yet in the view, so it waits for Enter.
    Only a halt, if its line is whole, is done at once, as it can do no harm."""
    *whole, last = re.split(r"\r\n|\r|\n", text)
    halts = tuple(line for line in whole if is_halt(line))
    others = [line for line in (*whole, last) if line.strip() and line not in halts]
    return Pasted(halts, others[0] if others else "", max(0, len(others) - 1))


def nothing_to_resume(state: ViewState | None) -> str:
    """Why a resume would change nothing; empty where a halt is latched, or nothing is known."""
    if state is None or state.gate is None or state.gate.halted:
        return ""
    if state.ended:
        return "Trading is not halted. The run is over: nothing is traded until the next start."
    if state.gate.state == "ACTIVE":
        return "Trading is not halted."
    return f"There is no halt to leave: trading is {state.gate.state} ({state.gate.reason})."


class Prompt:
    """The command line's memory: a resume waits here until its phrase is typed in full."""

    def __init__(self) -> None:
        self._resume_reason = ""

    @property
    def asks_phrase(self) -> bool:
        return bool(self._resume_reason)

    def cancel(self) -> Outcome:
        """Leave the question for the phrase."""
        if not self._resume_reason:
            return Outcome("")
        self._resume_reason = ""
        return Outcome("The resume was dropped; nothing was sent.")

    def enter(self, line: str, no_halt: str = "") -> Outcome:
        """One line, as typed. An empty line outside a question does nothing.

        ``no_halt`` is what a resume is answered with at once, where it would change nothing.
        """
        word, _, rest = line.strip().partition(" ")
        rest = rest.strip()
        if self._resume_reason:
            reason, self._resume_reason = self._resume_reason, ""
            # A halt must work at any moment, also while the phrase is being asked for.
            if word.lower() not in ("halt", "quit"):
                return self._phrase(line.strip(), reason)
        match word.lower():
            case "":
                return Outcome("")
            case "halt":
                reason = rest or NO_REASON
                return Outcome(f"Halt sent ({reason}).", Halt(reason=reason, source="operator"))
            case "resume" if not rest:
                return Outcome("A resume needs a reason, for the journal: resume <reason>.")
            case "resume" if no_halt:
                return Outcome(no_halt)
            case "resume":
                self._resume_reason = rest
                return Outcome(f"To leave the halt type in full: {RESUME_PHRASE} (Esc drops it)")
            case "quit":
                return Outcome("Ending in good order.", Quit(reason=rest or "operator"), leave=True)
            case "picture":
                return Outcome("", picture=rest)
            case "help":
                return Outcome(HELP)
        return Outcome(f"There is no command '{word}'. There are: {KNOWN}.")

    @staticmethod
    def _phrase(typed: str, reason: str) -> Outcome:
        if typed != RESUME_PHRASE:
            return Outcome("That was not the phrase: nothing was sent, nothing has changed.")
        return Outcome(f"Resume sent ({reason}).", Resume(reason=reason, phrase=typed))
