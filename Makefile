# Parley, one command each. Python packages live in .venv, pinned by hash in requirements/; what is
# up to date is not done again, so a second `make run` starts at once.

PYTHON ?= python3
VENV := .venv
NEMO_VENV := .venv-nemo
KOKORO_VENV := .venv-kokoro
PIPECAT_VENV := .venv-pipecat
LLAMA_VENV := .venv-llama
BIN := $(VENV)/bin
UV := $(BIN)/uv
PACKAGES := backend bench chassis deploy inference livekit_agent parley tests
WEB_PACKAGES := frontend/node_modules/.package-lock.json
INSTALL := $(UV) pip install --compile-bytecode --python $(BIN)/python $(if $(MAKE_TERMOUT),,--quiet)
INSTALL_PIPECAT := $(subst $(BIN)/python,$(PIPECAT_VENV)/bin/python,$(INSTALL))
INSTALL_LLAMA := $(subst $(BIN)/python,$(LLAMA_VENV)/bin/python,$(INSTALL))
INSTALL_NEMO := $(subst $(BIN)/python,$(NEMO_VENV)/bin/python,$(INSTALL))
INSTALL_KOKORO := $(subst $(BIN)/python,$(KOKORO_VENV)/bin/python,$(INSTALL))
LOCK_HERE := $(UV) pip compile --quiet --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock" $(LOCK_FLAGS)
LOCK := $(LOCK_HERE) --universal
# What tests of torch need beside requirements/stt-nemotron.txt.
SLOW_PACKAGES := editables hatchling hypothesis pytest pytest-asyncio pytest-timeout sherpa-onnx
SLOW_TTS_PACKAGES := editables hatchling onnx pytest pytest-asyncio pytest-timeout
# A client of its own: it wants a soxr that the servers do not, and has none for every Python.
PIPECAT_PACKAGES := pipecat-ai[openai]==1.14.0 httpx2 psutil pytest pytest-asyncio pytest-timeout
RUN_EXTRAS := agent backend stt stt-sherpa stt-whisper llm tts tts-kokoro-onnx cli

# What `make test` leaves to `make test-slow`.
NOT_SLOW := $(foreach t,faults compose sip observability/test_watched.py observability/test_foreign.py,--ignore=tests/$(t))

OBSERVABILITY_TOOLS := flite prometheus prometheus-alertmanager prometheus-redis-exporter redis-server
# livekit-sip is compiled in part by C; baresip and sipp call it.
SIP_PACKAGES := baresip-core flite gcc libc6-dev libopus-dev libopusfile-dev libsoxr-dev pkg-config \
	redis-server sip-tester

.DEFAULT_GOAL := help
.PHONY: help run test test-slow test-engines test-faults test-observability test-sip test-compose nemo kokoro pipecat llama llama-python lint format bench bench-turns bench-backend bench-soak bench-stt bench-tts bench-llm lock env-example FORCE

help:
	@echo "make run          set up what is missing and start everything"
	@echo "make test         all tests, Python and web app"
	@echo "make test-slow    the five tiers below, one after another"
	@echo "make test-engines what runs on torch and on llama.cpp, and pipecat's clients (installs 6 GB)"
	@echo "make test-faults  faults provoked for real"
	@echo "make test-observability alerts and panels, asked of a running stack and a real Prometheus"
	@echo "make test-sip     real telephone calls by baresip and sipp (builds livekit-sip, once)"
	@echo "make test-compose the containers: built, called, killed (as root, installs its own Docker engine)"
	@echo "make llama        build llama-server, for chat models (minutes, once)"
	@echo "make llama-python llama-cpp-python over the same llama.cpp, in .venv-llama"
	@echo "make lint         formatting, lint and types, Python and web app"
	@echo "make format       put the formatting right"
	@echo "make bench        measure the silence between question and answer"
	@echo "make bench-turns  measure the agent over engines with fixed delays, beside LiveKit's own"
	@echo "make bench-backend measure tokens, lists, memory search and the gateway's cost"
	@echo "make bench-soak   a hundred calls, then eight at once: does anything grow"
	@echo "make bench-stt    measure speech to text: streams, delays, files (installs 6 GB, once)"
	@echo "make bench-tts    measure text to speech: first sound, listeners at once (installs 6 GB, once)"
	@echo "make bench-llm    measure chats: first token, tokens a second, what our server adds"
	@echo "make lock         write requirements/*.txt anew (LOCK_FLAGS=--upgrade for newer versions)"
	@echo "make env-example  write .env.example from the settings classes"

