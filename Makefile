# Everything runs in .venv, which these targets make: git, make and Python 3.11 or newer (with venv) are all they need.
PYTHON ?= python3
VENV ?= .venv

BIN := $(VENV)/bin
PLUGINS := $(sort $(dir $(wildcard plugins/*/pyproject.toml)))
PROJECTS := pyproject.toml $(addsuffix pyproject.toml,$(PLUGINS))
VERSION := $(firstword $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) none)
# Named by version, so that another PYTHON means another environment rather than a mixture of two.
MADE := $(VENV)/.made-with-python-$(VERSION)
PACKAGES := $(VENV)/.packages
DEV := $(VENV)/.dev
DOCS := $(VENV)/.docs

.PHONY: help demo test lint bench docs clean
.DELETE_ON_ERROR:

help:
	@echo "make demo    install everything, train the adversarial autoencoder on handwritten digits, write a report"
	@echo "make test    install everything, run all tests"
	@echo "make lint    ruff and mypy"
	@echo "make bench   speed, memory and start-up, against their targets"
	@echo "make docs    build docs/_build/html"
	@echo "make clean   remove what these made, but no run"
	@echo "Another Python: make PYTHON=python3.12 ..."

demo: $(PACKAGES)
	$(BIN)/aae train classic
	@echo "a page about it, for any browser:"
	@$(BIN)/aae report "$$(ls -dt runs/classic-*/ | head -n 1)"
	@echo "to go on: . $(BIN)/activate && aae list"

# Two workers with one thread each: a test's networks are too small for two threads to help.
test: $(DEV)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 $(ARGS)

lint: $(DEV)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: $(DEV)
	$(BIN)/python tests/benchmarks/run.py $(ARGS)

docs: $(DOCS)
	$(BIN)/sphinx-build -W --keep-going -q docs docs/_build/html
	@echo "docs/_build/html/index.html"

clean:
	rm -rf $(VENV) docs/_build build dist plugins/*/dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(MADE):
	@case "$(VERSION)" in 3.1[1-9]|3.[2-9][0-9]) ;; *) \
	  echo "$(PYTHON) is no Python 3.11 or newer (its version: $(VERSION)); name one: make PYTHON=python3.12 ..." >&2; \
	  exit 1;; esac
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) has no venv; on Debian and Ubuntu: apt install python$(VERSION)-venv" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install -q --upgrade "pip>=25.1"
	@touch $@

$(PACKAGES): $(MADE) $(PROJECTS)
	@echo "installing PyTorch, the core and all plugins into $(VENV): several GB, some minutes"
	$(BIN)/python -m pip install -q torch torchvision -e . $(addprefix -e ,$(PLUGINS))
	@touch $@

$(DEV): $(PACKAGES)
	$(BIN)/python -m pip install -q --group dev -e ".[sweep,export]"
	@touch $@

$(DOCS): $(PACKAGES)
	$(BIN)/python -m pip install -q --group docs
	@touch $@
