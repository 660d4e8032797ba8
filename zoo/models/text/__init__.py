"""Models that generate sequences of tokens."""
