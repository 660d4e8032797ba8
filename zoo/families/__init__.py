"""The base model and the families: everything that several models share."""
