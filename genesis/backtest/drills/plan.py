"""Which faults a seed brings, as plain data: chosen, named, printed. Strikes nobody."""

from __future__ import annotations

import difflib
import random
from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from genesis.errors import ConfigError
from genesis.runtime.chaos import ActorFault, ActorKind
from genesis.simulator.fault_plan import FeedFault, FeedKind, VenueFault, VenueKind
from genesis.storage.memory_disk import StorageFault, StorageKind

KILL = "kill"
SECOND_NS = 1_000_000_000


class ProcessFault(msgspec.Struct, frozen=True, tag="process"):
    """Every actor dies at ``at_ns``, between two events; ``for_ns`` later the process is back."""

    at_ns: int
    for_ns: int


Fault: TypeAlias = ActorFault | FeedFault | VenueFault | StorageFault | ProcessFault
Plan: TypeAlias = tuple[Fault, ...]

ACTORS = tuple(str(kind) for kind in ActorKind)
FEED = tuple(str(kind) for kind in FeedKind)
VENUE = tuple(str(kind) for kind in VenueKind)
STORAGE = tuple(str(kind) for kind in StorageKind)
FAMILIES = {"actors": ACTORS, "feed": FEED, "venue": VENUE, "storage": STORAGE, "process": (KILL,)}
ALL = tuple(name for names in FAMILIES.values() for name in names)

LONGEST_S = {
    ActorKind.ZOMBIE: 40,
    ActorKind.OVERFLOW: 1,
    FeedKind.STALL: 8,
    FeedKind.LATE: 4,
    FeedKind.SKEW: 10,
    VenueKind.ORDER_LATE: 4,
    VenueKind.CANCEL_LATE: 4,
    VenueKind.ACK_LATE: 3,
    VenueKind.FILL_LATE: 3,
    VenueKind.FILL_TWICE: 3,
    VenueKind.REPORT_TWICE: 3,
    VenueKind.REPORTS_AGAIN: 3,
    VenueKind.STREAM_DEAD: 15,
    VenueKind.ORDERS_HIDDEN: 8,
    VenueKind.CLOCK_SKEW: 10,
    VenueKind.RATE_LIMIT: 10,
    VenueKind.SYMBOL_HALT: 20,
    StorageKind.DISK_FULL: 8,
    StorageKind.LOCKED: 4,
    StorageKind.KILL_BEFORE_WRITE: 20,
    StorageKind.KILL_TORN: 20,
    StorageKind.KILL_UNSYNCED: 20,
    StorageKind.KILL_SYNCED: 20,
    KILL: 20,
}
"""Of what lasts; a venue that denies an order for 20 s is believed, so it denies for less."""

HIDDEN_APART_NS = 45 * SECOND_NS
"""Two times of hidden orders must not come to one denial that lasts long enough for proof."""

GAPS_S = (4, 15, 60)
LONG_GAPS_S = (15, 60, 240)
"""Mean time between two faults of a plan: a storm, a bad day, a long quiet with something in it."""
LONG_MINUTES = 10
"""From here on a session is long: it is there for what takes time, not for what comes in storms."""
FAULTS_MIN = 8
"""On average, of a session too short for that."""


def kinds_of(names: str) -> tuple[str, ...]:
    """``"all"``, or comma-separated kinds and families. Raises ConfigError for an unknown one."""
    if names == "all":
        return ALL
    chosen: list[str] = []
    for name in (part.strip() for part in names.split(",")):
        if name not in FAMILIES and name not in ALL:
            known = ("all", *FAMILIES, *ALL)
            close = difflib.get_close_matches(name, known, n=1)
            some = f"give all, or some of {', '.join(FAMILIES)} or of their kinds (docs/drills.md)"
            hint = f"did you mean {close[0]}?" if close else some
            raise ConfigError(f"--faults {name!r} is unknown; {hint}")
        chosen += FAMILIES.get(name, (name,))
    return tuple(dict.fromkeys(chosen))


def plan_of(
    seed: int, kinds: Sequence[str], actors: Sequence[str], start_ns: int, heal_ns: int
) -> Plan:
    """The plan of a seed: some of ``kinds``, between ``start_ns`` and ``heal_ns``.

    Each seed leaves some kinds out: what always strikes hides what else would follow.
    """
    rng = random.Random(f"drill/{seed}")
    share = rng.choice((0.3, 0.6, 1.0))
    chosen = [kind for kind in kinds if rng.random() < share] or [rng.choice(kinds)]
    length_ns = heal_ns - start_ns
    gaps_s = LONG_GAPS_S if length_ns >= LONG_MINUTES * 60 * SECOND_NS else GAPS_S
    mean_ns = min(rng.choice(gaps_s) * SECOND_NS, length_ns // FAULTS_MIN)
    plan: list[Fault] = []
    at_ns, hidden_ns = start_ns + 2 * SECOND_NS, 0
    while (at_ns := at_ns + rng.randrange(1, 2 * mean_ns)) < heal_ns:
        kind = rng.choice(chosen)
        for_ns = rng.randrange(SECOND_NS // 10, LONGEST_S.get(kind, 1) * SECOND_NS)
        if kind == VenueKind.ORDERS_HIDDEN:
            if at_ns < hidden_ns:
                continue
            hidden_ns = at_ns + HIDDEN_APART_NS
        fault = _fault(kind, at_ns, for_ns, rng.choice(actors))
        if isinstance(fault, ActorFault) and fault.kind is ActorKind.CRASH_IN_START:
            # What is to die in its restart must be restarted.
            plan.append(ActorFault(at_ns, ActorKind.CRASH_BEFORE, fault.name))
        plan.append(fault)
    return tuple(plan)


def _fault(kind: str, at_ns: int, for_ns: int, actor: str) -> Fault:
    lasts = for_ns if kind in LONGEST_S else 0
    if kind in ACTORS:
        return ActorFault(at_ns, ActorKind(kind), actor, lasts)
    if kind in FEED:
        return FeedFault(at_ns, FeedKind(kind), lasts)
    if kind in VENUE:
        return VenueFault(at_ns, VenueKind(kind), lasts)
    if kind in STORAGE:
        return StorageFault(at_ns, StorageKind(kind), lasts)
    return ProcessFault(at_ns, for_ns)


def told(fault: Fault) -> str:
    """One fault for a person: what, where, for how long."""
    kind = KILL if isinstance(fault, ProcessFault) else str(fault.kind)
    where = f" of {fault.name}" if isinstance(fault, ActorFault) else ""
    lasts = f" for {fault.for_ns / SECOND_NS:.1f} s" if fault.for_ns else ""
    return f"{kind}{where}{lasts}"
