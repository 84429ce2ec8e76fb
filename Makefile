# Every target sets up what it needs by itself; see docs/decisions/ for how.
PYTHON ?= python3
VENV_PYTHON := .venv/bin/python
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test check shots day sbom bench docs lock clean

help: ## Show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-8s %s\n' "$$name" "$$text"; done

run: ## Set up, then start the demo hospital in the foreground
	@exec $(PYTHON) -B -m bootstrap run .venv/bin/hcrm demo

test: ## Set up, then run every test (ARGS="tests/unit -k word" for some)
	@exec $(PYTHON) -B -m bootstrap test $(VENV_PYTHON) -m tests.run $(ARGS)

check: ## Style, types, import rules; libraries known to be unsafe
	@$(PYTHON) -B -m bootstrap check
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports
	@$(PYTHON) -B -m bootstrap.sbom build/sbom.cdx.json
	@$(PYTHON) -B -m bootstrap.audit

sbom: ## Write build/sbom.cdx.json: all libraries hcrm is made of (CycloneDX)
	@$(PYTHON) -B -m bootstrap.sbom build/sbom.cdx.json

bench: ## Benchmarks beside their baselines; writes bench/results.json
	@exec $(PYTHON) -B -m bootstrap test $(VENV_PYTHON) -m tests.bench $(ARGS)

shots: ## Every page of every role as a picture (both languages, three widths, light and dark) into build/shots/
	@exec $(PYTHON) -B -m bootstrap test $(VENV_PYTHON) -m tests.shots

day: ## An agent's whole day played by keyboard alone: keys and seconds of each call, booking, text and task
	@exec $(PYTHON) -B -m bootstrap test $(VENV_PYTHON) -m tests.day

docs: ## Write docs/reference/ from the code
	@$(PYTHON) -B -m bootstrap run
	$(VENV_PYTHON) -m server.reference docs/reference

lock: ## Choose newer libraries and write requirements/ anew (needs uv)
	@$(PYTHON) -B -m bootstrap.lock

clean: ## Remove what set-up made in this folder; the hospital's data (.hcrm) and the cache stay
	rm -rf .venv node_modules web/static/dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
