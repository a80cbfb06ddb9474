# One tool a job, the same command here and in CI. Every target is safe to repeat.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/installed
TOOLS  := $(VENV)/tools
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo quick test test-fast oldest newest fuzz lint bench hostile tables models notebooks docs links dist \
        lock clean

demo: $(STAMP)           ## learn, switch, move to Brian2, compare: the main job, into demo/
	$(BIN)/tonicnet demo demo

quick: $(STAMP)          ## a first picture in half a minute: nothing learned, short runs
	$(BIN)/tonicnet demo --quick demo

test: $(TOOLS)           ## all tests
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-fast: $(TOOLS)      ## the tests that take less than ten seconds each
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

oldest newest: $(TOOLS)  ## all tests with the oldest or the newest versions that pyproject.toml allows, into benchmarks/results/versions.json
	PYTEST_ADDOPTS="-n 2 --dist loadfile" $(BIN)/python benchmarks/versions.py $@; ended=$$?; $(BIN)/python benchmarks/tables.py && exit $$ended

fuzz: $(TOOLS)           ## 10,000 damaged files, full disks, killed writers: benchmarks/results/fuzz.json (root, for a small disk)
	cd tests && PYTHONPATH=.. ../$(BIN)/python -m fuzz

lint: $(TOOLS)           ## format, style, types, and which room may import which
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(TOOLS)          ## every figure of the documents, measured on this machine, and the tables with them
	$(BIN)/python benchmarks/main_job.py
	$(BIN)/python benchmarks/six_lines.py
	$(BIN)/python benchmarks/engine.py
	$(BIN)/python benchmarks/learning.py
	$(BIN)/python benchmarks/bridge.py
	$(BIN)/python benchmarks/fidelity.py
	$(BIN)/python benchmarks/measures.py
	$(BIN)/python benchmarks/choose.py
	$(BIN)/python benchmarks/images.py
	$(BIN)/python benchmarks/tables.py

tables: $(TOOLS)         ## the tables of the documents and the pictures
	$(BIN)/python benchmarks/tables.py
	$(BIN)/python benchmarks/picture.py
	$(BIN)/python benchmarks/theory.py

models: $(TOOLS)         ## learn the shipped bank again, with its score table
	$(BIN)/python benchmarks/shelf.py

notebooks: $(TOOLS)      ## run the notebooks in full size and keep their outputs
	$(BIN)/python benchmarks/notebooks.py

docs: $(TOOLS)           ## the documentation, docs/_build/index.html; a warning is an error
	$(BIN)/python -m sphinx --builder html --fail-on-warning --keep-going --quiet docs docs/_build

links: $(TOOLS)          ## ask every address on the web that the documents name; needs the network
	$(BIN)/python -m sphinx --builder linkcheck --quiet docs docs/_build/links

dist: $(TOOLS)           ## wheel and sdist, into dist/
	$(BIN)/python -m hatchling build

lock: $(TOOLS)           ## hashes of what running needs, into requirements-hashes.txt, and tried; needs the network
	$(PIP) uv
	$(BIN)/python lock.py
	$(BIN)/python -m pip install --quiet --dry-run --ignore-installed --require-hashes --requirement requirements-hashes.txt

hostile: $(TOOLS)        ## 2,000 calls that nobody should make: what comes back, into benchmarks/results/hostile.json
	$(BIN)/python benchmarks/hostile.py

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "tonicnet needs Python 3.11 or newer; try make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(STAMP): pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable .
	touch $(STAMP)

$(TOOLS): pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[dev]'
	touch $(STAMP) $(TOOLS)

clean:                   ## remove what make has made
	rm -rf $(VENV) .venv-oldest .venv-newest demo dist docs/_build docs/notebooks docs/reference .pytest_cache .mypy_cache .ruff_cache .hypothesis
