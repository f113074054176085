"""What every run has: how it begins in its journal, what is told of it, and what it came to."""
