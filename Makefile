# Two commands for a newcomer: `make demo` and `make test`. All targets make the environment they need.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
DEMO   ?=

.DEFAULT_GOAL := help
.PHONY: help demo test check format openapi test-browser test-producers engines test-engines test-newest bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.base ## start on SQLite with a living example estate at 127.0.0.1:5000
	@$(BIN)/headwater demo $(DEMO)

test: $(VENV)/.test ## everything that needs only pip
	@$(BIN)/python -m pytest -n auto --dist loadgroup -m "not browser and not helm and not producers and not engines and not slow" $(ARGS)

check: $(VENV)/.dev ## format, lint, types, import contracts, house rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python tests/tidy.py

format: $(VENV)/.dev ## let ruff write what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

openapi: $(VENV)/.test ## write docs/openapi.json anew
	@PYTHONPATH=. $(BIN)/python tests/openapi.py

test-browser: $(VENV)/.browser ## pages in headless Chromium over the demo
	@bash tests/browser/chromium.sh
	@$(BIN)/python -m pytest -m browser $(ARGS)

test-producers: $(VENV)/.test ## a real Airflow, Spark and dbt; wants Java 17 and mvn, and keeps 1.1 GB in the user's cache
	@$(BIN)/python tests/producers/kits.py
	@nice $(BIN)/python -m pytest -m producers $(ARGS)

engines: $(VENV)/.test ## fetch or build Neo4j, Kafka, Prometheus and an S3 server, once, into the user's cache; wants Java 17, mvn and go
	@for engine in neo4j_server kafka_broker s3_server prometheus_server; do PYTHONPATH=. $(BIN)/python tests/engines/$$engine.py || exit 1; done

test-engines: engines ## over real servers of each
	@$(BIN)/python -m pytest -m engines $(ARGS)

test-newest: $(VENV)/.test ## what a store promises, over the newest Neo4j; wants Java 21 or newer
	@NEO4J_VERSION=2026.08.1 $(BIN)/python -m pytest -m "engines and not slow" -k neo4j $(ARGS)

bench: $(VENV)/.test ## print ingest, lineage, size and SLO figures
	@$(BIN)/python bench/ingest.py
	@$(BIN)/python bench/lineage.py
	@$(BIN)/python bench/answers.py
	@$(BIN)/python bench/slos.py
	@$(BIN)/python bench/instrument.py

clean: ## forget the environment and all caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# One stamp per set of extras, so that a target installs only what it needs, once.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "headwater: Python 3.11 or newer is needed; on Debian 12: apt-get install python3 python3-venv make git"; exit 2; }
	@$(PYTHON) -m venv $(VENV) \
	  || { rm -rf $(VENV); echo "headwater: this Python cannot make environments; run: apt-get install python3-venv"; exit 2; }

$(VENV)/.base: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing Headwater into $(VENV) …"
	@$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing Headwater and its test tools into $(VENV) …"
	@$(PIP) install -c constraints.txt -e '.[test]'
	@touch $@ $(VENV)/.base

$(VENV)/.dev: $(VENV)/.test
	@$(PIP) install -c constraints.txt -e '.[test,dev]'
	@touch $@

$(VENV)/.browser: $(VENV)/.test
	@$(PIP) install -c constraints.txt -e '.[test,browser]'
	@touch $@
