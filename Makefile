# Everything a developer types. `make test` is all that continuous integration tests; see .ci/run.
.PHONY: run test test-deploy test-image test-page test-rust test-redis cluster sentinel tls setup fmt lint bench bench-media

TARGET := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
# Tests of nodes wait more than they compute: more of them at once than there are cores.
export RUST_TEST_THREADS ?= 4

run:
	cargo run --release

# The quick ones first. What each target shows is told in CONTRIBUTING.md. The page is tested with the server of the image, and all
# is compiled in one profile.
test: export RIALTO_BIN := $(TARGET)/release/rialto
test: export BUILD := --release --config $(CURDIR)/tests/quick.toml
test: setup test-deploy test-image test-page test-rust test-redis

# Programs that tests drive: Redis, Chromium, HAProxy, coturn, docker-compose, npm packages. Installs only what is missing.
setup:
	scripts/setup-tests

# docker-compose.yml, app.json and the load balancer, each read by the real program or against the published list of fields.
test-deploy:
	python3 -m unittest discover --start-directory tests/deploy

# The Dockerfile's steps without Docker; the result must serve.
test-image:
	python3 tests/deploy/dockerfile_steps.py $(filter-out --release,$(BUILD))

# With the server that RIALTO_BIN names, or else with a debug build, which reads public/ from the disk.
test-page:
	$(if $(RIALTO_BIN),,cargo build --locked)
	RIALTO_BIN="$(or $(RIALTO_BIN),$(TARGET)/debug/rialto)" npm test

test-rust:
	cargo test --locked $(BUILD)

fmt:
	cargo fmt

# Scenarios of several nodes again, on each kind of Redis but the single one, which test-rust has: all on a cluster, where it matters which
# keys are together; those of chat where only the way to Redis is another one.
# Those that start a Redis of their own anyway are left out.
KIND = RIALTO_TEST_REDIS=$@ cargo test --locked $(BUILD) --test it -- two_nodes three_nodes --skip load:: --skip trouble:: --skip stage::media::three_nodes
test-redis: cluster sentinel tls
cluster:
	$(KIND)
sentinel tls:
	$(KIND) --skip stage:: --skip rooms:: --skip mesh:: --skip lobby:: --skip peers::

lint:
	cargo fmt --check
	cargo clippy --locked $(BUILD) --all-targets -- -D warnings
	npm run check

# The figures of docs/benchmarks.md.
bench:
	cargo build --release --locked
	benches/run

# Those of calls; builds a server on the `webrtc` crate to compare with.
bench-media:
	benches/media/run
