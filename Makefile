# make demo    train on real digits, convert, prove, flash the virtual board, verify every spike
# make test    the tests for every change; skips boards that are not installed, and names them
# make test-all  these and the thorough ones: long soaks, every seed, every row of the accuracy pages
# make check   lint, types and imports: ruff, mypy, lint-imports, tools/check_firmware.py
# make fuzz    change inputs at random for their readers; COUNT, SEED and MINUTES for each kind
# make boards  build the emulated boards (Debian; see boards/emulated/build)
# make frameworks  compare with snnTorch and Norse, in a separate venv; set PIP_EXTRA_INDEX_URL or
#              PIP_FIND_LINKS to PyTorch for CPUs, or pip downloads the one for CUDA

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= auto
COUNT ?= 1000000
SEED ?= 0
MINUTES ?= 60
FRAMEWORKS := .venv-frameworks

.PHONY: demo test test-all check fuzz boards frameworks clean

demo: $(VENV)/.demo
	$(BIN)/spikelet demo --port virtual --folder demo

test: $(VENV)/.dev
	$(BIN)/pytest --numprocesses $(JOBS) --dist loadscope --no-loadscope-reorder

test-all: $(VENV)/.dev
	$(BIN)/pytest --numprocesses $(JOBS) --dist loadscope --no-loadscope-reorder -m ''

check: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python tools/check_firmware.py

fuzz: $(VENV)/.dev
	$(BIN)/python tests/fuzz/mutations.py --count $(COUNT) --seed $(SEED) --minutes $(MINUTES)

boards:
	boards/emulated/build

frameworks: $(FRAMEWORKS)/.done
	OMP_NUM_THREADS=1 $(FRAMEWORKS)/bin/pytest -m frameworks tests/frameworks

clean:
	rm -rf $(VENV) $(FRAMEWORKS) demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Spikelet needs Python 3.11 or newer; name one with make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[pictures]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.demo

$(FRAMEWORKS)/.done: pyproject.toml
	$(PYTHON) -m venv $(FRAMEWORKS)
	$(FRAMEWORKS)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[frameworks]'
	@touch $@
