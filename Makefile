# SPDX-License-Identifier: Apache-2.0
# The front door. Every target works on a fresh Debian 12 with git, make and cargo, without a
# terminal, and does only what is still to do.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help
# The steps of one target are in order; the compiler runs on all cores anyway.
.NOTPARALLEL:

FUZZ_SECONDS ?= 600
SEEDS ?= 1000
SEED ?= 1
PREFIX ?= /usr/local
BUILD ?= build

.PHONY: help
help: ## what there is
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

.PHONY: deps
deps: ## the Debian packages that building and testing need
	@tools/install.sh build test

.PHONY: build
build: ## build/bin/sluice-server and build/bin/egctl, optimised
	@tools/install.sh build
	@tools/build.sh release sluice-server egctl

.PHONY: profiled
profiled: ## build-profiled/bin, optimised by a profile of the benches: what to run in production, 8 % less CPU
	@tools/install.sh build bench
	@tools/build_profiled.sh

.PHONY: install
install: ## the programs in PREFIX (/usr/local), below DESTDIR; builds them if there are none (BUILD=build-profiled)
	@[[ -x $(BUILD)/bin/sluice-server && -x $(BUILD)/bin/egctl ]] || $(MAKE) build
	@tools/lay_out.sh $(BUILD) "$(DESTDIR)" "$(PREFIX)"

.PHONY: package
package: ## a Debian package, an archive and npm packages, in build/packages (BUILD=build-profiled)
	@tools/install.sh build package
	@if [[ $(BUILD) == build ]]; then tools/build.sh release sluice-server egctl; fi
	@BUILD=$(BUILD) tools/package.sh $(PACKAGES)

.PHONY: docs
docs: ## the site of the pages in build/docs, with search, for a browser without a network; dead links are errors
	@tools/install.sh docs
	@tools/docs_site.py

.PHONY: reference
reference: ## write the reference in docs/ anew, from the programs in build/bin
	@tools/reference.py

.PHONY: picture
picture: ## docs/images/picture.png anew: the live picture while a sale runs
	@tools/install.sh build test
	@tools/build.sh release sluice-server egctl
	@/usr/bin/python3 tools/picture_of_sale.py

.PHONY: package-npm
package-npm: ## the AssemblyScript SDK and the flash sale as npm packages, in build/packages; needs Node.js only
	@tools/package.sh npm

.PHONY: run
run: ## build, then run the flash sale on port 10080 (DETACH=1: in the background)
	@tools/run.sh

.PHONY: stop
stop: ## stop what `make run` left in the background
	@tools/run.sh stop

.PHONY: run-cluster
run-cluster: ## the flash sale on three gateways that share three etcd, behind a fourth, in the background
	@tools/run_cluster.sh

.PHONY: stop-cluster
stop-cluster: ## stop what `make run-cluster` started
	@tools/run_cluster.sh stop

.PHONY: test
test: ## everything that must pass: unit, SDK, layers and end-to-end tests
	@tools/install.sh build test
	@tools/build.sh release
	@tools/test.sh release

.PHONY: unit
unit: ## the unit tests only, in the development build (build-dev)
	@tools/install.sh build test
	@tools/build.sh dev
	@tools/test.sh dev unit

.PHONY: e2e
e2e: ## the end-to-end tests only (E2E='-k cookbook' picks some)
	@tools/install.sh build test
	@tools/build.sh release
	@tools/test.sh release e2e

.PHONY: test-languages
test-languages: ## the SDKs: 300,000 calls on one instance of a guest in each language; and plugins of others
	@tools/install.sh build test languages
	@tools/build.sh release
	@SLUICE_LANGUAGE_CALLS=100000 E2E='-k sdk_languages -n0' tools/test.sh release e2e
	@SLUICE_PUBLIC_PLUGINS=1 E2E='-k public_plugins -n0' tools/test.sh release e2e

.PHONY: test-package
test-package: ## the packages on a Debian 12 that debootstrap makes: install, upgrade, remove; as root, 10 minutes
	@$(MAKE) package
	@tools/install.sh build test package package-test
	@unshare --mount /usr/bin/python3 -m pytest -p no:cacheprovider tests/package

.PHONY: test-etcd-new
test-etcd-new: ## the tests of clusters on etcd 3.7 instead of Debian's 3.4; needs Go
	@tools/install.sh build test
	@tools/build.sh release
	@tools/test_etcd_new.sh

.PHONY: asan
asan: ## unit and end-to-end tests under AddressSanitizer and UBSan
	@tools/install.sh build test
	@tools/build.sh asan
	@tools/test.sh asan unit conformance e2e

.PHONY: tsan
tsan: ## unit and end-to-end tests under ThreadSanitizer
	@tools/install.sh build test
	@tools/build.sh tsan
	@tools/test.sh tsan unit conformance e2e

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZ_SECONDS (600) each
	@tools/install.sh build fuzz
	@tools/build.sh fuzz
	@tools/fuzz.sh $(FUZZ_SECONDS)

