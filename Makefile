# Everything a developer needs, on a machine that has Python 3.10 to 3.13 and make. All targets share .venv at the root;
# nothing is installed outside the checkout. uv is used where it works, pip otherwise (make UV= ... forces pip).

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# The interpreter to develop with, and the versions that test-all takes (of those found); both may be given.
PYTHON ?= $(shell tools/interpreters --default)
VERSIONS ?= 3.10 3.11 3.12 3.13
# What pytest is given besides: make test ARGS="tests/spool -x"
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
INPUTS := pyproject.toml constraints.txt tools/set-up
DEMO_READY := $(VENV)/.ready-demo
READY := $(VENV)/.ready
PYTEST := -m pytest $(ARGS)

.PHONY: demo test check soak bench test-all build docs constraints clean help

demo: $(DEMO_READY) ## Train and run a real model, record everything about it, and show what was recorded
	$(BIN)/python demo/train_and_classify.py
	$(BIN)/otel-distro show

test: $(READY) ## Run all tests
	$(BIN)/python $(PYTEST)

check: $(READY) ## Check format, lint, types, Python 3.10 syntax, changelog fragments and architecture
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/vermin --quiet --no-tips --violations --target=3.10- --eval-annotations --backport typing_extensions \
	  $(wildcard otel_distro exporters instrumentations tests benchmarks demo tools)
	$(BIN)/towncrier build --draft --version next >/dev/null
	$(BIN)/python -m pytest -q tests/test_architecture.py

soak: $(READY) ## Run the fault experiments in full length
	OTEL_DISTRO_TEST_SOAK=1 $(BIN)/python $(PYTEST) -m soak

bench: $(READY) ## Measure every claim beside its peer: one JSON line a claim
	$(BIN)/python -m benchmarks

test-all: ## Run all tests on each Python from 3.10 to 3.13 that is found (VERSIONS="3.10 3.13" restricts)
	@versions="$(filter $(VERSIONS),$(shell tools/interpreters | cut -d ' ' -f 1))"; \
	[ -n "$$versions" ] || { echo "None of Python $(VERSIONS) found" >&2; exit 1; }; \
	$(MAKE) -k $$(printf 'test-on-%s ' $$versions)

# One environment for each interpreter, .venv-3.10 and so on; make -j2 -O runs two of them at once.
test-on-%:
	@echo "=== Python $*"
	@$(MAKE) test VENV=.venv-$* PYTHON="$$(tools/interpreters | sed -n 's/^$* //p')"

build: $(READY) ## Build the wheel and the source distribution into dist/
	$(BIN)/hatchling build

docs: $(READY) ## Write the generated pages of docs/reference/ anew
	$(BIN)/python tools/reference_pages.py

constraints: ## Choose the newest versions anew that work together on every Python (needs uv)
	uv pip compile --quiet --upgrade --universal --python-version 3.10 --all-extras --group test --group check \
	  --no-annotate --no-emit-package otel-distro --custom-compile-command "make constraints" \
	  --output-file constraints.txt pyproject.toml

clean: ## Remove environments, caches and what was built
	rm -rf .venv .venv-3.* dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## Show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

# The demonstration needs less than the tests do, so it starts sooner; an environment for tests serves it too.
$(DEMO_READY): $(INPUTS)
	tools/set-up $(VENV) "$(PYTHON)" -e '.[demo]'
	@touch $@

$(READY): $(INPUTS)
	tools/set-up $(VENV) "$(PYTHON)" -e '.[all,demo]' --group test --group check
	@touch $@ $(DEMO_READY)
