"""One file per kind of data source, with one function `load_<kind>`."""
