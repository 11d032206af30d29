# Every target does its own set-up; `make help` lists them.
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 3000
SAMPLE := datasets/articles/harbour-truce.txt
SAMPLE_TARGET := the harbour truce of Sarn between Tolgra and the Free Piers

export BENTOML_DO_NOT_TRACK := true
export MLFLOW_DISABLE_TELEMETRY := true
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup run serve test test-fast check format ui bench-training bento lock chromium clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/ready ## Make .venv with the pinned versions

$(VENV)/ready: requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "error: expected $(PYTHON) on PATH; install Python 3.11, or name it: make PYTHON=/path/to/python3.11"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --requirement requirements.lock
	$(BIN)/pip install --quiet --no-deps --editable .
	@touch $@

run: setup ## Train the quick recipe if there is no champion, analyse a sample article, serve
	@if $(BIN)/stance runs --limit 1000 --json | grep -q '"is_champion": true'; then $(BIN)/stance promote champion; else \
		echo "No champion yet: training the quick recipe (a few minutes)."; \
		$(BIN)/stance train quick && $(BIN)/stance promote last; fi
	@$(BIN)/stance analyze $(SAMPLE) --target "$(SAMPLE_TARGET)"
	@$(BIN)/stance serve --port $(PORT)

test: setup chromium ## Run all tests
	$(BIN)/pytest

test-fast: setup ## Run the tests that neither train, build, serve nor open a browser
	$(BIN)/pytest -m "not slow and not browser"

check: setup ## Lint, types, import order
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

ui: setup ## MLflow's page on the same store, http://127.0.0.1:5000
	$(BIN)/mlflow ui --backend-store-uri "$${MLFLOW_TRACKING_URI:-sqlite:///mlflow.db}" --host 127.0.0.1 --port 5000

bench-training: setup ## Rows a second of our training beside transformers' Trainer
	$(BIN)/python -P -m training.benchmark  # -P: transformers would take datasets/ for a package

bento: setup ## Pack the service with the promoted model as a Bento
	$(BIN)/bentoml build

lock: ## Write requirements.lock anew from pyproject.toml
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/pip install --quiet ".[dev]"
	$(VENV)-lock/bin/pip freeze --exclude stance | sed 's/+cpu$$//; /^nvidia-/d; /^triton==/d; /^cuda-/d' > requirements.lock
	rm -rf $(VENV)-lock

chromium: # The browser that tests drive; on Debian it is installed where it lacks
	@command -v chromium >/dev/null || { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; } || \
		echo "note: no chromium: browser tests will say so (Debian: apt-get install chromium)"

clean: ## Remove .venv and caches; runs and models stay
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info
