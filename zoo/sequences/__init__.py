"""Token sequences: tokenization, vocabularies, sampling, likelihoods and sequence models."""
