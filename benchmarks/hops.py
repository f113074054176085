"""What a message costs by itself: two actors in virtual time hand one back and forth.

An order of a backtest is some 19 messages; times this it is the least an order can cost, whatever
its actors do.
"""

from __future__ import annotations

import time

from benchmarks._common import report
from genesis.messages.base import Message
from genesis.messages.names import SUPERVISOR
from genesis.runtime.actor import Actor, Context, handles
from genesis.runtime.base import starter
from genesis.runtime.virtual import VirtualRuntime

HOPS = 200_000
ROUNDS = 5


class Ball(Message, frozen=True):
    left: int


class Player(Actor):
    def __init__(self, context: Context, other: str) -> None:
        super().__init__(context)
        self._other = other

    @handles(Ball)
    def _on_ball(self, ball: Ball) -> None:
        if ball.left:
            self.tell(self._other, Ball(ball.left - 1))


class Umpire(Actor):
    """Takes a supervisor's place, and nothing to heart."""

    def on_receive(self, message: object) -> None:
        pass


def played_s() -> float:
    runtime = VirtualRuntime(0)
    for name in (SUPERVISOR, "ping", "pong"):
        runtime.register(name)
    runtime.spawn(SUPERVISOR, starter(Umpire))
    runtime.spawn("ping", starter(Player, other="pong"))
    runtime.spawn("pong", starter(Player, other="ping"))
    runtime.run()
    runtime.address("ping").tell(Ball(HOPS - 1))
    began = time.perf_counter()
    runtime.run()
    took_s = time.perf_counter() - began
    runtime.stop()
    return took_s


def main() -> None:
    took_s = min(played_s() for _ in range(ROUNDS))
    report("hop: message between two actors in virtual time", HOPS, took_s)


if __name__ == "__main__":
    main()
