"""Find a short fault plan that breaks the same invariant: delta debugging. Knows no fault."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import msgspec

from genesis.backtest.drills.drill import Scenario, Verdict, drill
from genesis.backtest.drills.plan import Plan

RUNS_MAX = 80
"""A shorter plan is a comfort, not worth hours."""


def broken(verdict: Verdict) -> set[str]:
    """The invariants that a verdict names."""
    return {text.split(":")[0] for _, text in verdict.violations}


def shrink(
    verdict: Verdict,
    run: Callable[[Scenario], Verdict] = drill,
    runs_max: int = RUNS_MAX,
) -> Verdict:
    """The shortest found that breaks an invariant which ``verdict`` breaks, or ``verdict``.

    First a shorter session, then fewer faults (ddmin, Zeller and Hildebrandt 2002): halves, then
    smaller and smaller parts are left out as long as it still breaks.
    """
    wanted, left = broken(verdict), runs_max

    def breaks(scenario: Scenario) -> Verdict | None:
        nonlocal left
        left -= 1
        found = run(scenario)
        return found if broken(found) & wanted else None

    while left > 0 and verdict.scenario.minutes > 0.25:
        shorter = _cut(verdict.scenario, verdict.scenario.minutes / 2)
        found = breaks(shorter)
        if found is None:
            break
        verdict = found
    parts = 2
    while left > 0 and (plan := verdict.scenario.plan):
        parts = min(parts, len(plan))
        for rest in _without_a_part(plan, parts):
            found = breaks(msgspec.structs.replace(verdict.scenario, plan=rest))
            if found is not None:
                verdict, parts = found, max(parts - 1, 2)
                break
            if left <= 0:
                return verdict
        else:
            if parts == len(plan):
                return verdict
            parts *= 2
    return verdict


def _cut(scenario: Scenario, minutes: float) -> Scenario:
    shorter = msgspec.structs.replace(scenario, minutes=minutes)
    plan = tuple(fault for fault in scenario.plan if fault.at_ns < shorter.heal_ns)
    return msgspec.structs.replace(shorter, plan=plan)


def _without_a_part(plan: Plan, parts: int) -> list[Plan]:
    bounds = [len(plan) * i // parts for i in range(parts + 1)]
    return [plan[:start] + plan[end:] for start, end in pairwise(bounds)]
