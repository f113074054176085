"""Plan the trials of a sweep and tell what they came to. Starts no process; prints nothing."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol

import msgspec
from pydantic import BaseModel
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from genesis.backtest.reports.wording import moment, percent, ratio, signed
from genesis.backtest.run import Guard, unguarded
from genesis.backtest.sweeps.grid import Axes, Parameters
from genesis.backtest.sweeps.ranking import Ranked, Study, WalkForward
from genesis.backtest.sweeps.trials import (
    Trial,
    digest_of_code,
    digest_of_market,
    run_trial,
    trial_key,
)
from genesis.config import Settings
from genesis.errors import ConfigError
from genesis.exchange.binance.decode import Decoder
from genesis.exchange.source import Market

TOP = 10
IN, OUT, WHOLE = "in\nsample\n", "out of\nsample\n", "whole\nhistory\n"
"""What a column is of, above its name."""
CHOSEN_COLUMNS = 28
"""As many as leave room for the others on 80; settings beyond go on the next line."""


class Scenario(Protocol):
    """Where the history and the settings come from."""

    def settings(self, parameters: Mapping[str, str] | None = None) -> Settings:
        """Of one run. Raises ConfigError where they do not go together."""
        ...

    def open(self) -> tuple[Market, int | None]:
        """The history, and where it ends early (ns). A tape can be traded again and again."""
        ...


class Plan(NamedTuple):
    """``trials`` are parameters by key, each once; ``unusable`` how many combinations settings
    refuse, ``refusal`` why the first of them."""

    trials: dict[str, Parameters]
    unusable: int
    refusal: str


def plan_trials(
    scenario: Scenario, axes: Axes, wanted: Iterable[Parameters], market: Market, end_ns: int | None
) -> Plan:
    """Which trials there are. Raises ConfigError, naming the nearest, for a setting that does not
    exist, and when no combination can be used."""
    for name in axes:
        _require_known(scenario, name)
    data, code = digest_of_market(market, end_ns), digest_of_code()
    trials: dict[str, Parameters] = {}
    refusals = []
    for parameters in wanted:
        try:
            settings = scenario.settings(parameters)
        except ConfigError as error:
            refusals.append(str(error))
            continue
        trials.setdefault(trial_key(settings, data, code), parameters)
    if not trials:
        raise ConfigError(refusals[0])
    return Plan(trials, len(refusals), refusals[0] if refusals else "")


def _require_known(scenario: Scenario, name: str) -> None:
    node: object = scenario.settings()
    for part in name.split("."):
        if not isinstance(node, BaseModel) or part not in type(node).model_fields:
            scenario.settings({name: "0"})  # the settings say which is the nearest
            raise ConfigError(f"--set {name} is no setting")
        node = getattr(node, part)
    if isinstance(node, BaseModel):
        raise ConfigError(f"--set {name} is a section; name one of its settings")


def as_tape(market: Market, end_ns: int | None) -> Market:
    """A market of frames, decoded up to ``end_ns``: frames are used up by a single run."""
    frames = itertools.takewhile(
        lambda frame: end_ns is None or frame.received_ns < end_ns, market.frames
    )
    tape = Decoder(market.instruments).tape(frames)
    return msgspec.structs.replace(market, frames=iter(()), tape=tape)


class Worker:
    """What one process keeps between trials: the history, decoded once (of files: mapped)."""

    def __init__(self, scenario: Scenario, guard: Guard = unguarded) -> None:
        self._scenario = scenario
        self._guard = guard
        market, self._end_ns = scenario.open()
        self._market = market if market.tape is not None else as_tape(market, self._end_ns)

    def run(self, key: str, parameters: Parameters) -> Trial:
        settings = self._scenario.settings(parameters)
        return run_trial(key, parameters, settings, self._market, self._end_ns, self._guard)


def print_study(done: Study, console: Console, top: int = TOP) -> None:
    """The best trials, the walk-forward, and what to make of them."""
    console.print(Text(_title(done), style="bold"))
    _print_whole(_ranking(done, top), console)
    if len(done.ranked) > top:
        console.print(Text(f"and {len(done.ranked) - top} more", style="dim"))
    if done.walk_forward is not None:
        console.print()
        _print_whole(_folds(done.walk_forward), console)
        console.print(
            Text(
                "Following the best parameters so far, out of sample: return "
                f"{percent(done.walk_forward.total_return)}, Sharpe "
                f"{ratio(done.walk_forward.sharpe)}."
            )
        )
    console.print()
    console.print(Text(done.luck.sentence))


def _print_whole(table: Table, console: Console) -> None:
    """Nothing is cut off: where a terminal is too narrow, it is the one to wrap."""
    table.width = Measurement.get(console, console.options.update(max_width=10_000), table).maximum
    console.print(table, crop=False)


def _title(done: Study) -> str:
    if not done.samples_out:
        return f"Best of {len(done.ranked)} by Sharpe ratio"
    return (
        f"Best of {len(done.ranked)} by in-sample Sharpe ratio; the last {done.samples_out} of "
        f"{done.samples + done.samples_out} returns are out of sample"
    )


def _ranking(done: Study, top: int) -> Table:
    table = Table(box=None, collapse_padding=True, pad_edge=False)
    names = list(done.ranked[0].parameters)
    for name in _short_names(names):
        label = name.replace("_", "_\n").replace(".", ".\n")
        table.add_column(label, justify="right", header_style="dim")
    shown = [column for column in _COLUMNS if done.samples_out or column.of != OUT]
    for column in shown:
        label = column.of + column.name if done.samples_out else column.name
        table.add_column(label, justify="right", header_style="dim")
    for trial in done.ranked[:top]:
        cells = (column.cell(trial) for column in shown)
        table.add_row(*(trial.parameters[name] for name in names), *cells)
    return table


class _Column(NamedTuple):
    of: str
    name: str
    cell: Callable[[Ranked], str]


_COLUMNS = (
    _Column(IN, "Sharpe", lambda trial: ratio(trial.sharpe)),
    _Column(IN, "return", lambda trial: percent(trial.total_return)),
    _Column(OUT, "Sharpe", lambda trial: ratio(trial.sharpe_out)),
    _Column(OUT, "return", lambda trial: percent(trial.return_out)),
    _Column(WHOLE, "drawdown", lambda trial: percent(trial.max_drawdown)),
    _Column(WHOLE, "profit", lambda trial: signed(trial.pnl)),
    _Column(WHOLE, "trips", lambda trial: f"{trial.trips:,}"),
)


def _folds(walk: WalkForward) -> Table:
    table = Table(
        title="Walk-forward",
        title_justify="left",
        title_style="bold",
        box=None,
        collapse_padding=True,
        pad_edge=False,
    )
    table.add_column("held against", header_style="dim")
    table.add_column("chosen", header_style="dim", max_width=CHOSEN_COLUMNS, overflow="fold")
    for column in (f"{IN}Sharpe", f"{OUT}Sharpe", f"{OUT}return"):
        table.add_column(column, justify="right", header_style="dim")
    for fold in walk.folds:
        names = _short_names(list(fold.parameters))
        given = zip(names, fold.parameters.values(), strict=True)
        chosen = Text(" ").join(Text(f"{name}={value}") for name, value in given)
        results = (ratio(fold.sharpe), ratio(fold.sharpe_out), percent(fold.return_out))
        table.add_row(f"from {moment(fold.test_ns)}", chosen, *results)
    return table


def _short_names(names: list[str]) -> list[str]:
    """Without the section, where that leaves them different."""
    last = [name.split(".")[-1] for name in names]
    return last if len(set(last)) == len(last) else names