run: $(VENV)/.run
	@exec $(BIN)/parley up

test: $(VENV)/.dev $(WEB_PACKAGES)
	@$(call apt_install,chromium flite postgresql prometheus)
	@$(BIN)/parley setup
	@$(BIN)/pytest -n 2 --dist loadfile -m "not e2e" $(NOT_SLOW)
	@$(BIN)/pytest -m e2e $(NOT_SLOW) $$(grep -rl "mark\.e2e" tests --include="test_*.py" | grep -vE "^tests/(faults|compose|sip|slow|observability)/")
	@cd frontend && npm test && npm run size

test-slow: test-engines test-faults test-observability test-sip test-compose

test-engines: nemo kokoro pipecat llama llama-python $(VENV)/.dev
	@$(NEMO_VENV)/bin/pytest tests/slow/stt
	@$(KOKORO_VENV)/bin/pytest tests/slow/tts
	@$(PIPECAT_VENV)/bin/pytest tests/slow/pipecat --confcutdir=tests/slow/pipecat
	@$(BIN)/pytest tests/slow/llm --confcutdir=tests/slow/llm

test-faults: $(VENV)/.dev $(WEB_PACKAGES)
	@$(call apt_install,flite)
	@$(BIN)/parley setup
	@$(BIN)/pytest tests/faults

test-observability: $(VENV)/.dev $(WEB_PACKAGES)
	@$(call apt_install,$(OBSERVABILITY_TOOLS))
	@$(BIN)/parley setup
	@$(BIN)/pytest tests/observability

test-sip: $(VENV)/.dev $(WEB_PACKAGES)
	@$(call apt_packages,$(SIP_PACKAGES))
	@PARLEY_PHONE=on $(BIN)/parley setup
	@$(BIN)/pytest tests/sip

test-compose: $(VENV)/.dev
	@$(call apt_install,chromium flite)
	@$(BIN)/pytest tests/compose

nemo: $(NEMO_VENV)/.ready

kokoro: $(KOKORO_VENV)/.ready

pipecat: $(PIPECAT_VENV)/.ready

# Into ~/.cache/parley, for every checkout: minutes, half an hour on a small machine.
llama: $(VENV)/.run
	@$(call apt_install,cmake g++ make)
	@$(BIN)/python -m parley.llama_build

llama-python: llama $(LLAMA_VENV)/.ready

lint: $(VENV)/.dev $(WEB_PACKAGES)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy $(PACKAGES)
	@cd frontend && npm run lint

format: $(VENV)/.dev $(WEB_PACKAGES)
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@cd frontend && npm run format

bench: $(VENV)/.dev
	@$(call apt_install,flite)
	@$(BIN)/parley setup
	@$(BIN)/python -m bench.turns.stack

bench-turns: $(VENV)/.dev
	@$(call apt_install,flite)
	@$(BIN)/parley setup
	@$(BIN)/python -m bench.turns

bench-backend: $(VENV)/.dev
	@$(call apt_install,chromium)
	@$(BIN)/parley setup
	@$(BIN)/python -m bench.backend

bench-soak: $(VENV)/.dev
	@$(call apt_install,flite)
	@$(BIN)/parley setup
	@$(BIN)/python -m bench.soak

# Weights of the real size are built once, by torch: into ~/.cache/parley/bench.
bench-stt: $(VENV)/.dev
	@$(call apt_install,flite)
	@$(BIN)/python -m bench.stt

# Kokoro's weights, by chance, are built once, by torch: into ~/.cache/parley/bench.
bench-tts: $(VENV)/.dev
	@$(BIN)/python -m bench.tts

# Needs llama-server; beside it measures llama-cpp-python's server where .venv-llama is.
bench-llm: $(VENV)/.dev
	@$(BIN)/python -m bench.llm

