"""The input pipeline: from arrays, sources and datasets to the flat batches of a training step."""
