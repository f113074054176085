"""The vocabulary: every message that crosses between actors, and nothing else."""
