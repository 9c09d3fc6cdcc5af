# Everything runs in .venv, made on first need. `make setup` does nothing when it is up to date.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up
SHOP ?= demo-shop
PORT ?= 8000

.PHONY: setup demo test lint format bench bench-full faults serve clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: Vitrine needs Python 3.11 or newer; say which with: make setup PYTHON=python3.12"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $(STAMP)

demo: setup
	$(BIN)/vitrine demo --shop $(SHOP)

serve: setup
	$(BIN)/vitrine serve --shop $(SHOP) --port $(PORT)

test: setup
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --max-worker-restart 0

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --recursive data embedder index recommender service

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup
	$(BIN)/python -m benchmarks --quick

bench-full: setup
	$(BIN)/python -m benchmarks

faults: setup
	$(BIN)/python -m benchmarks.faults --full

clean:
	rm -rf $(VENV) benchmarks/.peers build *.egg-info
