# Two commands on a fresh machine: `make demo` and `make test`. Each brings what it needs.
PYTHON ?= python3.11
ifeq (, $(shell command -v $(PYTHON)))
PYTHON := python3
endif
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# One worker per core; a file's tests stay together, because they share what they build.
WORKERS := -n auto --dist loadfile --no-loadscope-reorder
export DAGSTER_DISABLE_TELEMETRY := 1
export DO_NOT_TRACK := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test slow ui bench lint format lock clean

help: ## Show what can be done
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

setup: $(READY) ## Install exactly what the lock files name into .venv

# The lock files are complete, so pip need not resolve anything: --no-deps is both faster
# and stricter. hatchling is one of the locked packages, so the project itself is linked
# without a build environment.
$(READY): requirements-dev.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pip check
	touch $(READY)

demo: $(READY) ## Make up a messy CRM of 20,000 people and run the whole pipeline on it
	$(BIN)/tidycrm demo

ui: $(READY) ## Open the Dagster UI on the demo
	$(BIN)/tidycrm ui --config demo/tidycrm.yml --home demo/data

test: $(READY) ## Run the tests
	$(BIN)/python -m pytest $(WORKERS)

slow: $(READY) ## Run the long tests: real files, changes, kills, screens
	$(BIN)/python -m pytest -m slow $(WORKERS)

lint: $(READY) ## Format, lint, types, import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd dbt_project && ../$(BIN)/sqlfluff lint models/marts --processes 2 --disable-progress-bar

format: $(READY) ## Repair what the formatter can repair
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY) ## Measure the pipeline at 100,000 and 1,000,000 contacts (long)
	$(BIN)/python -m benchmarks.pipeline --people 55000 --people 550000

lock: $(READY) ## Resolve the dependencies anew
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-header --quiet -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-header --quiet -o requirements-dev.lock
	$(BIN)/uv pip compile pyproject.toml --group dev --group extras --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-header --quiet -o requirements-extras.lock

clean: ## Remove the environment and the demo
	rm -rf $(VENV) demo
