"""Where actors live: mailboxes, addresses, clocks, timers, supervision. Knows no trading."""
