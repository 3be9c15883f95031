# Two commands: `make run` starts the whole assistant, `make test` runs every check. See README.md.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

BENCHES := $(patsubst bench/%/__main__.py,bench-%,$(wildcard bench/*/__main__.py))

.PHONY: setup run run-scale test test-peers faults rasa pictures answers $(BENCHES) lock audit clean help

help: ## Show this list
	@grep -hE '^[a-z%-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 20
	@printf '%s\tRun a measurement\n' $(BENCHES) | expand -t 20

$(VENV)/.run: requirements/run.txt requirements/build.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Wegwijs needs Python 3.11 or newer: make PYTHON=python3.11 …"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
		{ echo "Python cannot make a venv here: on Debian install python3-venv"; exit 1; }
	@echo "Installing what the assistant needs (first time: a minute or two) …"
	@$(BIN)/pip install -q --require-hashes -r requirements/build.txt -r requirements/run.txt
	@$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.scale: requirements/scale.txt $(VENV)/.run
	@$(BIN)/pip install -q --require-hashes -r requirements/scale.txt
	@touch $@

$(VENV)/.test: requirements/test.txt $(VENV)/.run
	@echo "Installing what the checks need …"
	@$(BIN)/pip install -q --require-hashes -r requirements/test.txt
	@touch $@

setup: $(VENV)/.run ## Prepare .venv/bin/wegwijs

run: setup ## Start the assistant and print where to look
	@$(BIN)/wegwijs serve $(ARGS)

run-scale: $(VENV)/.scale ## Start PostgreSQL, two web processes, two workers and the demo (ARGS="--workers 4")
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "Installing PostgreSQL …"; apt-get -qq update >/dev/null && \
			DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends postgresql >/dev/null; \
		else echo "PostgreSQL is missing: sudo apt-get install postgresql"; exit 1; fi; }
	@$(BIN)/wegwijs many $(ARGS)

test: $(VENV)/.test ## Run every check; the last line counts the lanes
	@$(BIN)/python tests/lanes.py $(ARGS)

test-peers: $(VENV)/.test ## Only the tests against peers that nobody here wrote (installs them the first time)
	@$(BIN)/python tests/lanes.py --only peers $(ARGS)

faults: $(VENV)/.test ## Things go wrong for three minutes on many processes; the books must balance (ARGS="--minutes 30")
	@$(BIN)/python tests/peers/install.py telegram
	@$(BIN)/python -m tests.faults $(ARGS)

rasa: $(VENV)/.test ## Rasa Open Source trains on nlu/, serves, and understands in the conversations (2.7 GB, about 15 minutes)
	@$(BIN)/python tests/peers/install.py rasa rasa_pro
	@$(BIN)/python -m tests.rasa $(ARGS)

pictures: $(VENV)/.test ## Take the pictures of the console again, for docs/pictures/ (needs Chromium)
	@$(BIN)/python -m tests.pictures $(ARGS)

answers: $(VENV)/.test ## Take ten answers in each language on a phone, for docs/pictures/ (needs Chromium; ARGS="ar fa" for some)
	@$(BIN)/python -m tests.answers $(ARGS)

# A static pattern: make looks for no implicit rule where a target is phony.
$(BENCHES): bench-%: $(VENV)/.test
	@$(BIN)/python -m bench.$* $(ARGS)

lock: $(VENV)/.test ## Pin the newest allowed versions with their hashes (needs uv)
	@uv pip compile -q --universal --generate-hashes --no-annotate --no-header --python-version 3.11 pyproject.toml -o requirements/run.txt
	@uv pip compile -q --universal --generate-hashes --no-annotate --no-header --python-version 3.11 --extra scale -c requirements/run.txt pyproject.toml -o requirements/scale.txt
	@uv pip compile -q --universal --generate-hashes --no-annotate --no-header --python-version 3.11 --group test -c requirements/run.txt -o requirements/test.txt
	@for peer in requirements/peers/*.in; do \
		case $$peer in */rasa.in) how="--python-version 3.10";; */rasa_pro.in) how="--python-version 3.11 --no-deps";; *) how="--python-version 3.11";; esac; \
		uv pip compile -q --universal --generate-hashes --no-annotate --no-header $$how $$peer -o $${peer%.in}.txt || exit 1; \
	done
	@printf 'hatchling>=1.27\neditables\n' | uv pip compile -q --universal --generate-hashes --no-annotate --no-header --python-version 3.11 - -o requirements/build.txt

audit: $(VENV)/.test ## Ask PyPI which of the locked versions have known holes (needs the internet)
	@$(BIN)/pip-audit --strict --disable-pip --require-hashes -r requirements/scale.txt
	@$(BIN)/pip-audit --strict --disable-pip --require-hashes -r requirements/build.txt
	@$(BIN)/pip-audit --strict --disable-pip --require-hashes -r requirements/test.txt

clean: ## Remove what make made (not your data)
	@rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
