# One command for each thing people do here. `make help` lists them.

TARGET  ?= $(shell rustc -vV | sed -n 's/^host: //p')
CARGO_TARGET_DIR ?= target
export CARGO_TARGET_DIR

PHASES  := analyzer detector restorer builder exporter creator rebaser launcher
BUILT   := $(CARGO_TARGET_DIR)/$(TARGET)/release
# What platforms and the demo use: the static executables, side by side.
LIFECYCLE := $(CARGO_TARGET_DIR)/lifecycle

LIFECYCLE_COMMIT ?= $(shell git rev-parse --short=10 HEAD 2>/dev/null)
export LIFECYCLE_COMMIT

# Static, position-independent: the executables run in containers that hold nothing else. The explicit
# target keeps these flags from build scripts and procedural macros, which have to be dynamic.
STATIC := -C target-feature=+crt-static -C relocation-model=pie

SCRIPTS := .ci/run .ci/check-image-vectors $(wildcard demo/*.sh samples/builder/assemble samples/buildpacks/*/bin/*)

.PHONY: help build test check demo bench clean

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

build: ## build the static executables into target/lifecycle
	RUSTFLAGS="$(STATIC)" cargo build --release --locked --target $(TARGET) $(PHASES:%=-p %) -p cnb
	mkdir -p $(LIFECYCLE)
	cp -f $(PHASES:%=$(BUILT)/%) $(BUILT)/cnb $(LIFECYCLE)/

check: ## formatting, lints and documentation, as CI demands them
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet
	@if command -v shellcheck > /dev/null; then shellcheck -x $(SCRIPTS); \
	elif [ "$$CI" = true ]; then echo "shellcheck is missing" >&2; exit 1; \
	else echo "SKIPPED: the scripts are not checked, because shellcheck is missing" >&2; fi

test: build check ## everything that has to hold
	LIFECYCLE_DIR="$(abspath $(LIFECYCLE))" cargo test --workspace --locked

demo: build ## from source to a running image, twice
	LIFECYCLE_DIR="$(abspath $(LIFECYCLE))" CNB="$(abspath $(LIFECYCLE))/cnb" demo/demo.sh

bench: build ## measure; BENCH_AGAINST=DIR measures other executables beside, BENCH_ARGS=--help tells more
	cargo run --release --locked -p bench -- --lifecycle "$(abspath $(LIFECYCLE))" \
		$(if $(BENCH_AGAINST),--against "$(abspath $(BENCH_AGAINST))") $(BENCH_ARGS)

clean: ## remove what was built
	cargo clean
