# Meson does the work; these are the names people type. See CONTRIBUTING.md.
PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 60

MESON = meson
# Folders change when a file comes or goes: then the build is set up again (it takes what lies there).
FOLDERS = $(wildcard src/ src/*/ tests/unit/*/ tests/fuzz/ docs/man/)

all: build/build.ninja
	@ninja -C build program

build/build.ninja: meson.build meson_options.txt $(FOLDERS)
	@command -v $(MESON) ninja >/dev/null || { echo "Meson and Ninja are missing: run tools/install-deps build" >&2; exit 1; }
	@if [ -f $@ ]; then $(MESON) setup --reconfigure build; else $(MESON) setup --prefix=$(PREFIX) build; fi
	@touch $@

install: build/build.ninja
	@$(MESON) configure build --prefix=$(PREFIX)
	@ninja -C build program
	@$(MESON) install --no-rebuild -C build $(if $(DESTDIR),--destdir=$(abspath $(DESTDIR)))

demo:
	@tools/install-deps build demo
	@$(MAKE) --no-print-directory all
	@tools/demo

test:
	@tools/install-deps build test
	@tools/run-tests

check:
	@tools/install-deps build test check
	@tools/check

bench: all
	@tools/install-deps build test
	@tools/bench

fuzz:
	@tools/install-deps build test
	@tools/run-tests --only fuzz --fuzz-seconds $(FUZZ_SECONDS) --fuzz-seed 0

clean:
	rm -rf build build-test build-fuzz build-gcc build-clang

.PHONY: all install demo test check bench fuzz clean
