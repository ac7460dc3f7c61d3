# make check: everything a tool can say about the code without running it.

.PHONY: check-python check-rust check-web check-generated

check-python: tools
	@$(STEP) "ruff: lint" -- .venv/bin/ruff check .
	@$(STEP) "ruff: format" -- .venv/bin/ruff format --check .
	@$(STEP) "mypy --strict" -- .venv/bin/mypy
	@$(STEP) "import-linter" -- env PYTHONPATH=src .venv/bin/lint-imports --cache-dir .cache/import-linter

check-rust: tools | preflight
	@$(STEP) "rustfmt" -- cargo fmt $(CARGO_ARGS) --all --check
	@$(STEP) "clippy" -- $(CARGO) clippy $(CARGO_ARGS) --workspace --all-targets -- -D warnings

check-web: web/node_modules/.package-lock.json
	@$(STEP) "web: types" -- npm --prefix web run check
	@$(STEP) "web: lint" -- npm --prefix web run lint

check-generated: engine-dev web/node_modules/.package-lock.json
	@$(STEP) "generated files are fresh" -- scripts/check-generated.sh
	@$(STEP) "the engine's types" -- .venv/bin/python -m mypy.stubtest palabre._engine
