# Everything a clone needs: Python 3.11 or later, make, git. `make demo` and `make test` set themselves up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DOCS_READY := $(VENV)/.docs-ready
export UV_PYTHON_DOWNLOADS := never
# Kept as bytecode whatever the shell says: demo, tests and storms start processes by the hundred.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test storm bench docs lint format clean
help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/ —/'

# uv lives inside the virtual environment, so nothing is needed on the machine but Python itself.
# Compiled once here, or each of the demo's dozen processes would compile SQLAlchemy anew where Python may not cache.
$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.8"
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --editable '.[sql,cli]' --group dev
	touch $@

demo: $(READY)  ## a florist's mails and texts, through real servers, with workers killed on the way
	$(BIN)/python -m examples.spring_demo

# Two at a time, and a file by one of them: what a file prepares, such as the demo's story, is prepared once. The order
# is that of conftest.py, the longest files first.
test: $(READY)  ## the whole test suite, on two cores
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

storm: $(READY)  ## thousands of killed and frozen workers on both databases; writes docs/figures.md; some twenty-five minutes
	$(BIN)/python -m tests.storms --figures

# FIGURES="store import" measures only those; the others stay in docs/figures.json as they were.
bench: $(READY)  ## measure against the peers, in an environment of their own; writes docs/figures.md; some minutes
	$(BIN)/python -m tests.benchmarks $(FIGURES)

# The tools of the documentation are a group of their own, so that nobody who only runs the tests waits for them.
$(DOCS_READY): $(READY) pyproject.toml
	$(BIN)/uv pip install --quiet --python $(BIN)/python --group docs
	touch $@

docs: $(DOCS_READY)  ## the documentation as web pages, in docs/_build/html; a warning is an error
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html

lint: $(READY)  ## style, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)  ## mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## remove the virtual environment and caches
	rm -rf $(VENV) .bench .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist docs/_build
