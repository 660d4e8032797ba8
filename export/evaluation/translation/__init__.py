"""Evaluation of image translation."""
