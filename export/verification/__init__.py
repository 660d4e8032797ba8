"""Runs every exported file in a fresh process and compares it with Keras."""
