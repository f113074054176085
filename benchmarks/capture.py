"""What a capture costs: CPU per message between two actors on threads, without and with it.

Processor time, the writer's thread and its compression included; the better of some tries, taken in
turn. And how large it makes a run of recorded frames.
"""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path

from benchmarks._common import recordings, report
from genesis.capture.reader import captures
from genesis.capture.recorder import Recorder
from genesis.capture.records import FORMAT, Header
from genesis.capture.writer import Writer
from genesis.config import Settings
from genesis.messages.base import Message
from genesis.messages.names import SUPERVISOR
from genesis.runtime.actor import Actor, Context, handles
from genesis.runtime.base import starter
from genesis.runtime.clock import ScaledClock
from genesis.runtime.threads import ThreadsRuntime
from genesis.session import Options, Session
from genesis.storage.folder import DataFolder

HOPS = 50_000
TRIES = 3
HEADER = Header(FORMAT, "", 1, 0, b"", "", True, "", b"")


class Ball(Message, frozen=True):
    left: int


class Player(Actor):
    def __init__(self, context: Context, other: str, over: threading.Event) -> None:
        super().__init__(context)
        self._other = other
        self._over = over

    @handles(Ball)
    def _on_ball(self, ball: Ball) -> None:
        if ball.left:
            self.tell(self._other, Ball(ball.left - 1))
        else:
            self._over.set()


def game(file: Path | None) -> float:
    """Seconds of processor time for ``HOPS`` messages from one to the other and back."""
    recorder = None if file is None else Recorder()
    runtime = ThreadsRuntime(ScaledClock(1, 1.0), observer=recorder)
    over = threading.Event()
    for name in (SUPERVISOR, "left", "right"):
        runtime.register(name)
    used = time.process_time()
    writer = None
    if file is not None and recorder is not None:
        recorder.watch(["left", "right"])
        writer = Writer(file, HEADER, recorder, 1 << 40, 0, print)
    runtime.spawn("left", starter(Player, other="right", over=over))
    runtime.spawn("right", starter(Player, other="left", over=over))
    runtime.address("left").tell(Ball(HOPS))
    over.wait()
    if writer is not None:
        writer.finish(orderly=True, timeout_s=60)
    used = time.process_time() - used
    runtime.stop()
    return used


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "game.zst"
        tries = [(game(None), game(file)) for _ in range(TRIES)]
        plain, captured = (min(times) for times in zip(*tries, strict=True))
        report(
            "capture: messages between two actors",
            HOPS,
            captured,
            us_per_message=round(1e6 * captured / HOPS, 2),
            us_per_message_without=round(1e6 * plain / HOPS, 2),
            bytes_per_message=round(file.stat().st_size / HOPS, 1),
        )
        paths, source = recordings(Path(folder))
        given = {"market.market": "replay:" + ",".join(map(str, paths)), "market.speed": 0.0}
        with DataFolder.open(Path(folder) / "data") as data:
            session = Session(Settings.load(None, given), data, Options(True, True, 60, False))
            session.start()
            begun = time.perf_counter()
            summary = session.wait(1.0, lambda: None).summary
            secs = time.perf_counter() - begun
            size = captures(data.path)[1].stat().st_size
        assert summary is not None
        report(
            "capture: a minute of recorded frames",
            summary.frames,
            secs,
            mb_per_hour_of_market=round(60 * size / 1e6, 1),
            bytes_per_frame=round(size / summary.frames),
            data=source,
        )


if __name__ == "__main__":
    main()
