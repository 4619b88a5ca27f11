# make run | test | lint | bench | fuzz | contract; each sets up what it needs the first time.
VENV := .venv
BIN := $(VENV)/bin
UV ?= $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
UV_VERSION := 0.13.8
unexport PYTHONDONTWRITEBYTECODE
export UV_PROJECT_ENVIRONMENT := $(VENV)

.PHONY: run test lint fmt bench fuzz contract clean
# For trying webhooks with a receiver on this machine.
run: export RESTANTE_WEBHOOK_NETWORKS ?= 127.0.0.0/8,::1/128
run: $(VENV)/.ready
	$(BIN)/restante serve

test: $(VENV)/.ready-dev
	$(BIN)/pytest -n auto --dist worksteal $(ARGS)

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fmt: $(VENV)/.ready-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.ready-dev
	$(BIN)/python -m bench $(ARGS)

# Atheris is in a group of its own, which other targets take out of the environment again.
fuzz: $(VENV)/.ready-dev
	$(UV) sync --locked --group fuzz --quiet
	$(BIN)/python -m tests.fuzz $(ARGS)

# The API against its description for longer than the tests do: make contract EXAMPLES=200
contract: $(VENV)/.ready-dev
	CONTRACT_EXAMPLES=$(or $(EXAMPLES),100) $(BIN)/pytest -n 0 tests/flows/test_contract.py -k schemathesis $(ARGS)

clean:
	rm -rf $(VENV) .uv .mypy_cache .ruff_cache .pytest_cache

.uv/bin/uv:
	python3 -m venv .uv || { echo "Python's venv module is missing; on Debian install python3-venv" >&2; rm -rf .uv; exit 1; }
	.uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(VENV)/.ready: pyproject.toml uv.lock | $(UV)
	$(UV) sync --locked --no-dev --inexact --quiet
	@touch $@

$(VENV)/.ready-dev: pyproject.toml uv.lock | $(UV)
	$(UV) sync --locked --quiet
	@touch $@ $(VENV)/.ready
