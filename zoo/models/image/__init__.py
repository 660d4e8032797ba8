"""Models that map latents to images."""
