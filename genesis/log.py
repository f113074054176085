"""Send what is logged to a rotating JSON file and, calmly, to a terminal. Never lets a secret out.

Log with ``structlog.get_logger(__name__)``; what libraries log with ``logging`` goes the same way.
"""

from __future__ import annotations

import contextlib
import logging
import re
import sys
from collections.abc import Callable, Mapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from urllib.parse import quote

import structlog
from pydantic import BaseModel, SecretStr
from structlog.typing import EventDict, Processor, WrappedLogger

from genesis.config import Settings
from genesis.errors import StorageFull
from genesis.runs import news

HIDDEN = "***"
_SHORTEST_SECRET = 6  # a shorter one would blank out ordinary text
_SECRET_WORDS = (
    r"api[-_]?key|secret(?:[-_]?key)?|signature|token|password|passwd|passphrase"
    r"|authorization|listen[-_]?key|private[-_]?key"
)
_SECRET_KEY = re.compile(rf"(?:{_SECRET_WORDS})$", re.IGNORECASE)
# word, then = or : with or without quotes (a URL, a header, a repr, JSON), then the value
_SECRET_PAIR = re.compile(
    rf"((?:{_SECRET_WORDS})[\"']?\s*[=:]\s*[\"']?(?:Bearer\s+|Basic\s+)?)[^\s\"'&,;)}}\]]+",
    re.IGNORECASE,
)


def configure(data_dir: Path, settings: Settings, terminal: bool) -> Path:
    """Start logging to ``<data_dir>/logs/genesis.jsonl`` and return that path.

    ``terminal``: also to stderr in human form; False while the view owns the terminal.
    May be called again. Raises StorageFull when the file cannot be opened.
    """
    path = data_dir / "logs" / "genesis.jsonl"
    hide = _hide(_secrets(settings))
    handlers: list[logging.Handler] = [_file_handler(path, settings, hide)]
    if terminal:
        human = logging.StreamHandler(sys.stderr)
        human.setFormatter(_formatter(_last_line_only, hide, _sentence))
        human.addFilter(_concerns_the_operator)
        handlers.append(human)
    root = logging.getLogger()
    close()
    for handler in handlers:
        root.addHandler(handler)
        _installed.append(handler)
    root.setLevel(settings.log.level.upper())
    for chatty in ("numba", "alembic"):  # every bytecode; a few lines whenever a journal is opened
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return path


def close() -> None:
    """Stop what ``configure`` started."""
    while _installed:
        handler = _installed.pop()
        logging.getLogger().removeHandler(handler)
        with contextlib.suppress(OSError):  # what a full disk did not take is lost either way
            handler.close()


_installed: list[logging.Handler] = []
_SHARED: tuple[Processor, ...] = (
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


class _FileHandler(RotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:
        """A full disk is told by the journal; a traceback would tear the view."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def _concerns_the_operator(record: logging.LogRecord) -> bool:
    """Not every order: the status line counts them, and the file has it all."""
    return record.levelno >= logging.WARNING or not record.name.startswith(news.NAME)


def _file_handler(path: Path, settings: Settings, hide: Processor) -> logging.Handler:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = _FileHandler(
            path,
            maxBytes=settings.log.file_max_mb * 1_000_000,
            backupCount=settings.log.file_count - 1,
            encoding="utf-8",
        )
    except OSError as error:
        raise StorageFull(
            f"{path}: the log cannot be written there ({error.strerror}); "
            "free some room or choose another folder with --data-dir"
        ) from None
    render = structlog.processors.JSONRenderer(sort_keys=False)
    handler.setFormatter(_formatter(structlog.processors.format_exc_info, hide, render))
    return handler


def _formatter(exceptions: Processor, hide: Processor, render: Processor) -> logging.Formatter:
    """Hide after exceptions became text and before anything is rendered."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            exceptions,
            hide,
            render,
        ],
    )


def _last_line_only(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """On the terminal an exception is its last line; the file has the traceback."""
    event = structlog.processors.format_exc_info(logger, method, event)
    if text := event.pop("exception", ""):
        event["error"] = text.strip().rsplit("\n", 1)[-1]
    return event


def _sentence(_: WrappedLogger, __: str, event: EventDict) -> str:
    """``12:03:04 warning  what happened  key=value``."""
    clock = str(event.pop("timestamp"))[11:19]
    level, what = event.pop("level"), event.pop("event")
    event.pop("logger", None)
    rest = "".join(f"  {key}={_words(value)}" for key, value in event.items())
    line = f"{clock} {level:<7}  {what}{rest}"
    # Reasons come from outside, too: one line, and nothing that a terminal would obey.
    return "".join(c if c.isprintable() else " " if c.isspace() else "?" for c in line)


def _words(value: object) -> str:
    """Of several things one after the other, as a person would write them."""
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)


def _secrets(model: BaseModel) -> list[str]:
    """Every configured secret, plain and as a URL would carry it."""
    found: list[str] = []
    for _, value in model:
        if isinstance(value, BaseModel):
            found += _secrets(value)
        elif isinstance(value, SecretStr) and len(text := value.get_secret_value()) >= (
            _SHORTEST_SECRET
        ):
            found += [text, quote(text, safe="")]
    return found


def _hide(secrets: list[str]) -> Processor:
    known = re.compile("|".join(map(re.escape, secrets))) if secrets else None

    def text(value: str) -> str:
        value = known.sub(HIDDEN, value) if known else value
        return _SECRET_PAIR.sub(rf"\1{HIDDEN}", value)

    def processor(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        return {key: _clean(key, value, text) for key, value in event.items()}

    return processor


def _clean(key: object, value: object, text: Callable[[str], str]) -> object:
    """``value`` as JSON can hold it, without secrets; what is neither becomes its repr."""
    if isinstance(key, str) and _SECRET_KEY.search(key):
        return HIDDEN
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {text(str(inner)): _clean(inner, item, text) for inner, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(None, item, text) for item in value]
    return text(value if isinstance(value, str) else str(value))
