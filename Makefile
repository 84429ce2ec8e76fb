# Every target sets up what it needs by itself; see docs/decisions/ for how.
PYTHON ?= python3
VENV_PYTHON := .venv/bin/python
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test check bench docs lock clean

help: ## Show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-8s %s\n' "$$name" "$$text"; done

run: ## Set up, then start the demo hospital in the foreground
	@exec $(PYTHON) -B -m bootstrap run .venv/bin/hcrm demo

test: ## Set up, then run every test (ARGS="tests/unit -k word" for some)
	@exec $(PYTHON) -B -m bootstrap test $(VENV_PYTHON) -m tests.run $(ARGS)

check: ## Style, types and import rules
	@$(PYTHON) -B -m bootstrap check
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

bench: ## Benchmarks beside their baselines; writes bench/results.json
	@exec $(PYTHON) -B -m bootstrap test $(VENV_PYTHON) -m tests.bench $(ARGS)

docs: ## Write docs/reference/ from the code
	@$(PYTHON) -B -m bootstrap run
	$(VENV_PYTHON) -m server.reference docs/reference

lock: ## Choose newer libraries and write requirements/ anew (needs uv)
	@$(PYTHON) -B -m bootstrap.lock

clean: ## Remove what set-up made in this folder; the hospital's data (.hcrm) and the cache stay
	rm -rf .venv node_modules web/static/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
