"""The entry point's own parts; the whole of it is tried as a process."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import weakref

import pytest

from genesis.__main__ import unraisable


@pytest.fixture(autouse=True)
def hook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "unraisablehook", unraisable)


def test_an_interrupt_inside_a_callback_of_the_collector_comes_again_without_a_word(
    capfd: pytest.CaptureFixture[str],
) -> None:
    def collect_and_wait(garbage: list[set[int]]) -> None:
        seen = weakref.ref(garbage[0], lambda _: signal.raise_signal(signal.SIGINT))
        garbage.clear()
        assert seen() is None
        threading.Event().wait(60)

    with pytest.raises(KeyboardInterrupt):
        collect_and_wait([{0}])
    assert capfd.readouterr().err == ""


def test_another_error_inside_such_a_callback_is_still_shown(
    capfd: pytest.CaptureFixture[str],
) -> None:
    garbage = {0}
    seen = weakref.ref(garbage, lambda _: int("a bug"))
    del garbage
    assert seen() is None
    assert "ValueError: invalid literal" in capfd.readouterr().err


def test_a_light_command_waits_for_nothing_of_weight() -> None:
    code = "import sys, genesis.cli; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert {"numpy", "numba", "msgspec", "pydantic"}.isdisjoint(run.stdout.split())
