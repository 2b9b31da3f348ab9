# What a person does with this checkout. Everything sets itself up in .venv; nothing has to be installed by hand.
# PYTHON=python3.13 chooses the interpreter, JOBS=8 the number of test processes, VIDEO=/path/own.mp4 the demo's film.

.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-print-directory
.PHONY: help setup demo-setup demo test lint bench lock clean distclean

# Tests wait for processes and disks: three keep two cores busy.
JOBS ?= 3
PY := .venv/bin/python
# The tests start jm some thousand times: compiled once it is up in a third of the time.
unexport PYTHONDONTWRITEBYTECODE
# Through the environment and unexpanded: a file's name may hold blanks, quotes and dollar signs.
export JM_DEMO_VIDEO := $(value VIDEO)

help:
	@echo 'make demo [VIDEO=film.mp4]  run examples/media on a clip, or on your film; the last line is the report'
	@echo 'make test                   lint, then all tests but the long ones (JOBS=3 at a time)'
	@echo 'make lint                   ruff, mypy and the figures of the style guide'
	@echo "make bench                  jm beside its peers, and what was to be reached (BENCH='W1 --quick', BENCH=--help)"
	@echo 'make setup                  only .venv with everything for development'
	@echo 'make lock                   pin the requirements anew (needs uv; LOCK=--upgrade for newer versions)'
	@echo 'make clean                  remove results and caches; distclean: .venv too'
	@echo
	@echo 'PYTHON=python3.13 chooses the interpreter. Long tests: .venv/bin/python -m pytest -m long'

setup:
	@tools/setup dev

demo-setup:
	@tools/setup demo

demo: demo-setup
	@tools/demo

test: lint
	$(PY) -m pytest -n $(JOBS) --dist worksteal

lint: setup
	$(PY) -m ruff check --quiet .
	$(PY) -m ruff format --check --quiet .
	@# Two processes are faster; where they do not find each other, one.
	$(PY) -m mypy --num-workers 2 2>/dev/null || $(PY) -m mypy
	@$(PY) -m tests.house.style

bench: setup
	@$(PY) bench/run $(BENCH)

lock:
	@tools/lock

clean:
	rm -rf demo build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +

distclean: clean
	rm -rf .venv