.PHONY: soak
soak: ## 200 x kill -9, 50 runs of six sales, 20 of 13 in a cluster (SOAK='--crashes 20 --runs 1 --clusters 1')
	@tools/install.sh build test
	@tools/build.sh release
	@tools/soak.sh $(SOAK)

.PHONY: histories
histories: ## SEEDS (1000) histories of three members on etcd, under faults (SEED=7: from this one)
	@tools/install.sh build test
	@tools/build.sh release sluice_filters_wasm_host_test
	@tools/histories.sh $(SEEDS) $(SEED)

.PHONY: canaries
canaries: ## each safeguard of the cluster left out: do the histories notice? An hour (CANARIES='--only permit*')
	@tools/install.sh build test
	@/usr/bin/python3 tools/canaries.py $(CANARIES)

.PHONY: mutants
mutants: ## faults put in one at a time: which do the tests notice? Hours (MUTANTS='--only http-*')
	@tools/install.sh build test
	@/usr/bin/python3 tools/mutants.py $(MUTANTS)

.PHONY: bench
bench: ## CPU per request beside a bare responder, nginx and nginx + Lua (BENCH='--rounds 3 --seconds 2')
	@tools/install.sh build bench
	@tools/build.sh release
	@/usr/bin/python3 bench/run.py $(BENCH)
	@$(MAKE) bench-permits
	@$(MAKE) bench-administration

.PHONY: bench-proxy
bench-proxy: ## CPU per request of Proxy beside nginx and HAProxy (PROXY='--rounds 3')
	@tools/install.sh build bench
	@tools/build.sh release
	@/usr/bin/python3 bench/proxy.py $(PROXY)

.PHONY: bench-filters
bench-filters: ## CPU per request of filters beside nginx and HAProxy (FILTERS='--only redirect')
	@tools/install.sh build bench
	@tools/build.sh release
	@/usr/bin/python3 bench/filters.py $(FILTERS)

.PHONY: bench-languages
bench-languages: ## the flash sale in every language: lines, size, memory, CPU of a run (LANGUAGES='--only c go')
	@tools/install.sh build test languages
	@tools/build.sh release
	@cmake --build --preset release --target wasm_host_bench
	@/usr/bin/python3 bench/languages.py $(LANGUAGES)

.PHONY: bench-tls
bench-tls: ## TLS handshakes per CPU second beside nginx (TLS='--rounds 1')
	@tools/install.sh build bench
	@tools/build.sh release
	@/usr/bin/python3 bench/tls.py $(TLS)

.PHONY: bench-permits
bench-permits: ## permits a second on disk, the price of a transaction (PERMITS='--rounds 3')
	@tools/install.sh build bench
	@tools/build.sh release
	@cmake --build --preset release --target wasm_host_bench wasm_host_bench_null
	@/usr/bin/python3 bench/permits.py $(PERMITS)

.PHONY: bench-cluster
bench-cluster: ## permits, latency and fairness over members on etcd; then the simulation of many (CLUSTER='--members 3')
	@tools/install.sh build cluster bench
	@tools/build.sh release
	@/usr/bin/python3 bench/cluster.py $(CLUSTER)
	@/usr/bin/python3 bench/scale_simulation.py --measured build/cluster.json

.PHONY: bench-overload
bench-overload: ## a sale asked for 2 and 10 times what it can answer (OVERLOAD='--seconds 300')
	@tools/install.sh build bench
	@tools/build.sh release
	@/usr/bin/python3 bench/overload.py $(OVERLOAD)

.PHONY: bench-backup
bench-backup: ## a backup of a sale that lets in as many as it can, and its restoration elsewhere (BACKUP='--seconds 20')
	@tools/install.sh build bench
	@tools/build.sh release
	@/usr/bin/python3 bench/backup.py $(BACKUP)

.PHONY: bench-administration
bench-administration: ## what visitors notice while a million keys are applied, listed, deleted
	@tools/install.sh build bench
	@tools/build.sh release
	@/usr/bin/python3 bench/administration.py $(ADMINISTRATION)

.PHONY: lint
lint: ## format, layers, thread safety, clang-tidy of what differs from main (LINT=recent, LINT=all)
	@tools/install.sh build lint
	@tools/build.sh lint configure
	@tools/lint.sh $(LINT)

.PHONY: house
house: ## sizes, repeated names, cycles, copies, tests beside the code (HOUSE='--compare before.json')
	@tools/install.sh house
	@/usr/bin/python3 tools/house.py $(HOUSE)

.PHONY: format
format: ## write our format into every C++ file
	@tools/install.sh lint
	@git ls-files -co --exclude-standard '*.cc' '*.h' | xargs -r clang-format-16 -i

.PHONY: clean
clean: ## forget the builds (Wasmtime's stays in the cache)
	rm -rf build build-dev build-asan build-tsan build-fuzz build-lint build-lint-all build-mutants
