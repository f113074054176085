"""What peers do of the work of ``benchmarks.backtest``, where no script for it lay beside the data.

Each script runs in that peer's own virtual environment, imports nothing of GENESIS and prints one
JSON line in the form of the others; ``benchmarks.__main__`` runs them where the peers are
installed. No test depends on them.
"""
