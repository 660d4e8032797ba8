"""Decoding, listing, caching and rendering of images, shared by the image sources."""
