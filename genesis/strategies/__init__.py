"""Trading ideas as plain objects: what they see goes in, intents come out. No clock, no I/O."""
