# Two of these are all that a newcomer needs: `make demo` and `make test`. `make help` lists the rest.
SHELL := /bin/sh
PYTHON ?= $(shell [ -x /usr/bin/python3 ] && echo /usr/bin/python3 || echo python3)
PREFIX ?= /usr/local
BINARY := .build/release/runstream
ACCEPTANCE := cd Tests/Acceptance && ../../.venv/acceptance/bin/python -m pytest -q

.PHONY: help demo test build install uninstall check packages test-packages test-unit test-acceptance test-acceptance-short bench bench-smoke soak micro fuzz image clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-32s %s\n", $$1, $$2 }'

demo: packages build ## installs what is missing, builds, runs the example on real data, prints its result
	@scripts/demo.sh

test: test-packages .venv/acceptance .venv/praisonai ## every test: checks, unit tests in four builds, acceptance tests, a benchmark
	@scripts/test.sh

# With the Swift runtime in it, as in the image: it runs where no Swift is installed, and a call into the runtime is a call.
build: ## the release binary, .build/release/runstream
	swift build -c release --product runstream --static-swift-stdlib

install: ## what `make build` made, and completions, to PREFIX (/usr/local); DESTDIR for packagers
	@[ -x $(BINARY) ] || { echo 'Run make build first.' >&2; exit 1; }
	install -D -m 755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/runstream
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions \
	    $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	$(BINARY) --generate-completion-script bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/runstream
	$(BINARY) --generate-completion-script zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_runstream
	$(BINARY) --generate-completion-script fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/runstream.fish

uninstall: ## removes what `make install` installed
	rm -f $(DESTDIR)$(PREFIX)/bin/runstream $(DESTDIR)$(PREFIX)/share/bash-completion/completions/runstream \
	    $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_runstream $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/runstream.fish

check: ## format, layers, file lengths, dependencies
	@scripts/check.sh

packages:
	@scripts/install-packages.sh

test-packages:
	@scripts/install-packages.sh --tests

test-unit: ## the Swift tests, debug build
	swift test

test-acceptance: build .venv/acceptance .venv/praisonai ## the acceptance tests, against the release binary
	$(ACCEPTANCE)

test-acceptance-short: build .venv/acceptance ## the same without the long ones
	$(ACCEPTANCE) -m "not long"

bench-smoke: build ## a short benchmark: many streams on one run
	$(MAKE) --no-print-directory -C Benchmarks bench-smoke

bench: build ## the whole benchmark, with its tables
	$(MAKE) --no-print-directory -C Benchmarks bench

soak: build ## ten minutes of viewers that come and go; SECONDS=60 for one
	$(MAKE) --no-print-directory -C Benchmarks soak

micro: ## single operations: time and allocations
	$(MAKE) --no-print-directory -C Benchmarks micro

fuzz: ## an hour of libFuzzer on all parsers; SECONDS=60 for a minute each, TARGET=json for one
	@scripts/fuzz.sh "$(SECONDS)" "$(TARGET)"

image: ## the container image (needs Docker)
	docker build -t runstream .

clean: ## removes everything that was built
	rm -rf .build .build-thread .build-address .build-fuzz .venv

.venv/acceptance: Tests/Acceptance/requirements.txt
	$(PYTHON) -m venv --clear $@
	$@/bin/pip install -q -r $<
	@touch $@

.venv/praisonai: Tests/Acceptance/requirements-praisonai.txt
	$(PYTHON) -m venv --clear $@
	$@/bin/pip install -q -r $<
	@touch $@
