"""Read the frozen settings from TOML files and the environment. Never guesses, never defaults.

From lowest to highest: ``config/default.toml`` (complete, with every default's reason), the
operator's file, the environment (``GENESIS_SECTION__KEY``), the command line.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from genesis.errors import ConfigError
from genesis.plain_files import unbounded
from genesis.sections import (
    AccountSettings,
    CaptureSettings,
    ExecutorSettings,
    JournalSettings,
    LogSettings,
    MailboxSettings,
    MarketSettings,
    PaperSettings,
    RiskSettings,
    StrategiesSettings,
    SupervisionSettings,
    VenueSettings,
    ViewSettings,
)

ENV_PREFIX = "GENESIS_"
ENV_CONFIG = "GENESIS_CONFIG"
FILE_MAX_MB = 16
"""Every setting with its reason takes a thousandth of it."""


def _default_file() -> Path:
    """In a checkout beside the package, in an installed wheel inside it."""
    package = Path(__file__).parent
    checkout = package.parent / "config" / "default.toml"
    return checkout if checkout.is_file() else package / "default.toml"


Tree = dict[str, Any]


class Settings(BaseSettings):
    """Everything an operator may choose. Build with ``Settings.load``."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        enable_decoding=False,  # lists are written A,B and not as JSON
    )

    account: AccountSettings
    market: MarketSettings
    strategies: StrategiesSettings
    risk: RiskSettings
    paper: PaperSettings
    supervision: SupervisionSettings
    executor: ExecutorSettings
    journal: JournalSettings
    capture: CaptureSettings
    log: LogSettings
    mailbox: MailboxSettings
    view: ViewSettings
    venue: VenueSettings

    @model_validator(mode="after")
    def _a_waiting_write_is_no_hang(self) -> Self:
        if self.journal.busy_timeout_ms >= self.supervision.hang_after_ms:
            raise ValueError(
                f"journal.busy_timeout_ms ({self.journal.busy_timeout_ms}) must be smaller than "
                f"supervision.hang_after_ms ({self.supervision.hang_after_ms}), or a write that "
                "waits would be taken for a hang"
            )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # ``load`` merges the sources itself, so that it can tell which one a bad value came from.
        return (init_settings,)

    @classmethod
    def load(
        cls, path: Path | str | None = None, overrides: Mapping[str, object] | None = None
    ) -> Settings:
        """Read the defaults, ``path`` (else ``GENESIS_CONFIG``), the environment and ``overrides``.

        ``overrides`` maps dotted names ("market.seed") to values given on the command line.
        Raises ConfigError, one line: which setting, where, what was given, what is allowed.
        """
        chosen = path if path is not None else os.environ.get(ENV_CONFIG) or None
        sources = [("config/default.toml", _read(_default_file()))]
        if chosen is not None:
            sources.append((str(chosen), _read(Path(chosen))))
        _refuse_unknown_environment()
        sources.append(("environment", dict(EnvSettingsSource(cls)())))
        sources.append(("command line", _nest(overrides or {})))
        return cls._of(sources)

    def to_json(self) -> str:
        """For ``from_json``. Secrets are not in it."""
        return self.model_dump_json(exclude={"venue"})

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """Settings as they were, whatever the environment says now.

        What has come since has its default. Raises ConfigError for what is known no more.
        """
        default = ("config/default.toml", _read(_default_file()))
        return cls._of([default, ("the captured settings", json.loads(text))])

    @classmethod
    def _of(cls, sources: list[tuple[str, Tree]]) -> Settings:
        """What the sources, each with its name for a person, come to: a later one counts more."""
        merged: Tree = {}
        for origin, tree in sources:
            _refuse_unknown(origin, tree)
            merged = _overlay(merged, tree)
        try:
            return cls(**merged)
        except ValidationError as error:
            raise ConfigError(_explain(error, sources)) from None

    def digest(self) -> str:
        """SHA-256 (hex) of the canonical form. Secrets are not in it."""
        return hashlib.sha256(self.canonical(exclude={"venue"}).encode()).hexdigest()

    def canonical(self, exclude: set[str]) -> str:
        """JSON that is the same for equal settings, without the sections to ``exclude``."""
        tree = self.model_dump(mode="python", exclude=exclude)
        return json.dumps(tree, sort_keys=True, default=_canonical)


