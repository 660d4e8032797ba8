"""The models: one folder per family, one file per model. `ganzoo list` lists exactly these files."""
