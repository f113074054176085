"""GENESIS: a crypto trading daemon made of supervised actors."""

__version__ = "0.1.0"

INTERRUPTED = 130
"""The exit code of a command that was interrupted, as a shell tells it: known before anything is
loaded that could be interrupted."""