env-example: $(VENV)/.dev
	@$(BIN)/python -m deploy.env_example > .env.example

# dev.txt is resolved first and constrains the rest: every file has the same versions.
lock: $(VENV)/.uv
	@echo "Locking requirements/*.txt"
	@$(LOCK) $(foreach e,$(RUN_EXTRAS) agent-silero dev,--extra $(e)) pyproject.toml -o requirements/dev.txt
	@printf 'hatchling\neditables\n' | $(LOCK) -c requirements/dev.txt $(foreach e,$(RUN_EXTRAS),--extra $(e)) \
		pyproject.toml - -o requirements/run.txt
	@for extra in agent backend stt llm tts; do \
		$(LOCK) -c requirements/dev.txt --extra $$extra pyproject.toml \
			-o requirements/$$extra.txt || exit 1; \
	done
	@$(LOCK) -c requirements/dev.txt --extra backend --extra cli pyproject.toml -o requirements/backend-cli.txt
	@$(LOCK) -c requirements/dev.txt --extra stt --extra llm --extra tts pyproject.toml -o requirements/embedded.txt
	@$(LOCK) -c requirements/dev.txt --extra stt --extra stt-sherpa --extra stt-whisper pyproject.toml -o requirements/stt-cpu.txt
	@$(LOCK) -c requirements/dev.txt --extra tts --extra tts-kokoro-onnx pyproject.toml -o requirements/tts-cpu.txt
	@$(LOCK) --extra stt --extra stt-nemotron pyproject.toml -o requirements/stt-nemotron.txt
	@printf '%s\n' $(SLOW_PACKAGES) | $(LOCK) -c requirements/stt-nemotron.txt - -o requirements/slow.txt
	@$(LOCK) --extra tts --extra tts-kokoro pyproject.toml -o requirements/tts-kokoro.txt
	@printf '%s\n' $(SLOW_TTS_PACKAGES) | $(LOCK) -c requirements/tts-kokoro.txt - -o requirements/slow-tts.txt
	@$(LOCK) --extra llm --extra llm-llama-cpp pyproject.toml -o requirements/llm-llama-cpp.txt
	@printf '%s\n' $(PIPECAT_PACKAGES) | $(LOCK_HERE) --python-platform linux - -o requirements/pipecat.txt
	@echo uv | $(LOCK) - -o requirements/uv.txt

$(VENV)/.run: $(VENV)/.uv requirements/run.txt pyproject.toml
	@$(call install,run)

$(VENV)/.dev: $(VENV)/.uv requirements/dev.txt pyproject.toml
	@$(call install,dev)

# Torch has an environment of its own. One of its packages has no wheel: it is compiled by tools
# that slow.txt does not pin. A registry may say of a package, once, that there is none.
$(NEMO_VENV)/.ready: requirements/stt-nemotron.txt requirements/slow.txt pyproject.toml | $(VENV)/.uv
	@echo "Installing torch and NeMo (requirements/stt-nemotron.txt: 3 GB to fetch)"
	@test -x $(NEMO_VENV)/bin/python || $(PYTHON) -m venv --clear $(NEMO_VENV)
	@for try in 1 2; do $(INSTALL_NEMO) --require-hashes --only-binary :all: \
		--no-binary antlr4-python3-runtime -r requirements/stt-nemotron.txt && break; \
		test $$try = 1 || exit 1; done
	@$(INSTALL_NEMO) --require-hashes --only-binary :all: -r requirements/slow.txt
	@$(INSTALL_NEMO) --no-deps --no-build-isolation --editable .
	@touch $@

# Its packages alone, not this project: the servers it talks to run in the main environment.
$(PIPECAT_VENV)/.ready: requirements/pipecat.txt | $(VENV)/.uv
	@echo "Installing pipecat (requirements/pipecat.txt)"
	@test -x $(PIPECAT_VENV)/bin/python || $(PYTHON) -m venv --clear $(PIPECAT_VENV)
	@$(INSTALL_PIPECAT) --require-hashes --only-binary :all: --no-binary docopt \
		-r requirements/pipecat.txt
	@touch $@

