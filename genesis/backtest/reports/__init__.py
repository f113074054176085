"""What a run came to: exact money, float statistics, and how both are told. Trades nothing."""
