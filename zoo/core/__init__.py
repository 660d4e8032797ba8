"""Foundations of every other package: validation, random numbers, image scaling, caches and atomic files."""
