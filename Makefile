# make demo: watch it work. make test: everything that must hold. Both set themselves up; they need Python 3.11 or newer.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test lint types layers pytest test-hard mutants bench lock clean

demo: $(VENV)/demo.ready
	@$(BIN)/signoff demo $(ARGS)

test: lint types layers pytest

lint: $(VENV)/test.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/test.ready
	$(BIN)/mypy

layers: $(VENV)/test.ready
	$(BIN)/lint-imports --no-cache

pytest: $(VENV)/test.ready
	$(BIN)/python -m pytest $(ARGS)

# What takes too long for every change; prints its seeds.
test-hard: $(VENV)/test.ready
	SIGNOFF_HARD=1 $(BIN)/python -m pytest -m "slow or not slow" $(ARGS)

# Small changes to the code, one at a time, that the tests must notice; hours for all, or make mutants ARGS=session.
mutants: $(VENV)/mutants.ready
	@$(BIN)/python -m tests.hard.mutation $(ARGS)

# Every question measured, beside peers; about two hours on a quiet machine, or make bench ARGS=--quick.
bench: $(VENV)/bench.ready
	@$(BIN)/python benchmarks/everything.py $(ARGS)

# The locked dependencies, with hashes and without the address of any registry.
LOCK := uv pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 \
        --no-header --no-annotate --no-emit-index-url
lock:
	$(LOCK) pyproject.toml requirements-build.in -o requirements.lock
	$(LOCK) --group dev pyproject.toml requirements-build.in -o requirements-dev.lock

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "signoff needs Python 3.11 or newer; '$(PYTHON)' is older. Say: make PYTHON=/path/to/python3.11 demo"; exit 1; }
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/demo.ready: requirements.lock pyproject.toml | $(VENV)/bin/python
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/test.ready: requirements-dev.lock $(VENV)/demo.ready
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/mutants.ready: tests/hard/mutation/requirements.txt $(VENV)/test.ready
	@$(BIN)/pip install --quiet --disable-pip-version-check -r tests/hard/mutation/requirements.txt
	@touch $@

$(VENV)/bench.ready: benchmarks/requirements.txt $(VENV)/test.ready
	@$(BIN)/pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt
	@touch $@

clean:
	rm -rf $(VENV) .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
