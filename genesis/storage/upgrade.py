"""Bring a database to this program's tables with Alembic. Never touches a newer database."""

from __future__ import annotations

import functools
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

import genesis
from genesis.errors import StorageError
from genesis.storage.engine import journal_at_rest


def upgrade(path: Path | str) -> str:
    """Migrate the journal of a data folder to the newest tables; the revision it has then.

    Raises ``DataFolderLocked`` while a daemon runs on it, ``StorageError`` for a newer database,
    and where there is none.
    """
    with journal_at_rest(path) as (engine, journal):
        migrate(engine, journal)
    return head_revision()


def revision_of(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@functools.cache
def head_revision() -> str:
    """The revision this program works with."""
    head = _scripts().get_current_head()
    if head is None:
        raise StorageError(f"there are no migrations in {_scripts_folder()}; install GENESIS anew")
    return head


def migrate(engine: Engine, path: Path) -> None:
    """Run what is pending, all in one transaction; nothing where nothing is."""
    with engine.begin() as connection:
        revision = revision_of(connection)
        if revision == head_revision():
            return
        require_known(revision, path)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def require_known(revision: str | None, path: Path) -> None:
    """Raises ``StorageError`` when the tables were made by a newer program."""
    known = {script.revision for script in _scripts().walk_revisions()}
    if revision is not None and revision not in known:
        raise StorageError(
            f"{path} was written by a newer GENESIS (tables {revision}, this one knows "
            f"{head_revision()}); upgrade GENESIS or choose another --data-dir"
        )


@functools.cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_scripts_folder()).replace("%", "%%"))
    return config


def _scripts_folder() -> Path:
    """``migrations/`` beside the package in a checkout, inside it once installed."""
    package = Path(genesis.__file__).parent
    for folder in (package.parent / "migrations", package / "migrations"):
        if (folder / "env.py").is_file():
            return folder
    raise StorageError(f"the migrations of {package} are missing; install GENESIS anew")
