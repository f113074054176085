"""The I/O edge: venues, recordings, the paper venue. Nothing pure lives here."""
