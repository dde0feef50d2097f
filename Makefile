# `make` lists what there is. A bare machine needs git, make and Python 3.11 or newer: each target
# makes the environment that it uses, with the versions of constraints.txt, and a second call
# installs nothing.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 7860
ARGS ?=

# The app runs in the development environment where there is one, else in a small one without torch.
APP_VENV := $(if $(wildcard .venv/.installed),.venv,.venv-app)
.venv/.installed: EXTRAS := dev,heif,metrics,ray,stores,train,web
.venv-app/.installed: EXTRAS := heif,web

export PIP_DEFAULT_TIMEOUT ?= 300
export UV_HTTP_TIMEOUT ?= 300
# torch and torchvision fit together only when both come from the same place: the index.
unexport UV_FIND_LINKS UV_TORCH_BACKEND
# Without its bytecode on disk Python takes three times as long to start the page.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help app install test check format bench image-test readme constraints clean
.PHONY: weights weights-quick
.DELETE_ON_ERROR:

help:
	@sed -n 's/^## //p' Makefile

## make app          serve http://127.0.0.1:7860 with the bundled models (HOST=, PORT=, ARGS=)
app: $(APP_VENV)/.installed
	@echo "make: serving with $(APP_VENV) on http://$(HOST):$(PORT), Ctrl-C stops"
	@$(APP_VENV)/bin/cyclegan serve --host $(HOST) --port $(PORT) $(ARGS)

## make install      the whole development environment in .venv
install: .venv/.installed

## make test         every test, a process for each CPU (ARGS="tests/contract -k card")
test: .venv/.installed
	@echo "make: running the tests"
	@OMP_NUM_THREADS=1 .venv/bin/python -m pytest --numprocesses auto --dist worksteal $(ARGS)

## make check        ruff format --check, ruff check, mypy
check: .venv/.installed
	@echo "make: checking format, lint and types"
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy

## make format       ruff format and what ruff can fix
format: .venv/.installed
	@echo "make: formatting"
	@.venv/bin/ruff check --fix-only .
	@.venv/bin/ruff format .

## make bench        speed beside the reference, a ratio in one run (ARGS="--json FILE")
bench: .venv/.installed
	@echo "make: measuring, keep the machine quiet"
	@.venv/bin/python -m benchmarks $(ARGS)

## make image-test   build the container, convert a picture through it (root, buildah, debootstrap)
image-test:
	@tests/image/run.sh

## make weights      train, export and quantize the bundled models again (DATA=DIR, FEATURES=FILE)
weights: .venv/.installed
	@PATH="$(CURDIR)/.venv/bin:$$PATH" weights/make.sh "$(DATA)" $(FEATURES)

## make weights-quick  the same way with seconds for each training, into build/weights
weights-quick: .venv/.installed
	@PATH="$(CURDIR)/.venv/bin:$$PATH" MINUTES=0.1 SETTINGS=--no-compile OUT=build/weights RUNS=build/runs \
		weights/make.sh "$(DATA)" $(FEATURES)

## make readme      bring the README's table of models up to date with their cards
readme: .venv/.installed
	@echo "make: writing the table of models"
	@.venv/bin/python docs/models_table.py

## make constraints  write constraints.txt from pyproject.toml (ARGS=--upgrade for new versions)
constraints: .venv/.installed
	@echo "make: resolving for Python 3.11 and newer on every platform"
	@.venv/bin/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
		--no-build --no-annotate --no-header --quiet --output-file constraints.txt $(ARGS)

## make clean        remove the environments and what the tools left
clean:
	rm -rf .venv .venv-app .mypy_cache .pytest_cache .ruff_cache *.egg-info build dist

# pip brings uv into the environment, uv the rest: quicker, and deaf to pip's local wheels. What is
# installed is compiled at once: where PYTHONDONTWRITEBYTECODE is set nothing else ever does, and
# each `cyclegan convert` would spend half of its 0.6 s on that before it opens a picture.
.venv/.installed .venv-app/.installed: %/.installed: pyproject.toml constraints.txt
	@echo "make: installing cyclegan[$(EXTRAS)] into $*"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo >&2 \
		"make: '$(PYTHON)' is not Python 3.11 or newer; name one: make PYTHON=python3.12"; exit 1; }
	@if $*/bin/python -c '' 2>/dev/null; then :; \
	elif $(PYTHON) -c 'import ensurepip' 2>/dev/null; then $(PYTHON) -m venv --clear $*; \
	elif $(PYTHON) -m pip --version >/dev/null 2>&1; then \
		$(PYTHON) -m venv --clear --without-pip $*; \
	else echo >&2 "make: '$(PYTHON)' has neither ensurepip nor pip, so it cannot make an" \
		"environment; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; fi
	@if $*/bin/python -m pip --version >/dev/null 2>&1; then pip="$*/bin/python -m pip"; \
	else pip="$(PYTHON) -m pip --python $*/bin/python"; fi; \
	$$pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
	@$*/bin/uv pip install --compile-bytecode --python $*/bin/python --constraint constraints.txt \
		--build-constraint constraints.txt --editable '.[$(EXTRAS)]'
	@touch $@
