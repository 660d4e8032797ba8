"""Rewards of text GANs that are trained by policy gradients."""
