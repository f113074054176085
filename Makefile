# Two commands are enough, `make run` and `make test`. They need Python 3.11+ and make.
.DEFAULT_GOAL := help
.PHONY: help run test drill soak check bench lock
.DELETE_ON_ERROR:

# PYTHON=python3.12 make ... chooses one; otherwise the newest that works.
PYTHONS := $(or $(PYTHON),python3.13 python3.12 python3.11 python3)
VENV := .venv
PY := $(VENV)/bin/python
# A stamp's name holds the checksum of its lock: a changed lock is installed, an unchanged one not.
checksum = $(firstword $(shell cksum < $(1)))
GENESIS := $(VENV)/bin/genesis
RUN := $(VENV)/run-$(call checksum,requirements.lock).stamp
DEV := $(VENV)/dev-$(call checksum,requirements-dev.lock).stamp
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(RUN) ## trade the simulated market on paper; ARGS="..." for options (see README)
	@$(GENESIS) run $(ARGS)

test: $(DEV) ## run the tests; ARGS="tests/domain -x" for some of them
	@$(PY) -m pytest $(ARGS)

drill: $(RUN) ## sessions under every fault, from seeds, a minute or two; ARGS="--seeds 10 --minutes 60"
	@$(GENESIS) drill --seeds 200 $(ARGS)

soak: $(DEV) ## what takes long: every actor killed in whole recordings, ten thousand drills
	@$(PY) -m pytest -m soak $(ARGS)
	@$(GENESIS) drill --seeds 10000

check: $(DEV) ## lint, format, types, import contracts, house rules
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports --no-logo
	@$(PY) -m pytest tests/test_tidy.py

bench: $(RUN) ## measure book, decoder, latency, memory, the whole daemon; one JSON line each
	@$(PY) -m benchmarks $(ARGS)

lock: $(PY) ## compile both lock files again, with the newest versions pyproject.toml allows
	@$(PY) -m venv $(VENV)/uv && $(VENV)/uv/bin/pip install --quiet --upgrade uv
	@$(COMPILE) --upgrade --output-file requirements.lock
	@$(COMPILE) --upgrade --group dev --constraint requirements.lock \
	  --output-file requirements-dev.lock

COMPILE := $(VENV)/uv/bin/uv pip compile pyproject.toml --quiet --universal --generate-hashes \
	--python-version 3.11 --no-header --no-annotate

$(RUN): $(PY) $(GENESIS)
	@echo "installing what GENESIS needs: once, about a minute" >&2
	@$(PY) -m pip install --quiet --require-hashes -r requirements.lock
	@rm -f $(VENV)/run-*.stamp && touch $@

$(DEV): $(PY) $(GENESIS)
	@echo "installing what GENESIS and its tests need: once, about a minute" >&2
	@$(PY) -m pip install --quiet --require-hashes -r requirements-dev.lock
	@rm -f $(VENV)/dev-*.stamp && touch $@

# The checkout is run as it stands: nothing is built, so no build backend is fetched.
$(GENESIS): $(PY)
	@printf '#!/bin/sh\nPYTHONPATH="%s" exec "%s" -P -m genesis "$$@"\n' \
	  "$(CURDIR)" "$(CURDIR)/$(PY)" > $@ && chmod +x $@

# A command that is found may still not work (a version manager's shim, a Python without venv), so
# every one of that name on PATH is tried before the next name.
$(PY):
	@for name in $(PYTHONS); do IFS=:; for folder in $$PATH; do \
	  case "$$name" in */*) python="$$name" ;; *) python="$$folder/$$name" ;; esac; \
	  if "$$python" -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	  then echo "making $(VENV) with $$python" >&2; exec "$$python" -m venv --clear $(VENV); \
	  fi; \
	done; done; \
	echo "make: no working Python 3.11 or newer found (tried $(PYTHONS)); install one with its" \
	  "venv module, or name one: make PYTHON=/path/to/python3" >&2; exit 1
