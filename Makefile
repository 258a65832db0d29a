# Everything sets itself up: a machine with Python 3.11 or newer and pip is enough; with node and npm there are Allure
# pages too. PYTHON=… chooses another interpreter, ARGS=… is passed on (make demo ARGS="--fault …").

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo test explore lint types bench prove allure wheel clean

PYTHON ?=
ARGS ?=
# One more than the two cores that the tests are meant for: some of them wait.
JOBS ?= 3

# The tests and the proof start many processes: where Python is told to keep no bytecode, each compiles everything anew.
export PYTHONDONTWRITEBYTECODE :=

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
ALLURE := .ci/allure
ALLURE_READY := $(ALLURE)/node_modules/ready
NPM_CI := npm ci --no-audit --no-fund --fetch-retries=1 --fetch-timeout=30000

help:
	@echo 'make demo     the model payer, every suite against it, and the report'
	@echo 'make test     the tests of the harness itself'
	@echo 'make lint     ruff: rules and form;  make types: mypy;  make bench: times;  make prove: the kill matrix'
	@echo 'make explore  the properties held to examples that nobody tried yet'
	@echo 'make allure   installs the pinned Allure;  make wheel: dist/*.whl;  make clean'

# The environment, made once and again whenever pyproject.toml changes. pip knows dependency groups from 25.1 on.
$(READY): pyproject.toml
	@set -e; \
	python=''; \
	for each in $(if $(PYTHON),"$(PYTHON)",python3 python python3.14 python3.13 python3.12 python3.11); do \
	  if "$$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then python="$$each"; break; fi; \
	done; \
	if [ -z "$$python" ]; then echo 'make: needs Python 3.11 or newer (make PYTHON=/path/to/python …)' >&2; exit 1; fi; \
	echo "make: setting up $(VENV) with $$("$$python" --version)"; \
	$(BIN)/python -c '' 2>/dev/null || "$$python" -m venv --clear $(VENV) || { echo 'make: this Python cannot make an environment (Debian: apt install python3-venv)' >&2; exit 1; }; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev; \
	touch $(READY)

# Allure pages are a view beside the report: without npm, or where it fails, the demo goes on without them.
$(ALLURE_READY): $(ALLURE)/package-lock.json | $(READY)
	@if ! command -v npm >/dev/null 2>&1; then \
	  echo 'make: no npm here, so there will be no Allure pages'; \
	elif (cd $(ALLURE) && $(NPM_CI)) >$(VENV)/npm.log 2>&1; then \
	  touch $@; \
	else \
	  echo 'make: npm could not install Allure (see $(VENV)/npm.log), so there will be no Allure pages'; \
	fi

demo: $(READY) $(ALLURE_READY)
	@$(BIN)/conformance demo $(ARGS)

test: $(READY)
	@$(BIN)/python -m pytest -q -n $(JOBS) --dist loadscope --no-loadscope-reorder $(ARGS) tests

explore: $(READY)
	@$(BIN)/python -m pytest -q -n $(JOBS) -m hypothesis --hypothesis-profile explore $(ARGS) tests

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(READY)
	@$(BIN)/mypy

bench: $(READY)
	@$(BIN)/python tests/bench/bench.py $(ARGS)
	@$(BIN)/python tests/bench/follow_up.py
	@$(BIN)/python tests/bench/records.py
	@$(BIN)/python tests/bench/bulk_export.py
	@$(BIN)/python tests/bench/formulary.py

prove: $(READY)
	@$(BIN)/conformance prove $(ARGS)

allure:
	@command -v npm >/dev/null 2>&1 || { echo 'make: Allure needs node and npm' >&2; exit 1; }
	cd $(ALLURE) && $(NPM_CI)
	@touch $(ALLURE_READY)

wheel: $(READY)
	@rm -rf dist
	@$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .
	@ls dist

clean:
	rm -rf $(VENV) dist build conformance-report conformance-sandbox .mypy_cache .ruff_cache .pytest_cache .hypothesis
	rm -rf $(ALLURE)/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
