"""By the numbers of its source each fact is kept once, in order and without a hole."""

from __future__ import annotations

from decimal import Decimal

import pytest
from journal_story import Opener, filled, mark, numbered, run_started, story, trade

from genesis.domain.state import TradingState
from genesis.messages.journal import AccountOpened, AppendFacts


def test_facts_told_again_are_kept_once(opened: Opener) -> None:
    items = numbered(story())
    first = opened()
    first.append(items[:10])
    assert [e.seq for e in first.append(items[5:12] + items[5:12])] == [11, 12]
    first.close()
    again = opened()
    assert again.append(items[:12]) == []
    assert len(again.append(items)) == len(items) - 12
    assert len(list(again.entries())) == len(items)


def test_facts_handed_over_together_are_kept_from_the_first_that_is_new(opened: Opener) -> None:
    facts = tuple(message.facts[0] for message in numbered(story()))
    kept = opened()
    assert len(kept.append([AppendFacts("executor", 1, 1, facts[:10], 0)])) == 10
    again = [
        AppendFacts("executor", 1, 6, facts[5:12], 5),
        AppendFacts("executor", 1, 8, facts[7:], 5),
    ]
    assert [entry.seq for entry in kept.append(again)] == list(range(11, len(facts) + 1))
    assert kept.append(again) == []


def test_sources_and_their_incarnations_number_for_themselves(opened: Opener) -> None:
    kept = opened()
    marks = [mark("500")]
    for source, epoch in (("risk", 1), ("risk", 2), ("executor", 1)):
        assert len(kept.append(numbered(marks, source, epoch))) == 1
        assert kept.append(numbered(marks, source, epoch)) == []


def test_a_number_that_came_early_is_a_bug_and_hides_none_of_those_before_it(
    opened: Opener,
) -> None:
    items = numbered([mark("1"), mark("2"), mark("3"), mark("4")])
    kept = opened()
    kept.append(items[:1])
    with pytest.raises(ValueError, match="executor handed over fact 3, the one before is missing"):
        kept.append([items[2], items[1]])
    assert [entry.seq for entry in kept.append(items)] == [2, 3, 4]


def test_what_had_happened_already_leaves_no_hole_behind_it(opened: Opener) -> None:
    first = opened()
    first.append(numbered([run_started(1), AccountOpened("USDT", Decimal(500))], "daemon"))
    first.append(numbered(trade(1, trade_id=5)))
    told_again = numbered([mark("499"), filled("g1-ema-0-1", 5)], epoch=2)
    assert len(first.append(told_again)) == 1
    first.close()
    again = opened()
    assert len(again.append(numbered([mark("498")], epoch=2, first=3))) == 1
    assert again.append(told_again) == []


def test_runs_are_counted_and_number_their_facts_anew(opened: Opener) -> None:
    kept = opened()
    early = numbered([mark("1")])
    assert len(kept.append(early)) == 1  # before any run: run 0
    start = numbered([run_started(kept.next_run())], "daemon")
    assert len(kept.append(start)) == 1
    assert (kept.run, kept.next_run()) == (1, 2)
    assert kept.append(start) == []
    assert len(kept.append(early)) == 1
    kept.append(numbered([run_started(2), mark("2")], "daemon"))
    kept.close()
    again = opened()
    assert again.run == 2
    assert len(again.append(early)) == 1
    with pytest.raises(ValueError, match="run 4 cannot follow run 2"):
        again.append(numbered([run_started(4)], "daemon", first=9))


def test_a_run_begins_with_what_is_handed_over_first(opened: Opener) -> None:
    kept = opened()
    late = tuple(message.facts[0] for message in numbered([mark("1"), run_started(1)]))
    with pytest.raises(ValueError, match="run 1 began behind other facts"):
        kept.append([AppendFacts("daemon", 1, 1, late, 0)])
    assert (kept.head_seq, kept.run, kept.state) == (0, 0, TradingState())
