"""Rewrites generators for inference: the same function in fewer or faster operations."""
