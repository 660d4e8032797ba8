"""A run: its directory, training, checkpoints, pretraining, warm starts and distribution."""
