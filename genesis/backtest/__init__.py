"""Whole runs in virtual time: the production actors, faster than the clock."""
