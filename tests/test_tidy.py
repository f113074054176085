"""The house rules a linter does not know: sizes, first sentences, and what may touch the world."""

from __future__ import annotations

import ast
import functools
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILE_LINES, FUNCTION_LINES, COLUMNS = 350, 60, 100

# Where the wall clock, threads and randomness come from, and where the outside world begins.
EDGE = ("runtime", "exchange", "storage", "capture", "tui", "control", "commands")
EDGE_FILES = ("daemon.py", "session.py", "cli.py", "log.py", "__main__.py")

WORLDLY_MODULES = {
    "time": "the wall clock",
    "uuid": "randomness",
    "secrets": "randomness",
    "threading": "threads",
    "concurrent": "threads",
    "multiprocessing": "processes",
    "asyncio": "an event loop",
}
SEEDED = {"Random", "Generator", "default_rng", "SeedSequence", "PCG64"}
WALL_CLOCK = {"now", "utcnow", "today"}

Finding = tuple[int, str]
Rule = Callable[[ast.Module, str], Iterator[Finding]]


def dotted(node: ast.expr) -> str:
    """``a.b.c`` of a name or attribute chain, else the part that is known."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Subscript):
        return dotted(node.value)
    return "?"


def opens_with_a_sentence(tree: ast.Module, source: str) -> Iterator[Finding]:
    first = (ast.get_docstring(tree, clean=False) or "").split("\n", 1)[0]
    if not re.search(r"\w\S*\.(\s|$)", first):
        yield 1, "the module does not open with one sentence"


def is_of_readable_size(tree: ast.Module, source: str) -> Iterator[Finding]:
    lines = source.splitlines()
    if len(lines) > FILE_LINES:
        yield len(lines), f"the file has {len(lines)} lines, more than {FILE_LINES}"
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS:
            yield number, f"{len(line)} columns, more than {COLUMNS}"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = (node.end_lineno or node.lineno) - node.lineno + 1
            if size > FUNCTION_LINES:
                yield node.lineno, f"{node.name} has {size} lines, more than {FUNCTION_LINES}"


def takes_time_and_chance_from_the_runtime(tree: ast.Module, source: str) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            imported = [node.module or ""]
            if node.module in ("random", "numpy.random"):
                for alias in node.names:
                    if alias.name not in SEEDED:
                        yield node.lineno, f"randomness: {node.module}.{alias.name}"
        else:
            imported = []
        for name in imported:
            if what := WORLDLY_MODULES.get(name.split(".")[0]):
                yield node.lineno, f"{what}: import {name}"
        if isinstance(node, ast.Attribute):
            yield from _reaches_out(node)
        if isinstance(node, ast.Call):
            yield from _unseeded(node)


def _reaches_out(node: ast.Attribute) -> Iterator[Finding]:
    owner = dotted(node.value)
    if owner.split(".")[-1] in ("datetime", "date") and node.attr in WALL_CLOCK:
        yield node.lineno, f"the wall clock: {owner}.{node.attr}"
    if owner in ("random", "np.random", "numpy.random") and node.attr not in SEEDED:
        yield node.lineno, f"randomness: {owner}.{node.attr}"
    if owner == "os" and node.attr == "urandom":
        yield node.lineno, "randomness: os.urandom"


def _unseeded(node: ast.Call) -> Iterator[Finding]:
    name = dotted(node.func)
    seeded_elsewhere = node.args or node.keywords
    if name.split(".")[-1] in ("Random", "default_rng", "SeedSequence") and not seeded_elsewhere:
        yield node.lineno, f"randomness: {name}() without a seed"


def never_waits_for_an_actor(tree: ast.Module, source: str) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and dotted(node.func).endswith(".ask"):
            yield node.lineno, "blocks on another actor: ask"


def mints_no_approval(tree: ast.Module, source: str) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] == "Approved":
            yield node.lineno, "constructs Approved, which only genesis/actors/risk.py may"
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if alias.name == "Approved" and alias.asname:
                    yield node.lineno, "hides Approved behind another name"


def names_what_it_catches(tree: ast.Module, source: str) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and not _raises_again(node):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            for kind in caught:
                name = dotted(kind).split(".")[-1] if kind else "everything"
                if name in ("everything", "Exception", "BaseException"):
                    yield node.lineno, f"catches {name}: a bug must crash its actor"


def _raises_again(handler: ast.ExceptHandler) -> bool:
    """Cleaning up and letting it go on is no catching."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def carries_no_dict(tree: ast.Module, source: str) -> Iterator[Finding]:
    messages = {"Message", "Control", "Event"}
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    for _ in classes:  # as often as the longest chain of bases can be
        messages |= {
            node.name
            for node in classes
            if messages & {dotted(base).split(".")[-1] for base in node.bases}
        }
    for node in classes:
        if node.name in messages:
            for field in node.body:
                if isinstance(field, ast.AnnAssign) and "ClassVar" not in ast.unparse(
                    field.annotation
                ):
                    named = {dotted(part).split(".")[-1] for part in _parts(field.annotation)}
                    if named & {"dict", "Dict", "Mapping", "MutableMapping"}:
                        yield field.lineno, f"{node.name} has a field that may be a dict"


