"""The terminal view: one more subscriber of the publisher; it never calls into an actor."""
