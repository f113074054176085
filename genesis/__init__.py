"""GENESIS: a crypto trading daemon made of supervised actors."""

__version__ = "0.1.0"
