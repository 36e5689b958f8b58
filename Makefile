# Two commands for a newcomer: `make demo` and `make test`. Both set up all they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: demo test chaos fuzz bench lint clean constraints

demo: $(VENV)/.installed
	$(BIN)/narrowgate demo $(ARGS)

test: $(VENV)/.installed-test
	tests/debian-packages
	$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

# Kills, power cuts and outages, ROUNDS times as many as `make test` makes, and a soak of 30 minutes
# (NARROWGATE_SOAK_MINUTES=n takes another time): hours, not minutes.
chaos: ROUNDS ?= 16
chaos: $(VENV)/.installed-test
	tests/debian-packages
	NARROWGATE_CHAOS=$(ROUNDS) $(BIN)/python -m pytest -s -o timeout=7200 $(ARGS) \
		$$(grep -rl NARROWGATE_CHAOS tests --include='test_*.py')

# Random and mutated frames against every profile: no exception, bounded work, plan equal to construct.
fuzz: FRAMES ?= 10000000
fuzz: $(VENV)/.installed-test
	$(BIN)/python -m narrowgate_bench.codec_flood --frames $(FRAMES) --seed 1
	$(BIN)/python -m narrowgate_bench.codec_fuzz --seed 1

# Every benchmark beside its peers, in turn; needs what tests/debian-packages installs.
bench: $(VENV)/.installed-test
	tests/debian-packages
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,bench]'
	for benchmark in $$($(BIN)/python -c "from narrowgate_gateway.verbs.bench import BENCHMARKS; print(*BENCHMARKS)"); do $(BIN)/narrowgate bench $$benchmark $(ARGS) || exit 1; done

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit("Narrowgate wants Python 3.11 or later") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || tests/debian-packages python3-venv
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/pip pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-test: $(VENV)/bin/pip pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $@ $(VENV)/.installed

constraints:
	{ sed -n '/^#/p' constraints.txt; $(BIN)/pip freeze --exclude-editable | sort -f; } > constraints.new
	mv constraints.new constraints.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
