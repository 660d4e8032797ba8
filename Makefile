# demo: train a first GAN. test: lint and test, about a quarter of an hour. thorough: slow tests as well.
# mutants: whether tests notice changed formulas, about an hour. generate: update generated tables and pages.
# All create their own .venv.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: demo test thorough mutants generate install clean

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

mutants: install
	$(BIN)/python tests/mutation

generate: install
	$(BIN)/python benchmarks/generate_pages.py
	$(BIN)/python docs/generate_images.py
	$(BIN)/python docs/generate_model_table.py
	$(BIN)/python docs/generate_stubs.py

clean:
	rm -rf $(VENV) build *.egg-info
