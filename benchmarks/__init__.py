"""What ``make bench`` measures; never imported by GENESIS.

Every ``<name>.py`` here runs by itself (``python -m benchmarks.<name>``) and prints one JSON object
a line, in the form of the peers' benchmarks: ``bench`` (what), ``n``, ``secs``, ``per_s`` and
``peak_rss_mb``, then whatever else says something.
"""

from genesis import kernel_cache

kernel_cache.use()