def _parts(annotation: ast.expr) -> Iterator[ast.expr]:
    for node in ast.walk(annotation):
        if isinstance(node, ast.Name | ast.Attribute):
            yield node


def never_sleeps(tree: ast.Module, source: str) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and dotted(node) == "time.sleep":
            yield node.lineno, "sleeps"
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from ((node.lineno, "sleeps") for alias in node.names if alias.name == "sleep")


def in_genesis(path: Path) -> bool:
    return path.parts[0] == "genesis"


def behind_the_edge(path: Path) -> bool:
    at_the_edge = path.parts[1] in EDGE or (len(path.parts) == 2 and path.name in EDGE_FILES)
    return in_genesis(path) and not at_the_edge


RULES: list[tuple[Rule, Callable[[Path], bool]]] = [
    (opens_with_a_sentence, lambda path: True),
    (is_of_readable_size, lambda path: True),
    (takes_time_and_chance_from_the_runtime, behind_the_edge),
    (never_waits_for_an_actor, behind_the_edge),
    (mints_no_approval, lambda path: in_genesis(path) and path != Path("genesis/actors/risk.py")),
    (names_what_it_catches, in_genesis),
    (carries_no_dict, in_genesis),
    (never_sleeps, lambda path: path.parts[0] == "tests"),
]


def python_files() -> list[Path]:
    return sorted(
        path.relative_to(ROOT)
        for top in ("genesis", "tests", "benchmarks", "migrations")
        for path in (ROOT / top).rglob("*.py")
    )


@functools.cache
def parsed(path: Path) -> tuple[ast.Module, str]:
    source = (ROOT / path).read_text(encoding="utf-8")
    return ast.parse(source), source


@pytest.mark.parametrize(("rule", "applies"), RULES, ids=[rule.__name__ for rule, _ in RULES])
def test_every_file(rule: Rule, applies: Callable[[Path], bool]) -> None:
    found = []
    for path in filter(applies, python_files()):
        found += [f"{path}:{line}: {what}" for line, what in rule(*parsed(path))]
    assert not found, "\n" + "\n".join(found)


