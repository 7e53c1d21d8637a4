# Fyren. `make up` starts it, `make test` tests it; both set up whatever is missing.

UV := $(shell command -v uv 2>/dev/null || echo $(CURDIR)/.tools/bin/uv)
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' && echo $$p && break; done)
RUN := $(UV) run --frozen --no-sync
export RASA_TELEMETRY_ENABLED = false

.DEFAULT_GOAL := help
.PHONY: help up analyst chat nlu setup setup-analyst setup-dev setup-nlu setup-packages model test lint fmt messages clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | \
	while IFS="$$(printf '\t')" read -r name text; do printf '  %-14s %s\n' "$$name" "$$text"; done

up: setup ## Start the assistant at http://127.0.0.1:8080; Ctrl-C stops it
	@.venv/bin/fyren up

analyst: setup-analyst ## Start the analyst's place at http://localhost:8090 with made-up releases; Ctrl-C stops it
	@.venv/bin/fyren analyst-demo

chat: setup ## Hold a conversation in the terminal
	@$(RUN) fyren chat

nlu: setup setup-nlu model ## Start the understanding service alone
	@$(RUN) fyren nlu serve

setup: .venv/.synced ## Install the main environment from its lock file

.venv/.synced: pyproject.toml uv.lock | $(UV)
	@test -n "$(PYTHON)" || { echo "Fyren needs Python 3.11 or newer; install python3 and try again."; exit 1; }
	@$(UV) sync --frozen --quiet --no-dev --inexact --python $(PYTHON)
	@touch $@

setup-analyst: .venv/.synced-analyst ## Install what the analyst's place needs as well

.venv/.synced-analyst: pyproject.toml uv.lock | $(UV)
	@test -n "$(PYTHON)" || { echo "Fyren needs Python 3.11 or newer; install python3 and try again."; exit 1; }
	@$(UV) sync --frozen --quiet --no-dev --inexact --extra analyst --python $(PYTHON)
	@touch .venv/.synced $@

setup-dev: .venv/.synced-dev ## Install what tests and lint need as well: every extra and dependency group

.venv/.synced-dev: pyproject.toml uv.lock | $(UV)
	@test -n "$(PYTHON)" || { echo "Fyren needs Python 3.11 or newer; install python3 and try again."; exit 1; }
	@$(UV) sync --frozen --quiet --all-groups --all-extras --python $(PYTHON)
	@touch .venv/.synced $@

setup-nlu: $(UV) ## Install the understanding service's environment (Python 3.10)
	@cd nlu && $(UV) sync --frozen --quiet

$(CURDIR)/.tools/bin/uv:
	@test -n "$(PYTHON)" || { echo "Fyren needs Python 3.11 or newer; install python3 and try again."; exit 1; }
	@echo "Getting uv into .tools/ …"
	@$(PYTHON) -m venv .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check uv

model: setup-nlu ## Train the understanding model if its data has changed
	@cd nlu && .venv/bin/python train.py

setup-packages: ## Install the Debian packages that the tests need
	@sh tests/install-debian-packages.sh

test: setup-dev setup-nlu setup-packages model ## Run every test
	@$(RUN) pytest -n auto

lint: setup-dev setup-nlu ## Check format, lint, types, imports, dependencies, flows, translations and training data
	@$(RUN) ruff format --check .
	@$(RUN) ruff check .
	@$(RUN) mypy
	@$(RUN) lint-imports
	@$(RUN) deptry .
	@$(RUN) fyren flows check
	@$(RUN) fyren translations check
	@cd nlu && .venv/bin/python check_data.py

fmt: setup-dev ## Format the code and fix what can be fixed without thinking
	@$(RUN) ruff format .
	@$(RUN) ruff check --fix .

messages: setup ## Bring the template and all catalogues up to date with the content
	@$(RUN) fyren translations update

clean: ## Delete environments, caches and the trained model; keeps var/
	rm -rf .venv .tools nlu/.venv nlu/models .mypy_cache .ruff_cache .pytest_cache .hypothesis
