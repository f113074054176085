"""Compiled kernels are kept where a changed source never meets an old binary."""

from __future__ import annotations

import ast
import importlib.util
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import genesis
from genesis import kernel_cache
from genesis.__main__ import main


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(kernel_cache.VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_the_folder_is_the_users_and_named_by_the_sources(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = kernel_cache.use()
    assert before.is_dir()
    assert before.is_relative_to(tmp_path)
    assert os.environ[kernel_cache.VARIABLE] == str(before)
    monkeypatch.delenv(kernel_cache.VARIABLE)
    monkeypatch.setattr(kernel_cache, "SOURCES", ("messages/market.py",))
    assert kernel_cache.use() != before


def test_all_that_kernels_take_in_is_among_the_sources() -> None:
    package = Path(genesis.__file__).parent
    sources = {path for pattern in kernel_cache.SOURCES for path in package.glob(pattern)}
    kernels = list(package.glob("**/*kernels.py"))
    taken_in = {path for kernel in kernels for path in _imported(kernel)}
    assert package / "messages" / "row_kind.py" in taken_in
    assert taken_in - sources == set()


def _imported(source: Path) -> Iterator[Path]:
    """The modules of GENESIS that a module takes names from, or takes whole."""
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("genesis."):
            for alias in node.names:
                whole = importlib.util.find_spec(node.module)
                below = whole and whole.submodule_search_locations and f"{node.module}.{alias.name}"
                spec = importlib.util.find_spec(below) if below else whole
                assert spec is not None
                yield Path(str(spec.origin))


def test_the_command_line_uses_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.argv", ["genesis", "--version"])
    with pytest.raises(SystemExit):
        main()
    assert Path(os.environ[kernel_cache.VARIABLE]).is_relative_to(tmp_path)


def test_an_operators_choice_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(kernel_cache.VARIABLE, "/chosen")
    assert kernel_cache.use() == Path("/chosen")


def test_without_a_writable_cache_a_temporary_folder_serves(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "a file"
    in_the_way.touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(in_the_way))
    folder = kernel_cache.use()
    assert folder.is_relative_to(tempfile.gettempdir())
    assert os.access(folder, os.W_OK)
    folder.rmdir()
