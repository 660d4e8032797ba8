# `make demo` trains a first GAN, `make test` checks everything in a quarter of an hour, `make thorough` what takes longer
# as well. All make their own .venv.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: demo test thorough install clean

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: setup.cfg pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@

install: $(VENV)/installed

demo: install
	$(BIN)/ganzoo train gan_digits --out runs/demo --overwrite

test: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest -n 2 --dist worksteal

thorough: install
	$(BIN)/python -m pytest -n 2 --dist worksteal -m ''

clean:
	rm -rf $(VENV) build *.egg-info
