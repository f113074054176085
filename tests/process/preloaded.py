"""What the server of ``daemon_process`` imports once, before it forks. Starts no thread."""

from __future__ import annotations

import genesis.cli
import genesis.exchange.check
import genesis.log
import genesis.runs.status
import genesis.session
import genesis.storage.tail
import genesis.storage.verify  # noqa: F401
from genesis.domain import book
from genesis.simulator import tape

book.warm_up()
tape.warm_up()
