"""The tables of the database. ``migrations/`` makes them; nothing else creates or alters any."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite keeps a row under its own 64-bit key only when the column is called INTEGER.
Key = BigInteger().with_variant(Integer, "sqlite")
Money = Text
"""Decimals as text: no exponent, no trailing zeros. A database's NUMERIC may round; text cannot."""

journal = Table(
    "journal",
    metadata,
    Column("seq", Key, primary_key=True, autoincrement=False),
    Column("run", BigInteger, nullable=False),
    Column("time_ns", BigInteger, nullable=False),
    Column("source", String(64), nullable=False),
    Column("source_epoch", BigInteger, nullable=False),
    Column("source_seq", BigInteger, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("payload", Text, nullable=False),
    Column("prev_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("run", "source", "source_epoch", "source_seq"),
)
"""Append-only: triggers refuse UPDATE and DELETE. Hash chain: ``genesis.storage.chain``."""

meta = Table(
    "meta",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("head_seq", BigInteger, nullable=False),
    Column("head_hash", String(64), nullable=False),
    Column("writer_epoch", BigInteger, nullable=False),
    Column("format", String(32), nullable=False),
)
"""One row, id 1. ``writer_epoch`` is the lease: only the journal opened last may append."""

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("seq", Key, primary_key=True, autoincrement=False),
    Column("state", LargeBinary, nullable=False),
    Column("digest", String(64), nullable=False),
)
"""The folded state as of ``seq``: a cache of the replay, never a source."""

orders = Table(
    "orders",
    metadata,
    Column("client_order_id", String(64), primary_key=True),
    Column("strategy", String(64), nullable=False),
    Column("symbol", String(32), nullable=False),
    Column("side", String(8), nullable=False),
    Column("type", String(16), nullable=False),
    Column("time_in_force", String(8), nullable=False),
    Column("quantity", Money, nullable=False),
    Column("price", Money, nullable=True),
    Column("status", String(20), nullable=False),
    Column("filled_quantity", Money, nullable=False),
    Column("venue_order_id", BigInteger, nullable=False),
    Column("intended_ns", BigInteger, nullable=False),
    Column("updated_ns", BigInteger, nullable=False),
    Column("updated_seq", BigInteger, nullable=False),
    Column("trace_id", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("status_reason", Text, nullable=False),
)
"""``reason``: why the strategy wanted it; ``status_reason``: why its status moved last."""

fills = Table(
    "fills",
    metadata,
    Column("symbol", String(32), primary_key=True),
    Column("trade_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False, unique=True),
    Column("time_ns", BigInteger, nullable=False),
    Column("client_order_id", String(64), nullable=False, index=True),
    Column("strategy", String(64), nullable=False),
    Column("side", String(8), nullable=False),
    Column("price", Money, nullable=False),
    Column("quantity", Money, nullable=False),
    Column("fee", Money, nullable=False),
    Column("fee_asset", String(16), nullable=False),
    Column("maker", Boolean, nullable=False),
    Column("venue_ns", BigInteger, nullable=False),
    Column("trace_id", BigInteger, nullable=False),
)
"""One row per (symbol, trade id): a fill told twice is kept once."""

positions = Table(
    "positions",
    metadata,
    Column("symbol", String(32), primary_key=True),
    Column("quantity", Money, nullable=False),
    Column("cost", Money, nullable=False),
    Column("last_price", Money, nullable=False),
    Column("updated_seq", BigInteger, nullable=False),
)
"""``quantity`` is net base after base fees, ``cost`` in quote the FIFO cost of what is held."""

balances = Table(
    "balances",
    metadata,
    Column("asset", String(16), primary_key=True),
    Column("total", Money, nullable=False),
    Column("updated_seq", BigInteger, nullable=False),
)
"""What the venue should show, free and locked together."""

equity = Table(
    "equity",
    metadata,
    Column("seq", Key, primary_key=True, autoincrement=False),
    Column("time_ns", BigInteger, nullable=False),
    Column("equity", Money, nullable=False),
    Column("cash", Money, nullable=False),
    Column("inventory", Money, nullable=False),
    Column("fees", Money, nullable=False),
    Column("peak_equity", Money, nullable=False),
    Column("day_start_equity", Money, nullable=False),
    Column("day", BigInteger, nullable=False),
)

halts = Table(
    "halts",
    metadata,
    Column("seq", Key, primary_key=True, autoincrement=False),
    Column("time_ns", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("source", String(64), nullable=False),
    Column("proven_ns", BigInteger, nullable=True),
    Column("canceled", BigInteger, nullable=True),
    Column("resumed_ns", BigInteger, nullable=True),
    Column("resume_reason", Text, nullable=True),
)
"""One row per halt that was asked for, with its proof and its end."""

PROJECTIONS = (orders, fills, positions, balances, equity, halts)
"""Derived from the journal in the same transaction; the journal can rebuild every one."""
