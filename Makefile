# Everything is done in .venv, which the first target that needs it sets up. `make help` lists the targets.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help

# What can be set on the command line, as in `make test K=slashing JOBS=4`.
# PYTHON names the interpreter to use; without it scripts/find-python looks for one.
PYTHON ?=
JOBS ?= auto
K ?=
ARGS ?=
VECTORS ?=
HOURS ?= 1
ROUNDS ?= 50
SEED ?=
REPLAY ?=
OUTPUT ?= vectors
SCENARIO ?=
PORT ?= 8000

# What `make pythons` sets to try other versions of Python.
VENV := .venv
RUN := $(VENV)/bin/python
# An environment of the shell must not leak into ours, and the code is that of this checkout: every
# command runs here, and Python looks here first.
unexport PYTHONPATH PYTHONHOME PYTHONSAFEPATH PYTHONOPTIMIZE VIRTUAL_ENV
# An environment holds paths to its place and to its interpreter. One that was copied or moved, or whose
# interpreter has gone, is made again.
ifneq ($(shell [ -x $(VENV)/bin/python ] && cat $(VENV)/.place 2> /dev/null),$(CURDIR))
MOVED := $(VENV)/.moved
endif

UV_VERSION := 0.13.9
CLIENTS := clients
# What is ours: code, and documents.
CODE := $(wildcard setup.py pysetup poolspec stubs tests benchmarks)
DOCUMENTS := $(wildcard *.md specs docs eip/notes.md eip/assets tests $(CLIENTS)/*.md)
# The proposal begins with a preamble, which mdformat does not know: its own checker sees to its form.
PROPOSAL := eip/eip-draft_pool_bonds.md

# Coverage and mutants judge the vectors of the minimal preset; those in OUTPUT are brought up to date.
WRITE_JUDGED = $(if $(VECTORS),:,$(RUN) -m poolspec vectors --output "$(OUTPUT)" --preset minimal --fork poolbonds --jobs $(JOBS))

# Under another name, since a line with $$(MAKE) in it is carried out by `make --dry-run` too.
AGAIN = $(MAKE)
MINOR := import sys; print("%d.%d" % sys.version_info[:2])
# What another version of Python may see otherwise: the library's own modules and interfaces.
ELSEWHERE := tests/packaging/test_public_api.py tests/pysetup tests/runtime tests/recorder tests/conformance

ifneq ($(filter conformance,$(MAKECMDGOALS)),)
  ifeq ($(strip $(VECTORS)),)
    $(error name what to replay: make conformance VECTORS=<folder or .tar.gz>)
  endif
endif

##@ Setting up

.PHONY: help
help: ## List the targets.
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile
	@printf '\nOptions: PYTHON=<interpreter> JOBS=%s K=<pytest expression> ARGS=<further arguments> VECTORS=<folder or archive> OUTPUT=%s\n' \
	  '$(JOBS)' '$(OUTPUT)'

.PHONY: setup
setup: $(VENV)/.installed ## Make .venv from the lock file and compile the specs.

.PHONY: specs
specs: $(VENV)/.locked ## Compile the markdown; unchanged input compiles nothing.
	@$(RUN) -m pysetup

.PHONY: compile
compile: specs ## The same as specs.

# There is never a file of this name, so what depends on it is made.
$(VENV)/.moved: ;

$(VENV)/.locked: requirements.lock $(MOVED)
	@python=$$(sh scripts/find-python "$(PYTHON)"); \
	  echo "installing the locked packages into $(VENV), with $$("$$python" --version)"; \
	  rm -rf $(VENV); \
	  "$$python" -m venv $(VENV)
	@$(RUN) -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@pwd -P > $(VENV)/.place
	@touch $@

# The specs are compiled first (and always: the compiler sees for itself what changed), so that what
# is wrong with them is said by the compiler and not from within pip.
$(VENV)/.installed: $(VENV)/.locked pyproject.toml setup.py | specs
	@$(RUN) -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

##@ Working

.PHONY: test
test: $(VENV)/.installed ## Run the tests; K=… selects, ARGS=… goes to pytest.
	@PYTHONUTF8=1 $(RUN) -m pytest -n $(JOBS) $(if $(K),-k "$(K)") $(ARGS)

.PHONY: pythons
pythons: $(VENV)/.installed ## Run some of the tests under every other supported Python that is found.
	@ours=$$($(RUN) -c '$(MINOR)'); \
	sh scripts/find-python --all | while IFS= read -r python; do \
	  version=$$("$$python" -c '$(MINOR)'); \
	  [ "$$version" = "$$ours" ] || $(AGAIN) test VENV=.venv-"$$version" PYTHON="$$python" K= ARGS="$(ELSEWHERE)"; \
	done

.PHONY: vectors
vectors: $(VENV)/.installed ## Write the test vectors into vectors/ (OUTPUT=…).
	@$(RUN) -m poolspec vectors --output "$(OUTPUT)" $(ARGS)

.PHONY: conformance
conformance: $(VENV)/.installed ## Replay VECTORS=<folder or .tar.gz>; ARGS="--runner sanity" selects.
	@$(RUN) -m poolspec conformance "$(VECTORS)" $(ARGS)

.PHONY: vector-coverage
vector-coverage: $(VENV)/.installed ## List lines and branches that no vector reaches, of OUTPUT or VECTORS=<folder>.
	@$(WRITE_JUDGED)
	@$(RUN) -m poolspec.mutation coverage --jobs $(JOBS) "$(or $(VECTORS),$(OUTPUT))" $(ARGS)

.PHONY: mutants
mutants: $(VENV)/.installed ## List mistakes that no vector notices; ARGS="--function 'is_*' --sample 5" selects.
	@$(WRITE_JUDGED)
	@$(RUN) -m poolspec.mutation mutants --jobs $(JOBS) "$(or $(VECTORS),$(OUTPUT))" $(ARGS)

.PHONY: vectors-check
vectors-check: $(VENV)/.installed ## Write the vectors from two fresh clones and compare them byte for byte.
	@$(RUN) -m poolspec.vectors.reproducible --jobs $(JOBS) $(ARGS)

.PHONY: client-check
client-check: $(CLIENTS)/node_modules/.installed ## Let other clients' software read VECTORS=<folder> (vectors/).
	@node $(CLIENTS)/check.js $(ARGS) "$(or $(VECTORS),$(OUTPUT))"

$(CLIENTS)/node_modules/.installed: $(CLIENTS)/package-lock.json $(CLIENTS)/package.json $(CLIENTS)/.npmrc
	@for tool in node npm; do command -v $$tool > /dev/null || { echo "error: $$tool not found; make client-check needs Node.js 20 or later with npm" >&2; exit 1; }; done
	@node -e 'if (parseInt(process.versions.node) < 20) { console.error("error: make client-check needs Node.js 20 or later, this is " + process.versions.node); process.exit(1); }'
	@echo "installing the locked packages into $(CLIENTS)/node_modules"
	@npm ci --prefix $(CLIENTS) --silent
	@touch $@

.PHONY: simulate
simulate: $(VENV)/.installed ## Run SCENARIO=<name or file>, without one list them; ARGS="--set scale=64 --out DIR".
	@$(RUN) -m poolspec simulate $(if $(SCENARIO),"$(SCENARIO)",--list) $(ARGS)

.PHONY: fuzz
fuzz: $(VENV)/.installed ## Try to break the fork for HOURS=… (SEED=…); REPLAY=<folder> checks a finding.
	@$(RUN) -m tests.fuzzing $(if $(REPLAY),--replay "$(REPLAY)",--hours "$(HOURS)" $(if $(SEED),--seed "$(SEED)")) $(ARGS)

.PHONY: fuzz-tools
fuzz-tools: $(VENV)/.installed ## Feed the tools with damaged input for HOURS=….
	@$(RUN) -m tests.hostile --hours "$(HOURS)" $(ARGS)

.PHONY: faults
faults: $(VENV)/.installed ## Kill the tools at ROUNDS=… random moments, fill their disks, and run them again.
	@POOLSPEC_FAULTS="$(ROUNDS)" $(RUN) -m pytest -q tests/faults $(ARGS)

.PHONY: bench
bench: $(VENV)/.installed ## Measure speed beside the official specification's figures.
	@$(RUN) -m benchmarks $(ARGS)
	@$(RUN) -m benchmarks.engine
	@if [ -d $(CLIENTS)/node_modules ]; then $(RUN) -m benchmarks.lodestar; fi

##@ Reading

.PHONY: diff
diff: $(VENV)/.installed ## Write what the fork changes into build/diff/, as Markdown and as a page.
	@$(RUN) -m poolspec.specdiff $(ARGS)

.PHONY: reached
reached: $(VENV)/.installed ## Note which vectors, of OUTPUT or VECTORS=<folder>, reach which functions.
	@$(WRITE_JUDGED)
	@$(RUN) -m poolspec.specdiff.reached --jobs $(JOBS) "$(or $(VECTORS),$(OUTPUT))" $(ARGS)

.PHONY: docs
docs: $(VENV)/.installed ## Build the site of all documents into build/site/.
	@$(RUN) -m poolspec.site $(ARGS)

.PHONY: serve-docs
serve-docs: $(VENV)/.installed ## Build the site and serve it on this machine (PORT=…).
	@$(RUN) -m poolspec.site --serve $(PORT) $(ARGS)

.PHONY: studies
studies: $(VENV)/.installed ## Sweep parameters and write the EIP's figures and tables.
	@$(RUN) -m poolspec studies --jobs $(JOBS) $(ARGS)

##@ Keeping it clean

.PHONY: lint
lint: $(VENV)/.installed ## Check style, types, documents and spelling.
	@$(RUN) -m ruff check $(CODE)
	@$(RUN) -m ruff format --check $(CODE) $(DOCUMENTS)
	@# Compiled modules are among them: what is wrong there is said of the line in the document.
	@$(RUN) -m mypy $(CODE) | $(RUN) -m pysetup map
	@$(RUN) -m mdformat --check $(DOCUMENTS)
	@$(RUN) -m codespell_lib
	@$(RUN) -m poolspec.proposal $(PROPOSAL)

.PHONY: format
format: $(VENV)/.locked ## Put code and documents into shape.
	@$(RUN) -m ruff check --quiet --fix-only $(CODE)
	@$(RUN) -m ruff format $(CODE) $(DOCUMENTS)
	@$(RUN) -m mdformat $(DOCUMENTS)
	@$(RUN) -m poolspec.proposal --write $(PROPOSAL)

.PHONY: lock
lock: $(VENV)/.locked ## Renew requirements.lock within the bounds of pyproject.toml.
	@$(RUN) -m pip install -qq --disable-pip-version-check "uv==$(UV_VERSION)"
	@$(RUN) -m uv pip compile --quiet --universal --python-version 3.12 --generate-hashes --upgrade \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	  --extra dev --output-file requirements.lock pyproject.toml $(ARGS)

.PHONY: audit
audit: $(VENV)/.installed ## Ask for known vulnerabilities of the locked packages; without a network it says so.
	@$(RUN) -m tests.packaging.audit $(ARGS)

.PHONY: licences
licences: $(VENV)/.installed ## Renew docs/dependencies.md from the lock files.
	@$(RUN) -m tests.packaging.licences

.PHONY: clean
clean: ## Remove .venv, compiled specs, whatever was written, and caches.
	@rm -rf .venv .venv-* .studies build dist simulations vectors $(CLIENTS)/node_modules *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@rm -rf $$(git ls-files --others --ignored --exclude-standard --directory poolspec pysetup tests benchmarks)
