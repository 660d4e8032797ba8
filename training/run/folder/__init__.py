"""The folder of a run: what may be written to it and removed from it, and by whom."""
