"""Feature extractors, and computations on the features of any kind of sample."""
