"""The error tree. Three kinds are kept apart: bugs, operating faults, refusals.

A bug is any other exception: it crashes its actor and the supervisor deals with it.
A venue's refusal is data (``genesis.messages.orders.VenueRefused``), never an exception.
An operating fault is one of these, raised with one clear line for a person::

    GenesisError                exit code 4
    ├── ConfigError             a setting or option is wrong; exit code 2
    ├── InputError              a recording or file cannot be used
    │   └── BadFrame            one frame of a recording cannot be used; names file and line
    ├── StorageError            the journal cannot be read or written
    │   ├── DataFolderLocked    another instance holds the data folder
    │   ├── StorageFull         no room or no permission to write
    │   ├── WriterFenced        a newer incarnation writes the journal; this one must end
    │   └── JournalTampered     the chain or a projection does not verify; names the row
    └── RuntimeFault            the runtime itself cannot go on (start-up failed, actor abandoned)
"""

from __future__ import annotations


class GenesisError(Exception):
    """Base of all operating faults. ``str(error)`` is one line for a person."""

    exit_code = 4


class ConfigError(GenesisError):
    """A setting, option or command argument is wrong."""

    exit_code = 2


class InputError(GenesisError):
    """A file or recording given by the operator cannot be used."""


class BadFrame(InputError):
    """One market frame cannot be decoded.

    ``where`` is ``"file:line"`` for recordings, or the connection name when live.
    """

    ADVICE = "leave this line out, or take an intact recording"

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}; {self.ADVICE}")
        self.where = where
        self.what = what

    def __reduce__(self) -> tuple[type[BadFrame], tuple[str, str]]:
        """From a worker process as it was."""
        return type(self), (self.where, self.what)


class StorageError(GenesisError):
    """The journal cannot be read or written."""


class DataFolderLocked(StorageError):
    """Another instance holds the data folder."""


class StorageFull(StorageError):
    """There is no room left, or no permission, to write the journal."""


class WriterFenced(StorageError):
    """A newer incarnation of the writer has taken over; this one may write nothing."""


class JournalTampered(StorageError):
    """The journal's chain, or a projection, does not verify."""


class RuntimeFault(GenesisError):
    """The runtime itself cannot go on."""
