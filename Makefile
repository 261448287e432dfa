# What people and CI call: `make demo`, `make test`, `make check`, `make bench`, `make fuzz`. Each installs what it needs.

CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/quiver
export CARGO_TARGET_DIR ?= $(CACHE)/target
# Clippy compiles and lints in one pass, so that demo, test and check share every artefact.
export RUSTC_WORKSPACE_WRAPPER ?= clippy-driver
export CARGO_TERM_PROGRESS_WHEN ?= never

# Looked for anew by each recipe: set-up installs mold, and other flags would have everything compiled again.
MOLD = $(if $(shell command -v mold 2>/dev/null),-C link-arg=-fuse-ld=mold)
export CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS ?= $(MOLD)
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS ?= $(MOLD)

QUIVER = $(CARGO_TARGET_DIR)/debug/quiver
OUT ?= quiver-demo
FUZZ_SECONDS ?= 120

# The live demo needs somebody who watches: a browser on this machine, and no CI.
WATCHED := $(if $(CI),,$(or $(DISPLAY),$(WAYLAND_DISPLAY),$(filter Darwin,$(shell uname))))

.PHONY: help demo build ui test test-browser check bench fuzz generate format setup

help:
	@echo "make demo     build, replay a year of real flights and show what broke, in the browser or here (writes $(OUT)/)"
	@echo "make test     build and run every test; installs what the tests need: Python packages, Prometheus, Chromium"
	@echo "make test-browser   only the pages in a browser"
	@echo "make check    format, layers, generated files, licences and sources of dependencies"
	@echo "make bench    measure against the peers (long; see bench/README.md)"
	@echo "make fuzz     feed every reader of foreign bytes with what a fuzzer invents (needs nightly; see fuzz/README.md)"
	@echo "make generate write the generated references and schemas anew"

setup:
	@scripts/setup.sh

# The pages are built into the binary; without Node.js a page stands in for them.
ui:
	@scripts/ui.sh

build: setup ui
	cargo build --workspace --locked

demo: build
	@$(QUIVER) demo --data-folder $(OUT) $(if $(WATCHED),--live)

# What needs no binary goes on beside the build.
test: setup
	@scripts/stage.sh "ui: packages, build" scripts/ui.sh
	@$(MAKE) --no-print-directory --jobs=4 --output-sync=target built ui-tested tools-there
	@QUIVER_PYTHON="$$(scripts/python.sh tests/python/requirements.txt)" scripts/stage.sh "tests" cargo test --workspace --locked
	@scripts/stage.sh "python client" env PYTHONDONTWRITEBYTECODE=1 "$$(scripts/python.sh tests/python/requirements.txt)" -m pytest -p no:cacheprovider -q python/tests
	@scripts/stage.sh "server tests" env PYTHONDONTWRITEBYTECODE=1 QUIVER_BINARY=$(QUIVER) "$$(scripts/python.sh tests/server/requirements.txt)" -m pytest -p no:cacheprovider -q tests/server
	@scripts/stage.sh "browser tests" env QUIVER_BINARY=$(QUIVER) npm --prefix ui run --silent test:browser

.PHONY: built ui-tested tools-there
built:
	@scripts/stage.sh "build and lint" cargo test --workspace --locked --no-run
ui-tested:
	@scripts/stage.sh "ui: types, tests" scripts/ui.sh test
tools-there:
	@scripts/stage.sh "tools of the tests" sh -c 'scripts/setup-server-tests.sh && scripts/python.sh tests/python/requirements.txt && scripts/python.sh tests/server/requirements.txt && scripts/setup-browser-tests.sh'

# The pages alone, in Debian's Chromium, on the demo's data.
test-browser: build
	@scripts/stage.sh "browser tests: set-up" scripts/setup-browser-tests.sh
	@scripts/stage.sh "browser tests" env QUIVER_BINARY=$(QUIVER) npm --prefix ui run --silent test:browser

check: setup ui
	@scripts/stage.sh "format" cargo fmt --all --check
	@scripts/stage.sh "build and lint" cargo build --workspace --tests --locked
	@scripts/stage.sh "generated files" scripts/generate.sh --check
	@scripts/stage.sh "dependencies" scripts/deny.sh

generate: build
	@scripts/generate.sh

bench:
	@bench/run.sh

fuzz:
	@fuzz/run.sh $(FUZZ_SECONDS)

format:
	cargo fmt --all
