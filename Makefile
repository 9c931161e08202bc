# PG_CONFIG chooses the PostgreSQL, 14 to 18: make test PG_CONFIG=/usr/lib/postgresql/17/bin/pg_config
PG_CONFIG ?= /usr/lib/postgresql/15/bin/pg_config
export PG_CONFIG

.DEFAULT_GOAL := help
.PHONY: help setup build install demo test test-orms test-deep test-versions bench bench-report fmt lint

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s  %s\n", $$1, $$2 }' Makefile

setup: ## Install what building and testing needs
	scripts/setup

build: setup ## Build in release mode, without installing
	scripts/build

install: setup ## Build in release mode and install into the PostgreSQL of PG_CONFIG
	scripts/install

demo: install ## Show what rowgrant does, in a throw-away server
	scripts/with-server demo/run

test: install ## Run all tests in a throw-away server
	scripts/test

test-orms: install ## Run the scenario of tests/clients/orms with every ORM there, directly and through PgBouncer
	scripts/test-orms

test-deep: ## Run all tests with PostgreSQL's assertions on, then without caches (an hour)
	tests/matrix --asserts 15

test-versions: ## Run all tests with every version of PostgreSQL that can be had (an hour)
	tests/matrix

# Documents; ten times as many grants. make bench SIZE=1000000 is the full one, of an hour.
SIZE ?= 100000

bench: install ## Measure beside other ways of doing the same, in a throw-away server (SIZE=1000000: the full one)
	benches/run --size $(SIZE)

bench-report: ## Write docs/performance.md from what was measured with SIZE
	benches/run --size $(SIZE) --report

fmt: ## Format the Rust code
	cargo fmt --all

lint: setup ## Check formatting, clippy and the shell scripts
	scripts/lint
