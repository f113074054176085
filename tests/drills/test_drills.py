"""Whole sessions under every kind of fault hold every invariant, the same way every time."""

from __future__ import annotations

import re
from collections import Counter

import msgspec
import pykka
import pytest

from genesis.backtest.drills.drill import START_NS, Scenario, Verdict, drill, scenario_of
from genesis.backtest.drills.life import LEAD_IN_NS
from genesis.backtest.drills.plan import ALL, FAMILIES, ProcessFault, kinds_of, plan_of
from genesis.domain import risk_book
from genesis.errors import ConfigError
from genesis.runtime.chaos import ActorFault, ActorKind
from genesis.simulator.fault_plan import FeedFault, FeedKind, VenueFault, VenueKind

MINUTES = 0.5
SECOND_NS = 1_000_000_000


pytestmark = pytest.mark.usefixtures("quiet")


@pytest.mark.parametrize("seed", range(8))
def test_no_invariant_breaks(seed: int) -> None:
    verdict = drill(scenario_of(seed, MINUTES))
    assert verdict.violations == ()
    assert verdict.orders > 0
    assert verdict.struck


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_alone_strikes_and_breaks_nothing(family: str) -> None:
    struck: Counter[str] = Counter()
    for seed in range(3):
        verdict = drill(scenario_of(seed, MINUTES, kinds_of(family)))
        assert verdict.violations == ()
        struck += verdict.kinds
    assert struck
    assert set(struck) <= set(FAMILIES[family])


def test_the_same_scenario_is_the_same_journal() -> None:
    one, two = (drill(scenario_of(2, MINUTES), with_events=True) for _ in range(2))
    assert one == two
    assert one.journal_hash != drill(scenario_of(1, MINUTES)).journal_hash


def of_one(fault: ActorFault | ProcessFault) -> Verdict:
    return drill(Scenario(0, MINUTES, (fault,)))


@pytest.mark.parametrize("actor", ["persistence", "risk", "executor", "feed", "strategy.ema_cross"])
@pytest.mark.parametrize("kind", [ActorKind.CRASH_MIDWAY, ActorKind.ZOMBIE])
def test_an_actor_that_fails_is_replaced(actor: str, kind: ActorKind) -> None:
    verdict = of_one(ActorFault(START_NS + 10 * SECOND_NS, kind, actor, 25 * SECOND_NS))
    assert verdict.violations == ()
    assert [fault.name for _, fault in verdict.struck if isinstance(fault, ActorFault)] == [actor]
    assert verdict.restarts >= 1


def test_a_killed_process_comes_back_to_its_orders() -> None:
    verdict = of_one(ProcessFault(START_NS + 12 * SECOND_NS, 5 * SECOND_NS))
    assert verdict.violations == ()
    assert verdict.lives == 2


@pytest.mark.parametrize(
    "fault",
    [
        ActorFault(START_NS + 10 * SECOND_NS, ActorKind.HANG, "executor"),
        ActorFault(START_NS + 10 * SECOND_NS, ActorKind.ZOMBIE, "book.BTCUSDT", 25 * SECOND_NS),
        ProcessFault(START_NS + 12 * SECOND_NS, 5 * SECOND_NS),
    ],
)
def test_nothing_is_left_of_the_actors_of_a_session(fault: ActorFault | ProcessFault) -> None:
    """Each would hold its whole house, and thousands of sessions are drilled in one process."""
    before = set(pykka.ActorRegistry.get_all())
    assert [struck for _, struck in of_one(fault).struck] == [fault]
    assert set(pykka.ActorRegistry.get_all()) == before


def test_a_supervisor_that_dies_takes_the_process_with_it() -> None:
    fault = ActorFault(START_NS + 12 * SECOND_NS, ActorKind.CRASH_BEFORE, "supervisor")
    verdict = of_one(fault)
    assert verdict.violations == ()
    assert verdict.lives == 2


def test_a_full_mailbox_of_orders_halts_and_an_operator_resumes() -> None:
    at_ns = START_NS + 14 * SECOND_NS
    verdict = drill(
        Scenario(0, 1.0, (ActorFault(at_ns, ActorKind.OVERFLOW, "executor", SECOND_NS),))
    )
    assert verdict.violations == ()
    assert verdict.halts == 1
    assert not verdict.halted