# Another torch user, whose packages and NeMo's do not go together.
$(KOKORO_VENV)/.ready: requirements/tts-kokoro.txt requirements/slow-tts.txt pyproject.toml | $(VENV)/.uv
	@echo "Installing torch and Kokoro (requirements/tts-kokoro.txt: 3 GB to fetch)"
	@test -x $(KOKORO_VENV)/bin/python || $(PYTHON) -m venv --clear $(KOKORO_VENV)
	@for try in 1 2; do $(INSTALL_KOKORO) --require-hashes --only-binary :all: \
		--no-binary docopt -r requirements/tts-kokoro.txt && break; \
		test $$try = 1 || exit 1; done
	@$(INSTALL_KOKORO) --require-hashes --only-binary :all: -r requirements/slow-tts.txt
	@$(INSTALL_KOKORO) --no-deps --no-build-isolation --editable .
	@touch $@

# The package without its own llama.cpp: it uses the libraries that `make llama` built.
$(LLAMA_VENV)/.ready: requirements/llm-llama-cpp.txt pyproject.toml | $(VENV)/.uv
	@echo "Installing llama-cpp-python (requirements/llm-llama-cpp.txt)"
	@test -x $(LLAMA_VENV)/bin/python || $(PYTHON) -m venv --clear $(LLAMA_VENV)
	@CMAKE_ARGS=-DLLAMA_BUILD=OFF $(INSTALL_LLAMA) --require-hashes --only-binary :all: \
		--no-binary llama-cpp-python -r requirements/llm-llama-cpp.txt
	@$(INSTALL_LLAMA) --no-deps --editable .
	@touch $@

# An environment whose Python is gone (moved folder, upgraded system) is made anew.
$(VENV)/.uv: requirements/uv.txt $(if $(shell test -x $(BIN)/python && echo y),,FORCE)
	@$(check_python)
	@echo "Preparing $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
		--only-binary :all: -r requirements/uv.txt
	@touch $@

$(WEB_PACKAGES): frontend/package-lock.json
	@$(check_node)
	@echo "Installing the web app's packages"
	@cd frontend && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# $(1): run or dev. Wheels only, so nothing is compiled (docopt has none and needs no compiler); then
# this project itself, in place.
define install
echo "Installing Python packages (requirements/$(1).txt)" && \
$(INSTALL) --require-hashes --only-binary :all: --no-binary docopt -r requirements/$(1).txt && \
$(INSTALL) --no-deps --no-build-isolation --editable . && \
touch $(VENV)/.$(1)
endef

define check_python
command -v $(PYTHON) >/dev/null \
	|| { echo "Python 3.11 or newer is needed (Debian: apt-get install python3 python3-venv)"; exit 1; }; \
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	|| { echo "Python 3.11 or newer is needed, this is $$($(PYTHON) --version): name another with make PYTHON=python3.12"; exit 1; }; \
$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	|| { echo "Python's venv module is missing (Debian: apt-get install python3-venv)"; exit 1; }
endef

define check_node
node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null \
	|| { echo "Node.js 20.19 or newer is needed for the web app"; exit 1; }; \
command -v npm >/dev/null || { echo "npm is needed for the web app"; exit 1; }
endef

# $(1): Debian packages, each named like the command it brings; installed when one is missing.
define apt_install
missing=; for tool in $(1); do command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
if test -n "$$missing"; then \
	if test "$$(id -u)" = 0; then root=; else root=sudo; fi; \
	if ! command -v apt-get >/dev/null || { test -n "$$root" && ! command -v sudo >/dev/null; }; then \
		echo "The tests need$$missing: install them, this user cannot"; exit 1; fi; \
	echo "Installing$$missing"; \
	$$root apt-get update -qq && $$root apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
fi
endef

# $(1): Debian packages, not named like their commands. Without dpkg they are taken to be there.
define apt_packages
missing=; if command -v dpkg >/dev/null; then for package in $(1); do \
	dpkg -s $$package >/dev/null 2>&1 || missing="$$missing $$package"; done; fi; \
if test -n "$$missing"; then \
	if test "$$(id -u)" = 0; then root=; else root=sudo; fi; \
	echo "Installing$$missing"; \
	$$root apt-get update -qq && $$root apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
fi
endef
