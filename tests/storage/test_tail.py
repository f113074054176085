"""One calm line per entry."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from journal_story import mark, numbered, story

from genesis.errors import StorageError
from genesis.messages.journal import DeadLettered
from genesis.storage.folder import JOURNAL_NAME, DataFolder
from genesis.storage.journal import Journal
from genesis.storage.past import Past
from genesis.storage.tail import tail
from genesis.storage.upgrade import upgrade
from genesis.storage.verify import prove, verify
from genesis.storage.words import describe


@pytest.fixture
def told(folder: DataFolder) -> Journal:
    journal = Journal.open(folder)
    journal.append(numbered(story()))
    return journal


def test_a_fill_reads_like_a_sentence(folder: DataFolder, told: Journal) -> None:
    lines = list(tail(folder.path, 100))
    assert lines[11] == (
        "2024-08-08 12:00:00.011  #12     executor     OrderFilled    "
        "SELL 0.0005 BTCUSDT at 61685.99 fee 0.06168599 USDT taker g1-ema-0-2 FILLED"
    )
    assert lines[20].endswith("Halted         by risk: drawdown 15 %")
    told.close()


def test_only_the_newest_are_shown(folder: DataFolder, told: Journal) -> None:
    last = len(story())
    lines = list(tail(folder.path, 3))
    assert [line.split()[2] for line in lines] == [f"#{n}" for n in (last - 2, last - 1, last)]
    assert list(tail(folder.path, 0)) == []
    told.close()


def test_following_shows_what_comes_later(folder: DataFolder, told: Journal) -> None:
    news = iter([[], [mark("1")], [mark("2"), mark("3")]])

    def wait() -> None:
        told.append(numbered(next(news), "risk", first=told.head_seq))

    lines = tail(folder.path, 1, follow=True, wait=wait)
    shown = [next(lines) for _ in range(4)]
    assert "RunEnded" in shown[0]
    for number, said in enumerate(shown[1:], 1):
        assert f" equity {number} " in said
    told.close()


READERS: list[Callable[[Path], object]] = [lambda path: list(tail(path, 3)), Past, verify, prove]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    ("statement", "more"),
    [("", "$"), ("CREATE TABLE mine (a)", r", but another program's tables \(mine\); ")],
)
def test_a_file_that_holds_no_journal_is_told_alike_by_everyone(
    tmp_path: Path, read: Callable[[Path], object], statement: str, more: str
) -> None:
    file = tmp_path / JOURNAL_NAME
    file.touch()
    if statement:
        with contextlib.closing(sqlite3.connect(file)) as connection:
            connection.execute(statement)
    with pytest.raises(StorageError, match=rf"journal\.db: there is no journal in it{more}"):
        read(tmp_path)


@pytest.mark.parametrize("event", story(), ids=lambda event: type(event).__name__)
def test_every_event_says_something(event: object) -> None:
    assert describe(event)  # type: ignore[arg-type]


def test_foreign_text_cannot_steer_the_terminal() -> None:
    said = describe(DeadLettered("risk", 1, "two\nlines", "\x1b[31mred ünïcode"))
    assert said == "risk (incarnation 1) two lines: ?[31mred ünïcode"


def test_no_journal_is_said_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StorageError, match=f"^{tmp_path}/{JOURNAL_NAME}: there is no journal here"):
        list(tail(".", 5))
    with pytest.raises(StorageError, match=f"^{tmp_path}: there is no journal here"):
        upgrade(".")
