# What there is to do here: `make` lists it. Needs make, a POSIX shell and Python 3.11 or newer; the rest it installs itself.

.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
# Stamps: what they stand for is installed, and is not asked for again until its list changes.
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed
CHECKED := app config.py run.py

.PHONY: help
help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-22s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: run
run: $(RUNTIME)  ## start Kehu with a demo company, on http://localhost:8080 (KEHU_PORT)
	@exec $(PY) run.py serve --demo

.PHONY: install
install: $(RUNTIME)  ## install what Kehu runs on, into .venv
	@$(PY) -c "from app.core.i18n import compile_catalogues; compile_catalogues()"

.PHONY: test
test: test-system check  ## install what tests need, make check, then all but the widest sweeps (ARGS=… goes to pytest)
	@$(PY) -m pytest -m "not sweep" $(ARGS)

.PHONY: test-all
test-all: test-system check  ## the same with every test, as continuous integration runs it
	@$(PY) -m pytest $(ARGS)

.PHONY: check
check: $(DEV)  ## format, lint, types, layers, migrations, translations
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(PY) -m mypy $(CHECKED) tools tests/support
	$(BIN)/lint-imports --no-logo
	$(PY) run.py db-check
	$(PY) -m tools.check_translations

.PHONY: format
format: $(DEV)  ## bring the code into the form that make check wants
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

.PHONY: catalogue
catalogue: $(RUNTIME)  ## collect the messages of app/ into the translations, and list those without one
	@$(PY) -m tools.catalogue

.PHONY: migration
migration: $(RUNTIME)  ## write the migration for what changed in the models: make migration NAME="customers have a region"
	@test -n "$(NAME)" || { echo 'Say what changes: make migration NAME="customers have a region"' >&2; exit 2; }
	$(PY) run.py db-migrate "$(NAME)"

.PHONY: new-entity
new-entity: $(DEV)  ## begin an entity: make new-entity NAME=price-levels DOMAIN=sales
	@test -n "$(NAME)" -a -n "$(DOMAIN)" || { echo 'Say which: make new-entity NAME=price-levels DOMAIN=sales' >&2; exit 2; }
	@$(PY) -m tools.new_entity "$(NAME)" --domain "$(DOMAIN)" $(ARGS)

.PHONY: bench
bench: $(DEV)  ## the benchmarks
	$(PY) -m bench $(ARGS)

.PHONY: pictures
pictures: $(DEV) test-system  ## take the pictures of the user guide again
	$(PY) -m tools.pictures $(ARGS)

.PHONY: clean
clean:  ## forget .venv and every cache (the data stays)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: test-system
test-system:
	@bash tools/test_system.sh

# pip comes last into a new environment: without it, or with a Python that has gone, it is made anew.
$(PY) $(BIN)/pip:
	@PYTHON="$(PYTHON)" sh tools/make_venv.sh $(VENV)

$(RUNTIME): requirements.txt $(PY) | $(BIN)/pip
	@echo "Installing what Kehu runs on (once, a minute or two) …"
	@$(PY) -m pip install --disable-pip-version-check --quiet -r requirements.txt
	@touch $@

$(DEV): requirements-dev.txt $(RUNTIME)
	@echo "Installing what Kehu is tested with (once) …"
	@$(PY) -m pip install --disable-pip-version-check --quiet -r requirements-dev.txt
	@touch $@
