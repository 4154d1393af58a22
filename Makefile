# Everything a person or CI does here. `make` alone lists it.
#
# Tools and build output live in one cache outside the checkout, so that a fresh clone starts warm.

TENANTRY_CACHE ?= $(HOME)/.cache/tenantry
export TENANTRY_CACHE
export SAM_CLI_TELEMETRY := 0
export CARGO_TARGET_DIR := $(TENANTRY_CACHE)/target
export PATH := $(TENANTRY_CACHE)/venv/bin:$(TENANTRY_CACHE)/node_modules/.bin:$(HOME)/.cargo/bin:$(PATH)

STACK := python infra/local/stack
# What a blueprint is made on is real where it can be.
PEERS := --peer mariadb --peer rabbitmq --peer bench
SAM := $(TENANTRY_CACHE)/sam/bin/sam
STAGE ?= dev

# A stamp carries the digest of what it stands for: a changed list of versions installs again, a fresh clone does not.
stamp = $(TENANTRY_CACHE)/stamps/$(1)-$(shell cat $(2) | cksum | tr ' ' '-')
PYTHON_TOOLS := $(call stamp,python,infra/tools/requirements.txt)
NODE_TOOLS := $(call stamp,node,infra/tools/package-lock.json)
HELM := $(TENANTRY_CACHE)/helm/helm
SAM_TOOLS := $(call stamp,sam,infra/tools/requirements-sam.txt)
DEPLOY_TOOLS := $(call stamp,deploy,infra/tools/requirements-deploy.txt)
CLIENTS := $(call stamp,clients,infra/tools/requirements-clients.txt)
# Where npm's list of a folder is installed: beside the cache's other lists, as checkouts may differ. npm writes this file last.
modules = $(TENANTRY_CACHE)/npm/$(subst /,-,$(1))-$(shell cat $(1)/package-lock.json | cksum | tr ' ' '-')/node_modules/.package-lock.json
# A folder of modules that somebody has made by hand is left to them.
link = [ -d $(1)/node_modules -a ! -L $(1)/node_modules ] || ln -sfn $(dir $(2)) $(1)/node_modules
PAGE := functions/console/web
PAGE_MODULES := $(call modules,$(PAGE))
PAGE_SOURCES := $(shell find $(PAGE) -mindepth 1 \( -name node_modules -o -name dist -o -name schema.d.ts -o -name permissions.json \) -prune -o -print)
BROWSER := tests/console
BROWSER_MODULES := $(call modules,$(BROWSER))
# One of our steps, and the same in other languages.
STEP := websites-register-website
NODE_STEP := tests/start/peers/node
NODE_STEP_MODULES := $(call modules,$(NODE_STEP))
PYTHON_STEP := tests/start/peers/python
PYTHON_STEP_TOOLS := $(call stamp,python-step,$(PYTHON_STEP)/requirements.txt)
CHECKOV_TOOLS := $(call stamp,checkov,infra/tools/requirements-checkov.txt)
SCHEMATHESIS_TOOLS := $(call stamp,schemathesis,infra/tools/requirements-schemathesis.txt)
export SCHEMATHESIS := $(TENANTRY_CACHE)/schemathesis/bin/schemathesis
export HELM

.DEFAULT_GOAL := help
.PHONY: help setup build page release peers up down demo test contract browser faults mutations fuzz bench instructions soak lint format clippy dependencies machines templates checkov manifests charts alerts typescript audit deploy

help: ## List what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

setup: $(PYTHON_TOOLS) ## Install the tools, once
	@infra/tools/system

build: setup page ## Build every function and command
	@cargo build --workspace --exclude sagas --bins

page: $(PAGE)/dist/index.html # What the console serves

$(PAGE)/dist/index.html: $(PAGE_SOURCES) docs/openapi.json $(PAGE_MODULES)
	@$(call link,$(PAGE),$(PAGE_MODULES))
	@npm --prefix $(PAGE) run --silent build -- --logLevel warn

up: setup ## Start the local stack, or bring the running one up to date
	@$(STACK) up $(if $(filter kubernetes-argocd frappe-bench,$(BLUEPRINT)),$(PEERS))

down: setup ## Stop the local stack; `make up` brings its data back
	@$(STACK) down

demo: up ## One tenant, live; FAIL=<step> shows a failure undone, BLUEPRINT=<name> and PLAN=<name> choose, BILLING=1 has it bought
	@eval "$$($(STACK) env)" && $(CARGO_TARGET_DIR)/debug/tenantry demo \
	  $(if $(BILLING),--bought) $(if $(FAIL),--fail $(FAIL)) $(if $(BLUEPRINT),--blueprint $(BLUEPRINT)) $(if $(PLAN),--plan $(PLAN))

