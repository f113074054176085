"""Silence is a hang only where somebody had the chance to speak."""

from __future__ import annotations

from genesis.runtime.pulse import Pulse

MS = 1_000_000


def beating(pulse: Pulse, from_ms: int, to_ms: int, *heard: str) -> None:
    for now_ms in range(from_ms, to_ms, 500):
        pulse.beat(now_ms * MS)
        for name in heard:
            pulse.heard(name, now_ms * MS)


def test_who_does_not_answer_is_silent_after_its_time() -> None:
    pulse = Pulse(500 * MS, 3000 * MS, 0)
    pulse.heard("dead", 0)
    pulse.heard("well", 0)
    beating(pulse, 500, 3500, "well")
    assert not pulse.silent("dead", 3000 * MS)
    assert pulse.silent("dead", 3001 * MS)
    assert not pulse.silent("well", 3001 * MS)


def test_a_pause_of_the_whole_process_is_nobodys_silence() -> None:
    """SIGSTOP, a suspended machine: the next beat comes first, before anyone could answer."""
    pulse = Pulse(500 * MS, 3000 * MS, 0)
    pulse.heard("well", 0)
    beating(pulse, 500, 2000, "well")
    pulse.beat(60_000 * MS)
    assert not pulse.silent("well", 60_000 * MS)


def test_who_was_silent_before_a_pause_still_is_after_it() -> None:
    pulse = Pulse(500 * MS, 3000 * MS, 0)
    pulse.heard("dead", 0)
    beating(pulse, 500, 3000)
    pulse.beat(60_000 * MS)
    assert not pulse.silent("dead", 60_000 * MS)
    beating(pulse, 60_500, 61_500)
    assert pulse.silent("dead", 61_000 * MS)
