"""What is logged: its two forms, what libraries say, and that no secret gets out."""

from __future__ import annotations

import json
import logging
from decimal import Decimal
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import pytest
import structlog

from genesis import log
from genesis.config import Settings
from genesis.errors import StorageFull

KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j+/="


@pytest.fixture
def settings() -> Settings:
    return Settings.load(overrides={"venue.api_key": KEY, "venue.api_secret": SECRET})


pytestmark = pytest.mark.usefixtures("logging_as_it_was")


def written(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_one_json_object_a_line_in_the_file(tmp_path: Path, settings: Settings) -> None:
    path = log.configure(tmp_path, settings, terminal=False)
    structlog.get_logger("genesis.risk").info("order refused", symbol="BTCUSDT", by=Decimal("0.1"))
    (line,) = written(path)
    assert path == tmp_path / "logs" / "genesis.jsonl"
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "order refused",
        "level": "info",
        "logger": "genesis.risk",
        "symbol": "BTCUSDT",
        "by": "0.1",
    }


def test_a_calm_line_on_the_terminal_and_the_traceback_in_the_file(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    path = log.configure(tmp_path, settings, terminal=True)
    try:
        raise ValueError("a gap of 3")
    except ValueError:
        structlog.get_logger("genesis.book").exception("book dropped", symbol="ETHUSDT")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err[8:] == " error    book dropped  symbol=ETHUSDT  error=ValueError: a gap of 3\n"
    assert "Traceback" in written(path)[0]["exception"]


def test_several_things_are_words_on_the_terminal_and_a_list_in_the_file(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    path = log.configure(tmp_path, settings, terminal=True)
    told = ("g1-ema-1: it is EXPIRED there", "g1-ema-2: it is unknown there")
    structlog.get_logger("genesis.trading").warning("they differ", differences=told, seq=7)
    (line,) = capsys.readouterr().err.splitlines()
    assert line[9:] == f"warning  they differ  differences={told[0]}; {told[1]}  seq=7"
    assert written(path)[0]["differences"] == list(told)


def test_nothing_on_the_terminal_while_the_view_has_it(
    tmp_path: Path, settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    log.configure(tmp_path, settings, terminal=False)
    structlog.get_logger("genesis").error("halted")
    logging.getLogger("pykka").error("an actor died")
    assert capfd.readouterr() == ("", "")


def test_what_libraries_log_goes_the_same_way(tmp_path: Path, settings: Settings) -> None:
    path = log.configure(tmp_path, settings, terminal=False)
    logging.getLogger("pykka").info("Registered %s %s", "a", "b")
    logging.getLogger("pykka").debug("below the level")
    (line,) = written(path)
    assert (line["logger"], line["level"]) == ("pykka", "info")
    assert line["event"] == "Registered a b"


def test_what_a_library_says_of_its_own_work_is_left_out(
    tmp_path: Path, settings: Settings
) -> None:
    path = log.configure(tmp_path, settings, terminal=False)
    logging.getLogger("alembic.runtime.migration").info("Will assume non-transactional DDL.")
    logging.getLogger("alembic.runtime.migration").warning("something is odd")
    (line,) = written(path)
    assert line["event"] == "something is odd"


@pytest.mark.parametrize(
    "fields",
    [
        {"api_key": "abc123"},
        {"request": {"headers": {"X-MBX-APIKEY": "abc123"}}},
        {"sent": [{"password": "abc123"}, ("x", {"listenKey": "abc123"})]},
        {"url": "https://venue/api/v3/order?symbol=X&signature=abc123&timestamp=1"},
        {"text": "headers {'Authorization': 'Bearer abc123', 'a': 1}"},
        {"text": 'body {"apiKey": "abc123"}'},
        {"text": f"the key {KEY} was refused"},
        {"text": f"?secret_in_url={SECRET.replace('+', '%2B').replace('/', '%2F')[:-1]}%3D"},
        {"nested": {KEY: 1}},
        {"object": ValueError(f"refused {SECRET}")},
    ],
)
def test_secrets_are_hidden_wherever_they_stand(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str], fields: dict[str, Any]
) -> None:
    path = log.configure(tmp_path, settings, terminal=True)
    structlog.get_logger("genesis").info("asked", **fields)
    logging.getLogger("urllib").info("asked %s", fields)
    for text in (path.read_text(), capsys.readouterr().err):
        assert text.count("asked") == 2
        assert log.HIDDEN in text
        for hidden in ("abc123", KEY, SECRET, SECRET[:40]):
            assert hidden not in text


def test_secrets_are_hidden_in_exceptions(
    tmp_path: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    path = log.configure(tmp_path, settings, terminal=True)
    for logger in (structlog.get_logger("genesis"), logging.getLogger("pykka")):
        try:
            raise ConnectionError(f"GET /order?signature=abc123 with {SECRET}")
        except ConnectionError:
            logger.exception("no answer")
    for text in (path.read_text(), capsys.readouterr().err):
        assert text.count("ConnectionError: GET /order?signature=***") == 2
        assert "abc123" not in text
        assert SECRET not in text


def test_ordinary_words_are_left_alone(tmp_path: Path, settings: Settings) -> None:
    path = log.configure(tmp_path, settings, terminal=False)
    structlog.get_logger("genesis").info("no secret was given", tokens_left=12, signature_count=3)
    (line,) = written(path)
    assert line["event"] == "no secret was given"
    assert (line["tokens_left"], line["signature_count"]) == (12, 3)


def test_files_rotate_and_only_so_many_are_kept(tmp_path: Path) -> None:
    settings = Settings.load(overrides={"log.file_max_mb": 1, "log.file_count": 2})
    path = log.configure(tmp_path, settings, terminal=False)
    for _ in range(6):
        structlog.get_logger("genesis").info("x" * 600_000)
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "genesis.jsonl",
        "genesis.jsonl.1",
    ]


def test_a_folder_that_cannot_be_written(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")
    with pytest.raises(StorageFull, match=r"genesis\.jsonl: the log cannot be written there"):
        log.configure(tmp_path, settings, terminal=False)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_fills_up_later_does_not_tear_the_view(
    tmp_path: Path, settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    path = log.configure(tmp_path, settings, terminal=False)
    (handler,) = [h for h in logging.getLogger().handlers if isinstance(h, RotatingFileHandler)]
    handler.stream.close()
    handler.stream = open("/dev/full", "a", encoding="utf-8")  # noqa: SIM115
    structlog.get_logger("genesis").info("unwritable")
    log.close()
    assert capfd.readouterr() == ("", "")
    assert path.read_text() == ""