# What is marked `#[ignore = "needs the local stack"]` runs here too. That a right is used depends on the machine for a few, so it is told and
# fails nothing.
test: build $(NODE_TOOLS) $(SCHEMATHESIS_TOOLS) $(if $(TESTS),,contract) ## Every test, against a stack of their own; TESTS=<nextest filter>
	@cargo nextest run --workspace --no-run
	@$(STACK) run --rights $(CARGO_TARGET_DIR)/rights $(PEERS) -- cargo nextest run --workspace --run-ignored all $(TESTS)
	$(if $(TESTS),,@$(STACK) run -- cargo nextest run --workspace --run-ignored all --ignore-default-filter -E 'binary(schemathesis)')
	$(if $(TESTS),,-@python tests/rights/check.py $(CARGO_TARGET_DIR)/rights)
	$(if $(TESTS),,@MINUTES=3 $(soak))

# The sandbox is built among the whole workspace, with the features it has there.
contract: setup $(CLIENTS) ## Official clients against the provider sandbox, and the agent on a bench host against real peers
	@cargo build --quiet --workspace --exclude sagas --bin sandbox
	@$(TENANTRY_CACHE)/clients/bin/pytest tests/contract/clients
	@$(TENANTRY_CACHE)/clients/bin/pytest tests/bench-host

browser: build $(BROWSER_MODULES) ## The console in Chromium, against a stack of its own; SPECS=<some>
	@$(call link,$(BROWSER),$(BROWSER_MODULES))
	@$(STACK) run -- npm --prefix $(BROWSER) run --silent test -- $(SPECS)

faults: setup ## The fault matrix; SEEDS=<n> random runs, BLUEPRINT=<name>, FAMILY=<letters>, CASE='<one, again>'
	@CASE="$(CASE)" BLUEPRINT="$(BLUEPRINT)" FAMILY="$(FAMILY)" SEEDS="$(SEEDS)" cargo test --quiet --profile faults --package sagas --test faults

mutations: setup ## Remove each safeguard in turn, and see the fault matrix miss it
	@python tests/mutations/run.py $(ONLY)

fuzz: setup ## Made-up input for what reads what comes from outside; SECONDS=<for each>, TARGET=<some>
	@python tests/fuzz/run.py $(or $(SECONDS),60) $(TARGET)

bench: build release peers ## What may not get slower or dearer, ROWS=<some>; writes target/bench/report.json
	@cargo bench --quiet --profile faults --package bench --no-run
	@ROWS="$(ROWS)" $(if $(filter start,$(ROWS)),,SFN_WAIT_SCALE=1 CLOUD_PACE=1 BENCH_PACE=1 $(STACK) run $(PEERS) --) cargo bench --quiet --profile faults --package bench

instructions: setup release ## Instructions of a cold and a warm call, against those written down; GOLDEN=1 writes them
	@cargo run --quiet --package start

release: setup
	@cargo build --quiet --release --package $(STEP)

peers: $(PYTHON_STEP_TOOLS) $(NODE_STEP)/dist/index.cjs # The step in other languages
	@ln -sfn $(TENANTRY_CACHE)/python-step $(PYTHON_STEP)/venv

