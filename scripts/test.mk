# make test: one build of the engine serves cargo's tests, the Python tests and the server in the browsers' tests.

.PHONY: test-rust test-python test-web test-e2e test-bench bench-small testbed

ENGINE_TESTS := --workspace --exclude palabre-py --lib --bins --tests
CLOSING_RUST := ^test result:|Running (unittests|tests)
CLOSING_PYTEST := ^=+ .*(passed|failed|error|skipped).* =+$$|^SKIPPED
CLOSING_VITEST := ^ *(Test Files|Tests) 

testbed: tools tests/e2e/node_modules/.package-lock.json
	@$(PYTHON) scripts/testbed.py

tests/e2e/node_modules/.package-lock.json: tests/e2e/package.json tests/e2e/package-lock.json | preflight
	@$(STEP) "installing the browser driver" -- npm --prefix tests/e2e ci --no-audit --no-fund --loglevel=error
	@touch $@

# palabre-py is left out: an extension module links only into Python, and the Python tests exercise it there.
test-rust: tools testbed
	@$(STEP) "building the engine's tests" -- $(CARGO) test $(CARGO_ARGS) $(ENGINE_TESTS) --no-run
	@$(STEP) --show '$(CLOSING_RUST)' "testing the engine" -- $(CARGO) test $(CARGO_ARGS) $(ENGINE_TESTS)

test-python: engine-dev testbed
	@$(STEP) --show '$(CLOSING_PYTEST)' "testing the rules, the doors and the stores" -- \
	    .venv/bin/pytest tests --ignore=tests/e2e

test-web: web/node_modules/.package-lock.json
	@$(STEP) --show '$(CLOSING_VITEST)' "testing the web client" -- npm --prefix web test

test-e2e: engine-dev web testbed
	@$(STEP) --show '$(CLOSING_PYTEST)' "testing from one browser to another" -- .venv/bin/pytest tests/e2e

# No figures: only that everything that measures still works. The generator is built with the engine's tests.
test-bench bench-small: engine-dev testbed
	@$(STEP) "building the load generator" -- $(CARGO) test $(CARGO_ARGS) $(ENGINE_TESTS) --no-run
	@LOAD_GENERATOR=$${CARGO_TARGET_DIR:-engine/target}/debug/palabre-load $(STEP) "measuring a little" -- \
	    .venv/bin/python -m bench --small
	@LOAD_GENERATOR=$${CARGO_TARGET_DIR:-engine/target}/debug/palabre-load $(STEP) "letting some come and go" -- \
	    .venv/bin/python -m bench.soak --seconds 20 --warm-up 20 --listeners 40 --stay 6 --away 3 --every 2
