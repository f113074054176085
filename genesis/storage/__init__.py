"""What is kept for ever: the data folder, the journal in it, and its proofs."""
