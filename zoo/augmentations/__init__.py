"""Augmentations of what discriminators see, for models of any family with images."""
