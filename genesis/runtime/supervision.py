"""Which child to stop and start when: OTP's supervisor as a pure state machine. Starts nothing.

Terms and rules are OTP's (stdlib ``supervisor``): permanent / transient / temporary children,
one_for_one / rest_for_one / one_for_all, intensity per period. Two deliberate differences: where
OTP's supervisor gives up and dies, this one escalates to the global halt and goes on restarting
with a growing delay, so that open orders can still be cancelled; and groups with strategies of
their own share one start order.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Iterable, Sequence

import msgspec

BACKOFF_FIRST_NS = 1_000_000_000
BACKOFF_LAST_NS = 60_000_000_000


class Restart(enum.Enum):
    PERMANENT = "always restarted"
    TRANSIENT = "restarted after a crash, not after a normal end"
    TEMPORARY = "never restarted"


class Strategy(enum.Enum):
    ONE_FOR_ONE = "only the failed child"
    REST_FOR_ONE = "the failed child and those started after it"
    ONE_FOR_ALL = "every child of the group"


class GroupSpec(msgspec.Struct, frozen=True):
    """More than ``intensity`` failures within ``period_ns`` escalate.

    ``halts`` False: an escalation only slows the restarts down (what merely shows things).
    """

    name: str
    strategy: Strategy
    intensity: int
    period_ns: int
    halts: bool = True


class ChildSpec(msgspec.Struct, frozen=True):
    name: str
    group: str
    restart: Restart = Restart.PERMANENT


class Spawn(msgspec.Struct, frozen=True):
    """Start a new incarnation, after ``delay_ns`` of real time."""

    name: str
    delay_ns: int


class StopChild(msgspec.Struct, frozen=True):
    """Ask the child to end; fence it when it does not in time."""

    name: str


class Escalate(msgspec.Struct, frozen=True):
    """A group failed too often: trip the global halt."""

    group: str
    reason: str


class Restarted(msgspec.Struct, frozen=True):
    """``name`` is up again because ``cause`` had failed."""

    name: str
    cause: str
    reason: str


class AllUp(msgspec.Struct, frozen=True):
    """Nothing is left to start or restart."""


class AllDown(msgspec.Struct, frozen=True):
    """The shutdown is complete."""


Action = Spawn | StopChild | Escalate | Restarted | AllUp | AllDown


class ChildState(enum.StrEnum):
    DOWN = "down"
    WAITING = "waiting"  # to be started after a delay
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    ENDED = "ended"  # and not to be restarted


class _Child:
    __slots__ = ("cause", "failures", "reason", "restarts", "spec", "state")

    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self.state = ChildState.DOWN
        self.restarts = 0
        self.cause = self.reason = ""
        self.failures = 0  # since the escalation, for the growing delay


class Plan:
    """Feed it what happened; carry out the actions it returns, in order.

    One child is started or stopped at a time: starts in the order of ``children``, stops in
    reverse. Every event names a child; the caller has already dropped those of old incarnations.
    """

    def __init__(self, groups: Iterable[GroupSpec], children: Sequence[ChildSpec]) -> None:
        self._groups = {group.name: group for group in groups}
        self._children = {spec.name: _Child(spec) for spec in children}
        self._order = [spec.name for spec in children]
        self._failures: dict[str, deque[int]] = {name: deque() for name in self._groups}
        self._escalated: set[str] = set()
        self._to_stop: set[str] = set()
        self._to_start: set[str] = set()
        self._shutting_down = False
        self._announced = True

    def state(self, name: str) -> ChildState:
        return self._children[name].state

    def restarts(self, name: str) -> int:
        return self._children[name].restarts

    def begin(self) -> list[Action]:
        """Start every child, in order."""
        self._to_start.update(self._order)
        self._announced = False
        return self._advance()

    def started(self, name: str) -> list[Action]:
        child = self._children[name]
        if child.state is not ChildState.STARTING:
            return []
        child.state = ChildState.RUNNING
        actions: list[Action] = []
        if child.cause:
            child.restarts += 1
            actions.append(Restarted(name, child.cause, child.reason))
            child.cause = child.reason = ""
        return actions + self._advance()

    def delay_over(self, name: str) -> bool:
        """The delay of a ``Spawn`` is over; False when the child is no longer wanted."""
        child = self._children[name]
        if child.state is not ChildState.WAITING:
            return False
        child.state = ChildState.STARTING
        return True

    def failed(self, name: str, reason: str, now_ns: int) -> list[Action]:
        """The child crashed, hung, or did not start in time. ``now_ns`` is real time."""
        child = self._children[name]
        stopping = child.state is ChildState.STOPPING
        child.state = ChildState.DOWN
        if stopping or self._shutting_down:
            return self._advance()
        if child.spec.restart is Restart.TEMPORARY:
            child.state = ChildState.ENDED
            return self._advance()
        return self._restart(child, reason, now_ns)

    def stopped(self, name: str, now_ns: int) -> list[Action]:
        """The child ended normally: as asked, or by itself."""
        child = self._children[name]
        asked = child.state is ChildState.STOPPING
        child.state = ChildState.DOWN
        if not asked and not self._shutting_down:
            if child.spec.restart is Restart.PERMANENT:
                return self._restart(child, "ended by itself", now_ns)
            child.state = ChildState.ENDED
        return self._advance()

    @property
    def shutting_down(self) -> bool:
        return self._shutting_down

    def shutdown(self) -> list[Action]:
        """Stop every child in reverse order, whatever else was going on."""
        self._shutting_down = True
        self._to_start.clear()
        self._to_stop.update(self._order)
        self._announced = False
        return self._advance()

    def forgive(self) -> None:
        """The operator resumed: failures so far no longer count."""
        self._escalated.clear()
        for failures in self._failures.values():
            failures.clear()
        for child in self._children.values():
            child.failures = 0

    def _restart(self, child: _Child, reason: str, now_ns: int) -> list[Action]:
        group = self._groups[child.spec.group]
        actions: list[Action] = []
        if group.name in self._escalated:
            child.failures += 1
        elif self._too_often(group, now_ns):
            self._escalated.add(group.name)
            child.failures = 1
            text = (
                f"{child.spec.name} failed, and {group.name} more than {group.intensity} times "
                f"in {group.period_ns / 1e9:g} s: {reason}"
            )
            if group.halts:
                actions.append(Escalate(group.name, text))
        for name in self._affected(child, group):
            other = self._children[name]
            if other.state is ChildState.ENDED:
                continue
            other.cause, other.reason = child.spec.name, reason
            self._to_stop.add(name)
            if other.spec.restart is not Restart.TEMPORARY:
                self._to_start.add(name)
        self._announced = False
        return actions + self._advance()

    def _too_often(self, group: GroupSpec, now_ns: int) -> bool:
        failures = self._failures[group.name]
        failures.append(now_ns)
        while failures[0] <= now_ns - group.period_ns:
            failures.popleft()
        return len(failures) > group.intensity

    def _affected(self, child: _Child, group: GroupSpec) -> list[str]:
        members = [n for n in self._order if self._children[n].spec.group == group.name]
        if group.strategy is Strategy.ONE_FOR_ONE:
            return [child.spec.name]
        if group.strategy is Strategy.REST_FOR_ONE:
            return members[members.index(child.spec.name) :]
        return members

    def _advance(self) -> list[Action]:
        """The next single step: finish stopping before starting anything."""
        for name in reversed(self._order):
            if name not in self._to_stop:
                continue
            child = self._children[name]
            if child.state in (ChildState.STARTING, ChildState.RUNNING):
                child.state = ChildState.STOPPING
                return [StopChild(name)]
            if child.state is ChildState.STOPPING:
                return []
            self._to_stop.discard(name)
            if child.state is ChildState.WAITING and not self._shutting_down:
                self._to_start.discard(name)  # its own delay starts it
            elif name not in self._to_start:
                child.state = ChildState.ENDED
        for name in self._order:
            child = self._children[name]
            if child.state in (ChildState.STARTING, ChildState.WAITING) and not self._shutting_down:
                return []
            if name in self._to_start:
                self._to_start.discard(name)
                delay_ns = self._delay_ns(child)
                child.state = ChildState.WAITING if delay_ns else ChildState.STARTING
                return [Spawn(name, delay_ns)]
        if self._announced:
            return []
        self._announced = True
        return [AllDown() if self._shutting_down else AllUp()]

    def _delay_ns(self, child: _Child) -> int:
        if child.failures == 0:
            return 0
        return int(min(BACKOFF_FIRST_NS * 2 ** (child.failures - 1), BACKOFF_LAST_NS))
