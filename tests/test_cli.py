"""The command line's own parts; the whole of it is tried as a process."""

from __future__ import annotations

import signal

import pytest

from genesis.cli import _still_interrupted


def test_an_interrupt_that_a_library_made_an_error_of_is_still_one() -> None:
    with pytest.raises(KeyboardInterrupt), _still_interrupted([signal.SIGINT]):
        raise ValueError("error while serializing: KeyboardInterrupt")


def test_an_error_without_an_interrupt_stays_what_it_is() -> None:
    with pytest.raises(ValueError, match="bad"), _still_interrupted([]):
        raise ValueError("bad")
    with _still_interrupted([signal.SIGINT]):
        pass  # swallowed on the way: the run ends at once, in good order
