"""Whole sessions under seeded faults, held against what the venue, the tape and the disk say."""
