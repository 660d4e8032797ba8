"""Adversarial losses, named after their papers."""
