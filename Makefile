# One command for each thing people do here. `make help` lists them.

# Static executables are linked with musl where Rust has it for this machine (rustup target add TARGET) and there
# is musl-gcc: with glibc they are larger by half a megabyte each, take more memory, and find hosts by name only
# as far as glibc can without its plugins.
HOST    := $(shell rustc -vV | sed -n 's/^host: //p')
MUSL    := $(HOST:-gnu=-musl)
HAS_MUSL := $(and $(wildcard $(shell rustc --print sysroot)/lib/rustlib/$(MUSL)),$(shell command -v musl-gcc))
TARGET  ?= $(if $(HAS_MUSL),$(MUSL),$(HOST))
CARGO_TARGET_DIR ?= target
export CARGO_TARGET_DIR

PHASES  := analyzer detector restorer extender builder exporter creator rebaser launcher
BUILT   := $(CARGO_TARGET_DIR)/$(TARGET)/release
# Other executables are tested, if they are named on the command line.
LIFECYCLE_GIVEN := $(filter command,$(origin LIFECYCLE))
# What platforms and the demo use: the static executables, side by side.
LIFECYCLE := $(CARGO_TARGET_DIR)/lifecycle

# What builder authors and platforms install.
PACKAGES := $(CARGO_TARGET_DIR)/packages
# Packages are made for this machine and for each other architecture whose Rust target is installed; that needs
# a linker for it, see docs/builder-images.md.
INSTALLED := $(shell rustup target list --installed 2> /dev/null)
OTHER   := $(if $(findstring x86_64,$(TARGET)),aarch64,x86_64)-unknown-linux
PACKAGED ?= $(sort $(TARGET) $(firstword $(filter $(OTHER)-musl,$(INSTALLED)) $(filter $(OTHER)-gnu,$(INSTALLED))))
# The authorities that phases in the lifecycle's image trust.
CA_CERTIFICATES ?= $(wildcard /etc/ssl/certs/ca-certificates.crt)

LIFECYCLE_COMMIT ?= $(shell git rev-parse --short=10 HEAD 2>/dev/null)
export LIFECYCLE_COMMIT

# Static, position-independent: the executables run in containers that hold nothing else. The explicit
# target keeps these flags from build scripts and procedural macros, which have to be dynamic. What the linker
# is told makes the executables smaller; linkers that don't know the first ignore it.
STATIC := -C target-feature=+crt-static -C relocation-model=pie \
	-C link-arg=-Wl,-z,pack-relative-relocs -C link-arg=-Wl,-T,static.ld

SCRIPTS := .ci/run .ci/check-image-vectors $(wildcard demo/*.sh samples/builder/assemble samples/buildpacks/*/bin/*)

.PHONY: help build package test check conformance demo bench clean

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

build: ## build the static executables into target/lifecycle
	RUSTFLAGS="$(STATIC)" cargo build --release --locked --target $(TARGET) $(PHASES:%=-p %) -p cnb
	mkdir -p $(LIFECYCLE)
	cp -f $(PHASES:%=$(BUILT)/%) $(BUILT)/cnb $(LIFECYCLE)/

package: $(PACKAGED:%=build-for-%) ## make the tarball and the image of the lifecycle in target/packages
	rm -rf $(PACKAGES)
	cargo run --quiet --locked -p package -- --output "$(PACKAGES)" \
		$(foreach target,$(PACKAGED),--executables $(target)="$(CARGO_TARGET_DIR)/lifecycle-$(target)") \
		$(CA_CERTIFICATES:%=--ca-certificates %) $(PHASES)

build-for-%:
	$(MAKE) build TARGET=$* LIFECYCLE="$(CARGO_TARGET_DIR)/lifecycle-$*"

check: ## formatting, lints and documentation, as CI demands them
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet
	@if command -v shellcheck > /dev/null; then shellcheck -x $(SCRIPTS); \
	elif [ "$$CI" = true ]; then echo "shellcheck is missing" >&2; exit 1; \
	else echo "SKIPPED: the scripts are not checked, because shellcheck is missing" >&2; fi

test: build check ## everything that has to hold
	LIFECYCLE_DIR="$(abspath $(LIFECYCLE))" LIFECYCLE_TARGET=$(TARGET) cargo test --workspace --locked

conformance: ## test the executables in LIFECYCLE=DIR, ours if not given; CONFORMANCE_ARGS=--help tells more
	$(if $(LIFECYCLE_GIVEN),,$(MAKE) build)
	cargo run --quiet --locked -p spec-tests -- --lifecycle "$(abspath $(LIFECYCLE))" \
		$(if $(LIFECYCLE_GIVEN),,--known spec-tests/deviations/ours.toml) $(CONFORMANCE_ARGS)

demo: build ## from source to a running image, twice
	LIFECYCLE_DIR="$(abspath $(LIFECYCLE))" CNB="$(abspath $(LIFECYCLE))/cnb" demo/demo.sh

bench: build ## measure; BENCH_AGAINST=DIR measures other executables beside, BENCH_ARGS=--help tells more
	cargo run --release --locked -p bench -- --lifecycle "$(abspath $(LIFECYCLE))" \
		$(if $(BENCH_AGAINST),--against "$(abspath $(BENCH_AGAINST))") $(BENCH_ARGS)

clean: ## remove what was built
	cargo clean
