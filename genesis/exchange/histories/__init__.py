"""What a backtest trades: files of bars, trades or raw frames, decoded once. Trades nothing."""
