"""A captured session run again, and where it first differs. Writes nothing."""
