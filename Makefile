# Everything people and CI do with a checkout. `make help` lists it.

SHELL := /bin/sh
.DEFAULT_GOAL := help
PACKAGES := $(wildcard bff cli deploy docs local notifier runtime tests txn_svc user_svc bench)
PROTOS = $(shell find protos -name '*.proto')
SERVICES = $(shell grep -l '^service ' $(PROTOS))
LOCK = --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header
# The folder is the import root, so that generated imports need no repair.
generate = PATH="$$PWD/.venv/bin:$$PATH" .venv/bin/python -m grpc_tools.protoc -I. \
	--python_out=$(1) --mypy_out=quiet:$(1) $(PROTOS) && \
	PATH="$$PWD/.venv/bin:$$PATH" .venv/bin/python -m grpc_tools.protoc -I. \
	--grpc_python_out=$(1) --mypy_grpc_out=quiet:$(1) $(SERVICES)

.PHONY: help setup setup-dev made up stop start test fuzz chaos check drift protos docs locks lambda bench clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Two calls at once wait for each other.
setup:
	@flock Makefile sh local/setup.sh

setup-dev:
	@flock Makefile sh local/setup.sh --dev

# These never change an environment that something may be running from.
made:
	@[ -x .venv/bin/python ] || { echo "Nothing is set up here; \`make up\` does it." >&2; exit 1; }

up: setup ## Set up and run the whole system on this machine, until Ctrl-C
	@exec .venv/bin/python -m local up

stop: made ## End what `make up` runs; with NAME=importer only that process
	@.venv/bin/python -m local stop $(NAME)

start: made ## Start a stopped process again: NAME=importer
	@.venv/bin/python -m local start $(NAME)

# Three at once, each with servers of its own, as a third of the time is waiting. In the order of the folders, or the
# files of few and long tests would come last, and one of the three would keep the others waiting. Tests start hundreds
# of processes: none of them is to compile all modules anew.
test: export PYTHONDONTWRITEBYTECODE =
test: setup-dev ## Set up and run all tests
	@.venv/bin/pytest -n 3 --dist loadscope --no-loadscope-reorder

fuzz: setup-dev ## Run the tests that have many cases with all of them
	@STORI_FUZZ=1 .venv/bin/pytest -n 2 --dist load -m fuzz

chaos: setup-dev ## Kill every process at every step, and at random; about forty minutes
	@STORI_CHAOS=1 .venv/bin/pytest -n 2 --dist load -m chaos --junitxml=.venv/chaos.xml
	@.venv/bin/python -m tests.chaos.table .venv/chaos.xml docs/reliability.md

check: setup-dev drift ## Format, lint, types, import walls, dependencies, protos, generated files
	.venv/bin/ruff check $(PACKAGES)
	.venv/bin/ruff format --check $(PACKAGES)
	.venv/bin/mypy --strict $(PACKAGES)
	.venv/bin/lint-imports
	.venv/bin/deptry .
	@PATH="$$PATH:$$PWD/.venv/node/bin" web/node_modules/.bin/buf lint

# Fails when a committed generated file is not what its source gives today.
drift: setup-dev
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	$(call generate,"$$folder") && \
	(cd "$$folder" && find . -type f) | while read -r file; do \
		cmp "$$folder/$$file" "$$file" || { echo "$$file is not current: make protos" >&2; exit 1; }; \
	done && \
	.venv/bin/python -m bff.schema > "$$folder/schema.graphql" && \
	cmp "$$folder/schema.graphql" bff/schema.graphql || \
	{ echo "bff/schema.graphql or a generated file is not current: make protos" >&2; exit 1; }
	@.venv/bin/python -m docs.settings | cmp - docs/settings.md || \
	{ echo "docs/settings.md is not current: make docs" >&2; exit 1; }

protos: setup ## Generate the code beside the protos and bff/schema.graphql
	@$(call generate,.)
	@.venv/bin/python -m bff.schema > .venv/schema.graphql && cp .venv/schema.graphql bff/schema.graphql

docs: setup ## Generate docs/settings.md from the settings classes
	@.venv/bin/python -m docs.settings > .venv/settings.md && cp .venv/settings.md docs/settings.md

locks: setup ## Pin the newest versions that pyproject.toml allows
	.venv/uv/bin/uv pip compile $(LOCK) --extra redis pyproject.toml -o requirements.lock
	.venv/uv/bin/uv pip compile $(LOCK) --extra dev pyproject.toml -o requirements-dev.lock
	.venv/uv/bin/uv pip compile $(LOCK) local/requirements-emulator.in -o local/requirements-emulator.lock

lambda: setup ## Zip the notifier and the importer as AWS Lambda functions: dist/lambda.zip
	@.venv/bin/python -m deploy.package

bench: setup-dev ## Measure, side by side with peers; about 30 minutes, or only one: ONLY=tokens, import, read, outbox or notifier
	@.venv/bin/python -m bench $(ONLY)

clean: made ## Remove the local data; refuses while something runs
	@.venv/bin/python -m local clean
