# make demo: the main job on a fresh machine. make test: the tests. Python >= 3.11 is all they need.
# make thorough: the tests with every random instance, not a fifth of the long families.
# make spark: what the tests of logs on Spark need beside Java (450 MB); without it they are skipped.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test thorough lint spark bench clean

demo: $(VENV)/demo.stamp
	$(BIN)/eqsolve reproduce

test: $(VENV)/test.stamp
	$(BIN)/python -m pytest -n 2

thorough: $(VENV)/test.stamp
	$(BIN)/python -m pytest -n 2 --thorough

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

spark: $(VENV)/spark.stamp

bench: $(VENV)/test.stamp
	$(BIN)/python -m pip install --quiet -e '.[bench]'
	$(BIN)/python benchmarks/equilibria.py
	$(BIN)/python benchmarks/learning.py
	$(BIN)/python benchmarks/stackelberg.py
	$(BIN)/python benchmarks/simulation.py
	$(BIN)/python benchmarks/design.py
	$(BIN)/python benchmarks/logs.py --rows 10000000
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/finite.py
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/pomdp.py

$(VENV)/python.stamp:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "eqsolve needs Python 3.11 or newer; this is " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	touch $@

$(VENV)/demo.stamp: $(VENV)/python.stamp pyproject.toml
	$(BIN)/python -m pip install --quiet -e .
	touch $@

$(VENV)/test.stamp: $(VENV)/python.stamp pyproject.toml
	$(BIN)/python -m pip install --quiet -e '.[test]'
	touch $(VENV)/demo.stamp $@

$(VENV)/spark.stamp: $(VENV)/test.stamp
	$(BIN)/python -m pip install --quiet -e '.[spark]'
	touch $@

clean:
	rm -rf $(VENV) build dist figures .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
