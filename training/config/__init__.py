"""Recipes: schema, validation, optimizers and the catalog of the shipped ones."""
