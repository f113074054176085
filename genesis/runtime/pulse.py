"""When was each child heard of last? Tells the hung from the unasked. Asks and fences nobody."""

from __future__ import annotations


class Pulse:
    """Real time, in ns. A pause of the whole process, or of who asks, is nobody's silence."""

    def __init__(self, heartbeat_ns: int, hang_after_ns: int, now_ns: int) -> None:
        self._heartbeat_ns = heartbeat_ns
        self._hang_after_ns = hang_after_ns
        self._beat_ns = now_ns
        self._heard_ns: dict[str, int] = {}

    def heard(self, name: str, now_ns: int) -> None:
        self._heard_ns[name] = now_ns

    def beat(self, now_ns: int) -> None:
        """Everyone is about to be asked. A beat that comes late is not held against them."""
        late_ns = now_ns - self._beat_ns - self._heartbeat_ns
        self._beat_ns = now_ns
        if late_ns > self._heartbeat_ns:
            for name in self._heard_ns:
                self._heard_ns[name] += late_ns

    def silent(self, name: str, now_ns: int, patience: int = 1) -> bool:
        """True when ``name`` gave no sign of life for too long; ``patience`` times as long as
        usual."""
        return now_ns - self._heard_ns[name] > patience * self._hang_after_ns