$(NODE_STEP)/dist/index.cjs: $(wildcard $(NODE_STEP)/*.js) $(NODE_STEP_MODULES)
	@$(call link,$(NODE_STEP),$(NODE_STEP_MODULES))
	@npm --prefix $(NODE_STEP) run --silent build

# A stack of its own: its faults are everybody's.
soak = $(STACK) run -- cargo nextest run --workspace --run-ignored all --ignore-default-filter -E 'binary(soak)'
MINUTES ?= 60

soak: build ## A long mixed life, MINUTES=60; writes target/soak/report.json
	@MINUTES=$(MINUTES) $(soak)

lint: format clippy dependencies machines templates checkov manifests charts alerts typescript ## All checks that need no stack; -k goes on after a failure

format: setup
	cargo fmt --all --check

clippy: setup
	cargo clippy --workspace --all-targets -- -D warnings

dependencies: setup
	cargo deny --log-level error check bans licenses sources

machines: setup $(NODE_TOOLS)
	asl-validator $(addprefix --json-path ,$(shell find statemachine tests -name '*.asl.json'))

templates: setup $(SAM_TOOLS)
	cfn-lint template.yaml infra/*.yaml infra/blueprints/*.yaml
	$(SAM) validate --lint --region us-east-1
	$(TENANTRY_CACHE)/sam/bin/python infra/tools/built.py

checkov: setup $(CHECKOV_TOOLS) # What is usually amiss in a template; .checkov.yaml says what is not asked, and why
	@$(TENANTRY_CACHE)/checkov/bin/checkov --config-file .checkov.yaml

manifests: setup # What a tenant's cluster is told and lets us do, by Kubernetes' own schemas
	@kubernetes-validate --quiet --strict -k 1.36 tests/contract/manifests/*.kubernetes.yaml infra/cluster/*.yaml

charts: setup $(NODE_TOOLS) # What a tenant's release is made of, by Helm and by Kubernetes' own schemas; a file of values for each plan
	@python infra/local/charts/check.py

alerts: setup # The alert rules that tenants get, by what they say of made-up figures
	@python functions/kubernetes/monitor-tenant/tests/run.py

typescript: setup $(PAGE_MODULES) $(BROWSER_MODULES) # The console, and what drives it
	@$(call link,$(PAGE),$(PAGE_MODULES))
	@$(call link,$(BROWSER),$(BROWSER_MODULES))
	npm --prefix $(PAGE) run --silent check
	npm --prefix $(PAGE) run --silent test
	npm --prefix $(BROWSER) run --silent check

audit: setup ## Known vulnerabilities in dependencies; needs the network
	cargo deny check advisories

deploy: setup $(SAM_TOOLS) $(DEPLOY_TOOLS) ## Deploy to AWS; STAGE=<environment in samconfig.toml>
	PATH=$(TENANTRY_CACHE)/sam/bin:$$PATH $(SAM) build --beta-features --config-env $(STAGE)
	$(SAM) deploy --config-env $(STAGE)

$(PYTHON_TOOLS): infra/tools/requirements.txt
	@infra/tools/system
	@python3 -m venv $(TENANTRY_CACHE)/venv
	@$(TENANTRY_CACHE)/venv/bin/pip install --quiet --disable-pip-version-check -r $<
	@mkdir -p $(@D) && touch $@

$(NODE_TOOLS): infra/tools/package.json infra/tools/package-lock.json
	@cp $^ $(TENANTRY_CACHE) && cd $(TENANTRY_CACHE) && npm ci --silent --no-audit --no-fund --legacy-peer-deps
	@python3 infra/tools/helm.py $(TENANTRY_CACHE)
	@mkdir -p $(@D) && touch $@

$(NODE_STEP_MODULES): FOLDER := $(NODE_STEP)
$(PAGE_MODULES): FOLDER := $(PAGE)
$(BROWSER_MODULES): FOLDER := $(BROWSER)
$(PAGE_MODULES) $(BROWSER_MODULES) $(NODE_STEP_MODULES): | $(PYTHON_TOOLS)
	@mkdir -p $(@D)/..
	@cp $(FOLDER)/package.json $(FOLDER)/package-lock.json $(FOLDER)/.npmrc $(@D)/.. && cd $(@D)/.. && npm ci --silent

$(SAM_TOOLS): infra/tools/requirements-sam.txt
	@python3 -m venv $(TENANTRY_CACHE)/sam
	@$(TENANTRY_CACHE)/sam/bin/pip install --quiet --disable-pip-version-check -r $<
	@mkdir -p $(@D) && touch $@

$(DEPLOY_TOOLS): infra/tools/requirements-deploy.txt
	@$(TENANTRY_CACHE)/sam/bin/pip install --quiet --disable-pip-version-check -r $<
	@mkdir -p $(@D) && touch $@

$(CLIENTS): infra/tools/requirements-clients.txt
	@python3 -m venv $(TENANTRY_CACHE)/clients
	@$(TENANTRY_CACHE)/clients/bin/pip install --quiet --disable-pip-version-check -r $<
	@mkdir -p $(@D) && touch $@

$(PYTHON_STEP_TOOLS): $(PYTHON_STEP)/requirements.txt
	@python3 -m venv $(TENANTRY_CACHE)/python-step
	@$(TENANTRY_CACHE)/python-step/bin/pip install --quiet --disable-pip-version-check -r $<
	@mkdir -p $(@D) && touch $@

$(CHECKOV_TOOLS): infra/tools/requirements-checkov.txt
	@python3 -m venv $(TENANTRY_CACHE)/checkov
	@$(TENANTRY_CACHE)/checkov/bin/pip install --quiet --disable-pip-version-check -r $<
	@mkdir -p $(@D) && touch $@

$(SCHEMATHESIS_TOOLS): infra/tools/requirements-schemathesis.txt
	@python3 -m venv $(TENANTRY_CACHE)/schemathesis
	@$(TENANTRY_CACHE)/schemathesis/bin/pip install --quiet --disable-pip-version-check -r $<
	@mkdir -p $(@D) && touch $@
