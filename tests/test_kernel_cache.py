"""Compiled kernels are kept where a changed source never meets an old binary."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

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
