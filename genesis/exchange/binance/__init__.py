"""Binance spot: its wire formats and how they become the vocabulary."""
