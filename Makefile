# Two commands do everything on a machine that has Python 3.11 or newer and make:
#   make run    set up, start PostgreSQL, Valkey, web, worker and beat, serve on port 5300
#   make test   set up, run the tests against real PostgreSQL and Redis
# Others take as long as you like (docs/TRUST.md, benchmarks/README.md):
#   make chaos SECONDS=60 SEED=1, or ANSWERS=10000    breaks things
#   make load SECONDS=120       as many students as the machine allows
#   make proofs                 every crash point with every retry, the state machine, the calibration's levels, a first start

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := adaptive desk organisations student_page sessions_app testing_engine embedded benchmarks chaos
WORKERS ?= auto


.PHONY: run manage test screenshots lint types migrations-check audit lock sbom kubernetes lti-original fuzz schema benchmarks load chaos proofs clean
.DEFAULT_GOAL := run

run: $(VENV)/local.stamp
	@$(BIN)/python -m embedded.run

# A command of manage.py against what `make run` is running: make manage ARGS="cleanup_sessions --dry-run"
manage: $(VENV)/local.stamp
	@$(BIN)/python -m embedded.manage $(ARGS)

# Compiled first: dozens of processes load the service, and where Python may write nothing each would compile it.
# pytest keeps its own: tests whose `assert` tells what was compared.
test: $(VENV)/dev.stamp
	@$(BIN)/python -m compileall -q $(PACKAGES)
	@$(BIN)/python -m testing_engine.compile_kernels
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/hadolint docker/Dockerfile

types: $(VENV)/dev.stamp
	$(BIN)/python -m mypy .

# Fails when a model changed and its migration was forgotten.
migrations-check: $(VENV)/dev.stamp
	$(BIN)/python -m embedded $(BIN)/python manage.py makemigrations --check --dry-run

# Fails when a dependency has a known vulnerability; says so when the database of them cannot be reached.
audit: $(VENV)/dev.stamp
	$(BIN)/python requirements/audit.py $(ARGS)

# requirements/base.lock: base.txt with hashes of every file, for the image. After every change of a pin. Takes minutes.
lock: $(VENV)/dev.stamp
	$(PYTHON) -m venv $(VENV)/lock && $(VENV)/lock/bin/pip install --quiet --disable-pip-version-check pip-tools==7.6.2
	$(VENV)/lock/bin/pip-compile --quiet --generate-hashes --no-header --no-annotate --strip-extras --allow-unsafe \
		--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --output-file requirements/base.lock requirements/base.txt

# LTI's tests with PyLTI1p3, which pylti1p3next was forked from and whose name of import it has.
lti-original: $(VENV)/dev.stamp $(VENV)/lti-original.stamp
	PYTHONPATH=$(VENV)/lti-original $(BIN)/python -c 'import pylti1p3; assert pylti1p3.__version__ == "2.0.0", pylti1p3.__file__'
	PYTHONPATH=$(VENV)/lti-original $(BIN)/python -m pytest -n $(WORKERS) sessions_app/lti/tests $(ARGS)

# What checkov has against the rendered overlays and the Dockerfile; what is meant so stands in deploy/checkov.yaml. No network.
kubernetes: $(VENV)/dev.stamp $(VENV)/checkov.stamp
	@for overlay in production trial; do \
		mkdir -p $(VENV)/rendered && $(BIN)/kubectl kustomize deploy/overlays/$$overlay > $(VENV)/rendered/$$overlay.yaml || exit 1; done
	$(VENV)/checkov/bin/checkov --config-file deploy/checkov.yaml -d $(VENV)/rendered
	$(VENV)/checkov/bin/checkov --config-file deploy/checkov.yaml -f docker/Dockerfile

# What the image's Python side consists of, with versions and hashes, as CycloneDX: sbom.json.
sbom: $(VENV)/dev.stamp
	$(BIN)/cyclonedx-py requirements requirements/base.lock --output-reproducible --of JSON -o sbom.json

# Requests made from the schema, with tokens of every kind, for as many examples as you like: make fuzz EXAMPLES=500
fuzz: $(VENV)/dev.stamp
	FUZZ_EXAMPLES=$(or $(EXAMPLES),200) $(BIN)/python -m pytest sessions_app/api/tests/test_schemathesis.py -n $(WORKERS) $(ARGS)

# Writes the API's schema and the rules' from the code, and where there is npm the types of the client in TypeScript;
# tests fail when they differ.
schema: $(VENV)/dev.stamp
	$(BIN)/python -m embedded $(BIN)/python manage.py spectacular --file docs/openapi.yaml --fail-on-warn --validate
	$(BIN)/python -m testing_engine.rules_schema > docs/rules.schema.json
	$(if $(shell command -v npm),cd clients/typescript && npm ci --ignore-scripts --silent && npm run --silent generate)

benchmarks: $(VENV)/bench.stamp
	$(BIN)/python -m benchmarks

load: $(VENV)/dev.stamp
	$(BIN)/python -m benchmarks.load $(if $(SECONDS),--seconds $(SECONDS)) $(ARGS)

chaos: $(VENV)/dev.stamp
	$(BIN)/python -m chaos $(if $(SECONDS),--seconds $(SECONDS)) $(if $(ANSWERS),--answers $(ANSWERS)) \
		$(if $(SEED),--seed $(SEED)) $(ARGS)

proofs: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -n $(WORKERS) --deep chaos/tests/test_crash_points.py chaos/tests/test_state_machine.py \
		sessions_app/tests/test_replica.py benchmarks/tests/test_calibration_levels_benchmark.py \
		embedded/tests/test_run.py $(ARGS)

# New pictures of the main pages in docs/screenshots. Look at them before you commit them.
screenshots: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -q -p no:randomly browser_tests/screenshots.py

clean:
	rm -rf $(VENV) .run static clients/typescript/node_modules clients/typescript/dist

# A place of its own: it brings a hundred packages, some in versions that ours are not.
$(VENV)/checkov.stamp: requirements/checkov.txt | $(VENV)/bin/python
	$(PYTHON) -m venv $(VENV)/checkov && $(VENV)/checkov/bin/pip install --quiet --disable-pip-version-check -r requirements/checkov.txt
	@touch $@

# In a folder of its own, put before ours; what it needs is there.
$(VENV)/lti-original.stamp: requirements/lti-original.txt | $(VENV)/bin/python
	rm -rf $(VENV)/lti-original
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $(VENV)/lti-original -r requirements/lti-original.txt
	@touch $@

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/%.stamp: requirements/%.txt requirements/base.txt requirements/local.txt requirements/constraints.txt | $(VENV)/bin/python
	@echo "Setting up $(VENV) from requirements/$*.txt: a minute the first time"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/$*.txt
	@touch $@
