# The same commands on a laptop and in CI. `make` alone lists them.
#
# Everything that is installed or built stays inside the checkout: tools in .tools and .venv, caches, logs and
# stamps in .cache, Rust in engine/target. `make clean` takes all of it away again; data/ stays.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
UV := .tools/bin/uv
STAMPS := .cache/stamps
STEP := $(PYTHON) scripts/step.py
CARGO := cargo --locked
CARGO_ARGS := --manifest-path engine/Cargo.toml

export UV_CACHE_DIR ?= $(CURDIR)/.cache/uv
export UV_PYTHON ?= $(PYTHON)
export UV_PYTHON_DOWNLOADS := never
export npm_config_cache ?= $(CURDIR)/.cache/npm
export VIRTUAL_ENV := $(CURDIR)/.venv
export PYTHONDONTWRITEBYTECODE := 1
# The machine's own programs go first; the environment adds what is missing, cmake above all.
export PATH := $(PATH):$(CURDIR)/.tools/bin:$(CURDIR)/.venv/bin

.PHONY: help run test check bench bench-build bench-browsers gen images fuzz clean preflight tools engine-dev engine-release web

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

run: engine-release web ## install and build everything, then serve on http://localhost:8080
	@.venv/bin/palabre serve

test: test-rust test-python test-web test-e2e test-bench ## every test, with real browsers and the real server

check: check-python check-rust check-web check-generated ## formatting, lint, types, layers, generated files

include scripts/test.mk scripts/check.mk

# ── tools ──────────────────────────────────────────────────────────────────────────────────────────────────────

tools: $(STAMPS)/python

preflight: | $(STAMPS)
	@$(PYTHON) scripts/preflight.py

$(STAMPS):
	@mkdir -p $@

$(UV): | preflight
	@$(STEP) "installing uv" -- $(PYTHON) -m pip install --quiet --disable-pip-version-check --target .tools uv==0.13.8

$(STAMPS)/python: pyproject.toml uv.lock $(UV) | $(STAMPS)
	@$(STEP) "installing Python packages" -- $(UV) sync --frozen --no-install-project --inexact --all-groups
	@touch $@

# ── the two halves of the program ──────────────────────────────────────────────────────────────────────────────

# Cargo itself knows what is fresh: with nothing to do, either of these takes a second or two.
engine-dev: tools | preflight
	@$(STEP) "building the engine for tests (the first time takes some minutes)" -- .venv/bin/maturin develop --uv --locked

engine-release: tools | preflight
	@$(STEP) "building the engine (the first time takes some minutes)" -- .venv/bin/maturin develop --uv --locked --release

web: $(STAMPS)/web

WEB_SOURCES := $(shell find web -type f -not -path '*/node_modules/*' -not -path 'web/dist/*' 2>/dev/null)

web/node_modules/.package-lock.json: web/package.json web/package-lock.json | preflight
	@$(STEP) "installing web packages" -- npm --prefix web ci --no-audit --no-fund --loglevel=error
	@touch $@

$(STAMPS)/web: web/node_modules/.package-lock.json $(WEB_SOURCES) | $(STAMPS)
	@$(STEP) "building the web client" -- npm --prefix web run build
	@rm -rf src/palabre/static && cp -R web/dist src/palabre/static
	@touch $@

# ── the rest ───────────────────────────────────────────────────────────────────────────────────────────────────

gen: tools web/node_modules/.package-lock.json ## write again what is generated: OpenAPI, TypeScript, test vectors
	@$(STEP) "writing the generated files" -- scripts/gen.sh

images: engine-dev web testbed ## take the pictures of the documentation again
	@$(STEP) "taking pictures" -- .venv/bin/pytest tests/e2e/test_looks.py --images docs/images

bench: bench-build ## measure against the targets: packets, listeners, latency, joins, memory, events
	@.venv/bin/python -m bench

bench-build: engine-release
	@$(STEP) "building the load generator" -- $(CARGO) build --release $(CARGO_ARGS) -p palabre-load

bench-browsers: engine-release web testbed ## a voice over bad networks in browsers, beside Janus; ONLY="pack100 --firefox" for some
	@.venv/bin/python -m bench.browsers --write $(ONLY)

fuzz: preflight ## every fuzz target for a minute
	@engine/fuzz/run.sh 60

clean: ## remove everything built or installed here (data/ stays)
	@rm -rf .tools .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@rm -rf engine/target engine/fuzz/target web/node_modules web/dist tests/e2e/node_modules
	@rm -rf src/palabre/static src/palabre/_engine*.so
