# Everything here works on a machine that has Python 3.11 or later, and make.
NEW_ENOUGH := -c 'import sys; sys.exit(sys.version_info < (3, 11))'
PYTHON ?= $(shell for each in python3 python python3.14 python3.13 python3.12 python3.11; do \
	$$each $(NEW_ENOUGH) 2>/dev/null && echo $$each && break; done)
VENV := .venv
BIN := $(VENV)/bin
QUESTION := Which sectors are poised for growth next quarter?

.PHONY: demo test check eval conformance real-servers wheel fix clean

demo: $(VENV)/.ready
	$(BIN)/advisor ask --offline --format table "$(QUESTION)"

test: $(VENV)/.ready-dev
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

check: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_layers.py

# Every case by its references: no key, no network, the same every time.
eval: $(VENV)/.ready
	$(BIN)/advisor eval run evals --format table

# The official MCP suite for clients, through `advisor ask` and a scripted model. Needs npm.
conformance: $(VENV)/.ready
	$(BIN)/python -m tests.conformance.run

# Servers that other people wrote, from npm and PyPI, and what became of them in docs/servers.md. Takes minutes.
real-servers: $(VENV)/.ready
	$(BIN)/python -m tests.real_servers.run

# The wheel, installed elsewhere, has to work from an empty folder: prompts, configs and data are in it, and every step
# of the README prints what it shows.
wheel: $(VENV)/.ready
	rm -rf dist
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps -w dist .
	$(BIN)/python -m venv dist/venv
	dist/venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt dist/*.whl
	mkdir dist/empty
	cd dist/empty && ADVISOR_HOME=home ../venv/bin/advisor ask --offline -q "$(QUESTION)"
	cd dist/empty && ADVISOR_HOME=home ../venv/bin/advisor ask --offline -q -c us_sector_rotation --as-of 2008-09-30
	cd dist/empty && ../venv/bin/python ../../docs/walk.py --programs ../venv/bin

fix: $(VENV)/.ready-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) dist .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/.ready: pyproject.toml constraints.txt
	@$(or $(PYTHON),false) $(NEW_ENOUGH) || \
		{ echo "Python 3.11 or later is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $@
