"""Text files, and how texts are filtered and split into tokens."""
