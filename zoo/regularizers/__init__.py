"""Penalties on the gradient of discriminators, for models of any family."""
