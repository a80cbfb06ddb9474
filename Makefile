# One tool a job, the same command here and in CI. Every target is safe to repeat.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/installed

.PHONY: demo test test-fast fuzz lint bench tables models notebooks docs links dist clean

demo: $(STAMP)           ## learn, switch, move to Brian2, compare: the main job, into demo/
	$(BIN)/tonicnet demo demo

test: $(STAMP)           ## all tests
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-fast: $(STAMP)      ## the tests that take less than ten seconds each
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

fuzz: $(STAMP)           ## 10,000 damaged files, full disks, killed writers: benchmarks/results/fuzz.json (root, for a small disk)
	cd tests && PYTHONPATH=.. ../$(BIN)/python -m fuzz

lint: $(STAMP)           ## format, style, types, and which room may import which
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP)          ## every figure of the documents, measured on this machine, and the tables with them
	$(BIN)/python benchmarks/main_job.py
	$(BIN)/python benchmarks/engine.py
	$(BIN)/python benchmarks/learning.py
	$(BIN)/python benchmarks/bridge.py
	$(BIN)/python benchmarks/fidelity.py
	$(BIN)/python benchmarks/measures.py
	$(BIN)/python benchmarks/choose.py
	$(BIN)/python benchmarks/tables.py

tables: $(STAMP)         ## the tables of the documents and the pictures
	$(BIN)/python benchmarks/tables.py
	$(BIN)/python benchmarks/picture.py
	$(BIN)/python benchmarks/theory.py

models: $(STAMP)         ## learn the shipped bank again, with its score table
	$(BIN)/python benchmarks/shelf.py

notebooks: $(STAMP)      ## run the notebooks in full size and keep their outputs
	$(BIN)/python benchmarks/notebooks.py

docs: $(STAMP)           ## the documentation, docs/_build/index.html; a warning is an error
	$(BIN)/python -m sphinx --builder html --fail-on-warning --keep-going --quiet docs docs/_build

links: $(STAMP)          ## ask every address on the web that the documents name; needs the network
	$(BIN)/python -m sphinx --builder linkcheck --quiet docs docs/_build/links

dist: $(STAMP)           ## wheel and sdist, into dist/
	$(BIN)/python -m hatchling build

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "tonicnet needs Python 3.11 or newer; try make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $(STAMP)

clean:                   ## remove what make has made
	rm -rf $(VENV) demo dist docs/_build docs/notebooks docs/reference .pytest_cache .mypy_cache .ruff_cache .hypothesis