def _canonical(value: object) -> str:
    """0.05 and 0.050 are the same setting."""
    return format(value.normalize(), "f") if isinstance(value, Decimal) else str(value)


def _read(path: Path) -> Tree:
    try:
        if why := unbounded(path, FILE_MAX_MB):
            raise ConfigError(f"{path}: {why}")
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not a UTF-8 text file") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not valid TOML: {error}") from None


def _nest(flat: Mapping[str, object]) -> Tree:
    tree: Tree = {}
    for name, value in flat.items():
        *sections, key = name.split(".")
        node = tree
        for section in sections:
            node = node.setdefault(section, {})
        node[key] = value
    return tree


def _overlay(below: Tree, above: Tree) -> Tree:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = (
            _overlay(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
        )
    return merged


def _names(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[str]:
    """Every known dotted name, sections included."""
    for name, field in model.model_fields.items():
        yield prefix + name
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _names(field.annotation, f"{prefix}{name}.")


def _leaves(tree: Tree, prefix: str = "") -> Iterator[str]:
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key


def _refuse_unknown(origin: str, tree: Tree) -> None:
    known = list(_names())
    for name in _leaves(tree):
        if name not in known:
            raise ConfigError(f"{origin}: unknown setting {name}; {_nearest(name, known)}")


def _refuse_unknown_environment() -> None:
    names = [ENV_CONFIG, *(_variable(name) for name in _names() if "." in name)]
    known = [name.removeprefix(ENV_PREFIX) for name in names]
    for variable in sorted(os.environ):
        # What all of them begin with makes none of them alike.
        prefix, given = variable[: len(ENV_PREFIX)].upper(), variable[len(ENV_PREFIX) :].upper()
        if prefix == ENV_PREFIX and given not in known:
            hint = _nearest(given, known, "__", ENV_PREFIX)
            raise ConfigError(f"environment: unknown setting {variable}; {hint}")


def _variable(name: str) -> str:
    return ENV_PREFIX + name.replace(".", "__").upper()


def _nearest(name: str, known: list[str], apart: str = ".", prefix: str = "") -> str:
    """The known name with the same last part (its section may be missing), else the most alike."""
    last = name.rpartition(apart)[2]
    close = [other for other in known if other.rpartition(apart)[2] == last]
    if len(close) != 1:
        close = difflib.get_close_matches(name, close or known, n=1)
    return f"did you mean {prefix}{close[0]}?" if close else "config/default.toml lists all of them"


def _explain(error: ValidationError, sources: list[tuple[str, Tree]]) -> str:
    """The first thing wrong, in one line."""
    first = error.errors(include_url=False)[0]
    name = ".".join(part for part in first["loc"] if isinstance(part, str))
    if not name:  # settings of two sections do not go together
        return f"the settings cannot be used: {first['msg'].removeprefix('Value error, ')}"
    origin, given = next(
        ((where, value) for where, tree in reversed(sources) for value in _find(tree, name)),
        ("config/default.toml", None),
    )
    setting = _variable(name) if origin == "environment" else name
    said = first["msg"].removeprefix("Value error, ").replace("Input should", "it should")
    said = said.replace("valid dictionary or instance of", "table of")
    if first["type"] == "too_short":
        said = "name at least one"
    elif first["type"] == "literal_error":
        said += _meant(str(first["input"]), said)
    if isinstance(given, dict):  # two settings of a section do not go together
        return f"{origin}: [{name}] cannot be used: {said}"
    shown = "***" if name.startswith("venue.") else repr(_plain(given))[:80]
    return f"{origin}: {setting} = {shown} cannot be used; {said}"


def _meant(given: str, said: str) -> str:
    close = difflib.get_close_matches(given, re.findall("'([^']+)'", said), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _plain(value: object) -> object:
    """As the operator wrote it, not as Python holds it."""
    return float(value) if isinstance(value, Decimal) else value


def _find(tree: Tree, name: str) -> Iterator[object]:
    node: Any = tree
    for part in name.split("."):
        if not isinstance(node, dict) or part not in node:
            return
        node = node[part]
    yield node
