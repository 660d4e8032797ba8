"""Models that generate images of a class or of a caption."""
