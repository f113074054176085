"""The actors: thin shells that receive, call pure code, and tell."""