def test_a_fill_that_nobody_told_of_is_known_before_the_end() -> None:
    """The stream loses a taker's fill: it stood as resting until the end of the session."""
    lost = VenueFault(START_NS + 2_372_000_000, VenueKind.FILL_LOST)
    verdict = drill(Scenario(131, 0.25, (lost,)))
    assert [fault for _, fault in verdict.struck] == [lost]
    assert verdict.violations == ()


def hung_book(seed: int, after_ms: int) -> Verdict:
    """It hangs, and what comes next would cross it. Orders are quoted at 4 and at 9 s."""
    at_ns = START_NS + after_ms * SECOND_NS // 1000
    plan = (
        ActorFault(at_ns, ActorKind.HANG, "book.BTCUSDT"),
        FeedFault(at_ns + SECOND_NS * 2 // 5, FeedKind.CROSS),
    )
    verdict = drill(Scenario(seed, MINUTES, plan))
    assert [fault for _, fault in verdict.struck] == list(plan)
    return verdict


def test_a_book_that_hangs_knows_of_no_hole() -> None:
    assert hung_book(162, 7411).violations == ()


def test_the_data_of_a_book_that_hangs_grows_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """The market goes on, and makes nothing fresh that the book does not hear of."""
    assert hung_book(1042, 500).violations == ()
    monkeypatch.setattr(risk_book, "check_freshness", lambda mark, symbol, now_ns, limits: None)
    found = [text for _, text in hung_book(1042, 500).violations]
    assert found
    assert all(re.fullmatch(r"9: .* was decided on data [3-9]... ms old", text) for text in found)


def test_a_feed_that_hangs_dies_with_its_process() -> None:
    """What the next process hears is fresh, though the zombie would still be asleep."""
    feed = ActorFault(START_NS + 8 * SECOND_NS, ActorKind.ZOMBIE, "feed", 40 * SECOND_NS)
    verdict = drill(
        Scenario(0, MINUTES, (feed, ProcessFault(START_NS + 10 * SECOND_NS, SECOND_NS)))
    )
    assert verdict.violations == ()
    assert verdict.lives == 2
    assert len(verdict.struck) == 2


def test_a_process_that_plays_frames_comes_back_in_its_own_time() -> None:
    dead = ActorFault(START_NS + 12 * SECOND_NS, ActorKind.CRASH_BEFORE, "supervisor")
    verdict = drill(Scenario(3, MINUTES, (dead,)), with_events=True)
    assert verdict.scenario.plays_frames
    assert verdict.violations == ()
    times = [at_ns for at_ns, text in verdict.events if text.startswith("RunStarted")]
    assert times == [START_NS - LEAD_IN_NS, verdict.struck[0][0] + 2 * SECOND_NS - LEAD_IN_NS]


def test_plans_cover_every_kind_in_a_few_hundred_seeds() -> None:
    chosen: Counter[str] = Counter()
    for seed in range(200):
        for fault in plan_of(seed, ALL, ["risk"], START_NS, START_NS + 120 * SECOND_NS):
            assert START_NS <= fault.at_ns < START_NS + 120 * SECOND_NS
            chosen["kill" if isinstance(fault, ProcessFault) else str(fault.kind)] += 1
    assert set(chosen) == set(ALL)


def test_a_plan_is_data_that_can_be_written_down() -> None:
    scenario = scenario_of(12, 3.0)
    assert scenario.plan
    assert msgspec.json.decode(msgspec.json.encode(scenario), type=Scenario) == scenario


def test_faults_are_named_one_by_one_or_by_family() -> None:
    assert kinds_of("all") == ALL
    assert kinds_of("hang, kill,hang") == ("hang", "kill")
    assert set(kinds_of("feed,kill")) == {*FAMILIES["feed"], "kill"}
    with pytest.raises(ConfigError, match=r"'haang' is unknown; did you mean hang\?"):
        kinds_of("haang")
    with pytest.raises(
        ConfigError, match="'' is unknown; give all, or some of actors, feed"
    ) as told:
        kinds_of("hang,")
    assert len(str(told.value)) < 160
