"""What a run is told from outside and in which order: written while it trades, read to replay."""
