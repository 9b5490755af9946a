# make demo   the whole service between a simulated Plex and a simulated Discord, in a minute
# make setup  asks for the settings and writes .env
# make run    runs the service
# make install   the packages alone, into .venv
# make test   every test
# make check  lint, types, imports, generated documents, known vulnerabilities
# make faults real processes killed over whole nights (ROUNDS=12 SEED=0), held against the truth
# make audit  known vulnerabilities alone; with AUDIT=--required it fails if they could not be looked up
# make bench  speed and memory, as ratios against a reference in the same run
# make languages   the catalogues of texts, extracted, brought up to date and compiled (NEW=fr begins one)
# make generate   all that is written by the code: documents, catalogues, examples of messages
# make lock   requirements*.txt from requirements*.in: every package, with hashes
# make single-file   build/usher-*: Usher in one file, for this system and this Python
# make pictures   docs/pictures/*.png from the simulator; needs Debian's chromium and fonts-noto-color-emoji
# The first call makes a virtual environment in .venv; later calls reuse it.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Compiled files are kept, whatever the shell says: a service is six processes, and the tests start hundreds of them,
# each of which would compile every module again.
export PYTHONDONTWRITEBYTECODE :=

LOCK := --quiet --universal --python-version 3.11 --generate-hashes

ROUNDS ?= 12
SEED ?= 0

.PHONY: install demo setup run test check audit faults bench docs generate languages lock pictures single-file clean

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Usher needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Says which packages are being installed: pip is silent for a minute or two.
announce = echo "Installing the packages of $(1) into $(VENV), once, in a minute or two:"; \
	sed -n 's/^\([A-Za-z0-9_.-]*\)==\([^ ;]*\).*/\1 \2,/p' $(1) | tr '\n' ' ' | sed 's/, $$//' | fold -s -w 110; echo

# The service runs with -OO, which has compiled files of its own: they are made here once, and not at each start. The
# unit of systemd may write none, and a process that compiles what it imports takes 4 MB more for as long as it runs.
PROGRAM = $(wildcard *.py) $(filter-out tests bench docs,$(patsubst %/__init__.py,%,$(wildcard */__init__.py)))
compile = $(PY) -OO -m compileall -q -j 2 $(1) || true
$(VENV)/.runtime: requirements.txt | $(PY)
	@$(call announce,requirements.txt)
	@$(PY) -m pip install --quiet --require-hashes -r requirements.txt
	@echo "Compiling them ..."
	@$(call compile,$(VENV)/lib/python3*/site-packages)
	@touch $@

$(VENV)/.dev: requirements-dev.txt | $(PY)
	@$(call announce,requirements-dev.txt)
	@$(PY) -m pip install --quiet --require-hashes -r requirements-dev.txt
	@echo "Compiling them ..."
	@$(call compile,$(VENV)/lib/python3*/site-packages)
	@touch $@ $(VENV)/.runtime

install: $(VENV)/.runtime
	@$(call compile,$(PROGRAM))

setup: $(VENV)/.runtime
	@$(PY) run.py setup

demo: $(VENV)/.runtime
	@$(PY) run.py simulate

run: install
	@$(PY) -OO run.py

# By file, in the order that tests/conftest.py gives: files that wait for whole services beside files that compute. More
# workers than processors, because many of them wait.
test: $(VENV)/.dev
	$(PY) -m pytest -n 6 --dist loadfile --no-loadscope-reorder

check: $(VENV)/.dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy .
	$(VENV)/bin/lint-imports
	$(PY) -m docs.generate --check
	$(PY) -m languages --check
	$(PY) -m tests.audit

audit: $(VENV)/.dev
	$(PY) -m tests.audit $(AUDIT)

docs: $(VENV)/.dev
	$(PY) -m docs.generate

generate: $(VENV)/.dev
	$(PY) -m tests.golden.write
	$(PY) -m docs.generate
	$(PY) -m languages

languages: $(VENV)/.dev
	$(PY) -m languages $(if $(NEW),--new $(NEW))

pictures: $(VENV)/.dev
	$(PY) -m docs.pictures

lock: $(VENV)/.dev
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(PY) -m uv pip compile $(LOCK) requirements.in --output-file requirements.txt
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(PY) -m uv pip compile $(LOCK) requirements-dev.in --constraint requirements.txt --output-file requirements-dev.txt

single-file: $(VENV)/.dev
	@$(PY) deploy/single_file.py

faults: $(VENV)/.dev
	@$(PY) -m simulator.nights.kill_matrix --rounds $(ROUNDS) --seed $(SEED)

bench: $(VENV)/.dev
	$(PY) -m bench

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