BROKEN: list[tuple[Rule, str]] = [
    (opens_with_a_sentence, "import ast"),
    (opens_with_a_sentence, '"""no sentence"""'),
    (opens_with_a_sentence, '"""\nLate.\n"""'),
    (is_of_readable_size, "\n" * (FILE_LINES + 1)),
    (is_of_readable_size, "x" * (COLUMNS + 1)),
    (is_of_readable_size, "def f():\n" + "    1\n" * FUNCTION_LINES),
    (takes_time_and_chance_from_the_runtime, "import time"),
    (takes_time_and_chance_from_the_runtime, "from time import monotonic"),
    (takes_time_and_chance_from_the_runtime, "from concurrent.futures import Future"),
    (takes_time_and_chance_from_the_runtime, "import threading as t"),
    (takes_time_and_chance_from_the_runtime, "import asyncio"),
    (takes_time_and_chance_from_the_runtime, "from uuid import uuid4"),
    (takes_time_and_chance_from_the_runtime, "datetime.now(UTC)"),
    (takes_time_and_chance_from_the_runtime, "datetime.datetime.utcnow()"),
    (takes_time_and_chance_from_the_runtime, "clock = datetime.now"),
    (takes_time_and_chance_from_the_runtime, "random.choice(x)"),
    (takes_time_and_chance_from_the_runtime, "from random import random"),
    (takes_time_and_chance_from_the_runtime, "random.Random()"),
    (takes_time_and_chance_from_the_runtime, "np.random.normal()"),
    (takes_time_and_chance_from_the_runtime, "np.random.default_rng()"),
    (takes_time_and_chance_from_the_runtime, "os.urandom(4)"),
    (never_waits_for_an_actor, "address.ask(Ping()).get()"),
    (never_waits_for_an_actor, "self.peers[0].ask(Ping())"),
    (never_waits_for_an_actor, "start().ask(Ping())"),
    (mints_no_approval, "Approved(order=order)"),
    (mints_no_approval, "orders.Approved[PlaceOrder](order=order)"),
    (mints_no_approval, "from genesis.messages.orders import Approved as A"),
    (names_what_it_catches, "try: f()\nexcept: pass"),
    (names_what_it_catches, "try: f()\nexcept Exception: pass"),
    (names_what_it_catches, "try: f()\nexcept Exception as e: raise Other() from e"),
    (names_what_it_catches, "try: f()\nexcept (ValueError, BaseException) as e: pass"),
    (carries_no_dict, "class A(Message, frozen=True):\n    x: dict[str, int]"),
    (carries_no_dict, "class A(base.Control):\n    x: tuple[Mapping[str, int], ...]"),
    (carries_no_dict, "class B(A):\n    x: dict | None\nclass A(Event): ..."),
    (never_sleeps, "import time\ntime.sleep(1)"),
    (never_sleeps, "from time import sleep"),
]

SOUND: list[tuple[Rule, str]] = [
    (opens_with_a_sentence, '"""Fold fills into positions. No clock, no I/O."""'),
    (opens_with_a_sentence, '"""Fold fills into positions.\n\nMore of it.\n"""'),
    (opens_with_a_sentence, '"""Fold fills. Never a clock, never\na rounding."""'),
    (is_of_readable_size, "def f():\n" + "    1\n" * (FUNCTION_LINES - 1)),
    (takes_time_and_chance_from_the_runtime, "def f(r: random.Random, g: np.random.Generator): 1"),
    (takes_time_and_chance_from_the_runtime, "import random\nrandom.Random(seed)"),
    (takes_time_and_chance_from_the_runtime, "rng.normal()\nself.now_ns()\ntime_ns"),
    (takes_time_and_chance_from_the_runtime, "datetime.fromtimestamp(0, UTC)"),
    (never_waits_for_an_actor, "touch.ask - touch.bid"),
    (mints_no_approval, "def receive(message: Approved[PlaceOrder]): 1"),
    (names_what_it_catches, "try: f()\nexcept (ValueError, OSError): pass"),
    (names_what_it_catches, "try: f()\nexcept BaseException:\n    clean()\n    raise"),
    (carries_no_dict, "class A(Message):\n    k: ClassVar[dict[str, int]]\n    x: int"),
    (carries_no_dict, "class A(Struct):\n    x: dict[str, int]"),
    (never_sleeps, "pilot.pause()"),
]


@pytest.mark.parametrize(("rule", "source"), BROKEN)
def test_the_rule_catches(rule: Rule, source: str) -> None:
    assert list(rule(ast.parse(source), source))


@pytest.mark.parametrize(("rule", "source"), SOUND)
def test_the_rule_lets_pass(rule: Rule, source: str) -> None:
    assert not list(rule(ast.parse(source), source))


def test_the_edge_is_where_it_is_thought_to_be() -> None:
    assert behind_the_edge(Path("genesis/actors/risk.py"))
    assert behind_the_edge(Path("genesis/config.py"))
    assert behind_the_edge(Path("genesis/domain/log.py"))
    assert not behind_the_edge(Path("genesis/runtime/clock.py"))
    assert not behind_the_edge(Path("genesis/log.py"))
    assert not behind_the_edge(Path("benchmarks/book.py"))


def test_every_room_stands_in_the_import_contracts() -> None:
    """A new room must be placed: what it may import, and who may import it."""
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    pure = next(c for c in linter["contracts"] if c["id"] == "pure")
    placed = {"genesis.messages", "genesis.errors"}  # what the pure rooms may import
    placed |= set(pure["source_modules"]) | set(pure["forbidden_modules"])
    rooms = {
        f"genesis.{path.stem}"
        for path in (ROOT / "genesis").iterdir()
        if (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").is_file()
    }
    assert rooms - placed == set()
